//! The outbox: where its jobs are stored and delivered, and when a failed job is retried.
//!
//! A failed attempt is retried with exponential backoff; after the last attempt the job is marked
//! dead and listed under `GET /v1/deliveries/dead`.

use crate::delivery::callback_sender::CallbackSender;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_conversations::JobOutcome;
use vitrine_conversations::JobStore;
use vitrine_conversations::StoredJob;

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
}

impl Outbox {
    /// Outcome of a failed attempt: a later retry, or dead after the last attempt.
    pub(super) fn failed(&self, mut job: StoredJob, reason: String) -> JobOutcome {
        job.attempts = job.attempts.saturating_add(1);
        job.last_error = Some(reason);
        if job.attempts >= self.options.attempts_max {
            return JobOutcome::Dead(job);
        }
        job.due_at = self.clock.now() + self.backoff(job.attempts);
        JobOutcome::Again(job)
    }

    /// Wait after `attempts` failed attempts.
    pub(super) fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.options.backoff.saturating_mul(doubled).min(self.options.backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::callback_sender::Callback;
    use crate::delivery::callback_sender::DeliveryError;
    use futures::future::BoxFuture;
    use vitrine_base::clock::ManualClock;
    use vitrine_conversations::EmbeddedStore;
    use vitrine_conversations::JobKind;
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
        let outbox = Outbox { options, store, callback_sender: Box::new(FailingSender), clock };
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
