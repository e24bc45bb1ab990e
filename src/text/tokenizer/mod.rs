//! Text to token ids and back.
//!
//! Invariants
//! - A text given to [`Tokenizer::encode`] never yields a control token: what a customer types
//!   cannot open a turn, close one or end a generation.

use crate::text::error::TextError;
use std::path::Path;

/// Whether the tokens that frame a sequence are added (`<s>`, `[CLS]` … `[SEP]`), as the
/// tokenizer's own settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Added where the tokenizer asks for them.
    Add,
    /// Never added.
    Skip,
}

/// A tokenizer from a model file or from `tokenizer.json`.
#[derive(Debug)]
pub struct Tokenizer {
    library: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Reads a Hugging Face `tokenizer.json`. Its padding and truncation settings are dropped:
    /// sequences are packed, and cutting a text is the caller's decision.
    ///
    /// # Errors
    /// If the file cannot be read or the library does not understand it.
    pub fn from_json_file(path: &Path) -> Result<Self, TextError> {
        let bad = |cause| TextError::File { path: path.to_owned(), cause };
        let mut library = tokenizers::Tokenizer::from_file(path).map_err(bad)?;
        library.with_padding(None);
        library.with_truncation(None).map_err(bad)?;
        library.set_encode_special_tokens(true);
        Ok(Self { library })
    }

    /// Token ids of `text`. Spellings of control tokens inside it are plain text.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>, TextError> {
        let encoding = self
            .library
            .encode_fast(text, special == Special::Add)
            .map_err(|cause| TextError::Encode { bytes: text.len(), cause })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Like [`Self::encode`], cut to `tokens_max`: what frames the sequence stays, the end of the
    /// text goes.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode_cut(
        &self,
        text: &str,
        special: Special,
        tokens_max: usize,
    ) -> Result<Vec<u32>, TextError> {
        let mut ids = self.encode(text, special)?;
        if ids.len() <= tokens_max {
            return Ok(ids);
        }
        let tail = match special {
            Special::Add => {
                let empty = self.encode("", Special::Add)?;
                // A frame of two or more tokens closes with its last one.
                if empty.len() > 1 { empty.last().copied() } else { None }
            }
            Special::Skip => None,
        };
        ids.truncate(tokens_max);
        if let (Some(tail), Some(last)) = (tail, ids.last_mut()) {
            *last = tail;
        }
        Ok(ids)
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.library.get_vocab_size(true)
    }
}
