//! Test support: tiny SentencePiece, byte-level BPE and WordPiece vocabularies.

use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;

/// A SentencePiece vocabulary: `<unk> <s> </s>`, all bytes, `pieces` with descending scores,
/// `<|user|>` (control) and `SKU` (user-defined).
pub(crate) fn tiny_metadata(pieces: &[&str]) -> Metadata {
    let mut tokens = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
    let mut types = vec![2, 3, 3];
    tokens.extend((0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>")));
    types.resize(tokens.len(), 6);
    tokens.extend(pieces.iter().map(|piece| (*piece).to_owned()));
    types.resize(tokens.len(), 1);
    tokens.extend(["<|user|>".to_owned(), "SKU".to_owned()]);
    types.extend([3, 4]);
    let scores = (0..tokens.len()).map(|index| -(index as f32)).collect();
    let mut metadata = Metadata::default();
    metadata.insert("tokenizer.ggml.model", MetadataValue::Text("llama".to_owned()));
    metadata.insert("tokenizer.ggml.tokens", MetadataValue::Texts(tokens));
    metadata.insert("tokenizer.ggml.token_type", MetadataValue::Integers(types));
    metadata.insert("tokenizer.ggml.scores", MetadataValue::Floats(scores));
    metadata.insert("tokenizer.ggml.bos_token_id", MetadataValue::Unsigned(1));
    metadata.insert("tokenizer.ggml.eos_token_id", MetadataValue::Unsigned(2));
    metadata
}

/// A byte-level BPE vocabulary: all bytes, `he`, `hel`, `Ġhe`, `<|im_end|>` (ends a generation but
/// is typed as a normal piece), `<|user|>` (control) and `SKU` (user-defined).
pub(crate) fn tiny_byte_level_metadata(pre_tokenizer: &str) -> Metadata {
    let mut tokens: Vec<String> = byte_characters().iter().map(ToString::to_string).collect();
    let merges = ["h e", "he l", "Ġ he"];
    tokens.extend(merges.iter().map(|merge| merge.replace(' ', "")));
    let mut types = vec![1; tokens.len() + 1];
    tokens.extend(["<|im_end|>", "<|user|>", "SKU"].map(str::to_owned));
    types.extend([3, 4]);
    let mut metadata = Metadata::default();
    let text = |text: &str| MetadataValue::Text(text.to_owned());
    metadata.insert("tokenizer.ggml.model", text("gpt2"));
    metadata.insert("tokenizer.ggml.pre", text(pre_tokenizer));
    metadata.insert("tokenizer.ggml.eos_token_id", MetadataValue::Unsigned(259));
    metadata.insert("tokenizer.ggml.tokens", MetadataValue::Texts(tokens));
    metadata.insert("tokenizer.ggml.token_type", MetadataValue::Integers(types));
    let merges = merges.map(str::to_owned).to_vec();
    metadata.insert("tokenizer.ggml.merges", MetadataValue::Texts(merges));
    metadata
}

/// GPT-2's character for each byte, indexed by byte.
fn byte_characters() -> Vec<char> {
    let printable = |byte: u32| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut next = 0x100..;
    (0..=0xFF_u32)
        .map(|byte| if printable(byte) { byte } else { next.next().unwrap() })
        .map(|code| char::from_u32(code).unwrap())
        .collect()
}

/// A WordPiece vocabulary in the spelling of GGUF files.
pub(crate) fn tiny_word_piece_metadata() -> Metadata {
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁hello", "▁h", "ello", "▁!", "[unused1]"];
    let tokens = pieces.map(str::to_owned).to_vec();
    let mut metadata = Metadata::default();
    metadata.insert("tokenizer.ggml.model", MetadataValue::Text("bert".to_owned()));
    metadata.insert("tokenizer.ggml.tokens", MetadataValue::Texts(tokens));
    let types = vec![3, 2, 3, 3, 1, 1, 1, 1, 1];
    metadata.insert("tokenizer.ggml.token_type", MetadataValue::Integers(types));
    metadata.insert("tokenizer.ggml.unknown_token_id", MetadataValue::Unsigned(1));
    metadata.insert("tokenizer.ggml.cls_token_id", MetadataValue::Unsigned(2));
    metadata.insert("tokenizer.ggml.seperator_token_id", MetadataValue::Unsigned(3));
    metadata
}
