//! How a decoder is loaded: device, KV pages, executor, cores and instruction set.

use crate::model::cores::compute_cores;
use crate::model::error::ModelError;
use crate::model::kv_type::KvType;
use candle_core::Device;
use std::sync::Arc;
use vitrine_kernels::pool::Cores;
use vitrine_kernels::tier::Tier;

/// How a decoder is loaded.
#[derive(Debug, Clone)]
pub struct DecoderOptions {
    /// Device to compute on.
    pub device: Device,
    /// Token slots per KV page, 1 to 4096. With 16, a sequence wastes at most 15 slots.
    pub page_tokens: usize,
    /// Memory limit of the KV pool, in bytes.
    pub kv_bytes_max: u64,
    /// Number format of stored keys and values.
    pub kv_type: KvType,
    /// Longest sequence served, in tokens; capped at the model's trained context.
    pub context_tokens_max: usize,
    /// Which executor computes the model.
    pub executor: ExecutorChoice,
    /// Cores that the CPU executor computes on; shared with every model that holds the same `Arc`.
    pub cores: Arc<Cores>,
    /// Instruction set of the CPU executor's kernels.
    pub tier: Tier,
}

/// Which executor computes a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutorChoice {
    /// Our CPU kernels if the device is the CPU and they support every tensor type of the model,
    /// else candle.
    Auto,
    /// Candle, on any device.
    Candle,
    /// Our CPU kernels; loading fails if they do not support the model.
    Cpu,
}

impl DecoderOptions {
    /// The options that suit this machine: the first CUDA device in CUDA builds, else the CPU with
    /// its best instruction set and all its physical cores; 256 MiB of f16 pages of 32
    /// tokens, and sequences of up to 8,192 tokens.
    ///
    /// # Errors
    /// If a CUDA device exists but cannot be opened.
    pub fn of_machine() -> Result<Self, ModelError> {
        Ok(Self {
            device: Device::cuda_if_available(0)?,
            page_tokens: 32,
            kv_bytes_max: 256 << 20,
            kv_type: KvType::F16,
            context_tokens_max: 8192,
            executor: ExecutorChoice::Auto,
            cores: compute_cores(),
            tier: Tier::detect(),
        })
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self {
            // The first CUDA device in CUDA builds, so that the same tests cover it.
            device: Device::cuda_if_available(0).expect("opening the test device"),
            page_tokens: 16,
            kv_bytes_max: 8 << 20,
            kv_type: KvType::F32,
            context_tokens_max: 1024,
            executor: ExecutorChoice::Auto,
            cores: Cores::new(2),
            tier: Tier::detect(),
        }
    }
}
