//! Lets one turn of a thread run at a time, in arrival order, and a message be answered by one
//! turn however often it is delivered meanwhile.
//!
//! A caller first comes with its message ([`TurnGate::arrive`]): the first becomes the leader, the
//! others wait for its answer. The leader asks the store for a recorded answer, enters its thread
//! ([`TurnGate::enter`]), runs the turn, commits, and finishes the flight with the answer.
//! A human's message does not pass here: it takes the thread at once through the store.
//!
//! Invariants
//! - Nothing is kept for a thread or message that nobody is at: both maps shrink to empty.
//! - Every wait is counted against a limit before it begins.
//! - A caller that stops waiting, or a leader that fails, blocks nobody.

use crate::threads::BodyHash;
use crate::threads::MessageKey;
use crate::threads::StoredAnswer;
use crate::threads::ThreadKey;
use dashmap::DashMap;
use dashmap::Entry;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::watch;

/// How many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateOptions {
    /// Turns of one thread that may wait behind the running one; recommended 16.
    pub waiting_per_thread_max: usize,
    /// Deliveries of one message that may wait for its first; recommended 64.
    pub waiting_per_message_max: usize,
    /// Callers at the gate at all, running and waiting, each counted once for its message and
    /// once for its thread; recommended 8,192.
    pub inside_max: usize,
}

/// Why a caller is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Too many turns of this thread wait. Retrying later can help.
    #[error("thread has {waiting_max} turns waiting, which is the limit")]
    ThreadFull {
        /// The limit.
        waiting_max: usize,
    },
    /// Too many deliveries of this message wait. Retrying later can help.
    #[error("message has {waiting_max} deliveries waiting, which is the limit")]
    MessageFull {
        /// The limit.
        waiting_max: usize,
    },
    /// Too many callers at all. Retrying later can help.
    #[error("gate holds {inside_max} callers, which is the limit")]
    Full {
        /// The limit.
        inside_max: usize,
    },
    /// The message is being answered now, with another body.
    #[error("message id is in use for another body")]
    BodyDiffers,
}

/// The gate; clones share it.
#[derive(Debug, Clone)]
pub struct TurnGate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: GateOptions,
    lanes: DashMap<ThreadKey, Lane>,
    flights: DashMap<MessageKey, FlightEntry>,
    inside: AtomicUsize,
}

/// One thread that somebody is at.
#[derive(Debug, Default)]
struct Lane {
    /// First come, first served.
    turn: Arc<Mutex<()>>,
    inside: usize,
}

/// One message that is being answered.
#[derive(Debug)]
struct FlightEntry {
    body_hash: BodyHash,
    answer: watch::Receiver<Option<StoredAnswer>>,
    waiting: Arc<AtomicUsize>,
}

/// The right to run a turn of one thread; dropping it lets the next one in.
#[derive(Debug)]
pub struct TurnPermit {
    // Declared first and so dropped first: the lane may go only when its turn is free.
    _turn: OwnedMutexGuard<()>,
    _seat: LaneSeat,
}

/// What a message's arrival comes to.
#[derive(Debug)]
pub enum Arrival {
    /// It is the first: answer it, then [`Flight::finish`].
    First(Flight),
    /// It was being answered already, with this answer.
    Answered(StoredAnswer),
}

/// The duty to answer a message; dropped unfinished, it passes to one of those who wait.
#[derive(Debug)]
pub struct Flight {
    key: MessageKey,
    answer: watch::Sender<Option<StoredAnswer>>,
    seat: Seat,
}

impl TurnGate {
    /// A gate that nobody is at.
    #[must_use]
    pub fn new(options: GateOptions) -> Self {
        let inside = AtomicUsize::new(0);
        let inner = Inner { options, lanes: DashMap::new(), flights: DashMap::new(), inside };
        Self { inner: Arc::new(inner) }
    }

    /// Waits until every turn of this thread that came earlier is over.
    ///
    /// # Errors
    /// [`GateError::ThreadFull`] or [`GateError::Full`], at once.
    pub async fn enter(&self, key: &ThreadKey) -> Result<TurnPermit, GateError> {
        let (turn, seat) = self.join_lane(key)?;
        Ok(TurnPermit { _turn: turn.lock_owned().await, _seat: seat })
    }

    /// Announces a message: the first delivery gets the duty to answer it, a further one waits for
    /// that answer.
    ///
    /// # Errors
    /// [`GateError::BodyDiffers`], [`GateError::MessageFull`] or [`GateError::Full`], at once.
    pub async fn arrive(&self, key: &MessageKey, body: BodyHash) -> Result<Arrival, GateError> {
        loop {
            let (mut answer, _place) = match self.join_flight(key, body)? {
                Joined::Leads(flight) => return Ok(Arrival::First(flight)),
                Joined::Follows { answer, place } => (answer, place),
            };
            if let Ok(answer) = answer.wait_for(Option::is_some).await
                && let Some(answer) = &*answer
            {
                return Ok(Arrival::Answered(answer.clone()));
            }
            // The leader gave up: one of those who waited leads now.
        }
    }

    /// Threads and messages that somebody is at; 0 and 0 when all is quiet.
    #[must_use]
    pub fn occupied(&self) -> (usize, usize) {
        (self.inner.lanes.len(), self.inner.flights.len())
    }

    fn sit(&self) -> Result<Seat, GateError> {
        let inside_max = self.inner.options.inside_max;
        let counted = self.inner.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
            (now < inside_max).then_some(now + 1)
        });
        match counted {
            Ok(_) => Ok(Seat { inner: Arc::clone(&self.inner) }),
            Err(_) => Err(GateError::Full { inside_max }),
        }
    }

    fn join_lane(&self, key: &ThreadKey) -> Result<(Arc<Mutex<()>>, LaneSeat), GateError> {
        let seat = self.sit()?;
        let waiting_max = self.inner.options.waiting_per_thread_max;
        let mut lane = self.inner.lanes.entry(key.clone()).or_default();
        if lane.inside > waiting_max {
            return Err(GateError::ThreadFull { waiting_max });
        }
        lane.inside += 1;
        Ok((Arc::clone(&lane.turn), LaneSeat { key: key.clone(), seat }))
    }

    fn join_flight(&self, key: &MessageKey, body_hash: BodyHash) -> Result<Joined, GateError> {
        let seat = self.sit()?;
        let waiting_max = self.inner.options.waiting_per_message_max;
        match self.inner.flights.entry(key.clone()) {
            Entry::Vacant(vacant) => {
                let (sender, answer) = watch::channel(None);
                let waiting = Arc::new(AtomicUsize::new(0));
                vacant.insert(FlightEntry { body_hash, answer, waiting });
                Ok(Joined::Leads(Flight { key: key.clone(), answer: sender, seat }))
            }
            Entry::Occupied(entry) => {
                let flight = entry.get();
                if flight.body_hash != body_hash {
                    return Err(GateError::BodyDiffers);
                }
                if flight.waiting.load(Ordering::Acquire) >= waiting_max {
                    return Err(GateError::MessageFull { waiting_max });
                }
                flight.waiting.fetch_add(1, Ordering::AcqRel);
                let place = Place { waiting: Arc::clone(&flight.waiting), _seat: seat };
                Ok(Joined::Follows { answer: flight.answer.clone(), place })
            }
        }
    }
}

impl Flight {
    /// Gives the answer to everybody who waits for it.
    pub fn finish(self, answer: StoredAnswer) {
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // The entry goes before the sender does: who is woken by that finds the message free.
        self.seat.inner.flights.remove(&self.key);
    }
}

enum Joined {
    Leads(Flight),
    Follows { answer: watch::Receiver<Option<StoredAnswer>>, place: Place },
}

/// One caller, counted at the gate.
#[derive(Debug)]
struct Seat {
    inner: Arc<Inner>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.inner.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One caller, counted at a thread.
#[derive(Debug)]
struct LaneSeat {
    key: ThreadKey,
    seat: Seat,
}

impl Drop for LaneSeat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut lane) = self.seat.inner.lanes.entry(self.key.clone()) {
            lane.get_mut().inside -= 1;
            if lane.get().inside == 0 {
                lane.remove();
            }
        }
    }
}

/// One caller, counted at a message it waits for.
struct Place {
    waiting: Arc<AtomicUsize>,
    _seat: Seat,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::tests::samples;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::sync::Mutex as StdMutex;
    use tokio::task::JoinSet;
    use tokio::task::yield_now;

    const OPTIONS: GateOptions =
        GateOptions { waiting_per_thread_max: 3, waiting_per_message_max: 2, inside_max: 64 };

    fn body() -> BodyHash {
        BodyHash::of(b"body")
    }

    fn stored() -> StoredAnswer {
        StoredAnswer {
            thread: samples::thread_key("t"),
            sequence: 0,
            body_hash: body(),
            answer: samples::answer("m", "hello"),
        }
    }

    #[tokio::test]
    async fn turns_of_a_thread_run_in_arrival_order_and_never_two_at_once() {
        let options = GateOptions { waiting_per_thread_max: 1000, inside_max: 1000, ..OPTIONS };
        let gate = TurnGate::new(options);
        let log = Arc::new(StdMutex::new(HashMap::<usize, Vec<usize>>::new()));
        let mut tasks = JoinSet::new();
        for arrival in 0..300_usize {
            let (gate, log) = (gate.clone(), Arc::clone(&log));
            tasks.spawn(async move {
                let thread = arrival % 7;
                let permit = gate.enter(&samples::thread_key(&format!("t-{thread}"))).await;
                let before = log.lock().unwrap().entry(thread).or_default().len();
                for _ in 0..arrival % 5 {
                    yield_now().await;
                }
                let mut log = log.lock().unwrap();
                let turns = log.get_mut(&thread).unwrap();
                assert_eq!(turns.len(), before, "two turns of one thread ran at once");
                turns.push(arrival);
                drop(permit.unwrap());
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        for turns in log.lock().unwrap().values() {
            assert!(turns.is_sorted(), "{turns:?}");
        }
        assert_eq!(gate.occupied(), (0, 0));
    }

    #[tokio::test]
    async fn a_thread_takes_no_more_waiters_than_allowed_and_forgets_those_who_leave() {
        let gate = TurnGate::new(OPTIONS);
        let key = samples::thread_key("t");
        let permit = gate.enter(&key).await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(gate.enter(&key))).collect();
        for waiter in &mut waiting {
            assert!(futures::poll!(waiter).is_pending());
        }
        assert_eq!(gate.enter(&key).await.unwrap_err(), GateError::ThreadFull { waiting_max: 3 });
        drop(waiting.remove(0));
        let mut late = Box::pin(gate.enter(&key));
        assert!(futures::poll!(&mut late).is_pending());
        drop(permit);
        assert!(futures::poll!(&mut late).is_pending(), "the late one passed two that waited");
        drop(waiting);
        drop(late.await.unwrap());
        assert_eq!(gate.occupied(), (0, 0));
        assert_eq!(gate.inner.inside.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn the_gate_as_a_whole_is_bounded() {
        let gate = TurnGate::new(GateOptions { inside_max: 2, ..OPTIONS });
        let one = gate.enter(&samples::thread_key("a")).await.unwrap();
        let _two = gate.enter(&samples::thread_key("b")).await.unwrap();
        let refused = gate.enter(&samples::thread_key("c")).await.unwrap_err();
        assert_eq!(refused, GateError::Full { inside_max: 2 });
        drop(one);
        gate.enter(&samples::thread_key("c")).await.unwrap();
    }

    #[tokio::test]
    async fn a_second_delivery_waits_for_the_answer_of_the_first() {
        let gate = TurnGate::new(OPTIONS);
        let key = samples::message_key("m");
        let Arrival::First(flight) = gate.arrive(&key, body()).await.unwrap() else {
            unreachable!("nobody came before")
        };
        let mut second = Box::pin(gate.arrive(&key, body()));
        let mut third = Box::pin(gate.arrive(&key, body()));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(futures::poll!(&mut third).is_pending());
        let fourth = gate.arrive(&key, body()).await.unwrap_err();
        assert_eq!(fourth, GateError::MessageFull { waiting_max: 2 });
        let other = gate.arrive(&key, BodyHash::of(b"other")).await.unwrap_err();
        assert_eq!(other, GateError::BodyDiffers);
        flight.finish(stored());
        for waiter in [second, third] {
            assert!(matches!(waiter.await.unwrap(), Arrival::Answered(found) if found == stored()));
        }
        assert_eq!(gate.occupied(), (0, 0));
    }

    #[tokio::test]
    async fn a_leader_that_fails_passes_its_duty_on() {
        let gate = TurnGate::new(OPTIONS);
        let key = samples::message_key("m");
        let first = gate.arrive(&key, body()).await.unwrap();
        let mut second = Box::pin(gate.arrive(&key, body()));
        let mut third = Box::pin(gate.arrive(&key, body()));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(futures::poll!(&mut third).is_pending());
        drop(first);
        let Arrival::First(flight) = second.await.unwrap() else {
            unreachable!("the leader has gone without an answer")
        };
        assert!(futures::poll!(&mut third).is_pending());
        flight.finish(stored());
        assert!(matches!(third.await.unwrap(), Arrival::Answered(_)));
        assert_eq!(gate.occupied(), (0, 0));
        assert_eq!(gate.inner.inside.load(Ordering::Acquire), 0);
    }

    fn steps() -> impl Strategy<Value = Vec<(u8, usize, prop::sample::Index)>> {
        prop::collection::vec((0_u8..3, 0_usize..4, any::<prop::sample::Index>()), 0..80)
    }

    proptest! {
        /// Callers come, are polled and leave in any order: never two in one thread, nothing left.
        #[test]
        fn no_order_of_comings_and_goings_leaks_or_overlaps(steps in steps()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let gate = TurnGate::new(OPTIONS);
                let keys: Vec<_> =
                    (0..4).map(|t| samples::thread_key(&format!("t-{t}"))).collect();
                let mut waiting = Vec::new();
                let mut running: Vec<(usize, TurnPermit)> = Vec::new();
                for (step, thread, index) in steps {
                    match step {
                        0 => waiting.push((thread, Box::pin(gate.enter(&keys[thread])))),
                        1 if !waiting.is_empty() => {
                            drop(waiting.remove(index.index(waiting.len())));
                        }
                        _ if !running.is_empty() => {
                            drop(running.remove(index.index(running.len())));
                        }
                        _ => {}
                    }
                    let mut still = Vec::new();
                    for (thread, mut future) in waiting {
                        match futures::poll!(&mut future) {
                            std::task::Poll::Ready(Ok(permit)) => running.push((thread, permit)),
                            std::task::Poll::Ready(Err(_)) => {}
                            std::task::Poll::Pending => still.push((thread, future)),
                        }
                    }
                    waiting = still;
                    for thread in 0..4 {
                        let inside = running.iter().filter(|(of, _)| *of == thread).count();
                        assert!(inside <= 1);
                        let behind = waiting.iter().filter(|(of, _)| *of == thread).count();
                        assert!(inside == 1 || behind == 0, "a free thread makes others wait");
                    }
                }
                drop(waiting);
                drop(running);
                assert_eq!(gate.occupied(), (0, 0));
                assert_eq!(gate.inner.inside.load(Ordering::Acquire), 0);
            });
        }
    }
}
