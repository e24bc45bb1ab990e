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

use crate::commit::CommitOutcome;
use crate::commit::TurnCommit;
use crate::customer::CustomerRecord;
use crate::customer::Purpose;
use crate::embedded::EmbeddedStore;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::layout::CONVERSATIONS;
use crate::layout::CUSTOMERS;
use crate::layout::MESSAGES;
use crate::layout::MessageEntry;
use crate::layout::TOMBSTONES;
use crate::record::ConversationRecord;
use crate::record::KnownFact;
use crate::state::StoreState;
use crate::store::ConversationStore;
use crate::tables::Wrote;
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
pub struct ExpiryTimes {
    /// Conversations last changed before this are erased.
    pub conversations_before: Timestamp,
    /// Profiles last changed before this are erased if they have neither a live grant nor a
    /// conversation.
    pub profiles_before: Timestamp,
    /// Facts stored for personalisation and learnt before this are deleted.
    pub personalisation_before: Timestamp,
    /// Facts stored for outreach and learnt before this are deleted.
    pub outreach_before: Timestamp,
}

impl ExpiryTimes {
    /// Whether the fact has expired. Facts stored for assistance are deleted with their
    /// conversation.
    fn fact_has_expired(self, fact: &KnownFact) -> bool {
        match fact.purpose {
            Purpose::Assistance => false,
            Purpose::Personalisation => fact.learnt_at < self.personalisation_before,
            Purpose::Outreach => fact.learnt_at < self.outreach_before,
        }
    }

    /// Whether the profile has expired: old enough, and no live grant needs it. Conversations are
    /// not considered here.
    pub(super) fn profile_has_expired(self, customer: &CustomerRecord) -> bool {
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
    pub due: ExpiryTimes,
    /// Expiry times of tenants with a retention of their own.
    pub tenants: Arc<BTreeMap<TenantId, ExpiryTimes>>,
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
    pub conversations: u64,
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
    stage: SweepStage,
    /// Last key examined; `None` at the start of a table.
    from: Option<Vec<u8>>,
    /// Counts over all steps so far.
    pub swept: Swept,
    /// Complete rounds over all tables.
    pub rounds: u64,
}

/// Order of the walk over the tables: conversations before the profiles that depend on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum SweepStage {
    #[default]
    Messages,
    Conversations,
    Tombstones,
    Profiles,
}

impl EmbeddedStore {
    /// Runs one step.
    ///
    /// # Errors
    /// Disk errors; the next step starts the current table over.
    pub async fn sweep(&self, sweep: &Sweep, cursor: &mut SweepCursor) -> Result<(), StoreError> {
        let step = SweepStep { from: cursor.from.take(), sweep: sweep.clone() };
        let swept = &mut cursor.swept;
        cursor.from = match cursor.stage {
            SweepStage::Messages => self.sweep_messages(step, swept).await?,
            SweepStage::Conversations => self.sweep_conversations(step, swept).await?,
            SweepStage::Tombstones => self.sweep_tombstones(step, swept).await?,
            SweepStage::Profiles => self.sweep_profiles(step, swept).await?,
        };
        if cursor.from.is_none() {
            cursor.stage = match cursor.stage {
                SweepStage::Messages => SweepStage::Conversations,
                SweepStage::Conversations => SweepStage::Tombstones,
                SweepStage::Tombstones => SweepStage::Profiles,
                SweepStage::Profiles => {
                    cursor.rounds += 1;
                    SweepStage::Messages
                }
            };
        }
        Ok(())
    }

    async fn sweep_messages(
        &self,
        step: SweepStep,
        swept: &mut Swept,
    ) -> Result<NextKey, StoreError> {
        let now = step.sweep.now.as_microsecond();
        let found = self.read(move |shared| {
            let before = step.sweep.messages_before;
            step.at(shared, MESSAGES, |key, entry| {
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
            self.table_write(move |tables| {
                let mut wrote = Wrote::Nothing;
                for message in messages {
                    tables.messages.remove(message).map_err(map_database_error)?;
                    wrote = Wrote::Something;
                }
                // Expired link tokens are deleted as well.
                let ended = |link: &[u8]| expiry(link) <= now;
                for link in
                    tables.links.extract_if(|_, link| ended(link)).map_err(map_database_error)?
                {
                    link.map_err(map_database_error)?;
                    wrote = Wrote::Something;
                }
                Ok(((), wrote))
            })
            .await?;
        }
        Ok(next)
    }

    async fn sweep_conversations(
        &self,
        step: SweepStep,
        swept: &mut Swept,
    ) -> Result<NextKey, StoreError> {
        let sweep = step.sweep.clone();
        let found = self.read(move |shared| {
            step.at(shared, CONVERSATIONS, |key, record| {
                let conversation = ConversationKey::from_stored(key)?;
                let head = ConversationRecord::header_of(record).ok()?;
                let timed = [Purpose::Personalisation, Purpose::Outreach];
                if head.updated_at < step.sweep.due_of(&conversation.tenant).conversations_before {
                    Some((conversation, Expired::Conversation))
                } else {
                    let keeps = timed.into_iter().any(|purpose| head.has_fact_for(purpose));
                    keeps.then_some((conversation, Expired::Facts))
                }
            })
        });
        let (conversations, next) = found.await?;
        for (key, old) in conversations {
            match old {
                Expired::Conversation => {
                    swept.conversations += self.delete(&key, sweep.now).await?.conversations
                }
                Expired::Facts => swept.trimmed += self.trim(key, &sweep).await?,
            }
        }
        Ok(next)
    }

    async fn sweep_tombstones(
        &self,
        step: SweepStep,
        swept: &mut Swept,
    ) -> Result<NextKey, StoreError> {
        let before = step.sweep.tombstones_before.as_microsecond();
        let found = self.read(move |shared| {
            step.at(shared, TOMBSTONES, |key, erased_at| (erased_at < before).then_some(key))
        });
        let (tombstones, next) = found.await?;
        if !tombstones.is_empty() {
            swept.tombstones +=
                self.table_write(move |tables| tables.forget(&tombstones, before)).await?;
        }
        Ok(next)
    }

    async fn sweep_profiles(
        &self,
        step: SweepStep,
        swept: &mut Swept,
    ) -> Result<NextKey, StoreError> {
        let sweep = step.sweep.clone();
        let found = self.read(move |shared| {
            step.at(shared, CUSTOMERS, |key, record| {
                let customer = CustomerKey::from_stored(key)?;
                let record = CustomerRecord::decode(record).ok()?;
                step.sweep.due_of(&customer.tenant).profile_has_expired(&record).then_some(customer)
            })
        });
        let (customers, next) = found.await?;
        for customer in customers {
            let due = sweep.due_of(&customer.tenant);
            let dropped =
                self.table_write(move |tables| tables.drop_profile(&customer, due)).await?;
            swept.profiles += u64::from(dropped);
        }
        Ok(next)
    }

    /// Deletes expired facts from a conversation; returns 1 if there were any. A conversation that
    /// changes in the meantime is left for the next round. `updated_at` is kept, because the
    /// customer did not write.
    async fn trim(&self, key: ConversationKey, sweep: &Sweep) -> Result<u64, StoreError> {
        let Some(stored) = self.load(&key).await? else { return Ok(0) };
        let due = sweep.due_of(&key.tenant);
        let mut conversation = (*stored).clone();
        conversation.facts.retain(|_, fact| !due.fact_has_expired(fact));
        if conversation.facts.len() == stored.facts.len() {
            return Ok(0);
        }
        match self.commit(TurnCommit { key, conversation, turn: None, jobs: Vec::new() }).await? {
            CommitOutcome::Recorded(_) => Ok(1),
            CommitOutcome::AlreadyRecorded(_) | CommitOutcome::Stale(_) => Ok(0),
        }
    }
}

impl Sweep {
    fn due_of(&self, tenant: &TenantId) -> ExpiryTimes {
        self.tenants.get(tenant).copied().unwrap_or(self.due)
    }
}

/// What may have expired in a conversation.
enum Expired {
    Conversation,
    /// Possibly some of its facts; the full record decides.
    Facts,
}

/// Expiry of a stored link in microseconds; an unreadable link counts as expired.
fn expiry(link: &[u8]) -> i64 {
    link.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes))
}

/// Key to continue after; `None` at the end of the table.
type NextKey = Option<Vec<u8>>;

/// One step of the walk, on one table.
struct SweepStep {
    from: NextKey,
    sweep: Sweep,
}

impl SweepStep {
    /// Applies `due` to the next entries of a table and collects the results that are not `None`.
    fn at<K: Key + 'static, V: Value + 'static, T>(
        &self,
        shared: &StoreState,
        table: TableDefinition<'_, K, V>,
        due: impl Fn(K::SelfType<'_>, V::SelfType<'_>) -> Option<T>,
    ) -> Result<(Vec<T>, NextKey), StoreError> {
        let transaction = shared.database().begin_read().map_err(map_database_error)?;
        let table = transaction.open_table(table).map_err(map_database_error)?;
        let from = self.from.as_deref().map(K::from_bytes);
        let range = (from.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut found = Vec::new();
        for (seen, entry) in
            table.range::<K::SelfType<'_>>(range).map_err(map_database_error)?.enumerate()
        {
            let (key, value) = entry.map_err(map_database_error)?;
            found.extend(due(key.value(), value.value()));
            if seen + 1 == self.sweep.entries_max {
                let last = K::as_bytes(&key.value()).as_ref().to_vec();
                return Ok((found, Some(last)));
            }
        }
        Ok((found, None))
    }
}
