//! [`CustomerStore`] on top of the embedded store.

use crate::commit::Erasure;
use crate::customer::CustomerRecord;
use crate::embedded::EmbeddedStore;
use crate::erase::identities;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::format::time;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::IdentityKey;
use crate::layout::CONVERSATIONS;
use crate::layout::CUSTOMER_CONVERSATIONS;
use crate::layout::CUSTOMERS;
use crate::layout::IDENTITIES;
use crate::layout::TOMBSTONES;
use crate::ledger::CustomerOutcome;
use crate::ledger::CustomerStore;
use crate::ledger::PendingLink;
use crate::record::ConversationRecord;
use crate::state::StoreState;
use crate::store::StoreFuture;
use crate::sweep::ExpiryTimes;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use jiff::Timestamp;
use redb::ReadableDatabase;
use redb::ReadableTable;
use std::ops::Bound;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;

/// Largest encoded customer record, in bytes: room for some hundred consents and addresses.
const CUSTOMER_BYTES_MAX: usize = 64 << 10;

impl CustomerStore for EmbeddedStore {
    fn customer<'a>(
        &'a self,
        key: &'a CustomerKey,
    ) -> StoreFuture<'a, Option<Arc<CustomerRecord>>> {
        let key = key.stored();
        Box::pin(self.read(move |shared| shared.customer(&key)))
    }

    fn put_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        record: CustomerRecord,
    ) -> StoreFuture<'a, CustomerOutcome> {
        let key = key.clone();
        Box::pin(self.table_write(move |tables| tables.put_customer(&key, record)))
    }

    fn erase_customer<'a>(
        &'a self,
        key: &'a CustomerKey,
        erased_at: Timestamp,
    ) -> StoreFuture<'a, Option<Erasure>> {
        Box::pin(self.write_erasure(key.clone(), erased_at))
    }

    fn customer_erased_at<'a>(
        &'a self,
        key: &'a CustomerKey,
    ) -> StoreFuture<'a, Option<Timestamp>> {
        Box::pin(self.read_tombstone(key.hashed()))
    }

    fn address_erased_at<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<Timestamp>> {
        Box::pin(async move {
            let erased_at = self.read_tombstone(key.hashed()).await?;
            Ok(erased_at.max(self.read_tombstone(key.hashed_as_spelled()).await?))
        })
    }

    fn last_conversation<'a>(
        &'a self,
        key: &'a CustomerKey,
    ) -> StoreFuture<'a, Option<ConversationId>> {
        let key = key.clone();
        Box::pin(self.read(move |shared| shared.last_conversation(&key)))
    }

    fn customer_conversations<'a>(
        &'a self,
        key: &'a CustomerKey,
        after: Option<&'a ConversationId>,
        conversations_max: usize,
    ) -> StoreFuture<'a, Vec<ConversationId>> {
        let prefix = key.conversations_prefix();
        let from = prefix.clone() + after.map_or("", ConversationId::as_str);
        Box::pin(
            self.read(move |shared| {
                shared.customer_conversations(&prefix, &from, conversations_max)
            }),
        )
    }

    fn identified<'a>(&'a self, key: &'a IdentityKey) -> StoreFuture<'a, Option<CustomerId>> {
        let hashed = key.hashed();
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(map_database_error)?;
            let identities = transaction.open_table(IDENTITIES).map_err(map_database_error)?;
            let stored = identities.get(hashed).map_err(map_database_error)?;
            Ok(stored.and_then(|customer| CustomerId::new(customer.value()).ok()))
        }))
    }

    fn offer_link(&self, token: [u8; 32], link: PendingLink) -> StoreFuture<'_, ()> {
        Box::pin(self.table_write(move |tables| {
            tables.links.insert(token, link.encode().as_slice()).map_err(map_database_error)?;
            Ok(((), Wrote::Something))
        }))
    }

    fn take_link(
        &self,
        token: [u8; 32],
        channel: ChannelKind,
        now: Timestamp,
    ) -> StoreFuture<'_, Option<PendingLink>> {
        Box::pin(self.table_write(move |tables| {
            let stored = tables.links.get(token).map_err(map_database_error)?;
            let link = stored.and_then(|link| PendingLink::decode(link.value()));
            let link = link.filter(|link| link.channel == channel && now < link.expires_at);
            if link.is_none() {
                return Ok((None, Wrote::Nothing));
            }
            tables.links.remove(token).map_err(map_database_error)?;
            Ok((link, Wrote::Something))
        }))
    }
}

impl EmbeddedStore {
    /// Time of an erasure, by the hashed key of its tombstone; `None` if there was none.
    async fn read_tombstone(&self, hashed: [u8; 32]) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(map_database_error)?;
            let tombstones = transaction.open_table(TOMBSTONES).map_err(map_database_error)?;
            let stored = tombstones.get(hashed).map_err(map_database_error)?;
            Ok(stored.and_then(|microseconds| time(microseconds.value())))
        })
        .await
    }
}

impl StoreState {
    fn customer(&self, key: &str) -> Result<Option<Arc<CustomerRecord>>, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let customers = transaction.open_table(CUSTOMERS).map_err(map_database_error)?;
        let stored = customers.get(key).map_err(map_database_error)?;
        Ok(stored.map(|bytes| CustomerRecord::decode(bytes.value())).transpose()?.map(Arc::new))
    }

    /// Conversations behind a customer's prefix, whose entries come after `from`.
    fn customer_conversations(
        &self,
        prefix: &str,
        from: &str,
        conversations_max: usize,
    ) -> Result<Vec<ConversationId>, StoreError> {
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let conversations =
            transaction.open_table(CUSTOMER_CONVERSATIONS).map_err(map_database_error)?;
        let range = (Bound::Excluded(from), Bound::Unbounded);
        let mut found = Vec::new();
        for entry in conversations.range::<&str>(range).map_err(map_database_error)? {
            let (key, _) = entry.map_err(map_database_error)?;
            let Some(conversation) = key.value().strip_prefix(prefix) else { break };
            if found.len() == conversations_max {
                break;
            }
            found.extend(ConversationId::new(conversation).ok());
        }
        Ok(found)
    }

    fn last_conversation(&self, key: &CustomerKey) -> Result<Option<ConversationId>, StoreError> {
        let prefix = key.conversations_prefix();
        let listed = self.customer_conversations(&prefix, &prefix, usize::MAX)?;
        let transaction = self.database().begin_read().map_err(map_database_error)?;
        let stored = transaction.open_table(CONVERSATIONS).map_err(map_database_error)?;
        let mut last: Option<(Option<Timestamp>, ConversationId)> = None;
        for conversation in listed {
            let tenant = key.tenant.clone();
            let at = ConversationKey { tenant, conversation: conversation.clone() }.stored();
            let record = stored.get(at.as_str()).map_err(map_database_error)?;
            let head = record.map(|record| ConversationRecord::header_of(record.value()));
            // One that is not stored yet comes before every stored one.
            let changed_at = head.transpose()?.map(|head| head.updated_at);
            if last.as_ref().is_none_or(|(latest, _)| changed_at > *latest) {
                last = Some((changed_at, conversation));
            }
        }
        Ok(last.map(|(_, conversation)| conversation))
    }
}

impl WriteTables<'_> {
    fn put_customer(
        &mut self,
        key: &CustomerKey,
        mut record: CustomerRecord,
    ) -> Result<(CustomerOutcome, Wrote), StoreError> {
        let stored_key = key.stored();
        let before = self.read_customer(&stored_key)?;
        if before.as_ref().map_or(0, |before| before.version) != record.version {
            return Ok((CustomerOutcome::Stale(before.map(Arc::new)), Wrote::Nothing));
        }
        if record.version == 0 {
            self.refuse_erased(key.hashed(), record.created_at)?;
        }
        record.version += 1;
        let encoded = record.encode()?;
        let (bytes, bytes_max) = (encoded.len(), CUSTOMER_BYTES_MAX);
        if bytes > bytes_max {
            return Err(StoreError::CustomerTooLarge { bytes, bytes_max });
        }
        let linked = identities(key, &record);
        for identity in &linked {
            let whose = self.identities.get(*identity).map_err(map_database_error)?;
            if whose.is_some_and(|whose| whose.value() != key.customer.as_str()) {
                return Err(StoreError::IdentityTaken);
            }
        }
        // No check below this line may refuse: the tables change from here on.
        let unlinked = before.map(|before| identities(key, &before)).unwrap_or_default();
        for identity in unlinked.into_iter().filter(|identity| !linked.contains(identity)) {
            self.identities.remove(identity).map_err(map_database_error)?;
        }
        for identity in linked {
            self.identities.insert(identity, key.customer.as_str()).map_err(map_database_error)?;
        }
        self.customers
            .insert(stored_key.as_str(), encoded.as_slice())
            .map_err(map_database_error)?;
        Ok((CustomerOutcome::Stored(Arc::new(record)), Wrote::Something))
    }

    pub(super) fn read_customer(
        &self,
        stored_key: &str,
    ) -> Result<Option<CustomerRecord>, StoreError> {
        let stored = self.customers.get(stored_key).map_err(map_database_error)?;
        Ok(stored.map(|bytes| CustomerRecord::decode(bytes.value())).transpose()?)
    }

    /// Deletes a profile if it is still due: the record is read again, and a customer with a
    /// conversation keeps it. Leaves no tombstone, so later messages create a new profile.
    pub(super) fn drop_profile(
        &mut self,
        key: &CustomerKey,
        due: ExpiryTimes,
    ) -> Result<(bool, Wrote), StoreError> {
        let stored_key = key.stored();
        let Some(record) = self.read_customer(&stored_key)? else {
            return Ok((false, Wrote::Nothing));
        };
        let prefix = key.conversations_prefix();
        let next = self
            .customer_conversations
            .range(prefix.as_str()..)
            .map_err(map_database_error)?
            .next();
        let next = next.transpose().map_err(map_database_error)?;
        let has_conversation = next.is_some_and(|(entry, _)| entry.value().starts_with(&prefix));
        if has_conversation || !due.profile_has_expired(&record) {
            return Ok((false, Wrote::Nothing));
        }
        for identity in identities(key, &record) {
            self.identities.remove(identity).map_err(map_database_error)?;
        }
        self.customers.remove(stored_key.as_str()).map_err(map_database_error)?;
        self.count_erasure()?;
        Ok((true, Wrote::Something))
    }
}
