//! Bodies of `POST /v1/turns` and of dead deliveries.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// Response of `POST /v1/turns`; the turn is on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedAnswer {
    /// Also sent in the header `vitrine-delivery` of the callback, the same for all attempts.
    pub(crate) delivery_id: String,
    pub(crate) thread_id: String,
    /// The id from the request, or a generated one.
    pub(crate) message_id: String,
}

/// An accepted turn as stored in its job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AcceptedTurn {
    pub(crate) message_id: String,
    /// The unchanged request body.
    pub(crate) request: String,
}

/// Response of `GET /v1/deliveries/dead`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadDeliveriesAnswer {
    /// Oldest first.
    pub(crate) deliveries: Vec<DeadDeliveryBody>,
}

/// A delivery that failed its last attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadDeliveryBody {
    pub(crate) delivery_id: String,
    /// `turn` or `handoff`.
    pub(crate) kind: &'static str,
    pub(crate) thread_id: String,
    pub(crate) attempts: u32,
    pub(crate) accepted_at: String,
    /// Why the last attempt failed.
    pub(crate) last_error: Option<String>,
}
