//! Counters and flags of one engine. Written by the engine thread, readable from any thread at any
//! time without waiting; the exceptions are the erasure requests and the closing flag.

use crate::engine::erasure::Erasures;
use crate::engine::error::EngineError;
use crate::engine::error::FatalError;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A snapshot of the engine's counters. Totals count from the engine's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Sequences that are running, that is, own KV pages.
    pub running: usize,
    /// Requests that have not had their first step, plus preempted sequences.
    pub waiting: usize,
    /// Prompt tokens of the requests that have not had their first step.
    pub waiting_prompt_tokens: usize,
    /// KV pages owned by running sequences.
    pub pages_used: usize,
    /// KV pages in the prefix cache, owned or free; a new prompt may reuse them.
    pub pages_cached: usize,
    /// KV pages in the pool.
    pub pages_total: usize,
    /// Steps run, failed ones included.
    pub steps: u64,
    /// Prompt tokens computed, including those recomputed after preemption.
    pub prompt_tokens: u64,
    /// Prompt tokens of all sequences that had their first step: the prefix cache's lookups.
    pub prefix_queries: u64,
    /// Those of `prefix_queries` that were found in the prefix cache.
    pub prefix_hits: u64,
    /// Tokens generated.
    pub output_tokens: u64,
    /// Speculative tokens verified.
    pub speculative_tokens: u64,
    /// Speculative tokens accepted.
    pub speculative_tokens_accepted: u64,
    /// Preemptions: a sequence lost its pages to an older one.
    pub preemptions: u64,
    /// Generations ended, for whatever reason.
    pub finished: u64,
    /// Total time spent in steps.
    pub step_time: Duration,
    /// Processor time spent on constraint masks, most of it concurrent with the forward pass.
    pub mask_time: Duration,
}

/// State shared between the engine thread and its handles.
#[derive(Debug, Default)]
pub(crate) struct EngineShared {
    pub(crate) running: AtomicUsize,
    pub(crate) preempted: AtomicUsize,
    pub(crate) pages_used: AtomicUsize,
    pub(crate) pages_cached: AtomicUsize,
    pub(crate) steps: AtomicU64,
    pub(crate) prompt_tokens: AtomicU64,
    pub(crate) prefix_queries: AtomicU64,
    pub(crate) prefix_hits: AtomicU64,
    pub(crate) output_tokens: AtomicU64,
    pub(crate) speculative_tokens: AtomicU64,
    pub(crate) speculative_tokens_accepted: AtomicU64,
    pub(crate) preemptions: AtomicU64,
    pub(crate) finished: AtomicU64,
    /// Erasures requested by handles, carried out by the engine thread.
    pub(crate) erasures: Erasures,
    pub(crate) step_ns: AtomicU64,
    pub(crate) mask_ns: AtomicU64,
    /// Set before the channels are drained for the last time; from then on no request is accepted.
    pub(crate) closing: AtomicBool,
    /// The step and cause of a fatal error; unset while the engine is alive.
    pub(crate) fatal: OnceLock<(u64, Arc<FatalError>)>,
}

impl EngineShared {
    /// The error for generations that can neither start nor continue: the fatal error if there is
    /// one, otherwise `Closing`.
    pub(crate) fn end_error(&self) -> EngineError {
        self.fatal_error().unwrap_or(EngineError::Closing)
    }

    /// The error of an engine that stopped for good; `None` while it is alive.
    pub(crate) fn fatal_error(&self) -> Option<EngineError> {
        let (step, cause) = self.fatal.get()?;
        Some(EngineError::Dead { step: *step, cause: Arc::clone(cause) })
    }
}

/// Adds a duration to a counter of nanoseconds.
pub(crate) fn count_time(counter: &AtomicU64, by: Duration) {
    counter.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
