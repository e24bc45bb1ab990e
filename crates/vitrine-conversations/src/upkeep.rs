//! Background maintenance of the store: deletes expired records and rewrites the file after
//! erasures.

use crate::embedded::EmbeddedStore;
use crate::sweep::ExpiryTimes;
use crate::sweep::Sweep;
use crate::sweep::SweepCursor;
use jiff::SignedDuration;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;

/// Retention periods, and how fast the store is swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// Retention of message ids. Must exceed the longest redelivery window of any channel, 7 days.
    pub messages_kept: SignedDuration,
    /// Retention of tombstones. At least as long, so that no message sent before an erasure undoes
    /// it.
    pub tombstones_kept: SignedDuration,
    /// Retention for tenants without settings of their own.
    pub kept: RetentionPeriods,
    /// Retention for tenants with settings of their own.
    pub tenants_kept: BTreeMap<TenantId, RetentionPeriods>,
    /// Pause between two steps of the sweep.
    pub step: Duration,
    /// Entries examined in one step.
    pub step_entries_max: usize,
    /// Interval between rewrites of the file; skipped if nothing was erased.
    pub rewrite: Duration,
}

/// Retention periods of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPeriods {
    /// Conversations, from their last change; facts stored for assistance are deleted with them.
    pub conversations: SignedDuration,
    /// Profiles of customers without a conversation or a live consent, from their last change.
    pub profiles: SignedDuration,
    /// Facts stored for personalisation, from when they were learnt.
    pub personalisation: SignedDuration,
    /// Facts stored for outreach, from when they were learnt.
    pub outreach: SignedDuration,
}

/// The maintenance task of a store.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// Store to maintain.
    pub store: Arc<EmbeddedStore>,
    /// Retention periods and intervals.
    pub options: UpkeepOptions,
}

impl Upkeep {
    /// Runs until the task is dropped. A failed step is logged and retried with the next one.
    pub async fn run(self, clock: SharedClock) {
        let mut cursor = SweepCursor::default();
        let mut rewritten = clock.instant();
        loop {
            clock.sleep(self.options.step).await;
            let sweep = self.options.sweep(clock.now());
            if let Err(error) = self.store.sweep(&sweep, &mut cursor).await {
                tracing::error!(%error, "retention sweep failed");
            }
            if clock.instant().saturating_duration_since(rewritten) >= self.options.rewrite {
                rewritten = clock.instant();
                if let Err(error) = self.store.rewrite().await {
                    tracing::error!(%error, "rewrite of the conversation file failed");
                }
            }
        }
    }
}

impl UpkeepOptions {
    /// Expiry times at `now`.
    pub(super) fn sweep(&self, now: Timestamp) -> Sweep {
        // A period that reaches beyond the start of the calendar never expires anything.
        let before = |kept: SignedDuration| now.checked_sub(kept).unwrap_or(Timestamp::MIN);
        let due = |kept: RetentionPeriods| ExpiryTimes {
            conversations_before: before(kept.conversations),
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
