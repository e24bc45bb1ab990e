//! A product as an export states it: nothing derived, texts in the shop's own words.

use crate::exports::html::Block;
use crate::exports::report::Place;
use crate::product::Availability;
use std::collections::BTreeMap;
use vitrine_base::language::Language;
use vitrine_base::money::Money;

/// A text in the language of the export, and in further ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// In the language of the export.
    pub base: String,
    /// In further languages.
    pub others: BTreeMap<Language, String>,
}

impl From<String> for Text {
    fn from(base: String) -> Self {
        Self { base, others: BTreeMap::new() }
    }
}

/// A property that a column, a metafield or a line of the text states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name as the shop writes it, such as `Pot size`.
    pub label: String,
    /// Its values as the shop writes them.
    pub values: Vec<String>,
    /// Whether the shop states it in a field of its own, rather than in a sentence.
    pub own_field: bool,
}

/// One form of a product that can be ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedVariant {
    /// Line of the row.
    pub line: usize,
    /// Its code; derived from the product's if the export has none.
    pub sku: String,
    /// Values of the product's options, in their order; empty ones where the row has none.
    pub options: Vec<String>,
    /// Price of one unit.
    pub price: Money,
    /// Higher price before a reduction.
    pub compare_at: Option<Money>,
    /// Units in stock; `None` if the export does not say.
    pub stock: Option<u32>,
    /// Whether it can be ordered.
    pub availability: Availability,
    /// Number of its bar code.
    pub gtin: Option<String>,
    /// Link to its own page.
    pub url: Option<String>,
    /// Its weight in grams; `None` if unknown or 0.
    pub grams: Option<u32>,
}

/// One article.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedProduct {
    /// Where it begins.
    pub place: Place,
    /// Its code, unique in the import: handle, parent's code, group id.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// Its brand; empty if unknown.
    pub brand: String,
    /// Paths of the shop's own categories, wide to narrow, the most trusted path first.
    pub kinds: Vec<Vec<String>>,
    /// Path in a public taxonomy, wide to narrow, in English or the shop's language.
    pub taxonomy: Vec<String>,
    /// Tags and collections.
    pub tags: Vec<String>,
    /// Its description, in blocks.
    pub body: Vec<Block>,
    /// Its description in further languages.
    pub other_bodies: BTreeMap<Language, Vec<Block>>,
    /// Short advantages that the export lists.
    pub highlights: Vec<String>,
    /// Properties from columns and metafields.
    pub properties: Vec<Property>,
    /// Names of the options, in order.
    pub options: Vec<String>,
    /// What can be ordered; never empty.
    pub variants: Vec<ExportedVariant>,
    /// Links to pictures, the best first.
    pub images: Vec<String>,
    /// Link to its page.
    pub url: Option<String>,
}

impl ExportedProduct {
    /// A product without anything but its place, code and name.
    pub(crate) fn new(place: Place, id: String, name: String) -> Self {
        Self {
            place,
            id,
            name: Text::from(name),
            brand: String::new(),
            kinds: Vec::new(),
            taxonomy: Vec::new(),
            tags: Vec::new(),
            body: Vec::new(),
            other_bodies: BTreeMap::new(),
            highlights: Vec::new(),
            properties: Vec::new(),
            options: Vec::new(),
            variants: Vec::new(),
            images: Vec::new(),
            url: None,
        }
    }

    /// Adds a property of the shop's own fields, unless it is empty.
    pub(crate) fn state(&mut self, label: &str, values: Vec<String>) {
        if !label.is_empty() && !values.is_empty() {
            self.properties.push(Property { label: label.to_owned(), values, own_field: true });
        }
    }
}
