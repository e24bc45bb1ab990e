//! Damaged tokenizers: each is refused in one sentence, or encodes and decodes without a panic.
//! `PROPTEST_CASES` makes a long run of it.

use super::*;
use serde_json::json;

const TEXT: &str = "Héllo <|user|> SKU</s> hi\n  9 日本🦙\u{0}";

fn any_value() -> impl Strategy<Value = MetadataValue> {
    prop_oneof![
        prop_oneof![any::<u64>(), 0..300_u64].prop_map(MetadataValue::Unsigned),
        any::<i64>().prop_map(MetadataValue::Signed),
        any::<f64>().prop_map(MetadataValue::Float),
        any::<bool>().prop_map(MetadataValue::Bool),
        "\\PC{0,9}".prop_map(MetadataValue::Text),
        prop::collection::vec("(\\PC| |▁|Ġ|<0x4[0-9]>){0,5}", 0..9).prop_map(MetadataValue::Texts),
        prop::collection::vec(any::<i64>(), 0..9).prop_map(MetadataValue::Integers),
        prop::collection::vec(any::<f32>(), 0..9).prop_map(MetadataValue::Floats),
    ]
}

/// Encodes and decodes; panics in the tokenizer fail the test.
fn use_it(tokenizer: &Tokenizer) {
    for special in [Special::Add, Special::Skip] {
        for ids in [tokenizer.encode(TEXT, special), tokenizer.encode_markup(TEXT, special)] {
            let Ok(ids) = ids else { continue };
            let _text = tokenizer.decode(&ids);
            assert!(ids.iter().all(|id| tokenizer.token_bytes(*id).is_none_or(|b| b.len() < 999)));
        }
    }
    let _cut = tokenizer.encode_cut(TEXT, Special::Add, 3);
    let _guarded = tokenizer.guard(TEXT);
    let _text = tokenizer.decode(&[0, 1, 299, u32::MAX]);
}

fn check(tokenizer: Result<Tokenizer, TextError>) -> Result<(), TestCaseError> {
    match tokenizer {
        Ok(tokenizer) => use_it(&tokenizer),
        Err(error) => {
            let words = error.to_string();
            prop_assert!(!words.contains('\n') && !words.contains("panic"), "{}", words);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_metadata_is_refused_or_makes_a_tokenizer(
        kind in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..4),
        absent in prop::collection::vec(any::<prop::sample::Index>(), 0..2),
    ) {
        let sound = match kind {
            0 => tiny_metadata(&["▁", "h", "i", "hi", "▁hi"]),
            1 => tiny_byte_level_metadata("llama-bpe"),
            _ => tiny_word_piece_metadata(),
        };
        let optional = ["add_bos_token", "add_eos_token", "add_space_prefix", "add_sep_token",
            "unknown_token_id", "eot_token_id", "normalizer.lowercase"];
        let keys: Vec<String> = sound
            .iter()
            .map(|(key, _)| key.to_owned())
            .chain(optional.map(|key| format!("tokenizer.ggml.{key}")))
            .collect();
        let mut metadata = Metadata::default();
        let absent: Vec<&String> = absent.iter().map(|index| index.get(&keys)).collect();
        for (key, value) in sound.iter().filter(|(key, _)| !absent.iter().any(|a| a == key)) {
            metadata.insert(key, value.clone());
        }
        for (index, value) in changes {
            metadata.insert(index.get(&keys), value);
        }
        check(Tokenizer::from_metadata(&metadata))?;
    }

    #[test]
    fn any_tokenizer_json_is_refused_or_makes_a_tokenizer(
        cuts in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..9_usize, "\\PC{0,3}"),
            1..4,
        ),
    ) {
        let added = json!({"id": 2, "content": "</s>", "special": true, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false});
        let sound = json!({
            "version": "1.0", "truncation": null, "padding": null, "normalizer": {"type": "NFC"},
            "added_tokens": [added], "pre_tokenizer": {"type": "ByteLevel",
                "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
            "post_processor": null, "decoder": {"type": "ByteLevel", "add_prefix_space": true,
                "trim_offsets": true, "use_regex": true},
            "model": {"type": "BPE", "unk_token": null, "fuse_unk": false, "byte_fallback": false,
                "vocab": {"h": 0, "i": 1, "</s>": 2, "hi": 3, "Ġ": 4}, "merges": [["h", "i"]]},
        })
        .to_string();
        let mut damaged: Vec<char> = sound.chars().collect();
        for (index, count, text) in cuts {
            let from = index.index(damaged.len());
            let to = (from + count).min(damaged.len());
            damaged.splice(from..to, text.chars());
        }
        let folder = tempfile::tempdir().unwrap();
        let damaged: String = damaged.into_iter().collect();
        std::fs::write(folder.path().join("tokenizer.json"), damaged).unwrap();
        check(Tokenizer::from_folder(folder.path()))?;
    }
}

#[test]
fn special_ids_and_flags_are_read_as_llama_cpp_reads_them() {
    let with = |key: &str, value: MetadataValue| {
        let mut metadata = tiny_metadata(&["▁", "h", "i"]);
        metadata.insert(key, value);
        Tokenizer::from_metadata(&metadata)
    };
    let begin = |key: &str, value| with(key, value).unwrap().begin_text().to_owned();
    let bos = "tokenizer.ggml.bos_token_id";
    assert_eq!(begin(bos, MetadataValue::Signed(1)), "<s>");
    assert_eq!(begin(bos, MetadataValue::Signed(-1)), "");
    assert_eq!(begin(bos, MetadataValue::Unsigned(u64::from(u32::MAX))), "");
    assert_eq!(begin(bos, MetadataValue::Unsigned(1 << 20)), "", "outside the vocabulary");
    let wrong = with(bos, MetadataValue::Text("<s>".to_owned())).unwrap_err().to_string();
    assert_eq!(
        wrong,
        "metadata key `tokenizer.ggml.bos_token_id` is missing or is not one integer"
    );
    let add = "tokenizer.ggml.add_bos_token";
    let first = |value| with(add, value).unwrap().encode("h", Special::Add).unwrap()[0];
    assert_eq!(first(MetadataValue::Unsigned(1)), 1);
    assert_ne!(first(MetadataValue::Unsigned(0)), 1);
    assert_ne!(first(MetadataValue::Bool(false)), 1);
    assert!(with(add, MetadataValue::Unsigned(2)).is_err());
    let types = "tokenizer.ggml.token_type";
    assert!(with(types, MetadataValue::Text("x".to_owned())).is_err());
    let mut plain = tiny_metadata(&["h"]);
    let without: Vec<(String, MetadataValue)> = plain
        .iter()
        .filter(|(key, _)| *key != types)
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect();
    plain = Metadata::default();
    without.into_iter().for_each(|(key, value)| plain.insert(&key, value));
    assert!(Tokenizer::from_metadata(&plain).is_ok(), "all tokens are normal without types");
}
