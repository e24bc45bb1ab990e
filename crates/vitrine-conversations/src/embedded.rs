//! The store in one file on this machine: redb below, the threads in use in memory.
//!
//! Reads go to memory first, then to the file on a blocking thread; writes go to the one writer
//! thread (`writer`), which puts all that wait into one transaction.
//!
//! Invariants
//! - Memory shows nothing that is not on disk.
//! - After a failure of the disk nothing is taken in any more; what is in memory can still be read.

use crate::CommitOutcome;
use crate::EmbeddedOptions;
use crate::Erasure;
use crate::MessageKey;
use crate::StoreError;
use crate::StoreFuture;
use crate::StoreStatistics;
use crate::StoredAnswer;
use crate::ThreadKey;
use crate::ThreadRecord;
use crate::ThreadStore;
use crate::TurnCommit;
use crate::TurnRecord;
use crate::deed::Wrote;
use crate::deed::deed;
use crate::error::guarded;
use crate::error::storage;
use crate::hot::HotThreads;
use crate::layout::MESSAGES;
use crate::layout::MessageEntry;
use crate::layout::THREADS;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::open;
use crate::tables::Tables;
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

/// Threads in one file, or in memory only.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    options: EmbeddedOptions,
    /// `None` for a store in memory.
    path: Option<PathBuf>,
    /// Dropped first, which ends the writer once it has written what waits.
    queue: Option<mpsc::Sender<Write>>,
    writer: Option<JoinHandle<()>>,
}

/// What readers and the writer share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Another one after a rewrite of the file; whoever reads keeps the one it began with.
    database: RwLock<Arc<Database>>,
    pub(super) hot: HotThreads,
    /// The first failure, which stops intake for good.
    stopped: OnceLock<StoreError>,
    pub(super) groups_written: AtomicU64,
    pub(super) writes_done: AtomicU64,
}

impl EmbeddedStore {
    /// Opens the file, or makes it if there is none, and starts the writer.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, `Foreign` or `Format` if it is something
    /// else, `Damaged` if it cannot be trusted, `Open`, `ReadOnly`, `DiskFull` or `Disk` if the
    /// system refuses. The file is left as it was.
    pub fn open(options: EmbeddedOptions) -> Result<Self, StoreError> {
        let database = open::database(&options)?;
        let path = Some(options.path.clone());
        Self::start(database, options, path)
    }

    /// A store that lives as long as this value; `path` is not used.
    ///
    /// # Errors
    /// If the writer's thread cannot be started.
    pub fn in_memory(options: EmbeddedOptions) -> Result<Self, StoreError> {
        Self::on_backend(options, InMemoryBackend::new())
    }

    /// A store on something else than a file.
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
        let shared = Arc::new(Shared {
            database: RwLock::new(Arc::new(database)),
            hot: HotThreads::new(options.hot),
            stopped: OnceLock::new(),
            groups_written: AtomicU64::new(0),
            writes_done: AtomicU64::new(0),
        });
        let (queue, waiting) = mpsc::channel(options.queue_writes_max.max(1));
        let writer = writer::start(Arc::clone(&shared), waiting, &options).map_err(|cause| {
            StoreError::Open { path: options.path.clone(), cause: Arc::new(cause) }
        })?;
        Ok(Self { shared, options, path, queue: Some(queue), writer: Some(writer) })
    }

    /// Writes the file anew without what was erased: free pages of the old one may still hold it.
    /// Writes wait meanwhile, reads do not. Nothing to do for a store in memory, or when nothing
    /// was erased since the last time.
    ///
    /// # Errors
    /// Those of the disk; the old file then stays in use.
    pub async fn rewrite(&self) -> Result<(), StoreError> {
        self.intake()?;
        if self.path.is_none() {
            return Ok(());
        }
        self.write(|reply| Write::Rewrite { reply }).await
    }

    /// Runs a write that changes no thread in the next group.
    pub(super) async fn deed<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Tables<'_>) -> Result<(T, Wrote), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.intake()?;
        self.write(|reply| Write::Deed(deed(call, reply))).await
    }

    /// Runs a read on a blocking thread.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Shared) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || {
            let result = guarded(|| call(&shared));
            if let Err(cause) = &result {
                shared.stop_at(cause);
            }
            result
        });
        // A blocking task fails only when the runtime is going down.
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
            // The writer guards its own calls; if it broke off all the same, there is nothing
            // left to write.
            let _ = writer.join();
        }
    }
}

impl ThreadStore for EmbeddedStore {
    fn load<'a>(&'a self, key: &'a ThreadKey) -> StoreFuture<'a, Option<Arc<ThreadRecord>>> {
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
        key: &'a ThreadKey,
        turns_max: usize,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        let key = key.stored();
        Box::pin(self.read(move |shared| shared.turns(&key, turns_max)))
    }

    fn delete<'a>(&'a self, key: &'a ThreadKey, erased_at: Timestamp) -> StoreFuture<'a, Erasure> {
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

impl Shared {
    /// Stops intake if the failure is the store's and not one call's.
    pub(super) fn stop_at(&self, cause: &StoreError) {
        if cause.stops_intake() && self.stopped.set(cause.clone()).is_ok() {
            tracing::error!(?cause, "thread store takes nothing in any more");
        }
    }

    /// The database as it stands.
    pub(super) fn database(&self) -> Arc<Database> {
        Arc::clone(&self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a rewritten database in the place of the old one.
    pub(super) fn replace_database(&self, database: Database) {
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(database);
    }

    pub(super) fn intake(&self) -> Result<(), StoreError> {
        match self.stopped.get() {
            Some(cause) => Err(StoreError::Stopped { cause: Arc::new(cause.clone()) }),
            None => Ok(()),
        }
    }

    fn load(&self, key: &ThreadKey) -> Result<Option<Arc<ThreadRecord>>, StoreError> {
        let ticket = self.hot.ticket(key);
        let transaction = self.database().begin_read().map_err(storage)?;
        let threads = transaction.open_table(THREADS).map_err(storage)?;
        let Some(stored) = threads.get(key.stored().as_str()).map_err(storage)? else {
            return Ok(None);
        };
        let record = Arc::new(ThreadRecord::decode(stored.value())?);
        self.hot.read(ticket, key, &record, ThreadRecord::plain_bytes(stored.value())?);
        Ok(Some(record))
    }

    fn replay(&self, message: [u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let messages = transaction.open_table(MESSAGES).map_err(storage)?;
        let turns = transaction.open_table(TURNS).map_err(storage)?;
        stored_answer(&messages, &turns, message)
    }

    fn turns(&self, key: &str, turns_max: usize) -> Result<Vec<TurnRecord>, StoreError> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let turns = transaction.open_table(TURNS).map_err(storage)?;
        let range = turns.range((key, 0)..=(key, u64::MAX)).map_err(storage)?;
        let mut found = Vec::new();
        for entry in range.rev().take(turns_max) {
            let (at, stored) = entry.map_err(storage)?;
            found.push(TurnRecord::decode(stored.value(), at.value().1)?);
        }
        found.reverse();
        Ok(found)
    }

    fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let transaction = self.database().begin_read().map_err(storage)?;
        let (hot_threads, hot_bytes) = self.hot.size();
        let threads = transaction.open_table(THREADS).map_err(storage)?;
        let turns = transaction.open_table(TURNS).map_err(storage)?;
        let messages = transaction.open_table(MESSAGES).map_err(storage)?;
        let tombstones = transaction.open_table(TOMBSTONES).map_err(storage)?;
        Ok(StoreStatistics {
            threads: threads.len().map_err(storage)?,
            turns: turns.len().map_err(storage)?,
            messages: messages.len().map_err(storage)?,
            tombstones: tombstones.len().map_err(storage)?,
            file_bytes: 0,
            hot_threads,
            hot_bytes,
            writes_waiting: 0,
            groups_written: self.groups_written.load(Ordering::Relaxed),
            writes_done: self.writes_done.load(Ordering::Relaxed),
        })
    }
}

/// The answer that a message got, out of any two tables that hold it.
pub(super) fn stored_answer(
    messages: &impl ReadableTable<[u8; 32], &'static [u8]>,
    turns: &impl ReadableTable<(&'static str, u64), &'static [u8]>,
    message: [u8; 32],
) -> Result<Option<StoredAnswer>, StoreError> {
    let Some(entry) = messages.get(message).map_err(storage)? else { return Ok(None) };
    match MessageEntry::decode(entry.value())? {
        MessageEntry::Erased { erased_at } => Err(StoreError::Erased { erased_at }),
        MessageEntry::Answered { thread, sequence, .. } => {
            let key = thread.stored();
            let stored = turns.get((key.as_str(), sequence)).map_err(storage)?;
            // Entry and turn are written in one transaction.
            let stored = stored.ok_or(StoreError::Damaged { cause: None })?;
            let TurnRecord { body_hash, answer, .. } =
                TurnRecord::decode(stored.value(), sequence)?;
            Ok(Some(StoredAnswer { thread, sequence, body_hash, answer }))
        }
    }
}
