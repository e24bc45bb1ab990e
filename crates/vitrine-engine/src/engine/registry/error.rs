//! Errors of the registry: why a model was not found, loaded or unloaded.

use crate::engine::error::EngineError;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a load failed. Cloned to everything that waits for the load.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadFailure {
    /// The file was refused, memory does not suffice, or the model cannot run.
    #[error(transparent)]
    Refused(Arc<EngineError>),
    /// The model runs, but the check that was asked for refused it.
    #[error("{reason}")]
    Unfit {
        /// Why the check refused it.
        reason: String,
    },
    /// The loading thread panicked, which is a bug.
    #[error("the loading thread panicked")]
    Panic,
}

/// Why a model was not found, loaded or unloaded.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No model has this name.
    #[error("model `{name}` is not loaded; loaded: {loaded}")]
    Unknown {
        /// The name asked for, cut to 200 characters.
        name: String,
        /// The names that are loaded, separated by commas.
        loaded: String,
    },
    /// The model is being loaded; retry later.
    #[error("model `{name}` is still loading")]
    Loading {
        /// Name of the model.
        name: String,
    },
    /// The last load of the name failed and no older model serves under it.
    #[error("model `{name}` failed to load: {reason}")]
    Failed {
        /// Name of the model.
        name: String,
        /// The causes of the failure, joined in one line.
        reason: String,
    },
    /// A load of the name with another file or other options is in progress.
    #[error("another load of model `{name}` is under way")]
    Busy {
        /// Name of the model.
        name: String,
    },
    /// The limit `models.loaded_max` is reached.
    #[error("{instances} models are loaded, loading or draining, models.loaded_max allows no more")]
    TooMany {
        /// Number of models loaded, loading or draining.
        instances: usize,
    },
    /// The drafter can be replaced but not unloaded.
    #[error(
        "model `{name}` drafts the replies; load another one with `\"draft\": true` before \
         unloading it"
    )]
    InUse {
        /// Name of the model.
        name: String,
    },
    /// The model file cannot be accessed.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The thread that loads or drains a model could not be started.
    #[error("cannot start the thread that loads or unloads a model")]
    Thread {
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The load failed.
    #[error("model `{name}` could not be loaded")]
    Load {
        /// Name of the model.
        name: String,
        /// Why it failed.
        #[source]
        cause: LoadFailure,
    },
}
