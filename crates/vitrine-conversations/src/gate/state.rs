//! State of the gate: who runs, who waits, and how many callers there are in total.

use crate::body_hash::BodyHash;
use crate::commit::StoredAnswer;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::MessageKey;
use dashmap::DashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;
use tokio::sync::watch;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::TurnId;

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
    pub(super) state: Arc<GateState>,
}

#[derive(Debug)]
pub(super) struct GateState {
    pub(super) options: GateOptions,
    pub(super) lanes: DashMap<ConversationKey, Lane>,
    pub(super) flights: DashMap<MessageKey, FlightEntry>,
    pub(super) reserved: DashMap<CustomerKey, Reservation>,
    pub(super) inside: AtomicUsize,
}

impl TurnGate {
    /// A gate without callers.
    #[must_use]
    pub fn new(options: GateOptions) -> Self {
        let inside = AtomicUsize::new(0);
        let (lanes, flights, reserved) = (DashMap::new(), DashMap::new(), DashMap::new());
        let state = GateState { options, lanes, flights, reserved, inside };
        Self { state: Arc::new(state) }
    }

    /// Number of conversations and of messages that have callers; both are 0 when the gateway is
    /// idle.
    #[must_use]
    pub fn occupied(&self) -> (usize, usize) {
        (self.state.lanes.len(), self.state.flights.len())
    }

    pub(super) fn count_caller(&self) -> Result<CallerPermit, GateError> {
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
pub(super) struct CallerPermit {
    pub(super) state: Arc<GateState>,
}

impl Drop for CallerPermit {
    fn drop(&mut self) {
        self.state.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Queue of one conversation that has a running or waiting turn.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Held by the running turn; tokio's mutex is fair, so turns run in arrival order.
    pub(super) turn: Arc<Mutex<()>>,
    pub(super) inside: usize,
    pub(super) arrivals: u64,
    /// Text turns, running and waiting, by arrival number.
    pub(super) texts: BTreeMap<u64, TurnId>,
    pub(super) events: watch::Sender<LaneEvents>,
}

/// Event counters of a conversation; each change wakes the running turn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LaneEvents {
    pub(super) arrivals: u64,
    pub(super) humans: u64,
    pub(super) turns_over: u64,
}

/// A message that is being answered.
#[derive(Debug)]
pub(super) struct FlightEntry {
    pub(super) body_hash: BodyHash,
    pub(super) answer: watch::Receiver<Option<StoredAnswer>>,
    pub(super) waiting: Arc<AtomicUsize>,
}

/// The reserved conversation of one customer, and how many callers hold it.
#[derive(Debug)]
pub(super) struct Reservation {
    pub(super) conversation: ConversationId,
    pub(super) holders: usize,
}
