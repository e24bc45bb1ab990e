//! Token ids equal llama.cpp's for every kind of tokenizer.
//!
//! `tests/golden/vocabularies` holds the parts of Qwen2's and BERT's vocabularies that the texts of
//! llama.cpp's own cases can use, with llama.cpp's ids; `cut.py` in that folder made them. The
//! SentencePiece vocabulary is the built-in drafter's. One ignored test compares whole vocabulary
//! files of llama.cpp, which are not in the repository: `scripts/parity/vocabularies` runs it.

use crate::server::root;
use serde_json::Value;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;
use vitrine_engine::open_tokenizer;
use vitrine_engine::text::Special;
use vitrine_engine::text::StreamDecoder;
use vitrine_engine::text::Tokenizer;

const SEPARATOR: &str = "\n__ggml_vocab_test__\n";

/// Names the folder of whole vocabularies for the ignored test.
const FOLDER_VARIABLE: &str = "VITRINE_VOCABULARIES";

/// Fewest cases of a vocabulary; llama.cpp has 46.
const CASES_MIN: usize = 45;

fn golden(name: &str) -> Value {
    let path = root().join("tests/golden").join(name);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("JSON")
}

fn drafter() -> Tokenizer {
    open_tokenizer(&root().join("models/drafter/drafter.gguf")).expect("the built-in drafter")
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn ids(list: &Value) -> Vec<u32> {
    let list = list.as_array().expect("a list").iter();
    list.map(|id| u32::try_from(id.as_u64().expect("an id")).expect("32 bits")).collect()
}

/// A vocabulary cut to the tokens that the test texts can use.
struct CutVocabulary {
    golden: Value,
    /// Id in the whole vocabulary of each kept token.
    whole_ids: Vec<u32>,
}

impl CutVocabulary {
    fn read(name: &str) -> Self {
        let golden = golden(&format!("vocabularies/{name}.json"));
        let whole_ids = ids(&golden["ids"]);
        Self { golden, whole_ids }
    }

    fn tokenizer(&self, pre_tokenizer: &str) -> Tokenizer {
        let mut metadata = Metadata::default();
        let text = |text: &str| MetadataValue::Text(text.to_owned());
        let model = self.golden["model"].as_str().expect("a model");
        metadata.insert("tokenizer.ggml.model", text(model));
        metadata.insert("tokenizer.ggml.pre", text(pre_tokenizer));
        let tokens = MetadataValue::Texts(texts(&self.golden["tokens"]));
        metadata.insert("tokenizer.ggml.tokens", tokens);
        let types = ids(&self.golden["types"]).into_iter().map(i64::from).collect();
        metadata.insert("tokenizer.ggml.token_type", MetadataValue::Integers(types));
        let merges = MetadataValue::Texts(texts(&self.golden["merges"]));
        metadata.insert("tokenizer.ggml.merges", merges);
        for (key, id) in self.golden.as_object().expect("an object") {
            if key.ends_with("_token_id") {
                metadata.insert(key, MetadataValue::Unsigned(id.as_u64().expect("an id")));
            }
        }
        Tokenizer::from_metadata(&metadata).expect("a vocabulary")
    }

    fn whole(&self, ids: &[u32]) -> Vec<u32> {
        ids.iter().map(|id| self.whole_ids[*id as usize]).collect()
    }

    /// Texts, with llama.cpp's ids in the whole vocabulary.
    fn cases(&self) -> Vec<(String, Vec<u32>)> {
        let cases = self.golden["cases"].as_array().expect("cases").iter();
        cases
            .map(|case| (case["text"].as_str().expect("a text").to_owned(), ids(&case["ids"])))
            .collect()
    }
}

/// Whether texts come back unchanged from their ids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RoundTrip {
    Exact,
    /// WordPiece lower-cases, strips accents and separates words by single spaces.
    Lossy,
}

fn assert_text(tokenizer: &Arc<Tokenizer>, ids: &[u32], text: &str) {
    assert_eq!(tokenizer.decode(ids), text);
    let mut stream = StreamDecoder::new(Arc::clone(tokenizer));
    let mut streamed: String = ids.iter().map(|id| stream.push(*id)).collect();
    streamed += &stream.finish();
    let first = streamed.strip_prefix(' ').unwrap_or(&streamed);
    assert!(streamed == text || first == text, "{streamed:?} {text:?}");
}

fn assert_cut_cases(name: &str, round_trip: RoundTrip) {
    let vocabulary = CutVocabulary::read(name);
    let pre_tokenizer = vocabulary.golden["pre"].as_str().expect("a pre-tokenizer");
    let tokenizer = Arc::new(vocabulary.tokenizer(pre_tokenizer));
    let cases = vocabulary.cases();
    assert!(cases.len() >= CASES_MIN, "{name}: only {} cases", cases.len());
    for (text, expected) in &cases {
        let ids = tokenizer.encode(text, Special::Skip).expect("ids");
        assert_eq!(&vocabulary.whole(&ids), expected, "{name}: {text:?}");
        if round_trip == RoundTrip::Exact {
            assert_text(&tokenizer, &ids, text);
        }
    }
}

#[test]
fn byte_pair_ids_equal_llama_cpp_s() {
    assert_cut_cases("qwen2", RoundTrip::Exact);
}

#[test]
fn word_piece_ids_equal_llama_cpp_s() {
    assert_cut_cases("bert", RoundTrip::Lossy);
}

#[test]
fn sentencepiece_ids_equal_llama_cpp_s() {
    let tokenizer = Arc::new(drafter());
    let golden = golden("drafter.greedy.json");
    let cases = golden["cases"].as_array().expect("cases");
    assert!(cases.len() >= 4, "only {} cases", cases.len());
    for case in cases {
        let prompt = case["prompt"].as_str().expect("a prompt");
        let found = tokenizer.encode(prompt, Special::Add).expect("ids");
        assert_eq!(found, ids(&case["prompt_token_ids"]), "{prompt}");
        assert_text(&tokenizer, &found, prompt);
        let text = case["text"].as_str().expect("a text");
        assert_eq!(tokenizer.decode(&ids(&case["token_ids"])), text.trim_start());
    }
}

#[test]
fn sentencepiece_gives_back_every_text_of_llama_cpp_s_cases() {
    let tokenizer = Arc::new(drafter());
    for (text, _) in CutVocabulary::read("qwen2").cases() {
        let ids = tokenizer.encode(&text, Special::Skip).expect("ids");
        assert_text(&tokenizer, &ids, &text);
    }
}

/// Asserts that no control token of a vocabulary can be typed.
fn assert_control_tokens_are_safe(name: &str, tokenizer: &Tokenizer) {
    let size = u32::try_from(tokenizer.vocabulary_size()).expect("ids are 32 bits wide");
    let control: Vec<u32> = (0..size).filter(|id| tokenizer.piece_bytes(*id).is_empty()).collect();
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

#[test]
fn no_control_token_of_any_vocabulary_can_be_typed() {
    for name in ["qwen2", "bert"] {
        let vocabulary = CutVocabulary::read(name);
        let pre_tokenizer = vocabulary.golden["pre"].as_str().expect("a pre-tokenizer");
        assert_control_tokens_are_safe(name, &vocabulary.tokenizer(pre_tokenizer));
    }
    assert_control_tokens_are_safe("drafter", &drafter());
}

#[test]
fn pre_tokenizers_part_texts_as_llama_cpp_does() {
    let golden = golden("pre_tokenizers.json");
    let text = golden["text"].as_str().expect("a text");
    let vocabulary = CutVocabulary::read("qwen2");
    let names = golden["ids"].as_object().expect("names");
    assert!(names.len() >= 15);
    for (name, expected) in names {
        let tokenizer = vocabulary.tokenizer(name);
        let found = tokenizer.encode(text, Special::Skip).expect("ids");
        assert_eq!(vocabulary.whole(&found), ids(expected), "{name}");
        assert_eq!(tokenizer.decode(&found), text, "{name}");
    }
}

/// Texts and llama.cpp's ids from the files beside a whole vocabulary: a text in `NAME.gguf.inp`,
/// its ids, without begin and end tokens, in the same place of `NAME.gguf.out`.
fn whole_cases(folder: &Path, name: &str) -> Vec<(String, Vec<u32>)> {
    let read = |extension: &str| {
        let path = folder.join(format!("ggml-vocab-{name}.gguf.{extension}"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let (inputs, outputs) = (read("inp"), read("out"));
    let ids = outputs.lines().map(|line| {
        line.split_whitespace().map(|id| id.parse().expect("an id")).collect::<Vec<u32>>()
    });
    inputs.split(SEPARATOR).map(str::to_owned).zip(ids).collect()
}

#[test]
#[ignore = "needs llama.cpp's vocabulary files: scripts/parity/vocabularies FOLDER"]
fn whole_vocabularies_equal_llama_cpp() {
    #[expect(clippy::disallowed_methods, reason = "the script passes the folder")]
    let folder = std::env::var(FOLDER_VARIABLE).expect("run scripts/parity/vocabularies");
    let folder = PathBuf::from(folder);
    for (name, round_trip) in [
        ("llama-bpe", RoundTrip::Exact),
        ("qwen2", RoundTrip::Exact),
        ("llama-spm", RoundTrip::Exact),
        ("bert-bge", RoundTrip::Lossy),
    ] {
        let path = folder.join(format!("ggml-vocab-{name}.gguf"));
        let tokenizer = Arc::new(open_tokenizer(&path).expect("a vocabulary"));
        let cases = whole_cases(&folder, name);
        assert!(cases.len() >= CASES_MIN, "{name}: only {} cases", cases.len());
        for (text, expected) in &cases {
            let ids = tokenizer.encode(text, Special::Skip).expect("ids");
            assert_eq!(&ids, expected, "{name}: {text:?}");
            if round_trip == RoundTrip::Exact {
                assert_text(&tokenizer, &ids, text);
            }
        }
        assert_control_tokens_are_safe(name, &tokenizer);
    }
}
