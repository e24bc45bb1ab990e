//! Tokens to text as they come: whole characters only.
//!
//! A byte-level token may end inside a character. What is complete is handed out; the rest waits
//! for the next token. Bytes that can never become a character are handed out as U+FFFD.
//!
//! Invariants
//! - The concatenation of everything handed out is the lossy UTF-8 reading of all bytes.
//! - At most three bytes wait.

use crate::text::tokenizer::Tokenizer;
use std::sync::Arc;

/// Decodes one generation. Its text goes on where the prompt ended, so a first space is kept.
#[derive(Debug, Clone)]
pub struct StreamDecoder {
    tokenizer: Arc<Tokenizer>,
    waiting: Vec<u8>,
}

impl StreamDecoder {
    /// A decoder at the beginning of an output.
    #[must_use]
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        Self { tokenizer, waiting: Vec::new() }
    }

    /// The text that `id` completes; empty if a character is still incomplete.
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
                    // The prefix was found valid just now.
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

    /// What is left when no more tokens come: U+FFFD for an incomplete character, or nothing.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.waiting).into_owned();
        self.waiting.clear();
        rest
    }
}
