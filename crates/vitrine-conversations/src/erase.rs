//! Erasure of conversations and customers inside one write transaction.
//!
//! Invariants
//! - An erasure takes the jobs of its conversations with it: accepted turns, callbacks, packets.
//! - A customer is erased completely or not at all, so a crash leaves no part behind.
//! - What began before the erasure finds a tombstone when it wants to write.

use crate::commit::Erasure;
use crate::customer::CustomerRecord;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::IdentityKey;
use crate::keys::MessageKey;
use crate::layout::MessageEntry;
use crate::ledger::PendingLink;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use crate::tables::WriteTables;
use jiff::Timestamp;
use redb::ReadableTable;
use vitrine_base::ids::ConversationId;

/// Result of erasing a customer.
#[derive(Debug)]
pub(super) struct ErasedCustomer {
    /// `None` if there was nothing of this customer.
    pub(super) erasure: Option<Erasure>,
    /// Conversations to remove from memory.
    pub(super) conversations: Vec<ConversationKey>,
}

impl WriteTables<'_> {
    pub(super) fn erase(
        &mut self,
        key: &ConversationKey,
        erased_at: Timestamp,
    ) -> Result<Erasure, StoreError> {
        let stored = key.stored();
        let mut turns = 0;
        let mut messages = Vec::new();
        let mut undecodable = false;
        let range = (stored.as_str(), 0)..=(stored.as_str(), u64::MAX);
        self.turns
            .retain_in(range, |(_, sequence), bytes| {
                turns += 1;
                match TurnRecord::decode(bytes, sequence) {
                    Ok(turn) => messages.extend(turn.message_id),
                    Err(_) => undecodable = true,
                }
                false
            })
            .map_err(map_database_error)?;
        let message_key = |message| MessageKey { tenant: key.tenant.clone(), message };
        let mut messages: Vec<[u8; 32]> =
            messages.into_iter().map(|message| message_key(message).hashed()).collect();
        if undecodable {
            messages.extend(self.messages_of(key)?);
        }
        let entry = MessageEntry::Erased { erased_at }.encode();
        for message in messages {
            self.messages.insert(message, entry.as_slice()).map_err(map_database_error)?;
        }
        let jobs = self.drop_jobs(key, erased_at)?;
        let conversation =
            self.conversations.remove(stored.as_str()).map_err(map_database_error)?;
        let customer = conversation
            .as_ref()
            .and_then(|bytes| ConversationRecord::decode(bytes.value()).ok())
            .and_then(|conversation| conversation.customer_id);
        let conversations = u64::from(conversation.is_some());
        drop(conversation);
        if let Some(customer) = customer {
            let customer = CustomerKey { tenant: key.tenant.clone(), customer };
            self.unlink_conversation(&customer, key)?;
        }
        self.set_tombstone(key.hashed(), erased_at)?;
        self.count_erasure()?;
        Ok(Erasure { conversations, turns, jobs })
    }

    /// Deletes all jobs of a conversation, waiting and dead, and the customers' links to it that
    /// only those jobs made. The messages of accepted turns count as erased. Returns the number of
    /// jobs.
    fn drop_jobs(
        &mut self,
        key: &ConversationKey,
        erased_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let conversation = key.stored();
        let all = || (conversation.as_str(), 0)..=(conversation.as_str(), u128::MAX);
        let mut jobs = 0;
        let (mut customers, mut messages) = (Vec::new(), Vec::new());
        let mut drop = |_: (&str, u128), job: &[u8]| {
            jobs += 1;
            if let Ok(job) = StoredJob::decode(job) {
                customers.extend(job.customer);
                messages.extend(job.message);
            }
            false
        };
        self.jobs.retain_in(all(), &mut drop).map_err(map_database_error)?;
        self.dead_jobs.retain_in(all(), &mut drop).map_err(map_database_error)?;
        for customer in customers {
            let customer = CustomerKey { tenant: key.tenant.clone(), customer };
            self.unlink_conversation(&customer, key)?;
        }
        let entry = MessageEntry::Erased { erased_at }.encode();
        for message in messages {
            let message = MessageKey { tenant: key.tenant.clone(), message }.hashed();
            // One that was answered elsewhere keeps its answer.
            if self.messages.get(message).map_err(map_database_error)?.is_none() {
                self.messages.insert(message, entry.as_slice()).map_err(map_database_error)?;
            }
        }
        Ok(jobs)
    }

    /// Erases a customer with their identities, link tokens, conversations and jobs.
    pub(super) fn erase_customer(
        &mut self,
        key: &CustomerKey,
        erased_at: Timestamp,
    ) -> Result<ErasedCustomer, StoreError> {
        let known = self.erase_profile(key, erased_at)?;
        let prefix = key.conversations_prefix();
        let mut conversations = Vec::new();
        for entry in
            self.customer_conversations.range(prefix.as_str()..).map_err(map_database_error)?
        {
            let (entry, _) = entry.map_err(map_database_error)?;
            let Some(conversation) = entry.value().strip_prefix(&prefix) else { break };
            let tenant = key.tenant.clone();
            let conversation = ConversationId::new(conversation).ok();
            conversations
                .extend(conversation.map(|conversation| ConversationKey { tenant, conversation }));
        }
        let mut erased = Erasure::default();
        for conversation in &conversations {
            erased.add(self.erase(conversation, erased_at)?);
            self.unlink_conversation(key, conversation)?;
        }
        let erasure = (known || !erased.is_empty()).then_some(erased);
        Ok(ErasedCustomer { erasure, conversations })
    }

    /// Erases a customer's record, identities and link tokens; returns whether there was a record.
    fn erase_profile(
        &mut self,
        key: &CustomerKey,
        erased_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let stored_key = key.stored();
        let before = self.read_customer(&stored_key)?;
        for identity in before.iter().flat_map(|before| identities(key, before)) {
            self.identities.remove(identity).map_err(map_database_error)?;
            self.set_tombstone(identity, erased_at)?;
        }
        self.links
            .retain(|_, link| PendingLink::decode(link).is_some_and(|link| link.customer != *key))
            .map_err(map_database_error)?;
        self.customers.remove(stored_key.as_str()).map_err(map_database_error)?;
        self.set_tombstone(key.hashed(), erased_at)?;
        self.count_erasure()?;
        Ok(before.is_some())
    }

    /// Hashed ids of the messages that a conversation answered. Walks the whole table, because a
    /// turn that cannot be decoded does not reveal its message; an entry left behind would point to
    /// a missing turn, and looking it up would make the store read-only.
    fn messages_of(&self, key: &ConversationKey) -> Result<Vec<[u8; 32]>, StoreError> {
        let mut found = Vec::new();
        for entry in self.messages.iter().map_err(map_database_error)? {
            let (message, entry) = entry.map_err(map_database_error)?;
            if let Ok(MessageEntry::Answered { conversation, .. }) =
                MessageEntry::decode(entry.value())
                && conversation == *key
            {
                found.push(message.value());
            }
        }
        Ok(found)
    }
}

/// Hashed keys of the customer's addresses.
pub(super) fn identities(key: &CustomerKey, record: &CustomerRecord) -> Vec<[u8; 32]> {
    let tenant = &key.tenant;
    let addresses = record.identities.iter().map(|identity| IdentityKey {
        tenant: tenant.clone(),
        channel: identity.channel,
        address: identity.address.clone(),
    });
    addresses.map(|key| key.hashed()).collect()
}
