//! The state that handlers share: stores, models, limits and keys.

use crate::delivery::outbox::Outbox;
use crate::http::audit::Audit;
use crate::http::drain::Draining;
use crate::http::keys::KeyRing;
use crate::http::rate::RateLimits;
use crate::http::slots::Slots;
use crate::turn::TurnPipeline;
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;
use vitrine_base::memory::Grant;
use vitrine_base::memory::MemoryLedger;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::Upkeep;
use vitrine_engine::CacheOwner;
use vitrine_engine::EngineOptions;
use vitrine_engine::GenerationModel;
use vitrine_engine::ModelRegistry;
use vitrine_intent::IntentClassifier;

/// Request limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpLimits {
    pub(crate) body_bytes_max: usize,
    pub(crate) requests_in_flight_max: usize,
    /// Requests of one tenant at the same time.
    pub(crate) tenant_in_flight_max: usize,
    /// Longest pause between two pieces of a body.
    pub(crate) body_idle_max: Duration,
    /// Longest time for a whole body.
    pub(crate) body_time_max: Duration,
    /// Whether each request is written to the log.
    pub(crate) access_log: bool,
    pub(crate) request_texts_max: usize,
    pub(crate) deadline_max: Duration,
    pub(crate) unknown_fields: UnknownFields,
}

/// What happens to a request whose body has a field that the route does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownFields {
    /// The request is refused, with the name of the field.
    Refuse,
    /// The field is ignored, and the header `Vitrine-Ignored` of the answer lists it.
    Warn,
}

/// Where models are loaded from, and with which limits.
#[derive(Debug, Clone)]
pub(crate) struct ModelLoading {
    pub(crate) models_dir: PathBuf,
    /// Folders from which a request may load models by path.
    pub(crate) load_folders: Vec<PathBuf>,
    /// Engine limits for every field that a request leaves out.
    pub(crate) options: EngineOptions,
    /// Largest values that a request may set, the same as in the configuration.
    pub(crate) bounds: LoadBounds,
    /// Longest wait for an unloaded model to drain before the request is answered anyway.
    pub(crate) drain_max: Duration,
}

/// Largest values of a load request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadBounds {
    pub(crate) context_tokens: u64,
    /// Also the largest number of sequences.
    pub(crate) step_tokens: u64,
}

/// Builds the pipeline that would answer if a model drafted its replies. Its conversations are kept
/// in memory only, and its offers reach every customer. Gives the reason if the model cannot draft.
pub(crate) type TrialPipeline =
    Box<dyn Fn(&TurnPipeline, GenerationModel) -> Result<TurnPipeline, String> + Send + Sync>;

/// The shop's conversation tests, which a model may have to pass before it serves.
pub(crate) struct ModelTests {
    pub(crate) files: Vec<PathBuf>,
    /// Smallest share of turns, and of goals, that must pass.
    pub(crate) floor: f64,
    pub(crate) pipeline: TrialPipeline,
}

impl std::fmt::Debug for ModelTests {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ModelTests").field("files", &self.files).finish_non_exhaustive()
    }
}

/// State shared by all handlers.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) gateway: TurnPipeline,
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) customers: Arc<dyn CustomerStore>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) upkeep: Upkeep,
    /// Pause between two attempts to write again after a failure of the disk.
    pub(crate) store_retry: Duration,
    pub(crate) classifier: Arc<IntentClassifier>,
    pub(crate) encoder_name: String,
    pub(crate) models: Arc<ModelRegistry>,
    pub(crate) memory: Arc<MemoryLedger>,
    pub(crate) model_loading: ModelLoading,
    pub(crate) model_tests: ModelTests,
    /// Memory grants of the encoder and the conversation cache; released when dropped.
    #[expect(dead_code, reason = "held for their destructors")]
    pub(crate) grants: Vec<Grant>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: SharedClock,
    pub(crate) started_at: Timestamp,
    pub(crate) limits: HttpLimits,
    pub(crate) keys: KeyRing,
    pub(crate) rates: RateLimits,
    pub(crate) slots: Slots,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) draining: Draining,
    pub(crate) audit: Audit,
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
