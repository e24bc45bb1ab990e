//! The runner against a store in memory, a receiver that answers as the test says, and a clock
//! that only the test moves: whatever happens without moving it was not polled.

use super::*;
use crate::delivery::callback_sender::CallbackSender;
use crate::delivery::callback_sender::DeliveryError;
use crate::delivery::outbox::OutboxOptions;
use std::path::Path;
use std::sync::Mutex;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::sync::watch;

use vitrine_base::clock::Clock;
use vitrine_base::clock::ManualClock;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::time_ordered_id;
use vitrine_conversations::CommitOutcome;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::JobStore;
use vitrine_conversations::StoreFuture;
use vitrine_conversations::TurnCommit;
use vitrine_conversations::samples;

/// Wait after a first failure.
const BACKOFF: Duration = Duration::from_secs(10);

/// Calls of a store that have returned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Calls {
    reads: usize,
    settled: usize,
    refused: usize,
    /// Settled jobs that the latest read has seen from its start.
    seen_settled: usize,
}

/// A store in memory that counts calls and refuses to settle as often as the test says.
#[derive(Debug)]
struct CountingStore {
    inner: Arc<EmbeddedStore>,
    calls: watch::Sender<Calls>,
    refusals: Mutex<usize>,
}

impl JobStore for CountingStore {
    fn enqueue(&self, key: JobKey, job: StoredJob, waiting_max: usize) -> StoreFuture<'_, ()> {
        self.inner.enqueue(key, job, waiting_max)
    }

    fn watch_stored(&self) -> watch::Receiver<u64> {
        self.inner.watch_stored()
    }

    fn waiting(&self, jobs_max: usize) -> StoreFuture<'_, Vec<(JobKey, StoredJob)>> {
        Box::pin(async move {
            let seen_settled = self.calls.borrow().settled;
            let waiting = self.inner.waiting(jobs_max).await;
            self.calls.send_modify(|calls| {
                calls.reads += 1;
                calls.seen_settled = seen_settled;
            });
            waiting
        })
    }

    fn is_waiting<'a>(&'a self, key: &'a JobKey) -> StoreFuture<'a, bool> {
        self.inner.is_waiting(key)
    }

    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let refused = {
                let mut refusals = self.refusals.lock().unwrap();
                let refused = *refusals > 0;
                *refusals = refusals.saturating_sub(1);
                refused
            };
            if refused {
                self.calls.send_modify(|calls| calls.refused += 1);
                return Err(StoreError::DiskFull);
            }
            self.inner.settle(key, outcome).await?;
            self.calls.send_modify(|calls| calls.settled += 1);
            Ok(())
        })
    }

    fn dead<'a>(
        &'a self,
        tenant: &'a TenantId,
        jobs_max: usize,
    ) -> StoreFuture<'a, Vec<(JobKey, StoredJob)>> {
        self.inner.dead(tenant, jobs_max)
    }
}

/// Reports each delivery, then answers when the test permits: with 500 as often as it says.
#[derive(Debug)]
struct Receiver {
    deliveries: mpsc::Sender<Callback>,
    permits: Arc<Semaphore>,
    refusals: Mutex<usize>,
}

impl CallbackSender for Receiver {
    fn deliver(&self, callback: Callback) -> BoxFuture<'_, Result<(), DeliveryError>> {
        Box::pin(async move {
            self.deliveries.send(callback).await.unwrap();
            self.permits.acquire().await.unwrap().forget();
            let mut refusals = self.refusals.lock().unwrap();
            if *refusals == 0 {
                return Ok(());
            }
            *refusals -= 1;
            Err(DeliveryError::Refused { status: 500 })
        })
    }
}

/// Answers turns, but panics at the first one.
#[derive(Debug, Default)]
struct PanickingTurns {
    asked: Mutex<usize>,
}

impl AcceptedTurns for PanickingTurns {
    fn answer<'a>(
        &'a self,
        _: &'a ConversationKey,
        job: &'a StoredJob,
    ) -> BoxFuture<'a, Result<Option<TurnReport>, String>> {
        Box::pin(async move {
            let asked = {
                let mut asked = self.asked.lock().unwrap();
                *asked += 1;
                *asked
            };
            assert!(asked > 1, "the panic that this test is about");
            let body = job.body.clone().into_bytes();
            Ok(Some(TurnReport { event: "turn.answered", body }))
        })
    }
}

/// What goes wrong in a test.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    /// Deliveries answered with 500.
    deliveries: usize,
    /// Outcomes that the store refuses.
    outcomes: usize,
}

struct Harness {
    store: Arc<EmbeddedStore>,
    clock: Arc<ManualClock>,
    calls: watch::Receiver<Calls>,
    deliveries: mpsc::Receiver<Callback>,
    permits: Arc<Semaphore>,
    _runner: JoinSet<()>,
}

impl Harness {
    /// Starts a runner with `running_max` slots, and permits every delivery.
    fn start(running_max: usize, failures: Failures) -> Self {
        let options = samples::options(Path::new(""));
        let inner = Arc::new(EmbeddedStore::in_memory(options).unwrap());
        let clock = Arc::new(ManualClock::new(samples::at(0)));
        let (sender, deliveries) = mpsc::channel(16);
        let permits = Arc::new(Semaphore::new(64));
        let store = Arc::new(CountingStore {
            inner: Arc::clone(&inner),
            calls: watch::Sender::new(Calls::default()),
            refusals: Mutex::new(failures.outcomes),
        });
        let calls = store.calls.subscribe();
        let outbox = Outbox {
            options: OutboxOptions {
                turns_url: "http://shop/turns".to_owned(),
                handoff_url: "http://shop/handoffs".to_owned(),
                attempts_max: 4,
                backoff: BACKOFF,
                backoff_max: BACKOFF * 8,
                running_max,
                waiting_max: 64,
            },
            store,
            callback_sender: Box::new(Receiver {
                deliveries: sender,
                permits: Arc::clone(&permits),
                refusals: Mutex::new(failures.deliveries),
            }),
            clock: Arc::clone(&clock) as SharedClock,
        };
        let mut runner = JoinSet::new();
        runner.spawn(run(Arc::new(outbox), Arc::new(PanickingTurns::default())));
        Self { store: inner, clock, calls, deliveries, permits, _runner: runner }
    }

    /// Waits for calls of the store. The runner continues until it waits as well, because tests run
    /// on one thread.
    async fn called(&mut self, done: impl FnMut(&Calls) -> bool) -> Calls {
        *self.calls.wait_for(done).await.unwrap()
    }

    async fn add(&self, kind: JobKind, conversation: &str) {
        let conversation = samples::conversation_key(conversation);
        let key = JobKey { conversation, id: time_ordered_id(self.clock.now()) };
        let job = StoredJob::new(kind, "{}".to_owned(), self.clock.now());
        self.store.enqueue(key, job, 64).await.unwrap();
    }

    /// Lets every other task run until it waits.
    async fn settle_down(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    async fn delivered(&mut self) -> &'static str {
        self.deliveries.recv().await.unwrap().event
    }
}

#[tokio::test]
async fn a_job_of_a_commit_wakes_an_idle_runner() {
    let mut harness = Harness::start(4, Failures::default());
    harness.called(|calls| calls.reads == 1).await;
    harness.clock.advance(Duration::from_secs(3600));
    harness.settle_down().await;
    assert_eq!(harness.calls.borrow().reads, 1, "an idle runner reads nothing, however long");

    let job = StoredJob::new(JobKind::Handoff, "{}".to_owned(), harness.clock.now());
    let commit = TurnCommit { jobs: vec![job], ..samples::commit("t-1", None, None) };
    let recorded = harness.store.commit(commit).await.unwrap();
    assert!(matches!(recorded, CommitOutcome::Recorded(_)));
    assert_eq!(harness.delivered().await, "handoff.offered");
    harness.called(|calls| calls.settled == 1).await;
    assert!(harness.store.waiting(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_exactly_when_it_is_due() {
    let mut harness = Harness::start(4, Failures { deliveries: 1, ..Failures::default() });
    harness.add(JobKind::Handoff, "t-1").await;
    harness.delivered().await;
    harness.called(|calls| calls.seen_settled == 1).await;
    harness.clock.advance(BACKOFF - Duration::from_millis(1));
    harness.settle_down().await;
    assert!(harness.deliveries.try_recv().is_err(), "delivered before it was due");
    harness.clock.advance(Duration::from_millis(1));
    harness.delivered().await;
    harness.called(|calls| calls.settled == 2).await;
    assert!(harness.store.waiting(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_panicked_attempt_frees_its_slot_and_is_retried() {
    let mut harness = Harness::start(1, Failures::default());
    harness.add(JobKind::Turn, "t-1").await;
    harness.called(|calls| calls.settled == 1).await;
    let [(_, job)] = &harness.store.waiting(9).await.unwrap()[..] else { panic!("one job") };
    assert_eq!(job.attempts, 1);
    assert_eq!(job.last_error.as_deref(), Some("the attempt panicked (a bug in vitrine)"));

    harness.add(JobKind::Handoff, "t-2").await;
    assert_eq!(harness.delivered().await, "handoff.offered", "the only slot is free");
    harness.called(|calls| calls.seen_settled == 2).await;
    harness.clock.advance(BACKOFF);
    assert_eq!(harness.delivered().await, "turn.answered");
    harness.called(|calls| calls.settled == 3).await;
    assert!(harness.store.waiting(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_outcome_that_cannot_be_recorded_is_recorded_later_without_another_delivery() {
    let mut harness = Harness::start(4, Failures { outcomes: 2, ..Failures::default() });
    harness.add(JobKind::Handoff, "t-1").await;
    harness.delivered().await;
    harness.called(|calls| calls.refused == 1).await;
    harness.settle_down().await;
    harness.clock.advance(BACKOFF);
    harness.called(|calls| calls.refused == 2).await;
    harness.settle_down().await;
    harness.clock.advance(BACKOFF * 2);
    harness.called(|calls| calls.settled == 1).await;
    assert!(harness.store.waiting(9).await.unwrap().is_empty());
    assert!(harness.deliveries.try_recv().is_err(), "delivered twice");
}

#[tokio::test]
async fn no_more_than_running_max_jobs_run_at_once_and_each_once() {
    let mut harness = Harness::start(2, Failures::default());
    harness.permits.forget_permits(64);
    for conversation in ["t-1", "t-2", "t-3", "t-4", "t-5"] {
        harness.add(JobKind::Handoff, conversation).await;
    }
    let mut delivered = Vec::new();
    for open in [2, 1, 1, 1] {
        for _ in 0..open {
            delivered.push(harness.deliveries.recv().await.unwrap().delivery);
        }
        harness.settle_down().await;
        assert!(harness.deliveries.try_recv().is_err(), "more than two at once");
        harness.permits.add_permits(1);
    }
    harness.permits.add_permits(1);
    harness.called(|calls| calls.settled == 5).await;
    delivered.sort();
    delivered.dedup();
    assert_eq!(delivered.len(), 5, "each job is delivered once");
    assert!(harness.store.waiting(9).await.unwrap().is_empty());
}
