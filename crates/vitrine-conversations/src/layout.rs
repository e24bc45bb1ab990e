//! The tables of the conversation file, and the encoding of their keys and small values.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | number |
//! | `threads` | `tenant NUL conversation` | conversation record |
//! | `turns` | `tenant NUL conversation`, sequence | turn record |
//! | `messages` | SHA-256 of `tenant NUL message` | message entry |
//! | `tombstones` | SHA-256 of a conversation, customer or address key | time of erasure, µs |
//! | `customers` | `tenant NUL customer` | customer record |
//! | `customer_threads` | `tenant NUL customer NUL conversation` | nothing |
//! | `identities` | SHA-256 of `tenant NUL channel NUL canonical address` | `customer` |
//! | `links` | SHA-256 of the token | expiry µs i64 · channel u8 · `tenant NUL customer` |
//! | `jobs` | `tenant NUL conversation`, job id | job record |
//! | `dead_jobs` | as `jobs` | as `jobs` |
//!
//! Times are microseconds since 1970. Identifiers contain no control characters, so NUL separates
//! them unambiguously. Message ids and erased conversations are stored as hashes only: both may
//! contain a phone number, and both outlive the conversation.

use crate::address::canonical_address;
use crate::error::RecordError;
use crate::format::PACKED_FORMAT;
use crate::format::PLAIN_FORMAT;
use crate::format::time;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::IdentityKey;
use crate::keys::MessageKey;
use crate::ledger::PendingLink;
use jiff::Timestamp;
use redb::TableDefinition;
use sha2::Digest;
use sha2::Sha256;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::TenantId;

/// Format of the file: its tables and their encodings.
pub(super) const FILE_FORMAT: u64 = 3;

/// Oldest format that is migrated to [`FILE_FORMAT`] on opening. Format 1 lacks customers and jobs;
/// formats 1 and 2 have no packed records, and theirs stay unpacked until they are next written.
pub(super) const FILE_FORMAT_MIN: u64 = 1;

/// Entry of `meta` that holds the format of the file.
pub(super) const FORMAT_ENTRY: &str = "format";

/// Entry of `meta` that holds the version of the canonical form of addresses; 0 or missing: they
/// are stored and hashed as they were sent.
pub(super) const ADDRESSES_ENTRY: &str = "addresses";

/// The current version of the canonical form; see `address`.
pub(super) const ADDRESSES_VERSION: u64 = 1;

/// Entry of `meta` that counts erasures since the file was last rewritten.
pub(super) const ERASURES_ENTRY: &str = "erasures";

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const CONVERSATIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("threads");
pub(super) const TURNS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("turns");
pub(super) const MESSAGES: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("messages");
pub(super) const TOMBSTONES: TableDefinition<'_, [u8; 32], i64> =
    TableDefinition::new("tombstones");
pub(super) const CUSTOMERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("customers");
pub(super) const CUSTOMER_CONVERSATIONS: TableDefinition<'_, &str, ()> =
    TableDefinition::new("customer_threads");
pub(super) const IDENTITIES: TableDefinition<'_, [u8; 32], &str> =
    TableDefinition::new("identities");
pub(super) const LINKS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("links");
pub(super) const JOBS: TableDefinition<'_, (&str, u128), &[u8]> = TableDefinition::new("jobs");
pub(super) const DEAD_JOBS: TableDefinition<'_, (&str, u128), &[u8]> =
    TableDefinition::new("dead_jobs");

/// Separates the parts of a key.
const PART: char = '\0';

const KIND_ANSWERED: u8 = 1;
const KIND_ERASED: u8 = 2;

/// Bytes before the conversation key in an answered entry: format, kind, sequence, time. In format
/// 1 the body hash, which the turn holds as well, came before the sequence.
const ANSWERED_HEADER_BYTES: usize = 18;

/// Length of that hash, in bytes.
const HASH_BYTES: usize = 32;
const ERASED_BYTES: usize = 10;

impl ConversationKey {
    /// Key in `threads`, and first part of the key in `turns`.
    pub(super) fn stored(&self) -> String {
        format!("{}{PART}{}", self.tenant, self.conversation)
    }

    pub(super) fn from_stored(text: &str) -> Option<Self> {
        let (tenant, conversation) = text.split_once(PART)?;
        let tenant = TenantId::new(tenant).ok()?;
        Some(Self { tenant, conversation: ConversationId::new(conversation).ok()? })
    }

    /// Key in `tombstones`.
    pub(super) fn hashed(&self) -> [u8; 32] {
        Sha256::digest(self.stored()).into()
    }
}

impl CustomerKey {
    /// Key in `customers`.
    pub(super) fn stored(&self) -> String {
        format!("{}{PART}{}", self.tenant, self.customer)
    }

    /// Prefix of the customer's conversations in `customer_threads`.
    pub(super) fn conversations_prefix(&self) -> String {
        format!("{}{PART}", self.stored())
    }

    /// Key of a customer in `tombstones`. The doubled NUL keeps it distinct from that of a
    /// conversation.
    pub(super) fn hashed(&self) -> [u8; 32] {
        Sha256::digest(format!("{}{PART}{PART}{}", self.tenant, self.customer)).into()
    }

    pub(super) fn from_stored(text: &str) -> Option<Self> {
        let (tenant, customer) = text.split_once(PART)?;
        let tenant = TenantId::new(tenant).ok()?;
        Some(Self { tenant, customer: CustomerId::new(customer).ok()? })
    }
}

impl IdentityKey {
    /// Key in `identities`, and of an address in `tombstones`: the same for every spelling.
    pub(super) fn hashed(&self) -> [u8; 32] {
        self.hash_of(&canonical_address(self.channel, &self.address))
    }

    /// Key of the address as it is spelled: older erasures are stored under it.
    pub(super) fn hashed_as_spelled(&self) -> [u8; 32] {
        self.hash_of(&self.address)
    }

    fn hash_of(&self, address: &str) -> [u8; 32] {
        let (tenant, channel) = (&self.tenant, self.channel.name());
        Sha256::digest(format!("{tenant}{PART}{channel}{PART}{address}")).into()
    }
}

impl PendingLink {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.expires_at.as_microsecond().to_le_bytes().to_vec();
        bytes.push(self.channel as u8);
        bytes.extend_from_slice(self.customer.stored().as_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (expires_at, bytes) = bytes.split_first_chunk::<8>()?;
        let (channel, key) = bytes.split_first()?;
        Some(Self {
            expires_at: time(i64::from_le_bytes(*expires_at))?,
            channel: ChannelKind::ALL.into_iter().find(|kind| *kind as u8 == *channel)?,
            customer: CustomerKey::from_stored(std::str::from_utf8(key).ok()?)?,
        })
    }
}

impl MessageKey {
    /// Key in `messages`.
    pub(super) fn hashed(&self) -> [u8; 32] {
        Sha256::digest(format!("{}{PART}{}", self.tenant, self.message)).into()
    }
}

/// Entry of a message id. The answer itself is stored once, in the turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MessageEntry {
    /// Answered by the turn `sequence` of a conversation.
    Answered { conversation: ConversationKey, sequence: u64, recorded_at: Timestamp },
    /// Answered, and erased since.
    Erased { erased_at: Timestamp },
}

impl MessageEntry {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Answered { conversation, sequence, recorded_at } => {
                let key = conversation.stored();
                let mut bytes = Vec::with_capacity(ANSWERED_HEADER_BYTES + key.len());
                bytes.extend_from_slice(&[PACKED_FORMAT, KIND_ANSWERED]);
                bytes.extend_from_slice(&sequence.to_le_bytes());
                bytes.extend_from_slice(&recorded_at.as_microsecond().to_le_bytes());
                bytes.extend_from_slice(key.as_bytes());
                bytes
            }
            Self::Erased { erased_at } => {
                let mut bytes = vec![PLAIN_FORMAT, KIND_ERASED];
                bytes.extend_from_slice(&erased_at.as_microsecond().to_le_bytes());
                bytes
            }
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let short = |bytes_needed| RecordError::Short { bytes: bytes.len(), bytes_needed };
        match bytes {
            [PACKED_FORMAT, KIND_ANSWERED, rest @ ..] => {
                Self::answered(rest).ok_or_else(|| short(ANSWERED_HEADER_BYTES + 3))
            }
            [PLAIN_FORMAT, KIND_ANSWERED, rest @ ..] => {
                let rest = rest.get(HASH_BYTES..).and_then(Self::answered);
                rest.ok_or_else(|| short(ANSWERED_HEADER_BYTES + HASH_BYTES + 3))
            }
            [PLAIN_FORMAT, KIND_ERASED, rest @ ..] => {
                let erased_at = rest.first_chunk().and_then(|word| time(i64::from_le_bytes(*word)));
                Ok(Self::Erased { erased_at: erased_at.ok_or_else(|| short(ERASED_BYTES))? })
            }
            [found, ..] => Err(RecordError::Format { found: *found, supported: PACKED_FORMAT }),
            [] => Err(short(2)),
        }
    }

    fn answered(bytes: &[u8]) -> Option<Self> {
        let (sequence, bytes) = bytes.split_first_chunk::<8>()?;
        let (recorded_at, key) = bytes.split_first_chunk::<8>()?;
        Some(Self::Answered {
            conversation: ConversationKey::from_stored(std::str::from_utf8(key).ok()?)?,
            sequence: u64::from_le_bytes(*sequence),
            recorded_at: time(i64::from_le_bytes(*recorded_at))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn message_entries_read_back_and_cut_ones_are_refused() {
        let answered = MessageEntry::Answered {
            conversation: samples::conversation_key("t-1"),
            sequence: 3,
            recorded_at: samples::at(5),
        };
        let erased = MessageEntry::Erased { erased_at: samples::at(6) };
        // Format 1 stored the body hash as well.
        let mut plain = answered.encode();
        plain[0] = PLAIN_FORMAT;
        plain.splice(2..2, [7; HASH_BYTES]);
        assert_eq!(MessageEntry::decode(&plain).unwrap(), answered);
        for entry in [answered, erased] {
            let bytes = entry.encode();
            assert_eq!(MessageEntry::decode(&bytes).unwrap(), entry);
            for cut in 0..10 {
                assert!(MessageEntry::decode(&bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
        assert!(MessageEntry::decode(&[PLAIN_FORMAT, 9, 0]).is_err());
    }

    #[test]
    fn keys_of_two_tenants_never_meet() {
        let one = ConversationKey {
            tenant: TenantId::new("a").unwrap(),
            ..samples::conversation_key("b c")
        };
        let two = ConversationKey {
            tenant: TenantId::new("a b").unwrap(),
            ..samples::conversation_key("c")
        };
        assert_ne!(one.stored(), two.stored());
        assert_eq!(ConversationKey::from_stored(&one.stored()), Some(one));
    }
}
