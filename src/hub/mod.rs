//! Model files: download from the Hugging Face Hub, layout on disk, verification.
//!
//! Does not interpret weights. Does not read environment variables: endpoint and token are
//! parameters.

mod cache;
mod choice;
mod error;
pub mod layout;
mod listing;
mod options;
pub mod pull;
mod transfer;
pub mod verify;

pub use error::HubError;

use std::path::Path;

/// Names of the models in the models folder; empty if it cannot be read.
#[must_use]
pub fn names(models_dir: &Path) -> Vec<String> {
    let models = layout::list(models_dir).unwrap_or_default();
    models.into_iter().map(|model| model.name).collect()
}
