//! Bodies of customers: profile, ledger, facts, identities, export.

use crate::http::wire::threads::ThreadAnswer;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// What a shop says of a customer: the body of `PUT /v1/customers/{id}`, and a part of `customer`
/// in a turn.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct ProfileBody {
    /// First name, as the customer wants to be called.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Such as `vip`.
    #[serde(default)]
    pub(crate) tier: Option<String>,
    /// Free text or a date.
    #[serde(default)]
    pub(crate) last_purchase: Option<String>,
}

/// A customer as kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerAnswer {
    pub(crate) customer_id: String,
    pub(crate) name: Option<String>,
    pub(crate) tier: Option<String>,
    pub(crate) last_purchase: Option<String>,
    pub(crate) identities: Vec<IdentityBody>,
    pub(crate) consents: Vec<ConsentBody>,
    /// When the customer last said STOP.
    pub(crate) outreach_stopped_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// A linked address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityBody {
    pub(crate) channel: &'static str,
    pub(crate) address: String,
    /// `verified_customer` or `link_token`.
    pub(crate) proof: &'static str,
    pub(crate) linked_at: String,
}

/// One row of the consent ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentBody {
    /// `assistance`, `personalisation` or `outreach`.
    pub(crate) purpose: &'static str,
    /// Everywhere if null.
    pub(crate) channel: Option<&'static str>,
    pub(crate) wording_version: String,
    pub(crate) source_message: Option<String>,
    pub(crate) granted_at: Option<String>,
    pub(crate) withdrawn_at: Option<String>,
}

/// `POST /v1/customers/{id}/consents`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConsentRequest {
    /// `assistance`, `personalisation` or `outreach`.
    pub(crate) purpose: String,
    /// Given, or taken back.
    pub(crate) granted: bool,
    /// Everywhere if it is not said.
    #[serde(default)]
    pub(crate) channel: Option<String>,
    /// Which wording the customer saw.
    pub(crate) wording_version: String,
    /// The message that says so.
    #[serde(default)]
    pub(crate) source_message: Option<String>,
}

/// `GET /v1/customers/{id}/facts`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactsAnswer {
    pub(crate) customer_id: String,
    pub(crate) facts: Vec<LedgerFactBody>,
}

/// One thing that the customer told us.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerFactBody {
    pub(crate) key: String,
    pub(crate) value: String,
    /// `stated` or `inferred`.
    pub(crate) kind: &'static str,
    /// The customer's own words; null for a tap.
    pub(crate) verbatim: Option<String>,
    /// The message it came from.
    pub(crate) source: Option<String>,
    pub(crate) purpose: &'static str,
    /// 0 to 1.
    pub(crate) confidence: f64,
    pub(crate) thread_id: String,
    pub(crate) learnt_at: String,
}

/// `POST /v1/customers/{id}/identities`: links an address that is proved, or asks for a token that
/// proves it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct IdentityRequest {
    pub(crate) channel: String,
    /// Needed with `verified_customer_id`; without it the address is the one that the token comes
    /// back from.
    #[serde(default)]
    pub(crate) address: Option<String>,
    /// The customer id that the shop verified on that channel: must be this customer's.
    #[serde(default)]
    pub(crate) verified_customer_id: Option<String>,
}

/// A token for the customer to send back from the channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkTokenAnswer {
    pub(crate) link_token: String,
    pub(crate) channel: &'static str,
    pub(crate) expires_at: String,
}

/// `GET /v1/customers/{id}/export`: everything, in one document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportAnswer {
    pub(crate) exported_at: String,
    pub(crate) customer: Option<CustomerAnswer>,
    pub(crate) facts: Vec<LedgerFactBody>,
    pub(crate) threads: Vec<ThreadAnswer>,
}
