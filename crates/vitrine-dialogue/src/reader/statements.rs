//! What the product under discussion says of itself, for comparing questions with it by meaning:
//! "les lumières sont comprises ?" is answered by `lights_included`, whatever the languages.

use crate::command::Question;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::shop::sentences;
use crate::state::DialogueState;

/// Most statements that a message is compared with.
pub const STATEMENTS_MAX: usize = 24;

/// Longest statement, in characters; longer ones say more than one thing.
const STATEMENT_CHARS_MAX: usize = 160;

/// What a statement of a product is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stated {
    /// An attribute or a facet, by its key.
    Property(String),
    /// A feature or a sentence of the description, as the shop wrote it.
    Text(String),
}

/// One statement of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The product.
    pub sku: String,
    /// What it is.
    pub stated: Stated,
    /// Its words.
    pub text: String,
}

/// The statements of the product that a message may ask about: the first one that it names, else
/// the one under discussion. Empty if there is none.
#[must_use]
pub fn statements(
    text: &str,
    state: &DialogueState,
    catalog: &Catalog,
    language: Language,
) -> Vec<Statement> {
    let named = || {
        let found = catalog.mentions(text, &[language]);
        found.into_iter().find_map(|one| match one.target {
            MentionTarget::Product(sku) => catalog.product(sku.as_str()),
            _ => None,
        })
    };
    let focus = state.focus.as_ref().map(|focus| &focus.sku).or(state.last_shown.first());
    let focus = focus.and_then(|sku| catalog.product(sku));
    let Some(product) = named().or(focus) else { return Vec::new() };
    let mut found = of_product(product, catalog, language);
    found.truncate(STATEMENTS_MAX);
    found
}

fn of_product(product: &Product, catalog: &Catalog, language: Language) -> Vec<Statement> {
    let sku = product.sku.as_str();
    let statement = |stated: Stated, text: String| Statement { sku: sku.to_owned(), stated, text };
    let property = |key: &String| {
        let label = catalog.key_label(key, language).replace('_', " ");
        statement(Stated::Property(key.clone()), label)
    };
    let written = |text: &str| statement(Stated::Text(text.to_owned()), text.to_owned());
    let facets = product.facets.iter().filter(|(_, values)| !values.is_empty());
    let sentences = sentences(product, language).filter(|sentence| {
        // The name alone, or "Name, title: a, b" of the features again, says nothing of its own.
        sentence.contains(' ')
            && !sentence.starts_with(product.name.as_str())
            && sentence.chars().count() <= STATEMENT_CHARS_MAX
    });
    let features = product.features(language).iter().map(String::as_str);
    let properties = product.attributes.keys().chain(facets.map(|(key, _)| key)).map(property);
    properties.chain(features.map(written)).chain(sentences.map(written)).collect()
}

/// The question that a statement answers.
pub(crate) fn question(stated: &Stated) -> Question {
    match stated {
        Stated::Property(key) => Question::Attribute { key: key.clone(), value: None },
        Stated::Text(text) => Question::Feature { text: text.clone() },
    }
}
