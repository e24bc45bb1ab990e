//! The open tables of one write transaction, and the operations that several kinds of writes share.

use crate::error::StoreError;
use crate::error::map_database_error;
use crate::format::time;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::layout::CONVERSATIONS;
use crate::layout::CUSTOMER_CONVERSATIONS;
use crate::layout::CUSTOMERS;
use crate::layout::DEAD_JOBS;
use crate::layout::ERASURES_ENTRY;
use crate::layout::IDENTITIES;
use crate::layout::JOBS;
use crate::layout::LINKS;
use crate::layout::MESSAGES;
use crate::layout::META;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use jiff::Timestamp;
use redb::ReadableTable;
use redb::Table;
use redb::WriteTransaction;

/// Whether a write changed a table. A group in which nothing changed is aborted without a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    Something,
    Nothing,
}

/// All tables, open for writing.
pub(super) struct WriteTables<'t> {
    pub(super) meta: Table<'t, &'static str, u64>,
    pub(super) conversations: Table<'t, &'static str, &'static [u8]>,
    pub(super) turns: Table<'t, (&'static str, u64), &'static [u8]>,
    pub(super) messages: Table<'t, [u8; 32], &'static [u8]>,
    pub(super) tombstones: Table<'t, [u8; 32], i64>,
    pub(super) customers: Table<'t, &'static str, &'static [u8]>,
    pub(super) customer_conversations: Table<'t, &'static str, ()>,
    pub(super) identities: Table<'t, [u8; 32], &'static str>,
    pub(super) links: Table<'t, [u8; 32], &'static [u8]>,
    pub(super) jobs: Table<'t, (&'static str, u128), &'static [u8]>,
    pub(super) dead_jobs: Table<'t, (&'static str, u128), &'static [u8]>,
    /// Whether the transaction stores new jobs.
    pub(super) stored_jobs: bool,
}

impl<'t> WriteTables<'t> {
    /// Opens all tables, creating missing ones.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            meta: transaction.open_table(META).map_err(map_database_error)?,
            conversations: transaction.open_table(CONVERSATIONS).map_err(map_database_error)?,
            turns: transaction.open_table(TURNS).map_err(map_database_error)?,
            messages: transaction.open_table(MESSAGES).map_err(map_database_error)?,
            tombstones: transaction.open_table(TOMBSTONES).map_err(map_database_error)?,
            customers: transaction.open_table(CUSTOMERS).map_err(map_database_error)?,
            customer_conversations: transaction
                .open_table(CUSTOMER_CONVERSATIONS)
                .map_err(map_database_error)?,
            identities: transaction.open_table(IDENTITIES).map_err(map_database_error)?,
            links: transaction.open_table(LINKS).map_err(map_database_error)?,
            jobs: transaction.open_table(JOBS).map_err(map_database_error)?,
            dead_jobs: transaction.open_table(DEAD_JOBS).map_err(map_database_error)?,
            stored_jobs: false,
        })
    }

    /// Time of the erasure with this hashed key; `None` if there was none.
    pub(super) fn erased_at(&self, hashed: [u8; 32]) -> Result<Option<Timestamp>, StoreError> {
        let stored = self.tombstones.get(hashed).map_err(map_database_error)?;
        Ok(stored.and_then(|microseconds| time(microseconds.value())))
    }

    /// Sets a tombstone. If there is one already, the later time is kept.
    pub(super) fn set_tombstone(
        &mut self,
        hashed: [u8; 32],
        erased_at: Timestamp,
    ) -> Result<(), StoreError> {
        let before =
            self.tombstones.get(hashed).map_err(map_database_error)?.map(|time| time.value());
        let microsecond = erased_at.as_microsecond().max(before.unwrap_or(i64::MIN));
        self.tombstones.insert(hashed, microsecond).map_err(map_database_error)?;
        Ok(())
    }

    /// Deletes those of the given tombstones that are still older than `microsecond`; returns their
    /// number.
    pub(super) fn forget(
        &mut self,
        tombstones: &[[u8; 32]],
        microsecond: i64,
    ) -> Result<(u64, Wrote), StoreError> {
        let mut forgotten = 0;
        for hashed in tombstones {
            let old = self.tombstones.get(hashed).map_err(map_database_error)?;
            if old.is_some_and(|erased_at| erased_at.value() < microsecond) {
                self.tombstones.remove(hashed).map_err(map_database_error)?;
                forgotten += 1;
            }
        }
        Ok((forgotten, if forgotten > 0 { Wrote::Something } else { Wrote::Nothing }))
    }

    /// Counts an erasure whose bytes may remain in free pages of the file; see `rewrite`.
    pub(super) fn count_erasure(&mut self) -> Result<(), StoreError> {
        let before =
            self.meta.get(ERASURES_ENTRY).map_err(map_database_error)?.map_or(0, |n| n.value());
        self.meta.insert(ERASURES_ENTRY, before + 1).map_err(map_database_error)?;
        Ok(())
    }

    /// Links a conversation to a customer.
    pub(super) fn link_conversation(
        &mut self,
        customer: &CustomerKey,
        conversation: &ConversationKey,
    ) -> Result<(), StoreError> {
        let entry = customer.conversations_prefix() + conversation.conversation.as_str();
        if self.customer_conversations.get(entry.as_str()).map_err(map_database_error)?.is_none() {
            self.customer_conversations.insert(entry.as_str(), ()).map_err(map_database_error)?;
        }
        Ok(())
    }

    /// Removes the link of a conversation to a customer.
    pub(super) fn unlink_conversation(
        &mut self,
        customer: &CustomerKey,
        conversation: &ConversationKey,
    ) -> Result<(), StoreError> {
        let entry = customer.conversations_prefix() + conversation.conversation.as_str();
        self.customer_conversations.remove(entry.as_str()).map_err(map_database_error)?;
        Ok(())
    }
}
