//! A tokenizer from Hugging Face files: `tokenizer.json` and, for generative models, the
//! configuration files beside it.
//!
//! The tokenizers library does the encoding. A generative model needs two instances: the plain one
//! encodes spellings of control tokens as text; the markup one parses them and removes the marks
//! that guard a customer's text.
//!
//! Invariants
//! - The markup instance matches control tokens before normalisation, so that normalisation cannot
//!   restore a guarded spelling.

use crate::text::error::TextError;
use crate::text::tokenizer::byte_pair;
use crate::text::tokenizer::sentencepiece;
use crate::text::tokenizer::sentencepiece::SPACE;
use crate::text::tokenizer::settings::Markup;
use crate::text::tokenizer::settings::Special;
use crate::text::tokenizer::spellings::BARRIER;
use crate::text::tokenizer::spellings::TokenSpellings;
use crate::text::tokenizer::vocabulary::END_PIECES;
use serde_json::Value;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

/// Maximum size of a JSON file, in bytes. The largest published `tokenizer.json` has 34 MB.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// A tokenizer loaded from JSON files.
#[derive(Debug)]
pub(crate) struct JsonTokenizer {
    plain: tokenizers::Tokenizer,
    /// Instance that parses control tokens; `None` for encoders.
    markup: Option<Box<tokenizers::Tokenizer>>,
    /// Tokens that end a framed sequence, such as `[SEP]`.
    closing: Vec<u32>,
    style: PieceStyle,
    added: BTreeMap<u32, AddedToken>,
    pub(crate) control: TokenSpellings,
    pub(crate) begin_text: String,
    pub(crate) end_text: String,
    pub(crate) ends: BTreeSet<u32>,
}

#[derive(Debug)]
struct AddedToken {
    content: String,
    special: bool,
}

/// How pieces spell bytes and spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PieceStyle {
    /// GPT-2's table of printable characters.
    ByteLevel,
    /// `▁` for a space, `<0x0A>` for a byte.
    SentencePiece,
    /// `##` before a piece that continues a word.
    WordPiece,
    /// Plain text.
    Verbatim,
}

impl JsonTokenizer {
    /// Loads `tokenizer.json`. Its padding and truncation settings are ignored: sequences are
    /// packed, and the caller decides about truncation.
    pub(crate) fn open(path: &Path) -> Result<Self, TextError> {
        Self::new(&read(path)?).map_err(|cause| TextError::File { path: path.to_owned(), cause })
    }

    /// Loads the tokenizer of a generative model: `tokenizer.json`, with the begin and end tokens
    /// named in `tokenizer_config.json`, `generation_config.json` and `config.json`.
    pub(crate) fn open_folder(folder: &Path) -> Result<Self, TextError> {
        let path = folder.join("tokenizer.json");
        let value = read(&path)?;
        let bad = |cause| TextError::File { path: path.clone(), cause };
        let mut tokenizer = Self::new(&value).map_err(bad)?;
        tokenizer.markup = Some(Box::new(library(&markup_variant(value)).map_err(bad)?));
        let settings = read_if_present(&folder.join("tokenizer_config.json"))?;
        tokenizer.begin_text = token_text(&settings["bos_token"]);
        tokenizer.end_text = token_text(&settings["eos_token"]);
        let mut ends: BTreeSet<u32> = tokenizer
            .added
            .iter()
            .filter(|(_, token)| token.special && END_PIECES.contains(&token.content.as_str()))
            .map(|(id, _)| *id)
            .collect();
        ends.extend(tokenizer.plain.token_to_id(&tokenizer.end_text));
        for file in ["generation_config.json", "config.json"] {
            ends.extend(token_ids(&read_if_present(&folder.join(file))?["eos_token_id"]));
        }
        tokenizer.ends = ends;
        Ok(tokenizer)
    }

    fn new(value: &Value) -> tokenizers::Result<Self> {
        let mut plain = library(value)?;
        plain.set_encode_special_tokens(true);
        let frame = plain.encode_fast("", true)?.get_ids().to_vec();
        let added = added_tokens(value);
        let special = added.iter().filter(|(_, token)| token.special);
        let control =
            TokenSpellings::new(special.map(|(id, token)| (*id, token.content.as_str())))?;
        Ok(Self {
            plain,
            markup: None,
            // The frame of an empty text: the first token begins a sequence, the rest end it.
            closing: frame.get(1..).unwrap_or_default().to_vec(),
            style: PieceStyle::of(&value["decoder"]),
            added,
            control,
            begin_text: String::new(),
            end_text: String::new(),
            ends: BTreeSet::new(),
        })
    }

    pub(crate) fn encode(
        &self,
        text: &str,
        special: Special,
        markup: Markup,
    ) -> Result<Vec<u32>, TextError> {
        let (library, text) = match (markup, &self.markup) {
            (Markup::Plain, _) => (&self.plain, Cow::Borrowed(text)),
            (Markup::Read, Some(markup_variant)) => (markup_variant.as_ref(), Cow::Borrowed(text)),
            (Markup::Read, None) => (&self.plain, Cow::Owned(text.replace(BARRIER, ""))),
        };
        let encoding = library
            .encode_fast(text.as_ref(), special == Special::Add)
            .map_err(|cause| TextError::Encode { bytes: text.len(), cause })?;
        let mut ids = encoding.get_ids().to_vec();
        // The template may spell the begin token that the frame already added.
        if markup == Markup::Read && special == Special::Add {
            let begin = self.plain.token_to_id(&self.begin_text);
            if begin.is_some() && ids.first() == begin.as_ref() && ids.get(1) == begin.as_ref() {
                ids.remove(0);
            }
        }
        Ok(ids)
    }

    pub(crate) fn closing(&self) -> Vec<u32> {
        self.closing.clone()
    }

    pub(crate) fn decode(&self, ids: &[u32]) -> String {
        self.plain.decode(ids, true).unwrap_or_default()
    }

    pub(crate) fn piece(&self, id: u32) -> String {
        match self.added.get(&id) {
            Some(token) => token.content.clone(),
            None => match self.plain.id_to_token(id) {
                Some(piece) if sentencepiece::byte_of(&piece).is_some() => piece,
                _ => String::from_utf8_lossy(&self.piece_bytes(id)).into_owned(),
            },
        }
    }

    /// Whether a token can occur in text; false for control tokens.
    pub(crate) fn spells_text(&self, id: u32) -> bool {
        self.added.get(&id).is_none_or(|token| !token.special)
    }

    pub(crate) fn piece_bytes(&self, id: u32) -> Vec<u8> {
        if let Some(token) = self.added.get(&id) {
            return if token.special { Vec::new() } else { token.content.clone().into_bytes() };
        }
        let piece = self.plain.id_to_token(id).unwrap_or_default();
        match self.style {
            PieceStyle::ByteLevel => byte_pair::piece_bytes(&piece),
            PieceStyle::SentencePiece => match sentencepiece::byte_of(&piece) {
                Some(byte) => vec![byte],
                None => piece.replace(SPACE, " ").into_bytes(),
            },
            PieceStyle::WordPiece => match piece.strip_prefix("##") {
                Some(rest) => rest.as_bytes().to_vec(),
                None => format!(" {piece}").into_bytes(),
            },
            PieceStyle::Verbatim => piece.into_bytes(),
        }
    }

    pub(crate) fn vocabulary_size(&self) -> usize {
        self.plain.get_vocab_size(true)
    }
}

impl PieceStyle {
    /// The style of the `decoder` in `tokenizer.json`: a single decoder or a sequence.
    fn of(decoder: &Value) -> Self {
        match decoder["type"].as_str() {
            Some("ByteLevel") => Self::ByteLevel,
            Some("Metaspace" | "ByteFallback") => Self::SentencePiece,
            Some("WordPiece") => Self::WordPiece,
            Some("Sequence") => decoder["decoders"]
                .as_array()
                .into_iter()
                .flatten()
                .map(Self::of)
                .find(|style| *style != Self::Verbatim)
                .unwrap_or(Self::Verbatim),
            _ => Self::Verbatim,
        }
    }
}

fn library(value: &Value) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut library = tokenizers::Tokenizer::from_bytes(serde_json::to_vec(value)?)?;
    library.with_padding(None);
    library.with_truncation(None)?;
    Ok(library)
}

/// Configures a tokenizer for markup: control tokens are matched in the raw text, then the marks
/// are removed from the rest.
fn markup_variant(mut value: Value) -> Value {
    for token in value["added_tokens"].as_array_mut().into_iter().flatten() {
        if token["special"] == json!(true) {
            token["normalized"] = json!(false);
        }
    }
    let unmark =
        json!({"type": "Replace", "pattern": {"String": BARRIER.to_string()}, "content": ""});
    let normalizers = match value["normalizer"].take() {
        Value::Null => vec![unmark],
        own => vec![unmark, own],
    };
    value["normalizer"] = json!({"type": "Sequence", "normalizers": normalizers});
    value
}

fn added_tokens(value: &Value) -> BTreeMap<u32, AddedToken> {
    let added = value["added_tokens"].as_array().into_iter().flatten();
    added
        .filter_map(|token| {
            let id = u32::try_from(token["id"].as_u64()?).ok()?;
            let content = token["content"].as_str()?.to_owned();
            let special = token["special"].as_bool().unwrap_or(false);
            Some((id, AddedToken { content, special }))
        })
        .collect()
}

/// Spelling of a token in `tokenizer_config.json`: a string, or the `content` of an object.
fn token_text(value: &Value) -> String {
    value.as_str().or_else(|| value["content"].as_str()).unwrap_or_default().to_owned()
}

/// Token ids given as a number or as a list; empty for anything else.
fn token_ids(value: &Value) -> Vec<u32> {
    let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    several.iter().filter_map(|id| u32::try_from(id.as_u64()?).ok()).collect()
}

/// Reads a JSON file of at most [`FILE_BYTES_MAX`].
pub(crate) fn read(path: &Path) -> Result<Value, TextError> {
    let bad = |cause| TextError::File { path: path.to_owned(), cause };
    let bytes = std::fs::metadata(path).map_err(|cause| bad(cause.into()))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(bad(format!("it has {bytes} bytes, limit is {FILE_BYTES_MAX}").into()));
    }
    let text = std::fs::read(path).map_err(|cause| bad(cause.into()))?;
    serde_json::from_slice(&text).map_err(|cause| bad(cause.into()))
}

/// Like [`read`]; null if the file does not exist.
pub(crate) fn read_if_present(path: &Path) -> Result<Value, TextError> {
    if path.exists() { read(path) } else { Ok(Value::Null) }
}
