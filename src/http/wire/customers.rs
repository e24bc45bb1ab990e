//! Bodies of `/v1/customers/{id}`: profile, consents, facts, identities and export.

use crate::http::wire::threads::ThreadAnswer;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// A stored customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerAnswer {
    pub(crate) customer_id: String,
    pub(crate) name: Option<String>,
    pub(crate) tier: Option<String>,
    pub(crate) last_purchase: Option<String>,
    pub(crate) identities: Vec<IdentityBody>,
    pub(crate) consents: Vec<ConsentBody>,
    /// When the customer last opted out of outreach with STOP.
    pub(crate) outreach_stopped_at: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// An address linked to the customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdentityBody {
    pub(crate) channel: &'static str,
    pub(crate) address: String,
    /// How it was proved: `verified_customer` or `link_token`.
    pub(crate) proof: &'static str,
    pub(crate) linked_at: String,
}

/// One entry of the consent ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentBody {
    /// `assistance`, `personalisation` or `outreach`.
    pub(crate) purpose: &'static str,
    /// The channel it applies to; null for all channels.
    pub(crate) channel: Option<&'static str>,
    pub(crate) wording_version: String,
    pub(crate) source_message: Option<String>,
    pub(crate) granted_at: Option<String>,
    pub(crate) withdrawn_at: Option<String>,
}

/// Body of `POST /v1/customers/{id}/consents`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentRequest {
    /// `assistance`, `personalisation` or `outreach`.
    #[schema(pattern = "^(assistance|personalisation|outreach)$")]
    pub(crate) purpose: String,
    /// `true` grants the consent, `false` withdraws it.
    pub(crate) granted: bool,
    /// The channel it applies to; all channels if left out.
    #[serde(default)]
    pub(crate) channel: Option<String>,
    /// Version of the consent wording that the customer saw.
    pub(crate) wording_version: String,
    /// Id of the message that expressed it.
    #[serde(default)]
    pub(crate) source_message: Option<String>,
}

/// Response of `GET /v1/customers/{id}/facts`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactsAnswer {
    pub(crate) customer_id: String,
    pub(crate) facts: Vec<LedgerFactBody>,
}

/// One fact known about the customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LedgerFactBody {
    pub(crate) key: String,
    pub(crate) value: String,
    /// `stated` or `inferred`.
    pub(crate) kind: &'static str,
    /// The customer's own words; null if it came from a tap.
    pub(crate) verbatim: Option<String>,
    /// Id of the message that it comes from.
    pub(crate) source: Option<String>,
    /// `assistance`, `personalisation` or `outreach`; it decides how long the fact is kept.
    pub(crate) purpose: &'static str,
    /// 0 to 1.
    pub(crate) confidence: f64,
    pub(crate) thread_id: String,
    pub(crate) learnt_at: String,
}

/// Body of `POST /v1/customers/{id}/identities`: links a verified address, or requests a link
/// token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IdentityRequest {
    #[schema(pattern = "^(whatsapp|instagram|rcs|apple|sms|webchat)$")]
    pub(crate) channel: String,
    /// Required with `verified_customer_id`. Ignored otherwise: the address that sends the token
    /// back is linked.
    #[serde(default)]
    pub(crate) address: Option<String>,
    /// Id of the customer whose address the shop has verified; must equal the id in the path. If
    /// left out, a link token is issued.
    #[serde(default)]
    pub(crate) verified_customer_id: Option<String>,
}

/// A token that the customer sends from the channel to prove the address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkTokenAnswer {
    pub(crate) link_token: String,
    pub(crate) channel: &'static str,
    pub(crate) expires_at: String,
}

/// Response of `GET /v1/customers/{id}/export`: everything stored about the customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportAnswer {
    pub(crate) exported_at: String,
    pub(crate) customer: Option<CustomerAnswer>,
    pub(crate) facts: Vec<LedgerFactBody>,
    pub(crate) threads: Vec<ThreadAnswer>,
}
