//! Instagram direct messages, Messenger platform.
//!
//! Quick replies: at most 13, with titles of 20 characters, plain text only, and payloads of 1000.
//! A text has at most 1000 bytes of UTF-8, not characters (platform documentation, "Send a text
//! message"). Free-form messages are allowed within 24 hours of the customer's last message. The
//! seven days of the `HUMAN_AGENT` tag apply to human agents only.
//!
//! Sources: <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/quick-replies>
//! (13 quick replies, titles of 20), and Sinch's channel properties of Instagram (24 hours, the
//! tag). The payload's limit is that of Messenger's quick replies on the same platform.

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedOption;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::OptionLayout;
use crate::channels::OptionLimits;
use crate::channels::WindowState;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use vitrine_base::channel::ChannelKind;

const WINDOW: SignedDuration = SignedDuration::from_hours(24);

const TEXT: LengthLimit = LengthLimit::bytes(1000);

#[derive(Debug)]
pub(super) struct Instagram;

impl Channel for Instagram {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Instagram
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits {
            text: TEXT,
            buttons: Some(OptionLimits {
                count_min: 1,
                count_max: 13,
                title: LengthLimit::characters(20),
                description: None,
                id: LengthLimit::characters(1000),
                text: TEXT,
            }),
            list: None,
        }
    }

    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value {
        let mut message = json!({"text": reply.text});
        if reply.layout == OptionLayout::Buttons {
            message["quick_replies"] = reply.options.iter().map(quick_reply).collect();
        }
        let mut payload = json!({});
        if let Some(recipient) = recipient {
            payload["recipient"] = json!({"id": recipient});
        }
        payload["messaging_type"] = json!("RESPONSE");
        payload["message"] = message;
        payload
    }

    fn window(&self, last_customer_message_at: Option<Timestamp>, now: Timestamp) -> WindowState {
        WindowState::after(last_customer_message_at, WINDOW, now)
    }
}

fn quick_reply(option: &FittedOption) -> Value {
    json!({"content_type": "text", "title": option.title, "payload": option.wire_id})
}
