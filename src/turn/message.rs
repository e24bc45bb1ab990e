//! A customer's turn as the gateway takes it: checked ids, known channel, nothing of the wire.

use jiff::Timestamp;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::ThreadId;
use vitrine_base::language::Language;
use vitrine_conversations::BodyHash;
use vitrine_conversations::Consent;

/// One customer turn.
#[derive(Debug, Clone)]
pub(crate) struct TurnRequest {
    /// Whose customer wrote.
    pub(crate) tenant: TenantId,
    /// `None` opens a thread.
    pub(crate) thread_id: Option<ThreadId>,
    pub(crate) customer_id: Option<CustomerId>,
    pub(crate) channel: ChannelKind,
    /// The customer's address on that channel, if the caller names it.
    pub(crate) sender: Option<String>,
    pub(crate) message_id: Option<MessageId>,
    /// Identifies the request: the same message id with another hash is a conflict.
    pub(crate) body_hash: BodyHash,
    pub(crate) content: Content,
    pub(crate) sent_at: Option<Timestamp>,
    /// The language of the caller's locale, if it is one of ours.
    pub(crate) language_hint: Option<Language>,
    pub(crate) customer: Customer,
    /// `None` leaves the cart as it was last told.
    pub(crate) cart: Option<Vec<(Sku, u32)>>,
    /// Whether more messages are waited for.
    pub(crate) patience: Patience,
    /// How long the answer may take; `None` takes the configured time.
    pub(crate) deadline: Option<Duration>,
}

/// Whether a turn waits for more messages before it is drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It starts at once. Newer words that come while it runs supersede it all the same.
    None,
    /// The channel's debounce window passes first.
    Debounce,
}

/// What the customer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Words.
    Text(String),
    /// A tap on an option of ours.
    Tap {
        /// Its id, `key=value`.
        option_id: String,
        /// The words that came with it, if any.
        text: String,
    },
}

impl Content {
    /// The words, empty for a bare tap.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Tap { text, .. } => text,
        }
    }

    /// The option, if one was tapped.
    pub(crate) fn option_id(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Tap { option_id, .. } => Some(option_id),
        }
    }
}

/// What the caller knows of the customer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customer {
    pub(crate) name: Option<String>,
    pub(crate) tier: Option<String>,
    /// Free text or a date; told to a human who takes over.
    pub(crate) last_purchase: Option<String>,
    pub(crate) orders: Vec<Order>,
    /// Rows of the ledger, oldest first.
    pub(crate) consents: Vec<Consent>,
    /// Whether the customer said STOP, on any channel, and has not opted in again since; `None` if
    /// the ledger does not know the customer.
    pub(crate) stopped: Option<bool>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) date: Option<String>,
    pub(crate) link: Option<String>,
}
