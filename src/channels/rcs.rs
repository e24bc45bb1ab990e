//! RCS Business Messaging, agent messages.
//!
//! Suggestions: at most 11 a message, label 25, postback 2048; text 3072, aim below 300. The
//! customer's number stands in the request's path, so the body names no recipient. Opt-in instead
//! of a window.
//!
//! Source: commerce.md section 2, row RCS [42][43].

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedOption;
use crate::channels::FittedReply;
use crate::channels::Layout;
use crate::channels::LengthLimit;
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
        if reply.layout == Layout::Buttons {
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
