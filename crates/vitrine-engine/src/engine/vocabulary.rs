//! The two things the engine needs from a tokenizer: which tokens end a text, and detokenization.

/// The tokenizer as the engine sees it.
pub trait TokenVocabulary: Send + Sync + std::fmt::Debug {
    /// Whether the token is an end-of-text token, such as `</s>`.
    fn is_end_of_generation(&self, token_id: u32) -> bool;

    /// Creates the detokenizer of one generation.
    fn detokenizer(&self) -> Box<dyn Detokenizer>;
}

/// Incremental detokenizer of one generation.
pub trait Detokenizer: Send + std::fmt::Debug {
    /// Returns the text completed by this token: whole characters only, possibly empty.
    fn push(&mut self, token_id: u32) -> String;
}
