//! Bodies of `/v1/threads/{id}`: a stored conversation, hand-off and release, and messages of
//! humans.

use crate::http::wire::dialogue::StateBody;
use crate::http::wire::respond::FactBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// A stored conversation: response of `GET /v1/threads/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadAnswer {
    pub(crate) thread_id: String,
    pub(crate) customer_id: Option<String>,
    pub(crate) channels: Vec<&'static str>,
    pub(crate) language: String,
    /// `bot`, `offered`, `human` or `released`.
    pub(crate) owner: &'static str,
    /// Grows with each change of owner.
    pub(crate) epoch: u64,
    pub(crate) facts: Vec<FactBody>,
    /// What the conversation remembers of its dialogue, at today's prices; null if it cannot be
    /// read.
    pub(crate) state: Option<StateBody>,
    pub(crate) opened_at: String,
    pub(crate) updated_at: String,
    /// The newest turns, in the order of sending: a message delivered up to 24 hours late stands
    /// where it was sent.
    pub(crate) turns: Vec<ThreadTurnBody>,
}

/// One recorded turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadTurnBody {
    pub(crate) turn_id: String,
    /// `customer`, `human` (a message of the shop's staff) or `resolved` (a marker without text).
    pub(crate) kind: &'static str,
    pub(crate) message_id: Option<String>,
    pub(crate) channel: &'static str,
    pub(crate) user_text: String,
    pub(crate) option_id: Option<String>,
    pub(crate) reply_text: String,
    pub(crate) action: String,
    /// What came with the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<ThreadAttachmentBody>,
    pub(crate) sent_at: String,
    /// Date at which the sender's own clock stood then, if the message gave a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent_on: Option<String>,
    pub(crate) answered_at: String,
}

/// What is kept of an attachment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadAttachmentBody {
    /// `audio`, `image`, `video`, `document`, `location` or `contact`.
    pub(crate) kind: &'static str,
    pub(crate) mime_type: Option<String>,
}

/// Body of `POST /v1/threads/{id}/handoff`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandoffRequest {
    /// `offered` (default: a human is requested, and the bot answers until then) or `human` (a
    /// human has taken over).
    #[serde(default)]
    #[schema(pattern = "^(offered|human)$")]
    pub(crate) to: Option<String>,
    /// Expected epoch of the conversation; if it differs, the request fails with 409.
    #[serde(default)]
    pub(crate) epoch: Option<u64>,
}

/// Body of `POST /v1/threads/{id}/release`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRequest {
    /// Whether the matter is resolved; the next message then starts without the earlier history.
    #[serde(default)]
    pub(crate) resolved: Option<bool>,
    /// Expected epoch of the conversation; if it differs, the request fails with 409.
    #[serde(default)]
    pub(crate) epoch: Option<u64>,
}

/// The current owner of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerAnswer {
    pub(crate) thread_id: String,
    /// `bot`, `offered`, `human` or `released`.
    pub(crate) owner: &'static str,
    pub(crate) epoch: u64,
    /// When the owner last changed.
    pub(crate) since: String,
}

/// Body of `POST /v1/threads/{id}/messages`: a message that a human of the shop sent to the
/// customer.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HumanMessageRequest {
    pub(crate) message: HumanMessageBody,
}

/// The message of a human.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HumanMessageBody {
    /// Message id, used as idempotency key.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) id: Option<String>,
    #[schema(min_length = 1)]
    pub(crate) text: String,
    /// Time of sending, RFC 3339.
    #[serde(default)]
    pub(crate) sent_at: Option<String>,
}

/// Acknowledges a recorded message; the human now owns the conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HumanMessageAnswer {
    pub(crate) turn_id: String,
    pub(crate) thread_id: String,
    pub(crate) owner: &'static str,
    pub(crate) epoch: u64,
}
