//! A model's vocabulary for constraints: the bytes of every token, in a trie.
//!
//! Invariants
//! - Tokens that are not text (control, unknown, unused) have no bytes and are never allowed.
//!   End-of-text tokens are allowed only where the constraint may end.
//! - All tokens that spell the same bytes are allowed together: the model chooses how to spell a
//!   text.

use crate::engine::constraint::grammar::GrammarFault;
use crate::text::Tokenizer;
use std::sync::Arc;
use toktrie::ApproximateTokEnv;
use toktrie::INVALID_TOKEN;
use toktrie::TokEnv;
use toktrie::TokRxInfo;
use toktrie::TokTrie;

/// Most tokens: the trie counts its nodes, about four for each token, in 22 bits.
const VOCABULARY_MAX: usize = 1 << 20;

/// Longest token that a constraint can allow, in bytes; the trie cannot hold longer ones. In
/// practice these are runs of spaces.
const TOKEN_BYTES_MAX: usize = 512;

/// A byte that never occurs in UTF-8; the trie marks special tokens with it.
const MARKER: u8 = TokTrie::SPECIAL_TOKEN_MARKER;

/// A model's vocabulary; clones share it.
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
    /// Reads the vocabulary of a tokenizer.
    ///
    /// # Errors
    /// If it is empty or has more than 1,048,576 tokens.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self, GrammarFault> {
        let size = u32::try_from(tokenizer.vocabulary_size()).unwrap_or(u32::MAX);
        let words = (0..size).map(|id| tokenizer.token_bytes(id).unwrap_or_default());
        let ends = (0..size).filter(|id| tokenizer.is_end_of_generation(*id)).collect();
        Self::from_words(words, ends)
    }

    /// Builds a vocabulary from the bytes of its tokens. Empty tokens are never allowed; `ends` are
    /// the ids of the end-of-text tokens.
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
        // No tokens are ever forced, so the environment never has to tokenize text.
        Ok(Self { environment: Arc::new(ApproximateTokEnv::new(trie)) })
    }

    /// The vocabulary in llguidance's representation.
    pub(crate) fn environment(&self) -> &TokEnv {
        &self.environment
    }

    /// The tokens as a trie of bytes, in toktrie's representation.
    #[must_use]
    pub fn trie(&self) -> &TokTrie {
        self.environment.tok_trie()
    }
}
