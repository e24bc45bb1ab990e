//! Newtypes for every identifier, so that a thread is never passed where a customer is meant.
//!
//! Invariants
//! - A text id is never empty, at most [`ID_BYTES_MAX`] bytes long and free of control characters.

use std::fmt;

/// Longest accepted identifier, in bytes. WhatsApp ids have about 60, RCS ids up to 200.
pub const ID_BYTES_MAX: usize = 256;

/// Why a string cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing to identify by.
    #[error("is empty")]
    Empty,
    /// Longer than any channel's ids.
    #[error("has {bytes} bytes, limit is {ID_BYTES_MAX}")]
    TooLong {
        /// Length found, in bytes.
        bytes: usize,
    },
    /// Control characters break logs and keys.
    #[error("holds a control character at byte {at}")]
    Control {
        /// Byte offset of the first one.
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
            /// Checks the text and wraps it.
            ///
            /// # Errors
            /// If it is empty, longer than [`ID_BYTES_MAX`] or holds a control character.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The id as it came.
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
    /// One shop on this gateway: the wall between callers.
    TenantId
);
text_id!(
    /// One conversation, over all its channels.
    ThreadId
);
text_id!(
    /// One user message and our answer.
    TurnId
);
text_id!(
    /// One customer of the shop.
    CustomerId
);
text_id!(
    /// The provider's id of one message: the idempotency key.
    MessageId
);
text_id!(
    /// One sellable article.
    Sku
);

/// One generation inside the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SequenceId(pub u64);

/// One fixed run of KV token slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(pub u32);

impl PageId {
    /// The page's place in the page array.
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
        assert_eq!(ThreadId::new(""), Err(IdError::Empty));
        assert_eq!(ThreadId::new("x".repeat(257)), Err(IdError::TooLong { bytes: 257 }));
        assert_eq!(Sku::new("a\nb"), Err(IdError::Control { at: 1 }));
        assert_eq!(Sku::new("GEL-05").map(|sku| sku.to_string()), Ok("GEL-05".to_owned()));
    }
}
