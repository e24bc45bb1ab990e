//! Request and response bodies, and nothing else. Their field names and shapes are the public API.

pub(crate) mod customers;
pub(crate) mod dialogue;
pub(crate) mod models;
pub(crate) mod openai;
pub(crate) mod other_fields;
pub(crate) mod profile;
pub(crate) mod respond;
pub(crate) mod services;
pub(crate) mod threads;
pub(crate) mod turns;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use vitrine_base::money::Money;

/// The body of every error response.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
}

/// An error, for programs (`code`) and for people (`message`).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Stable code such as `queue_full`.
    pub(crate) code: &'static str,
    /// What was found and what is allowed.
    pub(crate) message: String,
    /// Request id; also in the header `x-request-id` and in the log.
    pub(crate) request_id: String,
    /// What the conversation tests found, if they are what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) figures: Option<serde_json::Value>,
}

/// An exact amount: a decimal string and a currency.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct MoneyBody {
    /// Decimal amount such as `129.00`.
    pub(crate) amount: String,
    /// Currency code, ISO 4217.
    pub(crate) currency: String,
}

impl From<&Money> for MoneyBody {
    fn from(money: &Money) -> Self {
        Self { amount: money.amount_text(), currency: money.currency.code().to_owned() }
    }
}

/// Rounds to four decimals, which is enough for readers.
pub(crate) fn rounded(value: f32) -> f64 {
    (f64::from(value) * 10_000.0).round() / 10_000.0
}
