//! Tokens that a model spent on a turn.

/// Tokens of all drafts of a turn together, or of the reading of its message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TokenUsage {
    pub(crate) prompt_tokens: usize,
    /// Prompt tokens found in the prefix cache.
    pub(crate) cached_tokens: usize,
    pub(crate) output_tokens: usize,
}
