//! The HTTP edge: the route table, and what the handlers share.

mod body;
mod catalog;
mod classify;
mod door;
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

pub(crate) use door::Door;
pub(crate) use models::LoadPaths;
pub(crate) use models::ModelShelf;

use crate::base::clock::SharedClock;
use crate::base::ids::TenantId;
use crate::base::memory::Grant;
use crate::base::memory::MemoryLedger;
use crate::catalog::Catalog;
use crate::engine::ModelRegistry;
use crate::intent::IntentClassifier;
use crate::threads::ThreadStore;
use crate::turn::Gateway;
use axum::Router;
use axum::routing::get;
use axum::routing::post;
use guard::KeyHash;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
    pub(crate) models: Arc<ModelRegistry>,
    pub(crate) memory: Arc<MemoryLedger>,
    pub(crate) shelf: ModelShelf,
    /// Memory of the encoder and of the conversations, granted as long as they are there.
    #[expect(dead_code, reason = "dropping them is their purpose")]
    pub(crate) grants: Vec<Grant>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: SharedClock,
    pub(crate) limits: HttpLimits,
    pub(crate) api_keys: Vec<KeyHash>,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) draining: Draining,
}

/// Whether the gateway is going down: set by `app`, read by every probe. One that is still coming
/// up has no [`App`] yet and is answered for by the [`Door`].
#[derive(Debug, Default)]
pub(crate) struct Draining(AtomicBool);

impl Draining {
    /// From now on probes send nobody here.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it began.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
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
        .route("/v1/models/load", post(models::load))
        .route("/v1/models/unload", post(models::unload))
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
