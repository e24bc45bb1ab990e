//! WhatsApp Business, Cloud API.
//!
//! Reply buttons: 1 to 3, with titles of 20 characters, ids of 256 and a body of 1024; titles must
//! be unique within a message. Lists: at most 10 rows in total, with row titles of 24 characters,
//! descriptions of 72, row ids of 200 and an opening button of 20. The list body is documented as
//! 4096, but third parties report 1024, so 1024 is used. Text-only messages: 4096. Free-form
//! messages are allowed within 24 hours of the customer's last message, afterwards only approved
//! templates.
//!
//! Sources: <https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-reply-buttons-messages>,
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/messages/interactive-list-messages>,
//! <https://www.twilio.com/docs/api/errors/63016> (the 24 hours), and PostHog's documentation of
//! its WhatsApp destination (4096 characters of text).

use crate::channels::Channel;
use crate::channels::ChannelLimits;
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
use vitrine_base::language::Language;

const WINDOW: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
pub(super) struct Whatsapp;

impl Channel for Whatsapp {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits {
            text: LengthLimit::characters(4096),
            buttons: Some(OptionLimits {
                count_min: 1,
                count_max: 3,
                title: LengthLimit::characters(20),
                description: None,
                id: LengthLimit::characters(256),
                text: LengthLimit::characters(1024),
            }),
            list: Some(OptionLimits {
                count_min: 1,
                count_max: 10,
                title: LengthLimit::characters(24),
                description: Some(LengthLimit::characters(72)),
                id: LengthLimit::characters(200),
                text: LengthLimit::characters(1024),
            }),
        }
    }

    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value {
        let mut message = json!({"messaging_product": "whatsapp", "recipient_type": "individual"});
        if let Some(recipient) = recipient {
            message["to"] = json!(recipient);
        }
        let action = match reply.layout {
            OptionLayout::Plain | OptionLayout::Numbered => {
                message["type"] = json!("text");
                message["text"] = json!({"preview_url": false, "body": reply.text});
                return message;
            }
            OptionLayout::Buttons => json!({"buttons": buttons(reply)}),
            OptionLayout::List => json!({"button": opener(reply.language), "sections": [{
                "rows": rows(reply),
            }]}),
        };
        let kind = if reply.layout == OptionLayout::List { "list" } else { "button" };
        message["type"] = json!("interactive");
        message["interactive"] =
            json!({"type": kind, "body": {"text": reply.text}, "action": action});
        message
    }

    fn window(&self, last_customer_message_at: Option<Timestamp>, now: Timestamp) -> WindowState {
        WindowState::after(last_customer_message_at, WINDOW, now)
    }
}

/// Label of the button that opens the list, at most 20 characters.
fn opener(language: Language) -> &'static str {
    match language {
        Language::FR => "Choisir",
        _ => "Choose",
    }
}

fn buttons(reply: &FittedReply) -> Vec<Value> {
    let button =
        |id: &str, title: &str| json!({"type": "reply", "reply": {"id": id, "title": title}});
    reply.options.iter().map(|option| button(&option.wire_id, &option.title)).collect()
}

fn rows(reply: &FittedReply) -> Vec<Value> {
    reply
        .options
        .iter()
        .map(|option| {
            let mut row = json!({"id": option.wire_id, "title": option.title});
            if let Some(description) = &option.description {
                row["description"] = json!(description);
            }
            row
        })
        .collect()
}
