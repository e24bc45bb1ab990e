//! How a generation ended: reason, token counts and durations.

use std::time::Duration;

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model ended its text, a stop string appeared, or the constraint was complete.
    Stop,
    /// The output limit or the end of the context was reached.
    Length,
    /// The request's deadline passed, while waiting or while running.
    Deadline,
    /// [`Generation::cancel`](crate::Generation::cancel) was called.
    Cancelled,
}

/// Token counts of a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GenerationUsage {
    /// Tokens in the prompt.
    pub prompt_tokens: usize,
    /// Prompt tokens whose keys and values came from the prefix cache.
    pub cached_tokens: usize,
    /// Tokens delivered to the consumer. An end-of-text token that ended the text is not counted.
    pub output_tokens: usize,
}

/// Durations of a generation's phases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GenerationTimings {
    /// From submission to the first step.
    pub queue: Duration,
    /// From the first step to the first token.
    pub prefill: Duration,
    /// From the first token to the end.
    pub decode: Duration,
}
