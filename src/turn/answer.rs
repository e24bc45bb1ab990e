//! The complete answer of a turn, before it is encoded. Contains no wire types.

use crate::channels::WindowState;
use crate::turn::action::Action;
use crate::turn::grounding::Grounding;
use crate::turn::model_reader::ReadBy;
use crate::turn::state::ShownState;
use crate::turn::understand::IntentReading;
use crate::turn::usage::TokenUsage;
use std::time::Duration;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TurnId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::money::Money;
use vitrine_conversations::Purpose;
use vitrine_conversations::StoredJob;
use vitrine_dialogue::command::Said;
use vitrine_dialogue::plan::GivenUp;
use vitrine_dialogue::plan::ShownProduct;
use vitrine_dialogue::policy::Order;

/// Everything that a response of `/respond` reports.
#[derive(Debug, Clone)]
pub(crate) struct TurnAnswer {
    pub(crate) turn_id: TurnId,
    pub(crate) thread_id: ConversationId,
    pub(crate) epoch: u64,
    /// Earlier turns that this answer also covers, in the order their messages were sent.
    pub(crate) supersedes: Vec<TurnId>,
    /// The newer turn that answers this message as well; the reply is then empty.
    pub(crate) superseded_by: Option<TurnId>,
    /// Language of the reply.
    pub(crate) language: DetectedLanguage,
    /// The language that the customer writes, which may be one that replies are not written in.
    pub(crate) tongue: DetectedLanguage,
    pub(crate) reading: IntentReading,
    pub(crate) action: Action,
    pub(crate) reply: TurnReply,
    pub(crate) suggestion: Option<Suggestion>,
    pub(crate) facts: Vec<StatedFact>,
    pub(crate) handoff: Option<Handoff>,
    pub(crate) window: WindowState,
    pub(crate) disclosure: bool,
    pub(crate) timings: TurnTimings,
    pub(crate) usage: TokenUsage,
    /// What was understood, decided and remembered; `None` if a human owns the conversation or a
    /// newer turn supersedes this one.
    pub(crate) dialogue: Option<Box<DialogueAnswer>>,
    /// Jobs to commit with the turn; not part of the response.
    pub(crate) jobs: Vec<StoredJob>,
}

/// What the dialogue adds to an answer.
#[derive(Debug, Clone)]
pub(crate) struct DialogueAnswer {
    /// The state after the reply.
    pub(crate) state: ShownState,
    /// What was understood, in the order of the words.
    pub(crate) commands: Vec<Said>,
    /// Who read the message.
    pub(crate) read_by: ReadBy,
    /// The products that the reply shows, in order.
    pub(crate) products: Vec<ShownProduct>,
    /// Whether a search met every wish; `None` if nothing was searched.
    pub(crate) exact: Option<bool>,
    /// The wishes that the search gave up.
    pub(crate) given_up: Vec<GivenUp>,
    /// The order that the reply states.
    pub(crate) order: Option<Order>,
    /// All checkout links, if there are several; the first is that of the action.
    pub(crate) links: Vec<String>,
    pub(crate) recorded: Recording,
}

/// What a turn recorded of the customer's rights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recording {
    /// An opt-out of outreach.
    pub(crate) stop: bool,
    /// Purposes, each with whether it was granted or withdrawn.
    pub(crate) consents: Vec<(Purpose, bool)>,
    /// A wish to be erased.
    pub(crate) erasure: bool,
}

/// The message to the customer.
#[derive(Debug, Clone)]
pub(crate) struct TurnReply {
    pub(crate) text: String,
    pub(crate) source: ReplySource,
    pub(crate) options: Vec<ReplyOption>,
    pub(crate) grounding: Vec<Grounding>,
    pub(crate) payload: serde_json::Value,
}

/// Where the text of a reply comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplySource {
    /// The drafter: each draft passed the grounding check.
    Model,
    /// A template replaced at least one draft, which was late, failed or was refused by the check.
    Template,
    /// No text: a human owns the conversation.
    Human,
}

impl ReplySource {
    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Template => "template",
            Self::Human => "human",
        }
    }
}

/// A button. Its id comes back when the customer taps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyOption {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// A product offered in addition to the reply; at most one a turn.
#[derive(Debug, Clone)]
pub(crate) struct Suggestion {
    pub(crate) sku: Sku,
    pub(crate) name: String,
    pub(crate) price: Money,
    /// Text for the customer.
    pub(crate) reason: String,
    /// The association rule behind the offer, such as `pair:GEL-05<-RUN-012`.
    pub(crate) rule: String,
    /// Arm of the holdout experiment.
    pub(crate) arm: &'static str,
}

/// A fact that the customer stated in this turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatedFact {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) source: Option<String>,
    /// The customer's words, for facts that an entity grammar read from the text.
    pub(crate) quote: Option<String>,
}

/// A hand-off: its reason, and a summary for the human.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handoff {
    pub(crate) reason: &'static str,
    pub(crate) summary: String,
}

/// Time spent in each stage.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TurnTimings {
    /// Waiting for earlier turns of the conversation, debouncing included.
    pub(crate) queue: Duration,
    pub(crate) understand: Duration,
    pub(crate) draft: Duration,
    pub(crate) suggest: Duration,
    /// Loading the conversation and preparing the record; the commit is not included.
    pub(crate) record: Duration,
    pub(crate) total: Duration,
}
