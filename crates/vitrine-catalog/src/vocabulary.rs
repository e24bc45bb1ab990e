//! The shop's vocabulary: its facets and categories, their labels and questions, and the words that
//! customers use for them.
//!
//! Invariants (enforced by `import::facet_file`)
//! - Keys and ids are unique lower-case identifiers; parents exist and form no cycle.

use crate::keys::CATEGORY_KEY;
use crate::keys::SIZE_KEY;
use crate::product::FacetChoice;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Whether a product without a facet matches a customer who asks for a value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It does not match: a shoe without the facet `feel` is not "comfortable".
    Fails,
    /// It matches: a water bottle without the facet `gender` suits everyone.
    Matches,
}

/// One value that a facet can take.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueEntry {
    /// Its id, such as `comfort`.
    pub id: String,
    /// Label shown on options.
    pub label: Localized<String>,
    /// Other words that customers use for it.
    pub words: Localized<Vec<String>>,
    /// Noun phrase for a need of this value alone ("running gear"); `None` if it makes none.
    pub need: Option<Localized<String>>,
}

/// One property that products differ by.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetEntry {
    /// Its key, such as `feel`.
    pub key: String,
    /// Label used in replies.
    pub label: Localized<String>,
    /// Question that asks for it; empty if it is never asked.
    pub question: Localized<String>,
    /// Value of an answer to the customer, 0 (never ask) to 2; multiplies the gain in bits.
    pub ask_weight: f64,
    /// How products without it are treated.
    pub missing: Missing,
    /// Its values, in the order in which options are shown.
    pub values: Vec<ValueEntry>,
}

/// One kind of product.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryEntry {
    /// Its id, such as `running_shoes`.
    pub id: String,
    /// Noun phrase for it.
    pub label: Localized<String>,
    /// Other words that customers use for it.
    pub words: Localized<Vec<String>>,
    /// Id of its parent category; `None` at the top level.
    pub parent: Option<String>,
}

/// How the shop asks for the kind of product, among its top-level categories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KindEntry {
    /// Label used in replies.
    pub label: Localized<String>,
    /// Question that asks for it; empty if it is never asked.
    pub question: Localized<String>,
    /// As [`FacetEntry::ask_weight`].
    pub ask_weight: f64,
}

/// How the shop names sizes and asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SizeEntry {
    /// Label used in replies.
    pub label: Localized<String>,
    /// Question that asks for it; empty if it is never asked.
    pub question: Localized<String>,
}

/// Contents of `facets.toml`. The default has no facets and no categories: text search only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShopVocabulary {
    facets: Vec<FacetEntry>,
    categories: Vec<CategoryEntry>,
    size: SizeEntry,
    kind: KindEntry,
    keep: Vec<String>,
    /// Languages to fall back to, before English.
    fallbacks: Vec<Language>,
    facet_index: HashMap<String, usize>,
    category_index: HashMap<String, usize>,
}

impl ShopVocabulary {
    /// Builds the vocabulary from checked entries; `keep` lists words that are never corrected.
    pub(crate) fn new(
        facets: Vec<FacetEntry>,
        categories: Vec<CategoryEntry>,
        size: SizeEntry,
        kind: KindEntry,
        keep: Vec<String>,
    ) -> Self {
        let facet_index = facets.iter().map(|facet| facet.key.clone()).zip(0..).collect();
        let category_index = categories.iter().map(|entry| entry.id.clone()).zip(0..).collect();
        let fallbacks = Vec::new();
        Self { facets, categories, size, kind, keep, fallbacks, facet_index, category_index }
    }

    /// Languages whose texts stand in for missing ones, before English.
    #[must_use]
    pub fn fallbacks(&self) -> &[Language] {
        &self.fallbacks
    }

    /// Sets the languages whose texts stand in for missing ones, before English.
    pub(crate) fn fall_back_to(&mut self, fallbacks: Vec<Language>) {
        self.fallbacks = fallbacks;
    }

    /// The text in a language, or in the first other one that has it; empty if none has.
    #[must_use]
    pub fn text<'a>(&self, texts: &'a Localized<String>, language: Language) -> &'a str {
        texts.text(language, &self.fallbacks)
    }

    /// The languages of all labels and words, by their codes.
    #[must_use]
    pub fn languages(&self) -> BTreeSet<Language> {
        let values = self.facets.iter().flat_map(|facet| &facet.values);
        let entries = self.categories.iter().map(|entry| (&entry.label, &entry.words));
        let words = entries.chain(values.map(|value| (&value.label, &value.words)));
        words.flat_map(|(label, words)| label.languages().chain(words.languages())).collect()
    }

    /// All facets in the order of the file.
    #[must_use]
    pub fn facets(&self) -> &[FacetEntry] {
        &self.facets
    }

    /// All categories in the order of the file.
    #[must_use]
    pub fn categories(&self) -> &[CategoryEntry] {
        &self.categories
    }

    /// How the shop names sizes and asks for them.
    #[must_use]
    pub fn size(&self) -> &SizeEntry {
        &self.size
    }

    /// How the shop asks for the kind of product.
    #[must_use]
    pub fn kind(&self) -> &KindEntry {
        &self.kind
    }

    /// Words that are never corrected as typing errors.
    pub(crate) fn keep(&self) -> &[String] {
        &self.keep
    }

    /// Looks up a facet by its key.
    #[must_use]
    pub fn facet(&self, key: &str) -> Option<&FacetEntry> {
        self.facet_index.get(key).map(|index| &self.facets[*index])
    }

    /// Looks up a value of a facet.
    #[must_use]
    pub fn value(&self, choice: &FacetChoice) -> Option<&ValueEntry> {
        self.facet(&choice.key)?.values.iter().find(|value| value.id == choice.value)
    }

    /// Looks up a category by its id.
    #[must_use]
    pub fn category(&self, id: &str) -> Option<&CategoryEntry> {
        self.category_index.get(id).map(|index| &self.categories[*index])
    }

    /// Parent of a category; `None` at the top level and for an unknown id.
    #[must_use]
    pub fn parent(&self, id: &str) -> Option<&str> {
        self.category(id)?.parent.as_deref()
    }

    /// A category and all its ancestors, from narrow to wide.
    #[must_use]
    pub fn with_ancestors(&self, id: &str) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut at = self.parent(id);
        while let Some(wider) = at {
            found.push(wider.to_owned());
            at = self.parent(wider);
        }
        found
    }

    /// Whether `id` is `wider` or one of its descendants.
    #[must_use]
    pub fn is_within(&self, id: &str, wider: &str) -> bool {
        let mut at = Some(id);
        while let Some(current) = at {
            if current == wider {
                return true;
            }
            at = self.parent(current);
        }
        false
    }

    /// How products without this facet are treated; [`Missing::Fails`] for an unknown key.
    #[must_use]
    pub fn missing(&self, key: &str) -> Missing {
        self.facet(key).map_or(Missing::Fails, |facet| facet.missing)
    }

    /// Label of a value; its id with spaces if the vocabulary has none.
    #[must_use]
    pub fn value_label(&self, choice: &FacetChoice, language: Language) -> String {
        let label = self.value(choice).map_or("", |value| self.text(&value.label, language));
        spoken(label, &choice.value)
    }

    /// Label of a facet (`size` and `category` included); its key with spaces if it has none.
    #[must_use]
    pub fn facet_label(&self, key: &str, language: Language) -> String {
        let label = match self.facet(key) {
            Some(facet) => self.text(&facet.label, language),
            None if key == SIZE_KEY => self.text(&self.size.label, language),
            None if key == CATEGORY_KEY => self.text(&self.kind.label, language),
            None => "",
        };
        spoken(label, key)
    }

    /// Question that asks for a facet (`size` and `category` included); `None` if it has none.
    #[must_use]
    pub fn question(&self, key: &str, language: Language) -> Option<&str> {
        let question = match self.facet(key) {
            Some(facet) => self.text(&facet.question, language),
            None if key == SIZE_KEY => self.text(&self.size.question, language),
            None if key == CATEGORY_KEY => self.text(&self.kind.question, language),
            None => return None,
        };
        (!question.is_empty()).then_some(question)
    }

    /// Label of a category; its id with spaces if the vocabulary has none.
    #[must_use]
    pub fn category_label(&self, id: &str, language: Language) -> String {
        spoken(self.category(id).map_or("", |entry| self.text(&entry.label, language)), id)
    }
}

/// A label, or the id with spaces if it is empty.
fn spoken(label: &str, id: &str) -> String {
    if label.is_empty() { id.replace('_', " ") } else { label.to_owned() }
}
