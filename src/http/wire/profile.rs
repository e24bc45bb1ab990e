//! A customer's profile.

use serde::Deserialize;
use utoipa::ToSchema;

/// A customer's profile: body of `PUT /v1/customers/{id}`. A field that is left out or null is
/// cleared; an empty object clears nothing and is refused if there is a profile.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileBody {
    /// Name to address the customer by, usually the first name; at most 64 characters, without
    /// links, markup and sentences.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Customer tier, such as `vip` (see `turn.personal_tiers`).
    #[serde(default)]
    pub(crate) tier: Option<String>,
    /// Last purchase, as free text or a date.
    #[serde(default)]
    pub(crate) last_purchase: Option<String>,
}
