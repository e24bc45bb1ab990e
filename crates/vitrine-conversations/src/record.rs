//! What is stored of a thread and of a turn; `encoding` has the bytes.

use crate::Purpose;
use crate::stored_text::hash;
use crate::stored_text::text;
use crate::stored_text::text_list;
use crate::stored_text::text_option;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::ThreadId;
use vitrine_base::ids::TurnId;
use vitrine_base::language::Language;
use vitrine_base::language::Tongue;

/// Why bytes are not a record.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// Written by another version of this program.
    #[error("record has format {found}, supported is up to {supported}")]
    Format {
        /// The format byte found.
        found: u8,
        /// The newest format of such records.
        supported: u8,
    },
    /// A time outside the calendar.
    #[error("record has the time {microseconds} us, which is none")]
    Time {
        /// The time found.
        microseconds: i64,
    },
    /// The packed part is no block.
    #[error("record does not unpack")]
    Packing {
        /// What the decoder said.
        #[source]
        cause: Arc<lz4_flex::block::DecompressError>,
    },
    /// Fewer bytes than the layout needs.
    #[error("record has {bytes} bytes, its layout needs {bytes_needed}")]
    Short {
        /// Length found.
        bytes: usize,
        /// Length that the layout asks for.
        bytes_needed: usize,
    },
    /// The JSON part is not what this format holds.
    #[error("record is malformed")]
    Malformed {
        /// What the parser said.
        #[source]
        cause: Arc<serde_json::Error>,
    },
}

impl From<serde_json::Error> for RecordError {
    fn from(cause: serde_json::Error) -> Self {
        Self::Malformed { cause: Arc::new(cause) }
    }
}

/// SHA-256 of a request body: tells a redelivery from another message under the same id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyHash(pub [u8; 32]);

impl BodyHash {
    /// Hashes a body.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BodyHash({self})")
    }
}

/// Who answers the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerState {
    /// The bot.
    Bot,
    /// The bot, while a human has been asked for.
    Offered,
    /// A human; the bot is silent.
    Human,
    /// Nobody: the human is done, the bot waits for the customer's next message.
    Released,
}

/// Who owns a thread, and since when. `Ownership::after` in `ownership` changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The owner.
    pub state: OwnerState,
    /// Rises by one with every change of owner; an answer of an older epoch must not be sent.
    pub epoch: u64,
    /// When the owner changed last.
    pub since: Timestamp,
}

/// How we know a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// The customer said it.
    Stated,
    /// We concluded it.
    Inferred,
}

/// The value of one facet that the customer cares about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownFact {
    /// The value, such as `marathon`.
    pub value: String,
    /// Stated or inferred.
    pub kind: FactKind,
    /// The message it was learnt from.
    #[serde(with = "text_option")]
    pub source: Option<MessageId>,
    /// The customer's own words, cut to [`VERBATIM_CHARS_MAX`]; `None` if it was tapped or
    /// inferred.
    #[serde(default)]
    pub verbatim: Option<String>,
    /// What it is kept for.
    #[serde(default)]
    pub purpose: Purpose,
    /// How sure we are, 0 to 1; what was stated is certain.
    #[serde(default = "certain", serialize_with = "finite")]
    pub confidence: f32,
    /// When it was learnt.
    pub learnt_at: Timestamp,
}

/// Longest verbatim source of a fact, characters.
pub const VERBATIM_CHARS_MAX: usize = 280;

fn certain() -> f32 {
    1.0
}

/// One answer that a pending question offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedOption {
    /// What comes back when it is chosen, such as `feel=comfort`.
    pub id: String,
    /// What the customer read.
    pub title: String,
}

/// A question that we asked and that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingQuestion {
    /// The facet asked about, such as `feel` or `size`.
    pub facet: String,
    /// The answers offered, in the order shown.
    pub options: Vec<OfferedOption>,
    /// The product that the question is about.
    #[serde(with = "text_option")]
    pub product: Option<Sku>,
    /// Sizes that are still possible.
    pub size_candidates: Vec<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
}

/// One line of the cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The article.
    #[serde(with = "text")]
    pub sku: Sku,
    /// Pieces, at least one.
    pub quantity: u32,
}

/// An intent that a past turn showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenIntent {
    /// The label.
    pub label: String,
    /// Calibrated confidence, 0 to 1.
    #[serde(serialize_with = "finite")]
    pub confidence: f32,
    /// When it was seen.
    pub seen_at: Timestamp,
}

/// An offer that the customer did not want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclinedOffer {
    /// The article offered.
    #[serde(with = "text")]
    pub sku: Sku,
    /// When it was declined.
    pub declined_at: Timestamp,
}

/// Runs that lead to a handoff or to silence; each starts again at zero when broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Turns in a row whose intent was unsure.
    pub low_confidence_in_a_row: u32,
    /// Times in a row that the same question was asked.
    pub same_question_in_a_row: u32,
    /// Offers made in this thread.
    pub offers_made: u32,
}

/// The second thing that a message asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptIntent {
    /// The label.
    pub label: String,
    /// The words that ask for it.
    pub text: String,
    /// Turns since then.
    pub turns: u32,
}

/// Words of the customer that a later turn has to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The turn that brought them and was superseded.
    #[serde(with = "text")]
    pub turn_id: TurnId,
    /// The words.
    pub text: String,
    /// When they were sent, by the provider's clock; the arrival when it gave none.
    pub sent_at: Timestamp,
}

/// Everything known about one conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThreadRecord {
    /// The thread.
    #[serde(with = "text")]
    pub thread_id: ThreadId,
    /// Whose it is, once known.
    #[serde(with = "text_option")]
    pub customer_id: Option<CustomerId>,
    /// Channels seen, in the order of their first message.
    #[serde(with = "text_list")]
    pub channels: Vec<ChannelKind>,
    /// The channel of the customer's last message.
    #[serde(default, with = "text_option")]
    pub channel_last: Option<ChannelKind>,
    /// The language we answer in.
    #[serde(with = "text")]
    pub language: Language,
    /// The language that the customer writes, once one was seen.
    #[serde(default, with = "text_option")]
    pub tongue: Option<Tongue>,
    /// Who answers.
    pub ownership: Ownership,
    /// Known facets by key.
    pub facts: BTreeMap<String, KnownFact>,
    /// Facets asked about for the current need, whatever the answer was.
    #[serde(default)]
    pub asked_facets: Vec<String>,
    /// What we wait to hear.
    pub pending: Option<PendingQuestion>,
    /// The product talked about.
    #[serde(with = "text_option")]
    pub product_in_focus: Option<Sku>,
    /// The cart as last told.
    pub cart: Vec<CartLine>,
    /// Last intents, newest last; the caller keeps as many as it needs.
    pub intents: Vec<SeenIntent>,
    /// Products offered, newest last; the caller keeps as many as it needs.
    #[serde(default, with = "text_list")]
    pub offered: Vec<Sku>,
    /// Offers declined, newest last.
    pub declined_offers: Vec<DeclinedOffer>,
    /// What the customer also wanted and was not answered yet.
    #[serde(default)]
    pub kept: Option<KeptIntent>,
    /// Words that wait for an answer, in the order they came.
    #[serde(default)]
    pub unanswered: Vec<Unanswered>,
    /// Runs.
    pub counters: Counters,
    /// When the thread was opened.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the customer last wrote, by the provider's clock: opens the channel's window.
    pub last_customer_message_at: Option<Timestamp>,
    /// When the customer said STOP in this thread.
    #[serde(default)]
    pub outreach_stopped_at: Option<Timestamp>,
    /// When we told the customer that a machine answers.
    pub disclosed_at: Option<Timestamp>,
    /// How often the record was committed; the store sets it, a commit compares it.
    #[serde(skip)]
    pub version: u64,
    /// Turns recorded so far; the store sets it.
    #[serde(skip)]
    pub turns_recorded: u64,
}

impl ThreadRecord {
    /// A thread that begins: owned by the bot, nothing known, not stored yet (version 0).
    #[must_use]
    pub fn open(thread_id: ThreadId, language: Language, now: Timestamp) -> Self {
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
            version: 0,
            turns_recorded: 0,
        }
    }

    /// The channel that a reply goes to: that of the last message, web chat when there was none.
    #[must_use]
    pub fn channel(&self) -> ChannelKind {
        self.channel_last.or(self.channels.last().copied()).unwrap_or(ChannelKind::Webchat)
    }
}

/// What a turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// The customer wrote, we answered (or stayed silent because a human owns the thread).
    Customer,
    /// A human of the shop wrote.
    Human,
    /// The conversation was resolved: context starts again after this.
    Resolved,
}

/// One user message and our answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// The turn.
    #[serde(with = "text")]
    pub turn_id: TurnId,
    /// What it is.
    pub kind: TurnKind,
    /// The provider's id of the message: the idempotency key, if it gave one.
    #[serde(with = "text_option")]
    pub message_id: Option<MessageId>,
    /// Hash of the request body. It stands before the JSON; that of format 1 has it within.
    #[serde(deserialize_with = "hash::deserialize", skip_serializing, default = "no_hash")]
    pub body_hash: BodyHash,
    /// Where it came from.
    #[serde(with = "text")]
    pub channel: ChannelKind,
    /// What was written.
    pub user_text: String,
    /// The option chosen, if one was.
    pub option_id: Option<String>,
    /// What we said; empty when we said nothing.
    pub reply_text: String,
    /// The kind of action taken, by its wire name.
    pub action: String,
    /// When the message was sent, by the provider's clock; the arrival when it gave none.
    pub sent_at: Timestamp,
    /// When it arrived here.
    pub received_at: Timestamp,
    /// When the answer was ready to be recorded.
    pub answered_at: Timestamp,
    /// Place in its thread, from 0 without gaps; the store sets it.
    #[serde(skip)]
    pub sequence: u64,
    /// The answer exactly as it left, JSON.
    #[serde(skip, default = "no_bytes")]
    pub answer: Arc<[u8]>,
}

fn no_hash() -> BodyHash {
    BodyHash([0; 32])
}

fn no_bytes() -> Arc<[u8]> {
    Arc::from(&[][..])
}

/// JSON has no NaN: a value that it cannot hold would make the record unreadable.
fn finite<S: serde::Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f32(if value.is_finite() { *value } else { 0.0 })
}
