//! Bodies of threads: what is kept of one, and how humans take part in it.

use crate::http::wire::respond::FactBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// `GET /v1/threads/{id}`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadAnswer {
    pub(crate) thread_id: String,
    pub(crate) customer_id: Option<String>,
    pub(crate) channels: Vec<&'static str>,
    pub(crate) language: String,
    /// `bot`, `offered`, `human` or `released`.
    pub(crate) owner: &'static str,
    pub(crate) epoch: u64,
    pub(crate) facts: Vec<FactBody>,
    pub(crate) opened_at: String,
    pub(crate) updated_at: String,
    /// Oldest first, the newest last.
    pub(crate) turns: Vec<ThreadTurnBody>,
}

/// One recorded turn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ThreadTurnBody {
    pub(crate) turn_id: String,
    /// `customer`, `human` (of the shop) or `resolved` (a marker without words).
    pub(crate) kind: &'static str,
    pub(crate) message_id: Option<String>,
    pub(crate) channel: &'static str,
    pub(crate) user_text: String,
    pub(crate) option_id: Option<String>,
    pub(crate) reply_text: String,
    pub(crate) action: String,
    pub(crate) sent_at: String,
    pub(crate) answered_at: String,
}

/// `POST /v1/threads/{id}/handoff`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct HandoffRequest {
    /// `offered` (a human shall come, the bot goes on until then; the default) or `human` (one has
    /// come).
    #[serde(default)]
    pub(crate) to: Option<String>,
    /// Only if the thread is still at this epoch; 409 otherwise.
    #[serde(default)]
    pub(crate) epoch: Option<u64>,
}

/// `POST /v1/threads/{id}/release`.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct ReleaseRequest {
    /// Whether the matter is done: what is said next starts anew.
    #[serde(default)]
    pub(crate) resolved: bool,
    /// Only if the thread is still at this epoch; 409 otherwise.
    #[serde(default)]
    pub(crate) epoch: Option<u64>,
}

/// Who answers the customer now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerAnswer {
    pub(crate) thread_id: String,
    /// `bot`, `offered`, `human` or `released`.
    pub(crate) owner: &'static str,
    pub(crate) epoch: u64,
    /// When the owner changed last.
    pub(crate) since: String,
}

/// `POST /v1/threads/{id}/messages`: a human of the shop wrote to the customer.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct HumanMessageRequest {
    pub(crate) message: HumanMessageBody,
}

/// What was written.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct HumanMessageBody {
    /// The idempotency key.
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) text: String,
    /// RFC 3339.
    #[serde(default)]
    pub(crate) sent_at: Option<String>,
}

/// The message is recorded, and the thread is the human's.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HumanMessageAnswer {
    pub(crate) turn_id: String,
    pub(crate) thread_id: String,
    pub(crate) owner: &'static str,
    pub(crate) epoch: u64,
}
