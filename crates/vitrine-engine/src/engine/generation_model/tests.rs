//! The engine on the built-in drafter: the same tokens as llama.cpp, alone and in a batch.

use super::*;
use crate::engine::FinishReason;
use crate::engine::Generation;
use crate::engine::PrefixCaching;
use crate::engine::Speculation;
use crate::model::KvType;
use serde_json::Value;
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
