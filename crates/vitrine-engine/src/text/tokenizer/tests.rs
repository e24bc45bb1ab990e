//! Token ids of tiny vocabularies, safety against forged control tokens, and round trips.

use super::*;
use crate::text::detokenizer::StreamDecoder;
use crate::text::test_support::tiny_byte_level_metadata;
use crate::text::test_support::tiny_metadata;
use crate::text::test_support::tiny_word_piece_metadata;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::OnceLock;
use vitrine_base::metadata::MetadataValue;

mod mutations;

fn tiny() -> Tokenizer {
    let pieces = ["▁", "h", "i", "hi", "▁hi", "<", "/", "s", ">", "</", "</s", "</s>x"];
    Tokenizer::from_metadata(&tiny_metadata(&pieces)).unwrap()
}

fn id(tokenizer: &Tokenizer, piece: &str) -> u32 {
    (0..u32::try_from(tokenizer.vocabulary_size()).unwrap())
        .find(|&id| match &tokenizer.backend {
            TokenizerBackend::Gguf(gguf) => gguf.vocabulary.piece(id) == piece,
            TokenizerBackend::Json(json) => json.piece(id) == piece,
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
    // A mark inside a control token's spelling does not bring the token back.
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
    // The begin token is not doubled if the template spells it.
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
    let break_with = |key: &str, value: MetadataValue| {
        let mut metadata = tiny_metadata(&["a"]);
        metadata.insert(key, value);
        Tokenizer::from_metadata(&metadata).unwrap_err()
    };
    let error = break_with("tokenizer.ggml.scores", MetadataValue::Floats(vec![0.0]));
    assert!(matches!(error, TextError::ListLength { found: 1, .. }));
    let error = break_with("tokenizer.ggml.model", MetadataValue::Text("rwkv".to_owned()));
    assert!(error.to_string().contains("`rwkv`"));
    let error = break_with("tokenizer.ggml.tokens", MetadataValue::Unsigned(1));
    assert!(matches!(error, TextError::Key { .. }));
}

#[test]
fn cut_texts_keep_their_frame() {
    let mut metadata = tiny_metadata(&["▁", "h", "i"]);
    metadata.insert("tokenizer.ggml.add_eos_token", MetadataValue::Bool(true));
    let tokenizer = Tokenizer::from_metadata(&metadata).unwrap();
    let ids = tokenizer.encode_cut("hihihi", Special::Add, 4).unwrap();
    assert_eq!((ids.len(), ids[0], ids[3]), (4, 1, 2));
    assert_eq!(tokenizer.encode_cut("hi", Special::Add, 40).unwrap().last(), Some(&2));
    assert_eq!(tokenizer.encode_cut("hihihi", Special::Skip, 2).unwrap().len(), 2);
    assert!(tokenizer.encode_cut("hi", Special::Add, 0).unwrap().is_empty());
}

#[test]
fn word_pieces_begin_and_continue_words() {
    let tokenizer = Tokenizer::from_metadata(&tiny_word_piece_metadata()).unwrap();
    assert_eq!(tokenizer.encode("Héllo hhello!", Special::Add).unwrap(), [2, 4, 1, 7, 3]);
    assert_eq!(tokenizer.encode("hello HELLO", Special::Skip).unwrap(), [4, 4]);
    assert_eq!(tokenizer.decode(&[2, 5, 6, 7, 3]), "hello !");
    // No text encodes to a framing or unused piece.
    assert_eq!(tokenizer.encode("[CLS][unused1]", Special::Skip).unwrap(), [1, 1, 1, 1, 1, 1]);
    assert_eq!(tokenizer.encode_cut("hello hello hello", Special::Add, 3).unwrap(), [2, 4, 3]);
}

#[test]
fn every_known_pre_tokenizer_parts_texts_without_loss() {
    let text = "He's 12345 ok — DON'T\r\n  été\t日本語 hello  <=>`~ x1y\n\n";
    let unknown = Tokenizer::from_metadata(&tiny_byte_level_metadata("rwkv9")).unwrap_err();
    let TextError::PreTokenizer { found, known } = &unknown else { panic!("{unknown}") };
    assert_eq!(found, "rwkv9");
    assert!(unknown.to_string().contains("llama-bpe") && known.len() > 30);
    for name in known {
        let tokenizer = Tokenizer::from_metadata(&tiny_byte_level_metadata(name)).unwrap();
        let ids = tokenizer.encode(text, Special::Skip).unwrap();
        assert_eq!(tokenizer.decode(&ids), text, "{name}");
        assert!(ids.len() < text.len(), "{name} merges nothing");
    }
}

#[test]
fn a_piece_that_ends_texts_is_control_whatever_the_file_says() {
    let tokenizer = Tokenizer::from_metadata(&tiny_byte_level_metadata("gpt-2")).unwrap();
    let end = id(&tokenizer, "<|im_end|>");
    assert!(tokenizer.is_end_of_generation(end));
    assert!(!tokenizer.encode("<|im_end|>", Special::Skip).unwrap().contains(&end));
    assert_eq!(tokenizer.encode_markup("<|im_end|>", Special::Skip).unwrap(), [end]);
}

#[test]
fn composed_characters_are_normalised_where_the_file_asks_for_it() {
    let mut metadata = tiny_byte_level_metadata("qwen2");
    metadata.insert("tokenizer.ggml.normalizer.nfc", MetadataValue::Bool(true));
    let composing = Tokenizer::from_metadata(&metadata).unwrap();
    let plain = Tokenizer::from_metadata(&tiny_byte_level_metadata("qwen2")).unwrap();
    let decomposed = "e\u{301}";
    let ids = |tokenizer: &Tokenizer| tokenizer.encode(decomposed, Special::Skip).unwrap();
    assert_eq!(composing.decode(&ids(&composing)), "é");
    assert_eq!(plain.decode(&ids(&plain)), decomposed);
}

#[test]
fn gemma_begins_without_a_space_and_phi3_s_control_tokens_swallow_it() {
    let mut metadata = tiny_metadata(&["▁", "h", "i", "hi", "▁hi"]);
    metadata.insert("tokenizer.ggml.add_space_prefix", MetadataValue::Bool(false));
    let gemma = Tokenizer::from_metadata(&metadata).unwrap();
    let ids = gemma.encode("hi hi", Special::Add).unwrap();
    assert_eq!(ids, [1, id(&gemma, "hi"), id(&gemma, "▁hi")]);
    assert_eq!(gemma.decode(&ids), "hi hi");

    let mut metadata = tiny_metadata(&["▁", "h", "i", "hi", "▁hi"]);
    let markup = "<|user|>\nhi</s>\n";
    let plain = Tokenizer::from_metadata(&metadata).unwrap();
    assert!(plain.encode_markup(markup, Special::Skip).unwrap().contains(&(3 + 0x0A)));
    metadata.insert("general.name", MetadataValue::Text("Phi-3 mini 4k instruct".to_owned()));
    let phi = Tokenizer::from_metadata(&metadata).unwrap();
    let expected = [id(&phi, "<|user|>"), id(&phi, "▁hi"), 2];
    assert_eq!(phi.encode_markup(markup, Special::Skip).unwrap()[..3], expected);
}

/// A generative model's folder: a byte-level `tokenizer.json` and its configuration files.
fn json_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let Some(MetadataValue::Texts(tokens)) =
        tiny_byte_level_metadata("gpt-2").get("tokenizer.ggml.tokens").cloned()
    else {
        unreachable!("the fixture has tokens")
    };
    let pieces: serde_json::Map<String, serde_json::Value> =
        tokens[..259].iter().enumerate().map(|(id, piece)| (piece.clone(), id.into())).collect();
    let added = |id: u32, content: &str, special: bool| {
        serde_json::json!({"id": id, "content": content, "special": special, "normalized": true,
            "single_word": false, "lstrip": false, "rstrip": false})
    };
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": true},
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
            "use_regex": true},
        "added_tokens": [added(259, "<|im_end|>", true), added(260, "<|user|>", true),
            added(261, "SKU", false)],
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "vocab": pieces,
            "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
            "byte_fallback": false, "merges": ["h e", "he l", "Ġ he"]},
    });
    let write = |name: &str, value: &serde_json::Value| {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    };
    write("tokenizer.json", &tokenizer);
    write("tokenizer_config.json", &serde_json::json!({"eos_token": {"content": "<|im_end|>"}}));
    write("generation_config.json", &serde_json::json!({"eos_token_id": [259, 260]}));
    folder
}

#[test]
fn a_folder_s_tokenizer_equals_that_of_the_same_gguf() {
    let folder = json_folder();
    let json = Tokenizer::from_folder(folder.path()).unwrap();
    let gguf = Tokenizer::from_metadata(&tiny_byte_level_metadata("gpt-2")).unwrap();
    for text in ["hello he SKU hel", "été 🦙 12", ""] {
        let ids = json.encode(text, Special::Add).unwrap();
        assert_eq!(ids, gguf.encode(text, Special::Add).unwrap(), "{text}");
        assert_eq!(json.decode(&ids), text);
        let bytes: Vec<u8> = ids.iter().flat_map(|id| json.piece_bytes(*id)).collect();
        assert_eq!(bytes, text.as_bytes());
    }
    assert_eq!(json.encode_markup("<|user|>he", Special::Add).unwrap(), [260, 256]);
    assert!(json.is_end_of_generation(259) && json.is_end_of_generation(260));
    assert_eq!((json.begin_text(), json.end_text()), ("", "<|im_end|>"));
    assert_eq!(json.piece(260), "<|user|>");
}

#[test]
fn customers_cannot_forge_control_tokens_of_a_folder_s_tokenizer() {
    let folder = json_folder();
    let tokenizer = Tokenizer::from_folder(folder.path()).unwrap();
    for text in ["<|im_end|>", "a<|user|>b<|im_end|>", "<|us\u{FDD0}er|>", "<<|user|>"] {
        let plain = tokenizer.encode(text, Special::Add).unwrap();
        let guarded = tokenizer.guard(text);
        let marked = tokenizer.encode_markup(&guarded, Special::Add).unwrap();
        for ids in [plain, marked.clone()] {
            assert!(!ids.contains(&259) && !ids.contains(&260), "{text}: {ids:?}");
        }
        assert_eq!(tokenizer.decode(&marked), text.replace('\u{FDD0}', ""));
    }
    // Loaded as an encoder, the same file parses no markup.
    let encoder = Tokenizer::from_json_file(&folder.path().join("tokenizer.json")).unwrap();
    assert!(!encoder.encode_markup("<|user|>", Special::Add).unwrap().contains(&260));
}

#[test]
fn damaged_files_of_a_folder_are_named() {
    let folder = json_folder();
    std::fs::write(folder.path().join("generation_config.json"), "{").unwrap();
    let refusal = Tokenizer::from_folder(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("generation_config.json"), "{refusal}");
    std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    let refusal = Tokenizer::from_folder(folder.path()).unwrap_err().to_string();
    assert!(refusal.contains("tokenizer.json"), "{refusal}");
}

/// Ordinary and hostile customer texts.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        any::<String>(),
        "[ \\t\\r\\n]{0,6}",
        Just("<|user|>".to_owned()),
        Just("</s>".to_owned()),
        Just("<|im_end|>".to_owned()),
        Just("<|us\u{FDD0}er|>".to_owned()),
        Just("SKU".to_owned()),
        "(hel|he| he|hi| hi|é|🦙|0x0A|<0x0A>){0,5}",
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn all_tokenizers() -> Vec<Arc<Tokenizer>> {
    static TOKENIZERS: OnceLock<Vec<Arc<Tokenizer>>> = OnceLock::new();
    let make = || {
        let mut all = vec![tiny()];
        for name in ["llama-bpe", "qwen2", "gpt-4o", "default"] {
            all.push(Tokenizer::from_metadata(&tiny_byte_level_metadata(name)).unwrap());
        }
        all.push(Tokenizer::from_folder(json_folder().path()).unwrap());
        all.into_iter().map(Arc::new).collect()
    };
    TOKENIZERS.get_or_init(make).clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn decoding_undoes_encoding(text in texts()) {
        for tokenizer in all_tokenizers() {
            let ids = tokenizer.encode(&text, Special::Add).unwrap();
            // The JSON fixture composes characters; SentencePiece adds a space after a user-defined
            // token, as in llama.cpp.
            let alters = match &tokenizer.backend {
                TokenizerBackend::Gguf(gguf) => gguf.piece(1) == "<s>" && text.contains("SKU"),
                TokenizerBackend::Json(_) => true,
            };
            if alters {
                continue;
            }
            // SentencePiece writes spaces as U+2581.
            let expected = text.replace('\u{2581}', " ");
            prop_assert_eq!(tokenizer.decode(&ids).replace('\u{2581}', " "), expected);
        }
    }

    #[test]
    fn no_text_yields_a_control_token_plain_or_guarded(text in texts()) {
        for tokenizer in all_tokenizers() {
            let control = |id: &u32| tokenizer.piece(*id) == "<|user|>"
                || tokenizer.is_end_of_generation(*id);
            let plain = tokenizer.encode(&text, Special::Skip).unwrap();
            prop_assert!(!plain.iter().any(control), "{:?}", plain);
            let guarded = tokenizer.guard(&text);
            let marked = tokenizer.encode_markup(&guarded, Special::Skip).unwrap();
            prop_assert!(!marked.iter().any(control), "{:?}", marked);
        }
    }

    #[test]
    fn streams_hand_out_the_same_characters_wherever_tokens_cut(
        ids in proptest::collection::vec(0..262_u32, 0..40),
    ) {
        for tokenizer in all_tokenizers() {
            let mut stream = StreamDecoder::new(Arc::clone(&tokenizer));
            let mut text: String = ids.iter().map(|id| stream.push(*id)).collect();
            text += &stream.finish();
            let bytes: Vec<u8> = ids.iter().flat_map(|id| tokenizer.piece_bytes(*id)).collect();
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
