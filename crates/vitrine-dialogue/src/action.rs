//! What a reply does, and why a person is asked in: names on the wire.

/// Kinds of actions, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Greets.
    Greet,
    /// Asks something.
    Ask,
    /// Shows products.
    Recommend,
    /// Compares products.
    Compare,
    /// Answers a question.
    Answer,
    /// Sends a checkout link.
    Checkout,
    /// States where an order is, or asks for its number.
    OrderStatus,
    /// Asks what was meant.
    Clarify,
    /// Declines what a shop does not answer.
    Deflect,
    /// Hands over to a person.
    Handoff,
    /// Ends the conversation.
    Close,
}

impl ActionKind {
    /// Name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Greet => "greet",
            Self::Ask => "ask",
            Self::Recommend => "recommend",
            Self::Compare => "compare",
            Self::Answer => "answer",
            Self::Checkout => "checkout",
            Self::OrderStatus => "order_status",
            Self::Clarify => "clarify",
            Self::Deflect => "deflect",
            Self::Handoff => "handoff",
            Self::Close => "close",
        }
    }
}

/// The action of a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its kind.
    pub kind: ActionKind,
    /// The product that it is about.
    pub sku: Option<String>,
    /// The facet asked for.
    pub facet: Option<String>,
    /// The shop's topic that is answered.
    pub topic: Option<String>,
    /// The checkout link.
    pub link: Option<String>,
}

impl Action {
    /// An action without a subject.
    #[must_use]
    pub fn of(kind: ActionKind) -> Self {
        Self { kind, sku: None, facet: None, topic: None, link: None }
    }
}

/// Why a person is asked in, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffReason {
    /// The customer asked for one.
    Requested,
    /// A complaint.
    Complaint,
    /// Nothing understood, several times.
    Unsure,
    /// The same question asked too often.
    Loop,
    /// A customer of a personal tier buys.
    VipBuying,
}

impl HandoffReason {
    /// Name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Complaint => "complaint",
            Self::Unsure => "unsure",
            Self::Loop => "loop",
            Self::VipBuying => "vip_buying",
        }
    }
}
