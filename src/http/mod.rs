//! The HTTP edge: the route table, and what the handlers share.

mod body;
mod catalog;
mod classify;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod guard;
mod health;
mod models;
mod openai;
mod respond;
mod suggest;
mod threads;
pub(crate) mod wire;

use crate::base::clock::SharedClock;
use crate::base::ids::TenantId;
use crate::catalog::Catalog;
use crate::engine::GenerationModel;
use crate::intent::IntentClassifier;
use crate::threads::ThreadStore;
use crate::turn::Gateway;
use axum::Router;
use axum::routing::get;
use axum::routing::post;
use guard::KeyHash;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Limits of the edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpLimits {
    pub(crate) body_bytes_max: usize,
    pub(crate) requests_in_flight_max: usize,
    pub(crate) request_texts_max: usize,
    pub(crate) deadline_max: Duration,
}

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) gateway: Gateway,
    pub(crate) tenant: TenantId,
    pub(crate) store: Arc<dyn ThreadStore>,
    pub(crate) classifier: Arc<IntentClassifier>,
    pub(crate) encoder_name: String,
    pub(crate) generator: GenerationModel,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: SharedClock,
    pub(crate) limits: HttpLimits,
    pub(crate) api_keys: Vec<KeyHash>,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) phase: PhaseCell,
}

/// Where in its life the gateway is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Models are being warmed.
    Starting = 0,
    /// Turns are answered.
    Ready = 1,
    /// The last turns are answered, new ones are refused.
    Draining = 2,
}

/// The phase, changed by `app` and read by every probe.
#[derive(Debug, Default)]
pub(crate) struct PhaseCell(AtomicU8);

impl PhaseCell {
    /// Moves on.
    pub(crate) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    /// Where we are.
    pub(crate) fn get(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Ready,
            _ => Phase::Draining,
        }
    }
}

/// The route table.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/respond", post(respond::respond))
        .route("/v1/respond", post(respond::respond))
        .route("/v1/classify", post(classify::classify))
        .route("/v1/suggest", post(suggest::suggest))
        .route("/v1/embeddings", post(openai::embeddings::embeddings))
        .route("/v1/chat/completions", post(openai::chat))
        .route("/v1/completions", post(openai::completions))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{name}", get(models::show))
        .route("/v1/threads/{id}", get(threads::show).delete(threads::erase))
        .route("/v1/catalog/search", get(catalog::search))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::openapi))
        .route("/", get(health::console))
        .fallback(health::unknown)
        .method_not_allowed_fallback(health::wrong_method)
        .layer(CatchPanicLayer::custom(health::panicked))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&app), guard::guard))
        .with_state(app)
}
