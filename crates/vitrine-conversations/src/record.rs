//! Stored types of conversations and turns; `encoding` turns them into bytes.

use crate::body_hash::BodyHash;
use crate::customer::Purpose;
use crate::stored_text::hash;
use crate::stored_text::text;
use crate::stored_text::text_list;
use crate::stored_text::text_option;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TurnId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;

/// Owner of a conversation: the one who answers the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerState {
    /// The bot answers.
    Bot,
    /// The bot still answers; a human has been requested.
    Offered,
    /// A human answers; the bot is silent.
    Human,
    /// The human is done; the bot takes over with the customer's next message.
    Released,
}

impl OwnerState {
    /// Name in JSON and in stored records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Offered => "offered",
            Self::Human => "human",
            Self::Released => "released",
        }
    }
}

/// Owner of a conversation. `Ownership::after` applies an event to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// Current owner.
    pub state: OwnerState,
    /// Rises by one with every change of owner. A reply drafted in an older epoch must not be sent.
    pub epoch: u64,
    /// Time of the last change.
    pub since: Timestamp,
}

/// Origin of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// The customer stated it.
    Stated,
    /// The gateway inferred it.
    Inferred,
}

/// A known preference of the customer: the value of one facet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFact {
    /// Value of the facet, such as `marathon`.
    pub value: String,
    /// Whether the customer stated it or it was inferred.
    pub kind: FactKind,
    /// Message that it was learnt from; `None` if the message had no id.
    #[serde(with = "text_option")]
    pub source: Option<MessageId>,
    /// The customer's words, at most [`VERBATIM_CHARS_MAX`] characters; `None` if the value was
    /// tapped or inferred.
    #[serde(default)]
    pub verbatim: Option<String>,
    /// Purpose it is stored for; decides how long it is kept.
    #[serde(default)]
    pub purpose: Purpose,
    /// Confidence, 0 to 1; 1 for a stated fact.
    #[serde(default = "certain", serialize_with = "finite")]
    pub confidence: f32,
    /// Time it was learnt.
    pub learnt_at: Timestamp,
}

/// Largest dialogue state stored with a conversation, in bytes.
pub const DIALOGUE_BYTES_MAX: usize = 64 << 10;

/// Longest verbatim quote stored with a fact, in characters.
pub const VERBATIM_CHARS_MAX: usize = 280;

fn certain() -> f32 {
    1.0
}

/// One answer offered with a pending question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedOption {
    /// Option id returned when it is chosen, such as `feel=comfort`.
    pub id: String,
    /// Text shown to the customer.
    pub title: String,
}

/// A question that was asked and is not answered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingQuestion {
    /// Facet asked about, such as `feel` or `size`.
    pub facet: String,
    /// Answers offered, in the order shown.
    pub options: Vec<OfferedOption>,
    /// Product that the question is about, if any.
    #[serde(with = "text_option")]
    pub product: Option<Sku>,
    /// Sizes that are still possible; empty unless the question asks for the size.
    pub size_candidates: Vec<String>,
    /// Time it was asked.
    pub asked_at: Timestamp,
}

/// One line of the cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Article in the cart.
    #[serde(with = "text")]
    pub sku: Sku,
    /// Pieces, at least 1.
    pub quantity: u32,
}

/// Intent recognised in an earlier turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenIntent {
    /// Label of the intent.
    pub label: String,
    /// Calibrated confidence, 0 to 1.
    #[serde(serialize_with = "finite")]
    pub confidence: f32,
    /// Time it was recognised.
    pub seen_at: Timestamp,
}

/// An offer that the customer declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclinedOffer {
    /// Article offered.
    #[serde(with = "text")]
    pub sku: Sku,
    /// Time it was declined.
    pub declined_at: Timestamp,
}

/// Counters that lead to a hand-off or limit offers. Those `in_a_row` return to 0 when the row
/// breaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Consecutive turns with an uncertain intent.
    pub low_confidence_in_a_row: u32,
    /// Consecutive times that the same question was asked.
    pub same_question_in_a_row: u32,
    /// Offers made in this conversation.
    pub offers_made: u32,
}

/// Second intent of a message, kept for a later turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeferredIntent {
    /// Label of the intent.
    pub label: String,
    /// Part of the message that expresses it.
    pub text: String,
    /// Turns since that message.
    pub turns: u32,
}

/// A message of the customer that a later turn must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredMessage {
    /// The superseded turn that the message belonged to.
    #[serde(with = "text")]
    pub turn_id: TurnId,
    /// Text of the message.
    pub text: String,
    /// Time sent, by the provider's clock; the time of arrival if the provider gave none.
    pub sent_at: Timestamp,
}

/// Stored state of one conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConversationRecord {
    /// Id of the conversation.
    #[serde(with = "text")]
    pub thread_id: ConversationId,
    /// The customer; `None` until identified.
    #[serde(with = "text_option")]
    pub customer_id: Option<CustomerId>,
    /// Channels used, in the order of their first message.
    #[serde(with = "text_list")]
    pub channels: Vec<ChannelKind>,
    /// Channel of the customer's last message.
    #[serde(default, with = "text_option")]
    pub channel_last: Option<ChannelKind>,
    /// Language of the replies.
    #[serde(with = "text")]
    pub language: Language,
    /// Language that the customer writes; `None` until detected.
    #[serde(default, with = "text_option")]
    pub tongue: Option<DetectedLanguage>,
    /// Current owner.
    pub ownership: Ownership,
    /// Known facts by facet key.
    pub facts: BTreeMap<String, KnownFact>,
    /// Facets already asked about for the current need, answered or not.
    #[serde(default)]
    pub asked_facets: Vec<String>,
    /// Question that waits for an answer.
    pub pending: Option<PendingQuestion>,
    /// Product under discussion.
    #[serde(with = "text_option")]
    pub product_in_focus: Option<Sku>,
    /// Cart, as last reported by the shop.
    pub cart: Vec<CartLine>,
    /// Recent intents, newest last. The caller limits their number.
    pub intents: Vec<SeenIntent>,
    /// Ids of the options shown so far, newest last; each may still be chosen. The caller limits
    /// their number.
    #[serde(default)]
    pub option_ids: Vec<String>,
    /// Products offered, newest last. The caller limits their number.
    #[serde(default, with = "text_list")]
    pub offered: Vec<Sku>,
    /// Offers declined, newest last.
    pub declined_offers: Vec<DeclinedOffer>,
    /// Second intent of an earlier message, not answered yet.
    #[serde(default)]
    pub kept: Option<DeferredIntent>,
    /// Messages that still need an answer, in order of arrival.
    #[serde(default)]
    pub unanswered: Vec<UnansweredMessage>,
    /// Counters towards hand-off and offer limits.
    pub counters: Counters,
    /// Time the conversation was opened.
    pub opened_at: Timestamp,
    /// Time of the last change; retention counts from it.
    pub updated_at: Timestamp,
    /// Time of the customer's last message, by the provider's clock; opens the channel's reply
    /// window.
    pub last_customer_message_at: Option<Timestamp>,
    /// Time of a STOP in this conversation.
    #[serde(default)]
    pub outreach_stopped_at: Option<Timestamp>,
    /// Time at which the customer was told that a machine answers.
    pub disclosed_at: Option<Timestamp>,
    /// State of the dialogue as JSON, at most [`DIALOGUE_BYTES_MAX`] bytes; the store does not read
    /// it. `None` in a new conversation and in those of older versions. It holds the customer's
    /// wishes, for the purpose of assistance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<String>,
    /// Number of commits so far. The store sets it and refuses a commit made from another version.
    #[serde(skip)]
    pub version: u64,
    /// Turns recorded so far; set by the store.
    #[serde(skip)]
    pub turns_recorded: u64,
}

impl ConversationRecord {
    /// A new conversation: owned by the bot, no facts, not stored yet (version 0).
    #[must_use]
    pub fn open(thread_id: ConversationId, language: Language, now: Timestamp) -> Self {
        Self {
            thread_id,
            customer_id: None,
            channels: Vec::new(),
            channel_last: None,
            language,
            tongue: None,
            ownership: Ownership { state: OwnerState::Bot, epoch: 1, since: now },
            facts: BTreeMap::new(),
            asked_facets: Vec::new(),
            pending: None,
            product_in_focus: None,
            cart: Vec::new(),
            intents: Vec::new(),
            option_ids: Vec::new(),
            offered: Vec::new(),
            declined_offers: Vec::new(),
            kept: None,
            unanswered: Vec::new(),
            counters: Counters::default(),
            opened_at: now,
            updated_at: now,
            last_customer_message_at: None,
            outreach_stopped_at: None,
            disclosed_at: None,
            dialogue: None,
            version: 0,
            turns_recorded: 0,
        }
    }

    /// Channel for the reply: that of the last message, web chat if there was none.
    #[must_use]
    pub fn channel(&self) -> ChannelKind {
        self.channel_last.or(self.channels.last().copied()).unwrap_or(ChannelKind::Webchat)
    }
}

/// Kind of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// The customer wrote, and the gateway replied or stayed silent because a human is the owner.
    Customer,
    /// A human of the shop wrote.
    Human,
    /// The conversation was resolved; later drafts ignore earlier turns.
    Resolved,
}

/// Kind of a file or card that a customer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A voice note or another recording.
    Audio,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Any other file.
    Document,
    /// A place on the map.
    Location,
    /// A contact card.
    Contact,
}

impl AttachmentKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Audio, Self::Image, Self::Video, Self::Document, Self::Location, Self::Contact];

    /// Name in JSON and in stored records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
            Self::Location => "location",
            Self::Contact => "contact",
        }
    }

    /// Parses a wire name; `None` if it is unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The accepted names, comma-separated, for error messages.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// What is kept of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAttachment {
    /// Its kind.
    pub kind: AttachmentKind,
    /// Media type, if the provider gave one.
    pub mime_type: Option<String>,
}

/// Stored record of one turn: a message and the reply to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Id of the turn.
    #[serde(with = "text")]
    pub turn_id: TurnId,
    /// Kind of the turn.
    pub kind: TurnKind,
    /// Message id, given by the provider: the idempotency key. `None` if the provider gave none.
    #[serde(with = "text_option")]
    pub message_id: Option<MessageId>,
    /// Hash of the request body. Stored in the header; in format 1, inside the JSON.
    #[serde(deserialize_with = "hash::deserialize", skip_serializing, default = "no_hash")]
    pub body_hash: BodyHash,
    /// Channel of the message.
    #[serde(with = "text")]
    pub channel: ChannelKind,
    /// Text of the message.
    pub user_text: String,
    /// Option that the customer chose, if any.
    pub option_id: Option<String>,
    /// Text of the reply; empty if there was none.
    pub reply_text: String,
    /// Wire name of the action taken.
    pub action: String,
    /// What came with the text, in order; without the contents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<StoredAttachment>,
    /// Time sent, by the provider's clock; the time of arrival if the provider gave none.
    pub sent_at: Timestamp,
    /// Date at which the sender's own clock stood then; `None` if the provider gave no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_on: Option<Date>,
    /// Time of arrival at the gateway.
    pub received_at: Timestamp,
    /// Time at which the answer was ready to be committed.
    pub answered_at: Timestamp,
    /// Position in the conversation, from 0 without gaps; set by the store.
    #[serde(skip)]
    pub sequence: u64,
    /// The answer, byte for byte as it was sent: JSON.
    #[serde(skip, default = "no_bytes")]
    pub answer: Arc<[u8]>,
}

fn no_hash() -> BodyHash {
    BodyHash([0; 32])
}

fn no_bytes() -> Arc<[u8]> {
    Arc::from(&[][..])
}

/// JSON has no NaN or infinity; storing one would make the record unreadable.
fn finite<S: serde::Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f32(if value.is_finite() { *value } else { 0.0 })
}
