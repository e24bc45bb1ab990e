//! Transactional outbox: runs jobs that must survive a restart. A job answers a turn accepted by
//! `POST /v1/turns`, or delivers a hand-off packet, to a webhook of the shop.
//!
//! A failed attempt is retried with exponential backoff; after the last attempt the job is marked
//! dead and listed under `GET /v1/deliveries/dead`. Jobs stay in the store until they are done, so
//! they continue after a restart.
//!
//! Invariants
//! - At most one attempt of a job runs at a time, and at most [`OutboxOptions::running_max`] in
//!   all.
//! - Running a job twice is harmless: a turn is answered once, and a delivery keeps its id.
//!
//! Source: the transactional outbox pattern.

use crate::http::callback_sender::Callback;
use crate::http::callback_sender::CallbackSender;
use crate::http::state::App;
use crate::http::turns;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use vitrine_base::clock::SharedClock;
use vitrine_base::telemetry;
use vitrine_conversations::JobKey;
use vitrine_conversations::JobKind;
use vitrine_conversations::JobOutcome;
use vitrine_conversations::JobStore;
use vitrine_conversations::StoredJob;

/// Poll interval for jobs that were added without a call of [`Outbox::wake`], such as those of a
/// hand-off.
const POLL: Duration = Duration::from_millis(250);

/// Targets, retries and limits.
#[derive(Debug, Clone)]
pub(crate) struct OutboxOptions {
    /// URL for the answers of accepted turns; empty: `POST /v1/turns` is refused.
    pub(crate) turns_url: String,
    /// URL for hand-off packets; empty: none are delivered.
    pub(crate) handoff_url: String,
    /// Attempts before a job is marked dead.
    pub(crate) attempts_max: u32,
    /// Wait after the first failed attempt; it doubles with each further one.
    pub(crate) backoff: Duration,
    /// Upper bound of that wait.
    pub(crate) backoff_max: Duration,
    /// Attempts in progress at the same time.
    pub(crate) running_max: usize,
    /// Jobs that may wait; further ones are refused.
    pub(crate) waiting_max: usize,
}

/// The job store and what runs its jobs.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) options: OutboxOptions,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) callback_sender: Box<dyn CallbackSender>,
    pub(crate) clock: SharedClock,
    job_added: Notify,
}

impl Outbox {
    /// Creates an outbox; jobs start with [`run`].
    pub(crate) fn new(
        options: OutboxOptions,
        store: Arc<dyn JobStore>,
        callback_sender: Box<dyn CallbackSender>,
        clock: SharedClock,
    ) -> Self {
        Self { options, store, callback_sender, clock, job_added: Notify::new() }
    }

    /// Wakes the runner after a job was added.
    pub(crate) fn wake(&self) {
        self.job_added.notify_one();
    }

    /// Outcome of a failed attempt: a later retry, or dead after the last attempt.
    fn failed(&self, mut job: StoredJob, reason: String) -> JobOutcome {
        job.attempts = job.attempts.saturating_add(1);
        job.last_error = Some(reason);
        if job.attempts >= self.options.attempts_max {
            return JobOutcome::Dead(job);
        }
        job.due_at = self.clock.now() + self.backoff(job.attempts);
        JobOutcome::Again(job)
    }

    /// Wait after `attempts` failed attempts.
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.options.backoff.saturating_mul(doubled).min(self.options.backoff_max)
    }
}

/// Runs due jobs until the task is dropped.
pub(crate) async fn run(app: Arc<App>) {
    let mut running: JoinSet<JobKey> = JoinSet::new();
    let mut running_keys: HashSet<JobKey> = HashSet::new();
    loop {
        let free = app.outbox.options.running_max.saturating_sub(running_keys.len());
        match due(&app, &running_keys, free).await {
            Ok(jobs) => {
                for (key, job) in jobs {
                    running_keys.insert(key.clone());
                    running.spawn(attempt(Arc::clone(&app), key, job));
                }
            }
            Err(error) => tracing::error!(%error, "cannot read jobs from the store; trying again"),
        }
        tokio::select! {
            () = app.outbox.job_added.notified() => {}
            () = app.outbox.clock.sleep(POLL) => {}
            Some(done) = running.join_next() => match done {
                Ok(key) => drop(running_keys.remove(&key)),
                // Its key stays in `running_keys`, so the job is not retried before a restart.
                Err(error) => tracing::error!(%error, "a job panicked (a bug in vitrine)"),
            },
        }
    }
}

async fn due(
    app: &App,
    running_keys: &HashSet<JobKey>,
    free: usize,
) -> Result<Vec<(JobKey, StoredJob)>, vitrine_conversations::StoreError> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let now = app.outbox.clock.now();
    let waiting = app.outbox.store.waiting(free + running_keys.len()).await?;
    let fresh =
        waiting.into_iter().filter(|(key, job)| job.due_at <= now && !running_keys.contains(key));
    Ok(fresh.take(free).collect())
}

/// Runs one attempt of a job, records its outcome and returns its key.
async fn attempt(app: Arc<App>, key: JobKey, job: StoredJob) -> JobKey {
    let outbox = &app.outbox;
    let kind = job.kind;
    let outcome = match callback(&app, &key, &job).await {
        Ok(callback) => match outbox.callback_sender.deliver(callback).await {
            Ok(()) => JobOutcome::Done,
            Err(error) => outbox.failed(job, error.to_string()),
        },
        Err(reason) => outbox.failed(job, reason),
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
    if let Err(error) = outbox.store.settle(key.clone(), outcome).await {
        tracing::error!(%error, "cannot record a job's outcome; it will run again");
    }
    key
}

/// Builds what a job delivers; a turn is answered first.
///
/// # Errors
/// Why there is nothing to deliver yet; the text is stored as the job's last error.
async fn callback(app: &App, key: &JobKey, job: &StoredJob) -> Result<Callback, String> {
    let options = &app.outbox.options;
    let delivery = key.id.to_string();
    match job.kind {
        JobKind::Turn => {
            let (event, body) = turns::answer(app, &key.conversation, &job.body).await?;
            Ok(Callback { url: options.turns_url.clone(), event, delivery, body })
        }
        JobKind::Handoff => {
            let (url, body) = (options.handoff_url.clone(), job.body.clone().into_bytes());
            Ok(Callback { url, event: "handoff.offered", delivery, body })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::callback_sender::DeliveryError;
    use futures::future::BoxFuture;
    use vitrine_base::clock::ManualClock;
    use vitrine_conversations::EmbeddedStore;
    use vitrine_conversations::samples;

    #[derive(Debug)]
    struct FailingSender;

    impl CallbackSender for FailingSender {
        fn deliver(&self, _: Callback) -> BoxFuture<'_, Result<(), DeliveryError>> {
            Box::pin(async { Err(DeliveryError::Refused { status: 500 }) })
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_bound_and_then_the_job_is_dead() {
        let options = OutboxOptions {
            turns_url: String::new(),
            handoff_url: String::new(),
            attempts_max: 6,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(5),
            running_max: 1,
            waiting_max: 1,
        };
        let store = Arc::new(EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap());
        let clock = Arc::new(ManualClock::new(samples::at(0)));
        let outbox = Outbox::new(options, store, Box::new(FailingSender), clock);
        let mut job = StoredJob::new(JobKind::Handoff, "{}".to_owned(), samples::at(0));
        let mut waits = Vec::new();
        let dead = loop {
            match outbox.failed(job, "no answer".to_owned()) {
                JobOutcome::Again(again) => {
                    waits.push(again.due_at.as_second() - samples::at(0).as_second());
                    job = again;
                }
                JobOutcome::Dead(dead) => break dead,
                JobOutcome::Done => unreachable!("it failed"),
            }
        };
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert_eq!((dead.attempts, dead.last_error.as_deref()), (6, Some("no answer")));
    }
}
