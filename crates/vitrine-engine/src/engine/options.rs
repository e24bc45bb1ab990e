//! The engine's options and their defaults.

use crate::engine::error::EngineError;
use crate::model::ForwardLimits;
use crate::model::KvType;
use crate::model::Quantization;
use std::time::Duration;
use vitrine_base::units::Bytes;
use vitrine_kernels::tier::Tier;

/// The engine's options.
///
/// [`EngineOptions::default`] suits a small model on a CPU that serves tens of sequences at once.
/// The gateway's configuration has the same defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Token slots in a KV page; at least 1, default 32. Prompts are shared in whole pages: smaller
    /// pages share more, larger ones cost less bookkeeping.
    pub page_tokens: usize,
    /// Memory for all KV pages, default 256 MiB. Longer contexts and more sequences need more.
    pub kv_bytes_max: Bytes,
    /// Number format of keys and values, default `f16`.
    pub kv_type: KvType,
    /// Type that float matrices are packed to when the model is opened; `None`, the default, leaves
    /// them as they are.
    pub quantize: Option<Quantization>,
    /// Instruction set of the CPU kernels; `None`, the default, selects the best one that the
    /// machine supports.
    pub tier: Option<Tier>,
    /// Whether prompts may reuse KV pages from the prefix cache, default on.
    pub prefix_cache: PrefixCaching,
    /// Most rows in one step; at least `sequences_max`. The default, 512, keeps steps short enough
    /// for streams beside a long prompt.
    pub step_tokens_max: usize,
    /// Longest step with prompt rows beside decode rows, in percent of the decode-only step. The
    /// default, 180, keeps the gap between two tokens below twice the usual gap. 0 means no bound,
    /// otherwise at least 100.
    pub decode_gap_percent: usize,
    /// Most sequences that run at once, 1 to `step_tokens_max`, default 64.
    pub sequences_max: usize,
    /// Most requests that wait for their first step; at least 1, default 256.
    pub waiting_max: usize,
    /// Most prompt tokens that wait: the target for the time to first token times the prefill rate;
    /// at least 1, default 131,072. An empty queue accepts any single prompt.
    pub waiting_prompt_tokens_max: usize,
    /// Maximum estimated delay of a live request by the requests ahead; above it the request is
    /// refused. `None`, the default, means half of the time to the request's deadline; a request
    /// without one may wait for its first step for one second, and longer in a burst. Programs that
    /// submit all their work at once set [`Duration::MAX`].
    pub waiting_time_max: Option<Duration>,
    /// Maximum length of one sequence, prompt and output together, in tokens; at least 2, default
    /// 8,192. The model and the number of pages may allow less.
    pub context_tokens_max: usize,
    /// Most output tokens of one request; at least 1, default 2,048.
    pub output_tokens_max: usize,
    /// Bounds on speculative decoding; by default up to 4 speculative tokens for each of at most 8
    /// sequences.
    pub speculation: Speculation,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            page_tokens: 32,
            kv_bytes_max: Bytes(256 << 20),
            kv_type: KvType::F16,
            quantize: None,
            tier: None,
            prefix_cache: PrefixCaching::On,
            step_tokens_max: 512,
            decode_gap_percent: 180,
            sequences_max: 64,
            waiting_max: 256,
            waiting_prompt_tokens_max: 131_072,
            waiting_time_max: None,
            context_tokens_max: 8192,
            output_tokens_max: 2048,
            speculation: Speculation { draft_tokens_max: 4, sequences_max: 8 },
        }
    }
}

/// Whether prompts may reuse KV pages from the prefix cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixCaching {
    /// Pages are reused within each request's [`CacheScope`](crate::engine::CacheScope).
    On,
    /// Every prompt is computed in full.
    Off,
}

/// Bounds on speculative decoding by prompt lookup. How many speculative tokens are proposed within
/// these bounds is decided by their measured cost and acceptance rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speculation {
    /// Most speculative tokens of one sequence in a step; 0 switches speculation off.
    pub draft_tokens_max: usize,
    /// Speculate only while at most this many sequences run and none waits.
    pub sequences_max: usize,
}

impl Speculation {
    /// No speculation.
    pub const OFF: Self = Self { draft_tokens_max: 0, sequences_max: 0 };
}

impl EngineOptions {
    /// Checks that every limit is large enough for the engine to work.
    ///
    /// # Errors
    /// [`EngineError::Option`] for the first limit that is too small.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        // 0 means no bound. A step is never shorter than its decode rows alone, hence the minimum
        // of 100.
        let gap_percent = if self.decode_gap_percent == 0 { 100 } else { self.decode_gap_percent };
        let limits = [
            ("page_tokens", self.page_tokens, 1),
            ("sequences_max", self.sequences_max, 1),
            // Otherwise the decode rows of all running sequences would not fit one step.
            ("step_tokens_max", self.step_tokens_max, self.sequences_max),
            ("decode_gap_percent", gap_percent, 100),
            ("waiting_max", self.waiting_max, 1),
            ("waiting_prompt_tokens_max", self.waiting_prompt_tokens_max, 1),
            ("context_tokens_max", self.context_tokens_max, 2),
            ("output_tokens_max", self.output_tokens_max, 1),
        ];
        match limits.into_iter().find(|(_, found, min)| found < min) {
            Some((what, found, min)) => Err(EngineError::Option { what, found, min }),
            None => Ok(()),
        }
    }

    /// Longest sequence, in tokens, that the options, the model and the pages all allow.
    ///
    /// # Errors
    /// [`EngineError::Option`] if not even one prompt token and one output token fit.
    pub(crate) fn context_tokens(&self, model: ForwardLimits) -> Result<usize, EngineError> {
        let page_tokens_all = model.page_count.saturating_mul(model.page_tokens);
        let found = self.context_tokens_max.min(model.context_tokens_max).min(page_tokens_all);
        if found < 2 {
            return Err(EngineError::Option { what: "context_tokens_max", found, min: 2 });
        }
        Ok(found)
    }
}
