//! A customer's profile, which is sent on its own or with a turn.

use serde::Deserialize;
use utoipa::ToSchema;

/// A customer's profile: body of `PUT /v1/customers/{id}`, and part of `customer` in a turn.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct ProfileBody {
    /// Name to address the customer by, usually the first name.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Customer tier, such as `vip` (see `turn.personal_tiers`).
    #[serde(default)]
    pub(crate) tier: Option<String>,
    /// Last purchase, as free text or a date.
    #[serde(default)]
    pub(crate) last_purchase: Option<String>,
}
