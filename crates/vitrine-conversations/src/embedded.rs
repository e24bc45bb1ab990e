//! Embedded store: one redb file on this machine, with the active conversations cached in memory.
//!
//! Reads try memory first, then the file, on tokio's blocking pool. Writes go to the single writer
//! (`writer`), which commits everything queued in one transaction.
//!
//! Invariants
//! - Memory never holds a state that is not on disk.
//! - The store is read-only after a disk failure: writes are refused, reads go on.

use crate::CommitOutcome;
use crate::ConversationKey;
use crate::ConversationRecord;
use crate::ConversationStore;
use crate::EmbeddedOptions;
use crate::Erasure;
use crate::MessageKey;
use crate::StoreError;
use crate::StoreFuture;
use crate::StoreStatistics;
use crate::StoredAnswer;
use crate::TurnCommit;
use crate::TurnRecord;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::hot::HotConversations;
use crate::layout::CONVERSATIONS;
use crate::layout::MESSAGES;
use crate::layout::MessageEntry;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::open;
use crate::table_write::Wrote;
use crate::table_write::table_write;
use crate::tables::WriteTables;
use crate::writer;
use crate::writer::EncodedCommit;
use crate::writer::Write;
use jiff::Timestamp;
use redb::Database;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::ReadableTableMetadata;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;

/// Conversations, customers and jobs in one file, or in memory only.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<StoreState>,
    options: EmbeddedOptions,
    /// `None` for a store in memory.
    path: Option<PathBuf>,
    /// `Drop` closes it first: the writer then drains the queue and ends.
    queue: Option<mpsc::Sender<Write>>,
    writer: Option<JoinHandle<()>>,
}

/// State shared by readers and the writer.
#[derive(Debug)]
pub(super) struct StoreState {
    /// Replaced when the file is rewritten; a read in progress keeps the database it began with.
    database: RwLock<Arc<Database>>,
    pub(super) hot: HotConversations,
    /// The first failure of the disk; from then on all writes are refused.
    stopped: OnceLock<StoreError>,
    pub(super) groups_written: AtomicU64,
    pub(super) writes_done: AtomicU64,
    /// Groups committed with new jobs.
    pub(super) stored_jobs: watch::Sender<u64>,
}

impl EmbeddedStore {
    /// Opens the file, creating it if it is missing, and starts the writer. On an error the file is
    /// left unchanged.
    ///
    /// # Errors
    /// - [`StoreError::Locked`] if another process holds the file;
    /// - [`StoreError::Foreign`] or [`StoreError::Format`] if it is another program's file, or of
    ///   an unsupported format;
    /// - [`StoreError::Damaged`] if its contents are inconsistent;
    /// - [`StoreError::Open`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`] or
    ///   [`StoreError::Disk`] if the system refuses, also when the writer cannot be started.
    pub fn open(options: EmbeddedOptions) -> Result<Self, StoreError> {
        let database = open::database(&options)?;
        let path = Some(options.path.clone());
        Self::start(database, options, path)
    }

    /// A store in memory, lost when this value is dropped; `options.path` is not used.
    ///
    /// # Errors
    /// If the writer cannot be started.
    pub fn in_memory(options: EmbeddedOptions) -> Result<Self, StoreError> {
        Self::on_backend(options, InMemoryBackend::new())
    }

    /// A store on another backend than a file, such as memory or a test's fault-injecting disk.
    pub(super) fn on_backend(
        options: EmbeddedOptions,
        backend: impl StorageBackend,
    ) -> Result<Self, StoreError> {
        let database = open::on_backend(&options, backend)?;
        Self::start(database, options, None)
    }

    fn start(
        database: Database,
        options: EmbeddedOptions,
        path: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(StoreState {
            database: RwLock::new(Arc::new(database)),
            hot: HotConversations::new(options.hot),
            stopped: OnceLock::new(),
            groups_written: AtomicU64::new(0),
            writes_done: AtomicU64::new(0),
            stored_jobs: watch::Sender::new(0),
        });
        let (queue, waiting) = mpsc::channel(options.queue_writes_max.max(1));
        let writer = writer::start(Arc::clone(&shared), waiting, &options).map_err(|cause| {
            StoreError::Open { path: options.path.clone(), cause: Arc::new(cause) }
        })?;
        Ok(Self { shared, options, path, queue: Some(queue), writer: Some(writer) })
    }

    /// Rewrites the file without erased records, whose bytes may remain in free pages of the old
    /// one. Writes wait until it is done, reads do not. Does nothing for a store in memory, or if
    /// nothing was erased since the last rewrite.
    ///
    /// # Errors
    /// Disk errors; the old file stays in use.
    pub async fn rewrite(&self) -> Result<(), StoreError> {
        self.intake()?;
        if self.path.is_none() {
            return Ok(());
        }
        self.write(|reply| Write::Rewrite { reply }).await
    }

    /// Queues a table write and waits until its group is on disk.
    pub(super) async fn table_write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut WriteTables<'_>) -> Result<(T, Wrote), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.intake()?;
        self.write(|reply| Write::Tables(table_write(call, reply))).await
    }

    pub(super) fn watch_stored_jobs(&self) -> watch::Receiver<u64> {
        self.shared.stored_jobs.subscribe()
    }

    /// Runs a read on tokio's blocking pool.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&StoreState) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || {
            let result = catch_panic(|| call(&shared));
            if let Err(cause) = &result {
                shared.stop_at(cause);
            }
            result
        });
        // A blocking task fails only when the runtime is shutting down.
        read.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn write<T>(
        &self,
        write: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write,
    ) -> Result<T, StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        queue.send(write(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // The writer catches panics of the database. If it panicked all the same, nothing can
            // be written any more.
            let _ = writer.join();
        }
    }
}

impl ConversationStore for EmbeddedStore {
    fn load<'a>(
        &'a self,
        key: &'a ConversationKey,
    ) -> StoreFuture<'a, Option<Arc<ConversationRecord>>> {
        Box::pin(async move {
            if let Some(held) = self.shared.hot.get(key) {
                return Ok(Some(held));
            }
            let key = key.clone();
            self.read(move |shared| shared.load(&key)).await
        })
    }

    fn replay<'a>(&'a self, key: &'a MessageKey) -> StoreFuture<'a, Option<StoredAnswer>> {
        let message = key.hashed();
        Box::pin(self.read(move |shared| shared.replay(message)))
    }

    fn commit(&self, commit: TurnCommit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            self.intake()?;
            let commit = EncodedCommit::new(commit, &self.options)?;
            self.write(|reply| Write::Commit { commit: Box::new(commit), reply }).await
        })
    }

    fn turns<'a>(
        &'a self,
        key: &'a ConversationKey,
        turns_max: usize,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        let key = key.stored();
        Box::pin(self.read(move |shared| shared.turns(&key, turns_max)))
    }

    fn delete<'a>(
        &'a self,
        key: &'a ConversationKey,
        erased_at: Timestamp,
    ) -> StoreFuture<'a, Erasure> {
        Box::pin(async move {
            self.intake()?;
            let key = key.clone();
            self.write(|reply| Write::Erase { key, erased_at, reply }).await
        })
    }

    fn statistics(&self) -> StoreFuture<'_, StoreStatistics> {
        Box::pin(async move {
            let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
            let writes_waiting = queue.max_capacity() - queue.capacity();
            let path = self.path.clone();
            self.read(move |shared| {
                let file_bytes = path.and_then(|path| std::fs::metadata(path).ok());
                Ok(StoreStatistics {
                    file_bytes: file_bytes.map_or(0, |file| file.len()),
                    writes_waiting,
                    ..shared.statistics()?
                })
            })
            .await
        })
    }

    fn intake(&self) -> Result<(), StoreError> {
        self.shared.intake()
    }
}

impl StoreState {
    /// Makes the store read-only if `cause` is a failure of the disk, not of one call.
    pub(super) fn stop_at(&self, cause: &StoreError) {
        if cause.stops_intake() && self.stopped.set(cause.clone()).is_ok() {
            tracing::error!(?cause, "conversation store is read-only after a disk failure");
        }
    }

    /// The database in use; the caller may keep it beyond a rewrite.
    pub(super) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Switches to the rewritten database.
    pub(super) fn replace_database(&self, database: Database) {
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(database);
    }

    pub(super) fn intake(&self) -> Result<(), StoreError> {
        match self.stopped.get() {
            Some(cause) => Err(StoreError::Stopped { cause: Arc::new(cause.clone()) }),
            None => Ok(()),
        }
    }

    fn load(&self, key: &ConversationKey) -> Result<Option<Arc<ConversationRecord>>, StoreError> {
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

    fn replay(&self, message: [u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let messages = transaction.open_table(MESSAGES).map_err(map_database_error)?;
        let turns = transaction.open_table(TURNS).map_err(map_database_error)?;
        stored_answer(&messages, &turns, message)
    }

    fn turns(&self, key: &str, turns_max: usize) -> Result<Vec<TurnRecord>, StoreError> {
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

    fn statistics(&self) -> Result<StoreStatistics, StoreError> {
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
