//! What the engine asks of a tokenizer: where a text ends, and token ids back into text.

/// What the engine asks of a tokenizer.
pub trait Vocabulary: Send + Sync + std::fmt::Debug {
    /// Whether the token ends a text.
    fn is_end_of_generation(&self, token_id: u32) -> bool;

    /// Starts turning one generation's tokens into text.
    fn detokenizer(&self) -> Box<dyn Detokenizer>;
}

/// Turns one generation's tokens into text.
pub trait Detokenizer: Send + std::fmt::Debug {
    /// The text that this token completes: whole characters only, possibly none.
    fn push(&mut self, token_id: u32) -> String;
}
