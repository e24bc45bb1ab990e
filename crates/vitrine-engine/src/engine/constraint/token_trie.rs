//! The vocabulary of a model as constraints see it: the bytes of every token, in a trie.
//!
//! Invariants
//! - A token that is no text (control, unknown, unused) has no bytes and is never allowed; the ends
//!   of a text are allowed by the constraint's end alone.
//! - Tokens that spell the same bytes are allowed together: the model chooses its own spelling.

use crate::engine::constraint::grammar::GrammarFault;
use crate::text::Tokenizer;
use std::sync::Arc;
use toktrie::ApproximateTokEnv;
use toktrie::INVALID_TOKEN;
use toktrie::TokEnv;
use toktrie::TokRxInfo;
use toktrie::TokTrie;

/// Largest vocabulary, tokens: the trie counts its nodes in 22 bits, about four a token.
const VOCABULARY_MAX: usize = 1 << 20;

/// Longest token that a constraint can allow, bytes: the trie holds no deeper one. Longer ones are
/// runs of spaces.
const TOKEN_BYTES_MAX: usize = 512;

/// Never in UTF-8; the trie marks special tokens with it.
const MARKER: u8 = TokTrie::SPECIAL_TOKEN_MARKER;

/// The vocabulary of a model; clones share it.
#[derive(Clone)]
pub struct TokenTrie {
    environment: TokEnv,
}

impl std::fmt::Debug for TokenTrie {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.trie().vocab_size();
        formatter.debug_struct("TokenTrie").field("vocabulary_size", &size).finish_non_exhaustive()
    }
}

impl TokenTrie {
    /// The vocabulary of a tokenizer.
    ///
    /// # Errors
    /// If it is larger than [`VOCABULARY_MAX`] or empty.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self, GrammarFault> {
        let size = u32::try_from(tokenizer.vocabulary_size()).unwrap_or(u32::MAX);
        let words = (0..size).map(|id| tokenizer.token_bytes(id).unwrap_or_default());
        let ends = (0..size).filter(|id| tokenizer.is_end_of_generation(*id)).collect();
        Self::from_words(words, ends)
    }

    /// A vocabulary of these tokens, empty ones never allowed, of which `ends` end a text.
    pub(crate) fn from_words(
        words: impl ExactSizeIterator<Item = Vec<u8>>,
        ends: Vec<u32>,
    ) -> Result<Self, GrammarFault> {
        let tokens = words.len();
        let size = match u32::try_from(tokens) {
            Ok(size) if (1..=VOCABULARY_MAX).contains(&tokens) => size,
            _ => {
                return Err(GrammarFault::Vocabulary { tokens, tokens_max: VOCABULARY_MAX });
            }
        };
        let usable = |word: &Vec<u8>| word.len() <= TOKEN_BYTES_MAX && !word.contains(&MARKER);
        let mut words: Vec<Vec<u8>> =
            words.map(|word| if usable(&word) { word } else { Vec::new() }).collect();
        for end in &ends {
            words[*end as usize].clear();
        }
        let trie = TokTrie::from(&TokRxInfo::new(size, INVALID_TOKEN), &words);
        let trie = if ends.is_empty() { trie } else { trie.with_eos_tokens(&ends) };
        // The model spells as it likes: nothing is forced, so nothing must be tokenized here.
        Ok(Self { environment: Arc::new(ApproximateTokEnv::new(trie)) })
    }

    /// For llguidance.
    pub(crate) fn environment(&self) -> &TokEnv {
        &self.environment
    }

    /// The trie itself.
    #[must_use]
    pub fn trie(&self) -> &TokTrie {
        self.environment.tok_trie()
    }
}
