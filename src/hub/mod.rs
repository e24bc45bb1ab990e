//! Model files: fetched from the Hugging Face Hub, laid in their folder, checked.
//!
//! Knows files, not what is in them. Reads no environment: addresses and tokens are handed in.

mod cache;
mod choice;
mod error;
pub mod layout;
mod listing;
pub mod pull;
mod transfer;
pub mod verify;

pub use error::HubError;

use std::path::Path;

/// Names of the models under a models folder; none when it cannot be read.
#[must_use]
pub fn names(models_dir: &Path) -> Vec<String> {
    let models = layout::list(models_dir).unwrap_or_default();
    models.into_iter().map(|model| model.name).collect()
}
