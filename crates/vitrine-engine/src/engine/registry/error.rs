//! Why a model was not found, loaded or unloaded.

use crate::engine::error::EngineError;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a load failed; everybody who waits for it hears the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadFailure {
    /// The file was refused, memory does not suffice, or the model does not run.
    #[error(transparent)]
    Refused(Arc<EngineError>),
    /// Loading panicked: our bug.
    #[error("loading ended in a panic")]
    Panic,
}

/// Why a model was not found, loaded or unloaded.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No such name.
    #[error("model `{name}` is not loaded; loaded: {loaded}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that are.
        loaded: String,
    },
    /// It will be there soon.
    #[error("model `{name}` is still loading")]
    Loading {
        /// Its name.
        name: String,
    },
    /// Its last load failed and nothing serves in its place.
    #[error("model `{name}` failed to load: {reason}")]
    Failed {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Another load of the name, with another file or other options, is under way.
    #[error("another load of model `{name}` is under way")]
    Busy {
        /// The name.
        name: String,
    },
    /// Too many models at once.
    #[error(
        "{instances} models are loaded, loading or draining, which is what models.loaded_max allows"
    )]
    TooMany {
        /// How many there are.
        instances: usize,
    },
    /// The model of the turns cannot be taken away.
    #[error(
        "model `{name}` words the turns; load another one with `\"draft\": true` before it is \
         unloaded"
    )]
    InUse {
        /// Its name.
        name: String,
    },
    /// The file is not there.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The operating system gave no thread.
    #[error("cannot start the thread that loads or unloads a model")]
    Thread {
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The load failed.
    #[error("model `{name}` could not be loaded")]
    Load {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        cause: LoadFailure,
    },
}
