//! Goal: an engine under long load leaks nothing: no pages, threads, file handles or memory.
//! Method: several threads submit requests, some of which are dropped, cancelled or late, with
//! shared prompt beginnings and both priorities. The process is measured after a warm-up and at the
//! end.
//!
//! Each soak test runs in a process of its own, because other tests open files and allocate too.
//! The visible test starts the test binary again with the name of an ignored test.

use crate::engine::CacheScope;
use crate::engine::EndOfText;
use crate::engine::EngineError;
use crate::engine::EngineHandle;
use crate::engine::EngineOptions;
use crate::engine::EngineParts;
use crate::engine::GenerationRequest;
use crate::engine::PrefixCaching;
use crate::engine::Priority;
use crate::engine::Sampling;
use crate::engine::Speculation;
use crate::engine::open;
use crate::engine::toy::ToyModel;
use crate::engine::toy::ToyVocabulary;
use crate::model::KvType;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::TenantId;
use vitrine_base::units::Bytes;

const SUBMITTERS: u64 = 8;

/// Attempts to see the submitters' threads gone.
const SETTLE_TRIES: usize = 10_000;

const OPTIONS: EngineOptions = EngineOptions {
    page_tokens: 16,
    kv_bytes_max: Bytes(32 << 20),
    kv_type: KvType::F32,
    quantize: None,
    tier: None,
    prefix_cache: PrefixCaching::On,
    step_tokens_max: 128,
    decode_gap_percent: 180,
    sequences_max: 6,
    waiting_max: 64,
    waiting_prompt_tokens_max: 16_384,
    waiting_time_max: None,
    context_tokens_max: 512,
    output_tokens_max: 64,
    speculation: Speculation { draft_tokens_max: 8, sequences_max: 4 },
};

/// Resources held by this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ProcessResources {
    threads: usize,
    file_handles: usize,
    resident_kib: u64,
}

impl ProcessResources {
    fn now() -> Self {
        let entries = |folder| std::fs::read_dir(folder).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        Self {
            threads: entries("/proc/self/task"),
            file_handles: entries("/proc/self/fd"),
            resident_kib: line.split_whitespace().nth(1).unwrap().parse().unwrap(),
        }
    }
}

impl ProcessResources {
    /// The resources once the submitters' threads are gone: the system removes them shortly after
    /// they have ended.
    fn settled(threads: usize) -> Self {
        let mut now = Self::now();
        for _ in 0..SETTLE_TRIES {
            if now.threads <= threads {
                break;
            }
            std::thread::yield_now();
            now = Self::now();
        }
        now
    }
}

/// The length of a soak: both minimums must be reached.
#[derive(Debug, Clone, Copy)]
struct SoakLength {
    requests: u64,
    at_least: Duration,
}

fn submitter(engine: &EngineHandle, seed: u64, length: SoakLength, end: Instant) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut done = 0;
    while done < length.requests / SUBMITTERS || SystemClock.instant() < end {
        done += 1;
        let mut below = |limit: u32| random.next_u32() % limit;
        let shared: Vec<u32> = (0..below(4) * 20).map(|at| 5 + at * 7 % 200).collect();
        let own = 1 + below(40);
        let prompt = shared.into_iter().chain((0..own).map(|_| 5 + below(200))).collect();
        let tenant = TenantId::new(["a", "b", "c"][below(3) as usize]).unwrap();
        let late = below(16) == 0;
        let request = GenerationRequest {
            prompt_token_ids: prompt,
            output_tokens_max: 1 + below(40) as usize,
            sampling: Sampling::GREEDY,
            stop: Vec::new(),
            deadline: late.then(|| SystemClock.instant() + Duration::from_millis(5)),
            end_of_text: EndOfText::Stop,
            cache: CacheScope::of(&tenant),
            priority: if below(4) == 0 { Priority::Outreach } else { Priority::Live },
            constraint: None,
        };
        let generation = match engine.submit(request) {
            Ok(generation) => generation,
            Err(
                EngineError::Full { .. }
                | EngineError::Overloaded { .. }
                | EngineError::DeadlineUnreachable { .. },
            ) => continue,
            Err(error) => panic!("refused: {error}"),
        };
        match below(8) {
            0 => drop(generation),
            1 => generation.cancel(),
            _ => drop(generation.collect_blocking().unwrap()),
        }
    }
}

fn rounds(engine: &EngineHandle, length: SoakLength) {
    let end = SystemClock.instant() + length.at_least;
    std::thread::scope(|scope| {
        for seed in 0..SUBMITTERS {
            scope.spawn(move || submitter(engine, seed, length, end));
        }
    });
    // Earlier cancellations are handled before this request's first step.
    let last = GenerationRequest {
        prompt_token_ids: vec![5],
        output_tokens_max: 1,
        sampling: Sampling::GREEDY,
        stop: Vec::new(),
        deadline: None,
        end_of_text: EndOfText::Ignore,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
        constraint: None,
    };
    engine.submit(last).unwrap().collect_blocking().unwrap();
}

fn soak(engine: &EngineHandle, length: SoakLength, growth_kib_max: u64) {
    let threads = ProcessResources::now().threads;
    rounds(engine, SoakLength { requests: length.requests / 4, at_least: Duration::ZERO });
    let before = ProcessResources::settled(threads);
    rounds(engine, length);
    let (after, stats) = (ProcessResources::settled(threads), engine.stats());
    eprintln!("before {before:?}\nafter  {after:?}\n{stats:?}");
    assert_eq!((stats.running, stats.waiting, stats.pages_used), (0, 0, 0));
    assert_eq!(stats.waiting_prompt_tokens, 0);
    assert!(stats.prefix_hits > 0 && stats.finished >= length.requests / 2, "{stats:?}");
    assert_eq!((after.threads, after.file_handles), (before.threads, before.file_handles));
    let growth = after.resident_kib.saturating_sub(before.resident_kib);
    assert!(growth <= growth_kib_max, "resident memory grew by {growth} KiB");
}

/// Runs an ignored test of this module in a process of its own.
fn run_alone(test: &str) {
    let name = format!("engine::soak::{test}");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", &name])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

#[test]
fn short_soak_leaks_nothing() {
    run_alone("toy_for_4000_requests");
}

#[test]
#[ignore = "run by short_soak_leaks_nothing in a process of its own"]
fn toy_for_4000_requests() {
    let parts = EngineParts {
        name: "toy".to_owned(),
        model: Box::new(ToyModel::new(80)),
        vocabulary: Arc::new(ToyVocabulary),
        clock: Arc::new(SystemClock),
    };
    let engine = EngineHandle::start(parts, OPTIONS).unwrap();
    let length = SoakLength { requests: 4_000, at_least: Duration::ZERO };
    soak(&engine, length, 4_096);
    assert!(engine.stats().preemptions > 0, "the pool should be too small");
}

/// `cargo test -p vitrine-engine --lib ten_minutes -- --ignored --nocapture`
#[test]
#[ignore = "takes ten minutes; run it with the command above"]
fn built_in_drafter_for_ten_minutes_and_10000_requests() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join("models/drafter/drafter.gguf");
    let model = open(&path, "drafter", OPTIONS, Arc::new(SystemClock)).unwrap();
    let length = SoakLength { requests: 10_000, at_least: Duration::from_secs(600) };
    soak(model.engine(), length, 16_384);
}
