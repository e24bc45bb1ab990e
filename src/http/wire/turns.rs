//! Bodies of accepted turns and of deliveries that were put aside.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// `POST /v1/turns`: the turn is on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedAnswer {
    /// In the header `vitrine-delivery` of the callback, the same at every try.
    pub(crate) delivery_id: String,
    pub(crate) thread_id: String,
    /// As given, or the one it was given.
    pub(crate) message_id: String,
}

/// An accepted turn as its job keeps it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AcceptedTurn {
    pub(crate) message_id: String,
    /// The body of the request as it came.
    pub(crate) request: String,
}

/// `GET /v1/deliveries/dead`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadDeliveriesAnswer {
    /// Oldest first.
    pub(crate) deliveries: Vec<DeadDeliveryBody>,
}

/// One delivery that was tried too often.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadDeliveryBody {
    pub(crate) delivery_id: String,
    /// `turn` or `handoff`.
    pub(crate) kind: &'static str,
    pub(crate) thread_id: String,
    pub(crate) attempts: u32,
    pub(crate) accepted_at: String,
    /// Why the last try failed.
    pub(crate) last_error: Option<String>,
}
