//! What wording depends on, and what it yields.

use crate::locale::Locale;
use crate::plan::Plan;
use crate::state::DialogueState;
use std::ops::Range;

/// Form of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Address {
    /// "vous", "Sie", "usted"/"Lei".
    #[default]
    Formal,
    /// "tu", "du", "tú".
    Informal,
}

/// What wording depends on, besides the plan.
#[derive(Debug, Clone, Copy)]
pub struct WordingInput<'a> {
    /// What is said.
    pub plan: &'a Plan,
    /// The language.
    pub locale: &'a Locale,
    /// Form of address.
    pub address: Address,
    /// Whether replies are kept as short as possible (SMS).
    pub short: bool,
    /// Chooses between variants; a hash of the conversation and turn.
    pub seed: u64,
    /// The state before this reply: templates used last are avoided.
    pub state: &'a DialogueState,
}

/// A worded reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Worded {
    /// The text: whole sentences.
    pub text: String,
    /// Titles of the plan's options, in order, at most 20 characters each.
    pub titles: Vec<String>,
    /// Keys of the templates used, for the state.
    pub keys: Vec<String>,
    /// Places of facts in the text, with the fact.
    pub facts: Vec<(Range<usize>, String)>,
}
