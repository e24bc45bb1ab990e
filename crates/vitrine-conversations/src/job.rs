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
use crate::stored_text::text_option;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;

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
    /// The customer of an accepted turn, if known: their erasure removes the job.
    #[serde(default, with = "text_option")]
    pub customer: Option<CustomerId>,
    /// Message of an accepted turn: if the job is erased, its redelivery is still recognised.
    #[serde(default, with = "text_option")]
    pub message: Option<MessageId>,
    /// Hash of the meaning of an accepted request; another spelling of it is the same job. `None`
    /// in jobs of older versions, whose bodies are compared.
    #[serde(default)]
    pub meaning: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// Time it was accepted.
    pub created_at: Timestamp,
    /// Time of the next attempt, at the earliest.
    pub due_at: Timestamp,
    /// Error of the last failed attempt; `None` before the first failure.
    pub last_error: Option<String>,
}

/// The part of a stored job that decides when it runs.
#[derive(Debug, Deserialize)]
struct Schedule {
    due_at: Timestamp,
}

impl StoredJob {
    /// When the next attempt of an encoded job is due; does not read the rest.
    ///
    /// # Errors
    /// As for `decode`.
    pub(super) fn due_at_of(bytes: &[u8]) -> Result<Timestamp, RecordError> {
        check_header(bytes, PLAIN_FORMAT, HEADER_BYTES)?;
        let schedule: Schedule = serde_json::from_slice(&bytes[HEADER_BYTES..])?;
        Ok(schedule.due_at)
    }

    /// A new job, due at once.
    #[must_use]
    pub fn new(kind: JobKind, body: String, now: Timestamp) -> Self {
        Self {
            kind,
            body,
            customer: None,
            message: None,
            meaning: None,
            attempts: 0,
            created_at: now,
            due_at: now,
            last_error: None,
        }
    }

    /// Whether this job and a stored one are the same work.
    pub(super) fn is_same(&self, stored: &Self) -> bool {
        match (&self.meaning, &stored.meaning) {
            (Some(meaning), Some(known)) => meaning == known,
            _ => self.body == stored.body,
        }
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
