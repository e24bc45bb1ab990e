//! Keeps the store in order beside the requests: what was kept long enough goes, and erased bytes
//! leave the file.

use crate::Due;
use crate::EmbeddedStore;
use crate::Sweep;
use crate::SweepCursor;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;

/// How long things are kept, and how the store is gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// Message ids; longer than any channel delivers again, which is 7 days.
    pub messages_kept: SignedDuration,
    /// That something was erased; as long, so that no message sent before can undo it.
    pub tombstones_kept: SignedDuration,
    /// Threads and what they know, of tenants that say nothing else.
    pub kept: Kept,
    /// The same of single tenants.
    pub tenants_kept: BTreeMap<TenantId, Kept>,
    /// Time between two steps of the sweep.
    pub step: Duration,
    /// Entries that one step looks at.
    pub step_entries_max: usize,
    /// Time after which the file is written anew if anything was erased.
    pub rewrite: Duration,
}

/// How long a tenant keeps what customers said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Threads, from their last change; what is kept to assist goes with them.
    pub threads: SignedDuration,
    /// Profiles of customers without a thread or a live consent, from their last change.
    pub profiles: SignedDuration,
    /// Facts kept to know the customer again, from when they were learnt.
    pub personalisation: SignedDuration,
    /// Facts kept to write first, from when they were learnt.
    pub outreach: SignedDuration,
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
            let sweep = self.options.sweep(clock.now());
            if let Err(error) = self.store.sweep(&sweep, &mut cursor).await {
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
}

impl UpkeepOptions {
    /// What is due at `now`.
    pub(super) fn sweep(&self, now: Timestamp) -> Sweep {
        // Times before the calendar begins are as good as never.
        let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        let due = |kept: Kept| Due {
            threads_before: before(kept.threads),
            profiles_before: before(kept.profiles),
            personalisation_before: before(kept.personalisation),
            outreach_before: before(kept.outreach),
        };
        let tenants =
            self.tenants_kept.iter().map(|(tenant, kept)| (tenant.clone(), due(*kept))).collect();
        Sweep {
            messages_before: before(self.messages_kept),
            tombstones_before: before(self.tombstones_kept),
            due: due(self.kept),
            tenants: Arc::new(tenants),
            entries_max: self.step_entries_max,
            now,
        }
    }
}
