//! Encodes text to token ids and decodes ids to text.
//!
//! Invariants
//! - [`Tokenizer::encode`] never finds a control token in a text, so a customer's text cannot open
//!   or close a turn or end a generation.
//! - Only [`Tokenizer::encode_markup`] parses control tokens, and text that passed through
//!   [`Tokenizer::guard`] stays plain text even there.
//! - Ids depend on the text alone, not on earlier calls.

mod byte_pair;
mod gguf;
pub(crate) mod json;
mod sentencepiece;
mod settings;
mod spellings;
mod vocabulary;
mod word_piece;

use crate::text::error::TextError;
use crate::text::tokenizer::gguf::GgufTokenizer;
use crate::text::tokenizer::json::JsonTokenizer;
use crate::text::tokenizer::settings::Markup;
use std::borrow::Cow;
use std::path::Path;
use vitrine_base::metadata::Metadata;

pub use settings::Special;

/// A tokenizer loaded from GGUF metadata or from `tokenizer.json`.
#[derive(Debug)]
pub struct Tokenizer {
    backend: TokenizerBackend,
}

#[derive(Debug)]
enum TokenizerBackend {
    Json(Box<JsonTokenizer>),
    Gguf(Box<GgufTokenizer>),
}

impl Tokenizer {
    /// Loads the tokenizer of a GGUF file: SentencePiece (`llama`), byte-level BPE (`gpt2`) or
    /// WordPiece (`bert`).
    ///
    /// # Errors
    /// If the kind or the pre-tokenizer is unsupported, or vocabulary, scores or merges are missing
    /// or inconsistent.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, TextError> {
        let tokenizer = GgufTokenizer::from_metadata(metadata)?;
        Ok(Self { backend: TokenizerBackend::Gguf(Box::new(tokenizer)) })
    }

    /// Loads a Hugging Face `tokenizer.json`, for encoders: the tokenizer parses no control tokens
    /// and has no end-of-generation tokens.
    ///
    /// # Errors
    /// If the file cannot be read or parsed.
    pub fn from_json_file(path: &Path) -> Result<Self, TextError> {
        Ok(Self { backend: TokenizerBackend::Json(Box::new(JsonTokenizer::open(path)?)) })
    }

    /// Loads the tokenizer of a generative model from its folder: `tokenizer.json` and, if present,
    /// `tokenizer_config.json`, `generation_config.json` and `config.json`, which name the tokens
    /// that begin and end a text.
    ///
    /// # Errors
    /// If a file cannot be read or parsed.
    pub(crate) fn from_folder(folder: &Path) -> Result<Self, TextError> {
        Ok(Self { backend: TokenizerBackend::Json(Box::new(JsonTokenizer::open_folder(folder)?)) })
    }

    /// Token ids of `text`. Spellings of control tokens in it are encoded as plain text.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.backend {
            TokenizerBackend::Json(json) => json.encode(text, special, Markup::Plain),
            TokenizerBackend::Gguf(gguf) => gguf.encode(text, special, Markup::Plain),
        }
    }

    /// Token ids of a rendered chat template. Spellings of control tokens in it become control
    /// tokens, so customer text must have passed through [`Self::guard`]. Tokenizers from
    /// [`Self::from_json_file`] parse no control tokens here either.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode_markup(&self, markup: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.backend {
            TokenizerBackend::Json(json) => json.encode(markup, special, Markup::Read),
            TokenizerBackend::Gguf(gguf) => gguf.encode(markup, special, Markup::Read),
        }
    }

    /// Like [`Self::encode`], truncated to `tokens_max`: the end of the text is dropped, the
    /// framing tokens are kept.
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
        match &self.backend {
            TokenizerBackend::Json(json) => json.closing(),
            TokenizerBackend::Gguf(gguf) => gguf.closing(),
        }
    }

    /// `text` with each spelling of a control token broken by a U+FDD0 mark, so that it is safe to
    /// insert into a chat template. [`Self::encode_markup`] removes the marks.
    #[must_use]
    pub fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.backend {
            TokenizerBackend::Json(json) => json.control.guard(text),
            TokenizerBackend::Gguf(gguf) => gguf.vocabulary.control.guard(text),
        }
    }

    /// The text of `ids` without control tokens; invalid UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        match &self.backend {
            TokenizerBackend::Json(json) => json.decode(ids),
            TokenizerBackend::Gguf(gguf) => gguf.decode(ids),
        }
    }

    /// Readable form of one token: a control token's name, a piece of text, or a byte as `<0x0A>`.
    #[must_use]
    pub fn piece(&self, id: u32) -> String {
        match &self.backend {
            TokenizerBackend::Json(json) => json.piece(id),
            TokenizerBackend::Gguf(gguf) => gguf.piece(id),
        }
    }

    /// Bytes that a token adds to a text; empty for a control token.
    #[must_use]
    pub fn piece_bytes(&self, id: u32) -> Vec<u8> {
        match &self.backend {
            TokenizerBackend::Json(json) => json.piece_bytes(id),
            TokenizerBackend::Gguf(gguf) => gguf.piece_bytes(id),
        }
    }

    /// Bytes of a token that can occur in text; `None` for control, unknown and unused tokens.
    pub(crate) fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let spells = match &self.backend {
            TokenizerBackend::Json(json) => json.spells_text(id),
            TokenizerBackend::Gguf(gguf) => gguf.spells_text(id),
        };
        let bytes = if spells { self.piece_bytes(id) } else { Vec::new() };
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Whether generation stops at this token.
    #[must_use]
    pub(crate) fn is_end_of_generation(&self, id: u32) -> bool {
        match &self.backend {
            TokenizerBackend::Json(json) => json.ends.contains(&id),
            TokenizerBackend::Gguf(gguf) => gguf.vocabulary.ends.contains(&id),
        }
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        match &self.backend {
            TokenizerBackend::Json(json) => json.vocabulary_size(),
            TokenizerBackend::Gguf(gguf) => gguf.vocabulary.pieces.len(),
        }
    }

    /// Spelling of the token that begins a sequence; empty if there is none.
    #[must_use]
    pub(crate) fn begin_text(&self) -> &str {
        match &self.backend {
            TokenizerBackend::Json(json) => &json.begin_text,
            TokenizerBackend::Gguf(gguf) => {
                gguf.vocabulary.begin.map_or("", |id| gguf.vocabulary.piece(id))
            }
        }
    }

    /// Spelling of the token that ends a sequence; empty if there is none.
    #[must_use]
    pub(crate) fn end_text(&self) -> &str {
        match &self.backend {
            TokenizerBackend::Json(json) => &json.end_text,
            TokenizerBackend::Gguf(gguf) => {
                gguf.vocabulary.end.map_or("", |id| gguf.vocabulary.piece(id))
            }
        }
    }
}

#[cfg(test)]
mod tests;
