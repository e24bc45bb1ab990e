//! `GET` and `DELETE /v1/threads/{id}`: what is kept of a conversation, and its erasure.

use crate::base::ids::ThreadId;
use crate::engine::CacheOwner;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::ErrorBody;
use crate::http::wire::respond::FactBody;
use crate::http::wire::services::ThreadAnswer;
use crate::http::wire::services::ThreadTurnBody;
use crate::threads::FactKind;
use crate::threads::OwnerState;
use crate::threads::ThreadKey;
use crate::threads::ThreadRecord;
use crate::threads::TurnRecord;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

/// Turns shown with a thread: the newest.
const TURNS_SHOWN_MAX: usize = 200;

/// The thread and its newest turns.
#[utoipa::path(
    get, path = "/v1/threads/{id}", params(("id" = String, Path, description = "thread id")),
    responses((status = 200, body = ThreadAnswer), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<axum::Json<ThreadAnswer>, ApiError> {
    let key = app.thread_key(&id)?;
    let Some(record) = app.store.load(&key).await? else {
        return Err(ApiError::NotFound { what: "thread", id });
    };
    let turns = app.store.turns(&key, TURNS_SHOWN_MAX).await?;
    Ok(axum::Json(body(&record, turns)))
}

/// Erases the thread, its turns and the bodies of its messages.
#[utoipa::path(
    delete, path = "/v1/threads/{id}", params(("id" = String, Path, description = "thread id")),
    responses((status = 204, description = "erased"), (status = 404, body = ErrorBody))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = app.thread_key(&id)?;
    let erased = app.store.delete(&key, app.clock.now()).await?;
    if erased.threads == 0 {
        return Err(ApiError::NotFound { what: "thread", id });
    }
    // Computed prompts hold the customer's words too; which pages are this thread's is not known,
    // so the tenant's go.
    for model in app.models.serving() {
        model.engine().forget_cached(CacheOwner::of(&key.tenant)).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

impl App {
    fn thread_key(&self, id: &str) -> Result<ThreadKey, ApiError> {
        let thread = ThreadId::new(id).map_err(|error| ApiError::id("id", &error))?;
        Ok(ThreadKey { tenant: self.tenant.clone(), thread })
    }
}

fn body(record: &ThreadRecord, turns: Vec<TurnRecord>) -> ThreadAnswer {
    let facts = record.facts.iter().map(|(key, fact)| FactBody {
        key: key.clone(),
        value: fact.value.clone(),
        kind: match fact.kind {
            FactKind::Stated => "stated".to_owned(),
            FactKind::Inferred => "inferred".to_owned(),
        },
        source: fact.source.as_ref().map(ToString::to_string),
    });
    ThreadAnswer {
        thread_id: record.thread_id.to_string(),
        customer_id: record.customer_id.as_ref().map(ToString::to_string),
        channels: record.channels.iter().map(|channel| channel.name()).collect(),
        language: record.language.code().to_owned(),
        owner: match record.ownership.state {
            OwnerState::Bot => "bot",
            OwnerState::Offered => "offered",
            OwnerState::Human => "human",
            OwnerState::Released => "released",
        },
        epoch: record.ownership.epoch,
        facts: facts.collect(),
        opened_at: record.opened_at.to_string(),
        updated_at: record.updated_at.to_string(),
        turns: turns.into_iter().map(turn).collect(),
    }
}

fn turn(turn: TurnRecord) -> ThreadTurnBody {
    ThreadTurnBody {
        turn_id: turn.turn_id.to_string(),
        message_id: turn.message_id.map(|id| id.to_string()),
        channel: turn.channel.name(),
        user_text: turn.user_text,
        option_id: turn.option_id,
        reply_text: turn.reply_text,
        action: turn.action,
        sent_at: turn.sent_at.to_string(),
        answered_at: turn.answered_at.to_string(),
    }
}
