//! Does the jobs that a restart must not lose: answers accepted turns, delivers what follows.
//!
//! A failed delivery is tried again, each time after twice the wait, and is put aside in the end.
//! Jobs stand in the store until they are done, so a restart goes on where the last run ended.
//!
//! Invariants
//! - A job runs once at a time, and at most [`OutboxOptions::running_max`] run at all.
//! - Whatever runs twice does no harm: a turn is answered once, a delivery keeps its id.

use crate::http::App;
use crate::http::courier::Courier;
use crate::http::courier::Letter;
use crate::http::turns;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use vitrine_base::clock::SharedClock;
use vitrine_base::telemetry;
use vitrine_conversations::Job;
use vitrine_conversations::JobKey;
use vitrine_conversations::JobKind;
use vitrine_conversations::JobOutcome;
use vitrine_conversations::JobStore;

/// How often the store is asked for jobs that nobody rang for, such as those of a handoff.
const POLL: Duration = Duration::from_millis(250);

/// How jobs are done.
#[derive(Debug, Clone)]
pub(crate) struct OutboxOptions {
    /// Where answers of accepted turns go; empty: none are accepted.
    pub(crate) turns_url: String,
    /// Where handoff packets go; empty: nowhere.
    pub(crate) handoff_url: String,
    /// Tries before a job is put aside.
    pub(crate) attempts_max: u32,
    /// The wait after the first failure; it doubles with each.
    pub(crate) backoff: Duration,
    /// The longest wait.
    pub(crate) backoff_max: Duration,
    /// Jobs that run at once.
    pub(crate) running_max: usize,
    /// Jobs that wait; one more is refused.
    pub(crate) waiting_max: usize,
}

/// The jobs and who does them.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) options: OutboxOptions,
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) courier: Box<dyn Courier>,
    pub(crate) clock: SharedClock,
    bell: Notify,
}

impl Outbox {
    /// Nothing is done before [`run`].
    pub(crate) fn new(
        options: OutboxOptions,
        store: Arc<dyn JobStore>,
        courier: Box<dyn Courier>,
        clock: SharedClock,
    ) -> Self {
        Self { options, store, courier, clock, bell: Notify::new() }
    }

    /// Tells that a job has come.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// What came of a failed try.
    fn failed(&self, mut job: Job, reason: String) -> JobOutcome {
        job.attempts = job.attempts.saturating_add(1);
        job.last_error = Some(reason);
        if job.attempts >= self.options.attempts_max {
            return JobOutcome::Dead(job);
        }
        job.due_at = self.clock.now() + self.backoff(job.attempts);
        JobOutcome::Again(job)
    }

    /// The wait after so many failures.
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.options.backoff.saturating_mul(doubled).min(self.options.backoff_max)
    }
}

/// Does jobs until the task is dropped.
pub(crate) async fn run(app: Arc<App>) {
    let mut running: JoinSet<JobKey> = JoinSet::new();
    let mut held: HashSet<JobKey> = HashSet::new();
    loop {
        let free = app.outbox.options.running_max.saturating_sub(held.len());
        match due(&app, &held, free).await {
            Ok(jobs) => {
                for (key, job) in jobs {
                    held.insert(key.clone());
                    running.spawn(attempt(Arc::clone(&app), key, job));
                }
            }
            Err(error) => tracing::error!(%error, "jobs cannot be read"),
        }
        tokio::select! {
            () = app.outbox.bell.notified() => {}
            () = app.outbox.clock.sleep(POLL) => {}
            Some(done) = running.join_next() => match done {
                Ok(key) => drop(held.remove(&key)),
                // A panic is our bug and this job's end until the next start.
                Err(error) => tracing::error!(%error, "a job broke off"),
            },
        }
    }
}

async fn due(
    app: &App,
    held: &HashSet<JobKey>,
    free: usize,
) -> Result<Vec<(JobKey, Job)>, vitrine_conversations::StoreError> {
    if free == 0 {
        return Ok(Vec::new());
    }
    let now = app.outbox.clock.now();
    let waiting = app.outbox.store.waiting(free + held.len()).await?;
    let fresh = waiting.into_iter().filter(|(key, job)| job.due_at <= now && !held.contains(key));
    Ok(fresh.take(free).collect())
}

/// One try of one job.
async fn attempt(app: Arc<App>, key: JobKey, job: Job) -> JobKey {
    let outbox = &app.outbox;
    let kind = job.kind;
    let outcome = match letter(&app, &key, &job).await {
        Ok(letter) => match outbox.courier.deliver(letter).await {
            Ok(()) => JobOutcome::Done,
            Err(undelivered) => outbox.failed(job, undelivered.to_string()),
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
        tracing::error!(%delivery, kind = kind.name(), reason, "a delivery was put aside");
    }
    if let Err(error) = outbox.store.settle(key.clone(), outcome).await {
        tracing::error!(%error, "a job's outcome was not recorded; it will run again");
    }
    key
}

/// What a job delivers.
///
/// # Errors
/// Why there is nothing to deliver yet, for the job's own record.
async fn letter(app: &App, key: &JobKey, job: &Job) -> Result<Letter, String> {
    let options = &app.outbox.options;
    let delivery = key.id.to_string();
    match job.kind {
        JobKind::Turn => {
            let (event, body) = turns::answer(app, &key.thread, &job.body).await?;
            Ok(Letter { url: options.turns_url.clone(), event, delivery, body })
        }
        JobKind::Handoff => {
            let (url, body) = (options.handoff_url.clone(), job.body.clone().into_bytes());
            Ok(Letter { url, event: "handoff.offered", delivery, body })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::courier::Undelivered;
    use futures::future::BoxFuture;
    use vitrine_base::clock::ManualClock;
    use vitrine_conversations::EmbeddedStore;
    use vitrine_conversations::samples;

    #[derive(Debug)]
    struct NoCourier;

    impl Courier for NoCourier {
        fn deliver(&self, _: Letter) -> BoxFuture<'_, Result<(), Undelivered>> {
            Box::pin(async { Err(Undelivered::Refused { status: 500 }) })
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_then_the_job_is_put_aside() {
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
        let outbox = Outbox::new(options, store, Box::new(NoCourier), clock);
        let mut job = Job::new(JobKind::Handoff, "{}".to_owned(), samples::at(0));
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
