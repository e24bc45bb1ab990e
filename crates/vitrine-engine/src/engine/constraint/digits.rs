//! Bounds the digits of numbers in constrained JSON.
//!
//! The compiler's numbers have no longest spelling, so an uncertain model may write digits until
//! its output limit. This automaton follows the text of an answer and forbids the tokens that make
//! a number longer. It knows texts and numbers only; the compiled grammar does the rest.
//!
//! Invariants
//! - A number gets at most 19 digits before and after its point, and 2 in its exponent, unless the
//!   grammar allows nothing else. So every number has a finite 64-bit float, and a number that must
//!   be longer, such as a constant, can be written.
//! - The last fractional digit that fits is not 0: a number above an exclusive bound that ends in
//!   zeros could otherwise not end.

use crate::engine::constraint::byte_rule::add_allowed;
use crate::engine::constraint::token_trie::TokenTrie;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use toktrie::SimpleVob;
use toktrie::recognizer::FunctionalRecognizer;

/// Most digits of a number before its exponent: those of the largest 64-bit integers.
const DIGITS_MAX: u8 = 19;

/// Most digits of an exponent.
const EXPONENT_DIGITS_MAX: u8 = 2;

/// Where a text of JSON stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum JsonPosition {
    /// Between tokens, or within a literal name.
    Between,
    /// In a string.
    String,
    /// In a string, after a backslash.
    Escape,
    /// In a number's integer or fraction, after this many digits.
    Digits { count: u8, in_fraction: bool },
    /// In a number's exponent, after this many digits.
    Exponent { count: u8 },
}

impl JsonPosition {
    /// The position after one more byte; `None` if the byte makes a number too long.
    fn after(self, byte: u8) -> Option<Self> {
        let next = match (self, byte) {
            (Self::String, b'\\') => Self::Escape,
            (Self::String, b'"') => Self::Between,
            (Self::String | Self::Escape, _) => Self::String,
            (_, b'"') => Self::String,
            (Self::Between, b'0'..=b'9') => Self::Digits { count: 1, in_fraction: false },
            (Self::Digits { count, in_fraction }, b'0'..=b'9') => {
                let is_last = count + 1 == DIGITS_MAX;
                if count >= DIGITS_MAX || (in_fraction && is_last && byte == b'0') {
                    return None;
                }
                Self::Digits { count: count + 1, in_fraction }
            }
            (Self::Digits { count, .. }, b'.') if count < DIGITS_MAX => {
                Self::Digits { count, in_fraction: true }
            }
            (Self::Digits { .. }, b'.') => return None,
            (Self::Digits { .. }, b'e' | b'E') => Self::Exponent { count: 0 },
            (Self::Exponent { count }, b'0'..=b'9') => {
                if count >= EXPONENT_DIGITS_MAX {
                    return None;
                }
                Self::Exponent { count: count + 1 }
            }
            (Self::Exponent { count: 0 }, b'+' | b'-') => Self::Exponent { count: 0 },
            _ => Self::Between,
        };
        Some(next)
    }
}

/// The tokens that keep numbers short, by position, for one vocabulary.
#[derive(Debug)]
pub(super) struct DigitLimits {
    tokens: TokenTrie,
    kept: Mutex<HashMap<JsonPosition, Arc<SimpleVob>>>,
}

impl DigitLimits {
    /// Creates an empty cache. It grows to at most one mask for each of some fifty positions.
    pub(super) fn new(tokens: TokenTrie) -> Self {
        Self { tokens, kept: Mutex::default() }
    }

    /// The part of `allowed` that makes no number too long; all of it if nothing would be left.
    pub(super) fn narrow(&self, mut allowed: SimpleVob, position: JsonPosition) -> SimpleVob {
        if matches!(position, JsonPosition::String | JsonPosition::Escape) {
            return allowed;
        }
        let mask = self.mask(position);
        if !allowed.and_is_zero(&mask) {
            allowed.and(&mask);
        }
        allowed
    }

    /// The position after a token.
    pub(super) fn after(&self, position: JsonPosition, token_id: u32) -> JsonPosition {
        let bytes = self.tokens.trie().token(token_id);
        // A byte that was allowed all the same does not change the position.
        bytes.iter().fold(position, |position, byte| position.after(*byte).unwrap_or(position))
    }

    fn mask(&self, position: JsonPosition) -> Arc<SimpleVob> {
        // A mask is complete before it is inserted, so a poisoned lock is harmless.
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = kept().get(&position) {
            return Arc::clone(mask);
        }
        let trie = self.tokens.trie();
        let mut mask = trie.alloc_token_set();
        add_allowed(trie, Following(position), &mut mask);
        mask.or(&trie.eos_token_set());
        let mask = Arc::new(mask);
        kept().insert(position, Arc::clone(&mask));
        mask
    }
}

/// Recognizer of the bytes that may follow a position.
struct Following(JsonPosition);

impl FunctionalRecognizer<JsonPosition> for Following {
    fn initial(&self) -> JsonPosition {
        self.0
    }

    fn try_append(&self, position: JsonPosition, byte: u8) -> Option<JsonPosition> {
        position.after(byte)
    }
}
