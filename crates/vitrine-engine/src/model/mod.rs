//! Model weights and the forward pass: loads model files into shapes and tensors, and computes
//! packed batches of token rows.
//!
//! Refuses scheduling (see `engine`) and text (see `text`): input and output are token ids and
//! numbers.

#[cfg(test)]
mod candle_oracle;
mod checkpoint;
mod cores;
mod decoder;
mod decoder_options;
mod encoder;
mod error;
mod executor;
#[cfg(test)]
pub(crate) mod fixture;
mod footprint;
mod forward;
mod gguf;
mod kv_pages;
mod kv_type;
mod layout;
mod likeliest;
mod open;
mod quantize;
mod rope;
mod shape;
mod step_input;
mod weights;

pub use candle_core::Device;
pub use checkpoint::SafetensorsError;
pub use decoder::kv_page_bytes;
pub use decoder::load_decoder;
pub use decoder_options::DecoderOptions;
pub use decoder_options::ExecutorChoice;
pub use encoder::Adaptation;
pub use encoder::ENCODER_PRECISIONS;
pub use encoder::Encoder;
pub use encoder::EncoderLearner;
pub use encoder::EncoderOptions;
pub use encoder::EncoderPrecision;
pub use encoder::PreparedText;
pub use error::ModelError;
pub use footprint::Footprint;
pub use footprint::footprint;
pub use forward::Forward;
pub use forward::ForwardLimits;
pub use forward::Logits;
pub use gguf::GgufError;
pub use gguf::GgufFile;
pub use kv_type::KvType;
pub(crate) use likeliest::Likeliest;
pub(crate) use open::open_model;
pub use quantize::Quantization;
pub use step_input::Segment;
pub use step_input::StepInput;
pub use step_input::Wanted;
pub(crate) use weights::return_freed_memory;
