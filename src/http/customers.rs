//! `/v1/customers/{id}`: profile, consents, facts, identities, export and erasure of a customer.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::fields::channel;
use crate::http::fields::optional_id;
use crate::http::fields::quoted;
use crate::http::keys::Caller;
use crate::http::path::Path;
use crate::http::state::App;
use crate::http::supplied;
use crate::http::wire::ErrorBody;
use crate::http::wire::customers::ConsentBody;
use crate::http::wire::customers::ConsentRequest;
use crate::http::wire::customers::CustomerAnswer;
use crate::http::wire::customers::ExportAnswer;
use crate::http::wire::customers::FactsAnswer;
use crate::http::wire::customers::IdentityBody;
use crate::http::wire::customers::IdentityRequest;
use crate::http::wire::customers::LinkTokenAnswer;
use crate::http::wire::profile::ProfileBody;
use crate::turn::consent::CUSTOMER_CONVERSATIONS_MAX;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::ID_BYTES_MAX;
use vitrine_base::ids::MessageId;
use vitrine_conversations::Consent;
use vitrine_conversations::ConsentChange;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerRecord;
use vitrine_conversations::Identity;
use vitrine_conversations::IdentityProof;
use vitrine_conversations::Profile;
use vitrine_conversations::Purpose;
use vitrine_conversations::canonical_address;

/// Most turns of one conversation in an export.
const TURNS_EXPORTED_MAX: usize = 100_000;

/// Replaces the customer's profile; fields that are left out or null are cleared. A body without
/// any field is refused if there is a profile to clear.
#[utoipa::path(
    put, path = "/v1/customers/{id}", request_body = ProfileBody,
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = CustomerAnswer), (status = 422, body = ErrorBody))
)]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<ProfileBody>,
) -> Result<axum::Json<CustomerAnswer>, ApiError> {
    let key = customer_key(caller, &id)?;
    let says_nothing = !has_profile_field(&body.bytes);
    let body = body.value;
    let profile = Profile {
        name: supplied::given(body.name).map(|name| supplied::name("name", name)).transpose()?,
        tier: supplied::given(body.tier).map(|tier| supplied::tier("tier", tier)).transpose()?,
        last_purchase: body
            .last_purchase
            .map(|note| supplied::note("last_purchase", note))
            .transpose()?,
    };
    if says_nothing && profile == Profile::default() {
        let stored = app.customers.customer(&key).await?;
        if stored.is_some_and(|stored| stored.profile != Profile::default()) {
            let message = "the body has no field, which would clear the profile; set a field, \
                           or set name, tier and last_purchase to null";
            return Err(ApiError::impossible("empty_profile", message));
        }
    }
    let set = |customer: &mut CustomerRecord| customer.profile.clone_from(&profile);
    let customer = app.gateway.change_customer(&key, set).await?;
    Ok(axum::Json(customer_answer(&customer)))
}

/// Returns the stored customer.
#[utoipa::path(
    get, path = "/v1/customers/{id}",
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = CustomerAnswer), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<CustomerAnswer>, ApiError> {
    let key = customer_key(caller, &id)?;
    let customer = app.customers.customer(&key).await?.ok_or_else(|| customer_not_found(id))?;
    Ok(axum::Json(customer_answer(&customer)))
}

/// Erases the customer, their conversations, and everything stored about their messages.
#[utoipa::path(
    delete, path = "/v1/customers/{id}",
    params(("id" = String, Path, description = "customer id")),
    responses((status = 204, description = "erased"), (status = 404, body = ErrorBody))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = customer_key(caller, &id)?;
    let erased = app.gateway.erase_customer(&key).await?;
    app.drop_cached_prompts(&key.tenant).await;
    erased.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| customer_not_found(id))
}

/// Records that a consent was granted or withdrawn.
#[utoipa::path(
    post, path = "/v1/customers/{id}/consents", request_body = ConsentRequest,
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = CustomerAnswer), (status = 404, body = ErrorBody),
              (status = 422, body = ErrorBody))
)]
pub(crate) async fn consent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<ConsentRequest>,
) -> Result<axum::Json<CustomerAnswer>, ApiError> {
    let key = customer_key(caller, &id)?;
    let body = body.value;
    let purpose = Purpose::from_name(&body.purpose).ok_or_else(|| {
        let found = quoted(&body.purpose);
        let message = format!("field `purpose` is {found}; allowed: {}", Purpose::names());
        ApiError::impossible("unknown_purpose", message)
    })?;
    let change = ConsentChange {
        purpose,
        channel: body.channel.as_deref().map(channel).transpose()?,
        wording_version: supplied::note("wording_version", body.wording_version)?,
        source_message: optional_id("source_message", body.source_message, MessageId::new)?,
    };
    app.customers.customer(&key).await?.ok_or_else(|| customer_not_found(id))?;
    let now = app.clock.now();
    let granted = body.granted;
    let enter = |customer: &mut CustomerRecord| match granted {
        true => customer.grant(change.clone(), now),
        false => customer.withdraw(change.clone(), now),
    };
    let customer = app.gateway.change_customer(&key, enter).await?;
    if !granted && change.channel.is_none() {
        app.gateway.forget_facts(&key, purpose).await?;
    }
    Ok(axum::Json(customer_answer(&customer)))
}

/// Returns the customer's facts with their sources.
#[utoipa::path(
    get, path = "/v1/customers/{id}/facts",
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = FactsAnswer), (status = 404, body = ErrorBody))
)]
pub(crate) async fn facts(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<FactsAnswer>, ApiError> {
    let key = customer_key(caller, &id)?;
    let threads = app.conversations_of(&key).await?;
    if threads.is_empty() && app.customers.customer(&key).await?.is_none() {
        return Err(customer_not_found(id));
    }
    let facts = threads.iter().flat_map(|(_, conversation)| encode::facts(conversation)).collect();
    Ok(axum::Json(FactsAnswer { customer_id: id, facts }))
}

/// Exports everything stored about the customer as one document.
#[utoipa::path(
    get, path = "/v1/customers/{id}/export",
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = ExportAnswer), (status = 404, body = ErrorBody))
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<ExportAnswer>, ApiError> {
    let key = customer_key(caller, &id)?;
    let customer = app.customers.customer(&key).await?;
    let kept = app.conversations_of(&key).await?;
    if kept.is_empty() && customer.is_none() {
        return Err(customer_not_found(id));
    }
    let facts = kept.iter().flat_map(|(_, conversation)| encode::facts(conversation)).collect();
    let mut threads = Vec::new();
    for (key, conversation) in &kept {
        let turns = app.store.turns(key, TURNS_EXPORTED_MAX).await?;
        threads.push(encode::conversation(conversation, turns, &app.catalog));
    }
    Ok(axum::Json(ExportAnswer {
        exported_at: app.clock.now().to_string(),
        customer: customer.as_deref().map(customer_answer),
        facts,
        threads,
    }))
}

/// Links an address that the shop has verified, or issues a token with which the customer proves
/// it.
#[utoipa::path(
    post, path = "/v1/customers/{id}/identities", request_body = IdentityRequest,
    params(("id" = String, Path, description = "customer id")),
    responses((status = 200, body = CustomerAnswer), (status = 201, body = LinkTokenAnswer),
              (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 422, body = ErrorBody))
)]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<IdentityRequest>,
) -> Result<Response, ApiError> {
    let key = customer_key(caller, &id)?;
    let channel = channel(&body.value.channel)?;
    app.customers.customer(&key).await?.ok_or_else(|| customer_not_found(id.clone()))?;
    let Some(verified) = body.value.verified_customer_id else {
        let (link_token, expires_at) = app.gateway.offer_link(&key, channel).await?;
        let (channel, expires_at) = (channel.name(), expires_at.to_string());
        let answer = LinkTokenAnswer { link_token, channel, expires_at };
        return Ok((StatusCode::CREATED, axum::Json(answer)).into_response());
    };
    if verified != id {
        let message = "field `verified_customer_id` is not the customer of this path";
        return Err(ApiError::impossible("not_verified", message));
    }
    let address = address(channel, body.value.address)?;
    let proof = IdentityProof::VerifiedCustomer;
    let identity = Identity { channel, address, proof, linked_at: app.clock.now() };
    let customer = app.gateway.link_identity(&key, identity).await?;
    Ok(axum::Json(customer_answer(&customer)).into_response())
}

/// Unlinks an address.
#[utoipa::path(
    delete, path = "/v1/customers/{id}/identities/{channel}/{address}",
    params(("id" = String, Path, description = "customer id"),
           ("channel" = String, Path, description = "channel of the address"),
           ("address" = String, Path, description = "the linked address")),
    responses((status = 204, description = "unlinked"), (status = 404, body = ErrorBody))
)]
pub(crate) async fn unlink(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, kind, address)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let key = customer_key(caller, &id)?;
    let kind = channel(&kind)?;
    let canonical = canonical_address(kind, &address);
    let is_it = |identity: &Identity| {
        identity.channel == kind && canonical_address(kind, &identity.address) == canonical
    };
    let customer = app.customers.customer(&key).await?.ok_or_else(|| customer_not_found(id))?;
    if !customer.identities.iter().any(is_it) {
        return Err(ApiError::NotFound { what: "identity", id: address.clone() });
    }
    let remove = |customer: &mut CustomerRecord| {
        customer.identities.retain(|identity| !is_it(identity));
    };
    app.gateway.change_customer(&key, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl App {
    async fn conversations_of(
        &self,
        key: &CustomerKey,
    ) -> Result<Vec<(ConversationKey, Arc<ConversationRecord>)>, ApiError> {
        let mut found = Vec::new();
        let mut last = None;
        loop {
            let page = CUSTOMER_CONVERSATIONS_MAX;
            let listed = self.customers.customer_conversations(key, last.as_ref(), page).await?;
            let Some(end) = listed.last().cloned() else { return Ok(found) };
            for conversation in listed {
                let key = ConversationKey { tenant: key.tenant.clone(), conversation };
                if let Some(record) = self.store.load(&key).await? {
                    found.push((key, record));
                }
            }
            last = Some(end);
        }
    }
}

fn customer_key(caller: Caller, id: &str) -> Result<CustomerKey, ApiError> {
    let customer = CustomerId::new(id).map_err(|error| ApiError::id("id", &error))?;
    Ok(CustomerKey { tenant: caller.tenant, customer })
}

/// Fields of a profile.
const PROFILE_FIELDS: [&str; 3] = ["name", "tier", "last_purchase"];

/// Whether a body names any field of a profile, be it null.
fn has_profile_field(body: &[u8]) -> bool {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    PROFILE_FIELDS.iter().any(|field| value.get(field).is_some())
}

fn customer_not_found(id: String) -> ApiError {
    ApiError::NotFound { what: "customer", id }
}

/// Validates a required address: 1 to [`ID_BYTES_MAX`] bytes, and something left in its canonical
/// form.
fn address(channel: ChannelKind, found: Option<String>) -> Result<String, ApiError> {
    let found = found.filter(|address| address.len() <= ID_BYTES_MAX);
    let canonical = found.map(|address| canonical_address(channel, &address));
    match canonical.filter(|address| !address.is_empty()) {
        Some(address) => Ok(address),
        None => {
            let message = format!("field `address` must have 1 to {ID_BYTES_MAX} visible bytes");
            Err(ApiError::impossible("invalid_address", message))
        }
    }
}

fn customer_answer(customer: &CustomerRecord) -> CustomerAnswer {
    let profile = customer.profile.clone();
    CustomerAnswer {
        customer_id: customer.customer_id.to_string(),
        name: profile.name,
        tier: profile.tier,
        last_purchase: profile.last_purchase,
        identities: customer.identities.iter().map(identity).collect(),
        consents: customer.consents.iter().map(consent_body).collect(),
        outreach_stopped_at: customer.outreach_stopped_at.map(|time| time.to_string()),
        created_at: customer.created_at.to_string(),
        updated_at: customer.updated_at.to_string(),
    }
}

fn identity(identity: &Identity) -> IdentityBody {
    IdentityBody {
        channel: identity.channel.name(),
        address: identity.address.clone(),
        proof: match identity.proof {
            IdentityProof::VerifiedCustomer => "verified_customer",
            IdentityProof::LinkToken => "link_token",
        },
        linked_at: identity.linked_at.to_string(),
    }
}

fn consent_body(consent: &Consent) -> ConsentBody {
    ConsentBody {
        purpose: consent.purpose.name(),
        channel: consent.channel.map(ChannelKind::name),
        wording_version: consent.wording_version.clone(),
        source_message: consent.source_message.as_ref().map(ToString::to_string),
        granted_at: consent.granted_at.map(|time| time.to_string()),
        withdrawn_at: consent.withdrawn_at.map(|time| time.to_string()),
    }
}
