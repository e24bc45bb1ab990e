//! The executor interface: the few operations of a decoder forward pass, and their implementations.
//!
//! An executor owns weights and KV pages on its device. `candle` runs on any candle device and is
//! the reference implementation; `cpu` is the fast implementation on the CPU.

pub(crate) mod candle;
pub(crate) mod cpu;
mod linear;
mod step_plan;
mod weights;

use crate::model::error::ModelError;
use crate::model::forward::ForwardLimits;
use crate::model::forward::Logits;
use crate::model::gguf::TensorType;
use crate::model::step_input::StepInput;
use candle_core::quantized::GgmlDType;

/// Computes a decoder's operations, layer by layer.
pub(crate) trait Executor {
    /// Positions, slots and attention groups of a step, on the device.
    type PreparedStep;
    /// Hidden states, or any intermediate result passed between two calls.
    type Activations;

    /// The loaded model's limits.
    fn limits(&self) -> ForwardLimits;

    /// Prepares what all layers of a step share. The caller has checked the input against the
    /// limits.
    fn begin(&mut self, input: &StepInput) -> Result<Self::PreparedStep, ModelError>;

    /// Token embeddings: `[rows, width]`.
    fn embed(&mut self, step: &Self::PreparedStep) -> Result<Self::Activations, ModelError>;

    /// Normalises and projects the rows, rotates queries and keys, stores keys and values in the
    /// pages, and returns the queries: `[rows, query width]`.
    fn norm_qkv_rope_store(
        &mut self,
        layer: usize,
        rows: &Self::Activations,
        step: &Self::PreparedStep,
    ) -> Result<Self::Activations, ModelError>;

    /// Causal attention of each row within its own sequence: `[rows, query width]`.
    fn attend(
        &mut self,
        layer: usize,
        query: Self::Activations,
        step: &Self::PreparedStep,
    ) -> Result<Self::Activations, ModelError>;

    /// Projects the attention output and adds the residual: `[rows, width]`.
    fn out_residual(
        &mut self,
        layer: usize,
        mixed: Self::Activations,
        residual: Self::Activations,
    ) -> Result<Self::Activations, ModelError>;

    /// Normalises the rows and computes the gated inner activation: `[rows, feed forward]`.
    fn norm_gate_up(
        &mut self,
        layer: usize,
        rows: &Self::Activations,
    ) -> Result<Self::Activations, ModelError>;

    /// Projects the inner activation back and adds the residual: `[rows, width]`.
    fn down_residual(
        &mut self,
        layer: usize,
        inner: Self::Activations,
        residual: Self::Activations,
    ) -> Result<Self::Activations, ModelError>;

    /// Logits of the rows that requested them, and the most likely tokens of the greedy rows.
    fn head(
        &mut self,
        rows: Self::Activations,
        step: &Self::PreparedStep,
    ) -> Result<Logits, ModelError>;
}

/// Candle's name for a tensor type; `None` if candle cannot compute with it.
pub(crate) fn library_type(tensor_type: TensorType) -> Option<GgmlDType> {
    match tensor_type {
        TensorType::F32 => Some(GgmlDType::F32),
        TensorType::F16 => Some(GgmlDType::F16),
        TensorType::Bf16 => Some(GgmlDType::BF16),
        TensorType::Q4_0 => Some(GgmlDType::Q4_0),
        TensorType::Q4_1 => Some(GgmlDType::Q4_1),
        TensorType::Q5_0 => Some(GgmlDType::Q5_0),
        TensorType::Q5_1 => Some(GgmlDType::Q5_1),
        TensorType::Q8_0 => Some(GgmlDType::Q8_0),
        TensorType::Q2K => Some(GgmlDType::Q2K),
        TensorType::Q3K => Some(GgmlDType::Q3K),
        TensorType::Q4K => Some(GgmlDType::Q4K),
        TensorType::Q5K => Some(GgmlDType::Q5K),
        TensorType::Q6K => Some(GgmlDType::Q6K),
        // Q8_1 and Q8_K exist for activations only; candle has no kernels for the others.
        TensorType::F64
        | TensorType::I8
        | TensorType::I16
        | TensorType::I32
        | TensorType::I64
        | TensorType::Q8_1
        | TensorType::Q8K
        | TensorType::Iq1S
        | TensorType::Iq1M
        | TensorType::Iq2Xxs
        | TensorType::Iq2Xs
        | TensorType::Iq2S
        | TensorType::Iq3Xxs
        | TensorType::Iq3S
        | TensorType::Iq4Nl
        | TensorType::Iq4Xs
        | TensorType::Tq1_0
        | TensorType::Tq2_0
        | TensorType::Mxfp4
        | TensorType::Nvfp4 => None,
    }
}

/// The types that [`library_type`] supports, for error messages.
pub(crate) const LIBRARY_TYPES: &str =
    "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K";
