//! Text to token ids and back.
//!
//! Invariants
//! - A text given to [`Tokenizer::encode`] never yields a control token: what a customer types
//!   cannot open a turn, close one or end a generation.
//! - Only [`Tokenizer::encode_markup`] reads control tokens, and what [`Tokenizer::guard`] has
//!   passed stays plain text even there.
//! - Ids depend on the text alone: not on what was encoded before.

mod byte_pair;
mod gguf;
pub(crate) mod json;
mod sentencepiece;
mod spellings;
mod vocabulary;
mod word_piece;

use crate::text::error::TextError;
use crate::text::tokenizer::gguf::GgufTokenizer;
use crate::text::tokenizer::json::JsonTokenizer;
use std::borrow::Cow;
use std::path::Path;
use vitrine_base::metadata::Metadata;

/// Whether the tokens that frame a sequence are added (`<s>`, `[CLS]` … `[SEP]`), as the
/// tokenizer's own settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Added where the tokenizer asks for them.
    Add,
    /// Never added.
    Skip,
}

/// Whether control tokens are read in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// They are tokens.
    Read,
    /// They are text.
    Plain,
}

/// A tokenizer from a model file or from `tokenizer.json`.
#[derive(Debug)]
pub struct Tokenizer {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Json(Box<JsonTokenizer>),
    Gguf(Box<GgufTokenizer>),
}

impl Tokenizer {
    /// Reads the tokenizer of a GGUF file: SentencePiece (`llama`), byte-level BPE (`gpt2`) or
    /// WordPiece (`bert`).
    ///
    /// # Errors
    /// If the kind or the pre-tokenizer is another one, or vocabulary, scores or merges are missing
    /// or inconsistent.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, TextError> {
        let tokenizer = GgufTokenizer::from_metadata(metadata)?;
        Ok(Self { source: Source::Gguf(Box::new(tokenizer)) })
    }

    /// Reads a Hugging Face `tokenizer.json`, of whatever model it is. It reads no control tokens
    /// and knows no end of text: right for encoders.
    ///
    /// # Errors
    /// If the file cannot be read or the library does not understand it.
    pub fn from_json_file(path: &Path) -> Result<Self, TextError> {
        Ok(Self { source: Source::Json(Box::new(JsonTokenizer::open(path)?)) })
    }

    /// Reads the tokenizer of a model that generates out of its folder: `tokenizer.json` and, where
    /// present, `tokenizer_config.json`, `generation_config.json` and `config.json`, which name the
    /// tokens that begin and end a text.
    ///
    /// # Errors
    /// If a file cannot be read or the library does not understand it.
    pub fn from_folder(folder: &Path) -> Result<Self, TextError> {
        Ok(Self { source: Source::Json(Box::new(JsonTokenizer::open_folder(folder)?)) })
    }

    /// Token ids of `text`. Spellings of control tokens inside it are plain text.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.source {
            Source::Json(json) => json.encode(text, special, Markup::Plain),
            Source::Gguf(gguf) => gguf.encode(text, special, Markup::Plain),
        }
    }

    /// Token ids of `markup`, in which spellings of control tokens are control tokens: a rendered
    /// chat template, never a customer's text that has not passed [`Self::guard`].
    ///
    /// # Errors
    /// If the tokenizer library fails. [`Self::from_json_file`] gives a tokenizer that reads none.
    pub fn encode_markup(&self, markup: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.source {
            Source::Json(json) => json.encode(markup, special, Markup::Read),
            Source::Gguf(gguf) => gguf.encode(markup, special, Markup::Read),
        }
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
        ids.truncate(tokens_max);
        if special == Special::Add {
            let closing = self.closing();
            let first = tokens_max.saturating_sub(closing.len());
            for (id, &closing) in ids[first..].iter_mut().zip(&closing) {
                *id = closing;
            }
        }
        Ok(ids)
    }

    fn closing(&self) -> Vec<u32> {
        match &self.source {
            Source::Json(json) => json.closing(),
            Source::Gguf(gguf) => gguf.closing(),
        }
    }

    /// `text` with every spelling of a control token broken by an invisible mark, which
    /// [`Self::encode_markup`] takes out again: safe to put between a template's control tokens.
    #[must_use]
    pub fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.source {
            Source::Json(json) => json.control.guard(text),
            Source::Gguf(gguf) => gguf.vocabulary.control.guard(text),
        }
    }

    /// The text of `ids`, control tokens left out; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        match &self.source {
            Source::Json(json) => json.decode(ids),
            Source::Gguf(gguf) => gguf.decode(ids),
        }
    }

    /// One token as people read it: a control token's name, a piece of text, or a byte as `<0x0A>`.
    #[must_use]
    pub fn piece(&self, id: u32) -> String {
        match &self.source {
            Source::Json(json) => json.piece(id),
            Source::Gguf(gguf) => gguf.piece(id),
        }
    }

    /// The bytes that a token adds to a running text; none for a control token.
    #[must_use]
    pub fn piece_bytes(&self, id: u32) -> Vec<u8> {
        match &self.source {
            Source::Json(json) => json.piece_bytes(id),
            Source::Gguf(gguf) => gguf.piece_bytes(id),
        }
    }

    /// The bytes that a token spells; `None` for one that no text holds: control, unknown and
    /// unused tokens.
    pub(crate) fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let spells = match &self.source {
            Source::Json(json) => json.spells_text(id),
            Source::Gguf(gguf) => gguf.spells_text(id),
        };
        let bytes = if spells { self.piece_bytes(id) } else { Vec::new() };
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Whether generation stops at this token.
    #[must_use]
    pub fn is_end_of_generation(&self, id: u32) -> bool {
        match &self.source {
            Source::Json(json) => json.ends.contains(&id),
            Source::Gguf(gguf) => gguf.vocabulary.ends.contains(&id),
        }
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        match &self.source {
            Source::Json(json) => json.vocabulary_size(),
            Source::Gguf(gguf) => gguf.vocabulary.pieces.len(),
        }
    }

    /// The spelling of the token that begins a sequence; empty if there is none.
    #[must_use]
    pub fn begin_text(&self) -> &str {
        match &self.source {
            Source::Json(json) => &json.begin_text,
            Source::Gguf(gguf) => gguf.vocabulary.begin.map_or("", |id| gguf.vocabulary.piece(id)),
        }
    }

    /// The spelling of the token that ends a sequence; empty if there is none.
    #[must_use]
    pub fn end_text(&self) -> &str {
        match &self.source {
            Source::Json(json) => &json.end_text,
            Source::Gguf(gguf) => gguf.vocabulary.end.map_or("", |id| gguf.vocabulary.piece(id)),
        }
    }
}

#[cfg(test)]
mod tests;
