//! Middleware in front of every route: request ids, keys and scopes, the tenant's rate limit, the
//! limit on requests in flight, and the request counter.

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::routes;
use crate::http::routes::Access;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::clock::Clock;
use vitrine_base::ids::time_ordered_id;
use vitrine_base::telemetry;

/// Header of the request id, in requests and responses.
const REQUEST_ID_HEADER: &str = "x-request-id";

/// Longest request id accepted from a client, in bytes; longer ones are replaced.
const REQUEST_ID_BYTES_MAX: usize = 64;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Id of the request that the current task handles; empty outside a request.
pub(crate) fn current_request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Assigns a request id, checks key, rate and limits, runs the handler and counts the response.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id(&request, app.clock.as_ref());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let answered = REQUEST_ID.scope(id.clone(), answer(app, request, next));
    let response = answered.await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(telemetry::HTTP_REQUESTS_TOTAL, "route" => route, "status" => status)
        .increment(1);
    with_request_id(response, &id)
}

/// Answers a request with `error`, for requests that arrive before the routes exist.
pub(crate) async fn refuse(request: Request, error: ApiError, clock: &dyn Clock) -> Response {
    let id = request_id(&request, clock);
    let response = REQUEST_ID.scope(id.clone(), async { error.into_response() }).await;
    with_request_id(response, &id)
}

fn with_request_id(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

async fn answer(app: Arc<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let access = routes::access(request.method(), path);
    if access == Access::Open {
        return next.run(request).await;
    }
    let Some(caller) = app.keys.caller(bearer(&request)) else {
        return ApiError::Unauthorized.into_response();
    };
    if let Access::Needs(scope) = access
        && !caller.scopes.contains(scope)
    {
        return ApiError::Forbidden { scope: scope.name() }.into_response();
    }
    if let Err(retry_after) = app.rates.take(&caller.tenant, app.clock.instant()) {
        let tenant = caller.tenant.to_string();
        metrics::counter!(telemetry::RATE_LIMITED_TOTAL, "tenant" => tenant).increment(1);
        return ApiError::RateLimited { retry_after }.into_response();
    }
    let Ok(_permit) = app.in_flight.clone().try_acquire_owned() else {
        let in_flight_max = app.limits.requests_in_flight_max;
        return ApiError::Busy { in_flight_max }.into_response();
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn request_id(request: &Request, clock: &dyn Clock) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX => id.to_owned(),
        _ => time_ordered_id(clock.now()).to_string(),
    }
}
