//! Middleware in front of every route: request ids, keys and scopes, the tenant's rate limit, the
//! limit on requests in flight, and the request counter.

use crate::http::access::Access;
use crate::http::access::AccessRule;
use crate::http::browser;
use crate::http::error::ApiError;
use crate::http::keys;
use crate::http::keys::Caller;
use crate::http::request_id;
use crate::http::state::App;
use axum::extract::FromRequestParts;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::telemetry;

/// Probes may address the gateway by any name: they read nothing, and orchestrators choose the name.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// What the guard checks requests against.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub(crate) app: Arc<App>,
    /// Looks up what a route requires.
    pub(crate) access: AccessRule,
}

/// Assigns a request id, checks key, rate and limits, runs the handler and counts the response.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let id = request_id::of(&request, guard.app.clock.as_ref());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let response = request_id::scope(id, answer(guard, request, next)).await;
    let status = response.status().as_u16().to_string();
    metrics::counter!(telemetry::HTTP_REQUESTS_TOTAL, "route" => route, "status" => status)
        .increment(1);
    response
}

async fn answer(guard: Guard, mut request: Request, next: Next) -> Response {
    let Guard { app, access } = guard;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let access = access(request.method(), path);
    if app.keys.is_open()
        && !PROBES.contains(&path)
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

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        // Inserted by `answer`, which refuses requests without a valid key.
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}
