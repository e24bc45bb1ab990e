//! Bodies of `POST /respond`: a customer's turn and its answer.

use crate::http::wire::MoneyBody;
use crate::http::wire::dialogue::CommandBody;
use crate::http::wire::dialogue::MatchBody;
use crate::http::wire::dialogue::OrderStateBody;
use crate::http::wire::dialogue::RecordedBody;
use crate::http::wire::dialogue::ShownProductBody;
use crate::http::wire::dialogue::StateBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// One customer turn. A redelivery is recognised by `message.id`; it is the same request if it
/// means the same: spelling, order of keys, nulls, `stream`, `debounce` and `deadline_ms` do not
/// count.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RespondRequest {
    /// Conversation id; a new conversation is opened if it is unknown. If it is left out, the
    /// customer's latest conversation continues; a new one is opened if there is none or the
    /// customer is unknown.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) thread_id: Option<String>,
    /// Customer id, if the customer is known.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) customer_id: Option<String>,
    /// `whatsapp`, `instagram`, `rcs`, `apple`, `sms` or `webchat`.
    #[schema(pattern = "^(whatsapp|instagram|rcs|apple|sms|webchat)$")]
    pub(crate) channel: String,
    /// The customer's address on the channel, such as a phone number, in any spelling. If it is
    /// linked to a customer, the turn belongs to that customer and continues their conversation.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) sender: Option<String>,
    /// What the customer sent.
    pub(crate) message: MessageBody,
    /// BCP 47 tag such as `fr-FR`; used when the text does not reveal its language.
    #[serde(default)]
    pub(crate) locale: Option<String>,
    /// Profile and orders of the customer, as far as the client knows them.
    #[serde(default)]
    pub(crate) customer: Option<CustomerBody>,
    /// The current cart.
    #[serde(default)]
    pub(crate) cart: Option<Vec<CartLineBody>>,
    /// Time until the answer must be ready, in milliseconds: 1 to `draft.deadline_ms_max`, default
    /// `draft.deadline_ms`. When it passes, the reply comes from a template.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub(crate) deadline_ms: Option<u64>,
    /// Whether to wait for more messages for the channel's debounce time (`[debounce]`). Default:
    /// false, the turn starts at once. In both cases a newer message supersedes a running turn.
    #[serde(default)]
    pub(crate) debounce: Option<bool>,
    /// Whether to answer with server-sent events instead of one JSON body.
    #[serde(default)]
    pub(crate) stream: Option<bool>,
}

/// One message: a text, attachments, or a tap on an option.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageBody {
    /// The channel's message id, used as idempotency key: a message is answered once.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) id: Option<String>,
    /// The text that the customer wrote.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// Time of sending by the sender's clock, RFC 3339. Its offset tells the sender's own day,
    /// which "tomorrow" refers to. A time in the future becomes that of arrival; one before 2000
    /// counts as not given.
    #[serde(default)]
    pub(crate) sent_at: Option<String>,
    /// The `id` of the tapped option: one shown in this conversation, or one of the shop's own
    /// (`FACET=VALUE` of the catalogue, `take=SKU`, `intent=LABEL`).
    #[serde(default)]
    pub(crate) option_id: Option<String>,
    /// What came with the message; at most 10. Captions count as text. A message of attachments
    /// alone gets a fixed reply that offers a person.
    #[serde(default)]
    pub(crate) attachments: Option<Vec<AttachmentBody>>,
}

/// A file, place or contact that the customer sent. Only its kind and media type are stored.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachmentBody {
    /// `audio`, `image`, `video`, `document`, `location` or `contact`.
    pub(crate) kind: String,
    /// Where it can be fetched, `http` or `https`. Either `url` or `data` is required, except for a
    /// location or a contact.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Its content in base64.
    #[serde(default)]
    pub(crate) data: Option<String>,
    /// Media type such as `audio/ogg`.
    #[serde(default)]
    pub(crate) mime_type: Option<String>,
    /// Text that the customer wrote below it.
    #[serde(default)]
    pub(crate) caption: Option<String>,
}

/// Profile and orders of the customer.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerBody {
    /// Name to address the customer by, usually the first name; at most 64 characters, without
    /// links, markup and sentences.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Customer tier, such as `vip` (see `turn.personal_tiers`).
    #[serde(default)]
    pub(crate) tier: Option<String>,
    /// Last purchase, as free text or a date.
    #[serde(default)]
    pub(crate) last_purchase: Option<String>,
    /// Open orders, newest first; at most 100.
    #[serde(default)]
    pub(crate) orders: Option<Vec<OrderBody>>,
}

/// One order of the customer.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderBody {
    /// Order number as the customer knows it: at most 64 letters, digits and `-_#/.`.
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) id: String,
    /// Status in the customer's language: at most 6 words of letters, without amounts, links and
    /// sentences.
    pub(crate) status: String,
    /// Date that belongs to the status, formatted for the customer, such as `30/11`, `2026-11-30`
    /// or `Monday 30 November`.
    #[serde(default)]
    pub(crate) date: Option<String>,
    /// Tracking link, `http` or `https`.
    #[serde(default)]
    pub(crate) link: Option<String>,
}

/// One line of the cart.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartLineBody {
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) sku: String,
    /// Pieces, 1 or more; 1 if left out.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 4_294_967_295_u64)]
    pub(crate) quantity: Option<u32>,
}

/// The decided answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RespondAnswer {
    /// Id of this turn.
    pub(crate) turn_id: String,
    /// Id of the conversation, also if this turn opened it.
    pub(crate) thread_id: String,
    /// Counter that grows with each change of owner. Do not send an answer whose epoch is older
    /// than the conversation's.
    pub(crate) epoch: u64,
    /// Ids of superseded turns that this answer covers as well, in order of sending.
    pub(crate) supersedes: Vec<String>,
    /// Id of the newer turn that answers instead of this one; the reply is then empty and nothing
    /// is to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) superseded_by: Option<String>,
    /// Language of the reply, ISO 639-1.
    pub(crate) language: String,
    /// Language of the message, ISO 639-1: `en`, `fr`, `de`, `es`, `it` or `pt`.
    pub(crate) language_detected: String,
    pub(crate) intent: IntentBody,
    pub(crate) action: ActionBody,
    pub(crate) reply: ReplyBody,
    pub(crate) suggestion: Option<SuggestionBody>,
    /// Facts that the customer stated in this turn.
    pub(crate) facts: Vec<FactBody>,
    pub(crate) handoff: Option<HandoffBody>,
    /// What the conversation remembers, after the reply. This field and the next five are left out
    /// if a human owns the conversation or `superseded_by` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<StateBody>,
    /// What was understood, in the order of the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commands: Option<Vec<CommandBody>>,
    /// The products that the reply shows, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) products: Option<Vec<ShownProductBody>>,
    /// How well the search met the wishes; left out if nothing was searched.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub(crate) matched: Option<MatchBody>,
    /// The order that the reply states; left out if it states none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<OrderStateBody>,
    /// Who understood the message; with `commands`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Option<ReadingBody>,
    /// What this turn recorded of the customer's rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<RecordedBody>,
    pub(crate) window: WindowBody,
    /// Whether this reply has to disclose that a machine answers; true once per conversation.
    pub(crate) disclosure: bool,
    pub(crate) timings_ms: TimingsBody,
    pub(crate) usage: UsageBody,
}

/// Who understood a message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReadingBody {
    /// `fast` (classifiers and parsers) or `model`: whose commands were taken.
    pub(crate) reader: &'static str,
    /// What became of the message at the model: `not_asked`, `read`, `unclear` (it understood
    /// nothing), `late` (or too busy), `refused` (it wrote no commands for this message) or
    /// `failed`.
    pub(crate) outcome: &'static str,
    /// Why the fast reader was in doubt: `unclear`, `out_of_scope` or `words` (some are left over);
    /// null if it was sure.
    pub(crate) doubt: Option<&'static str>,
    pub(crate) usage: UsageBody,
}

/// What the customer wants, as classified.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IntentBody {
    /// An intent of the head, `oos` (out of scope), or `option` for a tap.
    pub(crate) label: String,
    /// Calibrated probability, 0 to 1.
    pub(crate) confidence: f64,
    /// Whether the classifier abstains, that is, `label` is too uncertain to act on.
    pub(crate) abstained: bool,
    pub(crate) alternatives: Vec<AlternativeBody>,
    /// A second intent in the same message; it is remembered and offered as a button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) second: Option<AlternativeBody>,
    pub(crate) signals: SignalsBody,
}

/// Another possible intent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AlternativeBody {
    pub(crate) label: String,
    pub(crate) confidence: f64,
}

/// Tone and buying stage of the message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SignalsBody {
    /// -1 (angry) to 1 (delighted).
    pub(crate) sentiment: f64,
    /// 0 to 1.
    pub(crate) urgency: f64,
    /// 0 to 1; the least reliable signal.
    pub(crate) sarcasm: f64,
    /// 0 to 1.
    pub(crate) profanity: f64,
    /// Buying stage: `discovery`, `interested` or `ready`; null if the message is about something
    /// else or gives no indication.
    pub(crate) stage: Option<String>,
    /// Confidence of `stage`, 0 to 1.
    pub(crate) stage_confidence: Option<f64>,
}

/// The decided action.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ActionBody {
    /// `greet`, `ask`, `recommend`, `compare`, `answer`, `checkout`, `order_status`, `clarify`,
    /// `deflect`, `handoff`, `close`, or `superseded` (a newer message replaced this turn; the
    /// reply is empty).
    pub(crate) kind: String,
    /// The facet that the reply asks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facet: Option<String>,
    /// The product that the action is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    /// The policy topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    /// The checkout or tracking link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    /// All links of the text, in order, if there are several; `link` is the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Vec<String>,
}

/// The message for the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReplyBody {
    /// The text to send; empty if nothing is to be sent.
    pub(crate) text: String,
    /// Origin of the text: `model`, `template` or `human` (a human owns the conversation and the
    /// text is empty).
    pub(crate) source: String,
    /// Buttons, at most 10.
    pub(crate) options: Vec<OptionBody>,
    /// The facts that spans of the text come from.
    pub(crate) grounding: Vec<GroundingBody>,
    /// The same reply in the channel's message format.
    #[schema(value_type = Object)]
    pub(crate) payload: serde_json::Value,
}

/// A button of the reply.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OptionBody {
    /// To be returned as `message.option_id` when the customer taps the button.
    pub(crate) id: String,
    pub(crate) title: String,
}

/// The fact that a span of the reply comes from; `start` and `end` count characters.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct GroundingBody {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) fact: String,
}

/// An offer: a product to buy in addition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SuggestionBody {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price: MoneyBody,
    pub(crate) reason: String,
    /// The rule behind the offer: `pair:OFFER<-ANCHOR`.
    pub(crate) rule: String,
    /// Experiment arm: `treatment` or `holdout`.
    pub(crate) arm: String,
}

/// A fact known about the customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FactBody {
    pub(crate) key: String,
    pub(crate) value: String,
    /// `stated` or `inferred`.
    pub(crate) kind: String,
    /// Id of the message that it comes from.
    pub(crate) source: Option<String>,
    /// The customer's own words for it, if it was extracted from text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quote: Option<String>,
}

/// Why the conversation goes to a human.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HandoffBody {
    /// `requested`, `complaint`, `unsure`, `loop`, `language`, `vip_buying`, `amount`, `topic`,
    /// `channel` or `human_owned`.
    pub(crate) reason: String,
    /// Summary for the human, at most 2,000 characters.
    pub(crate) summary: String,
}

/// Whether the channel still accepts free-form messages to this customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WindowBody {
    /// `open`, `closed`, or `none` if the channel has no such window.
    pub(crate) state: String,
    /// When the window closes, RFC 3339.
    pub(crate) closes_at: Option<String>,
}

/// Durations of the turn's stages, in milliseconds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TimingsBody {
    /// Waiting for earlier turns of the conversation.
    pub(crate) queue: f64,
    /// Language, intent, entities and catalogue lookup.
    pub(crate) understand: f64,
    /// Drafting, grounding check included.
    pub(crate) draft: f64,
    /// Choosing an offer.
    pub(crate) suggest: f64,
    /// Reading the conversation and preparing its record. The write itself follows after these
    /// figures are encoded; the metric `vitrine_turn_seconds` includes it.
    pub(crate) record: f64,
    /// From arrival to the encoded answer.
    pub(crate) total: f64,
}

/// Token counts of the turn's drafts, or of the model's reading of the message.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct UsageBody {
    pub(crate) prompt_tokens: usize,
    /// Prompt tokens found in the prefix cache.
    pub(crate) cached_tokens: usize,
    pub(crate) output_tokens: usize,
}
