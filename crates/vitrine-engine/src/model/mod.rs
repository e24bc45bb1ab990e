//! Model weights and the forward pass: loads model files into shapes and tensors, and computes
//! packed batches of token rows.
//!
//! Refuses scheduling (see `engine`) and text (see `text`): input and output are token ids and
//! numbers.

#[cfg(test)]
mod candle_oracle;
mod checkpoint;
mod decoder;
mod encoder;
mod error;
mod executor;
#[cfg(test)]
pub(crate) mod fixture;
mod footprint;
mod forward;
mod gguf;
mod kv_pages;
mod layout;
mod likeliest;
mod open;
mod quantize;
mod rope;
mod shape;
mod step_input;
mod weights;

use std::sync::Arc;
use std::sync::LazyLock;
use vitrine_kernels::pool::Cores;

pub use candle_core::Device;
pub use checkpoint::SafetensorsError;
pub use decoder::DecoderOptions;
pub use decoder::ExecutorChoice;
pub use decoder::kv_page_bytes;
pub use decoder::load_decoder;
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
pub use gguf::TensorEntry;
pub use gguf::TensorType;
pub use kv_pages::KvType;
pub use likeliest::Likeliest;
pub use open::open_model;
pub use quantize::Quantization;
pub use rope::Rope;
pub use rope::RopeStyle;
pub use rope::Yarn;
pub use shape::DecoderShape;
pub use shape::GateActivation;
pub use shape::LayerAttention;
pub use shape::LayerRope;
pub use shape::QueryGrowth;
pub use step_input::Segment;
pub use step_input::StepInput;
pub use step_input::Wanted;
pub use weights::MappedFile;
pub use weights::return_freed_memory;

/// Number of CPU threads that candle computes on, the calling thread included.
///
/// Fixed at the first call: `CANDLE_NUM_THREADS` if set, else `RAYON_NUM_THREADS`, else the number
/// of physical cores.
#[must_use]
pub fn compute_threads() -> usize {
    candle_core::utils::barrier_pool().n_workers() + 1
}

/// The process-wide set of [`compute_threads`] cores, shared by all models.
#[must_use]
pub fn compute_cores() -> Arc<Cores> {
    // One set for the whole process: a set per model would start more threads than there are cores.
    static CORES: LazyLock<Arc<Cores>> = LazyLock::new(|| Cores::new(compute_threads()));
    Arc::clone(&CORES)
}

/// Returns the shared [`compute_cores`] if it has exactly `threads` cores, else a new set of that
/// size.
pub(crate) fn cores_for(threads: usize) -> Arc<Cores> {
    if threads == compute_threads() { compute_cores() } else { Cores::new(threads) }
}
