//! `/v1/threads/{id}`: reads and erases conversations, changes their owner, and records messages
//! that humans wrote.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::fields::optional_id;
use crate::http::keys::Caller;
use crate::http::meaning;
use crate::http::path::Path;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::threads::HandoffRequest;
use crate::http::wire::threads::HumanMessageAnswer;
use crate::http::wire::threads::HumanMessageRequest;
use crate::http::wire::threads::OwnerAnswer;
use crate::http::wire::threads::ReleaseRequest;
use crate::http::wire::threads::ThreadAnswer;
use crate::turn::HumanMessage;
use crate::turn::OwnerChange;
use crate::turn::Resolution;
use crate::turn::TurnError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::MessageId;
use vitrine_conversations::ConversationKey;

/// Most turns returned with a conversation; the newest are kept.
const TURNS_SHOWN_MAX: usize = 200;

/// Returns the conversation and its newest turns.
#[utoipa::path(
    get, path = "/v1/threads/{id}", params(("id" = String, Path, description = "conversation id")),
    responses((status = 200, body = ThreadAnswer), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<ThreadAnswer>, ApiError> {
    let key = conversation_key(caller, &id)?;
    let Some(record) = app.store.load(&key).await? else {
        return Err(ApiError::NotFound { what: "thread", id });
    };
    let turns = app.store.turns(&key, TURNS_SHOWN_MAX).await?;
    Ok(axum::Json(encode::conversation(&record, turns, &app.catalog)))
}

/// Erases the conversation, its turns, the bodies of its messages and the work that waits for it.
#[utoipa::path(
    delete, path = "/v1/threads/{id}",
    params(("id" = String, Path, description = "conversation id")),
    responses((status = 204, description = "erased"), (status = 404, body = ErrorBody))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = conversation_key(caller, &id)?;
    let erased = app.store.delete(&key, app.clock.now()).await?;
    app.drop_cached_prompts(&key.tenant).await;
    if erased.is_empty() {
        return Err(ApiError::NotFound { what: "thread", id });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Requests a human, or reports that a human has taken over.
#[utoipa::path(
    post, path = "/v1/threads/{id}/handoff", request_body = HandoffRequest,
    params(("id" = String, Path, description = "conversation id")),
    responses((status = 200, body = OwnerAnswer), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn handoff(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<HandoffRequest>,
) -> Result<axum::Json<OwnerAnswer>, ApiError> {
    let change = match body.value.to.as_deref() {
        None | Some("offered") => OwnerChange::Offer,
        Some("human") => OwnerChange::Take,
        Some(other) => {
            let found = fields::quoted(other);
            let message = format!("field `to` is {found}; allowed: offered, human");
            return Err(ApiError::impossible("invalid_owner", message));
        }
    };
    change_owner(&app, caller, id, change, body.value.epoch).await
}

/// Gives the conversation back to the bot, which answers the customer's next message.
#[utoipa::path(
    post, path = "/v1/threads/{id}/release", request_body = ReleaseRequest,
    params(("id" = String, Path, description = "conversation id")),
    responses((status = 200, body = OwnerAnswer), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody))
)]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<ReleaseRequest>,
) -> Result<axum::Json<OwnerAnswer>, ApiError> {
    let resolution = match body.value.resolved {
        Some(true) => Resolution::Resolved,
        Some(false) | None => Resolution::Open,
    };
    change_owner(&app, caller, id, OwnerChange::Release(resolution), body.value.epoch).await
}

async fn change_owner(
    app: &App,
    caller: Caller,
    id: String,
    change: OwnerChange,
    epoch: Option<u64>,
) -> Result<axum::Json<OwnerAnswer>, ApiError> {
    let key = conversation_key(caller, &id)?;
    let changed = app.gateway.change_owner(&key, change, epoch).await;
    let thread = changed.map_err(|error| with_thread_id(error, id))?;
    Ok(axum::Json(OwnerAnswer {
        thread_id: thread.thread_id.to_string(),
        owner: thread.ownership.state.name(),
        epoch: thread.ownership.epoch,
        since: thread.ownership.since.to_string(),
    }))
}

/// Records a human's message and makes the human the owner: the bot stops answering.
#[utoipa::path(
    post, path = "/v1/threads/{id}/messages", request_body = HumanMessageRequest,
    params(("id" = String, Path, description = "conversation id")),
    responses((status = 200, body = HumanMessageAnswer), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn message(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    body: Json<HumanMessageRequest>,
) -> Result<Response, ApiError> {
    let hash = meaning::of_human_message(&body.value, &body.bytes);
    let message = body.value.message;
    let sent_at = message.sent_at.as_deref();
    let message = HumanMessage {
        key: conversation_key(caller, &id)?,
        message_id: optional_id("message.id", message.id, MessageId::new)?,
        hash,
        sent_at: sent_at.map(|text| fields::sent_at("message.sent_at", text)).transpose()?,
        text: message.text,
    };
    let recorded = app.gateway.human_message(&message, encode::human_message).await;
    Ok(encode::response(recorded.map_err(|error| with_thread_id(error, id))?))
}

/// Maps an error; a missing conversation becomes a 404 with the id from the path.
fn with_thread_id(error: TurnError, id: String) -> ApiError {
    match error {
        TurnError::NoConversation => ApiError::NotFound { what: "thread", id },
        other => ApiError::from(other),
    }
}

/// Key of the conversation within the caller's tenant; other tenants' conversations are out of
/// reach.
fn conversation_key(caller: Caller, id: &str) -> Result<ConversationKey, ApiError> {
    let thread = ConversationId::new(id).map_err(|error| ApiError::id("id", &error))?;
    Ok(ConversationKey { tenant: caller.tenant, conversation: thread })
}
