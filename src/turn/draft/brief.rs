//! The brief of a rewriter: a reply that is right, the facts that it states, the brand's style.

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
        }
    };
}

named!(
    /// Brand voice.
    Voice { Warm = "warm", Formal = "formal", Playful = "playful", Direct = "direct", }
);

named!(
    /// Form of address: formal or informal, in every language that has both.
    Address { Vous = "vous", Tu = "tu", }
);

named!(
    /// Length of a reply.
    Length { Short = "short", Long = "long", }
);

/// Whether a reply may contain emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emoji {
    Some,
    None,
}

named!(
    /// Subject of a fact.
    FactKey {
        Words = "words",
        Product = "product",
        Price = "price",
        Size = "size",
        Policy = "policy",
        Link = "link",
        Order = "order",
        Status = "status",
        Date = "date",
        Name = "name",
    }
);

impl FactKey {
    /// The subject with this name; `None` if there is none.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|item| item.name() == name)
    }
}

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

/// The instruction to reword one reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) style: Style,
    /// The reply as the templates word it: every statement of it is true.
    pub(crate) text: String,
    /// The facts that the reply states.
    pub(crate) facts: Vec<Fact>,
    /// The customer's message; `None` after a tap.
    pub(crate) customer: Option<String>,
}

impl Brief {
    /// A brief for a reply; its words are its first fact.
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        let text = text.into();
        Self { style, text, facts: Vec::new(), customer: None }
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

    /// The values of all facts with this key.
    pub(crate) fn values(&self, key: FactKey) -> impl Iterator<Item = &str> {
        self.facts.iter().filter(move |fact| fact.key == key).map(|fact| fact.value.as_str())
    }
}
