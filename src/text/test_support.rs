//! Test support: a tiny SentencePiece vocabulary.

use crate::base::metadata::Metadata;
use crate::base::metadata::Value;

/// `<unk> <s> </s>`, all bytes, `pieces` with falling scores, `<|user|>` (control) and `SKU`
/// (user-defined).
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
    metadata.insert("tokenizer.ggml.model", Value::Text("llama".to_owned()));
    metadata.insert("tokenizer.ggml.tokens", Value::Texts(tokens));
    metadata.insert("tokenizer.ggml.token_type", Value::Integers(types));
    metadata.insert("tokenizer.ggml.scores", Value::Floats(scores));
    metadata.insert("tokenizer.ggml.bos_token_id", Value::Unsigned(1));
    metadata.insert("tokenizer.ggml.eos_token_id", Value::Unsigned(2));
    metadata
}
