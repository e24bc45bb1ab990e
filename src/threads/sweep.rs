//! Retention: a walk over the whole store in small steps that finds what has been kept long enough.
//!
//! Each step reads a bounded number of entries on from where the last one ended, and begins again
//! at the start when it has come to the end. So a sweep costs the same whatever the store holds,
//! and what is due goes within one round.

use crate::threads::CustomerKey;
use crate::threads::EmbeddedStore;
use crate::threads::StoreError;
use crate::threads::ThreadKey;
use crate::threads::ThreadRecord;
use crate::threads::ThreadStore;
use crate::threads::deed::Wrote;
use crate::threads::error::storage;
use crate::threads::layout::MESSAGES;
use crate::threads::layout::MessageEntry;
use crate::threads::layout::THREADS;
use crate::threads::layout::time;
use jiff::Timestamp;
use redb::ReadableDatabase;
use std::ops::Bound;

/// What a sweep takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sweep {
    /// Message ids recorded before this are forgotten: their redelivery would be a new message.
    pub messages_before: Timestamp,
    /// Threads unchanged since this are erased.
    pub threads_before: Timestamp,
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
    /// Rounds completed over both tables.
    pub rounds: u64,
}

impl EmbeddedStore {
    /// One step.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn sweep(&self, sweep: Sweep, cursor: &mut SweepCursor) -> Result<(), StoreError> {
        let from = cursor.message.take();
        let (messages, next) = self.read(move |shared| shared.old_messages(sweep, from)).await?;
        cursor.message = next;
        if !messages.is_empty() {
            cursor.removed.0 += messages.len() as u64;
            self.deed(move |tables| {
                for message in messages {
                    tables.messages.remove(message).map_err(storage)?;
                }
                let now = sweep.now.as_microsecond();
                // A link token that was never sent back is of no use any more.
                tables.links.retain(|_, link| expiry(link) > now).map_err(storage)?;
                Ok(((), Wrote::Something))
            })
            .await?;
        }
        let from = cursor.thread.take();
        let (threads, next) = self.read(move |shared| shared.old_threads(sweep, from)).await?;
        cursor.thread = next;
        for key in threads {
            cursor.removed.1 += self.delete(&key, sweep.now).await?.threads;
        }
        if cursor.message.is_none() && cursor.thread.is_none() {
            cursor.rounds += 1;
        }
        Ok(())
    }
}

/// When a stored link ends; one that cannot be read has ended.
fn expiry(link: &[u8]) -> i64 {
    link.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes))
}

type Found<T, C> = Result<(Vec<T>, Option<C>), StoreError>;

impl crate::threads::embedded::Shared {
    fn old_messages(&self, sweep: Sweep, from: Option<[u8; 32]>) -> Found<[u8; 32], [u8; 32]> {
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

    fn old_threads(&self, sweep: Sweep, from: Option<String>) -> Found<ThreadKey, String> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let threads = transaction.open_table(THREADS).map_err(storage)?;
        let from = from.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        let mut last = None;
        let range = threads.range::<&str>((from, Bound::Unbounded)).map_err(storage)?;
        for (seen, entry) in range.enumerate() {
            let (key, value) = entry.map_err(storage)?;
            if ThreadRecord::head_of(value.value())?.updated_at < sweep.threads_before {
                found.extend(ThreadKey::from_stored(key.value()));
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
    /// When a customer's erasure was, for messages that come late.
    pub(super) async fn buried_at(
        &self,
        key: &CustomerKey,
    ) -> Result<Option<Timestamp>, StoreError> {
        let hashed = key.hashed();
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
