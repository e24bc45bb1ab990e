//! First messages of one customer at the same moment: the first reserves the conversation that it
//! opens, and the others join it.
//!
//! A caller reserves before it looks for a stored conversation and keeps the reservation until its
//! turn is stored. So each later caller finds either the reservation or the stored conversation.

use crate::gate::state::GateState;
use crate::gate::state::Reservation;
use crate::gate::state::TurnGate;
use crate::keys::CustomerKey;
use dashmap::Entry;
use std::sync::Arc;
use vitrine_base::ids::ConversationId;

/// A conversation that a customer's first messages open together. Drop it once it is stored.
#[derive(Debug)]
pub struct ReservedConversation {
    state: Arc<GateState>,
    customer: CustomerKey,
    conversation: ConversationId,
}

impl TurnGate {
    /// Reserves the conversation `new` for a customer, or joins the one that is reserved already.
    #[must_use]
    pub fn reserve(&self, customer: &CustomerKey, new: ConversationId) -> ReservedConversation {
        let mut entry = self
            .state
            .reserved
            .entry(customer.clone())
            .or_insert_with(|| Reservation { conversation: new, holders: 0 });
        entry.holders += 1;
        ReservedConversation {
            state: Arc::clone(&self.state),
            customer: customer.clone(),
            conversation: entry.conversation.clone(),
        }
    }
}

impl ReservedConversation {
    /// Id of the reserved conversation.
    #[must_use]
    pub fn conversation(&self) -> &ConversationId {
        &self.conversation
    }
}

impl Drop for ReservedConversation {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.state.reserved.entry(self.customer.clone()) {
            entry.get_mut().holders -= 1;
            if entry.get().holders == 0 {
                entry.remove();
            }
        }
    }
}
