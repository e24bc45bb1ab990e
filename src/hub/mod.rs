//! Model files: download from the Hugging Face Hub, layout on disk, verification.
//!
//! Does not interpret weights. Does not read environment variables: endpoint and token are
//! parameters.

mod cache;
mod choice;
mod error;
mod gguf_name;
pub(crate) mod layout;
mod listing;
mod options;
mod part;
pub(crate) mod pull;
mod transfer;
pub(crate) mod verify;

pub(crate) use error::HubError;
