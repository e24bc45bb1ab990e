//! Turns of one conversation: one at a time, in arrival order, with interruption of the running
//! one.

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

/// How a turn interacts with other turns of its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnSort {
    /// A text message: a newer one supersedes the turns of older ones.
    Words,
    /// A choice, such as a tapped option or a STOP: it neither supersedes another turn nor is
    /// superseded.
    Choice,
}

/// Why a running turn should stop drafting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interruption {
    /// A human has taken over the conversation.
    HumanSpoke,
    /// A newer message supersedes this turn; the newest turn is given.
    Newer(TurnId),
}

/// Queue of one conversation that has a running or waiting turn.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Held by the running turn; tokio's mutex is fair, so turns run in arrival order.
    turn: Arc<Mutex<()>>,
    inside: usize,
    arrivals: u64,
    /// Text turns, running and waiting, by arrival number.
    words: BTreeMap<u64, TurnId>,
    signal: watch::Sender<Signal>,
}

/// Event counters of a conversation; each change wakes the running turn.
#[derive(Debug, Clone, Copy, Default)]
struct Signal {
    arrivals: u64,
    humans: u64,
    turns_over: u64,
}

/// Permission to run a turn of one conversation. Dropping it lets the next turn in.
#[derive(Debug)]
pub struct TurnPermit {
    // Field order is drop order: the lock is released before `turns_over` is announced, so that
    // `interrupt` wakes up to a free lock; the lane may be removed only after both.
    _turn: OwnedMutexGuard<()>,
    _over: TurnOver,
    signal: watch::Receiver<Signal>,
    humans_heeded: u64,
    heeds_words: bool,
    seat: LaneSeat,
}

impl TurnGate {
    /// Waits until all earlier turns of this conversation are over.
    ///
    /// # Errors
    /// [`GateError::ThreadFull`] or [`GateError::Full`], without waiting.
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

    /// Interrupts the running turn because a human has taken over the conversation, and waits until
    /// that turn is over. After this no reply of that turn can follow.
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
        // An error means that the lane is gone, and with it the turn.
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
    /// Makes [`TurnPermit::interrupted`] report only takeovers from now on. Call it before loading
    /// the conversation, so that earlier takeovers are visible in the loaded record.
    pub fn heed_humans(&mut self) {
        self.humans_heeded = self.signal.borrow().humans;
    }

    /// Makes this turn immune to newer messages from now on.
    pub fn ignore_newer_words(&mut self) {
        self.heeds_words = false;
    }

    /// The newest text turn that arrived after this one; `None` if there is none or this turn
    /// cannot be superseded.
    #[must_use]
    pub fn superseded_by(&self) -> Option<TurnId> {
        if !self.heeds_words {
            return None;
        }
        let lane = self.seat.seat.inner.lanes.get(&self.seat.key)?;
        let (arrival, turn) = lane.words.last_key_value()?;
        (*arrival > self.seat.arrival).then(|| turn.clone())
    }

    /// Waits for a reason to stop drafting; never returns if none comes.
    pub async fn interrupted(&self) -> Interruption {
        let mut signal = self.signal.clone();
        loop {
            if signal.borrow_and_update().humans > self.humans_heeded {
                return Interruption::HumanSpoke;
            }
            if let Some(newer) = self.superseded_by() {
                return Interruption::Newer(newer);
            }
            // The permit keeps the lane and its sender alive, so this cannot fail.
            let _ = signal.changed().await;
        }
    }
}

/// A caller registered in a lane, waiting for its turn.
struct Entering {
    lock: Arc<Mutex<()>>,
    signal: watch::Sender<Signal>,
    seat: LaneSeat,
}

/// Announces the end of a turn when dropped.
#[derive(Debug)]
struct TurnOver {
    signal: watch::Sender<Signal>,
}

impl Drop for TurnOver {
    fn drop(&mut self) {
        self.signal.send_modify(|signal| signal.turns_over += 1);
    }
}

/// A caller counted in the lane of a conversation; dropping it releases the count.
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
