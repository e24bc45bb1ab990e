//! Work that a restart must not lose: turns that were accepted, messages to the shop's systems.
//!
//! A job is kept until it is done; one that fails too often is put aside, where it can be seen.
//!
//! Invariants
//! - A job belongs to one thread and goes when the thread is erased.
//! - Running one twice does no harm: turns are answered once, receivers get the same delivery id.

use crate::RecordError;
use crate::StoreFuture;
use crate::ThreadKey;
use crate::encoding::PLAIN_FORMAT;
use crate::encoding::check_header;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use uuid::Uuid;
use vitrine_base::ids::TenantId;

/// Bytes before a job's JSON.
const HEADER_BYTES: usize = 1;

/// Names one job; ids sort by the time they were given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobKey {
    /// The thread it belongs to.
    pub thread: ThreadKey,
    /// Which of its jobs.
    pub id: Uuid,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Answers an accepted turn and delivers the answer; the body is the request as it came.
    Turn,
    /// Delivers a handoff packet; the body is the packet.
    Handoff,
}

impl JobKind {
    /// The wire name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Handoff => "handoff",
        }
    }
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// What it does.
    pub kind: JobKind,
    /// What it does it with, JSON.
    pub body: String,
    /// Times it was tried.
    pub attempts: u32,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

impl Job {
    /// A job that may run at once.
    #[must_use]
    pub fn new(kind: JobKind, body: String, now: Timestamp) -> Self {
        Self { kind, body, attempts: 0, created_at: now, due_at: now, last_error: None }
    }

    /// The stored bytes: `format u8 · JSON`.
    ///
    /// # Errors
    /// If the JSON writer refuses, which no value of this type makes it do.
    pub(super) fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = vec![PLAIN_FORMAT];
        serde_json::to_writer(&mut bytes, self)?;
        Ok(bytes)
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// If they are of another format, too few, or not this format's JSON.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        check_header(bytes, PLAIN_FORMAT, HEADER_BYTES)?;
        Ok(serde_json::from_slice(&bytes[HEADER_BYTES..])?)
    }
}

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// It is done and goes.
    Done,
    /// It is tried again, as it now stands.
    Again(Job),
    /// It is put aside, as it now stands.
    Dead(Job),
}

/// Where jobs are kept.
pub trait JobStore: Send + Sync + std::fmt::Debug {
    /// Takes a job in, unless there is one of that key; returns when it is on disk.
    ///
    /// # Errors
    /// [`crate::StoreError::BodyDiffers`] if the one of that key has another body,
    /// [`crate::StoreError::JobsFull`] if `waiting_max` jobs wait, and those of the disk.
    fn enqueue(&self, key: JobKey, job: Job, waiting_max: usize) -> StoreFuture<'_, ()>;

    /// The jobs that wait, at most `jobs_max`, those due first first.
    ///
    /// # Errors
    /// Those of the disk.
    fn waiting(&self, jobs_max: usize) -> StoreFuture<'_, Vec<(JobKey, Job)>>;

    /// Writes down what came of a try. A job that was erased meanwhile stays away.
    ///
    /// # Errors
    /// Those of the disk.
    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()>;

    /// The jobs of a tenant that were put aside, at most `jobs_max`, oldest first.
    ///
    /// # Errors
    /// Those of the disk.
    fn dead<'a>(
        &'a self,
        tenant: &'a TenantId,
        jobs_max: usize,
    ) -> StoreFuture<'a, Vec<(JobKey, Job)>>;
}
