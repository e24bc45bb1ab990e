//! Keeps the store in order beside the requests: what was kept long enough goes, and erased bytes
//! leave the file.

use crate::base::clock::SharedClock;
use crate::threads::EmbeddedStore;
use crate::threads::Sweep;
use crate::threads::SweepCursor;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How long things are kept, and how the store is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// Message ids; longer than any channel delivers again, which is 7 days.
    pub messages_kept: SignedDuration,
    /// Threads, from their last change.
    pub threads_kept: SignedDuration,
    /// Time between two steps of the sweep.
    pub step: Duration,
    /// Entries that one step looks at.
    pub step_entries_max: usize,
    /// Time after which the file is written anew if anything was erased.
    pub rewrite: Duration,
}

/// A store and how it is kept.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// The store.
    pub store: Arc<EmbeddedStore>,
    /// How.
    pub options: UpkeepOptions,
}

impl Upkeep {
    /// Keeps the store until the task is dropped. A step that fails is logged, and the next one
    /// tries again.
    pub async fn run(self, clock: SharedClock) {
        let mut cursor = SweepCursor::default();
        let mut rewritten = clock.instant();
        loop {
            clock.sleep(self.options.step).await;
            if let Err(error) = self.store.sweep(self.sweep(clock.now()), &mut cursor).await {
                tracing::error!(%error, "what was kept long enough could not be looked for");
            }
            if clock.instant().saturating_duration_since(rewritten) >= self.options.rewrite {
                rewritten = clock.instant();
                if let Err(error) = self.store.rewrite().await {
                    tracing::error!(%error, "the thread file could not be written anew");
                }
            }
        }
    }

    fn sweep(&self, now: Timestamp) -> Sweep {
        // Times before the calendar begins are as good as never.
        let before = |kept| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        Sweep {
            messages_before: before(self.options.messages_kept),
            threads_before: before(self.options.threads_kept),
            entries_max: self.options.step_entries_max,
            now,
        }
    }
}
