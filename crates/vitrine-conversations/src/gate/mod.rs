//! Admission of turns: runs one turn of a conversation at a time, in arrival order, and answers a
//! message once even if it is delivered several times at once.
//!
//! A delivery first registers its message ([`TurnGate::arrive`]): the first becomes the leader,
//! later ones wait for its answer. The leader checks the store for a recorded answer, enters the
//! conversation ([`TurnGate::enter`]), runs the turn, commits it and finishes the flight with the
//! answer. A message from a human of the shop bypasses the gate: it takes over the conversation in
//! the store at once, then interrupts the running turn ([`TurnGate::interrupt`]).
//!
//! Invariants
//! - A conversation or message without callers has no entry: both maps shrink to empty.
//! - Every wait is counted against a limit before it begins.
//! - A caller that stops waiting, or a leader that fails, never blocks the others.

mod flight;
mod lane;

pub use crate::gate::flight::Flight;
pub use crate::gate::flight::MessageArrival;
pub use crate::gate::lane::Interruption;
pub use crate::gate::lane::TurnInput;
pub use crate::gate::lane::TurnPermit;

use crate::ConversationKey;
use crate::MessageKey;
use crate::gate::flight::FlightEntry;
use crate::gate::lane::Lane;
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Limits on waiting callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateOptions {
    /// Turns of one conversation that may wait behind the running one; recommended 32.
    pub waiting_per_conversation_max: usize,
    /// Deliveries of one message that may wait for its answer; recommended 64.
    pub waiting_per_message_max: usize,
    /// Callers in total, running and waiting; each counts once for its message and once for its
    /// conversation. Recommended 2,048.
    pub inside_max: usize,
}

/// Why a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// Too many turns of this conversation are waiting. Retrying later can help.
    #[error("conversation has {waiting_max} turns waiting, which is the limit; retry later")]
    ConversationFull {
        /// The limit, in turns.
        waiting_max: usize,
    },
    /// Too many deliveries of this message are waiting. Retrying later can help.
    #[error("message has {waiting_max} deliveries waiting, which is the limit; retry later")]
    MessageFull {
        /// The limit, in deliveries.
        waiting_max: usize,
    },
    /// Too many callers in total. Retrying later can help.
    #[error("{inside_max} turns and messages are in progress, which is the limit; retry later")]
    Full {
        /// The limit, in callers.
        inside_max: usize,
    },
    /// The message id is being answered with another request body.
    #[error("message id is being answered with another request body")]
    BodyDiffers,
}

/// The turn gate of the process; clones share one state.
#[derive(Debug, Clone)]
pub struct TurnGate {
    state: Arc<GateState>,
}

#[derive(Debug)]
struct GateState {
    options: GateOptions,
    lanes: DashMap<ConversationKey, Lane>,
    flights: DashMap<MessageKey, FlightEntry>,
    inside: AtomicUsize,
}

impl TurnGate {
    /// A gate without callers.
    #[must_use]
    pub fn new(options: GateOptions) -> Self {
        let inside = AtomicUsize::new(0);
        let state = GateState { options, lanes: DashMap::new(), flights: DashMap::new(), inside };
        Self { state: Arc::new(state) }
    }

    /// Number of conversations and of messages that have callers; both are 0 when the gateway is
    /// idle.
    #[must_use]
    pub fn occupied(&self) -> (usize, usize) {
        (self.state.lanes.len(), self.state.flights.len())
    }

    fn count_caller(&self) -> Result<CallerPermit, GateError> {
        let inside_max = self.state.options.inside_max;
        let counted = self.state.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
            (now < inside_max).then_some(now + 1)
        });
        match counted {
            Ok(_) => Ok(CallerPermit { state: Arc::clone(&self.state) }),
            Err(_) => Err(GateError::Full { inside_max }),
        }
    }
}

/// A caller counted against `inside_max`; dropping it releases the count.
#[derive(Debug)]
struct CallerPermit {
    state: Arc<GateState>,
}

impl Drop for CallerPermit {
    fn drop(&mut self) {
        self.state.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
