//! Changes of a conversation and their outcomes.

use crate::body_hash::BodyHash;
use crate::body_hash::RequestHash;
use crate::error::StoreError;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use std::sync::Arc;

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
    /// Returns the answer if it belongs to this request.
    ///
    /// # Errors
    /// [`StoreError::BodyDiffers`] if the id was used for a request with another meaning.
    pub fn for_request(self, hash: RequestHash) -> Result<Self, StoreError> {
        if hash.matches(self.body_hash) { Ok(self) } else { Err(StoreError::BodyDiffers) }
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Conversations removed.
    pub conversations: u64,
    /// Turns removed with them.
    pub turns: u64,
    /// Jobs removed with them, waiting and dead.
    pub jobs: u64,
}

impl Erasure {
    /// Whether nothing was removed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the counts of another erasure.
    pub(super) fn add(&mut self, other: Self) {
        self.conversations += other.conversations;
        self.turns += other.turns;
        self.jobs += other.jobs;
    }
}
