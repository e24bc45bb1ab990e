//! `POST /respond`: answers one customer turn, as one JSON body or as server-sent events.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::meaning;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::respond::RespondAnswer;
use crate::http::wire::respond::RespondRequest;
use crate::turn::EncodedAnswer;
use crate::turn::TurnError;
use crate::turn::TurnEvent;
use crate::turn::arrival::Arrival;
use crate::turn::arrival::ArrivedTurn;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use futures::Stream;
use futures::StreamExt;
use futures::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Capacity of the event channel; a turn sends two events before its answer.
const EVENTS_MAX: usize = 4;

/// Answers one customer turn.
#[utoipa::path(
    post, path = "/respond", request_body = RespondRequest,
    responses(
        (status = 200, description = "the answer; with `stream`, server-sent events \
         `understood`, `decided`, `delta`, `done`", body = RespondAnswer),
        (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    )
)]
pub(crate) async fn respond(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<RespondRequest>,
) -> Result<Response, ApiError> {
    let hash = meaning::of_turn(&body.value, &body.bytes);
    let stream = body.value.stream.unwrap_or_default();
    let request = app.turn_request(caller.tenant, body.value, hash)?;
    // What can be known before a model runs is a status and a header, also for a stream.
    match app.gateway.arrive(request).await? {
        Arrival::Replayed(answered) if stream => {
            let events = stream::iter(final_events(&answered)).map(Ok::<_, Infallible>);
            let response = Sse::new(events).keep_alive(KeepAlive::default()).into_response();
            Ok(encode::marked(response, answered.replayed))
        }
        Arrival::Replayed(answered) => Ok(encode::response(answered)),
        Arrival::New(turn) if stream => {
            Ok(Sse::new(events(app, turn)).keep_alive(KeepAlive::default()).into_response())
        }
        Arrival::New(turn) => Ok(encode::response(app.gateway.run(turn, None).await?)),
    }
}

/// Runs the turn and streams its events. The `delta` events follow only after the draft has passed
/// its check and the answer is on disk, so a customer never sees part of a draft that is then
/// refused.
fn events(
    app: Arc<App>,
    arrived: Box<ArrivedTurn>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let (sender, mut receiver) = mpsc::channel(EVENTS_MAX);
        let turn = app.gateway.run(arrived, Some(sender));
        tokio::pin!(turn);
        let answered = loop {
            tokio::select! {
                biased;
                Some(event) = receiver.recv() => yield Ok(progress_event(event)),
                answered = &mut turn => break answered,
            }
        };
        while let Ok(event) = receiver.try_recv() {
            yield Ok(progress_event(event));
        }
        match answered {
            Ok(answered) => {
                for event in final_events(&answered) {
                    yield Ok(event);
                }
            }
            Err(error) => yield Ok(error_event(error)),
        }
    }
}

fn progress_event(event: TurnEvent) -> Event {
    let (name, body) = match event {
        TurnEvent::Understood(language, reading) => {
            ("understood", encode::understood(language, &reading))
        }
        TurnEvent::Decided(action) => ("decided", encode::decided(&action)),
    };
    Event::default().event(name).data(body)
}

fn final_events(answered: &EncodedAnswer) -> Vec<Event> {
    let text = String::from_utf8_lossy(&answered.body);
    let reply = encode::reply_text(&answered.body);
    let deltas = reply.split_inclusive(' ').map(|part| {
        let body = serde_json::json!({ "text": part }).to_string();
        Event::default().event("delta").data(body)
    });
    let done = Event::default().event("done").data(&*text);
    deltas.chain([done]).collect()
}

fn error_event(error: TurnError) -> Event {
    let error = ApiError::from(error);
    Event::default().event("error").data(encode::error(&error))
}
