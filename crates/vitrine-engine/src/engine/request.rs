//! What a caller asks of the engine.

use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::Constraint;
use crate::engine::error::EngineError;
use std::time::Instant;

/// Stop strings in a request. The search is linear in them, and no chat needs more.
pub const STOP_STRINGS_MAX: usize = 16;

/// Length of a stop string in bytes: as much text may be held back from a stream.
pub const STOP_STRING_BYTES_MAX: usize = 256;

/// One generation to run.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// The prompt, with every special token that the model expects.
    pub prompt_token_ids: Vec<u32>,
    /// Tokens to generate at most; fewer when prompt and output reach the context's end.
    pub output_tokens_max: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Texts that end the generation; they are not part of the output.
    pub stop: Vec<String>,
    /// When to give up, queueing included.
    pub deadline: Option<Instant>,
    /// Whether the model's end of text ends the generation; with a constraint it always does.
    pub end_of_text: EndOfText,
    /// Who may find the computed pages again.
    pub cache: CacheScope,
    /// Who goes first.
    pub priority: Priority,
    /// What the output must match; `None` leaves the model free.
    pub constraint: Option<Constraint>,
}

/// Who goes first in the waiting line, and who keeps its pages when they run short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for the answer.
    Live,
    /// Nobody waits: a campaign, a batch. One in eight goes before live ones, so it always moves.
    Outreach,
}

/// What the model's end-of-text token does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndOfText {
    /// Ends the generation; the token itself is no output.
    Stop,
    /// Is output like any other: for benchmarks of fixed length.
    Ignore,
}

/// How tokens are chosen. Filters apply in the order min-p, top-k, top-p, after the temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token (the lowest id of equals) and ignores all the rest; 1 leaves the
    /// distribution as it is.
    pub temperature: f32,
    /// Keeps so many of the likeliest tokens; 0 keeps all.
    pub top_k: usize,
    /// Keeps the likeliest tokens that together reach this probability; 1 keeps all.
    pub top_p: f32,
    /// Drops tokens less likely than this fraction of the likeliest; 0 drops none.
    pub min_p: f32,
    /// Same seed, prompt and model: same tokens, whoever shares the batch.
    pub seed: u64,
}

impl Sampling {
    /// Always the likeliest token.
    pub const GREEDY: Self = Self { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, seed: 0 };

    /// Checks every parameter's range.
    ///
    /// # Errors
    /// The first one out of range, NaN included.
    pub fn check(&self) -> Result<(), EngineError> {
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
    /// Checks the stop strings.
    ///
    /// # Errors
    /// If there are too many, or one is empty or too long.
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
