//! Byte-level BPE encoder: the tokenizers library, configured from GGUF metadata.
//!
//! Sources: Sennrich et al. 2016, arXiv:1508.07909; patterns from `llm_tokenizer_bpe` of llama.cpp,
//! unless noted.

use crate::text::error::TextError;
use crate::text::tokenizer::vocabulary;
use crate::text::tokenizer::vocabulary::TokenKind;
use crate::text::tokenizer::vocabulary::Vocabulary;
use tokenizers::PreTokenizerWrapper;
use tokenizers::SplitDelimiterBehavior;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::Split;
use tokenizers::pre_tokenizers::split::SplitPattern;
use vitrine_base::metadata::Metadata;

const MERGES_KEY: &str = "tokenizer.ggml.merges";
const PATTERN_KEY: &str = "tokenizer.ggml.pre";
const NFC_KEY: &str = "tokenizer.ggml.normalizer.nfc";

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = concat!(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const QWEN2: &str = concat!(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|",
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const QWEN35: &str = concat!(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|",
    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|",
    r"\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
// The next two are from the models' own tokenizer.json. llama.cpp only approximates them, because
// its regex engine has no letter-case classes.
const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|",
    r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const GPT4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|",
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const DEEPSEEK3: &str = concat!(
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"##,
    r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// A pre-tokenizer: how texts are split before merging.
struct Pattern {
    /// Values of `tokenizer.ggml.pre` that select it.
    names: &'static [&'static str],
    /// Regular expressions, applied in order, each to the parts of the previous one.
    expressions: &'static [&'static str],
    /// Whether a part that is a piece itself is taken without merging.
    whole_pieces_first: bool,
    /// Default for adding the begin token, if the file does not set `add_bos_token`.
    adds_begin: bool,
}

impl Pattern {
    const fn new(names: &'static [&'static str], expressions: &'static [&'static str]) -> Self {
        Self { names, expressions, whole_pieces_first: false, adds_begin: false }
    }

    /// For vocabularies with pieces that merges cannot produce; they also add the begin token.
    const fn whole(names: &'static [&'static str], expressions: &'static [&'static str]) -> Self {
        Self { names, expressions, whole_pieces_first: true, adds_begin: true }
    }
}

const PATTERNS: [Pattern; 11] = [
    Pattern::whole(
        &[
            "llama-bpe",
            "llama3",
            "llama-v3",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "smollm3",
        ],
        &[LLAMA3],
    ),
    Pattern::new(&["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], &[LLAMA3]),
    Pattern::new(
        &["qwen2", "deepseek-r1-qwen", "kormo", "megrez", "stablelm2", "hunyuan", "grok-2"],
        &[QWEN2],
    ),
    Pattern::new(&["qwen35"], &[QWEN35]),
    Pattern::new(
        &[
            "gpt-2",
            "phi-2",
            "olmo",
            "mpt",
            "jais",
            "gigachat",
            "a.x-4.0",
            "mellum",
            "exaone4",
            "trillion",
            "granite-docling",
        ],
        &[GPT2],
    ),
    Pattern::new(
        &["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
        &[r"\p{N}", GPT2],
    ),
    Pattern::whole(&["tekken"], &[TEKKEN]),
    Pattern::new(&["gpt-4o", "llama4", "minimax-m2"], &[GPT4O]),
    Pattern::new(
        &["deepseek-v3", "hunyuan-dense"],
        &[r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3],
    ),
    Pattern::new(
        &["deepseek-coder"],
        &[r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+", r"\p{N}"],
    ),
    Pattern::new(&["default"], &[r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"]),
];

/// A byte-level BPE encoder.
#[derive(Debug)]
pub(crate) struct BytePair {
    library: tokenizers::Tokenizer,
    /// Default for adding the begin token, if the file does not set `add_bos_token`.
    pub(crate) adds_begin: bool,
}

impl BytePair {
    pub(crate) fn new(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let name = metadata.text(PATTERN_KEY).unwrap_or("default");
        let pattern = PATTERNS.iter().find(|pattern| pattern.names.contains(&name));
        let pattern = pattern.ok_or_else(|| TextError::PreTokenizer {
            found: name.to_owned(),
            known: PATTERNS.iter().flat_map(|pattern| pattern.names).copied().collect(),
        })?;
        let merges = metadata
            .texts(MERGES_KEY)
            .ok_or(TextError::Key { key: MERGES_KEY, expected: "a list of strings" })?
            .iter()
            .enumerate()
            .map(|(index, merge)| split_merge(merge).ok_or(TextError::Merge { index }))
            .collect::<Result<Vec<_>, _>>()?;
        // Control tokens are left out, so that no text can encode to one.
        let pieces = vocabulary.pieces.iter().cloned().zip(0..).filter(|&(_, id)| {
            matches!(vocabulary.kind(id), TokenKind::Normal | TokenKind::UserDefined)
        });
        let model = BPE::builder()
            .vocab_and_merges(pieces.collect::<tokenizers::models::bpe::Vocab>(), merges)
            .ignore_merges(pattern.whole_pieces_first)
            .build()
            .map_err(TextError::Vocabulary)?;
        let mut parts = Vec::new();
        for expression in pattern.expressions {
            let expression = SplitPattern::Regex((*expression).to_owned());
            let split = Split::new(expression, SplitDelimiterBehavior::Isolated, false)
                .map_err(TextError::Vocabulary)?;
            parts.push(PreTokenizerWrapper::Split(split));
        }
        parts.push(PreTokenizerWrapper::ByteLevel(ByteLevel::new(false, false, false)));
        let mut library = tokenizers::Tokenizer::new(model);
        if vocabulary::flag(metadata, NFC_KEY, false)? {
            library.with_normalizer(Some(NFC)).map_err(TextError::Vocabulary)?;
        }
        library.with_pre_tokenizer(Some(PreTokenizerWrapper::Sequence(Sequence::new(parts))));
        Ok(Self { library, adds_begin: pattern.adds_begin })
    }

    /// Appends the ids of `text`.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TextError> {
        let encoding = self
            .library
            .encode_fast(text, false)
            .map_err(|cause| TextError::Encode { bytes: text.len(), cause })?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}

/// Splits `left right` at the first space after the first character.
fn split_merge(merge: &str) -> Option<(String, String)> {
    let first = merge.chars().next()?.len_utf8();
    let at = first + merge[first..].find(' ')?;
    Some((merge[..at].to_owned(), merge[at + 1..].to_owned()))
}

/// Bytes of a byte-level piece.
pub(crate) fn piece_bytes(piece: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(piece.len());
    for character in piece.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            // Manually added pieces may be plain text.
            None => bytes.extend(character.to_string().bytes()),
        }
    }
    bytes
}

/// Byte of a character in GPT-2's table: printable Latin-1 characters map to themselves, the other
/// 68 bytes in ascending order to U+0100 and up. `None` for characters outside the table.
fn byte_of(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => u8::try_from(code).ok(),
        0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        0x121..=0x142 => u8::try_from(code - 0x121 + 0x7F).ok(),
        0x143 => Some(0xAD),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_one_character() {
        let mut seen: Vec<u8> = (0..0x144).filter_map(char::from_u32).filter_map(byte_of).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=255).collect::<Vec<u8>>());
        assert_eq!(byte_of('Ġ'), Some(b' '));
        assert_eq!(byte_of('Ċ'), Some(b'\n'));
    }
}
