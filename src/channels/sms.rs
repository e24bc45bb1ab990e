//! SMS, plain text, through Twilio's Messages resource.
//!
//! There are no buttons: options are numbered lines. Twilio accepts a body of at most 1600
//! characters and splits it into segments itself. The payload has the fields of Twilio's form as
//! JSON; the sender encodes the form. There is no reply window. Opt-out by STOP words is not
//! handled here.
//!
//! Sources: <https://www.twilio.com/docs/api/errors/21617> (1600 characters),
//! <https://www.twilio.com/docs/messaging/api/message-resource> (the fields).

use crate::channels::Channel;
use crate::channels::ChannelLimits;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::WindowState;
use crate::channels::with_recipient;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use vitrine_base::channel::ChannelKind;

#[derive(Debug)]
pub(super) struct Sms;

impl Channel for Sms {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Sms
    }

    fn limits(&self) -> ChannelLimits {
        ChannelLimits { text: LengthLimit::characters(1600), buttons: None, list: None }
    }

    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value {
        with_recipient(json!({"Body": reply.text}), "To", recipient)
    }

    fn window(&self, _last_customer_message_at: Option<Timestamp>, _now: Timestamp) -> WindowState {
        WindowState::NONE
    }
}
