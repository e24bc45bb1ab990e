//! Token ids equal llama.cpp's on every case of llama.cpp's own vocabulary files.
//!
//! The files are outside the project, under `../shared`; without them the tests print that they
//! were skipped, and pass. A case is a text in `NAME.gguf.inp` and its token ids, without begin and
//! end tokens, in `NAME.gguf.out`.

use crate::server::root;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_engine::open_tokenizer;
use vitrine_engine::text::Special;
use vitrine_engine::text::StreamDecoder;
use vitrine_engine::text::Tokenizer;

const SEPARATOR: &str = "\n__ggml_vocab_test__\n";

fn folder() -> Option<PathBuf> {
    let folder = root().join("../shared/data/models/vocab");
    if folder.is_dir() {
        return Some(folder);
    }
    // Written to stderr directly, because the harness hides the output of passing tests.
    let _ = writeln!(std::io::stderr(), "skipped: {} does not exist", folder.display());
    None
}

fn open(folder: &std::path::Path, name: &str) -> Tokenizer {
    open_tokenizer(&folder.join(format!("ggml-vocab-{name}.gguf"))).expect("a vocabulary")
}

/// Texts and their expected token ids.
fn cases(folder: &std::path::Path, name: &str) -> Vec<(String, Vec<u32>)> {
    let read = |extension: &str| {
        let path = folder.join(format!("ggml-vocab-{name}.gguf.{extension}"));
        std::fs::read_to_string(path).expect("cases")
    };
    let (inputs, outputs) = (read("inp"), read("out"));
    let texts = inputs.split(SEPARATOR);
    let ids = outputs.lines().map(|line| {
        line.split_whitespace().map(|id| id.parse().expect("an id")).collect::<Vec<u32>>()
    });
    texts.map(str::to_owned).zip(ids).collect()
}

fn check(name: &str, exactly_reversible: bool) {
    let Some(folder) = folder() else { return };
    let tokenizer = Arc::new(open(&folder, name));
    let cases = cases(&folder, name);
    assert!(cases.len() >= 45, "{name}: only {} cases", cases.len());
    for (text, expected) in &cases {
        let ids = tokenizer.encode(text, Special::Skip).expect("ids");
        assert_eq!(&ids, expected, "{name}: {text:?}");
        let mut stream = StreamDecoder::new(Arc::clone(&tokenizer));
        let mut streamed: String = ids.iter().map(|id| stream.push(*id)).collect();
        streamed += &stream.finish();
        if exactly_reversible {
            assert_eq!(&tokenizer.decode(&ids), text, "{name}");
            let first = streamed.strip_prefix(' ').unwrap_or(&streamed);
            assert!(streamed == *text || first == text, "{name}: {streamed:?} {text:?}");
        }
    }
}

#[test]
fn llama_bpe_ids_equal_llama_cpp_s() {
    check("llama-bpe", true);
}

#[test]
fn qwen2_ids_equal_llama_cpp_s() {
    check("qwen2", true);
}

#[test]
fn llama_spm_ids_equal_llama_cpp_s() {
    check("llama-spm", true);
}

#[test]
fn bert_ids_equal_llama_cpp_s() {
    // Not reversible: it lower-cases, strips accents and separates words by single spaces.
    check("bert-bge", false);
}

#[test]
fn no_control_token_of_any_vocabulary_can_be_typed() {
    let Some(folder) = folder() else { return };
    for name in ["llama-bpe", "qwen2", "llama-spm", "bert-bge"] {
        let tokenizer = open(&folder, name);
        let size = u32::try_from(tokenizer.vocabulary_size()).expect("ids are 32 bits wide");
        let control: Vec<u32> =
            (0..size).filter(|id| tokenizer.piece_bytes(*id).is_empty()).collect();
        assert!(control.len() >= 2, "{name}: {control:?}");
        for id in control {
            let text = format!("a {}b", tokenizer.piece(id));
            let plain = tokenizer.encode(&text, Special::Skip).expect("ids");
            let guarded = tokenizer.guard(&text);
            let guarded = tokenizer.encode_markup(&guarded, Special::Skip).expect("ids");
            let markup = tokenizer.encode_markup(&text, Special::Skip).expect("ids");
            assert!(!plain.contains(&id) && !guarded.contains(&id), "{name}: {text}");
            assert!(markup.contains(&id), "{name}: {text}");
        }
    }
}

/// A copy of the GGUF file with another pre-tokenizer name.
fn renamed(file: &[u8], name: &str) -> Vec<u8> {
    let key = b"tokenizer.ggml.pre";
    let place = file.windows(key.len()).position(|window| window == key).expect("the key");
    // After the key: the value's type (4 bytes), its length (8 bytes) and its text.
    let value = place + key.len() + 4;
    let (length, _) = file[value..].split_first_chunk().expect("a length");
    let length = usize::try_from(u64::from_le_bytes(*length)).expect("it fits");
    let mut renamed = file[..value].to_vec();
    renamed.extend((name.len() as u64).to_le_bytes());
    renamed.extend(name.as_bytes());
    renamed.extend(&file[value + 8 + length..]);
    renamed
}

#[test]
fn pre_tokenizers_part_texts_as_llama_cpp_does() {
    let Some(folder) = folder() else { return };
    let golden = std::fs::read(root().join("tests/golden/pre_tokenizers.json")).expect("golden");
    let golden: Value = serde_json::from_slice(&golden).expect("JSON");
    let text = golden["text"].as_str().expect("a text");
    let file = std::fs::read(folder.join("ggml-vocab-qwen2.gguf")).expect("a vocabulary");
    let scratch = tempfile::tempdir().expect("a folder");
    let names = golden["ids"].as_object().expect("names");
    assert!(names.len() >= 15);
    for (name, expected) in names {
        let path = scratch.path().join("model.gguf");
        std::fs::write(&path, renamed(&file, name)).expect("written");
        let tokenizer = open_tokenizer(&path).expect("a vocabulary");
        let ids = tokenizer.encode(text, Special::Skip).expect("ids");
        assert_eq!(&serde_json::json!(ids), expected, "{name}");
        assert_eq!(tokenizer.decode(&ids), text, "{name}");
    }
}
