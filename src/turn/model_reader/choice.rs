//! Which messages a model is asked to read.

use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::reader::model::doubt;
use vitrine_dialogue::reader::model::is_left_to_rules;

/// What reads messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReaderMode {
    /// The rules alone.
    Fast,
    /// The rules, and a model where they doubt and it is known to read better.
    Auto,
    /// The rules, and a model wherever they doubt; for measuring what it is worth.
    Trusting,
    /// A model.
    Model,
}

/// Whether a model is asked, and the doubt of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) model: bool,
    pub(crate) doubt: Option<Doubt>,
}

impl ReaderMode {
    /// Whether to ask a model that is worth something in these doubts to read a text.
    pub(crate) fn asks(self, fast: &Reading, text: &str, worth: &[Doubt]) -> Asked {
        let doubt = doubt(fast, text);
        let wanted = match self {
            Self::Fast => false,
            Self::Auto => doubt.is_some_and(|doubt| worth.contains(&doubt)),
            Self::Trusting => doubt.is_some(),
            Self::Model => true,
        };
        Asked { model: wanted && !is_left_to_rules(fast), doubt }
    }
}
