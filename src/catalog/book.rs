//! The shop's vocabulary: its facets and categories, how they are called and asked about, and the
//! words by which customers mean them.
//!
//! Invariants (kept by `import::facet_file`)
//! - Keys and ids are lower-case identifiers and unique; parents exist and form no circle.

use crate::catalog::product::FacetChoice;
use crate::catalog::understand::CATEGORY_KEY;
use crate::catalog::understand::SIZE_KEY;
use std::collections::HashMap;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// What becomes of a product that says nothing about a facet that the customer cares about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It does not match: a shoe without a feel is not "comfortable".
    Fails,
    /// It matches: a water bottle without a gender suits everyone.
    Matches,
}

/// One value that a facet can take.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueEntry {
    /// Its id, such as `comfort`.
    pub id: String,
    /// What an option calls it.
    pub label: Localized<String>,
    /// Other words that mean it.
    pub words: Localized<Vec<String>>,
    /// A noun phrase for the whole need ("running gear"), where the value alone makes one.
    pub need: Option<Localized<String>>,
}

/// One property that products differ by.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetEntry {
    /// Its key, such as `feel`.
    pub key: String,
    /// What a reply calls it.
    pub label: Localized<String>,
    /// How it is asked about; empty when it is never asked.
    pub question: Localized<String>,
    /// How much an answer is worth to a customer, 0 (never ask) to 2; multiplies the gain in bits.
    pub ask_weight: f64,
    /// What becomes of products without it.
    pub missing: Missing,
    /// Its values in the order that options are shown.
    pub values: Vec<ValueEntry>,
}

/// One kind of product.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryEntry {
    /// Its id, such as `running_shoes`.
    pub id: String,
    /// A noun phrase for it.
    pub label: Localized<String>,
    /// Other words that mean it.
    pub words: Localized<Vec<String>>,
    /// The wider category that it belongs to.
    pub parent: Option<String>,
}

/// How the shop asks which kind of product is wanted, among its widest categories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KindEntry {
    /// What a reply calls it.
    pub label: Localized<String>,
    /// How it is asked about.
    pub question: Localized<String>,
    /// As [`FacetEntry::ask_weight`].
    pub ask_weight: f64,
}

/// How the shop speaks of sizes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SizeEntry {
    /// What a reply calls it.
    pub label: Localized<String>,
    /// How it is asked about.
    pub question: Localized<String>,
}

/// Everything that `facets.toml` says. The default is a shop without facets: plain text search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FacetBook {
    facets: Vec<FacetEntry>,
    categories: Vec<CategoryEntry>,
    size: SizeEntry,
    kind: KindEntry,
    keep: Vec<String>,
    facet_index: HashMap<String, usize>,
    category_index: HashMap<String, usize>,
}

impl FacetBook {
    /// Puts checked entries together; `keep` lists words that are never taken for a typing error.
    pub(crate) fn new(
        facets: Vec<FacetEntry>,
        categories: Vec<CategoryEntry>,
        (size, kind): (SizeEntry, KindEntry),
        keep: Vec<String>,
    ) -> Self {
        let facet_index = facets.iter().map(|facet| facet.key.clone()).zip(0..).collect();
        let category_index = categories.iter().map(|entry| entry.id.clone()).zip(0..).collect();
        Self { facets, categories, size, kind, keep, facet_index, category_index }
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

    /// How the shop speaks of sizes.
    #[must_use]
    pub fn size(&self) -> &SizeEntry {
        &self.size
    }

    /// How the shop asks which kind of product is wanted.
    #[must_use]
    pub fn kind(&self) -> &KindEntry {
        &self.kind
    }

    /// Words that are never taken for a typing error.
    pub(crate) fn keep(&self) -> &[String] {
        &self.keep
    }

    /// One facet.
    #[must_use]
    pub fn facet(&self, key: &str) -> Option<&FacetEntry> {
        self.facet_index.get(key).map(|index| &self.facets[*index])
    }

    /// One value of one facet.
    #[must_use]
    pub fn value(&self, choice: &FacetChoice) -> Option<&ValueEntry> {
        self.facet(&choice.key)?.values.iter().find(|value| value.id == choice.value)
    }

    /// One category.
    #[must_use]
    pub fn category(&self, id: &str) -> Option<&CategoryEntry> {
        self.category_index.get(id).map(|index| &self.categories[*index])
    }

    /// The wider category that a category belongs to.
    #[must_use]
    pub fn parent(&self, id: &str) -> Option<&str> {
        self.category(id)?.parent.as_deref()
    }

    /// A category and all wider ones that it lies in, from narrow to wide.
    #[must_use]
    pub fn with_wider(&self, id: &str) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut at = self.parent(id);
        while let Some(wider) = at {
            found.push(wider.to_owned());
            at = self.parent(wider);
        }
        found
    }

    /// Whether `id` is `wider` or lies somewhere below it.
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

    /// What becomes of products without this facet.
    #[must_use]
    pub fn missing(&self, key: &str) -> Missing {
        self.facet(key).map_or(Missing::Fails, |facet| facet.missing)
    }

    /// What a value is called; its id with spaces when the shop gave no label.
    #[must_use]
    pub fn value_label(&self, choice: &FacetChoice, language: Language) -> String {
        match self.value(choice) {
            Some(value) => value.label.get(language).clone(),
            None => choice.value.replace('_', " "),
        }
    }

    /// What a facet is called (`size` and `category` included); its key with
    /// spaces when the shop gave no label.
    #[must_use]
    pub fn facet_label(&self, key: &str, language: Language) -> String {
        let label = match self.facet(key) {
            Some(facet) => facet.label.get(language).as_str(),
            None if key == SIZE_KEY => self.size.label.get(language).as_str(),
            None if key == CATEGORY_KEY => self.kind.label.get(language).as_str(),
            None => "",
        };
        if label.is_empty() { key.replace('_', " ") } else { label.to_owned() }
    }

    /// How a facet (`size` and `category` included) is asked about; `None` when
    /// the shop gave no question.
    #[must_use]
    pub fn question(&self, key: &str, language: Language) -> Option<&str> {
        let question = match self.facet(key) {
            Some(facet) => facet.question.get(language),
            None if key == SIZE_KEY => self.size.question.get(language),
            None if key == CATEGORY_KEY => self.kind.question.get(language),
            None => return None,
        };
        (!question.is_empty()).then_some(question.as_str())
    }

    /// What a category is called; its id with spaces when the shop gave no label.
    #[must_use]
    pub fn category_label(&self, id: &str, language: Language) -> String {
        match self.category(id) {
            Some(entry) => entry.label.get(language).clone(),
            None => id.replace('_', " "),
        }
    }
}
