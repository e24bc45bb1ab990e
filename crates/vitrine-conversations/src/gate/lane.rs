//! Turns of one thread, one at a time and in arrival order, and what interrupts the running one.

use crate::ThreadKey;
use crate::gate::GateError;
use crate::gate::Seat;
use crate::gate::TurnGate;
use dashmap::Entry;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::watch;
use vitrine_base::ids::TurnId;

/// What a turn is to the turns around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnSort {
    /// Words: newer words make a draft for older ones stale.
    Words,
    /// A choice of its own, such as a tap or a STOP: neither makes another turn stale nor becomes
    /// so.
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
pub(super) struct Lane {
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

impl TurnGate {
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

/// A caller that waits for its turn in a thread.
struct Entering {
    lock: Arc<Mutex<()>>,
    signal: watch::Sender<Signal>,
    seat: LaneSeat,
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
