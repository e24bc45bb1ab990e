//! Runs the outbox: starts each job when it is stored or due, delivers it and records the outcome.
//!
//! Invariants
//! - At most one attempt of a job runs at a time, and at most [`OutboxOptions::running_max`] in
//!   all.
//! - Nothing is polled: the store signals new jobs, and a timer waits for the next due time.
//! - Running a job twice is harmless: a turn is answered once, and a delivery keeps its id.
//! - An attempt that panics has failed like any other; its slot becomes free.
//!
//! [`OutboxOptions::running_max`]: crate::delivery::outbox::OutboxOptions::running_max

use crate::delivery::callback_sender::Callback;
use crate::delivery::outbox::Outbox;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task;
use tokio::task::JoinError;
use tokio::task::JoinSet;
use vitrine_base::telemetry;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::JobKey;
use vitrine_conversations::JobKind;
use vitrine_conversations::JobOutcome;
use vitrine_conversations::StoreError;
use vitrine_conversations::StoredJob;

/// Pause after the store failed to list jobs, so that a failing disk is not read without end.
const READ_RETRY: Duration = Duration::from_secs(1);

/// What a callback reports about an accepted turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnReport {
    /// `turn.answered` or `turn.failed`.
    pub(crate) event: &'static str,
    /// JSON body.
    pub(crate) body: Vec<u8>,
}

/// Answers accepted turns. Implemented by the layer that owns the format of their jobs.
pub(crate) trait AcceptedTurns: Send + Sync + std::fmt::Debug {
    /// Answers the turn of a job. A turn that was answered before gets the same answer. `None` if
    /// it was erased: then there is nothing to report.
    ///
    /// # Errors
    /// A temporary failure, as text for the job's record; the job is retried.
    fn answer<'a>(
        &'a self,
        conversation: &'a ConversationKey,
        job: &'a StoredJob,
    ) -> BoxFuture<'a, Result<Option<TurnReport>, String>>;
}

/// Runs due jobs until the task is dropped.
pub(crate) async fn run(outbox: Arc<Outbox>, turns: Arc<dyn AcceptedTurns>) {
    let mut stored = outbox.store.watch_stored();
    let mut attempts = Attempts::default();
    loop {
        // Before the read: a job stored during it signals again.
        stored.mark_unchanged();
        let timer = match start_due(&outbox, &turns, &mut attempts).await {
            Ok(next_due) => sleep_until(&outbox, next_due).boxed(),
            Err(error) => {
                tracing::error!(%error, "cannot read jobs from the store; trying again");
                outbox.clock.sleep(READ_RETRY)
            }
        };
        tokio::select! {
            Ok(()) = stored.changed() => {}
            () = timer => {}
            Some(ended) = attempts.tasks.join_next_with_id() => attempts.ended(ended),
        }
    }
}

/// Attempts in progress.
#[derive(Debug, Default)]
struct Attempts {
    tasks: JoinSet<()>,
    keys: HashMap<task::Id, JobKey>,
}

impl Attempts {
    fn is_running(&self, key: &JobKey) -> bool {
        self.keys.values().any(|running| running == key)
    }

    /// Frees the slot of an attempt, however it ended.
    fn ended(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "recording a job's outcome panicked (a bug in vitrine)");
                error.id()
            }
        };
        self.keys.remove(&id);
    }
}

/// Starts due jobs while slots are free. Returns when the next job is due; `None` if there is none,
/// or if a slot must become free first.
async fn start_due(
    outbox: &Arc<Outbox>,
    turns: &Arc<dyn AcceptedTurns>,
    attempts: &mut Attempts,
) -> Result<Option<Timestamp>, StoreError> {
    let running = attempts.keys.len();
    let free = outbox.options.running_max.saturating_sub(running);
    if free == 0 {
        return Ok(None);
    }
    let waiting = outbox.store.waiting(free + running).await?;
    let now = outbox.clock.now();
    let idle = waiting.into_iter().filter(|(key, _)| !attempts.is_running(key));
    let idle: Vec<(JobKey, StoredJob)> = idle.take(free).collect();
    for (key, job) in idle {
        // The earliest due time comes first.
        if job.due_at > now {
            return Ok(Some(job.due_at));
        }
        let attempt = attempt(Arc::clone(outbox), Arc::clone(turns), key.clone(), job);
        let task = attempts.tasks.spawn(attempt);
        attempts.keys.insert(task.id(), key);
    }
    Ok(None)
}

/// Waits until a job is due, without end if there is none.
async fn sleep_until(outbox: &Outbox, due: Option<Timestamp>) {
    let Some(due) = due else { return std::future::pending().await };
    let rest = due.duration_since(outbox.clock.now());
    outbox.clock.sleep(Duration::try_from(rest).unwrap_or_default()).await;
}

/// Runs one attempt of a job and records its outcome.
async fn attempt(outbox: Arc<Outbox>, turns: Arc<dyn AcceptedTurns>, key: JobKey, job: StoredJob) {
    let kind = job.kind;
    // What an attempt shares is behind locks of its own, which a panic does not leave half changed.
    let delivered = AssertUnwindSafe(deliver(&outbox, &*turns, &key, &job)).catch_unwind().await;
    let outcome = match delivered {
        Ok(Ok(())) => JobOutcome::Done,
        Ok(Err(reason)) => outbox.failed(job, reason),
        Err(_) => {
            let delivery = key.id;
            tracing::error!(%delivery, kind = kind.name(), "a job panicked (a bug in vitrine)");
            outbox.failed(job, "the attempt panicked (a bug in vitrine)".to_owned())
        }
    };
    let name = match &outcome {
        JobOutcome::Done => "done",
        JobOutcome::Again(_) => "again",
        JobOutcome::Dead(_) => "dead",
    };
    metrics::counter!(telemetry::DELIVERIES_TOTAL, "kind" => kind.name(), "outcome" => name)
        .increment(1);
    if let JobOutcome::Dead(job) = &outcome {
        let (delivery, reason) = (key.id, job.last_error.as_deref().unwrap_or_default());
        tracing::error!(%delivery, kind = kind.name(), reason, "gave up on a delivery");
    }
    // The slot stays taken until the outcome is on disk: while the disk fails, the job would only
    // be delivered over and over.
    let mut tries = 0_u32;
    while let Err(error) = outbox.store.settle(key.clone(), outcome.clone()).await {
        tracing::error!(%error, "cannot record a job's outcome; trying again");
        tries = tries.saturating_add(1);
        outbox.clock.sleep(outbox.backoff(tries)).await;
    }
}

/// Whether the job was erased since it was listed.
async fn is_erased(outbox: &Outbox, key: &JobKey) -> Result<bool, String> {
    outbox.store.is_waiting(key).await.map(|waiting| !waiting).map_err(|error| error.to_string())
}

/// Delivers a job; a turn is answered first. A job that was erased meanwhile counts as delivered.
///
/// # Errors
/// Why it was not delivered; the text is stored as the job's last error.
async fn deliver(
    outbox: &Outbox,
    turns: &dyn AcceptedTurns,
    key: &JobKey,
    job: &StoredJob,
) -> Result<(), String> {
    let options = &outbox.options;
    let delivery = key.id.to_string();
    if is_erased(outbox, key).await? {
        return Ok(());
    }
    let callback = match job.kind {
        JobKind::Turn => {
            let Some(TurnReport { event, body }) = turns.answer(&key.conversation, job).await?
            else {
                return Ok(());
            };
            // The customer may have been erased while the turn ran.
            if is_erased(outbox, key).await? {
                return Ok(());
            }
            Callback { url: options.turns_url.clone(), event, delivery, body }
        }
        JobKind::Handoff => {
            let (url, body) = (options.handoff_url.clone(), job.body.clone().into_bytes());
            Callback { url, event: "handoff.offered", delivery, body }
        }
    };
    outbox.callback_sender.deliver(callback).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
