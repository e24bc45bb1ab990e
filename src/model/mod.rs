//! Weights and the forward pass: files become shapes and tensors, packed rows become numbers.
//!
//! Never decides who runs (that is `engine`), never sees text (that is `text`).

mod encoder;
mod error;
mod weights;

pub use encoder::Encoder;
pub use error::ModelError;
pub use weights::MappedFile;

pub use candle_core::Device;
