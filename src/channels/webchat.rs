//! The web chat on the shop's own site: the canonical reply as JSON.
//!
//! The limits are our own: 20 options with titles of 80 and ids of 256 characters, and 8192
//! characters of text. They hold any reply and bound what a page must display. There is no reply
//! window.

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::OptionLayout;
use crate::channels::OptionLimits;
use crate::channels::WindowState;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use vitrine_base::channel::ChannelKind;

const TEXT: LengthLimit = LengthLimit::characters(8192);

#[derive(Debug)]
pub(super) struct Webchat;

impl Channel for Webchat {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Webchat
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits {
            text: TEXT,
            buttons: Some(OptionLimits {
                count_min: 1,
                count_max: 20,
                title: LengthLimit::characters(80),
                description: None,
                id: LengthLimit::characters(256),
                text: TEXT,
            }),
            list: None,
        }
    }

    /// The page is the customer's own session, so the payload has no recipient.
    fn payload(&self, reply: &FittedReply, _recipient: Option<&str>) -> Value {
        let shown = if reply.layout == OptionLayout::Buttons { &reply.options[..] } else { &[] };
        let options: Vec<Value> = shown
            .iter()
            .map(|option| json!({"id": option.wire_id, "title": option.title}))
            .collect();
        json!({"text": reply.text, "options": options})
    }

    fn window(&self, _last_customer_message_at: Option<Timestamp>, _now: Timestamp) -> WindowState {
        WindowState::NONE
    }
}
