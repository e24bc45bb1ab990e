//! Migrates a file whose addresses were stored as they were sent to their canonical form.
//!
//! Invariants
//! - Afterwards every address of a customer is stored once, in its canonical form.
//! - If two customers had spellings of one address, the one who linked it first keeps it: a later
//!   link must not take a conversation over.

use crate::address::canonical_address;
use crate::customer::CustomerRecord;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::keys::CustomerKey;
use crate::keys::IdentityKey;
use crate::layout::ADDRESSES_ENTRY;
use crate::layout::ADDRESSES_VERSION;
use crate::layout::META;
use crate::tables::WriteTables;
use jiff::Timestamp;
use redb::Database;
use redb::ReadableDatabase;
use redb::ReadableTable;
use std::collections::BTreeMap;

/// Migrates the file if it has not been migrated yet.
///
/// # Errors
/// Disk errors; nothing has changed then.
pub(super) fn migrate(database: &Database) -> Result<(), StoreError> {
    if version(database)? >= ADDRESSES_VERSION {
        return Ok(());
    }
    let transaction = database.begin_write().map_err(map_database_error)?;
    {
        let mut tables = WriteTables::open(&transaction)?;
        tables.canonicalise()?;
        tables.meta.insert(ADDRESSES_ENTRY, ADDRESSES_VERSION).map_err(map_database_error)?;
    }
    transaction.commit().map_err(map_database_error)
}

fn version(database: &Database) -> Result<u64, StoreError> {
    let transaction = database.begin_read().map_err(map_database_error)?;
    let meta = transaction.open_table(META).map_err(map_database_error)?;
    let found = meta.get(ADDRESSES_ENTRY).map_err(map_database_error)?;
    Ok(found.map_or(0, |version| version.value()))
}

impl WriteTables<'_> {
    fn canonicalise(&mut self) -> Result<(), StoreError> {
        let mut linked: Vec<(CustomerKey, CustomerRecord)> = Vec::new();
        for entry in self.customers.iter().map_err(map_database_error)? {
            let (key, record) = entry.map_err(map_database_error)?;
            // A record that cannot be decoded stays as it is.
            let record = CustomerRecord::decode(record.value()).ok();
            let record = record.filter(|record| !record.identities.is_empty());
            linked.extend(CustomerKey::from_stored(key.value()).zip(record));
        }
        let mut owners: BTreeMap<[u8; 32], (Timestamp, CustomerKey)> = BTreeMap::new();
        for (key, record) in &linked {
            for identity in &record.identities {
                let hashed = identity_key(key, identity).hashed();
                let since = (identity.linked_at, key.clone());
                owners
                    .entry(hashed)
                    .and_modify(|owner| *owner = owner.clone().min(since.clone()))
                    .or_insert(since);
            }
        }
        self.identities.retain(|_, _| false).map_err(map_database_error)?;
        for (key, mut record) in linked {
            let mut kept: Vec<[u8; 32]> = Vec::new();
            record.identities.retain_mut(|identity| {
                let hashed = identity_key(&key, identity).hashed();
                let own = owners.get(&hashed).is_some_and(|(_, owner)| *owner == key);
                if !own {
                    tracing::warn!("an address was linked to two customers; the first keeps it");
                }
                if !own || kept.contains(&hashed) {
                    return false;
                }
                identity.address = canonical_address(identity.channel, &identity.address);
                kept.push(hashed);
                true
            });
            for hashed in kept {
                let customer = key.customer.as_str();
                self.identities.insert(hashed, customer).map_err(map_database_error)?;
            }
            let encoded = record.encode()?;
            self.customers
                .insert(key.stored().as_str(), encoded.as_slice())
                .map_err(map_database_error)?;
        }
        Ok(())
    }
}

fn identity_key(key: &CustomerKey, identity: &crate::customer::Identity) -> IdentityKey {
    let (tenant, channel) = (key.tenant.clone(), identity.channel);
    IdentityKey { tenant, channel, address: identity.address.clone() }
}
