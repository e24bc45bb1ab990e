//! Interfaces of the store: conversations and jobs. `ledger` has that of customers.

use crate::commit::CommitOutcome;
use crate::commit::Erasure;
use crate::commit::StoredAnswer;
use crate::commit::TurnCommit;
use crate::error::StoreError;
use crate::job::JobKey;
use crate::job::JobOutcome;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::keys::MessageKey;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::watch;
use vitrine_base::ids::TenantId;

/// Sizes and counters of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Conversations stored.
    pub conversations: u64,
    /// Turns stored.
    pub turns: u64,
    /// Message ids stored, those of erased conversations included.
    pub messages: u64,
    /// Erasures in force: tombstones of conversations, customers and addresses.
    pub tombstones: u64,
    /// Size of the file in bytes; 0 for a store in memory.
    pub file_bytes: u64,
    /// Conversations held in memory.
    pub hot_conversations: usize,
    /// Bytes estimated for them.
    pub hot_bytes: usize,
    /// Writes queued for the next group.
    pub writes_waiting: usize,
    /// Groups committed since the start; each is one transaction.
    pub groups_written: u64,
    /// Writes committed since the start, rejected ones not counted.
    pub writes_done: u64,
}

/// A boxed future of a store call.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Storage of conversations. Each call concerns one conversation or one message, so that an
/// implementation can shard them over machines. Calls must run inside a tokio runtime.
pub trait ConversationStore: Send + Sync + std::fmt::Debug {
    /// The current record; `None` if it was never stored or was erased.
    ///
    /// # Errors
    /// If the disk fails or the record cannot be decoded.
    fn load<'a>(
        &'a self,
        key: &'a ConversationKey,
    ) -> StoreFuture<'a, Option<Arc<ConversationRecord>>>;

    /// The recorded answer of a message; `None` if the message is new. Check the request body with
    /// [`StoredAnswer::for_request`].
    ///
    /// # Errors
    /// [`StoreError::Erased`] if the message was answered and its conversation erased since;
    /// otherwise if the disk fails or the record cannot be decoded.
    fn replay<'a>(&'a self, key: &'a MessageKey) -> StoreFuture<'a, Option<StoredAnswer>>;

    /// Writes conversation, turn, idempotency entry and jobs in one transaction; returns once they
    /// are on disk. Waits while the queue is full. If the caller stops waiting, the commit may
    /// still happen, and `replay` then finds it.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the message id was used with another body,
    /// [`StoreError::Erased`] if conversation or customer were erased after the message was sent,
    /// the size errors, and disk errors, after which the store is read-only.
    fn commit(&self, commit: TurnCommit) -> StoreFuture<'_, CommitOutcome>;

    /// The last `turns_max` turns of a conversation, newest last.
    ///
    /// # Errors
    /// If the disk fails or a record cannot be decoded.
    fn turns<'a>(
        &'a self,
        key: &'a ConversationKey,
        turns_max: usize,
    ) -> StoreFuture<'a, Vec<TurnRecord>>;

    /// Erases a conversation with its turns, jobs and the bodies of its messages. Messages sent up
    /// to `erased_at` cannot reopen it. Message ids stay as hashes, so that a late redelivery is
    /// still recognised.
    ///
    /// # Errors
    /// Disk errors, as for `commit`.
    fn delete<'a>(
        &'a self,
        key: &'a ConversationKey,
        erased_at: Timestamp,
    ) -> StoreFuture<'a, Erasure>;

    /// Counts records and sizes.
    ///
    /// # Errors
    /// If the disk fails.
    fn statistics(&self) -> StoreFuture<'_, StoreStatistics>;

    /// Whether the store accepts writes. Does no I/O; used for readiness.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] with the failure that made the store read-only.
    fn intake(&self) -> Result<(), StoreError>;
}

/// Storage of jobs.
pub trait JobStore: Send + Sync + std::fmt::Debug {
    /// Stores a job, links its conversation to its customer, and returns once both are on disk.
    /// Does nothing if the key is taken by a job with the same meaning.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the key is taken by a job with another meaning,
    /// [`StoreError::JobsFull`] if `waiting_max` jobs are waiting, [`StoreError::Erased`] if the
    /// conversation or the customer was erased after the job was created, and disk errors.
    fn enqueue(&self, key: JobKey, job: StoredJob, waiting_max: usize) -> StoreFuture<'_, ()>;

    /// A counter that grows when new jobs are on disk, whether they came with a commit or by
    /// [`enqueue`](Self::enqueue). Retries recorded by [`settle`](Self::settle) are not counted.
    fn watch_stored(&self) -> watch::Receiver<u64>;

    /// The waiting jobs, at most `jobs_max`, earliest due time first.
    ///
    /// # Errors
    /// Disk errors.
    fn waiting(&self, jobs_max: usize) -> StoreFuture<'_, Vec<(JobKey, StoredJob)>>;

    /// Whether a job still waits to be done: not if it was erased in the meantime.
    ///
    /// # Errors
    /// Disk errors.
    fn is_waiting<'a>(&'a self, key: &'a JobKey) -> StoreFuture<'a, bool>;

    /// Records the outcome of an attempt. Does nothing if the job was erased in the meantime.
    ///
    /// # Errors
    /// Disk errors.
    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()>;

    /// The dead jobs of a tenant, at most `jobs_max`, by conversation and then by age.
    ///
    /// # Errors
    /// Disk errors.
    fn dead<'a>(
        &'a self,
        tenant: &'a TenantId,
        jobs_max: usize,
    ) -> StoreFuture<'a, Vec<(JobKey, StoredJob)>>;
}
