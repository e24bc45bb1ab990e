//! Newtypes for identifiers, so that identifiers of different kinds cannot be confused.
//!
//! Invariants
//! - A text identifier is not empty, has at most [`ID_BYTES_MAX`] bytes and contains no control
//!   characters.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_empty_long_and_control_text() {
        assert_eq!(ConversationId::new(""), Err(IdError::Empty));
        assert_eq!(ConversationId::new("x".repeat(257)), Err(IdError::TooLong { bytes: 257 }));
        assert_eq!(Sku::new("a\nb"), Err(IdError::Control { at: 1 }));
        assert_eq!(Sku::new("GEL-05").map(|sku| sku.to_string()), Ok("GEL-05".to_owned()));
    }
}
