//! State machine of a conversation's owner: bot → offered → human → released → bot.
//!
//! Pure. Concurrent changes are resolved by the store, which compares the conversation's version on
//! commit.
//!
//! Invariants
//! - Every change of state raises the epoch by one; an event without effect returns the value
//!   unchanged.
//! - A message from a human makes the human the owner, in any state.

use crate::record::OwnerState;
use crate::record::Ownership;
use jiff::Timestamp;

/// Event that may change the owner of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerEvent {
    /// The bot requested a human.
    HandoffOffered,
    /// A human of the shop wrote, or took over the conversation.
    HumanSpoke,
    /// The human handed the conversation back, or the hand-off request was withdrawn.
    Released,
    /// The customer wrote.
    CustomerSpoke,
}

impl Ownership {
    /// The ownership after an event; `now` becomes the time of the change.
    #[must_use]
    pub fn after(self, event: OwnerEvent, now: Timestamp) -> Self {
        let state = match (self.state, event) {
            (OwnerState::Bot, OwnerEvent::HandoffOffered) => OwnerState::Offered,
            (_, OwnerEvent::HumanSpoke) => OwnerState::Human,
            (OwnerState::Human | OwnerState::Offered, OwnerEvent::Released) => OwnerState::Released,
            (OwnerState::Released, OwnerEvent::CustomerSpoke) => OwnerState::Bot,
            (state, _) => state,
        };
        if state == self.state {
            return self;
        }
        Self { state, epoch: self.epoch.saturating_add(1), since: now }
    }

    /// Whether the bot may draft and send a reply.
    #[must_use]
    pub fn bot_may_reply(self) -> bool {
        matches!(self.state, OwnerState::Bot | OwnerState::Offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(state: OwnerState, event: OwnerEvent) -> (OwnerState, u64) {
        let next = Ownership { state, epoch: 4, since: Timestamp::UNIX_EPOCH }
            .after(event, Timestamp::UNIX_EPOCH);
        (next.state, next.epoch)
    }

    #[test]
    fn a_conversation_passes_from_bot_to_human_and_back() {
        assert_eq!(after(OwnerState::Bot, OwnerEvent::HandoffOffered), (OwnerState::Offered, 5));
        assert_eq!(after(OwnerState::Offered, OwnerEvent::HumanSpoke), (OwnerState::Human, 5));
        assert_eq!(after(OwnerState::Human, OwnerEvent::Released), (OwnerState::Released, 5));
        assert_eq!(after(OwnerState::Released, OwnerEvent::CustomerSpoke), (OwnerState::Bot, 5));
    }

    #[test]
    fn a_human_takes_over_from_any_state() {
        for state in [OwnerState::Bot, OwnerState::Offered, OwnerState::Released] {
            assert_eq!(after(state, OwnerEvent::HumanSpoke), (OwnerState::Human, 5));
        }
    }

    #[test]
    fn the_bot_never_takes_a_conversation_from_a_human() {
        for event in [OwnerEvent::CustomerSpoke, OwnerEvent::HandoffOffered, OwnerEvent::HumanSpoke]
        {
            assert_eq!(after(OwnerState::Human, event), (OwnerState::Human, 4));
        }
    }
}
