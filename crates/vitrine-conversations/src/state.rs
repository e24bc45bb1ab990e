//! What readers and the writer of the embedded store share: the database in use, the conversations
//! cached in memory, and the reads of both.
//!
//! Invariants
//! - After a failure of the disk, [`StoreState::intake`] refuses until the file has been opened
//!   again and written; reads go on where the database still can.

use crate::commit::StoredAnswer;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::hot::HotConversations;
use crate::hot::HotOptions;
use crate::keys::ConversationKey;
use crate::layout::CONVERSATIONS;
use crate::layout::MESSAGES;
use crate::layout::MessageEntry;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use crate::store::StoreStatistics;
use redb::Database;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::ReadableTableMetadata;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// State shared by readers and the writer.
#[derive(Debug)]
pub(super) struct StoreState {
    /// Replaced when the file is rewritten; a read in progress keeps the database it began with.
    database: RwLock<Arc<Database>>,
    pub(super) hot: HotConversations,
    /// The failure of the disk since which all writes are refused.
    stopped: RwLock<Option<StoreError>>,
    /// Whether `database` is a stand-in without tables, because the file cannot be opened again.
    closed: AtomicBool,
    pub(super) groups_written: AtomicU64,
    pub(super) writes_done: AtomicU64,
    /// Groups committed with new jobs.
    pub(super) stored_jobs: watch::Sender<u64>,
}

impl StoreState {
    pub(super) fn new(database: Database, hot: HotOptions) -> Self {
        Self {
            database: RwLock::new(Arc::new(database)),
            hot: HotConversations::new(hot),
            stopped: RwLock::new(None),
            closed: AtomicBool::new(false),
            groups_written: AtomicU64::new(0),
            writes_done: AtomicU64::new(0),
            stored_jobs: watch::Sender::new(0),
        }
    }

    /// Makes the store read-only if `cause` is a failure of the disk, not of one call.
    pub(super) fn stop_at(&self, cause: &StoreError) {
        if !cause.stops_intake() {
            return;
        }
        let mut stopped = self.stopped.write().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() {
            tracing::error!(?cause, "conversation store is read-only after a disk failure");
            *stopped = Some(cause.clone());
        }
    }

    /// Accepts writes again.
    pub(super) fn resume(&self) {
        *self.stopped.write().unwrap_or_else(PoisonError::into_inner) = None;
        tracing::info!("conversation store accepts writes again");
    }

    /// Closes the database, which has failed, so that its file can be opened again.
    ///
    /// # Errors
    /// If no stand-in can be made; the database then stays.
    pub(super) fn close_database(&self) -> Result<(), StoreError> {
        let stand_in = redb::Builder::new()
            .create_with_backend(redb::backends::InMemoryBackend::new())
            .map_err(map_database_error)?;
        self.closed.store(true, Ordering::Release);
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let failed = std::mem::replace(&mut *database, Arc::new(stand_in));
        drop(database);
        // The last owner closes it; a read that began before may be one.
        drop(failed);
        Ok(())
    }

    /// An error of a read: why there is no database, if that is the reason.
    pub(super) fn read_error(&self, cause: StoreError) -> StoreError {
        match self.intake() {
            Err(stopped) if self.closed.load(Ordering::Acquire) => stopped,
            _ => cause,
        }
    }

    /// The database in use; the caller may keep it beyond a rewrite.
    pub(super) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Switches to the rewritten or reopened database.
    pub(super) fn replace_database(&self, database: Database) {
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(database);
        self.closed.store(false, Ordering::Release);
    }

    pub(super) fn intake(&self) -> Result<(), StoreError> {
        match &*self.stopped.read().unwrap_or_else(PoisonError::into_inner) {
            Some(cause) => Err(StoreError::Stopped { cause: Arc::new(cause.clone()) }),
            None => Ok(()),
        }
    }

    pub(super) fn load(
        &self,
        key: &ConversationKey,
    ) -> Result<Option<Arc<ConversationRecord>>, StoreError> {
        let ticket = self.hot.ticket(key);
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let conversations = transaction.open_table(CONVERSATIONS).map_err(map_database_error)?;
        let Some(stored) = conversations.get(key.stored().as_str()).map_err(map_database_error)?
        else {
            return Ok(None);
        };
        let record = Arc::new(ConversationRecord::decode(stored.value())?);
        self.hot.read(ticket, key, &record, ConversationRecord::plain_bytes(stored.value())?);
        Ok(Some(record))
    }

    pub(super) fn replay(&self, message: [u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let messages = transaction.open_table(MESSAGES).map_err(map_database_error)?;
        let turns = transaction.open_table(TURNS).map_err(map_database_error)?;
        stored_answer(&messages, &turns, message)
    }

    pub(super) fn turns(&self, key: &str, turns_max: usize) -> Result<Vec<TurnRecord>, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let turns = transaction.open_table(TURNS).map_err(map_database_error)?;
        let range = turns.range((key, 0)..=(key, u64::MAX)).map_err(map_database_error)?;
        let mut found = Vec::new();
        for entry in range.rev().take(turns_max) {
            let (at, stored) = entry.map_err(map_database_error)?;
            found.push(TurnRecord::decode(stored.value(), at.value().1)?);
        }
        found.reverse();
        Ok(found)
    }

    pub(super) fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let (hot_conversations, hot_bytes) = self.hot.size();
        let conversations = transaction.open_table(CONVERSATIONS).map_err(map_database_error)?;
        let turns = transaction.open_table(TURNS).map_err(map_database_error)?;
        let messages = transaction.open_table(MESSAGES).map_err(map_database_error)?;
        let tombstones = transaction.open_table(TOMBSTONES).map_err(map_database_error)?;
        Ok(StoreStatistics {
            conversations: conversations.len().map_err(map_database_error)?,
            turns: turns.len().map_err(map_database_error)?,
            messages: messages.len().map_err(map_database_error)?,
            tombstones: tombstones.len().map_err(map_database_error)?,
            file_bytes: 0,
            hot_conversations,
            hot_bytes,
            writes_waiting: 0,
            groups_written: self.groups_written.load(Ordering::Relaxed),
            writes_done: self.writes_done.load(Ordering::Relaxed),
        })
    }
}

/// Looks up the stored answer of a message; takes read-only or writable tables.
pub(super) fn stored_answer(
    messages: &impl ReadableTable<[u8; 32], &'static [u8]>,
    turns: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    message: [u8; 32],
) -> Result<Option<StoredAnswer>, StoreError> {
    let Some(entry) = messages.get(message).map_err(map_database_error)? else { return Ok(None) };
    match MessageEntry::decode(entry.value())? {
        MessageEntry::Erased { erased_at } => Err(StoreError::Erased { erased_at }),
        MessageEntry::Answered { conversation, sequence, .. } => {
            let key = conversation.stored();
            let stored = turns.get((key.as_str(), sequence)).map_err(map_database_error)?;
            // Message entry and turn are written in one transaction, so a missing turn means
            // damage.
            let stored = stored.ok_or(StoreError::Damaged { cause: None })?;
            let TurnRecord { body_hash, answer, .. } =
                TurnRecord::decode(stored.value(), sequence)?;
            Ok(Some(StoredAnswer { conversation, sequence, body_hash, answer }))
        }
    }
}
