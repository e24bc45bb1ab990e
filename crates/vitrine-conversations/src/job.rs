//! Jobs: work that must survive a restart, such as accepted turns and hand-offs to the shop's
//! systems.
//!
//! A job is kept until it is done. One that keeps failing is moved to the dead jobs, where
//! operators can list it.
//!
//! Invariants
//! - A job belongs to one conversation and is deleted with it.
//! - Running a job twice is harmless: a turn is answered once, and receivers see the same delivery
//!   id.

use crate::error::RecordError;
use crate::format::PLAIN_FORMAT;
use crate::format::check_header;
use crate::keys::ConversationKey;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;

/// Bytes before the JSON of a job: its format.
const HEADER_BYTES: usize = 1;

/// Key of one job; ids are UUIDs of version 7 and sort by creation time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobKey {
    /// Conversation that the job belongs to.
    pub conversation: ConversationKey,
    /// Id of the job, unique in its conversation.
    pub id: Uuid,
}

/// Kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Answers an accepted turn and delivers the answer. The body is the request as received.
    Turn,
    /// Delivers a hand-off packet. The body is the packet.
    Handoff,
}

impl JobKind {
    /// Name in JSON and in stored records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Handoff => "handoff",
        }
    }
}

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredJob {
    /// Kind of work.
    pub kind: JobKind,
    /// Input of the job, JSON; see [`JobKind`].
    pub body: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Time it was accepted.
    pub created_at: Timestamp,
    /// Time of the next attempt, at the earliest.
    pub due_at: Timestamp,
    /// Error of the last failed attempt; `None` before the first failure.
    pub last_error: Option<String>,
}

impl StoredJob {
    /// A new job, due at once.
    #[must_use]
    pub fn new(kind: JobKind, body: String, now: Timestamp) -> Self {
        Self { kind, body, attempts: 0, created_at: now, due_at: now, last_error: None }
    }

    /// Encodes the job as `format u8 · JSON`.
    ///
    /// # Errors
    /// If JSON encoding fails; no value of this type causes that.
    pub(super) fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = vec![PLAIN_FORMAT];
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Decodes a stored job.
    ///
    /// # Errors
    /// If the format is unknown, the bytes are too few, or the JSON is malformed.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        check_header(bytes, PLAIN_FORMAT, HEADER_BYTES)?;
        Ok(serde_json::from_slice(&bytes[HEADER_BYTES..])?)
    }
}

/// Outcome of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// Done: the job is deleted.
    Done,
    /// Failed: the updated job is tried again at its `due_at`.
    Again(StoredJob),
    /// Failed for good: the updated job is moved to the dead jobs.
    Dead(StoredJob),
}
