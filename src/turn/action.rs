//! What a turn does, and why it is handed off: names on the wire.
//!
//! The dialogue decides most of it; the pipeline adds what it decides itself: conversations of a
//! human, superseded turns, and the shop's triggers.

use vitrine_base::ids::Sku;
use vitrine_dialogue::plan;

/// Keys of option ids that are commands, not facets.
pub(crate) mod ids {
    /// `take=SKU`: buy this product.
    pub(crate) const TAKE: &str = "take";
    /// `confirm=SKU`: buy this product, as just described.
    pub(crate) const CONFIRM: &str = "confirm";
    /// `other=SKU`: show another product than this one.
    pub(crate) const OTHER: &str = "other";
    /// `intent=LABEL`: this intent was meant.
    pub(crate) const INTENT: &str = "intent";
}

/// Kinds of actions on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionKind {
    /// An action of the dialogue.
    Said(plan::ActionKind),
    /// A newer message came first: the reply is empty, and the newer turn answers.
    Superseded,
}

impl ActionKind {
    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Said(kind) => kind.name(),
            Self::Superseded => "superseded",
        }
    }
}

/// What the bot does, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) kind: ActionKind,
    pub(crate) facet: Option<String>,
    pub(crate) sku: Option<Sku>,
    pub(crate) topic: Option<String>,
    pub(crate) link: Option<String>,
}

impl Action {
    /// An action without a subject.
    pub(crate) fn of(kind: ActionKind) -> Self {
        Self { kind, facet: None, sku: None, topic: None, link: None }
    }
}

impl From<&plan::Action> for Action {
    fn from(action: &plan::Action) -> Self {
        Self {
            kind: ActionKind::Said(action.kind),
            facet: action.facet.clone(),
            sku: action.sku.clone().and_then(|sku| Sku::new(sku).ok()),
            topic: action.topic.clone(),
            link: action.link.clone(),
        }
    }
}

/// Why a turn is handed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffReason {
    /// A reason of the dialogue.
    Said(plan::HandoffReason),
    /// The customer writes a language that the shop reserves for humans.
    Language,
    /// A complaint or refund is about more money than the bot may handle.
    Amount,
    /// The shop reserves this topic for humans.
    Topic,
    /// The shop reserves this channel for humans.
    Channel,
    HumanOwned,
}

impl HandoffReason {
    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Said(reason) => reason.name(),
            Self::Language => "language",
            Self::Amount => "amount",
            Self::Topic => "topic",
            Self::Channel => "channel",
            Self::HumanOwned => "human_owned",
        }
    }

    /// Whether the customer has something to complain about.
    pub(crate) fn is_complaint(self) -> bool {
        matches!(self, Self::Said(plan::HandoffReason::Complaint) | Self::Amount)
    }
}
