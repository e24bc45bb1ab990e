//! Embedded store: one redb file on this machine, with the active conversations cached in memory.
//!
//! Reads try memory first, then the file, on tokio's blocking pool. Writes go to the single writer
//! (`writer`), which commits everything queued in one transaction.
//!
//! Invariants
//! - Memory never holds a state that is not on disk.
//! - The store is read-only after a disk failure: writes are refused, reads go on, until
//!   [`EmbeddedStore::reopen`] succeeds.

use crate::commit::CommitOutcome;
use crate::commit::Erasure;
use crate::commit::StoredAnswer;
use crate::commit::TurnCommit;
use crate::error::StoreError;
use crate::error::catch_panic;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::MessageKey;
use crate::open;
use crate::open::EmbeddedOptions;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use crate::reopen::Opener;
use crate::state::StoreState;
use crate::store::ConversationStore;
use crate::store::StoreFuture;
use crate::store::StoreStatistics;
use crate::table_write::table_write;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use crate::writer;
use crate::writer::EncodedCommit;
use crate::writer::Write;
use jiff::Timestamp;
use redb::Database;
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use std::path::PathBuf;
use std::sync::Arc;
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
        let reopened = options.clone();
        let opener: Opener = Box::new(move || open::database(&reopened));
        Self::start(database, options, path, Some(opener))
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
        Self::start(database, options, None, None)
    }

    /// As [`Self::on_backend`], on a backend whose clones share their bytes.
    #[cfg(test)]
    pub(super) fn on_shared_backend(
        options: EmbeddedOptions,
        backend: impl StorageBackend + Clone,
    ) -> Result<Self, StoreError> {
        let database = open::on_backend(&options, backend.clone())?;
        let reopened = options.clone();
        let opener: Opener = Box::new(move || open::on_backend(&reopened, backend.clone()));
        Self::start(database, options, None, Some(opener))
    }

    fn start(
        database: Database,
        options: EmbeddedOptions,
        path: Option<PathBuf>,
        opener: Option<Opener>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(StoreState::new(database, options.hot));
        let (queue, waiting) = mpsc::channel(options.queue_writes_max.max(1));
        let writer = writer::start(Arc::clone(&shared), waiting, &options, opener);
        let writer = writer.map_err(|cause| StoreError::Open {
            path: options.path.clone(),
            cause: Arc::new(cause),
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

    /// Tries to accept writes again after a failure of the disk; does nothing if there was none.
    ///
    /// # Errors
    /// Why the store still refuses writes. Reads may fail until a later attempt succeeds.
    pub async fn reopen(&self) -> Result<(), StoreError> {
        if self.intake().is_ok() {
            return Ok(());
        }
        self.write(|reply| Write::Reopen { reply }).await
    }

    /// Queues a table write and waits until its group is on disk.
    pub(super) async fn table_write<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut WriteTables<'_>) -> Result<(T, Wrote), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.intake()?;
        self.write(|reply| Write::Tables(table_write(call, reply))).await
    }

    /// Queues the erasure of a customer and waits until it is on disk.
    pub(super) async fn write_erasure(
        &self,
        key: CustomerKey,
        erased_at: Timestamp,
    ) -> Result<Option<Erasure>, StoreError> {
        self.intake()?;
        self.write(|reply| Write::EraseCustomer { key, erased_at, reply }).await
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
            result.map_err(|cause| shared.read_error(cause))
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
            let before = self.shared.hot.get(&commit.key);
            let commit = EncodedCommit::new(commit, before, &self.options)?;
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
