//! The brief of a drafter: the case, the facts it may use, and the brand's style.
//!
//! The names are those of the built-in drafter's text format (`models/drafter/README.md`).

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
            /// All values, in order of declaration.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Name in configuration files and prompts.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The value with this name; `None` if there is none.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.name() == name)
            }
        }
    };
}

named!(
    /// Purpose of one sentence of a reply: an action and its variant.
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
    /// Length of a reply.
    Length { Short = "short", Long = "long", }
);

named!(
    /// Whether a reply may contain emoji.
    Emoji { Some = "emoji", None = "plain", }
);

named!(
    /// Subject of a fact.
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

/// Language, channel and brand voice of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) language: Language,
    pub(crate) channel: ChannelKind,
    pub(crate) voice: Voice,
    pub(crate) address: Address,
    pub(crate) length: Length,
    pub(crate) emoji: Emoji,
}

/// A statement that the reply may make, in the words it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) key: FactKey,
    /// Localised, on one line.
    pub(crate) value: String,
}

/// The instruction to draft one or two sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) case: Case,
    pub(crate) style: Style,
    /// In the order of the table in the format's description.
    pub(crate) facts: Vec<Fact>,
    /// The customer's message; `None` after a tap.
    pub(crate) customer: Option<String>,
}

impl Brief {
    /// A brief without facts.
    pub(crate) fn new(case: Case, style: Style) -> Self {
        Self { case, style, facts: Vec::new(), customer: None }
    }

    /// Adds a fact, with white space collapsed to one line. An empty value adds nothing.
    #[must_use]
    pub(crate) fn with(mut self, key: FactKey, value: impl AsRef<str>) -> Self {
        let value = value.as_ref().split_whitespace().collect::<Vec<_>>().join(" ");
        if !value.is_empty() {
            self.facts.push(Fact { key, value });
        }
        self
    }

    /// Adds a fact if `value` is present.
    #[must_use]
    pub(crate) fn maybe(self, key: FactKey, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Adds one fact for each value.
    #[must_use]
    pub(crate) fn each(
        self,
        key: FactKey,
        values: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        values.into_iter().fold(self, |brief, value| brief.with(key, value))
    }

    /// The values of all facts with this key.
    pub(crate) fn values(&self, key: FactKey) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(move |fact| fact.key == key).map(|fact| fact.value.as_str())
    }

    /// The first value with this key.
    pub(crate) fn value(&self, key: FactKey) -> Option<&str> {
        self.values(key).next()
    }
}
