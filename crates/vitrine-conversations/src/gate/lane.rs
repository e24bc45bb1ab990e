//! Turns of one conversation: one at a time, in arrival order, with interruption of the running
//! one.

use crate::gate::state::CallerPermit;
use crate::gate::state::GateError;
use crate::gate::state::LaneEvents;
use crate::gate::state::TurnGate;
use crate::keys::ConversationKey;
use dashmap::Entry;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::sync::watch;
use vitrine_base::ids::TurnId;

/// How a turn interacts with other turns of its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnInput {
    /// A text message: a newer one supersedes the turns of older ones.
    Text,
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

/// Permission to run a turn of one conversation. Dropping it lets the next turn in.
#[derive(Debug)]
pub struct TurnPermit {
    // Field order is drop order: the lock is released before `turns_over` is announced, so that
    // `interrupt` wakes up to a free lock; the lane may be removed only after both.
    _turn: OwnedMutexGuard<()>,
    _over: TurnOver,
    events: watch::Receiver<LaneEvents>,
    humans_seen: u64,
    can_be_superseded: bool,
    caller: LanePermit,
}

impl TurnGate {
    /// Waits until all earlier turns of this conversation are over.
    ///
    /// # Errors
    /// [`GateError::ConversationFull`] or [`GateError::Full`], without waiting.
    pub async fn enter(
        &self,
        key: &ConversationKey,
        turn: &TurnId,
        sort: TurnInput,
    ) -> Result<TurnPermit, GateError> {
        let Entering { lock, events, caller } = self.join_lane(key, turn, sort)?;
        let guard = lock.lock_owned().await;
        let over = TurnOver { events: events.clone() };
        let events = events.subscribe();
        let humans_seen = events.borrow().humans;
        let can_be_superseded = sort == TurnInput::Text;
        Ok(TurnPermit { _turn: guard, _over: over, events, humans_seen, can_be_superseded, caller })
    }

    /// Interrupts the running turn because a human has taken over the conversation, and waits until
    /// that turn is over. After this no reply of that turn can follow.
    pub async fn interrupt(&self, key: &ConversationKey) {
        let Some((turn, mut events)) = self.state.lanes.get(key).map(|lane| {
            let events = lane.events.subscribe();
            lane.events.send_modify(|events| events.humans += 1);
            (Arc::clone(&lane.turn), events)
        }) else {
            return;
        };
        let over = events.borrow().turns_over;
        if turn.try_lock().is_ok() {
            return;
        }
        // An error means that the lane is gone, and with it the turn.
        let _ = events.wait_for(|events| events.turns_over > over).await;
    }

    fn join_lane(
        &self,
        key: &ConversationKey,
        turn: &TurnId,
        sort: TurnInput,
    ) -> Result<Entering, GateError> {
        let caller = self.count_caller()?;
        let waiting_max = self.state.options.waiting_per_conversation_max;
        let mut lane = self.state.lanes.entry(key.clone()).or_default();
        if lane.inside > waiting_max {
            return Err(GateError::ConversationFull { waiting_max });
        }
        lane.inside += 1;
        lane.arrivals += 1;
        let arrival = lane.arrivals;
        if sort == TurnInput::Text {
            lane.texts.insert(arrival, turn.clone());
        }
        lane.events.send_modify(|events| events.arrivals = arrival);
        let caller = LanePermit { key: key.clone(), arrival, caller };
        Ok(Entering { lock: Arc::clone(&lane.turn), events: lane.events.clone(), caller })
    }
}

impl TurnPermit {
    /// Makes [`TurnPermit::interrupted`] report only takeovers from now on. Call it before loading
    /// the conversation, so that earlier takeovers are visible in the loaded record.
    pub fn ignore_earlier_takeovers(&mut self) {
        self.humans_seen = self.events.borrow().humans;
    }

    /// Makes this turn immune to newer messages from now on.
    pub fn ignore_newer_text(&mut self) {
        self.can_be_superseded = false;
    }

    /// The newest text turn that arrived after this one; `None` if there is none or this turn
    /// cannot be superseded.
    #[must_use]
    pub fn superseded_by(&self) -> Option<TurnId> {
        if !self.can_be_superseded {
            return None;
        }
        let lane = self.caller.caller.state.lanes.get(&self.caller.key)?;
        let (arrival, turn) = lane.texts.last_key_value()?;
        (*arrival > self.caller.arrival).then(|| turn.clone())
    }

    /// Waits for a reason to stop drafting; never returns if none comes.
    pub async fn interrupted(&self) -> Interruption {
        let mut events = self.events.clone();
        loop {
            if events.borrow_and_update().humans > self.humans_seen {
                return Interruption::HumanSpoke;
            }
            if let Some(newer) = self.superseded_by() {
                return Interruption::Newer(newer);
            }
            // The permit keeps the lane and its sender alive, so this cannot fail.
            let _ = events.changed().await;
        }
    }
}

/// A caller registered in a lane, waiting for its turn.
struct Entering {
    lock: Arc<Mutex<()>>,
    events: watch::Sender<LaneEvents>,
    caller: LanePermit,
}

/// Announces the end of a turn when dropped.
#[derive(Debug)]
struct TurnOver {
    events: watch::Sender<LaneEvents>,
}

impl Drop for TurnOver {
    fn drop(&mut self) {
        self.events.send_modify(|events| events.turns_over += 1);
    }
}

/// A caller counted in the lane of a conversation; dropping it releases the count.
#[derive(Debug)]
struct LanePermit {
    key: ConversationKey,
    arrival: u64,
    caller: CallerPermit,
}

impl Drop for LanePermit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut lane) = self.caller.state.lanes.entry(self.key.clone()) {
            lane.get_mut().texts.remove(&self.arrival);
            lane.get_mut().inside -= 1;
            if lane.get().inside == 0 {
                lane.remove();
            }
        }
    }
}
