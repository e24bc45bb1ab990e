//! The engine's numbers, readable at any time by anybody: written by the engine thread alone.

use crate::engine::erasure::Erasures;
use crate::engine::error::Death;
use crate::engine::error::EngineError;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The engine's numbers at one moment. The counts are since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Sequences that own pages.
    pub running: usize,
    /// Requests without a first step, and sequences that lost their pages.
    pub waiting: usize,
    /// Prompt tokens of the requests without a first step.
    pub waiting_prompt_tokens: usize,
    /// KV pages in use.
    pub pages_used: usize,
    /// KV pages whose tokens are known, in use or not: what a new prompt may find.
    pub pages_cached: usize,
    /// KV pages that exist.
    pub pages_total: usize,
    /// Steps run.
    pub steps: u64,
    /// Prompt tokens computed, recomputed ones included.
    pub prompt_tokens: u64,
    /// Prompt tokens of the sequences that had their first step.
    pub prefix_queries: u64,
    /// Of these, tokens that were found computed.
    pub prefix_hits: u64,
    /// Tokens generated.
    pub output_tokens: u64,
    /// Tokens guessed and checked.
    pub draft_tokens: u64,
    /// Of these, tokens that were right.
    pub draft_tokens_accepted: u64,
    /// Sequences that lost their pages to an older one.
    pub preemptions: u64,
    /// Generations ended, whatever the reason.
    pub finished: u64,
    /// Time in steps.
    pub step_time: Duration,
    /// Processor time for finding out what constraints allow, most of it beside the forward pass.
    pub mask_time: Duration,
}

/// What the engine thread tells everybody else.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) running: AtomicUsize,
    pub(crate) preempted: AtomicUsize,
    pub(crate) pages_used: AtomicUsize,
    pub(crate) pages_cached: AtomicUsize,
    pub(crate) steps: AtomicU64,
    pub(crate) prompt_tokens: AtomicU64,
    pub(crate) prefix_queries: AtomicU64,
    pub(crate) prefix_hits: AtomicU64,
    pub(crate) output_tokens: AtomicU64,
    pub(crate) draft_tokens: AtomicU64,
    pub(crate) draft_tokens_accepted: AtomicU64,
    pub(crate) preemptions: AtomicU64,
    pub(crate) finished: AtomicU64,
    /// What the engine thread is asked to forget.
    pub(crate) erasures: Erasures,
    pub(crate) step_ns: AtomicU64,
    pub(crate) mask_ns: AtomicU64,
    /// Set before the lanes are emptied for the last time.
    pub(crate) closing: AtomicBool,
    /// Why the engine stopped for good, if it did.
    pub(crate) death: OnceLock<(u64, Arc<Death>)>,
}

impl Shared {
    /// Why no generation can start or go on: dead, or else closing.
    pub(crate) fn end_error(&self) -> EngineError {
        self.dead_error().unwrap_or(EngineError::Closing)
    }

    /// The error of a dead engine.
    pub(crate) fn dead_error(&self) -> Option<EngineError> {
        let (step, cause) = self.death.get()?;
        Some(EngineError::Dead { step: *step, cause: Arc::clone(cause) })
    }
}

/// Adds a time to a counter of nanoseconds.
pub(crate) fn count_time(counter: &AtomicU64, by: Duration) {
    counter.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
