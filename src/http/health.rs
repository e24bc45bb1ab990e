//! Operational routes: probes, metrics, the OpenAPI document, the console page, and the fallbacks
//! for unknown paths, wrong methods and panicking handlers.

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::routes::Access;
use crate::http::routes::ROUTES;
use crate::http::routes::Verb;
use crate::http::wire;
use axum::Json;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use std::any::Any;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::Http;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::SecurityScheme;
use vitrine_base::memory;
use vitrine_base::telemetry;
use vitrine_engine::ModelStatus;

/// Name of the API key scheme in the OpenAPI document.
const KEY_SCHEME: &str = "api_key";

/// `GET /healthz`: 200 as long as the process runs.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 if the models are warm, the engine and the store work, and no shutdown is in
/// progress.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    if app.draining.has_begun() {
        return Err(ApiError::Unavailable { state: "draining" });
    }
    app.store.intake()?;
    match app.models.draft() {
        Some(model) => model.engine().check_alive()?,
        None => return Err(ApiError::Unavailable { state: "without a drafting model" }),
    }
    Ok("ready\n")
}

/// Metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics",
    responses((status = 200, description = "Prometheus text", body = String))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    app.models.list().iter().for_each(show_model);
    show_memory(&app);
    let text = app.metrics.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

#[expect(clippy::cast_precision_loss, reason = "gauges hold small counts")]
fn show_model(status: &ModelStatus) {
    let Some(serving) = &status.serving else { return };
    let stats = serving.stats;
    let usage = stats.pages_used as f64 / stats.pages_total.max(1) as f64;
    let gauges = [
        (telemetry::SEQUENCES_RUNNING, stats.running as f64),
        (telemetry::SEQUENCES_WAITING, stats.waiting as f64),
        (telemetry::KV_CACHE_USAGE, usage),
    ];
    for (name, value) in gauges {
        metrics::gauge!(name, "model" => status.name.clone()).set(value);
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges need no exact byte counts")]
fn show_memory(app: &App) {
    let report = app.memory.report();
    for (account, bytes) in report.accounts {
        metrics::gauge!(telemetry::MEMORY_TAKEN_BYTES, "account" => account.name())
            .set(bytes.0 as f64);
    }
    for limit in report.limits {
        metrics::gauge!(telemetry::MEMORY_LIMIT_BYTES, "limit" => limit.key)
            .set(limit.bytes_max.0 as f64);
    }
    if let Some(resident) = memory::resident() {
        metrics::gauge!(telemetry::RESIDENT_BYTES).set(resident.0 as f64);
    }
}

/// `GET /`: a page for trying the gateway by hand.
pub(crate) async fn console() -> Html<&'static str> {
    Html(include_str!("console.html"))
}

/// Paths and schemas of the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "vitrine", license(name = "Apache-2.0")),
    paths(
        crate::http::respond::respond,
        crate::http::turns::accept,
        crate::http::turns::dead,
        crate::http::classify::classify,
        crate::http::suggest::suggest,
        crate::http::openai::chat,
        crate::http::openai::completions,
        crate::http::openai::embeddings::embeddings,
        crate::http::models::list,
        crate::http::models::show,
        crate::http::models::load,
        crate::http::models::unload,
        crate::http::threads::show,
        crate::http::threads::erase,
        crate::http::threads::handoff,
        crate::http::threads::release,
        crate::http::threads::message,
        crate::http::customers::put,
        crate::http::customers::show,
        crate::http::customers::erase,
        crate::http::customers::export,
        crate::http::customers::facts,
        crate::http::customers::consent,
        crate::http::customers::link,
        crate::http::customers::unlink,
        crate::http::catalog::search,
        crate::http::health::metrics,
    ),
    components(schemas(wire::ErrorBody))
)]
struct Description;

/// Builds the OpenAPI document; each operation lists the scope that the route table requires.
pub(crate) fn description() -> OpenApi {
    let mut description = <Description as utoipa::OpenApi>::openapi();
    let scheme = Http::new(HttpAuthScheme::Bearer);
    description
        .components
        .get_or_insert_default()
        .add_security_scheme(KEY_SCHEME, SecurityScheme::Http(scheme));
    // `/v1/respond` is an alias and has no annotation of its own.
    if let Some(respond) = description.paths.paths.get("/respond").cloned() {
        description.paths.paths.insert("/v1/respond".to_owned(), respond);
    }
    for route in ROUTES {
        let Some(item) = description.paths.paths.get_mut(route.path) else { continue };
        let operation = match route.verb {
            Verb::Get => &mut item.get,
            Verb::Post => &mut item.post,
            Verb::Put => &mut item.put,
            Verb::Delete => &mut item.delete,
        };
        if let (Some(operation), Access::Needs(scope)) = (operation, route.access) {
            operation.security = Some(vec![SecurityRequirement::new(KEY_SCHEME, [scope.name()])]);
        }
    }
    description
}

/// `GET /openapi.json`: the OpenAPI 3.1 document.
pub(crate) async fn openapi() -> Response {
    Json(description()).into_response()
}

/// Fallback for unknown paths.
pub(crate) async fn unknown(request: Request) -> ApiError {
    ApiError::NotFound { what: "path", id: request.uri().path().chars().take(200).collect() }
}

/// Fallback for known paths called with another method.
pub(crate) async fn wrong_method(request: Request) -> Response {
    let message = format!("method {} is not allowed on this path", request.method());
    let mut response = ApiError::malformed(message).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// Turns a panic of a handler into a 500. Only this request fails; the panic is a bug.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request handler panicked (a bug in vitrine)");
    let mut response =
        ApiError::Unavailable { state: "unable to answer this request" }.into_response();
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
