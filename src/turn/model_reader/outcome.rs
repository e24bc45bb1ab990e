//! Who read a message, and what became of the model's reading.

use crate::turn::usage::TokenUsage;
use vitrine_base::telemetry;
use vitrine_dialogue::reader::model::Doubt;

/// What became of a message at the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    /// It was not asked: the rules are sure, or the message is theirs alone.
    NotAsked,
    /// Its commands were taken.
    Read,
    /// It told no more than that the message is unclear.
    Unclear,
    /// It was not ready by the deadline, or too busy to be.
    Late,
    /// Its line was no reading of the message.
    Refused,
    /// The engine refused the prompt or failed.
    Failed,
}

impl ReadOutcome {
    /// Name on the wire and in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::Read => "read",
            Self::Unclear => "unclear",
            Self::Late => "late",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Who read a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadBy {
    pub(crate) outcome: ReadOutcome,
    /// Why the rules doubted their reading.
    pub(crate) doubt: Option<Doubt>,
    /// Tokens of the model's reading.
    pub(crate) usage: TokenUsage,
}

impl ReadBy {
    /// The rules read it, and asked no model.
    pub(crate) fn rules() -> Self {
        Self { outcome: ReadOutcome::NotAsked, doubt: None, usage: TokenUsage::default() }
    }

    /// The reader whose commands were taken: `fast` or `model`.
    pub(crate) fn reader(&self) -> &'static str {
        if self.outcome == ReadOutcome::Read { "model" } else { "fast" }
    }

    /// Counts the reading.
    pub(crate) fn count(&self) {
        let (reader, outcome) = (self.reader(), self.outcome.name());
        metrics::counter!(telemetry::READINGS_TOTAL, "reader" => reader, "outcome" => outcome)
            .increment(1);
    }
}
