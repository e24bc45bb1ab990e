//! [`CustomerStore`]: customers, their identities and their conversations, independent of the
//! database.

use crate::commit::Erasure;
use crate::customer::CustomerRecord;
use crate::keys::CustomerKey;
use crate::keys::IdentityKey;
use crate::store::StoreFuture;
use jiff::Timestamp;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;

/// A link token that was issued and not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLink {
    /// Customer to whom the address will be linked.
    pub customer: CustomerKey,
    /// Channel on which the token must be sent.
    pub channel: ChannelKind,
    /// Time from which the token is invalid.
    pub expires_at: Timestamp,
}

/// Outcome of [`CustomerStore::put_customer`].
#[derive(Debug, Clone, PartialEq)]
pub enum CustomerOutcome {
    /// Written to disk; the record with its new version.
    Stored(Arc<CustomerRecord>),
    /// The record changed since it was loaded, and nothing was written. Holds the current record,
    /// `None` if there is none.
    Stale(Option<Arc<CustomerRecord>>),
}

/// Storage of customers. Each call concerns one customer, one address or one token.
pub trait CustomerStore: Send + Sync + std::fmt::Debug {
    /// The customer; `None` if it was never stored or was erased.
    ///
    /// # Errors
    /// If the disk fails or the record cannot be decoded.
    fn customer<'a>(&'a self, key: &'a CustomerKey)
    -> StoreFuture<'a, Option<Arc<CustomerRecord>>>;

    /// Stores a record made from the stored version, 0 for a new one. From then on exactly its
    /// identities lead to the customer.
    ///
    /// # Errors
    /// [`IdentityTaken`](crate::error::StoreError::IdentityTaken) if an address is linked to
    /// another customer, [`Erased`](crate::error::StoreError::Erased) if the record is new and the
    /// customer was erased after it was created,
    /// [`CustomerTooLarge`](crate::error::StoreError::CustomerTooLarge), and disk errors.
    fn put_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        record: CustomerRecord,
    ) -> StoreFuture<'a, CustomerOutcome>;

    /// Erases the customer's record, identities, unused link tokens, conversations and jobs in one
    /// transaction. `None` if there was nothing of this customer. Work that began up to `erased_at`
    /// is refused afterwards, by customer id, linked address and conversation.
    ///
    /// # Errors
    /// Disk errors; nothing is erased then.
    fn erase_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        erased_at: Timestamp,
    ) -> StoreFuture<'a, Option<Erasure>>;

    /// Time of the customer's last erasure; `None` if there was none or it has expired.
    ///
    /// # Errors
    /// Disk errors.
    fn customer_erased_at<'a>(&'a self, key: &'a CustomerKey)
    -> StoreFuture<'a, Option<Timestamp>>;

    /// Time at which the customer with this address was last erased; `None` if there was none or it
    /// has expired.
    ///
    /// # Errors
    /// Disk errors.
    fn address_erased_at<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<Timestamp>>;

    /// The customer's most recently changed conversation; else the one that an accepted turn will
    /// open; `None` if there is neither. Reads the headers of all their conversations.
    ///
    /// # Errors
    /// Disk errors.
    fn last_conversation<'a>(
        &'a self,
        key: &'a CustomerKey,
    ) -> StoreFuture<'a, Option<ConversationId>>;

    /// Conversations of the customer after the conversation `after`, at most `conversations_max`,
    /// in the order of their ids. Those that an accepted turn will open are included.
    ///
    /// # Errors
    /// Disk errors.
    fn customer_conversations<'a>(
        &'a self,
        key: &'a CustomerKey,
        after: Option<&'a ConversationId>,
        conversations_max: usize,
    ) -> StoreFuture<'a, Vec<ConversationId>>;

    /// The customer that an address is linked to.
    ///
    /// # Errors
    /// Disk errors.
    fn identified<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<CustomerId>>;

    /// Stores a link token; `token` is its SHA-256 hash.
    ///
    /// # Errors
    /// Disk errors.
    fn offer_link(&self, token: [u8; 32], link: PendingLink) -> StoreFuture<'_, ()>;

    /// Consumes the link token that was sent on `channel`. `None` if it is unknown, has expired or
    /// was issued for another channel; it then stays valid for its own channel.
    ///
    /// # Errors
    /// Disk errors.
    fn take_link(
        &self,
        token: [u8; 32],
        channel: ChannelKind,
        now: Timestamp,
    ) -> StoreFuture<'_, Option<PendingLink>>;
}
