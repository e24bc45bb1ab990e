//! Apple Messages for Business, MSP REST API.
//!
//! Quick replies: 2 to 5 items. Every interactive string, including the question above the items,
//! has at most 200 characters. Apple states no limit for item identifiers; ours is 256. Text-only
//! messages: 3000 characters. More than five options, a single option, or a question above 200
//! characters become numbered text. The sender adds `id`, `sourceId` and the request identifier.
//! There is no reply window: the customer starts the conversation, and nothing may be sent after
//! they delete it.
//!
//! Sources: <https://www.infobip.com/docs/apple-messages-for-business/message-types> (2 to 5 quick
//! replies, 3000 characters), <https://register.apple.com/resources/messages/msp-rest-api/common-specs>,
//! the messaging policies on the same site, and the changelog of help.webexconnect.io (200
//! characters in every interactive string since 21 August 2026).

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::OptionLayout;
use crate::channels::OptionLimits;
use crate::channels::WindowState;
use crate::channels::with_recipient;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use vitrine_base::channel::ChannelKind;

/// Id of the app extension that renders interactive messages.
const EXTENSION: &str = "com.apple.messages.MSMessageExtensionBalloonPlugin:0000000000:\
                         com.apple.icloud.apps.messages.business.extension";

#[derive(Debug)]
pub(super) struct Apple;

impl Channel for Apple {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Apple
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits {
            text: LengthLimit::characters(3000),
            buttons: Some(OptionLimits {
                count_min: 2,
                count_max: 5,
                title: LengthLimit::characters(200),
                description: None,
                id: LengthLimit::characters(256),
                text: LengthLimit::characters(200),
            }),
            list: None,
        }
    }

    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value {
        let mut message = with_recipient(json!({"v": 1}), "destinationId", recipient);
        if reply.layout == OptionLayout::Buttons {
            let item =
                |identifier: &str, title: &str| json!({"identifier": identifier, "title": title});
            let items: Vec<Value> =
                reply.options.iter().map(|option| item(&option.wire_id, &option.title)).collect();
            message["type"] = json!("interactive");
            message["interactiveData"] = json!({"bid": EXTENSION, "data": {
                "version": "1.0",
                "quick-reply": {"summaryText": reply.text, "items": items},
            }});
        } else {
            message["type"] = json!("text");
            message["body"] = json!(reply.text);
        }
        message
    }

    fn window(&self, _last_customer_message_at: Option<Timestamp>, _now: Timestamp) -> WindowState {
        WindowState::NONE
    }
}
