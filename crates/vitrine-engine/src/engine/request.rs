//! A generation request and its parameters.

use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::Constraint;
use crate::engine::error::EngineError;
use std::time::Instant;

/// Most stop strings in a request. The search is linear in their number, and no chat needs more.
pub const STOP_STRINGS_MAX: usize = 16;

/// Maximum length of a stop string in bytes. Up to this much text may be held back from a stream.
pub const STOP_STRING_BYTES_MAX: usize = 256;

/// A request for one generation; [`GenerationRequest::new`] fills in the usual values.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// The prompt, including all special tokens that the model expects.
    pub prompt_token_ids: Vec<u32>,
    /// Most tokens to generate. Fewer are generated if the context ends before.
    pub output_tokens_max: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Stop strings: texts that end the generation and are not part of the output.
    pub stop: Vec<String>,
    /// Time at which the generation ends even if unfinished, queueing included; `None` for no
    /// deadline.
    pub deadline: Option<Instant>,
    /// Whether an end-of-text token ends the generation; with a constraint it always does.
    pub end_of_text: EndOfText,
    /// Who may reuse the computed KV pages.
    pub cache: CacheScope,
    /// Scheduling class.
    pub priority: Priority,
    /// The constraint that the output must satisfy; `None` for free text.
    pub constraint: Option<Constraint>,
}

/// Scheduling class: decides the order of the waiting queue, and who is preempted when pages run
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A caller waits for the answer.
    Live,
    /// No caller waits, as in a campaign or a batch. Comes after live requests, but one in eight
    /// admitted sequences is outreach, so it always makes progress.
    Outreach,
}

/// The effect of the model's end-of-text token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfText {
    /// Ends the generation; the token itself is not output.
    Stop,
    /// Counts as output like any other token; for benchmarks of fixed length.
    Ignore,
}

/// Sampling parameters. Filters apply after the temperature, in the order min-p, top-k, top-p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 chooses the most likely token (the lowest id among equals) and ignores all other
    /// parameters. 1 leaves the distribution unchanged.
    pub temperature: f32,
    /// Keeps this many of the most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the smallest set of most likely tokens that reaches this probability; 1 keeps all.
    pub top_p: f32,
    /// Drops tokens whose probability is below this fraction of the highest one; 0 drops none.
    pub min_p: f32,
    /// Seed of the random stream. Equal seed, prompt and model give equal tokens in any batch.
    pub seed: u64,
}

impl Sampling {
    /// Always chooses the most likely token.
    pub const GREEDY: Self = Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, seed: 0 };

    /// Checks the range of every parameter.
    ///
    /// # Errors
    /// [`EngineError::Sampling`] for the first one out of range; NaN is out of range.
    pub(crate) fn check(&self) -> Result<(), EngineError> {
        let wrong = |what, found, allowed| Err(EngineError::Sampling { what, found, allowed });
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return wrong("temperature", self.temperature, "0 or more");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top_p", self.top_p, "above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&self.min_p) {
            return wrong("min_p", self.min_p, "0 to 1");
        }
        Ok(())
    }
}

impl GenerationRequest {
    /// A live request for at most `output_tokens_max` tokens after the prompt: greedy, without stop
    /// strings, deadline or constraint, ending at the end-of-text token, and never cached.
    #[must_use]
    pub fn new(prompt_token_ids: Vec<u32>, output_tokens_max: usize) -> Self {
        Self {
            prompt_token_ids,
            output_tokens_max,
            sampling: Sampling::GREEDY,
            stop: Vec::new(),
            deadline: None,
            end_of_text: EndOfText::Stop,
            cache: CacheScope::Nobody,
            priority: Priority::Live,
            constraint: None,
        }
    }

    /// Checks the stop strings.
    ///
    /// # Errors
    /// [`EngineError::StopStrings`] if there are too many, or one is empty or too long.
    pub(crate) fn check_stop(&self) -> Result<(), EngineError> {
        let count = self.stop.len();
        let wrong = self.stop.iter().map(String::len).find(|bytes| {
            *bytes == 0 || *bytes > STOP_STRING_BYTES_MAX || count > STOP_STRINGS_MAX
        });
        match wrong {
            Some(bytes) => Err(EngineError::StopStrings {
                count,
                bytes,
                count_max: STOP_STRINGS_MAX,
                bytes_max: STOP_STRING_BYTES_MAX,
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_out_of_range_is_named() {
        let good = Sampling { temperature: 0.7, top_k: 40, top_p: 0.9, min_p: 0.05, seed: 1 };
        assert!(good.check().is_ok());
        assert!(Sampling::GREEDY.check().is_ok());
        for bad in [
            Sampling { temperature: f32::NAN, ..good },
            Sampling { temperature: -0.1, ..good },
            Sampling { temperature: f32::INFINITY, ..good },
            Sampling { top_p: 0.0, ..good },
            Sampling { top_p: f32::NAN, ..good },
            Sampling { top_p: 1.1, ..good },
            Sampling { min_p: -0.1, ..good },
            Sampling { min_p: f32::NAN, ..good },
        ] {
            assert!(matches!(bad.check(), Err(EngineError::Sampling { .. })), "{bad:?}");
        }
    }
}
