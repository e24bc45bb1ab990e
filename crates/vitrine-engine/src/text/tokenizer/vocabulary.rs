//! A GGUF vocabulary: pieces, token kinds and special token ids.
//!
//! Invariants
//! - A piece that only serves to end a generation is a control token, whatever kind the file gives
//!   it. Some converters mark `<|im_end|>` as a normal piece, and a customer could then type it.
//!
//! Source: `src/llama-vocab.cpp` of llama.cpp.

use crate::text::error::TextError;
use crate::text::tokenizer::spellings::TokenSpellings;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;

const TOKENS_KEY: &str = "tokenizer.ggml.tokens";
const TYPES_KEY: &str = "tokenizer.ggml.token_type";

/// Pieces that end a generation if they are control tokens, besides the ids in the metadata. Many
/// files name only one of the several end tokens that their model emits.
pub(crate) const END_PIECES: [&str; 11] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<｜end▁of▁sentence｜>",
    "<|END_OF_TURN_TOKEN|>",
    "<EOT>",
    "</s>",
];

/// Those of [`END_PIECES`] that are also ordinary markup and normal pieces in some vocabularies.
const MARKUP_PIECES: [&str; 2] = ["</s>", "<EOT>"];

/// Kind of a token, from `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A piece of text.
    Normal,
    /// Placeholder for text without a piece.
    Unknown,
    /// Structure such as the end of a turn; never text.
    Control,
    /// A piece of text that is matched before tokenizing.
    UserDefined,
    /// Never produced.
    Unused,
    /// A single byte, for text without a piece.
    Byte,
}

/// A vocabulary with its special token ids; an id is `None` if the file has none.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) pieces: Vec<String>,
    pub(crate) kinds: Vec<TokenKind>,
    pub(crate) begin: Option<u32>,
    pub(crate) end: Option<u32>,
    pub(crate) unknown: Option<u32>,
    /// `[CLS]` and `[SEP]` of encoders.
    pub(crate) classify: Option<u32>,
    pub(crate) separator: Option<u32>,
    /// Tokens after which generation stops.
    pub(crate) ends: BTreeSet<u32>,
    /// User-defined tokens, matched in any text.
    pub(crate) user_defined: TokenSpellings,
    /// Control and unknown tokens, matched in markup only.
    pub(crate) control: TokenSpellings,
}

impl Vocabulary {
    pub(crate) fn from_metadata(metadata: &Metadata) -> Result<Self, TextError> {
        let pieces = metadata
            .texts(TOKENS_KEY)
            .filter(|pieces| !pieces.is_empty())
            .ok_or(TextError::Key { key: TOKENS_KEY, expected: "a list of strings" })?
            .to_vec();
        let kinds = kinds(metadata, &pieces)?;
        let id = |key| special_id(metadata, key, pieces.len());
        let begin = id("tokenizer.ggml.bos_token_id")?;
        let end = id("tokenizer.ggml.eos_token_id")?;
        let unknown = id("tokenizer.ggml.unknown_token_id")?;
        let classify = id("tokenizer.ggml.cls_token_id")?;
        // Files made before 2025 spell the key `seperator`.
        let separator =
            id("tokenizer.ggml.seperator_token_id")?.or(id("tokenizer.ggml.separator_token_id")?);
        let turn_end = id("tokenizer.ggml.eot_token_id")?;
        let message_end = id("tokenizer.ggml.eom_token_id")?;
        let of_kind = |wanted: &[TokenKind]| {
            let ids = (0_u32..).zip(&kinds).filter(|(_, kind)| wanted.contains(kind));
            TokenSpellings::new(ids.map(|(id, _)| (id, pieces[id as usize].as_str())))
        };
        let control = of_kind(&[TokenKind::Control, TokenKind::Unknown])?;
        let user_defined = of_kind(&[TokenKind::UserDefined])?;
        let ends = (0_u32..)
            .zip(&pieces)
            .zip(&kinds)
            .filter(|((_, piece), kind)| **kind == TokenKind::Control && is_end(piece))
            .map(|((id, _), _)| id)
            .chain([end, turn_end, message_end].into_iter().flatten())
            .collect();
        Ok(Self {
            pieces,
            kinds,
            begin,
            end,
            unknown,
            classify,
            separator,
            ends,
            user_defined,
            control,
        })
    }

    /// A token's piece as spelled in the file; empty if the id is out of range.
    pub(crate) fn piece(&self, id: u32) -> &str {
        self.pieces.get(id as usize).map_or("", String::as_str)
    }

    /// Kind of a token; [`TokenKind::Unused`] if the id is out of range.
    pub(crate) fn kind(&self, id: u32) -> TokenKind {
        self.kinds.get(id as usize).copied().unwrap_or(TokenKind::Unused)
    }

    /// Token ids by piece. The last id wins if pieces repeat, as in llama.cpp.
    pub(crate) fn ids_by_piece(&self) -> HashMap<String, u32> {
        self.pieces.iter().cloned().zip(0..).collect()
    }
}

fn is_end(piece: &str) -> bool {
    END_PIECES.contains(&piece)
}

fn kinds(metadata: &Metadata, pieces: &[String]) -> Result<Vec<TokenKind>, TextError> {
    let codes = metadata.integers(TYPES_KEY);
    if codes.is_none() && metadata.get(TYPES_KEY).is_some() {
        return Err(TextError::Key { key: TYPES_KEY, expected: "a list of integers" });
    }
    let mut kinds: Vec<TokenKind> = match codes {
        None => vec![TokenKind::Normal; pieces.len()],
        Some(codes) if codes.len() == pieces.len() => {
            codes.iter().map(|&code| token_kind(code)).collect()
        }
        Some(codes) => {
            let (found, tokens) = (codes.len(), pieces.len());
            return Err(TextError::ListLength { key: TYPES_KEY, found, tokens });
        }
    };
    for (kind, piece) in kinds.iter_mut().zip(pieces) {
        let plain = matches!(kind, TokenKind::Normal | TokenKind::UserDefined);
        if plain && is_end(piece) && !MARKUP_PIECES.contains(&piece.as_str()) {
            *kind = TokenKind::Control;
        }
    }
    Ok(kinds)
}

fn token_kind(code: i64) -> TokenKind {
    match code {
        2 => TokenKind::Unknown,
        3 => TokenKind::Control,
        4 => TokenKind::UserDefined,
        5 => TokenKind::Unused,
        6 => TokenKind::Byte,
        _ => TokenKind::Normal,
    }
}

/// The token id under `key`; `None` if it is missing or means none: negative, or `u32::MAX` in
/// older files. An id outside the vocabulary is none too, with a warning, as in llama.cpp.
///
/// # Errors
/// If the value is not a whole number.
fn special_id(
    metadata: &Metadata,
    key: &'static str,
    tokens: usize,
) -> Result<Option<u32>, TextError> {
    let found = match metadata.get(key) {
        None => return Ok(None),
        Some(MetadataValue::Unsigned(found)) => *found,
        Some(MetadataValue::Signed(found)) => match u64::try_from(*found) {
            Ok(found) => found,
            Err(_) => return Ok(None),
        },
        Some(_) => return Err(TextError::Key { key, expected: "one integer" }),
    };
    if found == u64::from(u32::MAX) {
        return Ok(None);
    }
    match u32::try_from(found) {
        Ok(id) if (id as usize) < tokens => Ok(Some(id)),
        _ => {
            tracing::warn!(key, found, tokens, "token id is outside the vocabulary; it is ignored");
            Ok(None)
        }
    }
}

/// The flag under `key`; `default` if it is missing. Some writers store 0 and 1.
///
/// # Errors
/// If the value is neither a boolean nor 0 or 1.
pub(crate) fn flag(
    metadata: &Metadata,
    key: &'static str,
    default: bool,
) -> Result<bool, TextError> {
    match (metadata.get(key), metadata.unsigned(key)) {
        (None, _) => Ok(default),
        (Some(MetadataValue::Bool(flag)), _) => Ok(*flag),
        (_, Some(0)) => Ok(false),
        (_, Some(1)) => Ok(true),
        _ => Err(TextError::Key { key, expected: "true or false" }),
    }
}
