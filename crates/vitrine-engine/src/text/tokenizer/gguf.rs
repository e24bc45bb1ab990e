//! A tokenizer built from a GGUF file's metadata alone.
//!
//! Follows llama.cpp, whose converters write these files, in which tokens are matched by spelling,
//! when a leading space is added, and which tokens frame a sequence.
//!
//! Source: `src/llama-vocab.cpp` of llama.cpp.

use crate::text::error::TextError;
use crate::text::tokenizer::byte_pair;
use crate::text::tokenizer::byte_pair::BytePair;
use crate::text::tokenizer::sentencepiece;
use crate::text::tokenizer::sentencepiece::SPACE;
use crate::text::tokenizer::sentencepiece::SentencePiece;
use crate::text::tokenizer::settings::Markup;
use crate::text::tokenizer::settings::Special;
use crate::text::tokenizer::spellings::BARRIER;
use crate::text::tokenizer::spellings::Fragment;
use crate::text::tokenizer::spellings::split_at_tokens;
use crate::text::tokenizer::vocabulary;
use crate::text::tokenizer::vocabulary::TokenKind;
use crate::text::tokenizer::vocabulary::Vocabulary;
use crate::text::tokenizer::word_piece::WordPiece;
use std::borrow::Cow;
use vitrine_base::metadata::Metadata;

/// Text of an unknown token, as in llama.cpp.
const UNKNOWN_TEXT: &str = "\u{2585}";

/// Supported kinds of tokenizer, for error messages.
const KINDS: &str = "llama, gpt2, bert";

/// A tokenizer of one of three kinds, with the tokens that frame a sequence.
#[derive(Debug)]
pub(crate) struct GgufTokenizer {
    pub(crate) vocabulary: Vocabulary,
    model: GgufModel,
    /// Added before and after a sequence under [`Special::Add`].
    begin: Option<u32>,
    end: Option<u32>,
    /// Whether whitespace after a control token is dropped.
    after_control: AfterControl,
}

#[derive(Debug)]
enum GgufModel {
    SentencePiece {
        pieces: SentencePiece,
        /// Whether a space is added before a text, and before text that follows a special token.
        adds_space: bool,
    },
    BytePair(Box<BytePair>),
    WordPiece(Box<WordPiece>),
}

/// Treatment of whitespace after a control token in markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterControl {
    Kept,
    /// For Phi-3. Its files have no flag for this, so it is recognised by `general.name`.
    Dropped,
}

impl GgufTokenizer {
    pub(crate) fn from_metadata(metadata: &Metadata) -> Result<Self, TextError> {
        let kind = metadata
            .text("tokenizer.ggml.model")
            .ok_or(TextError::Key { key: "tokenizer.ggml.model", expected: "a string" })?;
        let vocabulary = Vocabulary::from_metadata(metadata)?;
        let flag = |key, default| vocabulary::flag(metadata, key, default);
        let (model, begins) = match kind {
            "llama" => {
                let pieces = SentencePiece::new(metadata, &vocabulary)?;
                let adds_space = flag("tokenizer.ggml.add_space_prefix", true)?;
                (GgufModel::SentencePiece { pieces, adds_space }, true)
            }
            "gpt2" => {
                let pairs = BytePair::new(metadata, &vocabulary)?;
                let begins = pairs.adds_begin;
                (GgufModel::BytePair(Box::new(pairs)), begins)
            }
            "bert" => {
                (GgufModel::WordPiece(Box::new(WordPiece::new(metadata, &vocabulary)?)), true)
            }
            other => {
                return Err(TextError::Unsupported {
                    what: "tokenizer",
                    found: other.to_owned(),
                    supported: KINDS,
                });
            }
        };
        let adds_begin = flag("tokenizer.ggml.add_bos_token", begins)?;
        let (begin, end) = match &model {
            GgufModel::WordPiece(_) => {
                let adds_end = flag("tokenizer.ggml.add_sep_token", true)?;
                let begin =
                    vocabulary.classify.or(vocabulary.begin).or(id_of(&vocabulary, "[CLS]"));
                let end = vocabulary.separator.or(id_of(&vocabulary, "[SEP]"));
                (begin.filter(|_| adds_begin), end.filter(|_| adds_end))
            }
            GgufModel::SentencePiece { .. } | GgufModel::BytePair(_) => {
                let adds_end = flag("tokenizer.ggml.add_eos_token", false)?;
                (vocabulary.begin.filter(|_| adds_begin), vocabulary.end.filter(|_| adds_end))
            }
        };
        let after_control = match (&model, metadata.text("general.name")) {
            (GgufModel::SentencePiece { .. }, Some(name)) if is_phi3(name) => AfterControl::Dropped,
            _ => AfterControl::Kept,
        };
        Ok(Self { vocabulary, model, begin, end, after_control })
    }

    pub(crate) fn encode(
        &self,
        text: &str,
        special: Special,
        markup: Markup,
    ) -> Result<Vec<u32>, TextError> {
        let framed = special == Special::Add;
        let begin = self.begin.filter(|_| framed);
        let mut ids: Vec<u32> = begin.into_iter().collect();
        let mut after_token = true;
        let mut drops_space = false;
        for fragment in self.fragments(text, markup) {
            match fragment {
                Fragment::Token(id) => {
                    // The template may spell the begin token that was already added.
                    if !(ids.len() == 1 && begin == Some(id)) {
                        ids.push(id);
                    }
                    after_token = true;
                    drops_space = self.after_control == AfterControl::Dropped
                        && self.vocabulary.kind(id) == TokenKind::Control
                        && Some(id) != self.vocabulary.begin;
                }
                Fragment::Text(text) => {
                    let text = if drops_space { text.trim_ascii_start() } else { text };
                    let text = match markup {
                        Markup::Read => Cow::Owned(text.replace(BARRIER, "")),
                        Markup::Plain => Cow::Borrowed(text),
                    };
                    self.encode_plain(&text, after_token, &mut ids)?;
                    after_token = false;
                }
            }
        }
        ids.extend(self.end.filter(|_| framed));
        Ok(ids)
    }

    /// Tokens that end a framed sequence.
    pub(crate) fn closing(&self) -> Vec<u32> {
        self.end.into_iter().collect()
    }

    pub(crate) fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|&id| self.piece_bytes(id)).collect();
        let text = String::from_utf8_lossy(&bytes);
        match &self.model {
            // Remove the space that encoding added.
            GgufModel::SentencePiece { adds_space: true, .. } | GgufModel::WordPiece(_) => {
                text.strip_prefix(' ').unwrap_or(&text).to_owned()
            }
            GgufModel::SentencePiece { adds_space: false, .. } | GgufModel::BytePair(_) => {
                text.into_owned()
            }
        }
    }

    pub(crate) fn piece(&self, id: u32) -> String {
        match self.vocabulary.kind(id) {
            TokenKind::Normal | TokenKind::UserDefined => {
                String::from_utf8_lossy(&self.piece_bytes(id)).into_owned()
            }
            TokenKind::Control | TokenKind::Unknown | TokenKind::Unused | TokenKind::Byte => {
                self.vocabulary.piece(id).to_owned()
            }
        }
    }

    /// Whether a token can occur in text; false for control, unknown and unused tokens.
    pub(crate) fn spells_text(&self, id: u32) -> bool {
        match self.vocabulary.kind(id) {
            TokenKind::Normal | TokenKind::UserDefined | TokenKind::Byte => true,
            TokenKind::Control | TokenKind::Unknown | TokenKind::Unused => false,
        }
    }

    /// Bytes that a token adds to a text; empty for control and unused tokens.
    pub(crate) fn piece_bytes(&self, id: u32) -> Vec<u8> {
        let piece = self.vocabulary.piece(id);
        match (self.vocabulary.kind(id), &self.model) {
            (TokenKind::Control | TokenKind::Unused, _) => Vec::new(),
            (TokenKind::Unknown, _) => UNKNOWN_TEXT.as_bytes().to_vec(),
            (TokenKind::UserDefined, GgufModel::BytePair(_)) => piece.as_bytes().to_vec(),
            (TokenKind::Normal | TokenKind::Byte, GgufModel::BytePair(_)) => {
                byte_pair::piece_bytes(piece)
            }
            (_, GgufModel::WordPiece(_)) => piece.replace(SPACE, " ").into_bytes(),
            (TokenKind::Byte, GgufModel::SentencePiece { .. }) => {
                match sentencepiece::byte_of(piece) {
                    Some(byte) => vec![byte],
                    None => piece.as_bytes().to_vec(),
                }
            }
            (TokenKind::Normal | TokenKind::UserDefined, GgufModel::SentencePiece { .. }) => {
                piece.replace(SPACE, " ").into_bytes()
            }
        }
    }

    fn encode_plain(
        &self,
        text: &str,
        after_token: bool,
        ids: &mut Vec<u32>,
    ) -> Result<(), TextError> {
        match &self.model {
            GgufModel::BytePair(pairs) => pairs.encode(text, ids),
            GgufModel::WordPiece(pieces) => pieces.encode(text, ids),
            GgufModel::SentencePiece { pieces, adds_space } => {
                let prefix = if *adds_space && after_token { SPACE } else { "" };
                pieces.encode(&format!("{prefix}{}", text.replace(' ', SPACE)), ids);
                Ok(())
            }
        }
    }

    /// Splits `text` at user-defined tokens and, in markup, at control tokens.
    fn fragments<'a>(&self, text: &'a str, markup: Markup) -> Vec<Fragment<'a>> {
        let mut found = self.vocabulary.user_defined.found(text);
        if markup == Markup::Read {
            found.extend(self.vocabulary.control.found(text));
        }
        split_at_tokens(text, found)
    }
}

fn id_of(vocabulary: &Vocabulary, piece: &str) -> Option<u32> {
    vocabulary.pieces.iter().zip(0..).find(|(found, _)| *found == piece).map(|(_, id)| id)
}

fn is_phi3(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("phi-3") || name.contains("phi3")
}
