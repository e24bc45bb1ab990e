//! How long sequences that decode wait for their next token, without and with long prompts.
//!
//! A few streams generate a fixed number of tokens each; each notes the time from one token to the
//! next as its consumer sees it. Then the same again while long prompts come one after the other.

use crate::engine::cache_scope::CacheScope;
use crate::engine::error::EngineError;
use crate::engine::generation::GenerationEvent;
use crate::engine::generation_model::GenerationModel;
use crate::engine::handle::EngineHandle;
use crate::engine::request::EndOfText;
use crate::engine::request::GenerationRequest;
use crate::engine::request::Priority;
use crate::engine::request::Sampling;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rand_chacha::rand_core::SeedableRng;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SharedClock;

/// Prompt tokens of a stream: few, so that streams decode nearly from the start.
const STREAM_PROMPT_TOKENS: usize = 8;

/// First tokens of each stream that are not measured: the others are still arriving.
const TOKENS_UNMEASURED: usize = 8;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixedOptions {
    /// Sequences that decode.
    pub streams: usize,
    /// Tokens that each of them generates.
    pub output_tokens: usize,
    /// Tokens of a long prompt.
    pub prompt_tokens: usize,
}

/// The gaps of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MixedRow {
    /// Gaps measured.
    pub gaps: usize,
    /// Half of the gaps are shorter.
    pub gap_p50: Duration,
    /// 99 in a hundred are shorter.
    pub gap_p99: Duration,
    /// The longest.
    pub gap_max: Duration,
    /// Long prompts that were answered meanwhile.
    pub prompts: usize,
    /// The whole run.
    pub time: Duration,
}

/// Measures without and with long prompts, in this order.
///
/// # Errors
/// If the engine refuses or fails, or an option is too small to measure anything.
pub fn bench_mixed(
    model: &GenerationModel,
    options: MixedOptions,
    clock: &SharedClock,
) -> Result<[MixedRow; 2], EngineError> {
    let MixedOptions { streams, output_tokens, prompt_tokens } = options;
    let least = TOKENS_UNMEASURED + 2;
    for (what, found, min) in [
        ("streams", streams, 1),
        ("output_tokens", output_tokens, least),
        ("prompt_tokens", prompt_tokens, 1),
    ] {
        if found < min {
            return Err(EngineError::Option { what, found, min });
        }
    }
    // The engine learns what its steps cost; that belongs to nobody's measurement.
    run(model.engine(), options, 0, &**clock)?;
    let without = run(model.engine(), options, 0, &**clock)?;
    let with = run(model.engine(), options, prompt_tokens, &**clock)?;
    Ok([without, with])
}

/// One run; no long prompts if they have no tokens.
fn run(
    engine: &EngineHandle,
    options: MixedOptions,
    prompt_tokens: usize,
    clock: &dyn Clock,
) -> Result<MixedRow, EngineError> {
    let started = clock.instant();
    let open = AtomicUsize::new(options.streams);
    let (gaps, prompts) = std::thread::scope(|scope| {
        let streams: Vec<ScopedJoinHandle<'_, Result<Vec<Duration>, EngineError>>> = (0..options
            .streams)
            .map(|seed| {
                let open = &open;
                scope.spawn(move || {
                    let gaps = stream(engine, options, seed as u64, clock);
                    open.fetch_sub(1, Ordering::Release);
                    gaps
                })
            })
            .collect();
        let mut prompts = 0;
        while prompt_tokens > 0 && open.load(Ordering::Acquire) > 0 {
            let seed = (options.streams + prompts) as u64;
            engine.submit(request(engine, seed, prompt_tokens, 1))?.collect_blocking()?;
            prompts += 1;
        }
        let mut gaps = Vec::new();
        for stream in streams {
            match stream.join() {
                Ok(found) => gaps.extend(found?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<_, EngineError>((gaps, prompts))
    })?;
    let time = clock.instant().saturating_duration_since(started);
    Ok(row(gaps, prompts, time))
}

/// One stream's gaps.
fn stream(
    engine: &EngineHandle,
    options: MixedOptions,
    seed: u64,
    clock: &dyn Clock,
) -> Result<Vec<Duration>, EngineError> {
    let request = request(engine, seed, STREAM_PROMPT_TOKENS, options.output_tokens);
    let mut generation = engine.submit(request)?;
    let mut times = Vec::with_capacity(options.output_tokens);
    while let Some(event) = generation.next_blocking() {
        if let GenerationEvent::Token { .. } = event? {
            times.push(clock.instant());
        }
    }
    let measured = times.get(TOKENS_UNMEASURED..).unwrap_or_default();
    Ok(measured.windows(2).map(|pair| pair[1].saturating_duration_since(pair[0])).collect())
}

/// Random tokens, never found in a cache.
fn request(
    engine: &EngineHandle,
    seed: u64,
    prompt_tokens: usize,
    output_tokens_max: usize,
) -> GenerationRequest {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let vocabulary_size = engine.model_limits().vocabulary_size.max(1) as u64;
    let mut token =
        || u32::try_from(u64::from(random.next_u32()) % vocabulary_size).unwrap_or_default();
    GenerationRequest {
        prompt_token_ids: (0..prompt_tokens).map(|_| token()).collect(),
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

fn row(mut gaps: Vec<Duration>, prompts: usize, time: Duration) -> MixedRow {
    gaps.sort_unstable();
    let at = |per_cent: usize| {
        gaps.get((gaps.len() * per_cent / 100).min(gaps.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    let (gap_p50, gap_p99, gap_max) = (at(50), at(99), at(100));
    MixedRow { gaps: gaps.len(), gap_p50, gap_p99, gap_max, prompts, time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_gaps() {
        let gaps = (1..=200).rev().map(Duration::from_millis).collect();
        let found = row(gaps, 3, Duration::from_secs(1));
        assert_eq!(found.gap_p50, Duration::from_millis(101));
        assert_eq!(found.gap_p99, Duration::from_millis(199));
        assert_eq!((found.gap_max, found.gaps), (Duration::from_millis(200), 200));
        assert_eq!(row(Vec::new(), 0, Duration::ZERO).gap_p99, Duration::ZERO);
    }
}
