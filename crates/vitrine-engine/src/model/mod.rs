//! Weights and the forward pass: files become shapes and tensors, packed rows become numbers.
//!
//! Never decides who runs (that is `engine`), never sees text (that is `text`).

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
pub use shape::Activation;
pub use shape::DecoderShape;
pub use shape::LayerAttention;
pub use shape::LayerRope;
pub use shape::QueryGrowth;
pub use step_input::Segment;
pub use step_input::StepInput;
pub use step_input::Wanted;
pub use weights::MappedFile;
pub use weights::return_freed_memory;

/// Compute threads of the tensor library on the CPU, the calling one included. Fixed at its first
/// use from `CANDLE_NUM_THREADS`, else `RAYON_NUM_THREADS`, else the physical cores.
#[must_use]
pub fn compute_threads() -> usize {
    candle_core::utils::barrier_pool().n_workers() + 1
}

/// The cores that all models of this process compute on: [`compute_threads`] of them, however many
/// models there are.
#[must_use]
pub fn compute_cores() -> Arc<Cores> {
    // The cores are the machine's: several models that each counted their own would compute on
    // more threads than there are.
    static CORES: LazyLock<Arc<Cores>> = LazyLock::new(|| Cores::new(compute_threads()));
    Arc::clone(&CORES)
}

/// [`compute_cores`] if there are so many of them, else as many of its own.
pub(crate) fn cores_for(threads: usize) -> Arc<Cores> {
    if threads == compute_threads() { compute_cores() } else { Cores::new(threads) }
}
