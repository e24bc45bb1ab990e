//! What the reader is given and what it returns.

use super::statements::Stated;
use crate::command::Likelihoods;
use crate::command::Said;
use crate::locale::Locales;
use crate::policies::Policies;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::state::DialogueState;
use jiff::civil::Date;
use std::ops::Range;

/// What models found in the message; empty without models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// Intent label → probability, for the whole message.
    pub whole: Likelihoods,
    /// The same for each clause, with its bytes in the message.
    pub clauses: Vec<(Range<usize>, Likelihoods)>,
    /// How like each statement of the product under discussion the message is, -1 to 1.
    pub statements: Vec<(Stated, f32)>,
    /// Sarcasm, 0 to 1.
    pub sarcasm: f32,
    /// Mood, -1 to 1.
    pub sentiment: f32,
    /// Urgency, 0 to 1.
    pub urgency: f32,
    /// Profanity, 0 to 1.
    pub profanity: f32,
}

/// A message and what is needed to read it.
#[derive(Debug, Clone, Copy)]
pub struct ReaderInput<'a> {
    /// The text; may be empty if an option was tapped.
    pub text: &'a str,
    /// Id of the option tapped, such as `take=RUN-001`.
    pub tapped: Option<&'a str>,
    /// The language of the message, as far as known.
    pub language: Language,
    /// The conversation so far.
    pub state: &'a DialogueState,
    /// The products.
    pub catalog: &'a Catalog,
    /// The shop's texts.
    pub policies: &'a Policies,
    /// The words of each language.
    pub locales: &'a Locales,
    /// What models found.
    pub evidence: &'a Evidence,
    /// The sender's day.
    pub today: Date,
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Commands, in the order of the words. Never empty.
    pub commands: Vec<Said>,
    /// Content words that no command explains, folded; brands as the shop writes them.
    pub words: Vec<String>,
    /// Whether the words refuse something.
    pub refuses: bool,
    /// Whether the product with most (`true`) or least of a property is asked for: "the lightest".
    pub most: Option<bool>,
    /// Sku and text of the one of those compared that says so of itself in words.
    pub told: Option<(String, String)>,
    /// Whether what is ordered comes beside what was, not in its place.
    pub adds: bool,
    /// Whether the words are angry.
    pub angry: bool,
    /// Whether the words are sarcastic.
    pub sarcastic: bool,
}
