//! RCS Business Messaging, agent messages.
//!
//! Suggestions: at most 11 per message, with labels of 25 characters and postback data of 2048.
//! Text: 3072 characters, preferably below 300. The customer's number is in the URL path, so the
//! body has no recipient. RCS requires opt-in and has no reply window.
//!
//! Sources: <https://docs.aws.amazon.com/sms-voice/latest/userguide/sms-limitations-rcs.html>, and
//! the RCS best practices in the same guide (300 characters).

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedOption;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::OptionLayout;
use crate::channels::OptionLimits;
use crate::channels::WindowState;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use vitrine_base::channel::ChannelKind;

const TEXT: LengthLimit = LengthLimit::characters(3072);

#[derive(Debug)]
pub(super) struct Rcs;

impl Channel for Rcs {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Rcs
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits {
            text: TEXT,
            buttons: Some(OptionLimits {
                count_min: 1,
                count_max: 11,
                title: LengthLimit::characters(25),
                description: None,
                id: LengthLimit::characters(2048),
                text: TEXT,
            }),
            list: None,
        }
    }

    fn payload(&self, reply: &FittedReply, _recipient: Option<&str>) -> Value {
        let mut message = json!({"text": reply.text});
        if reply.layout == OptionLayout::Buttons {
            message["suggestions"] = reply.options.iter().map(suggestion).collect();
        }
        json!({"contentMessage": message})
    }

    fn window(&self, _last_customer_message_at: Option<Timestamp>, _now: Timestamp) -> WindowState {
        WindowState::NONE
    }
}

fn suggestion(option: &FittedOption) -> Value {
    json!({"reply": {"text": option.title, "postbackData": option.wire_id}})
}
