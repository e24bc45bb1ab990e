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

mod flight;
mod lane;

pub use crate::gate::flight::Arrival;
pub use crate::gate::flight::Flight;
pub use crate::gate::lane::Interruption;
pub use crate::gate::lane::TurnPermit;
pub use crate::gate::lane::TurnSort;

use crate::MessageKey;
use crate::ThreadKey;
use crate::gate::flight::FlightEntry;
use crate::gate::lane::Lane;
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

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

impl TurnGate {
    /// A gate that nobody is at.
    #[must_use]
    pub fn new(options: GateOptions) -> Self {
        let inside = AtomicUsize::new(0);
        let inner = Inner { options, lanes: DashMap::new(), flights: DashMap::new(), inside };
        Self { inner: Arc::new(inner) }
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

#[cfg(test)]
mod tests;
