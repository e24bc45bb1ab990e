//! `POST /v1/turns`: accepts a turn durably and answers it later to the shop's webhook. Also lists
//! deliveries that failed for good.

use crate::delivery::runner::AcceptedTurns;
use crate::delivery::runner::TurnReport;
use crate::http::body::Json;
use crate::http::body::parse;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::meaning;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::respond::RespondRequest;
use crate::http::wire::turns::AcceptedAnswer;
use crate::http::wire::turns::AcceptedTurn;
use crate::http::wire::turns::DeadDeliveriesAnswer;
use crate::http::wire::turns::DeadDeliveryBody;
use crate::turn::DebounceMode;
use crate::turn::TurnRequest;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::BoxFuture;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use uuid::Uuid;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::time_ordered_id;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::JobKey;
use vitrine_conversations::JobKind;
use vitrine_conversations::StoredJob;

/// Most dead deliveries returned at once; the oldest come first.
const DEAD_SHOWN_MAX: usize = 200;

/// Accepts a turn. It is on disk before the response; its answer goes to `callbacks.turns_url`.
#[utoipa::path(
    post, path = "/v1/turns", request_body = RespondRequest,
    responses((status = 202, body = AcceptedAnswer), (status = 400, body = ErrorBody),
              (status = 409, body = ErrorBody), (status = 422, body = ErrorBody),
              (status = 429, body = ErrorBody))
)]
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<RespondRequest>,
) -> Result<(StatusCode, axum::Json<AcceptedAnswer>), ApiError> {
    let options = &app.outbox.options;
    if options.turns_url.is_empty() {
        let message = "callbacks.turns_url is not configured; the answer would have no recipient";
        return Err(ApiError::impossible("no_callback", message));
    }
    let text = String::from_utf8(body.bytes.to_vec())
        .map_err(|_| ApiError::malformed("the body is not UTF-8"))?;
    let message_id = match &body.value.message.id {
        Some(id) => id.clone(),
        None => format!("turn:{}", time_ordered_id(app.clock.now())),
    };
    let accepted = AcceptedTurn { message_id, request: text };
    // Before the customer is looked up: an erasure since then wins.
    let accepted_at = app.clock.now();
    // Validate now, so that the client gets the error and not the webhook. The reservation is held
    // until the job is stored, so that other first messages of the customer join its conversation.
    let request = app.accepted_turn(caller.tenant, &accepted)?;
    let (request, _reserved) = app.gateway.accept(request).await?;
    let conversation = match request.thread_id {
        Some(conversation) => conversation,
        None => conversation_of(&accepted.message_id)?,
    };
    let Some(message) = request.message_id else {
        return Err(ApiError::Unavailable { state: "unable to assign an id to this turn" });
    };
    let conversation = ConversationKey { tenant: request.tenant, conversation };
    let id = job_id(&conversation, &message);
    let job = StoredJob {
        customer: request.customer_id,
        message: Some(message.clone()),
        meaning: Some(request.hash.meaning.to_string()),
        ..StoredJob::new(JobKind::Turn, encode::json_text(&accepted)?, accepted_at)
    };
    let key = JobKey { conversation: conversation.clone(), id };
    app.outbox.store.enqueue(key, job, options.waiting_max).await?;
    let answer = AcceptedAnswer {
        delivery_id: id.to_string(),
        thread_id: conversation.conversation.to_string(),
        message_id: message.to_string(),
    };
    Ok((StatusCode::ACCEPTED, axum::Json(answer)))
}

/// Lists deliveries that failed their last attempt.
#[utoipa::path(
    get, path = "/v1/deliveries/dead", responses((status = 200, body = DeadDeliveriesAnswer))
)]
pub(crate) async fn dead(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<axum::Json<DeadDeliveriesAnswer>, ApiError> {
    let jobs = app.outbox.store.dead(&caller.tenant, DEAD_SHOWN_MAX).await?;
    let deliveries = jobs.into_iter().map(|(key, job)| DeadDeliveryBody {
        delivery_id: key.id.to_string(),
        kind: job.kind.name(),
        thread_id: key.conversation.conversation.to_string(),
        attempts: job.attempts,
        accepted_at: job.created_at.to_string(),
        last_error: job.last_error,
    });
    Ok(axum::Json(DeadDeliveriesAnswer { deliveries: deliveries.collect() }))
}

impl AcceptedTurns for App {
    fn answer<'a>(
        &'a self,
        conversation: &'a ConversationKey,
        job: &'a StoredJob,
    ) -> BoxFuture<'a, Result<Option<TurnReport>, String>> {
        Box::pin(answer(self, conversation, job))
    }
}

async fn answer(
    app: &App,
    conversation: &ConversationKey,
    job: &StoredJob,
) -> Result<Option<TurnReport>, String> {
    let accepted: AcceptedTurn = serde_json::from_str(&job.body)
        .map_err(|error| format!("the accepted request cannot be read: {error}"))?;
    let answered = match app.accepted_turn(conversation.tenant.clone(), &accepted) {
        Ok(mut request) => {
            request.thread_id = Some(conversation.conversation.clone());
            request.received_at = Some(job.created_at);
            request.customer_id = request.customer_id.or_else(|| job.customer.clone());
            app.gateway.respond(request, None).await.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match answered {
        Ok(answered) => {
            Ok(Some(TurnReport { event: "turn.answered", body: answered.body.to_vec() }))
        }
        // Erased after it was accepted: nobody hears of it any more.
        Err(error) if error.is_erased() => Ok(None),
        Err(error) if error.is_temporary() => Err(error.to_string()),
        Err(error) => {
            Ok(Some(TurnReport { event: "turn.failed", body: encode::error(&error).into_bytes() }))
        }
    }
}

impl App {
    /// Rebuilds the turn of an accepted request.
    fn accepted_turn(
        &self,
        tenant: TenantId,
        accepted: &AcceptedTurn,
    ) -> Result<TurnRequest, ApiError> {
        let body: RespondRequest = parse(accepted.request.as_bytes())?;
        let hash = meaning::of_turn(&body, accepted.request.as_bytes());
        let mut request = self.turn_request(tenant, body, hash)?;
        let message = MessageId::new(accepted.message_id.clone());
        request.message_id = Some(message.map_err(|error| ApiError::id("message.id", &error))?);
        request.debounce_mode = DebounceMode::Debounce;
        Ok(request)
    }
}

/// Id of the conversation that a message without thread and customer opens, derived from the
/// message id, so that a message accepted twice becomes one turn.
fn conversation_of(message_id: &str) -> Result<ConversationId, ApiError> {
    let digest = Sha256::digest(message_id);
    let conversation = format!("turn-{}", Uuid::from_slice(&digest[..16]).unwrap_or_default());
    ConversationId::new(conversation).map_err(|error| ApiError::id("message.id", &error))
}

/// Job id derived from conversation and message, so that a message accepted twice is one job.
fn job_id(conversation: &ConversationKey, message: &MessageId) -> Uuid {
    let named = format!("{}\0{}\0{message}", conversation.tenant, conversation.conversation);
    Uuid::from_slice(&Sha256::digest(named)[..16]).unwrap_or_default()
}
