//! `POST /respond`: answers one customer turn, as one JSON body or as server-sent events. Also the
//! validation of request fields that other handlers share.

use crate::http::App;
use crate::http::body::Json;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::wire::ErrorBody;
use crate::http::wire::customers::ProfileBody;
use crate::http::wire::respond::CustomerBody;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondAnswer;
use crate::http::wire::respond::RespondRequest;
use crate::turn::Content;
use crate::turn::Customer;
use crate::turn::DebounceMode;
use crate::turn::EncodedAnswer;
use crate::turn::Order;
use crate::turn::TurnError;
use crate::turn::TurnEvent;
use crate::turn::TurnRequest;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use futures::Stream;
use jiff::Timestamp;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::IdError;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_conversations::BodyHash;

/// Header set to `true` on an answer that was recorded for an earlier delivery of the message.
const REPLAYED_HEADER: &str = "vitrine-replayed";

/// Capacity of the event channel; a turn sends two events before its answer.
const EVENTS_MAX: usize = 4;

/// Most lines in a request's cart.
const CART_LINES_MAX: usize = 200;

/// Most orders in a request's profile.
const ORDERS_MAX: usize = 100;

/// Longest profile field, in characters.
const PROFILE_CHARS_MAX: usize = 256;

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
    let hash = BodyHash::of(&body.bytes);
    let stream = body.value.stream;
    let request = app.turn_request(caller.tenant, body.value, hash)?;
    if stream {
        return Ok(Sse::new(events(app, request)).keep_alive(KeepAlive::default()).into_response());
    }
    let answered = app.gateway.respond(request, None).await?;
    Ok(json_response(answered))
}

pub(super) fn json_response(answered: EncodedAnswer) -> Response {
    let mut response = Response::new(Body::from(answered.body.to_vec()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
    if answered.replayed {
        headers.insert(REPLAYED_HEADER, axum::http::HeaderValue::from_static("true"));
    }
    response
}

/// Runs the turn and streams its events. The `delta` events follow only after the draft has passed
/// its check and the answer is on disk, so a customer never sees part of a draft that is then
/// refused.
fn events(app: Arc<App>, request: TurnRequest) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        let (sender, mut receiver) = mpsc::channel(EVENTS_MAX);
        let turn = app.gateway.respond(request, Some(sender));
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
            ("understood", crate::http::encode::understood(language, &reading))
        }
        TurnEvent::Decided(action) => ("decided", crate::http::encode::decided(&action)),
    };
    Event::default().event(name).data(body)
}

fn final_events(answered: &EncodedAnswer) -> Vec<Event> {
    let text = String::from_utf8_lossy(&answered.body);
    let reply = crate::http::encode::reply_text(&answered.body);
    let deltas = reply.split_inclusive(' ').map(|part| {
        let body = serde_json::json!({ "text": part }).to_string();
        Event::default().event("delta").data(body)
    });
    let done = Event::default().event("done").data(&*text);
    deltas.chain([done]).collect()
}

fn error_event(error: TurnError) -> Event {
    let error = ApiError::from(error);
    Event::default().event("error").data(crate::http::encode::error(&error))
}

impl App {
    /// Validates a request body.
    ///
    /// # Errors
    /// The first field that is not allowed, by name.
    pub(crate) fn turn_request(
        &self,
        tenant: TenantId,
        body: RespondRequest,
        body_hash: BodyHash,
    ) -> Result<TurnRequest, ApiError> {
        let channel = channel(&body.channel)?;
        let sent_at = body.message.sent_at.as_deref().map(timestamp).transpose()?;
        let message_id = optional_id("message.id", body.message.id.clone(), MessageId::new)?;
        let deadline = body.deadline_ms.map(|ms| self.deadline(ms)).transpose()?;
        let cart = body.cart.map(cart).transpose()?;
        let locale = body.locale.as_deref();
        Ok(TurnRequest {
            tenant,
            thread_id: optional_id("thread_id", body.thread_id, ConversationId::new)?,
            customer_id: optional_id("customer_id", body.customer_id, CustomerId::new)?,
            channel,
            sender: optional_id("sender", body.sender, MessageId::new)?.map(|id| id.to_string()),
            message_id,
            body_hash,
            content: content(body.message)?,
            sent_at,
            language_hint: locale.and_then(Language::from_locale),
            customer: customer(body.customer.unwrap_or_default())?,
            cart,
            debounce_mode: if body.debounce { DebounceMode::Debounce } else { DebounceMode::None },
            deadline,
        })
    }

    fn deadline(&self, ms: u64) -> Result<Duration, ApiError> {
        let deadline = Duration::from_millis(ms);
        let deadline_max = self.limits.deadline_max;
        if ms == 0 || deadline > deadline_max {
            let allowed = deadline_max.as_millis();
            let message = format!("field `deadline_ms` is {ms}; allowed: 1 to {allowed}");
            return Err(ApiError::impossible("invalid_deadline", message));
        }
        Ok(deadline)
    }
}

/// Parses a channel's wire name.
pub(super) fn channel(name: &str) -> Result<ChannelKind, ApiError> {
    ChannelKind::from_name(name).ok_or_else(|| {
        let found: String = name.chars().take(PROFILE_CHARS_MAX).collect();
        let allowed = ChannelKind::names();
        let message = format!("field `channel` is `{found}`; allowed: {allowed}");
        ApiError::impossible("unknown_channel", message)
    })
}

fn content(message: MessageBody) -> Result<Content, ApiError> {
    match (message.option_id, message.text) {
        (Some(option_id), text) => Ok(Content::Tap { option_id, text: text.unwrap_or_default() }),
        (None, Some(text)) => Ok(Content::Text(text)),
        (None, None) => Err(ApiError::impossible(
            "empty_message",
            "field `message`: set `message.text` or `message.option_id`",
        )),
    }
}

pub(super) fn optional_id<T>(
    field: &str,
    text: Option<String>,
    make: impl Fn(String) -> Result<T, IdError>,
) -> Result<Option<T>, ApiError> {
    text.map(|text| make(text).map_err(|error| ApiError::id(field, &error))).transpose()
}

pub(super) fn timestamp(text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        let found: String = text.chars().take(PROFILE_CHARS_MAX).collect();
        let message = format!(
            "field `message.sent_at` is `{found}`; expected an RFC 3339 time such as \
             2026-11-22T10:00:00Z"
        );
        ApiError::impossible("invalid_time", message)
    })
}

fn cart(lines: Vec<crate::http::wire::respond::CartLineBody>) -> Result<Vec<(Sku, u32)>, ApiError> {
    if lines.len() > CART_LINES_MAX {
        let found = lines.len();
        let message = format!("field `cart` has {found} lines; limit is {CART_LINES_MAX}");
        return Err(ApiError::impossible("cart_too_long", message));
    }
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let sku = Sku::new(line.sku)
                .map_err(|error| ApiError::id(&format!("cart[{index}].sku"), &error))?;
            if line.quantity == 0 {
                let message = format!("field `cart[{index}].quantity` is 0; allowed: 1 or more");
                return Err(ApiError::impossible("invalid_quantity", message));
            }
            Ok((sku, line.quantity))
        })
        .collect()
}

fn customer(body: CustomerBody) -> Result<Customer, ApiError> {
    if body.orders.len() > ORDERS_MAX {
        let found = body.orders.len();
        let message = format!("field `customer.orders` has {found} orders; limit is {ORDERS_MAX}");
        return Err(ApiError::impossible("too_many_orders", message));
    }
    let orders = body.orders.into_iter().map(|order| {
        Ok(Order {
            id: profile_text("customer.orders[].id", order.id)?,
            status: profile_text("customer.orders[].status", order.status)?,
            date: order
                .date
                .map(|date| profile_text("customer.orders[].date", date))
                .transpose()?,
            link: order
                .link
                .map(|link| profile_text("customer.orders[].link", link))
                .transpose()?,
        })
    });
    let ProfileBody { name, tier, last_purchase } = body.profile;
    let text = |field, text: Option<String>| text.map(|t| profile_text(field, t)).transpose();
    Ok(Customer {
        name: text("customer.name", name)?,
        tier: text("customer.tier", tier)?,
        last_purchase: text("customer.last_purchase", last_purchase)?,
        orders: orders.collect::<Result<_, ApiError>>()?,
        consents: Vec::new(),
        stopped: None,
    })
}

pub(super) fn profile_text(field: &str, text: String) -> Result<String, ApiError> {
    let chars = text.chars().count();
    if chars > PROFILE_CHARS_MAX {
        let message = format!("field `{field}` has {chars} characters; limit {PROFILE_CHARS_MAX}");
        return Err(ApiError::impossible("text_too_long", message));
    }
    Ok(text)
}
