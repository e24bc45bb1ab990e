//! The engine as a library: a model and a vocabulary of our own, driven through the public API.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use vitrine_base::clock::SystemClock;
use vitrine_engine::Completion;
use vitrine_engine::Detokenizer;
use vitrine_engine::EndOfText;
use vitrine_engine::EngineError;
use vitrine_engine::EngineHandle;
use vitrine_engine::EngineOptions;
use vitrine_engine::EngineParts;
use vitrine_engine::EngineStats;
use vitrine_engine::FinishReason;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::STOP_STRING_BYTES_MAX;
use vitrine_engine::STOP_STRINGS_MAX;
use vitrine_engine::Sampling;
use vitrine_engine::Shutdown;
use vitrine_engine::TokenVocabulary;
use vitrine_engine::model::Forward;
use vitrine_engine::model::ForwardLimits;
use vitrine_engine::model::Logits;
use vitrine_engine::model::ModelError;
use vitrine_engine::model::StepInput;

const VOCABULARY_SIZE: usize = 50;

/// Counts down: each token is followed by the next smaller one. Token 0 ends the text.
struct Countdown {
    /// A step waits for a message, and for nothing once the sender is dropped.
    permits: Receiver<()>,
}

impl Forward for Countdown {
    fn limits(&self) -> ForwardLimits {
        ForwardLimits {
            vocabulary_size: VOCABULARY_SIZE,
            context_tokens_max: 64,
            page_tokens: 4,
            page_count: 64,
            weight_bytes: 0,
            kv_bytes: 0,
        }
    }

    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError> {
        let _closed = self.permits.recv().is_err();
        let mut values = Vec::new();
        for row in step.wanted_rows().iter().chain(step.greedy_rows()) {
            let next = step.tokens()[*row as usize].saturating_sub(1) as usize;
            values.extend((0..VOCABULARY_SIZE).map(|id| if id == next { 99.0 } else { 0.0 }));
        }
        Ok(Logits::new(values, VOCABULARY_SIZE).with_greedy(step.greedy_rows().len()))
    }
}

/// Spells a token as its number.
#[derive(Debug)]
struct Numbers;

impl TokenVocabulary for Numbers {
    fn is_end_of_generation(&self, token_id: u32) -> bool {
        token_id == 0
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        Box::new(Self)
    }
}

impl Detokenizer for Numbers {
    fn push(&mut self, token_id: u32) -> String {
        format!("{token_id} ")
    }
}

/// An engine on the countdown, and the sender of its permits.
fn engine() -> (EngineHandle, Sender<()>) {
    let (sender, permits) = channel();
    let parts = EngineParts {
        name: "countdown".to_owned(),
        model: Box::new(Countdown { permits }),
        vocabulary: Arc::new(Numbers),
        clock: Arc::new(SystemClock),
    };
    let engine = EngineHandle::start(parts, EngineOptions::default()).expect("the engine starts");
    (engine, sender)
}

#[test]
fn an_own_model_generates_alone_and_in_company() {
    let (engine, permits) = engine();
    let sampled = Sampling { temperature: 1.0, seed: 3, ..Sampling::GREEDY };
    let requests = (3..9).map(|first| GenerationRequest {
        sampling: if first % 2 == 0 { sampled } else { Sampling::GREEDY },
        ..GenerationRequest::new(vec![first], 40)
    });
    let all: Vec<_> = requests.map(|request| engine.submit(request).unwrap()).collect();
    drop(permits);
    for (first, generation) in (3..9_usize).zip(all) {
        let Completion { text, reason, usage, timings, .. } =
            generation.collect_blocking().unwrap();
        let expected: Vec<String> = (1..first).rev().map(|token| format!("{token} ")).collect();
        assert_eq!((text, reason), (expected.concat(), FinishReason::Stop));
        assert_eq!((usage.prompt_tokens, usage.output_tokens), (1, first - 1));
        assert!(timings.decode + timings.prefill > timings.decode);
    }
    let EngineStats { steps, output_tokens, finished, .. } = engine.stats();
    assert_eq!(finished, 6);
    assert!(steps < output_tokens, "{steps} steps for {output_tokens} tokens");
}

#[tokio::test]
async fn cancelled_generations_and_closed_engines_say_so() {
    let (engine, permits) = engine();
    let endless = GenerationRequest {
        end_of_text: EndOfText::Ignore,
        ..GenerationRequest::new(vec![40], 60)
    };
    let generation = engine.submit(endless.clone()).unwrap();
    generation.cancel();
    // At most one step of the generation can have begun before it was cancelled.
    drop(permits);
    let cancelled = generation.collect().await.unwrap();
    assert_eq!(cancelled.reason, FinishReason::Cancelled);
    assert!(cancelled.token_ids.len() <= 1);
    assert!(engine.check_alive().is_ok());
    engine.shutdown(Shutdown::Drop);
    engine.closed().await;
    assert!(matches!(engine.check_alive(), Err(EngineError::Closing)));
    assert!(matches!(engine.submit(endless), Err(EngineError::Closing)));
}

#[test]
fn requests_beyond_a_limit_are_refused_with_it() {
    let (engine, _permits) = engine();
    let request = GenerationRequest::new(vec![9], 8);
    let too_long = vec!["x".repeat(STOP_STRING_BYTES_MAX + 1)];
    let too_many = vec!["x".to_owned(); STOP_STRINGS_MAX + 1];
    for stop in [too_long, too_many, vec![String::new()]] {
        let refused = engine.submit(GenerationRequest { stop, ..request.clone() }).unwrap_err();
        assert!(matches!(refused, EngineError::StopStrings { .. }), "{refused}");
    }
    let long = GenerationRequest { prompt_token_ids: vec![9; 64], ..request };
    let refused = engine.submit(long).unwrap_err();
    let EngineError::PromptTooLong { prompt_tokens: 64, prompt_tokens_max: 63 } = refused else {
        panic!("{refused}");
    };
}

#[test]
fn a_model_file_is_named_after_its_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/drafter/drafter.gguf");
    let model = GenerationModel::open(path, EngineOptions::default()).unwrap();
    assert_eq!((model.name(), model.path()), ("drafter", Path::new(path)));
    model.warm_up().unwrap();
    // The engine's thread publishes its counters after it has delivered a step's tokens.
    let mut published = (0..10_000_000).map(|_| {
        std::thread::yield_now();
        model.engine().stats().steps
    });
    assert!(published.any(|steps| steps >= 2));
}
