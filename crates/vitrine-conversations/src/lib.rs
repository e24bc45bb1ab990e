//! Conversations: their state, their owner and their turns, stored so that no turn is lost or
//! answered twice.
//!
//! [`ConversationStore`] is the interface for the layers above. [`EmbeddedStore`] implements it in
//! one file on this machine. [`TurnGate`] runs one turn of a conversation at a time.
//!
//! Invariants
//! - A commit that returned is on disk; a commit that failed is either complete or absent.
//! - A message id is answered once: a second commit returns the first answer.
//! - A conversation changes only if it still has the version that the change was made from.
//! - Erased records stay erased: a message sent before the erasure is refused, for longer than any
//!   channel retries a delivery.

#![forbid(unsafe_code)]

mod customer;
mod customers;
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
mod table_write;
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
pub use crate::gate::Flight;
pub use crate::gate::GateError;
pub use crate::gate::GateOptions;
pub use crate::gate::Interruption;
pub use crate::gate::MessageArrival;
pub use crate::gate::TurnGate;
pub use crate::gate::TurnInput;
pub use crate::gate::TurnPermit;
pub use crate::hot::HotOptions;
pub use crate::job::JobKey;
pub use crate::job::JobKind;
pub use crate::job::JobOutcome;
pub use crate::job::JobStore;
pub use crate::job::StoredJob;
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
pub use crate::record::ConversationRecord;
pub use crate::record::Counters;
pub use crate::record::DeclinedOffer;
pub use crate::record::DeferredIntent;
pub use crate::record::FactKind;
pub use crate::record::KnownFact;
pub use crate::record::OfferedOption;
pub use crate::record::OwnerState;
pub use crate::record::Ownership;
pub use crate::record::PendingQuestion;
pub use crate::record::RecordError;
pub use crate::record::SeenIntent;
pub use crate::record::TurnKind;
pub use crate::record::TurnRecord;
pub use crate::record::UnansweredMessage;
pub use crate::record::VERBATIM_CHARS_MAX;
pub use crate::sweep::ExpiryTimes;
pub use crate::sweep::Sweep;
pub use crate::sweep::SweepCursor;
pub use crate::sweep::Swept;
pub use crate::upkeep::RetentionPeriods;
pub use crate::upkeep::Upkeep;
pub use crate::upkeep::UpkeepOptions;

use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;

/// Key of a conversation: ids are unique within a tenant only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey {
    /// Tenant that the conversation belongs to.
    pub tenant: TenantId,
    /// Id of the conversation within the tenant.
    pub conversation: ConversationId,
}

/// Key of a message within one tenant: the idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageKey {
    /// Tenant that received the message.
    pub tenant: TenantId,
    /// Message id, given by the provider.
    pub message: MessageId,
}

/// The recorded answer of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Conversation that holds the turn.
    pub conversation: ConversationKey,
    /// Position of the turn in its conversation, from 0.
    pub sequence: u64,
    /// Hash of the request body that was answered.
    pub body_hash: BodyHash,
    /// The answer, byte for byte as it was sent.
    pub answer: Arc<[u8]>,
}

impl StoredAnswer {
    /// Returns the answer if it belongs to this request body.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the id was used with another body.
    pub fn for_body(self, body_hash: BodyHash) -> Result<Self, StoreError> {
        if self.body_hash == body_hash { Ok(self) } else { Err(StoreError::BodyDiffers) }
    }
}

/// An atomic change of one conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnCommit {
    /// Key of the conversation.
    pub key: ConversationKey,
    /// The new record. Its `version` is the one that the change was made from, 0 for a new
    /// conversation; the commit is refused as stale if the stored version differs.
    pub conversation: ConversationRecord,
    /// Turn to record with it; `None` if only the conversation changes, for example its owner or
    /// its facts.
    pub turn: Option<TurnRecord>,
    /// Jobs to store in the same transaction.
    pub jobs: Vec<StoredJob>,
}

/// Outcome of a commit that did not fail.
#[derive(Debug, Clone, PartialEq)]
pub enum CommitOutcome {
    /// Written to disk; the record with its new version.
    Recorded(Arc<ConversationRecord>),
    /// The message was answered before, with the same body: send this answer instead.
    AlreadyRecorded(StoredAnswer),
    /// The conversation changed since it was loaded, and nothing was written. Holds the current
    /// record, `None` if there is none.
    Stale(Option<Arc<ConversationRecord>>),
}

/// Counts of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Conversations removed, 0 or 1.
    pub threads: u64,
    /// Turns removed with it.
    pub turns: u64,
}

/// Sizes and counters of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Conversations stored.
    pub threads: u64,
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
    /// [`StoredAnswer::for_body`].
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
