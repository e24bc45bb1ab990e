//! Middleware in front of every route: request ids, keys and scopes, the tenant's rate limit, the
//! limits on bodies and on requests in flight, draining, the access log and the request counter.

use crate::http::access::Access;
use crate::http::access::AccessRule;
use crate::http::access_log::AccessRecord;
use crate::http::audit::ActRequest;
use crate::http::browser;
use crate::http::connection::OnConnection;
use crate::http::error::ApiError;
use crate::http::held;
use crate::http::held::Held;
use crate::http::incoming;
use crate::http::keys;
use crate::http::keys::Caller;
use crate::http::keys::KeyHash;
use crate::http::request_id;
use crate::http::state::App;
use crate::http::transport::TransportError;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::telemetry;

/// Paths that tell how the gateway is. They are answered while it drains, and under any name of the
/// host: orchestrators choose the name.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The route that shows metrics; it needs no slot, so that a busy gateway can be observed.
const METRICS: &str = "/metrics";

/// Longest method in the access log, in characters: clients may send any word.
const METHOD_CHARS_MAX: usize = 16;

/// What the guard checks requests against.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) app: Arc<App>,
    /// Looks up what a route requires.
    pub(crate) access: AccessRule,
}

/// Assigns a request id, checks key, rate and limits, runs the handler, and counts and logs the
/// answer.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let app = Arc::clone(&guard.app);
    let id = request_id::of(&request, app.clock.as_ref());
    let is_logged = app.limits.access_log && !PROBES.contains(&route(&request));
    let mut record = AccessRecord::begin(&app.clock, is_logged);
    record.route = route(&request).to_owned();
    record.method = request.method().as_str().chars().take(METHOD_CHARS_MAX).collect();
    record.request_id.clone_from(&id);
    let mut held = Held { running: None, slot: None, act: None, record };
    request_id::scope(id, async {
        let response = answer(guard, request, next, &mut held).await;
        let route = held.record.route.clone();
        held.record.status = response.status().as_u16();
        if let Some(act) = &mut held.act {
            act.status = held.record.status;
        }
        let status = held.record.status.to_string();
        metrics::counter!(telemetry::HTTP_REQUESTS_TOTAL, "route" => route, "status" => status)
            .increment(1);
        held::hold(response, held, app.draining.cut_off())
    })
    .await
}

/// The pattern that matched the path; never the path itself, which may hold a customer's id.
fn route(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str)
}

async fn answer(guard: Guard, request: Request, next: Next, held: &mut Held) -> Response {
    let Guard { app, access } = guard;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if PROBES.contains(&path) {
        return next.run(request).await;
    }
    if app.draining.has_begun() {
        return draining();
    }
    let (access, needs_slot) = (access(request.method(), path), path != METRICS);
    if app.keys.is_open()
        && let Err(refused) = browser::check(&request)
    {
        return refused.into_response();
    }
    if access == Access::Open {
        return next.run(request).await;
    }
    let Some(caller) = app.keys.caller(keys::bearer(request.headers())) else {
        return ApiError::Unauthorized.into_response();
    };
    held.record.tenant = Some(caller.tenant.clone());
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
    let (mut request, body) = match arrived(&app, request).await {
        Ok(arrived) => arrived,
        Err(refused) => return refused,
    };
    // Counted before the second look, so that a shutdown either waits for it or refuses it.
    held.running = Some(app.draining.enter());
    if app.draining.has_begun() {
        return draining();
    }
    if needs_slot {
        let slot = match app.slots.take(&caller.tenant) {
            Ok(slot) => slot,
            Err(no_slot) => return ApiError::from(TransportError::Busy(no_slot)).into_response(),
        };
        if let Some(OnConnection(progress)) = request.extensions().get() {
            progress.hold(&slot);
        }
        held.slot = Some(slot);
    }
    held.act = app.audit.act(&ActRequest {
        method: request.method(),
        route: &held.record.route,
        path: request.uri().path(),
        body: &body,
        caller: &caller,
        key: keys::bearer(request.headers())
            .filter(|_| !app.keys.is_open())
            .map(|key| KeyHash::of(key).short()),
        request_id: &held.record.request_id,
    });
    request.extensions_mut().insert(caller);
    tokio::select! {
        response = next.run(request) => response,
        () = app.draining.cut_off() => draining(),
    }
}

fn draining() -> Response {
    ApiError::Unavailable { state: "draining" }.into_response()
}

/// The request with its whole body, and the body.
async fn arrived(app: &App, request: Request) -> Result<(Request, Bytes), Response> {
    let (parts, body) = request.into_parts();
    match incoming::body(&parts.headers, body, &app.limits, app.clock.as_ref()).await {
        Ok(bytes) => Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes)),
        Err(error) => {
            // The rest of the body may still be on its way.
            let mut response = error.into_response();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            Err(response)
        }
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        // Inserted by `answer`, which refuses requests without a valid key.
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}
