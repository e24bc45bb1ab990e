//! `POST /respond`: the customer's turn and the decided answer.

use crate::http::wire::MoneyBody;
use crate::http::wire::customers::ProfileBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// One customer turn.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct RespondRequest {
    /// The conversation; without it a new one is opened.
    #[serde(default)]
    pub(crate) thread_id: Option<String>,
    /// The customer, once the caller knows who it is.
    #[serde(default)]
    pub(crate) customer_id: Option<String>,
    /// `whatsapp`, `instagram`, `rcs`, `apple`, `sms` or `webchat`.
    pub(crate) channel: String,
    /// The customer's address on the channel, such as a phone number: leads to the customer and the
    /// thread that it was linked to.
    #[serde(default)]
    pub(crate) sender: Option<String>,
    /// What the customer sent.
    pub(crate) message: MessageBody,
    /// BCP 47; decides the language when the text does not.
    #[serde(default)]
    pub(crate) locale: Option<String>,
    /// What the caller knows of the customer.
    #[serde(default)]
    pub(crate) customer: Option<CustomerBody>,
    /// The cart as it stands.
    #[serde(default)]
    pub(crate) cart: Option<Vec<CartLineBody>>,
    /// How long the answer may take, in milliseconds.
    #[serde(default)]
    pub(crate) deadline_ms: Option<u64>,
    /// Whether to wait the channel's debounce window for more messages before drafting. Without it
    /// the turn starts at once; words that come while it runs supersede it all the same.
    #[serde(default)]
    pub(crate) debounce: bool,
    /// Whether to answer with server-sent events.
    #[serde(default)]
    pub(crate) stream: bool,
}

/// One message: a text, or the id of a tapped option.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct MessageBody {
    /// The provider's id: the idempotency key.
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// What was written.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// RFC 3339, by the provider's clock.
    #[serde(default)]
    pub(crate) sent_at: Option<String>,
    /// The `id` of the option that was tapped.
    #[serde(default)]
    pub(crate) option_id: Option<String>,
}

/// What the caller knows of the customer.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct CustomerBody {
    #[serde(flatten)]
    pub(crate) profile: ProfileBody,
    /// Open orders, newest first.
    #[serde(default)]
    pub(crate) orders: Vec<OrderBody>,
}

/// One order of the customer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct OrderBody {
    /// Its number as the customer knows it.
    pub(crate) id: String,
    /// Where it stands, in the customer's language.
    pub(crate) status: String,
    /// The date that goes with the status, as the customer reads it.
    #[serde(default)]
    pub(crate) date: Option<String>,
    /// Where to follow it.
    #[serde(default)]
    pub(crate) link: Option<String>,
}

/// One line of the cart.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub(crate) struct CartLineBody {
    pub(crate) sku: String,
    #[serde(default = "one")]
    pub(crate) quantity: u32,
}

fn one() -> u32 {
    1
}

/// The decided answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RespondAnswer {
    pub(crate) turn_id: String,
    pub(crate) thread_id: String,
    /// Rises with every change of owner; a sender drops answers of an older epoch.
    pub(crate) epoch: u64,
    /// Turns that this answer also covers, in the order their words were sent.
    pub(crate) supersedes: Vec<String>,
    /// The turn that answers instead of this one, when newer words came first: there is nothing
    /// to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) superseded_by: Option<String>,
    /// What the reply is in, ISO 639-1.
    pub(crate) language: String,
    /// What the customer writes, ISO 639-1: `en`, `fr`, `de`, `es`, `it` or `pt`.
    pub(crate) language_detected: String,
    pub(crate) intent: IntentBody,
    pub(crate) action: ActionBody,
    pub(crate) reply: ReplyBody,
    pub(crate) suggestion: Option<SuggestionBody>,
    pub(crate) facts: Vec<FactBody>,
    pub(crate) handoff: Option<HandoffBody>,
    pub(crate) window: WindowBody,
    /// Whether this reply must say (or says) that a machine answers: once a thread.
    pub(crate) disclosure: bool,
    pub(crate) timings_ms: TimingsBody,
    pub(crate) usage: UsageBody,
}

/// What the customer wants.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IntentBody {
    /// An intent of the head, `oos`, or `option` for a tap.
    pub(crate) label: String,
    /// Calibrated, 0 to 1.
    pub(crate) confidence: f64,
    /// Whether the head would rather not say.
    pub(crate) abstained: bool,
    pub(crate) alternatives: Vec<AlternativeBody>,
    /// What else the message asks for; kept, and offered as a button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) second: Option<AlternativeBody>,
    pub(crate) signals: SignalsBody,
}

/// Another intent that it might be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlternativeBody {
    pub(crate) label: String,
    pub(crate) confidence: f64,
}

/// How it was said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SignalsBody {
    /// -1 (angry) to 1 (delighted).
    pub(crate) sentiment: f64,
    /// 0 to 1.
    pub(crate) urgency: f64,
    /// 0 to 1; a weak signal.
    pub(crate) sarcasm: f64,
    /// 0 to 1.
    pub(crate) profanity: f64,
    /// How near to buying: `discovery`, `interested` or `ready`; null when it is about something
    /// else or nothing tells.
    pub(crate) stage: Option<String>,
    /// 0 to 1.
    pub(crate) stage_confidence: Option<f64>,
}

/// The decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ActionBody {
    /// `greet`, `ask`, `recommend`, `answer`, `checkout`, `order_status`, `clarify`, `deflect`,
    /// `handoff`, `close`, or `superseded` (newer words came first; the reply is empty).
    pub(crate) kind: String,
    /// The facet asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facet: Option<String>,
    /// The product it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    /// The policy topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    /// The checkout or tracking link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

/// The one message for the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReplyBody {
    pub(crate) text: String,
    /// `model`, `template` or `human`.
    pub(crate) source: String,
    pub(crate) options: Vec<OptionBody>,
    pub(crate) grounding: Vec<GroundingBody>,
    /// The same reply in the channel's own format.
    #[schema(value_type = Object)]
    pub(crate) payload: serde_json::Value,
}

/// A button.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OptionBody {
    /// Comes back as `message.option_id`.
    pub(crate) id: String,
    pub(crate) title: String,
}

/// Which fact a part of the text comes from; offsets count characters.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct GroundingBody {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) fact: String,
}

/// At most one thing to buy besides.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SuggestionBody {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price: MoneyBody,
    pub(crate) reason: String,
    /// The rule that fired: `pair:OFFER<-ANCHOR`.
    pub(crate) rule: String,
    /// `treatment` or `holdout`.
    pub(crate) arm: String,
}

/// Something the customer told us.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FactBody {
    pub(crate) key: String,
    pub(crate) value: String,
    /// `stated` or `inferred`.
    pub(crate) kind: String,
    /// The message it came from.
    pub(crate) source: Option<String>,
    /// The customer's own words for it, where they were read word by word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quote: Option<String>,
}

/// Why and to whom the thread goes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HandoffBody {
    /// `requested`, `complaint`, `unsure`, `loop`, `vip_buying`, `language` or `human_owned`.
    pub(crate) reason: String,
    /// What the human should know, at most 2,000 characters.
    pub(crate) summary: String,
}

/// Whether the channel still takes free-form messages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WindowBody {
    /// `open`, `closed` or `none`.
    pub(crate) state: String,
    /// RFC 3339.
    pub(crate) closes_at: Option<String>,
}

/// Where the time went, milliseconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TimingsBody {
    /// Waiting for the thread's turn before.
    pub(crate) queue: f64,
    /// Language, intent, catalogue.
    pub(crate) understand: f64,
    /// Words, check included.
    pub(crate) draft: f64,
    pub(crate) suggest: f64,
    /// Reading the thread and preparing the record; the write itself comes after the answer is
    /// sealed and is in the metric `vitrine_turn_seconds`.
    pub(crate) record: f64,
    /// Arrival to sealed answer.
    pub(crate) total: f64,
}

/// Tokens of the drafts.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct UsageBody {
    pub(crate) prompt_tokens: usize,
    pub(crate) cached_tokens: usize,
    pub(crate) output_tokens: usize,
}
