//! The state of one name: the model that serves, one that loads, and those that drain.

use crate::engine::generation_model::GenerationModel;
use crate::engine::options::EngineOptions;
use crate::engine::registry::error::LoadFailure;
use crate::engine::registry::error::RegistryError;
use crate::engine::stats::EngineStats;
use crate::model::Footprint;
use jiff::Timestamp;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use tokio::sync::watch;
use vitrine_base::causes::chain;
use vitrine_base::units::Bytes;

/// Whether a loaded model becomes the drafter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The model becomes the drafter as soon as it is ready.
    Draft,
    /// The drafter stays the same.
    Beside,
}

/// What to load, and under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOrder {
    /// The model's name.
    pub name: String,
    /// The GGUF file or the folder of safetensors.
    pub path: PathBuf,
    /// Options of the model's engine.
    pub options: EngineOptions,
    /// Whether the model becomes the drafter.
    pub role: Role,
}

/// Decides on a model that was loaded and warmed, before it serves; gives the reason of a refusal.
pub type ModelCheck = Box<dyn FnOnce(&GenerationModel) -> Result<(), String> + Send>;

/// The state of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelState {
    /// The first model of the name is being loaded.
    Loading,
    /// It serves requests.
    Ready,
    /// It was unloaded and finishes the requests it accepted.
    Draining,
    /// Its load failed, or its engine stopped after a fatal error.
    Failed,
}

impl ModelState {
    /// The name of the state in API responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Draining => "draining",
            Self::Failed => "failed",
        }
    }
}

/// The status of one name.
#[derive(Debug, Clone)]
pub struct ModelStatus {
    /// The model's name.
    pub name: String,
    /// The model's state.
    pub state: ModelState,
    /// Why the engine or the last load failed; an older model may serve all the same. `None` if
    /// nothing failed.
    pub reason: Option<String>,
    /// Whether the model is the drafter.
    pub is_draft: bool,
    /// Whether a replacement is being loaded while the model serves.
    pub successor_loads: bool,
    /// Number of older models of this name that are draining.
    pub leaving: usize,
    /// The model that serves; `None` if there is none.
    pub serving: Option<ServingStatus>,
}

/// The model that serves under a name.
#[derive(Debug, Clone)]
pub struct ServingStatus {
    /// Total size of the model's files in bytes.
    pub bytes: u64,
    /// SHA-256 of the model's files, in hexadecimal.
    pub sha256: String,
    /// The memory that the model takes, by kind.
    pub footprint: Footprint,
    /// Maximum length of prompt and output together, in tokens.
    pub context_tokens_max: usize,
    /// When it began to serve.
    pub since: Timestamp,
    /// A snapshot of its engine's counters.
    pub stats: EngineStats,
}

/// File metadata that shows whether a file changed, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl FileStamp {
    pub(super) fn of(path: &Path) -> Result<Self, RegistryError> {
        let found = std::fs::metadata(path)
            .map_err(|cause| RegistryError::File { path: path.to_owned(), cause })?;
        Ok(Self {
            device: found.dev(),
            inode: found.ino(),
            bytes: found.len(),
            changed: (found.mtime(), found.mtime_nsec()),
        })
    }
}

/// A model that serves.
#[derive(Debug)]
pub(super) struct ServingModel {
    pub(super) order: LoadOrder,
    pub(super) stamp: FileStamp,
    pub(super) model: GenerationModel,
    /// When it began to serve.
    pub(super) since: Timestamp,
}

impl ServingModel {
    /// Whether loading `order` would yield this very model, and its engine is still alive.
    pub(super) fn is_same(&self, order: &LoadOrder, stamp: &FileStamp) -> bool {
        let same = self.order.path == order.path && self.order.options == order.options;
        same && self.stamp == *stamp && self.model.engine().check_alive().is_ok()
    }
}

/// How a load ended; `None` while it is in progress.
pub(super) type LoadOutcome = Option<Result<(), LoadFailure>>;

/// A load in progress.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) order: LoadOrder,
    pub(super) stamp: FileStamp,
    /// Whether the model is checked before it serves.
    pub(super) checked: bool,
    pub(super) outcome: watch::Receiver<LoadOutcome>,
}

/// Resident memory of the process before and after a model was unloaded. `None` where the system
/// does not report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnloadReport {
    /// Before the model was dropped.
    pub resident_before: Option<Bytes>,
    /// After freed memory was returned to the system.
    pub resident_after: Option<Bytes>,
}

/// A draining model.
#[derive(Debug)]
pub(super) struct DrainingModel {
    pub(super) id: u64,
    pub(super) gone: watch::Receiver<Option<UnloadReport>>,
}

/// The models of one name.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) serving: Option<ServingModel>,
    pub(super) loading: Option<Loading>,
    pub(super) leaving: Vec<DrainingModel>,
    /// Why the last load failed.
    pub(super) failure: Option<String>,
}

impl Slot {
    /// Number of models that serve, load or drain.
    pub(super) fn instances(&self) -> usize {
        usize::from(self.serving.is_some())
            + usize::from(self.loading.is_some())
            + self.leaving.len()
    }

    /// Whether the slot has neither models nor a failure.
    pub(super) fn is_empty(&self) -> bool {
        self.instances() == 0 && self.failure.is_none()
    }

    pub(super) fn status(&self, name: &str, is_draft: bool) -> ModelStatus {
        let engine_error = self.serving.as_ref().and_then(|served| {
            served.model.engine().check_alive().err().map(|error| chain(&error))
        });
        let state = match (&self.serving, &self.loading) {
            (Some(_), _) if engine_error.is_some() => ModelState::Failed,
            (Some(_), _) => ModelState::Ready,
            (None, Some(_)) => ModelState::Loading,
            (None, None) if self.leaving.is_empty() => ModelState::Failed,
            (None, None) => ModelState::Draining,
        };
        ModelStatus {
            name: name.to_owned(),
            state,
            reason: engine_error.or_else(|| self.failure.clone()),
            is_draft,
            successor_loads: self.serving.is_some() && self.loading.is_some(),
            leaving: self.leaving.len(),
            serving: self.serving.as_ref().map(|served| ServingStatus {
                bytes: served.model.bytes(),
                sha256: served.model.sha256().to_owned(),
                footprint: served.model.footprint(),
                context_tokens_max: served.model.context_tokens_max(),
                since: served.since,
                stats: served.model.engine().stats(),
            }),
        }
    }
}
