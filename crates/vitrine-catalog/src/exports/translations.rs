//! Texts in further languages, as Shopify exports them.
//!
//! A row names its product by a number that the product export lacks, so rows of one number are
//! matched by the title or handle that they translate. Names of options, values, types and
//! collections become a dictionary, from which labels are translated.

use crate::exports::html::Block;
use crate::exports::product::ExportedProduct;
use crate::words::fold;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::language::Language;

/// Texts of one product.
#[derive(Debug, Clone, Default)]
pub(super) struct Translated {
    pub(super) title: String,
    pub(super) handle: String,
    pub(super) names: BTreeMap<Language, String>,
    pub(super) bodies: BTreeMap<Language, Vec<Block>>,
}

/// Texts in further languages.
#[derive(Debug, Clone, Default)]
pub struct Translations {
    /// Identification → texts of a product.
    pub(super) products: BTreeMap<String, Translated>,
    /// Folded text → text by language.
    dictionary: HashMap<String, BTreeMap<Language, String>>,
    languages: BTreeSet<Language>,
    /// Products that got a text.
    matched: usize,
    /// Products that no export has.
    unmatched: usize,
}

impl Translations {
    /// The languages of the translations.
    #[must_use]
    pub fn languages(&self) -> &BTreeSet<Language> {
        &self.languages
    }

    /// Products with a translation, and translated products that no export has.
    #[must_use]
    pub fn matched(&self) -> (usize, usize) {
        (self.matched, self.unmatched)
    }

    /// A short text such as a type or a value of an option, in a language; `None` if the export
    /// does not translate it.
    #[must_use]
    pub fn of(&self, text: &str, language: Language) -> Option<&str> {
        Some(self.dictionary.get(&fold(text.trim()))?.get(&language)?.as_str())
    }

    pub(crate) fn add(&mut self, text: &str, language: Language, translated: &str) {
        self.languages.insert(language);
        let entry = self.dictionary.entry(fold(text.trim())).or_default();
        entry.entry(language).or_insert_with(|| translated.to_owned());
    }

    /// Gives the products their texts in further languages.
    pub(super) fn apply(&mut self, products: &mut [ExportedProduct]) {
        let mut by_handle: HashMap<&str, &Translated> = HashMap::new();
        let mut by_title: HashMap<String, &Translated> = HashMap::new();
        for (id, translated) in &self.products {
            by_handle.insert(id, translated);
            by_handle.insert(&translated.handle, translated);
            by_title.entry(fold(&translated.title)).or_insert(translated);
        }
        let mut matched = 0;
        for product in products {
            let found = by_handle.get(product.id.as_str());
            let found = found.or_else(|| by_title.get(&fold(&product.name.base)));
            let Some(translated) = found else { continue };
            matched += 1;
            product.name.others.extend(translated.names.clone());
            product.other_bodies.extend(translated.bodies.clone());
        }
        self.matched = matched;
        self.unmatched = self.products.len().saturating_sub(matched);
    }
}
