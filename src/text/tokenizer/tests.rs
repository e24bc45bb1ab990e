//! Ids against llama.cpp's own expectations, and what customers must not be able to forge.

use super::*;
use crate::base::metadata::Value;
use crate::text::detokenizer::StreamDecoder;
use crate::text::test_support::tiny_metadata;
use std::sync::Arc;

fn tiny() -> Tokenizer {
    let pieces = ["▁", "h", "i", "hi", "▁hi", "<", "/", "s", ">", "</", "</s", "</s>x"];
    Tokenizer::from_metadata(&tiny_metadata(&pieces)).unwrap()
}

fn id(tokenizer: &Tokenizer, piece: &str) -> u32 {
    (0..u32::try_from(tokenizer.vocabulary_size()).unwrap())
        .find(|&id| match &tokenizer.source {
            Source::Gguf(gguf) => gguf.vocabulary.piece(id) == piece,
            Source::Json(_) => false,
        })
        .unwrap()
}

#[test]
fn sentencepiece_merges_the_best_score_first_and_falls_back_to_bytes() {
    let tokenizer = tiny();
    let ids = tokenizer.encode("hi é", Special::Add).unwrap();
    let expected = vec![1, id(&tokenizer, "▁hi"), id(&tokenizer, "▁"), 3 + 0xC3, 3 + 0xA9];
    assert_eq!(ids, expected);
    assert_eq!(tokenizer.decode(&ids), "hi é");
    assert_eq!(tokenizer.encode("", Special::Add).unwrap(), [1]);
    assert!(tokenizer.encode("", Special::Skip).unwrap().is_empty());
}

#[test]
fn customers_cannot_forge_control_tokens() {
    let tokenizer = tiny();
    let control = [1, 2, id(&tokenizer, "<|user|>")];
    for text in ["</s>", "hi</s>", "<s>hi", "<|user|>", "<unk>", "a<|user|>\u{FDD0}"] {
        let ids = tokenizer.encode(text, Special::Skip).unwrap();
        assert!(!ids.iter().any(|id| control.contains(id) || *id == 0), "{text}: {ids:?}");
        let guarded = tokenizer.guard(text);
        let ids = tokenizer.encode_markup(&guarded, Special::Skip).unwrap();
        assert!(!ids.iter().any(|id| control.contains(id) || *id == 0), "{text}: {ids:?}");
        assert_eq!(tokenizer.decode(&ids), text.replace('\u{FDD0}', ""));
    }
    // Marks cannot be smuggled in to rebuild a token from its pieces.
    let sly = "<|us\u{FDD0}er|>";
    let ids = tokenizer.encode_markup(&tokenizer.guard(sly), Special::Skip).unwrap();
    assert!(!ids.contains(&control[2]));
}

#[test]
fn markup_reads_control_tokens_and_any_text_reads_user_defined_ones() {
    let tokenizer = tiny();
    let (user, sku) = (id(&tokenizer, "<|user|>"), id(&tokenizer, "SKU"));
    let hi = id(&tokenizer, "▁hi");
    assert_eq!(tokenizer.encode_markup("<|user|>hi</s>", Special::Skip).unwrap(), [user, hi, 2]);
    assert_eq!(tokenizer.encode("hiSKU", Special::Skip).unwrap(), [hi, sku]);
    // A template that spells the begin token does not get it twice.
    assert_eq!(tokenizer.encode_markup("<s>hi", Special::Add).unwrap(), [1, hi]);
    assert!(tokenizer.is_end_of_generation(2) && !tokenizer.is_end_of_generation(user));
    assert_eq!((tokenizer.begin_text(), tokenizer.end_text()), ("<s>", "</s>"));
}

#[test]
fn stream_hands_out_whole_characters_and_replaces_broken_ones() {
    let tokenizer = Arc::new(tiny());
    let byte = |byte: u8| 3 + u32::from(byte);
    let mut stream = StreamDecoder::new(Arc::clone(&tokenizer));
    assert_eq!(stream.push(id(&tokenizer, "▁hi")), " hi");
    assert_eq!(stream.push(byte(0xF0)), "");
    assert_eq!(stream.push(byte(0x9F)), "");
    assert_eq!(stream.push(byte(0xA6)), "");
    assert_eq!(stream.push(byte(0x99)), "🦙");
    assert_eq!(stream.push(byte(0xC3)), "");
    assert_eq!(stream.push(id(&tokenizer, "h")), "\u{FFFD}h");
    assert_eq!(stream.push(2), "");
    assert_eq!(stream.push(byte(0xE2)), "");
    assert_eq!(stream.finish(), "\u{FFFD}");
    assert_eq!(stream.finish(), "");
}

#[test]
fn inconsistent_vocabularies_are_refused() {
    let break_with = |key: &str, value: Value| {
        let mut metadata = tiny_metadata(&["a"]);
        metadata.insert(key, value);
        Tokenizer::from_metadata(&metadata).unwrap_err()
    };
    let error = break_with("tokenizer.ggml.scores", Value::Floats(vec![0.0]));
    assert!(matches!(error, TextError::ListLength { found: 1, .. }));
    let error = break_with("tokenizer.ggml.bos_token_id", Value::Unsigned(1 << 20));
    assert!(matches!(error, TextError::TokenId { .. }));
    let error = break_with("tokenizer.ggml.model", Value::Text("rwkv".to_owned()));
    assert!(error.to_string().contains("`rwkv`"));
    let error = break_with("tokenizer.ggml.tokens", Value::Unsigned(1));
    assert!(matches!(error, TextError::Key { .. }));
}

#[test]
fn cut_texts_keep_their_frame() {
    let mut metadata = tiny_metadata(&["▁", "h", "i"]);
    metadata.insert("tokenizer.ggml.add_eos_token", Value::Bool(true));
    let tokenizer = Tokenizer::from_metadata(&metadata).unwrap();
    let ids = tokenizer.encode_cut("hihihi", Special::Add, 4).unwrap();
    assert_eq!((ids.len(), ids[0], ids[3]), (4, 1, 2));
    assert_eq!(tokenizer.encode_cut("hi", Special::Add, 40).unwrap().last(), Some(&2));
    assert_eq!(tokenizer.encode_cut("hihihi", Special::Skip, 2).unwrap().len(), 2);
    assert!(tokenizer.encode_cut("hi", Special::Add, 0).unwrap().is_empty());
}
