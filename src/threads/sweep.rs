//! Retention: a walk over the whole store in small steps that finds what has been kept long enough.
//!
//! Each step reads a bounded number of entries on from where the last one ended, and begins again
//! at the start when it has come to the end. So a sweep costs the same whatever the store holds,
//! and what is due goes within one round. Of a thread a step reads what stands before the packed
//! part; only one with facts whose purpose has a time of its own is unpacked.

use crate::base::ids::TenantId;
use crate::threads::CommitOutcome;
use crate::threads::EmbeddedStore;
use crate::threads::KnownFact;
use crate::threads::Purpose;
use crate::threads::StoreError;
use crate::threads::ThreadKey;
use crate::threads::ThreadRecord;
use crate::threads::ThreadStore;
use crate::threads::TurnCommit;
use crate::threads::deed::Wrote;
use crate::threads::error::storage;
use crate::threads::layout::MESSAGES;
use crate::threads::layout::MessageEntry;
use crate::threads::layout::THREADS;
use crate::threads::layout::time;
use jiff::Timestamp;
use redb::ReadableDatabase;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// What is due of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Threads unchanged since this are erased.
    pub threads_before: Timestamp,
    /// Facts to know the customer again that were learnt before this go.
    pub personalisation_before: Timestamp,
    /// Facts to write first that were learnt before this go.
    pub outreach_before: Timestamp,
}

impl Due {
    /// Whether the fact has been kept long enough; what assists goes with its thread.
    fn takes(self, fact: &KnownFact) -> bool {
        match fact.purpose {
            Purpose::Assistance => false,
            Purpose::Personalisation => fact.learnt_at < self.personalisation_before,
            Purpose::Outreach => fact.learnt_at < self.outreach_before,
        }
    }
}

/// What a sweep takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Message ids recorded before this are forgotten: their redelivery would be a new message.
    pub messages_before: Timestamp,
    /// What is due of tenants that are not named.
    pub due: Due,
    /// What is due of the others.
    pub tenants: Arc<BTreeMap<TenantId, Due>>,
    /// Entries of each table that one step looks at.
    pub entries_max: usize,
    /// The erasures' own time.
    pub now: Timestamp,
}

/// Where the next step goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepCursor {
    message: Option<[u8; 32]>,
    thread: Option<String>,
    /// Message ids forgotten and threads erased so far.
    pub removed: (u64, u64),
    /// Threads that facts were taken out of so far.
    pub trimmed: u64,
    /// Rounds completed over both tables.
    pub rounds: u64,
}

impl EmbeddedStore {
    /// One step.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn sweep(&self, sweep: &Sweep, cursor: &mut SweepCursor) -> Result<(), StoreError> {
        let from = cursor.message.take();
        let step = sweep.clone();
        let (messages, next) = self.read(move |shared| shared.old_messages(&step, from)).await?;
        cursor.message = next;
        if !messages.is_empty() {
            cursor.removed.0 += messages.len() as u64;
            let now = sweep.now.as_microsecond();
            self.deed(move |tables| {
                for message in messages {
                    tables.messages.remove(message).map_err(storage)?;
                }
                // A link token that was never sent back is of no use any more.
                tables.links.retain(|_, link| expiry(link) > now).map_err(storage)?;
                Ok(((), Wrote::Something))
            })
            .await?;
        }
        let from = cursor.thread.take();
        let step = sweep.clone();
        let (threads, next) = self.read(move |shared| shared.old_threads(&step, from)).await?;
        cursor.thread = next;
        for (key, old) in threads {
            match old {
                Old::Thread => cursor.removed.1 += self.delete(&key, sweep.now).await?.threads,
                Old::Facts => cursor.trimmed += self.trim(key, sweep).await?,
            }
        }
        if cursor.message.is_none() && cursor.thread.is_none() {
            cursor.rounds += 1;
        }
        Ok(())
    }
}

impl EmbeddedStore {
    /// Takes the facts out of a thread that are due; 1 if there were any. A thread that changes
    /// meanwhile waits for the next round. Its last change stays what it was: nobody wrote.
    async fn trim(&self, key: ThreadKey, sweep: &Sweep) -> Result<u64, StoreError> {
        let Some(stored) = self.load(&key).await? else { return Ok(0) };
        let due = sweep.due_of(&key.tenant);
        let mut thread = (*stored).clone();
        thread.facts.retain(|_, fact| !due.takes(fact));
        if thread.facts.len() == stored.facts.len() {
            return Ok(0);
        }
        match self.commit(TurnCommit { key, thread, turn: None, jobs: Vec::new() }).await? {
            CommitOutcome::Recorded(_) => Ok(1),
            CommitOutcome::AlreadyRecorded(_) | CommitOutcome::Stale(_) => Ok(0),
        }
    }
}

impl Sweep {
    fn due_of(&self, tenant: &TenantId) -> Due {
        self.tenants.get(tenant).copied().unwrap_or(self.due)
    }
}

/// What is old in a thread.
enum Old {
    Thread,
    /// Perhaps some of its facts.
    Facts,
}

/// When a stored link ends; one that cannot be read has ended.
fn expiry(link: &[u8]) -> i64 {
    link.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes))
}

type Found<T, C> = Result<(Vec<T>, Option<C>), StoreError>;

impl crate::threads::embedded::Shared {
    fn old_messages(&self, sweep: &Sweep, from: Option<[u8; 32]>) -> Found<[u8; 32], [u8; 32]> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let messages = transaction.open_table(MESSAGES).map_err(storage)?;
        let from = from.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        let mut last = None;
        let range = messages.range::<[u8; 32]>((from, Bound::Unbounded)).map_err(storage)?;
        for (seen, entry) in range.enumerate() {
            let (key, value) = entry.map_err(storage)?;
            let kept_since = match MessageEntry::decode(value.value())? {
                MessageEntry::Answered { recorded_at, .. } => recorded_at,
                MessageEntry::Erased { erased_at } => erased_at,
            };
            if kept_since < sweep.messages_before {
                found.push(key.value());
            }
            if seen + 1 == sweep.entries_max {
                last = Some(key.value());
                break;
            }
        }
        Ok((found, last))
    }

    fn old_threads(&self, sweep: &Sweep, from: Option<String>) -> Found<(ThreadKey, Old), String> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let threads = transaction.open_table(THREADS).map_err(storage)?;
        let from = from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        let mut last = None;
        let range = threads.range::<&str>((from, Bound::Unbounded)).map_err(storage)?;
        for (seen, entry) in range.enumerate() {
            let (key, value) = entry.map_err(storage)?;
            if let Some(thread) = ThreadKey::from_stored(key.value()) {
                let head = ThreadRecord::head_of(value.value())?;
                let timed = [Purpose::Personalisation, Purpose::Outreach];
                if head.updated_at < sweep.due_of(&thread.tenant).threads_before {
                    found.push((thread, Old::Thread));
                } else if timed.into_iter().any(|purpose| head.keeps_for(purpose)) {
                    found.push((thread, Old::Facts));
                }
            }
            if seen + 1 == sweep.entries_max {
                last = Some(key.value().to_owned());
                break;
            }
        }
        Ok((found, last))
    }
}

impl EmbeddedStore {
    /// When an erasure was, for messages that come late.
    pub(super) async fn buried_at(
        &self,
        hashed: [u8; 32],
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(storage)?;
            let tombstones =
                transaction.open_table(crate::threads::layout::TOMBSTONES).map_err(storage)?;
            let stored = tombstones.get(hashed).map_err(storage)?;
            Ok(stored.and_then(|microseconds| time(microseconds.value())))
        })
        .await
    }
}
