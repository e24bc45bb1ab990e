//! The engine's limits, as configuration hands them over.

use crate::engine::error::EngineError;
use crate::model::ForwardLimits;
use crate::model::KvType;
use crate::model::Quantization;
use std::time::Duration;
use vitrine_base::units::Bytes;
use vitrine_kernels::tier::Tier;

/// The engine's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Token slots in a KV page; 16 wastes at most 15 slots a sequence and keeps page lists short.
    pub page_tokens: usize,
    /// Memory for all KV pages; 512 MiB holds tens of chats on a small model.
    pub kv_bytes_max: Bytes,
    /// Number format of keys and values.
    pub kv_type: KvType,
    /// What float matrices are packed to while the model is opened; `None` leaves them.
    pub quantize: Option<Quantization>,
    /// Instruction set of the CPU kernels; `None` takes the machine's best.
    pub tier: Option<Tier>,
    /// Whether computed prompts are found again.
    pub prefix_cache: PrefixCaching,
    /// Rows in one step; 512 keeps a step short enough for streams beside a long prompt.
    pub step_tokens_max: usize,
    /// Longest step with prompt rows beside decode rows, in percent of one with the latter alone;
    /// 180 keeps the gap between two tokens below twice the usual. 0: no bound.
    pub decode_gap_percent: usize,
    /// Sequences that run at once, at most `step_tokens_max`; 32 on a CPU.
    pub sequences_max: usize,
    /// Requests that wait for their first step; 256.
    pub waiting_max: usize,
    /// Prompt tokens that wait: first-token target times prefill rate; 65,536. An empty line takes
    /// any single prompt.
    pub waiting_prompt_tokens_max: usize,
    /// Longest time, by the measured rate, that a live request may lose to those before it; one
    /// that would lose more is refused. `None`: the time of 24 usual answers, so that whoever is
    /// let in under overload is served hardly later than on a busy day.
    pub waiting_time_max: Option<Duration>,
    /// Prompt and output of one sequence together; the model and the pages may allow less. 4,096.
    pub context_tokens_max: usize,
    /// Output tokens that one request may ask for; 1,024.
    pub output_tokens_max: usize,
    /// Guessing ahead.
    pub speculation: Speculation,
}

/// Whether computed prompts are found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixCaching {
    /// Within each request's scope.
    On,
    /// Every prompt is computed whole.
    Off,
}

/// Guessing ahead: pays while a step has rows to spare. These are bounds; how many guesses are made
/// below them is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speculation {
    /// Tokens that a sequence may guess in one step; 0: none.
    pub draft_tokens_max: usize,
    /// Guesses are made while at most so many sequences run and nobody waits.
    pub sequences_max: usize,
}

impl Speculation {
    /// No guesses.
    pub const OFF: Self = Self { draft_tokens_max: 0, sequences_max: 0 };
}

impl EngineOptions {
    /// Checks that every limit leaves room to work.
    ///
    /// # Errors
    /// The first limit that is too small.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        // 0 stands for no bound; a step is never shorter than its decode rows.
        let gap_percent = if self.decode_gap_percent == 0 { 100 } else { self.decode_gap_percent };
        let limits = [
            ("page_tokens", self.page_tokens, 1),
            ("sequences_max", self.sequences_max, 1),
            // Otherwise the decode rows of a full house leave no row for the youngest.
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

    /// Longest sequence in tokens that options, model and pages all allow.
    ///
    /// # Errors
    /// If not even one prompt token and one output token fit.
    pub(crate) fn context_tokens(&self, model: ForwardLimits) -> Result<usize, EngineError> {
        let page_tokens_all = model.page_count.saturating_mul(model.page_tokens);
        let found = self.context_tokens_max.min(model.context_tokens_max).min(page_tokens_all);
        if found < 2 {
            return Err(EngineError::Option { what: "context_tokens_max", found, min: 2 });
        }
        Ok(found)
    }
}
