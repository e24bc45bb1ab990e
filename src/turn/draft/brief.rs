//! What a drafter is told: the case, the facts it may use, and how the brand speaks.
//!
//! The names are those of the house drafter's text format (`models/drafter/README.md`).

use vitrine_base::channel::ChannelKind;
use vitrine_base::language::Language;

macro_rules! named {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in configuration files and prompts.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a name.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.name() == name)
            }
        }
    };
}

named!(
    /// What one sentence of a reply has to do: an action and its variant.
    Case {
        Greet = "greet",
        AskNeed = "ask.need",
        AskFacet = "ask.facet",
        AskSize = "ask.size",
        AskConfirm = "ask.confirm",
        RecommendProduct = "recommend.product",
        RecommendNone = "recommend.none",
        AnswerPolicy = "answer.policy",
        AnswerPrice = "answer.price",
        AnswerStock = "answer.stock",
        AnswerProduct = "answer.product",
        CheckoutLink = "checkout.link",
        OrderStatusKnown = "order_status.known",
        OrderStatusMissing = "order_status.missing",
        ClarifyOptions = "clarify.options",
        ClarifyOpen = "clarify.open",
        DeflectScope = "deflect.scope",
        HandoffRequested = "handoff.requested",
        HandoffComplaint = "handoff.complaint",
        HandoffUnsure = "handoff.unsure",
        CloseThanks = "close.thanks",
    }
);

named!(
    /// Brand voice.
    Voice { Warm = "warm", Formal = "formal", Playful = "playful", Direct = "direct", }
);

named!(
    /// French form of address.
    Address { Vous = "vous", Tu = "tu", }
);

named!(
    /// How much is said.
    Length { Short = "short", Long = "long", }
);

named!(
    /// Whether a reply may hold emoji.
    Emoji { Some = "emoji", None = "plain", }
);

named!(
    /// What a fact is about.
    FactKey {
        Shop = "shop",
        Name = "name",
        Assistant = "assistant",
        Need = "need",
        Facet = "facet",
        Option = "option",
        Count = "count",
        Product = "product",
        Price = "price",
        Feature = "feature",
        Size = "size",
        Stock = "stock",
        Availability = "availability",
        Topic = "topic",
        Policy = "policy",
        Link = "link",
        Order = "order",
        Status = "status",
        Date = "date",
        Team = "team",
        Hours = "hours",
    }
);

/// How the brand speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) language: Language,
    pub(crate) channel: ChannelKind,
    pub(crate) voice: Voice,
    pub(crate) address: Address,
    pub(crate) length: Length,
    pub(crate) emoji: Emoji,
}

/// One thing that the reply may say, in the words it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) key: FactKey,
    /// Localised, one line.
    pub(crate) value: String,
}

/// The order to draft one sentence or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) case: Case,
    pub(crate) style: Style,
    /// In the order of the format's table.
    pub(crate) facts: Vec<Fact>,
    /// The customer's words; `None` after a button tap.
    pub(crate) customer: Option<String>,
}

impl Brief {
    /// A brief without facts.
    pub(crate) fn new(case: Case, style: Style) -> Self {
        Self { case, style, facts: Vec::new(), customer: None }
    }

    /// Adds a fact, its whitespace collapsed to one line; empty values are left out.
    #[must_use]
    pub(crate) fn with(mut self, key: FactKey, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.facts.push(Fact { key, value });
        }
        self
    }

    /// Adds a fact if there is one.
    #[must_use]
    pub(crate) fn maybe(self, key: FactKey, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds one fact a value.
    #[must_use]
    pub(crate) fn each(
        self,
        key: FactKey,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        values.into_iter().fold(self, |brief, value| brief.with(key, value))
    }

    /// The values of a key.
    pub(crate) fn values(&self, key: FactKey) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(move |fact| fact.key == key).map(|fact| fact.value.as_str())
    }

    /// The first value of a key.
    pub(crate) fn value(&self, key: FactKey) -> Option<&str> {
        self.values(key).next()
    }
}
