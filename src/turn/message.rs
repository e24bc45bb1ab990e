//! A customer's message as the pipeline receives it: ids and channel validated, no wire types.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;
use vitrine_conversations::Consent;
use vitrine_conversations::RequestHash;
use vitrine_conversations::StoredAttachment;

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
    /// Hash of the request: the same message id with another meaning is a conflict.
    pub(crate) hash: RequestHash,
    pub(crate) content: Content,
    /// What came with the text, in order; without the contents.
    pub(crate) attachments: Vec<StoredAttachment>,
    /// The sender's clock; `None` if the caller gave no time.
    pub(crate) sent_at: Option<SentAt>,
    /// When the gateway accepted the message; `None` until it has.
    pub(crate) received_at: Option<Timestamp>,
    /// Language of the caller's locale, if replies can be written in it.
    pub(crate) language_hint: Option<Language>,
    /// Language of the caller's locale, if it is one that fixed texts exist in.
    pub(crate) tongue_hint: Option<DetectedLanguage>,
    pub(crate) customer: Customer,
    /// `None` leaves the cart unchanged.
    pub(crate) cart: Option<Vec<(Sku, u32)>>,
    /// Whether to debounce.
    pub(crate) debounce_mode: DebounceMode,
    /// Time allowed for the answer; `None` uses the configured deadline.
    pub(crate) deadline: Option<Duration>,
}

impl TurnRequest {
    /// Records the arrival, and bounds the sender's clock by it.
    pub(crate) fn arrived(&mut self, now: Timestamp) {
        let received_at = *self.received_at.get_or_insert(now);
        self.sent_at = self.sent_at.and_then(|sent_at| sent_at.bounded(received_at));
    }

    /// When the message was sent; the time of arrival, else `now`, if its sender gave no time.
    pub(crate) fn sent(&self, now: Timestamp) -> Timestamp {
        self.sent_at.map_or(self.received_at.unwrap_or(now), |sent_at| sent_at.at)
    }

    /// When the customer's act began, as far as an erasure is concerned: an erasure since then
    /// wins.
    pub(crate) fn began(&self, now: Timestamp) -> Timestamp {
        self.sent(now).min(self.received_at.unwrap_or(now))
    }

    /// Date of the message by its sender's own clock.
    pub(crate) fn local_date(&self, now: Timestamp) -> Date {
        let offset = self.sent_at.map_or(Offset::UTC, |sent_at| sent_at.offset);
        offset.to_datetime(self.sent(now)).date()
    }
}

/// The sender's clock when a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentAt {
    pub(crate) at: Timestamp,
    /// The sender's distance from UTC: it decides which day is today.
    pub(crate) offset: Offset,
}

/// How far a sender's clock may be ahead of ours. Providers synchronise theirs; beyond this, the
/// time of arrival is nearer to the truth.
pub(crate) const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_mins(2);

/// Times before this one come from clocks that were never set: no channel existed then.
pub(crate) const SENT_AT_MIN: Timestamp = Timestamp::constant(946_684_800, 0);

impl SentAt {
    /// The time, bounded by the time of arrival: a time in the future becomes that of arrival, and
    /// one before [`SENT_AT_MIN`] counts as not given.
    pub(crate) fn bounded(self, received_at: Timestamp) -> Option<Self> {
        let ahead = self.at.duration_since(received_at) > CLOCK_AHEAD_MAX;
        let at = if ahead { received_at } else { self.at };
        (at >= SENT_AT_MIN).then_some(Self { at, ..self })
    }
}

impl From<Timestamp> for SentAt {
    /// A time given in UTC.
    fn from(at: Timestamp) -> Self {
        Self { at, offset: Offset::UTC }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_conversations::samples;

    #[test]
    fn a_senders_clock_is_bounded_by_the_arrival() {
        let now = samples::at(0);
        let at = |time: Timestamp| SentAt::from(time).bounded(now).map(|sent_at| sent_at.at);
        assert_eq!(at(samples::at(-5)), Some(samples::at(-5)));
        assert_eq!(at(samples::at(60)), Some(samples::at(60)), "clocks differ a little");
        assert_eq!(at(samples::at(121)), Some(now), "far ahead");
        assert_eq!(at(Timestamp::MAX), Some(now));
        assert_eq!(at(SENT_AT_MIN), Some(SENT_AT_MIN));
        assert_eq!(at(Timestamp::UNIX_EPOCH), None, "a clock that was never set");
        assert_eq!(at(Timestamp::MIN), None);
    }
}
