//! What stands behind one name: the model that serves, one that loads, those that leave.

use crate::engine::generation_model::GenerationModel;
use crate::engine::options::EngineOptions;
use crate::engine::registry::error::LoadFailure;
use crate::engine::registry::error::RegistryError;
use crate::engine::stats::EngineStats;
use crate::model::Footprint;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use tokio::sync::watch;
use vitrine_base::causes::chain;
use vitrine_base::units::Bytes;

/// Whether a load changes who words the turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The model words the turns once it is ready.
    Draft,
    /// Whoever words them stays.
    Beside,
}

/// What to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOrder {
    /// The name it will go by.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its engine's limits.
    pub options: EngineOptions,
    /// Whether it will word the turns.
    pub role: Role,
}

/// Where in its life a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelState {
    /// Nothing serves under the name yet.
    Loading,
    /// It serves.
    Ready,
    /// It finishes what it accepted and takes nothing new.
    Draining,
    /// Its load failed, or its engine died.
    Failed,
}

impl ModelState {
    /// The wire name.
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

/// One name as it stands.
#[derive(Debug, Clone)]
pub struct ModelStatus {
    /// The name.
    pub name: String,
    /// Where in its life it is.
    pub state: ModelState,
    /// Why it failed, or why its last load did while an older model serves on.
    pub reason: Option<String>,
    /// Whether it words the turns.
    pub is_draft: bool,
    /// Whether a successor is being loaded beside it.
    pub successor_loads: bool,
    /// Older models of this name that still finish what they accepted.
    pub leaving: usize,
    /// The model that serves.
    pub serving: Option<ServingStatus>,
}

/// The model that serves under a name.
#[derive(Debug, Clone)]
pub struct ServingStatus {
    /// Size of its file.
    pub bytes: u64,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// What it takes in memory.
    pub footprint: Footprint,
    /// Longest prompt and output together, tokens.
    pub context_tokens_max: usize,
    /// Its engine's numbers.
    pub stats: EngineStats,
}

/// What tells two versions of a file apart without reading it.
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
pub(super) struct Served {
    pub(super) order: LoadOrder,
    pub(super) stamp: FileStamp,
    pub(super) model: GenerationModel,
}

impl Served {
    /// Whether loading `order` would give the same again.
    pub(super) fn is_what(&self, order: &LoadOrder, stamp: &FileStamp) -> bool {
        let same = self.order.path == order.path && self.order.options == order.options;
        same && self.stamp == *stamp && self.model.engine().check_alive().is_ok()
    }
}

/// How a load ended; `None` while it runs.
pub(super) type Outcome = Option<Result<(), LoadFailure>>;

/// A load under way.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) order: LoadOrder,
    pub(super) stamp: FileStamp,
    pub(super) outcome: watch::Receiver<Outcome>,
}

/// Resident memory of the process before and after a model left, where the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freed {
    /// Before.
    pub resident_before: Option<Bytes>,
    /// After.
    pub resident_after: Option<Bytes>,
}

/// A model that takes nothing new.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) id: u64,
    pub(super) gone: watch::Receiver<Option<Freed>>,
}

/// What stands behind a name.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) serving: Option<Served>,
    pub(super) loading: Option<Loading>,
    pub(super) leaving: Vec<Leaving>,
    /// Why the last load failed.
    pub(super) failure: Option<String>,
}

impl Slot {
    /// Models in memory or on their way.
    pub(super) fn instances(&self) -> usize {
        usize::from(self.serving.is_some())
            + usize::from(self.loading.is_some())
            + self.leaving.len()
    }

    /// Whether nothing is left to tell about the name.
    pub(super) fn is_empty(&self) -> bool {
        self.instances() == 0 && self.failure.is_none()
    }

    pub(super) fn status(&self, name: &str, is_draft: bool) -> ModelStatus {
        let death = self.serving.as_ref().and_then(|served| {
            served.model.engine().check_alive().err().map(|error| chain(&error))
        });
        let state = match (&self.serving, &self.loading) {
            (Some(_), _) if death.is_some() => ModelState::Failed,
            (Some(_), _) => ModelState::Ready,
            (None, Some(_)) => ModelState::Loading,
            (None, None) if self.leaving.is_empty() => ModelState::Failed,
            (None, None) => ModelState::Draining,
        };
        ModelStatus {
            name: name.to_owned(),
            state,
            reason: death.or_else(|| self.failure.clone()),
            is_draft,
            successor_loads: self.serving.is_some() && self.loading.is_some(),
            leaving: self.leaving.len(),
            serving: self.serving.as_ref().map(|served| ServingStatus {
                bytes: served.model.bytes(),
                sha256: served.model.sha256().to_owned(),
                footprint: served.model.footprint(),
                context_tokens_max: served.model.context_tokens_max(),
                stats: served.model.engine().stats(),
            }),
        }
    }
}
