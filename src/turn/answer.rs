//! The decided answer, before it becomes bytes.

use crate::channels::WindowState;
use crate::turn::decide::Action;
use crate::turn::grounding::Grounding;
use crate::turn::understand::Reading;
use std::time::Duration;
use vitrine_base::ids::Sku;
use vitrine_base::ids::ThreadId;
use vitrine_base::ids::TurnId;
use vitrine_base::language::Language;
use vitrine_base::language::Tongue;
use vitrine_base::money::Money;
use vitrine_conversations::Job;

/// Everything that `/respond` says.
#[derive(Debug, Clone)]
pub(crate) struct TurnAnswer {
    pub(crate) turn_id: TurnId,
    pub(crate) thread_id: ThreadId,
    pub(crate) epoch: u64,
    /// Turns that this answer also covers, in the order their words were sent.
    pub(crate) supersedes: Vec<TurnId>,
    /// The turn that answers instead of this one.
    pub(crate) superseded_by: Option<TurnId>,
    pub(crate) language: Language,
    /// What the customer writes, which may be none of ours.
    pub(crate) tongue: Tongue,
    pub(crate) reading: Reading,
    pub(crate) action: Action,
    pub(crate) reply: Reply,
    pub(crate) suggestion: Option<Suggestion>,
    pub(crate) facts: Vec<StatedFact>,
    pub(crate) handoff: Option<Handoff>,
    pub(crate) window: WindowState,
    pub(crate) disclosure: bool,
    pub(crate) timings: Timings,
    pub(crate) usage: Usage,
    /// Work that must follow the turn; not part of what is said.
    pub(crate) jobs: Vec<Job>,
}

/// The one message for the customer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) text: String,
    pub(crate) source: ReplySource,
    pub(crate) options: Vec<ReplyOption>,
    pub(crate) grounding: Vec<Grounding>,
    pub(crate) payload: serde_json::Value,
}

/// Who worded the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplySource {
    /// The drafter, and the check passed.
    Model,
    /// The deadline came, or a draft failed its check.
    Template,
    /// A human owns the thread: there is no draft.
    Human,
}

impl ReplySource {
    /// The wire name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Template => "template",
            Self::Human => "human",
        }
    }
}

/// A button: the id comes back when it is tapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyOption {
    pub(crate) id: String,
    pub(crate) title: String,
}

/// At most one thing to buy besides.
#[derive(Debug, Clone)]
pub(crate) struct Suggestion {
    pub(crate) sku: Sku,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) reason: String,
    pub(crate) rule: String,
    pub(crate) arm: &'static str,
}

/// Something the customer told us in this turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StatedFact {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) source: Option<String>,
    /// The customer's own words for it, where they were read word by word.
    pub(crate) quote: Option<String>,
}

/// Why and with what a human takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handoff {
    pub(crate) reason: &'static str,
    pub(crate) summary: String,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timings {
    pub(crate) queue: Duration,
    pub(crate) understand: Duration,
    pub(crate) draft: Duration,
    pub(crate) suggest: Duration,
    pub(crate) record: Duration,
    pub(crate) total: Duration,
}

/// Tokens of the drafts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: usize,
    pub(crate) cached_tokens: usize,
    pub(crate) output_tokens: usize,
}
