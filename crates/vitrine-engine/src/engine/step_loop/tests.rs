//! The whole engine on the toy model, driven by the test or on its thread, with a manual clock.

use super::*;
use crate::engine::CacheOwner;
use crate::engine::Completion;
use crate::engine::EndOfText;
use crate::engine::EngineHandle;
use crate::engine::EngineOptions;
use crate::engine::Generation;
use crate::engine::GenerationEvent;
use crate::engine::GenerationRequest;
use crate::engine::Priority;
use crate::engine::Sampling;
use crate::engine::Speculation;
use crate::engine::toy::END;
use crate::engine::toy::LogitRule;
use crate::engine::toy::ToyModel;
use crate::engine::toy::ToyVocabulary;
use crate::model::KvType;
use crate::model::ModelError;
use jiff::Timestamp;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use vitrine_base::clock::Clock;
use vitrine_base::clock::ManualClock;
use vitrine_base::ids::TenantId;
use vitrine_base::units::Bytes;

mod constrained;
mod failures;
mod prefixes;
mod random_history;
mod speculation;
mod speculative_constraints;

const OPTIONS: EngineOptions = EngineOptions {
    page_tokens: 4,
    kv_bytes_max: Bytes(0),
    kv_type: KvType::F32,
    quantize: None,
    tier: None,
    prefix_cache: PrefixCaching::On,
    step_tokens_max: 48,
    decode_gap_percent: 0,
    sequences_max: 32,
    waiting_max: 64,
    waiting_prompt_tokens_max: 4_096,
    waiting_time_max: None,
    context_tokens_max: 256,
    output_tokens_max: 64,
    speculation: Speculation::OFF,
};

const WARM: Sampling = Sampling { temperature: 0.9, top_k: 50, top_p: 0.95, min_p: 0.01, seed: 0 };

/// An engine whose loop is driven by the test, tick by tick.
struct ManualEngine {
    handle: EngineHandle,
    step_loop: StepLoop,
    clock: Arc<ManualClock>,
}

fn parts(model: ToyModel) -> (EngineParts, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let parts = EngineParts {
        name: "toy".to_owned(),
        model: Box::new(model),
        vocabulary: Arc::new(ToyVocabulary),
        clock: Arc::<ManualClock>::clone(&clock),
    };
    (parts, clock)
}

fn manual(model: ToyModel, options: EngineOptions) -> ManualEngine {
    let (parts, clock) = parts(model);
    let (handle, step_loop) = EngineHandle::assemble(parts, options).unwrap();
    ManualEngine { handle, step_loop, clock }
}

fn threaded(model: ToyModel) -> EngineHandle {
    EngineHandle::start(parts(model).0, OPTIONS).unwrap()
}

fn request(prompt: &[u32], output_tokens_max: usize) -> GenerationRequest {
    GenerationRequest {
        prompt_token_ids: prompt.to_vec(),
        output_tokens_max,
        sampling: Sampling::GREEDY,
        stop: Vec::new(),
        deadline: None,
        end_of_text: EndOfText::Ignore,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
        constraint: None,
    }
}

/// A tenant's scope in which the first `shared_tokens` are shared by all tenants.
fn scope(tenant: &str, shared_tokens: usize) -> CacheScope {
    let owner = CacheOwner::of(&TenantId::new(tenant).unwrap());
    CacheScope::Tenant { owner, shared_tokens }
}

fn stopping(stop: &[&str]) -> GenerationRequest {
    let stop = stop.iter().map(ToString::to_string).collect();
    GenerationRequest { stop, end_of_text: EndOfText::Stop, ..request(&[0], 64) }
}

impl ManualEngine {
    fn submit(&self, request: GenerationRequest) -> Generation {
        self.handle.submit(request).unwrap()
    }

    fn tick(&mut self) -> Tick {
        let tick = self.step_loop.tick().unwrap();
        self.step_loop.check_integrity();
        tick
    }

    fn run_dry(&mut self) {
        while self.tick() == Tick::Stepped {}
    }

    /// Runs one request alone, to its end.
    fn alone(&mut self, request: GenerationRequest) -> Completion {
        let generation = self.submit(request);
        self.run_dry();
        generation.collect_blocking().unwrap()
    }
}

fn prompt_of(seed: u32) -> Vec<u32> {
    (0..1 + seed * 7 % 23).map(|at| (seed * 31 + at * 17) % 256).collect()
}

#[test]
fn answer_alone_equals_answer_beside_31_others() {
    for page_count in [400, 40] {
        let mut alone = manual(ToyModel::new(page_count), OPTIONS);
        let mut beside = manual(ToyModel::new(page_count), OPTIONS);
        let requests: Vec<GenerationRequest> = (0..32)
            .map(|seed| GenerationRequest {
                sampling: Sampling { seed: u64::from(seed), ..WARM },
                ..request(&prompt_of(seed), 20 + seed as usize)
            })
            .collect();
        let together: Vec<Generation> =
            requests.iter().map(|request| beside.submit(request.clone())).collect();
        beside.run_dry();
        for (request, generation) in requests.into_iter().zip(together) {
            let expected = alone.alone(request);
            let found = generation.collect_blocking().unwrap();
            assert_eq!(found.token_ids, expected.token_ids);
            assert_eq!(found.reason, FinishReason::Length);
        }
        let preemptions = beside.step_loop.shared.preemptions.load(Ordering::Relaxed);
        assert_eq!(preemptions > 0, page_count == 40, "the small pool makes room by preemption");
    }
}

#[test]
fn seed_decides_the_tokens() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let mut seeded = |seed| {
        let sampling = Sampling { seed, ..WARM };
        manual.alone(GenerationRequest { sampling, ..request(&[1, 2, 3], 30) }).token_ids
    };
    assert_eq!(seeded(11), seeded(11));
    assert_ne!(seeded(11), seeded(12));
}

#[test]
fn dropped_generation_returns_its_pages_within_a_step() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let kept = manual.submit(request(&prompt_of(3), 30));
    let dropped = manual.submit(request(&prompt_of(4), 30));
    manual.tick();
    let both = manual.handle.stats();
    assert_eq!((both.running, both.pages_used), (2, 6 + 2));
    drop(dropped);
    manual.tick();
    let one = manual.handle.stats();
    assert_eq!((one.running, one.finished), (1, 1));
    manual.run_dry();
    assert_eq!(kept.collect_blocking().unwrap().token_ids.len(), 30);
    let none = manual.handle.stats();
    assert_eq!((none.running, none.waiting, none.pages_used, none.finished), (0, 0, 0, 2));
}

#[test]
fn cancelled_generation_reports_it() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let generation = manual.submit(request(&[5], 30));
    manual.tick();
    generation.cancel();
    manual.run_dry();
    let completion = generation.collect_blocking().unwrap();
    assert_eq!(completion.reason, FinishReason::Cancelled);
    assert_eq!(completion.token_ids.len(), 1);
}

#[test]
fn deadline_ends_a_sequence_in_the_line_and_one_that_decodes() {
    let options = EngineOptions { sequences_max: 1, ..OPTIONS };
    let mut manual = manual(ToyModel::new(64), options);
    let late = |manual: &ManualEngine, seconds| GenerationRequest {
        deadline: Some(manual.clock.instant() + Duration::from_secs(seconds)),
        ..request(&[1, 2], 30)
    };
    let decoding = manual.submit(late(&manual, 9));
    let queued = manual.submit(late(&manual, 5));
    manual.tick();
    manual.clock.advance(Duration::from_secs(5));
    manual.tick();
    let queued = queued.collect_blocking().unwrap();
    assert_eq!((queued.reason, queued.token_ids.len()), (FinishReason::Deadline, 0));
    assert_eq!(queued.timings.queue, Duration::from_secs(5));
    manual.clock.advance(Duration::from_secs(4));
    manual.run_dry();
    let decoding = decoding.collect_blocking().unwrap();
    assert_eq!((decoding.reason, decoding.token_ids.len()), (FinishReason::Deadline, 2));
    assert_eq!(decoding.timings.decode, Duration::from_secs(9));
    assert_eq!(manual.handle.stats().pages_used, 0);
}

#[test]
fn full_queue_is_refused_with_numbers_and_opens_again() {
    let options = EngineOptions { waiting_max: 2, sequences_max: 1, ..OPTIONS };
    let mut manual = manual(ToyModel::new(64), options);
    let first = manual.submit(request(&[1, 2, 3], 4));
    let second = manual.submit(request(&[4, 5], 4));
    let refused = manual.handle.submit(request(&[6], 4)).unwrap_err();
    let text = refused.to_string();
    assert_eq!(text, "waiting queue is full: 2 of 2 requests, 5 of 4096 prompt tokens");
    manual.tick();
    let third = manual.submit(request(&[6], 4));
    assert_eq!(manual.handle.stats().waiting, 2);
    manual.run_dry();
    for generation in [first, second, third] {
        assert_eq!(generation.collect_blocking().unwrap().token_ids.len(), 4);
    }
}

#[test]
fn refusal_does_not_wait_for_the_step_that_runs() {
    let (started, has_started) = sync_channel::<()>(1);
    let (go, wait) = sync_channel::<()>(1);
    let model = ToyModel::new(64).before_step(move |step| {
        if step == 1 {
            started.send(()).unwrap();
            wait.recv().unwrap();
        }
        Ok(())
    });
    let options = EngineOptions { waiting_max: 1, ..OPTIONS };
    let engine = EngineHandle::start(parts(model).0, options).unwrap();
    let running = engine.submit(request(&[1], 4)).unwrap();
    has_started.recv().unwrap();
    let waiting = engine.submit(request(&[2], 4)).unwrap();
    // The engine thread is in the middle of a step; the refusal must not wait for it.
    let refused = engine.submit(request(&[3], 4)).unwrap_err();
    assert!(matches!(refused, EngineError::Full { waiting: 1, .. }), "{refused}");
    go.send(()).unwrap();
    for generation in [running, waiting] {
        assert_eq!(generation.collect_blocking().unwrap().token_ids.len(), 4);
    }
}

#[test]
fn requests_that_can_never_run_are_refused() {
    let manual = manual(ToyModel::new(8), OPTIONS);
    let refused = |request| manual.handle.submit(request).unwrap_err().to_string();
    assert_eq!(refused(request(&[], 4)), "prompt is empty");
    // Eight pages of four tokens, one token of output.
    assert_eq!(refused(request(&[7; 32], 4)), "prompt has 32 tokens, limit is 31");
    assert_eq!(refused(request(&[999], 4)), "token id 999 is outside the vocabulary of 257");
    let text = "0 output tokens requested, allowed are 1 to 64";
    assert_eq!(refused(request(&[7], 0)), text);
    assert!(refused(request(&[7], 65)).starts_with("65 output tokens"));
    let sampling = Sampling { temperature: f32::NAN, ..WARM };
    let text = "temperature is NaN, allowed is 0 or more";
    assert_eq!(refused(GenerationRequest { sampling, ..request(&[7], 4) }), text);
    assert!(refused(stopping(&[""])).starts_with("1 stop strings, one of 0 bytes"));
    assert_eq!(manual.handle.stats().waiting, 0);
}

#[test]
fn output_ends_where_the_context_ends() {
    let mut manual = manual(ToyModel::new(8), OPTIONS);
    let completion = manual.alone(request(&[7; 30], 64));
    assert_eq!((completion.reason, completion.token_ids.len()), (FinishReason::Length, 2));
}

#[test]
fn stop_string_across_tokens_ends_the_text() {
    let mut manual = manual(ToyModel::scripted("Bonjour à toi\nUser: et toi ?"), OPTIONS);
    let completion = manual.alone(stopping(&["\nUser:", "###"]));
    assert_eq!(completion.text, "Bonjour à toi");
    assert_eq!(completion.reason, FinishReason::Stop);
    assert_eq!(completion.usage.output_tokens, completion.token_ids.len());
    assert_eq!(completion.usage.output_tokens, "Bonjour à toi\nUser:".len());
}

#[test]
fn stop_string_cancels_the_sequence() {
    let mut manual = manual(ToyModel::scripted("ab stop and much more text"), OPTIONS);
    let mut generation = manual.submit(stopping(&["stop"]));
    let mut text = String::new();
    for _ in 0.."ab stop".len() {
        manual.tick();
    }
    assert_eq!(manual.handle.stats().running, 1);
    for _ in 0.."ab stop".len() {
        match generation.next_blocking() {
            Some(Ok(GenerationEvent::Token { text: piece, .. })) => text.push_str(&piece),
            other => panic!("expected a token, found {other:?}"),
        }
    }
    assert_eq!(text, "ab ");
    manual.run_dry();
    assert_eq!(manual.handle.stats().pages_used, 0);
    match generation.next_blocking() {
        Some(Ok(GenerationEvent::Done { reason: FinishReason::Stop, usage, .. })) => {
            assert_eq!(usage.output_tokens, "ab stop".len());
        }
        other => panic!("expected the end, found {other:?}"),
    }
    assert!(generation.next_blocking().is_none());
}

#[test]
fn characters_leave_whole() {
    let mut manual = manual(ToyModel::scripted("né 🙂"), OPTIONS);
    let mut generation = manual.submit(stopping(&[]));
    manual.run_dry();
    let mut pieces = Vec::new();
    while let Some(event) = generation.next_blocking() {
        if let GenerationEvent::Token { text, .. } = event.unwrap() {
            pieces.push(text);
        }
    }
    assert_eq!(pieces, ["n", "", "é", " ", "", "", "", "🙂"]);
}

#[test]
fn end_of_text_is_no_output_unless_ignored() {
    let mut manual = manual(ToyModel::scripted("ok"), OPTIONS);
    let stopped = manual.alone(stopping(&[]));
    assert_eq!((stopped.text.as_str(), stopped.reason), ("ok", FinishReason::Stop));
    assert_eq!(stopped.usage.output_tokens, 2);
    let ignored = manual.alone(request(&[0], 5));
    assert_eq!(ignored.token_ids[2..], [END; 3]);
    assert_eq!(ignored.reason, FinishReason::Length);
}

#[test]
fn useless_logits_end_one_sequence_only() {
    let mut manual = manual(ToyModel::new(64).logit_rule(LogitRule::Nothing), OPTIONS);
    let generation = manual.submit(request(&[1, 2, 3], 4));
    manual.run_dry();
    let error = generation.collect_blocking().unwrap_err();
    assert_eq!(error.to_string(), "no usable logit at position 2");
    assert!(manual.handle.check_alive().is_ok());
    assert_eq!(manual.handle.stats().pages_used, 0);
}

#[tokio::test]
async fn drain_finishes_what_was_accepted_and_drop_does_not() {
    for (how, finished) in [(Shutdown::Drain, true), (Shutdown::Drop, false)] {
        let (started, has_started) = sync_channel::<()>(1);
        let (go, wait) = sync_channel::<()>(1);
        let engine = threaded(ToyModel::new(64).before_step(move |step| {
            if step == 1 {
                started.send(()).unwrap();
                wait.recv().unwrap();
            }
            Ok(())
        }));
        let running = engine.submit(request(&[1], 20)).unwrap();
        has_started.recv().unwrap();
        let queued = engine.submit(request(&[2], 20)).unwrap();
        engine.shutdown(how);
        assert!(matches!(engine.submit(request(&[3], 20)), Err(EngineError::Closing)));
        go.send(()).unwrap();
        engine.closed().await;
        for generation in [running, queued] {
            match generation.collect().await {
                Ok(completion) => assert!(finished && completion.token_ids.len() == 20),
                Err(error) => assert!(!finished && matches!(error, EngineError::Closing)),
            }
        }
    }
}

#[tokio::test]
async fn generation_outlives_the_last_handle() {
    let engine = threaded(ToyModel::new(64));
    let generation = engine.submit(request(&[1, 2, 3], 40)).unwrap();
    drop(engine);
    assert_eq!(generation.collect().await.unwrap().token_ids.len(), 40);
}

#[test]
fn idle_engine_wakes_for_every_request() {
    let engine = threaded(ToyModel::new(64));
    for round in 0..50 {
        let completion = engine.submit(request(&[round], 2)).unwrap().collect_blocking().unwrap();
        assert_eq!(completion.token_ids.len(), 2);
        assert_eq!(completion.usage.prompt_tokens, 1);
    }
    assert_eq!(engine.stats().output_tokens, 100);
    assert_eq!(engine.stats().prompt_tokens, 50);
}

#[test]
fn output_limit_is_lowered_to_the_room_and_absent_means_the_room() {
    let manual = manual(ToyModel::new(64), OPTIONS);
    let handle = &manual.handle;
    // 256 tokens of context, 64 tokens of output.
    assert_eq!(handle.output_room(100), 64);
    assert_eq!(handle.output_room(200), 56);
    assert_eq!(handle.output_room(256), 0);
    assert_eq!(handle.output_limit(200, None), 56);
    assert_eq!(handle.output_limit(200, Some(8_192)), 56);
    assert_eq!(handle.output_limit(200, Some(7)), 7);
    for prompt_tokens in [1, 192, 255] {
        let limit = handle.output_limit(prompt_tokens, Some(usize::MAX));
        assert!(handle.submit(request(&vec![0; prompt_tokens], limit)).is_ok());
    }
    let too_long = handle.submit(request(&[0; 256], handle.output_limit(256, None)));
    assert!(matches!(too_long, Err(EngineError::PromptTooLong { prompt_tokens: 256, .. })));
    let nothing = handle.submit(request(&[0], handle.output_limit(1, Some(0))));
    assert!(matches!(nothing, Err(EngineError::OutputTokens { output_tokens: 0, .. })));
}
