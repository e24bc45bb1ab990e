//! Streaming detokenizer: turns tokens into text as they arrive, in whole characters.
//!
//! A byte-level token may end inside a UTF-8 character. Complete characters are returned at once;
//! the remaining bytes wait for the next token. Invalid bytes become U+FFFD.
//!
//! Invariants
//! - The concatenation of all returned text is the lossy UTF-8 decoding of all bytes.
//! - At most three bytes wait between calls.

use crate::text::tokenizer::Tokenizer;
use std::sync::Arc;

/// Decodes one generation. A leading space is kept, because the text continues the prompt.
#[derive(Debug, Clone)]
pub struct StreamDecoder {
    tokenizer: Arc<Tokenizer>,
    waiting: Vec<u8>,
}

impl StreamDecoder {
    /// Creates a decoder for a new generation.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self { tokenizer, waiting: Vec::new() }
    }

    /// Adds a token and returns the text that is now complete; empty while a character is
    /// incomplete.
    pub fn push(&mut self, id: u32) -> String {
        self.waiting.extend(self.tokenizer.piece_bytes(id));
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.waiting) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.waiting.clear();
                    return text;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    // Lossless: `valid_up_to` guarantees that this prefix is valid UTF-8.
                    text.push_str(&String::from_utf8_lossy(&self.waiting[..valid]));
                    let Some(wrong) = error.error_len() else {
                        self.waiting.drain(..valid);
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.waiting.drain(..valid + wrong);
                }
            }
        }
    }

    /// Flushes the waiting bytes at the end of a generation: U+FFFD if a character is incomplete,
    /// else an empty string.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.waiting).into_owned();
        self.waiting.clear();
        rest
    }
}
