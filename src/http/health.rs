//! Operational routes: probes, metrics, the console page, and the fallbacks for unknown paths,
//! wrong methods and panicking handlers.

use crate::http::error::ApiError;
use crate::http::exposition;
use crate::http::state::App;
use axum::extract::Request;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use std::any::Any;
use std::sync::Arc;
use vitrine_base::log_queue;
use vitrine_base::memory;
use vitrine_base::telemetry;
use vitrine_engine::ModelStatus;

/// Answer of a probe that finds nothing wrong with the process.
pub(crate) const ALIVE: &str = "ok\n";

/// `GET /healthz`: 503 with the reason if only a restart helps: the drafting model's thread has
/// died, or the conversation file is damaged. A shutdown, or a disk that may have room again, is
/// not among these: [`ready`] reports it.
pub(crate) async fn alive(State(app): State<Arc<App>>) -> Result<&'static str, ApiError> {
    if let Err(error) = app.store.intake()
        && !error.may_recover()
    {
        return Err(error.into());
    }
    if let Some(model) = app.models.draft() {
        model.engine().check_alive()?;
    }
    Ok(ALIVE)
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
    metrics::counter!(telemetry::LOG_LINES_DROPPED_TOTAL).absolute(log_queue::dropped());
    let writable = if app.store.intake().is_ok() { 1.0 } else { 0.0 };
    metrics::gauge!(telemetry::STORE_WRITABLE).set(writable);
    metrics::counter!(telemetry::AUDIT_RECORDS_DROPPED_TOTAL).absolute(app.audit.dropped());
    let text = exposition::with_vllm_names(app.metrics.render());
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

/// Fallback for unknown paths.
pub(crate) async fn unknown(request: Request) -> ApiError {
    ApiError::NotFound { what: "path", id: request.uri().path().chars().take(200).collect() }
}

/// Fallback for known paths called with another method.
pub(crate) async fn wrong_method(request: Request) -> Response {
    ApiError::MethodNotAllowed { method: request.method().to_string() }.into_response()
}

/// Turns a panic of a handler into a 500. Only this request fails; the panic is a bug.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request handler panicked (a bug in vitrine)");
    ApiError::Panicked.into_response()
}
