//! Newtypes for identifiers, so that identifiers of different kinds cannot be confused.
//!
//! Invariants
//! - A text identifier is not empty, has at most [`ID_BYTES_MAX`] bytes and contains no control
//!   characters.
//! - Ids made by [`time_ordered_id`] sort by their time.

use jiff::Timestamp;
use std::fmt;
use uuid::Builder;
use uuid::Uuid;

/// Maximum length of a text identifier, in bytes. WhatsApp ids have about 60, RCS ids up to 200.
pub const ID_BYTES_MAX: usize = 256;

/// Why a string cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("is empty")]
    Empty,
    /// The text exceeds [`ID_BYTES_MAX`].
    #[error("has {bytes} bytes, limit is {ID_BYTES_MAX}")]
    TooLong {
        /// Length found, in bytes.
        bytes: usize,
    },
    /// The text contains a control character, which would break logs and storage keys.
    #[error("contains a control character at byte {at}")]
    Control {
        /// Byte offset of the first control character.
        at: usize,
    },
}

fn check(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong { bytes: text.len() });
    }
    match text.char_indices().find(|(_, character)| character.is_control()) {
        Some((at, _)) => Err(IdError::Control { at }),
        None => Ok(()),
    }
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Validates and wraps an identifier.
            ///
            /// # Errors
            /// If the text is empty, longer than [`ID_BYTES_MAX`] or contains a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The identifier, unchanged.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// One shop served by this gateway: the boundary of isolation between callers.
    TenantId
);
text_id!(
    /// One conversation, which may span several channels.
    ConversationId
);
text_id!(
    /// One turn: a user message and our reply.
    TurnId
);
text_id!(
    /// One customer of a shop.
    CustomerId
);
text_id!(
    /// The channel provider's id of one message, used as the idempotency key.
    MessageId
);
text_id!(
    /// One sellable product variant: the stock keeping unit.
    Sku
);

/// One generation in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SequenceId(pub u64);

/// One page: a fixed run of KV-cache token slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(pub u32);

impl PageId {
    /// Index of the page in the page array.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A new id that sorts by `now`: a UUID of version 7. 48 bits hold the millisecond, 12 its
/// fraction, and 62 are random, so that ids of one instant differ. Times before 1970 count as 1970.
///
/// Source: RFC 9562, section 6.2, method 3.
#[must_use]
pub fn time_ordered_id(now: Timestamp) -> Uuid {
    id_with(now, rand::random())
}

fn id_with(now: Timestamp, mut random: [u8; 10]) -> Uuid {
    let nanosecond = u128::try_from(now.as_nanosecond()).unwrap_or(0);
    let (millisecond, rest) = (nanosecond / 1_000_000, nanosecond % 1_000_000);
    // Below 4,096: 12 bits.
    let fraction = u16::try_from(rest * 4096 / 1_000_000).unwrap_or(u16::MAX);
    random[..2].copy_from_slice(&fraction.to_be_bytes());
    let millisecond = u64::try_from(millisecond).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(millisecond, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::clock::ManualClock;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn noon() -> Timestamp {
        "2026-11-28T12:00:00.000000001Z".parse().unwrap()
    }

    #[test]
    fn ids_sort_by_the_injected_clock_within_a_millisecond_too() {
        let clock = ManualClock::new(noon());
        let mut before = time_ordered_id(clock.now());
        for step_us in [1, 250, 748, 1, 1_000, 86_400_000_000] {
            clock.advance(Duration::from_micros(step_us));
            let id = time_ordered_id(clock.now());
            assert!(id > before, "{before} then {id} after {step_us} us");
            before = id;
        }
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_that_holds_its_millisecond() {
        let id = time_ordered_id(noon());
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanoseconds) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(i64::try_from(seconds).unwrap(), noon().as_second());
        assert_eq!(nanoseconds, 0, "the millisecond");
        let before_1970 = time_ordered_id(Timestamp::from_second(-5).unwrap());
        assert_eq!(before_1970.get_timestamp().unwrap().to_unix(), (0, 0));
    }

    #[test]
    fn ids_of_one_instant_differ_in_62_bits() {
        let ids: BTreeSet<Uuid> = (0..10_000).map(|_| time_ordered_id(noon())).collect();
        assert_eq!(ids.len(), 10_000);
        let (ones, zeros) = (id_with(noon(), [0xFF; 10]), id_with(noon(), [0; 10]));
        assert_eq!((ones.as_u128() ^ zeros.as_u128()).count_ones(), 62);
    }

    #[test]
    fn ids_refuse_empty_long_and_control_text() {
        assert_eq!(ConversationId::new(""), Err(IdError::Empty));
        assert_eq!(ConversationId::new("x".repeat(257)), Err(IdError::TooLong { bytes: 257 }));
        assert_eq!(Sku::new("a\nb"), Err(IdError::Control { at: 1 }));
        assert_eq!(Sku::new("GEL-05").map(|sku| sku.to_string()), Ok("GEL-05".to_owned()));
    }
}
