//! Model files: fetched from the Hugging Face Hub, laid in their folder, checked.
//!
//! Knows files, not what is in them. Reads no environment: addresses and tokens are handed in.

mod error;
pub mod layout;
mod listing;
pub mod pull;
pub mod verify;

pub use error::HubError;
