//! Customers, their identities and their threads, as a store keeps them.

use crate::CustomerRecord;
use crate::StoreFuture;
use jiff::Timestamp;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::ThreadId;

/// One customer of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerKey {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub customer: CustomerId,
}

/// One address on one channel, as one tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityKey {
    /// Whose.
    pub tenant: TenantId,
    /// The channel.
    pub channel: ChannelKind,
    /// The address there.
    pub address: String,
}

/// A link token that was handed out and waits to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLink {
    /// Whom it links to.
    pub customer: CustomerKey,
    /// On which channel it must come back.
    pub channel: ChannelKind,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What became of a change of a customer.
#[derive(Debug, Clone, PartialEq)]
pub enum CustomerOutcome {
    /// On disk; the customer with its new version.
    Stored(Arc<CustomerRecord>),
    /// Somebody changed the customer first, and nothing was written: as it stands.
    Stale(Option<Arc<CustomerRecord>>),
}

/// Where customers are kept. Every call concerns one customer, one address or one token.
pub trait CustomerStore: Send + Sync + std::fmt::Debug {
    /// The customer; `None` if it was never stored or was erased.
    ///
    /// # Errors
    /// If the disk or the record on it fails.
    fn customer<'a>(&'a self, key: &'a CustomerKey)
    -> StoreFuture<'a, Option<Arc<CustomerRecord>>>;

    /// Stores a customer made from `version`, 0 for a new one; linked identities lead to it from
    /// then on, others no more.
    ///
    /// # Errors
    /// [`crate::StoreError::IdentityTaken`] if an address is another customer's, the size
    /// error, and those of the disk.
    fn put_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        record: CustomerRecord,
    ) -> StoreFuture<'a, CustomerOutcome>;

    /// Erases the customer's record, identities and open link tokens, and keeps messages sent up to
    /// `erased_at` from bringing the customer back, by the customer's id or by a linked address.
    /// Threads are erased one by one, each with `ThreadStore::delete`.
    ///
    /// # Errors
    /// Those of the disk.
    fn erase_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        erased_at: Timestamp,
    ) -> StoreFuture<'a, bool>;

    /// When the customer was erased last.
    ///
    /// # Errors
    /// Those of the disk.
    fn customer_erased_at<'a>(&'a self, key: &'a CustomerKey)
    -> StoreFuture<'a, Option<Timestamp>>;

    /// When the customer of an address was erased last, if that has happened.
    ///
    /// # Errors
    /// Those of the disk.
    fn address_erased_at<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<Timestamp>>;

    /// The threads that a customer has had part in, at most `threads_max`.
    ///
    /// # Errors
    /// Those of the disk.
    fn customer_threads<'a>(
        &'a self,
        key: &'a CustomerKey,
        threads_max: usize,
    ) -> StoreFuture<'a, Vec<ThreadId>>;

    /// Whose an address is.
    ///
    /// # Errors
    /// Those of the disk.
    fn identified<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<CustomerId>>;

    /// Remembers a link token by its hash.
    ///
    /// # Errors
    /// Those of the disk.
    fn offer_link(&self, token: [u8; 32], link: PendingLink) -> StoreFuture<'_, ()>;

    /// The link of a token that came back on `channel`, which is then good no more; `None` if there
    /// is none, its time is over, or it was handed out for another channel.
    ///
    /// # Errors
    /// Those of the disk.
    fn take_link(
        &self,
        token: [u8; 32],
        channel: ChannelKind,
        now: Timestamp,
    ) -> StoreFuture<'_, Option<PendingLink>>;
}
