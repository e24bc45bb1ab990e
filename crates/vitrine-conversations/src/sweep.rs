//! Retention: deletes expired records by walking the store in small steps.
//!
//! Each step reads a bounded number of entries of one table and remembers where it stopped. After
//! the last table the walk starts over. A step therefore costs the same for any size of the store,
//! and an expired record is deleted within one round. A step reads only the header of a
//! conversation, unless the conversation holds facts whose purpose has a retention period of its
//! own.
//!
//! Invariants
//! - The write that deletes a record checks again that it is due.
//! - An entry that cannot be decoded is skipped; it does not stop the walk.

use crate::CommitOutcome;
use crate::CustomerKey;
use crate::CustomerRecord;
use crate::EmbeddedStore;
use crate::KnownFact;
use crate::Purpose;
use crate::StoreError;
use crate::ThreadKey;
use crate::ThreadRecord;
use crate::ThreadStore;
use crate::TurnCommit;
use crate::deed::Wrote;
use crate::embedded::Shared;
use crate::error::storage;
use crate::layout::CUSTOMERS;
use crate::layout::MESSAGES;
use crate::layout::MessageEntry;
use crate::layout::THREADS;
use crate::layout::TOMBSTONES;
use jiff::Timestamp;
use redb::Key;
use redb::ReadableDatabase;
use redb::TableDefinition;
use redb::Value;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use vitrine_base::ids::TenantId;

/// Expiry times of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Conversations last changed before this are erased.
    pub threads_before: Timestamp,
    /// Profiles last changed before this are erased if they have neither a live grant nor a
    /// conversation.
    pub profiles_before: Timestamp,
    /// Facts stored for personalisation and learnt before this are deleted.
    pub personalisation_before: Timestamp,
    /// Facts stored for outreach and learnt before this are deleted.
    pub outreach_before: Timestamp,
}

impl Due {
    /// Whether the fact has expired. Facts stored for assistance are deleted with their
    /// conversation.
    fn takes(self, fact: &KnownFact) -> bool {
        match fact.purpose {
            Purpose::Assistance => false,
            Purpose::Personalisation => fact.learnt_at < self.personalisation_before,
            Purpose::Outreach => fact.learnt_at < self.outreach_before,
        }
    }

    /// Whether the profile has expired: old enough, and no live grant needs it. Conversations are
    /// not considered here.
    pub(super) fn takes_profile(self, customer: &CustomerRecord) -> bool {
        customer.updated_at < self.profiles_before && !customer.has_live_grant()
    }
}

/// Expiry times for one sweep, and its step size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Message ids recorded before this are forgotten: a redelivery would count as a new message.
    pub messages_before: Timestamp,
    /// Erasures before this are forgotten: a message delayed for longer would reopen the
    /// conversation.
    pub tombstones_before: Timestamp,
    /// Expiry times of tenants that are not in `tenants`.
    pub due: Due,
    /// Expiry times of tenants with a retention of their own.
    pub tenants: Arc<BTreeMap<TenantId, Due>>,
    /// Entries examined in one step.
    pub entries_max: usize,
    /// Time recorded for the erasures that the sweep makes.
    pub now: Timestamp,
}

/// Counts of deleted records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Message ids forgotten.
    pub messages: u64,
    /// Conversations erased.
    pub threads: u64,
    /// Conversations from which facts were deleted.
    pub trimmed: u64,
    /// Erasures forgotten.
    pub tombstones: u64,
    /// Profiles erased.
    pub profiles: u64,
}

/// Position of the walk between two steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepCursor {
    stage: Stage,
    /// Last key examined; `None` at the start of a table.
    from: Option<Vec<u8>>,
    /// Counts over all steps so far.
    pub swept: Swept,
    /// Complete rounds over all tables.
    pub rounds: u64,
}

/// Order of the walk over the tables: conversations before the profiles that depend on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Messages,
    Threads,
    Tombstones,
    Profiles,
}

impl EmbeddedStore {
    /// Runs one step.
    ///
    /// # Errors
    /// Disk errors; the next step starts the current table over.
    pub async fn sweep(&self, sweep: &Sweep, cursor: &mut SweepCursor) -> Result<(), StoreError> {
        let look = Look { from: cursor.from.take(), sweep: sweep.clone() };
        let swept = &mut cursor.swept;
        cursor.from = match cursor.stage {
            Stage::Messages => self.sweep_messages(look, swept).await?,
            Stage::Threads => self.sweep_threads(look, swept).await?,
            Stage::Tombstones => self.sweep_tombstones(look, swept).await?,
            Stage::Profiles => self.sweep_profiles(look, swept).await?,
        };
        if cursor.from.is_none() {
            cursor.stage = match cursor.stage {
                Stage::Messages => Stage::Threads,
                Stage::Threads => Stage::Tombstones,
                Stage::Tombstones => Stage::Profiles,
                Stage::Profiles => {
                    cursor.rounds += 1;
                    Stage::Messages
                }
            };
        }
        Ok(())
    }

    async fn sweep_messages(&self, look: Look, swept: &mut Swept) -> Result<Next, StoreError> {
        let now = look.sweep.now.as_microsecond();
        let found = self.read(move |shared| {
            let before = look.sweep.messages_before;
            look.at(shared, MESSAGES, |key, entry| {
                let kept_since = match MessageEntry::decode(entry).ok()? {
                    MessageEntry::Answered { recorded_at, .. } => recorded_at,
                    MessageEntry::Erased { erased_at } => erased_at,
                };
                (kept_since < before).then_some(key)
            })
        });
        let (messages, next) = found.await?;
        if !messages.is_empty() || next.is_none() {
            swept.messages += messages.len() as u64;
            self.deed(move |tables| {
                let mut wrote = Wrote::Nothing;
                for message in messages {
                    tables.messages.remove(message).map_err(storage)?;
                    wrote = Wrote::Something;
                }
                // Expired link tokens are deleted as well.
                let ended = |link: &[u8]| expiry(link) <= now;
                for link in tables.links.extract_if(|_, link| ended(link)).map_err(storage)? {
                    link.map_err(storage)?;
                    wrote = Wrote::Something;
                }
                Ok(((), wrote))
            })
            .await?;
        }
        Ok(next)
    }

    async fn sweep_threads(&self, look: Look, swept: &mut Swept) -> Result<Next, StoreError> {
        let sweep = look.sweep.clone();
        let found = self.read(move |shared| {
            look.at(shared, THREADS, |key, record| {
                let thread = ThreadKey::from_stored(key)?;
                let head = ThreadRecord::head_of(record).ok()?;
                let timed = [Purpose::Personalisation, Purpose::Outreach];
                if head.updated_at < look.sweep.due_of(&thread.tenant).threads_before {
                    Some((thread, Old::Thread))
                } else {
                    let keeps = timed.into_iter().any(|purpose| head.keeps_for(purpose));
                    keeps.then_some((thread, Old::Facts))
                }
            })
        });
        let (threads, next) = found.await?;
        for (key, old) in threads {
            match old {
                Old::Thread => swept.threads += self.delete(&key, sweep.now).await?.threads,
                Old::Facts => swept.trimmed += self.trim(key, &sweep).await?,
            }
        }
        Ok(next)
    }

    async fn sweep_tombstones(&self, look: Look, swept: &mut Swept) -> Result<Next, StoreError> {
        let before = look.sweep.tombstones_before.as_microsecond();
        let found = self.read(move |shared| {
            look.at(shared, TOMBSTONES, |key, erased_at| (erased_at < before).then_some(key))
        });
        let (tombstones, next) = found.await?;
        if !tombstones.is_empty() {
            swept.tombstones += self.deed(move |tables| tables.forget(&tombstones, before)).await?;
        }
        Ok(next)
    }

    async fn sweep_profiles(&self, look: Look, swept: &mut Swept) -> Result<Next, StoreError> {
        let sweep = look.sweep.clone();
        let found = self.read(move |shared| {
            look.at(shared, CUSTOMERS, |key, record| {
                let customer = CustomerKey::from_stored(key)?;
                let record = CustomerRecord::decode(record).ok()?;
                look.sweep.due_of(&customer.tenant).takes_profile(&record).then_some(customer)
            })
        });
        let (customers, next) = found.await?;
        for customer in customers {
            let due = sweep.due_of(&customer.tenant);
            let dropped = self.deed(move |tables| tables.drop_profile(&customer, due)).await?;
            swept.profiles += u64::from(dropped);
        }
        Ok(next)
    }

    /// Deletes expired facts from a conversation; returns 1 if there were any. A conversation that
    /// changes in the meantime is left for the next round. `updated_at` is kept, because the
    /// customer did not write.
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

/// What may have expired in a conversation.
enum Old {
    Thread,
    /// Possibly some of its facts; the full record decides.
    Facts,
}

/// Expiry of a stored link in microseconds; an unreadable link counts as expired.
fn expiry(link: &[u8]) -> i64 {
    link.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes))
}

/// Key to continue after; `None` at the end of the table.
type Next = Option<Vec<u8>>;

/// One step of the walk, on one table.
struct Look {
    from: Next,
    sweep: Sweep,
}

impl Look {
    /// Applies `due` to the next entries of a table and collects the results that are not `None`.
    fn at<K: Key + 'static, V: Value + 'static, T>(
        &self,
        shared: &Shared,
        table: TableDefinition<'_, K, V>,
        due: impl Fn(K::SelfType<'_>, V::SelfType<'_>) -> Option<T>,
    ) -> Result<(Vec<T>, Next), StoreError> {
        let transaction = shared.database().begin_read().map_err(storage)?;
        let table = transaction.open_table(table).map_err(storage)?;
        let from = self.from.as_deref().map(K::from_bytes);
        let range = (from.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut found = Vec::new();
        for (seen, entry) in table.range::<K::SelfType<'_>>(range).map_err(storage)?.enumerate() {
            let (key, value) = entry.map_err(storage)?;
            found.extend(due(key.value(), value.value()));
            if seen + 1 == self.sweep.entries_max {
                let last = K::as_bytes(&key.value()).as_ref().to_vec();
                return Ok((found, Some(last)));
            }
        }
        Ok((found, None))
    }
}
