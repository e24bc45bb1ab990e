//! What one connection is doing: shared by its socket, its requests and the limits on it.

use crate::http::slots::Slot;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::Notify;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::Sleep;

/// The part of a request that a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between requests: no byte of the next one has arrived.
    Idle,
    /// The headers of a request are arriving.
    Head,
    /// A request is being answered; its body may still be arriving.
    Request,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// The slot of the running request.
    slot: Option<Arc<Slot>>,
}

/// The progress of a connection.
#[derive(Debug)]
pub(crate) struct Progress {
    state: Mutex<State>,
    clock: SharedClock,
    /// Signals each change of the phase.
    pub(crate) changed: Notify,
    /// Signals that the connection must close as soon as it has answered its request.
    pub(crate) close: Notify,
    /// Signals that the connection must close now, although its client may be sending a request.
    pub(crate) abandoned: Notify,
}

impl Progress {
    /// A connection that has just been accepted.
    pub(crate) fn new(clock: SharedClock) -> Self {
        let state = State { phase: Phase::Idle, since: clock.instant(), slot: None };
        let [changed, close, abandoned] = [(); 3].map(|()| Notify::new());
        Self { state: Mutex::new(state), clock, changed, close, abandoned }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let since = self.clock.instant();
        *self.state() = State { phase, since, slot: None };
        self.changed.notify_one();
    }

    /// Bytes have arrived.
    pub(crate) fn received(&self) {
        if self.phase().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// The headers of a request are complete.
    pub(crate) fn request_begins(&self) {
        self.enter(Phase::Request);
    }

    /// The answer to a request has been handed to the socket.
    pub(crate) fn answer_ends(&self) {
        self.enter(Phase::Idle);
    }

    /// The phase, and when it began.
    pub(crate) fn phase(&self) -> (Phase, Instant) {
        let state = self.state();
        (state.phase, state.since)
    }

    /// The slot that the running request holds.
    pub(crate) fn hold(&self, slot: &Arc<Slot>) {
        self.state().slot = Some(Arc::clone(slot));
    }

    /// Frees the slot of the running request, whose client does not read the answer.
    pub(crate) fn release_slot(&self) {
        if let Some(slot) = self.state().slot.take() {
            slot.release();
        }
    }

    /// Waits on the connection's clock.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        self.clock.sleep(duration)
    }

    /// The clock of the connection.
    pub(crate) fn clock(&self) -> &SharedClock {
        &self.clock
    }
}
