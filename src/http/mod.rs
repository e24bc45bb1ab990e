//! The HTTP layer. This file holds the state that handlers share; the route table is in `routes`.
//!
//! Nothing outside this module knows a status code.

mod body;
pub(crate) mod callback_sender;
mod catalog;
mod classify;
mod customers;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod guard;
mod health;
pub(crate) mod keys;
mod models;
mod openai;
pub(crate) mod outbox;
pub(crate) mod rate;
mod respond;
mod routes;
mod startup;
mod suggest;
mod threads;
mod turns;
pub(crate) mod wire;

pub(crate) use models::LoadPaths;
pub(crate) use models::ModelLoading;
pub(crate) use startup::StartupGate;

use crate::catalog::Catalog;
use crate::turn::TurnPipeline;
use keys::KeyRing;
use metrics_exporter_prometheus::PrometheusHandle;
use outbox::Outbox;
use rate::RateLimits;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;
use vitrine_base::memory::Grant;
use vitrine_base::memory::MemoryLedger;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::Upkeep;
use vitrine_engine::CacheOwner;
use vitrine_engine::ModelRegistry;
use vitrine_intent::IntentClassifier;

pub(crate) use routes::router;

/// Request limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpLimits {
    pub(crate) body_bytes_max: usize,
    pub(crate) requests_in_flight_max: usize,
    pub(crate) request_texts_max: usize,
    pub(crate) deadline_max: Duration,
}

/// State shared by all handlers.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) gateway: TurnPipeline,
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) customers: Arc<dyn CustomerStore>,
    pub(crate) outbox: Outbox,
    pub(crate) upkeep: Upkeep,
    pub(crate) classifier: Arc<IntentClassifier>,
    pub(crate) encoder_name: String,
    pub(crate) models: Arc<ModelRegistry>,
    pub(crate) memory: Arc<MemoryLedger>,
    pub(crate) model_loading: ModelLoading,
    /// Memory grants of the encoder and the conversation cache; released when dropped.
    #[expect(dead_code, reason = "held for their destructors")]
    pub(crate) grants: Vec<Grant>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: SharedClock,
    pub(crate) limits: HttpLimits,
    pub(crate) keys: KeyRing,
    pub(crate) rates: RateLimits,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) draining: Draining,
}

impl App {
    /// Drops all KV pages cached for a tenant, in every serving model. Prompts contain customers'
    /// words, and cached pages are not tracked by customer, so an erasure drops all of them.
    pub(crate) async fn drop_cached_prompts(&self, tenant: &TenantId) {
        for model in self.models.serving() {
            model.engine().forget_cached(CacheOwner::of(tenant)).await;
        }
    }
}

/// Whether a shutdown has begun; set by `app`, read by the readiness probe. During startup there is
/// no [`App`] yet, and the [`StartupGate`] answers instead.
#[derive(Debug, Default)]
pub(crate) struct Draining(AtomicBool);

impl Draining {
    /// Makes readiness probes fail from now on, so that load balancers stop sending requests.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether a shutdown has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
