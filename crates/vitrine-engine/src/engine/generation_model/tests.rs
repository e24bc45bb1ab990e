//! The engine on the built-in drafter: the same tokens as llama.cpp, alone and in a batch.

use super::*;
use crate::engine::FinishReason;
use crate::engine::Generation;
use crate::engine::PrefixCaching;
use crate::engine::Speculation;
use crate::model::KvType;
use crate::model::fixture::TinyDecoder;
use crate::model::fixture::config_of;
use crate::model::fixture::published;
use crate::model::fixture::write_checkpoint;
use serde_json::Value;
use serde_json::json;
use std::time::Duration;
use vitrine_base::clock::SystemClock;

mod drafter;

const OPTIONS: EngineOptions = EngineOptions {
    page_tokens: 16,
    kv_bytes_max: Bytes(16 << 20),
    kv_type: KvType::F32,
    quantize: None,
    tier: None,
    prefix_cache: PrefixCaching::On,
    step_tokens_max: 64,
    decode_gap_percent: 0,
    sequences_max: 32,
    waiting_max: 64,
    waiting_prompt_tokens_max: 4_096,
    waiting_time_max: Some(Duration::MAX),
    context_tokens_max: 512,
    output_tokens_max: 128,
    speculation: Speculation::OFF,
};

/// A file of the repository.
fn repository_file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

fn drafter(options: EngineOptions) -> GenerationModel {
    let path = repository_file("models/drafter/drafter.gguf");
    open(&path, "drafter", options, Arc::new(SystemClock)).unwrap()
}

/// `count` prompts spread evenly over the held-out set.
fn heldout_prompts(count: usize) -> Vec<String> {
    let text = std::fs::read_to_string(repository_file("models/drafter/heldout.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    (0..count)
        .map(|at| {
            let row: Value = serde_json::from_str(lines[at * lines.len() / count]).unwrap();
            row["prompt"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn greedy(prompt_token_ids: Vec<u32>, output_tokens_max: usize) -> GenerationRequest {
    GenerationRequest {
        prompt_token_ids,
        output_tokens_max,
        sampling: Sampling::GREEDY,
        stop: Vec::new(),
        deadline: None,
        end_of_text: EndOfText::Stop,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
        constraint: None,
    }
}

fn ids(value: &Value) -> Vec<u32> {
    let ids = value.as_array().unwrap().iter();
    ids.map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
}

#[test]
fn greedy_tokens_equal_those_of_llama_cpp() {
    let model = drafter(OPTIONS);
    let path = repository_file("tests/golden/drafter.greedy.json");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(expected["model_sha256"], model.sha256(), "run scripts/drafter/golden.py again");
    let cases = expected["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let prompt = case["prompt"].as_str().unwrap();
        let prompt_token_ids = model.tokenizer().encode(prompt, Special::Add).unwrap();
        assert_eq!(prompt_token_ids, ids(&case["prompt_token_ids"]), "{prompt}");
        let token_ids = ids(&case["token_ids"]);
        let request = greedy(prompt_token_ids, token_ids.len());
        let found = model.engine().submit(request).unwrap().collect_blocking().unwrap();
        assert_eq!(found.token_ids, token_ids, "{prompt}");
        assert_eq!(found.text, case["text"].as_str().unwrap());
        assert_eq!(found.reason, FinishReason::Length);
    }
}

#[test]
fn real_answers_do_not_depend_on_the_batch() {
    // The small pool holds about ten of the sequences at a time.
    let small = EngineOptions { kv_bytes_max: Bytes(8 << 20), ..OPTIONS };
    let (alone, beside) = (drafter(OPTIONS), drafter(small));
    let requests: Vec<GenerationRequest> = heldout_prompts(32)
        .iter()
        .enumerate()
        .map(|(index, prompt)| {
            let prompt_token_ids = alone.tokenizer().encode(prompt, Special::Add).unwrap();
            let sampling = if index % 2 == 0 {
                Sampling::GREEDY
            } else {
                let seed = index as u64;
                Sampling { temperature: 0.8, top_k: 40, top_p: 0.95, min_p: 0.05, seed }
            };
            GenerationRequest { sampling, ..greedy(prompt_token_ids, 20 + index) }
        })
        .collect();
    let together: Vec<Generation> =
        requests.iter().map(|one| beside.engine().submit(one.clone()).unwrap()).collect();
    for (request, generation) in requests.into_iter().zip(together) {
        let expected = alone.engine().submit(request).unwrap().collect_blocking().unwrap();
        let found = generation.collect_blocking().unwrap();
        assert_eq!(found.token_ids, expected.token_ids);
        assert_eq!(found.text, expected.text);
    }
    assert!(beside.engine().stats().preemptions > 0, "the pool should be too small");
}

#[test]
fn opened_model_reports_its_file() {
    let model = drafter(OPTIONS);
    model.warm_up().unwrap();
    assert_eq!(model.name(), "drafter");
    let file = std::fs::metadata(repository_file("models/drafter/drafter.gguf")).unwrap();
    assert_eq!(model.bytes(), file.len());
    assert_eq!(model.sha256().len(), 64);
    assert_eq!(model.context_tokens_max(), model.engine().model_limits().context_tokens_max);
    assert!(model.metadata().text("general.architecture").is_some());
    assert!(model.metadata().get("tokenizer.ggml.tokens").is_none());
    let messages = [ChatMessage { role: "user".to_owned(), content: "Once".to_owned() }];
    assert!(!model.has_chat_template());
    let plain = model.tokenizer().encode("Once", Special::Add).unwrap();
    assert_eq!(model.encode_chat(&messages).unwrap(), plain);
}

#[test]
fn missing_file_is_an_error() {
    let path = Path::new("/nowhere/model.gguf");
    let error = open(path, "none", OPTIONS, Arc::new(SystemClock)).unwrap_err();
    assert!(matches!(error, EngineError::Model(_)), "{error}");
}

#[test]
fn unknown_role_is_refused_without_a_template_too() {
    let messages = [ChatMessage::new("user", "Once"), ChatMessage::new("wizard", "Abra")];
    let refusal = drafter(OPTIONS).encode_chat(&messages).unwrap_err().to_string();
    assert!(refusal.starts_with("messages[1].role is `wizard`, allowed are "), "{refusal}");
}

/// A tiny model in a folder, with this chat template.
fn folder_with(template: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_of("llama");
    config["eos_token_id"] = json!(2);
    write_checkpoint(folder.path(), &config, &published(&TinyDecoder::default()));
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
        "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null, "model": {"type": "WordLevel", "unk_token": "<unk>",
            "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "hello": 3, "boots": 4}},
    });
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
    folder
}

#[test]
fn model_whose_template_cannot_be_used_serves_everything_but_chats() {
    for (template, words) in [
        ("{{ messages[0].content | no_such_filter }}", "no_such_filter"),
        ("\n{% for m in %}", "line 2"),
        ("{{ raise_exception('never today') }}", "never today"),
        ("I say nothing of yours", "leaves out the user's message"),
    ] {
        let folder = folder_with(template);
        let options = EngineOptions { kv_bytes_max: Bytes(1 << 20), ..OPTIONS };
        let model = GenerationModel::open(folder.path(), options).unwrap();
        let prompt = model.tokenizer().encode("hello boots", Special::Add).unwrap();
        let answer = model.engine().submit(greedy(prompt, 2)).unwrap().collect_blocking();
        assert!(answer.is_ok(), "{template}");
        assert!(model.has_chat_template() && model.chat_fault().is_some(), "{template}");
        let refusal = model.encode_chat(&[ChatMessage::new("user", "hello")]).unwrap_err();
        let refusal = refusal.to_string();
        assert!(refusal.starts_with("the model cannot chat: "), "{refusal}");
        assert!(refusal.contains(words), "{refusal}");
    }
    let sound = folder_with("{% for m in messages %}{{ m.content }}{% endfor %}");
    let model = GenerationModel::open(sound.path(), OPTIONS).unwrap();
    assert!(model.chat_fault().is_none());
}

#[test]
fn bursts_of_256_short_requests_on_default_options_are_all_served() {
    let model = drafter(EngineOptions::default());
    let prompt = model.tokenizer().encode("Once upon a time", Special::Add).unwrap();
    // The second burst finds the engine's rates measured.
    for burst in 0..2 {
        let all: Vec<Generation> = (0..256)
            .map(|at| {
                let generation = model.engine().submit(greedy(prompt.clone(), 8));
                generation.unwrap_or_else(|error| panic!("burst {burst}, request {at}: {error}"))
            })
            .collect();
        for generation in all {
            assert!(generation.collect_blocking().is_ok());
        }
    }
}

/// The drafter has never seen JSON, so it prefers whatever the grammar allows, such as blanks and
/// digits.
#[test]
fn small_model_completes_constrained_json_within_64_tokens() {
    let model = drafter(OPTIONS);
    let prompt = model.tokenizer().encode("The size is", Special::Add).unwrap();
    for property in [
        json!({"type": "integer"}),
        json!({"type": "number"}),
        json!({"type": "number", "exclusiveMinimum": 0}),
        json!({"type": "integer", "minimum": 1, "format": "int32"}),
        json!({"type": "boolean"}),
        json!({"type": "array", "items": {"type": "null"}, "maxItems": 4}),
    ] {
        let schema = json!({"type": "object", "properties": {"n": property}, "required": ["n"],
                            "additionalProperties": false});
        let constraint = model.constrain_blocking(&Grammar::JsonSchema(schema)).unwrap();
        for seed in 0..6 {
            let sampling = match seed {
                0 => Sampling::GREEDY,
                seed => Sampling { temperature: 1.5, seed, ..Sampling::GREEDY },
            };
            let constraint = Some(constraint.clone());
            let request = GenerationRequest { constraint, sampling, ..greedy(prompt.clone(), 64) };
            let answer = model.engine().submit(request).unwrap().collect_blocking().unwrap();
            assert_eq!(answer.reason, FinishReason::Stop, "{property}: {}", answer.text);
            assert!(serde_json::from_str::<Value>(&answer.text).is_ok(), "{}", answer.text);
        }
    }
}
