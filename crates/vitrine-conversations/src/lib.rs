//! Conversations: what was said, who owns them, and that no turn is lost or answered twice.
//!
//! [`ThreadStore`] is what the layers above hold; [`EmbeddedStore`] keeps it in one file on this
//! machine. [`TurnGate`] lets one turn of a thread run at a time.
//!
//! Invariants
//! - A commit that returned is on disk; a commit that failed left either nothing or all of itself.
//! - A message id is answered once: a second commit gets the first one's answer.
//! - A thread changes only from the version that the change was made from.
//! - What was erased stays away: an old message under an erased thread is refused, for longer than
//!   any channel delivers again.

mod customer;
mod customers;
mod deed;
mod embedded;
mod encoding;
mod error;
mod gate;
mod hot;
mod job;
mod jobs;
mod layout;
mod ledger;
mod open;
mod ownership;
mod packing;
mod record;
mod rewrite;
#[cfg(any(test, feature = "testing"))]
pub mod samples;
mod stored_text;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;
mod upkeep;
mod writer;

pub use crate::customer::Consent;
pub use crate::customer::ConsentChange;
pub use crate::customer::CustomerRecord;
pub use crate::customer::Identity;
pub use crate::customer::IdentityProof;
pub use crate::customer::Profile;
pub use crate::customer::Purpose;
pub use crate::embedded::EmbeddedStore;
pub use crate::error::StoreError;
pub use crate::gate::Arrival;
pub use crate::gate::Flight;
pub use crate::gate::GateError;
pub use crate::gate::GateOptions;
pub use crate::gate::Interruption;
pub use crate::gate::TurnGate;
pub use crate::gate::TurnPermit;
pub use crate::gate::TurnSort;
pub use crate::hot::HotOptions;
pub use crate::job::Job;
pub use crate::job::JobKey;
pub use crate::job::JobKind;
pub use crate::job::JobOutcome;
pub use crate::job::JobStore;
pub use crate::ledger::CustomerKey;
pub use crate::ledger::CustomerOutcome;
pub use crate::ledger::CustomerStore;
pub use crate::ledger::IdentityKey;
pub use crate::ledger::PendingLink;
pub use crate::open::EmbeddedOptions;
pub use crate::open::OpenCheck;
pub use crate::open::Recovery;
pub use crate::ownership::OwnerEvent;
pub use crate::record::BodyHash;
pub use crate::record::CartLine;
pub use crate::record::Counters;
pub use crate::record::DeclinedOffer;
pub use crate::record::FactKind;
pub use crate::record::KeptIntent;
pub use crate::record::KnownFact;
pub use crate::record::OfferedOption;
pub use crate::record::OwnerState;
pub use crate::record::Ownership;
pub use crate::record::PendingQuestion;
pub use crate::record::RecordError;
pub use crate::record::SeenIntent;
pub use crate::record::ThreadRecord;
pub use crate::record::TurnKind;
pub use crate::record::TurnRecord;
pub use crate::record::Unanswered;
pub use crate::record::VERBATIM_CHARS_MAX;
pub use crate::sweep::Due;
pub use crate::sweep::Sweep;
pub use crate::sweep::SweepCursor;
pub use crate::sweep::Swept;
pub use crate::upkeep::Kept;
pub use crate::upkeep::Upkeep;
pub use crate::upkeep::UpkeepOptions;

use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::ThreadId;

/// One thread of one tenant: two tenants may use the same thread id for two conversations.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadKey {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub thread: ThreadId,
}

/// One message of one tenant: the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey {
    /// Whose.
    pub tenant: TenantId,
    /// The provider's id.
    pub message: MessageId,
}

/// The answer that a message got when it came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The thread it belongs to.
    pub thread: ThreadKey,
    /// The turn's place in that thread, from 0.
    pub sequence: u64,
    /// Hash of the body it answered.
    pub body_hash: BodyHash,
    /// The answer exactly as it left.
    pub answer: Arc<[u8]>,
}

impl StoredAnswer {
    /// The answer, if it answered this very body.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the id was used for another body.
    pub fn for_body(self, body_hash: BodyHash) -> Result<Self, StoreError> {
        if self.body_hash == body_hash { Ok(self) } else { Err(StoreError::BodyDiffers) }
    }
}

/// One change of one thread, all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnCommit {
    /// The thread.
    pub key: ThreadKey,
    /// The thread as it shall be. Its `version` is the one it was made from, 0 for a new thread:
    /// the commit is refused as stale if the stored thread has another by now.
    pub thread: ThreadRecord,
    /// The turn to record with it; `None` if only the thread changes (its owner, its facts).
    pub turn: Option<TurnRecord>,
    /// Work that must follow it.
    pub jobs: Vec<Job>,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum CommitOutcome {
    /// On disk; the thread with its new version.
    Recorded(Arc<ThreadRecord>),
    /// The message has been answered before, with the same body: send this instead.
    AlreadyRecorded(StoredAnswer),
    /// Somebody changed the thread first, and nothing was written: the thread as it stands,
    /// `None` if there is none.
    Stale(Option<Arc<ThreadRecord>>),
}

/// What an erasure removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Threads removed, 0 or 1.
    pub threads: u64,
    /// Turns removed with it.
    pub turns: u64,
}

/// Sizes and counts of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Threads stored.
    pub threads: u64,
    /// Turns stored.
    pub turns: u64,
    /// Message ids remembered, erased ones included.
    pub messages: u64,
    /// Threads erased and kept away.
    pub tombstones: u64,
    /// Bytes on disk; 0 in memory.
    pub file_bytes: u64,
    /// Threads held in memory.
    pub hot_threads: usize,
    /// Bytes they take, estimated.
    pub hot_bytes: usize,
    /// Writes that wait for their group now.
    pub writes_waiting: usize,
    /// Groups written since the start, each with one sync of the disk.
    pub groups_written: u64,
    /// Commits and erasures written since the start.
    pub writes_done: u64,
}

/// A store's answer, in time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where threads are kept. Every call concerns one thread or one message, so that a store may
/// spread them over machines. Calls must run inside a tokio runtime.
pub trait ThreadStore: Send + Sync + std::fmt::Debug {
    /// The thread as it stands; `None` if it was never stored or was erased.
    ///
    /// # Errors
    /// If the disk or the record on it fails.
    fn load<'a>(&'a self, key: &'a ThreadKey) -> StoreFuture<'a, Option<Arc<ThreadRecord>>>;

    /// The answer that a message got; `None` if it is new. Compare with
    /// [`StoredAnswer::for_body`].
    ///
    /// # Errors
    /// [`StoreError::Erased`] if the message was answered once and its thread erased since;
    /// otherwise if the disk or the record on it fails.
    fn replay<'a>(&'a self, key: &'a MessageKey) -> StoreFuture<'a, Option<StoredAnswer>>;

    /// Writes thread, turn and idempotency entry in one transaction and returns when they are on
    /// disk. Waits while the queue is full. If the caller stops waiting, the commit may still
    /// happen; `replay` then finds it.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the message id was used for another body,
    /// [`StoreError::Erased`] if the thread was erased after the message was sent, the size
    /// errors, and those of the disk; after one of the latter nothing is taken in any more.
    fn commit(&self, commit: TurnCommit) -> StoreFuture<'_, CommitOutcome>;

    /// The last `turns_max` turns of a thread, newest last.
    ///
    /// # Errors
    /// If the disk or a record on it fails.
    fn turns<'a>(
        &'a self,
        key: &'a ThreadKey,
        turns_max: usize,
    ) -> StoreFuture<'a, Vec<TurnRecord>>;

    /// Erases a thread, its turns and the bodies of its messages, and keeps messages sent up to
    /// `erased_at` from opening it again. Message ids stay as hashes, so that a late delivery is
    /// still known for one.
    ///
    /// # Errors
    /// As for `commit`.
    fn delete<'a>(&'a self, key: &'a ThreadKey, erased_at: Timestamp) -> StoreFuture<'a, Erasure>;

    /// Counts and sizes.
    ///
    /// # Errors
    /// If the disk fails.
    fn statistics(&self) -> StoreFuture<'_, StoreStatistics>;

    /// Whether writes are taken in; cheap, for readiness.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] with the failure that stopped them.
    fn intake(&self) -> Result<(), StoreError>;
}
