//! Lets one turn of a thread run at a time, in arrival order, and a message be answered by one
//! turn however often it is delivered meanwhile.
//!
//! A caller first comes with its message ([`TurnGate::arrive`]): the first becomes the leader, the
//! others wait for its answer. The leader asks the store for a recorded answer, enters its thread
//! ([`TurnGate::enter`]), runs the turn, commits, and finishes the flight with the answer.
//! A human's message does not pass here: it takes the thread at once through the store, and then
//! tells the running turn so ([`TurnGate::interrupt`]).
//!
//! Invariants
//! - Nothing is kept for a thread or message that nobody is at: both maps shrink to empty.
//! - Every wait is counted against a limit before it begins.
//! - A caller that stops waiting, or a leader that fails, blocks nobody.

use crate::base::ids::TurnId;
use crate::threads::BodyHash;
use crate::threads::MessageKey;
use crate::threads::StoredAnswer;
use crate::threads::ThreadKey;
use dashmap::DashMap;
use dashmap::Entry;
use std::collections::BTreeMap;
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

/// What a turn is to the turns around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnSort {
    /// Words: newer words make a draft for older ones stale.
    Words,
    /// A choice of its own, such as a tap: neither makes another turn stale nor becomes so.
    Choice,
}

/// Why a running turn should stop drafting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interruption {
    /// A human has taken the thread.
    HumanSpoke,
    /// The customer has gone on writing: this turn came last.
    Newer(TurnId),
}

/// One thread that somebody is at.
#[derive(Debug, Default)]
struct Lane {
    /// First come, first served.
    turn: Arc<Mutex<()>>,
    inside: usize,
    arrivals: u64,
    /// Turns of words that are inside, by arrival.
    words: BTreeMap<u64, TurnId>,
    signal: watch::Sender<Signal>,
}

/// Counters of what happened at a thread; each change wakes the running turn.
#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    arrivals: u64,
    humans: u64,
    turns_over: u64,
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
    // Declared first and so dropped first: who waits for the turn's end finds its lock free, and
    // the lane may go only then.
    _turn: OwnedMutexGuard<()>,
    _over: TurnOver,
    signal: watch::Receiver<Signal>,
    humans_heeded: u64,
    heeds_words: bool,
    seat: LaneSeat,
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
    pub async fn enter(
        &self,
        key: &ThreadKey,
        turn: &TurnId,
        sort: TurnSort,
    ) -> Result<TurnPermit, GateError> {
        let Entering { lock, signal, seat } = self.join_lane(key, turn, sort)?;
        let guard = lock.lock_owned().await;
        let over = TurnOver { signal: signal.clone() };
        let signal = signal.subscribe();
        let humans_heeded = signal.borrow().humans;
        let heeds_words = sort == TurnSort::Words;
        Ok(TurnPermit { _turn: guard, _over: over, signal, humans_heeded, heeds_words, seat })
    }

    /// Tells the turn that runs in this thread that a human has taken it, and waits until that
    /// turn is over: what it still says it has said by then.
    pub async fn interrupt(&self, key: &ThreadKey) {
        let Some((turn, mut signal)) = self.inner.lanes.get(key).map(|lane| {
            let signal = lane.signal.subscribe();
            lane.signal.send_modify(|signal| signal.humans += 1);
            (Arc::clone(&lane.turn), signal)
        }) else {
            return;
        };
        let over = signal.borrow().turns_over;
        if turn.try_lock().is_ok() {
            return;
        }
        // A lane that is gone has nobody inside.
        let _ = signal.wait_for(|signal| signal.turns_over > over).await;
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

    fn join_lane(
        &self,
        key: &ThreadKey,
        turn: &TurnId,
        sort: TurnSort,
    ) -> Result<Entering, GateError> {
        let seat = self.sit()?;
        let waiting_max = self.inner.options.waiting_per_thread_max;
        let mut lane = self.inner.lanes.entry(key.clone()).or_default();
        if lane.inside > waiting_max {
            return Err(GateError::ThreadFull { waiting_max });
        }
        lane.inside += 1;
        lane.arrivals += 1;
        let arrival = lane.arrivals;
        if sort == TurnSort::Words {
            lane.words.insert(arrival, turn.clone());
        }
        lane.signal.send_modify(|signal| signal.arrivals = arrival);
        let seat = LaneSeat { key: key.clone(), arrival, seat };
        Ok(Entering { lock: Arc::clone(&lane.turn), signal: lane.signal.clone(), seat })
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

impl TurnPermit {
    /// From here on [`TurnPermit::interrupted`] tells only of humans who speak later: to be called
    /// before the thread is read.
    pub fn heed_humans(&mut self) {
        self.humans_heeded = self.signal.borrow().humans;
    }

    /// From here on newer words make this turn stale no more.
    pub fn ignore_newer_words(&mut self) {
        self.heeds_words = false;
    }

    /// The newest turn of words that has come to this thread since this one did and makes it stale.
    #[must_use]
    pub fn superseded_by(&self) -> Option<TurnId> {
        if !self.heeds_words {
            return None;
        }
        let lane = self.seat.seat.inner.lanes.get(&self.seat.key)?;
        let (arrival, turn) = lane.words.last_key_value()?;
        (*arrival > self.seat.arrival).then(|| turn.clone())
    }

    /// Waits until there is a reason to stop drafting; for ever if none comes.
    pub async fn interrupted(&self) -> Interruption {
        let mut signal = self.signal.clone();
        loop {
            if signal.borrow_and_update().humans > self.humans_heeded {
                return Interruption::HumanSpoke;
            }
            if let Some(newer) = self.superseded_by() {
                return Interruption::Newer(newer);
            }
            // The lane lives as long as this permit, and the sender with it.
            let _ = signal.changed().await;
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

/// A caller that waits for its turn in a thread.
struct Entering {
    lock: Arc<Mutex<()>>,
    signal: watch::Sender<Signal>,
    seat: LaneSeat,
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

/// Tells those who wait for it that a turn is over.
#[derive(Debug)]
struct TurnOver {
    signal: watch::Sender<Signal>,
}

impl Drop for TurnOver {
    fn drop(&mut self) {
        self.signal.send_modify(|signal| signal.turns_over += 1);
    }
}

/// One caller, counted at a thread.
#[derive(Debug)]
struct LaneSeat {
    key: ThreadKey,
    arrival: u64,
    seat: Seat,
}

impl Drop for LaneSeat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut lane) = self.seat.inner.lanes.entry(self.key.clone()) {
            lane.get_mut().words.remove(&self.arrival);
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

    fn turn(name: &str) -> TurnId {
        TurnId::new(name).unwrap()
    }

    async fn enter(gate: &TurnGate, thread: &str) -> Result<TurnPermit, GateError> {
        gate.enter(&samples::thread_key(thread), &turn("turn"), TurnSort::Words).await
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
                let permit = enter(&gate, &format!("t-{thread}")).await;
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
        let permit = enter(&gate, "t").await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(enter(&gate, "t"))).collect();
        for waiter in &mut waiting {
            assert!(futures::poll!(waiter).is_pending());
        }
        assert_eq!(enter(&gate, "t").await.unwrap_err(), GateError::ThreadFull { waiting_max: 3 });
        drop(waiting.remove(0));
        let mut late = Box::pin(enter(&gate, "t"));
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
        let one = enter(&gate, "a").await.unwrap();
        let _two = enter(&gate, "b").await.unwrap();
        let refused = enter(&gate, "c").await.unwrap_err();
        assert_eq!(refused, GateError::Full { inside_max: 2 });
        drop(one);
        enter(&gate, "c").await.unwrap();
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

    #[tokio::test]
    async fn newer_words_interrupt_older_ones_but_not_a_choice() {
        let gate = TurnGate::new(OPTIONS);
        let key = samples::thread_key("t");
        let first = gate.enter(&key, &turn("first"), TurnSort::Words).await.unwrap();
        let mut interrupted = Box::pin(first.interrupted());
        assert!(futures::poll!(&mut interrupted).is_pending());
        let (tap_id, second_id) = (turn("tap"), turn("second"));
        let mut tap = Box::pin(gate.enter(&key, &tap_id, TurnSort::Choice));
        assert!(futures::poll!(&mut tap).is_pending());
        assert!(futures::poll!(&mut interrupted).is_pending(), "a tap makes no words stale");
        let mut second = Box::pin(gate.enter(&key, &second_id, TurnSort::Words));
        assert!(futures::poll!(&mut second).is_pending());
        assert_eq!(interrupted.await, Interruption::Newer(turn("second")));
        drop(first);
        assert_eq!(tap.await.unwrap().superseded_by(), None);
        assert_eq!(second.await.unwrap().superseded_by(), None);
        assert_eq!(gate.occupied(), (0, 0));
    }

    #[tokio::test]
    async fn words_that_leave_unanswered_make_nothing_stale() {
        let gate = TurnGate::new(OPTIONS);
        let first = enter(&gate, "t").await.unwrap();
        let mut second = Box::pin(enter(&gate, "t"));
        assert!(futures::poll!(&mut second).is_pending());
        assert!(first.superseded_by().is_some());
        drop(second);
        assert_eq!(first.superseded_by(), None);
    }

    #[tokio::test]
    async fn a_human_is_told_when_the_turn_that_was_running_is_over() {
        let gate = TurnGate::new(OPTIONS);
        let key = samples::thread_key("t");
        gate.interrupt(&key).await;
        let mut permit = enter(&gate, "t").await.unwrap();
        let mut human = Box::pin(gate.interrupt(&key));
        assert!(futures::poll!(&mut human).is_pending());
        assert_eq!(permit.interrupted().await, Interruption::HumanSpoke);
        permit.heed_humans();
        assert!(futures::poll!(Box::pin(permit.interrupted())).is_pending());
        assert!(futures::poll!(&mut human).is_pending());
        drop(permit);
        human.await;
        assert_eq!(gate.occupied(), (0, 0));
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
                let names: Vec<_> = (0..4).map(|t| format!("t-{t}")).collect();
                let mut waiting = Vec::new();
                let mut running: Vec<(usize, TurnPermit)> = Vec::new();
                for (step, thread, index) in steps {
                    match step {
                        0 => waiting.push((thread, Box::pin(enter(&gate, &names[thread])))),
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
