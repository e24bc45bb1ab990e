//! A customer's message as the pipeline receives it: ids and channel validated, no wire types.

use jiff::Timestamp;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_conversations::BodyHash;
use vitrine_conversations::Consent;

/// One customer message, with everything that the caller sent along.
#[derive(Debug, Clone)]
pub(crate) struct TurnRequest {
    /// The tenant whose customer wrote.
    pub(crate) tenant: TenantId,
    /// `None` continues the conversation of the sender's address if there is one, or starts one.
    pub(crate) thread_id: Option<ConversationId>,
    pub(crate) customer_id: Option<CustomerId>,
    pub(crate) channel: ChannelKind,
    /// The customer's address on that channel, if the caller sends it.
    pub(crate) sender: Option<String>,
    pub(crate) message_id: Option<MessageId>,
    /// Hash of the request body: the same message id with another hash is a conflict.
    pub(crate) body_hash: BodyHash,
    pub(crate) content: Content,
    pub(crate) sent_at: Option<Timestamp>,
    /// Language of the caller's locale, if replies can be written in it.
    pub(crate) language_hint: Option<Language>,
    pub(crate) customer: Customer,
    /// `None` leaves the cart unchanged.
    pub(crate) cart: Option<Vec<(Sku, u32)>>,
    /// Whether to debounce.
    pub(crate) debounce_mode: DebounceMode,
    /// Time allowed for the answer; `None` uses the configured deadline.
    pub(crate) deadline: Option<Duration>,
}

/// Whether a turn waits for more messages before drafting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DebounceMode {
    /// Starts at once. A newer message still supersedes it while it runs.
    None,
    /// Waits for the channel's debounce window first.
    Debounce,
}

/// What the customer sent: text or a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Typed text.
    Text(String),
    /// A tap on an option of an earlier reply.
    Tap {
        /// The option's id, `key=value`.
        option_id: String,
        /// Text sent with the tap; may be empty.
        text: String,
    },
}

impl Content {
    /// The text; empty for a tap without one.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Tap { text, .. } => text,
        }
    }

    /// The id of the tapped option, if any.
    pub(crate) fn option_id(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Tap { option_id, .. } => Some(option_id),
        }
    }
}

/// The customer, as described by the caller and completed from the stored profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customer {
    pub(crate) name: Option<String>,
    pub(crate) tier: Option<String>,
    /// Free text or a date; shown to a human who takes over, and searched for a product to reorder.
    pub(crate) last_purchase: Option<String>,
    pub(crate) orders: Vec<Order>,
    /// Rows of the consent ledger, oldest first.
    pub(crate) consents: Vec<Consent>,
    /// Whether the customer said STOP on any channel and has not opted in since; `None` if the
    /// ledger has no such customer.
    pub(crate) stopped: Option<bool>,
}

/// One order, as the caller reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) date: Option<String>,
    pub(crate) link: Option<String>,
}
