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
mod reserve;
mod state;

pub use crate::gate::flight::Flight;
pub use crate::gate::flight::MessageArrival;
pub use crate::gate::lane::Interruption;
pub use crate::gate::lane::TurnInput;
pub use crate::gate::lane::TurnPermit;
pub use crate::gate::reserve::ReservedConversation;
pub use crate::gate::state::GateError;
pub use crate::gate::state::GateOptions;
pub use crate::gate::state::TurnGate;

#[cfg(test)]
mod tests;
