//! What stands before every route: request ids, API keys, the bound on requests in flight.

use crate::base::telemetry;
use crate::http::App;
use crate::http::error::ApiError;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;

/// Header that carries the request id both ways.
const REQUEST_ID_HEADER: &str = "x-request-id";

/// Longest request id that a caller may give, bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Paths that need no key: probes of the machine's own supervisor.
const OPEN_PATHS: [&str; 3] = ["/healthz", "/readyz", "/"];

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request that this task answers; empty outside of one.
pub(crate) fn current_request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// SHA-256 of an API key: keys are compared and kept as hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyHash([u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyHash(…)")
    }
}

impl KeyHash {
    /// Hashes a key.
    pub(crate) fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

/// Gives the request an id, checks its key, counts it in and out.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let answered = REQUEST_ID.scope(id.clone(), answer(app, request, next));
    let response = answered.await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(telemetry::HTTP_REQUESTS_TOTAL, "route" => route, "status" => status)
        .increment(1);
    named(response, &id)
}

/// Answers a request that came before the gateway could answer it, under its id.
pub(crate) async fn refuse(request: Request, error: ApiError) -> Response {
    let id = request_id(&request);
    let response = REQUEST_ID.scope(id.clone(), async { error.into_response() }).await;
    named(response, &id)
}

fn named(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

async fn answer(app: Arc<App>, request: Request, next: Next) -> Response {
    let open = OPEN_PATHS.contains(&request.uri().path());
    if open {
        return next.run(request).await;
    }
    if !is_authorized(&app.api_keys, &request) {
        return ApiError::Unauthorized.into_response();
    }
    let Ok(_permit) = app.in_flight.clone().try_acquire_owned() else {
        let in_flight_max = app.limits.requests_in_flight_max;
        return ApiError::Busy { in_flight_max }.into_response();
    };
    next.run(request).await
}

fn is_authorized(keys: &[KeyHash], request: &Request) -> bool {
    if keys.is_empty() {
        return true;
    }
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    // Hashes of the same length are compared, so that timing tells nothing about a key.
    given.is_some_and(|key| keys.contains(&KeyHash::of(key.trim())))
}

fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX => id.to_owned(),
        _ => uuid::Uuid::now_v7().to_string(),
    }
}
