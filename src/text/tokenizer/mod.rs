//! Text to token ids and back.
//!
//! Invariants
//! - A text given to [`Tokenizer::encode`] never yields a control token: what a customer types
//!   cannot open a turn, close one or end a generation.
//! - Only [`Tokenizer::encode_markup`] reads control tokens, and what [`Tokenizer::guard`] has
//!   passed stays plain text even there.

mod byte_pair;
mod sentencepiece;
mod vocabulary;

use crate::base::metadata::Metadata;
use crate::text::error::TextError;
use crate::text::tokenizer::byte_pair::BytePair;
use crate::text::tokenizer::sentencepiece::SPACE;
use crate::text::tokenizer::sentencepiece::SentencePiece;
use crate::text::tokenizer::vocabulary::TokenKind;
use crate::text::tokenizer::vocabulary::Vocabulary;
use std::borrow::Cow;
use std::path::Path;

/// Breaks the spelling of a control token in guarded text: a noncharacter, which no text carries.
const BARRIER: char = '\u{FDD0}';

/// What llama.cpp prints for an unknown token.
const UNKNOWN_TEXT: &str = "\u{2585}";

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
enum Markup {
    Read,
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

#[derive(Debug)]
struct JsonTokenizer {
    library: tokenizers::Tokenizer,
    /// Tokens that close a sequence's frame, such as `[SEP]`.
    closing: Vec<u32>,
}

#[derive(Debug)]
struct GgufTokenizer {
    vocabulary: Vocabulary,
    model: GgufModel,
    adds_begin: bool,
    adds_end: bool,
}

#[derive(Debug)]
enum GgufModel {
    SentencePiece {
        pieces: SentencePiece,
        /// Whether a text, or a text behind a control token, begins with a space.
        adds_space: bool,
    },
    BytePair(Box<BytePair>),
}

/// A run of a text: plain, or one token that was matched whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fragment<'a> {
    Text(&'a str),
    Token(u32),
}

impl Tokenizer {
    /// Reads the tokenizer of a GGUF file: SentencePiece (`llama`) or byte-level BPE (`gpt2`).
    ///
    /// # Errors
    /// If the kind is another one, or vocabulary, scores or merges are missing or inconsistent.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, TextError> {
        let kind = metadata
            .text("tokenizer.ggml.model")
            .ok_or(TextError::Key { key: "tokenizer.ggml.model", expected: "a string" })?;
        let vocabulary = Vocabulary::from_metadata(metadata)?;
        let (model, begins) = match kind {
            "llama" => {
                let pieces = SentencePiece::new(metadata, &vocabulary)?;
                let adds_space = metadata.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
                (GgufModel::SentencePiece { pieces, adds_space }, true)
            }
            "gpt2" => {
                let pairs = BytePair::new(metadata, &vocabulary)?;
                let begins = pairs.adds_begin;
                (GgufModel::BytePair(Box::new(pairs)), begins)
            }
            other => {
                return Err(TextError::Unsupported {
                    what: "tokenizer",
                    found: other.to_owned(),
                    supported: "llama, gpt2",
                });
            }
        };
        let adds_begin = metadata.flag("tokenizer.ggml.add_bos_token").unwrap_or(begins);
        let adds_end = metadata.flag("tokenizer.ggml.add_eos_token").unwrap_or(false);
        let tokenizer = GgufTokenizer { vocabulary, model, adds_begin, adds_end };
        Ok(Self { source: Source::Gguf(Box::new(tokenizer)) })
    }

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
        let frame = library.encode_fast("", true).map_err(bad)?.get_ids().to_vec();
        // The frame of an empty text: one token opens it, the others close it.
        let closing = frame.get(1..).unwrap_or_default().to_vec();
        Ok(Self { source: Source::Json(Box::new(JsonTokenizer { library, closing })) })
    }

    /// Token ids of `text`. Spellings of control tokens inside it are plain text.
    ///
    /// # Errors
    /// If the tokenizer library fails.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.source {
            Source::Json(json) => json.encode(text, special),
            Source::Gguf(gguf) => gguf.encode(text, special, Markup::Plain),
        }
    }

    /// Token ids of `markup`, in which spellings of control tokens are control tokens: a rendered
    /// chat template, never a customer's text that has not passed [`Self::guard`].
    ///
    /// # Errors
    /// If the tokenizer library fails. A tokenizer from `tokenizer.json` reads no control tokens.
    pub fn encode_markup(&self, markup: &str, special: Special) -> Result<Vec<u32>, TextError> {
        match &self.source {
            Source::Json(json) => json.encode(&markup.replace(BARRIER, ""), special),
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
            Source::Json(json) => json.closing.clone(),
            Source::Gguf(gguf) if gguf.adds_end => gguf.vocabulary.end.into_iter().collect(),
            Source::Gguf(_) => Vec::new(),
        }
    }

    /// `text` with every spelling of a control token broken by an invisible mark, which
    /// [`Self::encode_markup`] takes out again: safe to put between a template's control tokens.
    #[must_use]
    pub fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Source::Gguf(gguf) = &self.source else { return Cow::Borrowed(text) };
        // A mark that the text brings along could be used to move ours.
        let mut text = match text.contains(BARRIER) {
            true => Cow::Owned(text.replace(BARRIER, "")),
            false => Cow::Borrowed(text),
        };
        for &id in &gguf.vocabulary.control {
            let piece = gguf.vocabulary.piece(id);
            let first = piece.chars().next().map_or(0, char::len_utf8);
            if text.contains(piece) {
                let broken = format!("{}{BARRIER}{}", &piece[..first], &piece[first..]);
                text = Cow::Owned(text.replace(piece, &broken));
            }
        }
        text
    }

    /// The text of `ids`, control tokens left out; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn decode(&self, ids: &[u32]) -> String {
        match &self.source {
            Source::Json(json) => json.library.decode(ids, true).unwrap_or_default(),
            Source::Gguf(gguf) => {
                let bytes: Vec<u8> = ids.iter().flat_map(|&id| gguf.piece_bytes(id)).collect();
                let text = String::from_utf8_lossy(&bytes);
                match &gguf.model {
                    // The space that encoding put in front.
                    GgufModel::SentencePiece { adds_space: true, .. } => {
                        text.strip_prefix(' ').unwrap_or(&text).to_owned()
                    }
                    _ => text.into_owned(),
                }
            }
        }
    }

    /// One token as people read it: a control token's name, a piece of text, or a byte as `<0x0A>`.
    #[must_use]
    pub fn piece(&self, id: u32) -> String {
        match &self.source {
            Source::Json(json) => json.library.id_to_token(id).unwrap_or_default(),
            Source::Gguf(gguf) => match gguf.vocabulary.kind(id) {
                TokenKind::Normal | TokenKind::UserDefined => {
                    String::from_utf8_lossy(&gguf.piece_bytes(id)).into_owned()
                }
                TokenKind::Control | TokenKind::Unknown | TokenKind::Unused | TokenKind::Byte => {
                    gguf.vocabulary.piece(id).to_owned()
                }
            },
        }
    }

    /// The bytes that a token adds to a running text; none for a control token.
    pub(crate) fn piece_bytes(&self, id: u32) -> Vec<u8> {
        match &self.source {
            Source::Json(json) => json.library.decode(&[id], true).unwrap_or_default().into_bytes(),
            Source::Gguf(gguf) => gguf.piece_bytes(id),
        }
    }

    /// The bytes that a token spells; `None` for one that no text holds: control, unknown and unused
    /// tokens.
    pub(crate) fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let spells = match &self.source {
            Source::Json(_) => true,
            Source::Gguf(gguf) => match gguf.vocabulary.kind(id) {
                TokenKind::Normal | TokenKind::UserDefined | TokenKind::Byte => true,
                TokenKind::Control | TokenKind::Unknown | TokenKind::Unused => false,
            },
        };
        let bytes = if spells { self.piece_bytes(id) } else { Vec::new() };
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Whether generation stops at this token.
    #[must_use]
    pub fn is_end_of_generation(&self, id: u32) -> bool {
        match &self.source {
            Source::Json(_) => false,
            Source::Gguf(gguf) => gguf.vocabulary.ends.contains(&id),
        }
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        match &self.source {
            Source::Json(json) => json.library.get_vocab_size(true),
            Source::Gguf(gguf) => gguf.vocabulary.pieces.len(),
        }
    }

    /// The spelling of the token that begins a sequence; empty if there is none.
    #[must_use]
    pub fn begin_text(&self) -> &str {
        match &self.source {
            Source::Json(_) => "",
            Source::Gguf(gguf) => gguf.vocabulary.begin.map_or("", |id| gguf.vocabulary.piece(id)),
        }
    }

    /// The spelling of the token that ends a sequence; empty if there is none.
    #[must_use]
    pub fn end_text(&self) -> &str {
        match &self.source {
            Source::Json(_) => "",
            Source::Gguf(gguf) => gguf.vocabulary.end.map_or("", |id| gguf.vocabulary.piece(id)),
        }
    }
}

impl JsonTokenizer {
    fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>, TextError> {
        let encoding = self
            .library
            .encode_fast(text, special == Special::Add)
            .map_err(|cause| TextError::Encode { bytes: text.len(), cause })?;
        Ok(encoding.get_ids().to_vec())
    }
}

impl GgufTokenizer {
    fn encode(&self, text: &str, special: Special, markup: Markup) -> Result<Vec<u32>, TextError> {
        let frame = |adds: bool, id: Option<u32>| id.filter(|_| adds && special == Special::Add);
        let begin = frame(self.adds_begin, self.vocabulary.begin);
        let mut ids: Vec<u32> = begin.into_iter().collect();
        let mut after_token = true;
        for fragment in self.fragments(text, markup) {
            match fragment {
                Fragment::Token(id) => {
                    // A template may spell the begin token that has just been added.
                    if !(ids.len() == 1 && begin == Some(id)) {
                        ids.push(id);
                    }
                    after_token = true;
                }
                Fragment::Text(text) => {
                    let text = match markup {
                        Markup::Read => Cow::Owned(text.replace(BARRIER, "")),
                        Markup::Plain => Cow::Borrowed(text),
                    };
                    self.encode_plain(&text, after_token, &mut ids)?;
                    after_token = false;
                }
            }
        }
        ids.extend(frame(self.adds_end, self.vocabulary.end));
        Ok(ids)
    }

    fn encode_plain(
        &self,
        text: &str,
        after_token: bool,
        ids: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        match &self.model {
            GgufModel::BytePair(pairs) => pairs.encode(text, ids),
            GgufModel::SentencePiece { pieces, adds_space } => {
                let prefix = if *adds_space && after_token { SPACE } else { "" };
                pieces.encode(&format!("{prefix}{}", text.replace(' ', SPACE)), ids);
                Ok(())
            }
        }
    }

    /// Parts `text` at user-defined tokens and, in markup, at control tokens: the longest first,
    /// each from left to right, as llama.cpp does.
    fn fragments<'a>(&self, text: &'a str, markup: Markup) -> Vec<Fragment<'a>> {
        let mut wanted = self.vocabulary.user_defined.clone();
        if markup == Markup::Read {
            wanted.extend_from_slice(&self.vocabulary.control);
        }
        wanted.retain(|&id| text.contains(self.vocabulary.piece(id)));
        wanted.sort_by_key(|&id| std::cmp::Reverse(self.vocabulary.piece(id).len()));
        let mut fragments = match text {
            "" => Vec::new(),
            text => vec![Fragment::Text(text)],
        };
        for id in wanted {
            let piece = self.vocabulary.piece(id);
            fragments = fragments
                .into_iter()
                .flat_map(|fragment| match fragment {
                    Fragment::Token(_) => vec![fragment],
                    Fragment::Text(text) => part(text, piece, id),
                })
                .collect();
        }
        fragments
    }

    fn piece_bytes(&self, id: u32) -> Vec<u8> {
        let piece = self.vocabulary.piece(id);
        match (self.vocabulary.kind(id), &self.model) {
            (TokenKind::Control | TokenKind::Unused, _) => Vec::new(),
            (TokenKind::Unknown, _) => UNKNOWN_TEXT.as_bytes().to_vec(),
            (TokenKind::UserDefined, GgufModel::BytePair(_)) => piece.as_bytes().to_vec(),
            (TokenKind::Normal | TokenKind::Byte, GgufModel::BytePair(_)) => {
                byte_pair::piece_bytes(piece)
            }
            (TokenKind::Byte, GgufModel::SentencePiece { .. }) => {
                let byte = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
                match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    Some(byte) => vec![byte],
                    None => piece.as_bytes().to_vec(),
                }
            }
            (TokenKind::Normal | TokenKind::UserDefined, GgufModel::SentencePiece { .. }) => {
                piece.replace(SPACE, " ").into_bytes()
            }
        }
    }
}

/// `text` with every `piece` taken out as token `id`; empty runs are left out.
fn part<'a>(text: &'a str, piece: &str, id: u32) -> Vec<Fragment<'a>> {
    let mut fragments = Vec::new();
    for (at, run) in text.split(piece).enumerate() {
        if at > 0 {
            fragments.push(Fragment::Token(id));
        }
        if !run.is_empty() {
            fragments.push(Fragment::Text(run));
        }
    }
    fragments
}

#[cfg(test)]
mod tests;
