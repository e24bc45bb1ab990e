//! TEMPORARY stand-in for the crate `vitrine-catalog`: same names and signatures, naive inside.
#![allow(missing_docs, clippy::all, clippy::pedantic)]

mod load;
mod find;

use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::ops::Range;
use vitrine_base::ids::Sku;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;

/// A language, as the primary subtag of a BCP 47 tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; 3]);

impl Language {
    pub const EN: Self = Self(*b"en\0");
    pub const FR: Self = Self(*b"fr\0");
    pub const DE: Self = Self(*b"de\0");
    pub const ES: Self = Self(*b"es\0");
    pub const IT: Self = Self(*b"it\0");
    pub const PT: Self = Self(*b"pt\0");
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("").trim_end_matches('\0')
    }
    pub fn from_locale(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
        let bytes = primary.as_bytes();
        (matches!(bytes.len(), 2 | 3) && bytes.iter().all(u8::is_ascii_lowercase)).then(|| {
            let mut code = [0; 3];
            code[..bytes.len()].copy_from_slice(bytes);
            Self(code)
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localized<T>(BTreeMap<Language, T>);
impl<T> Default for Localized<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}
impl<T> Localized<T> {
    pub fn get(&self, language: Language) -> Option<&T> {
        self.0.get(&language)
    }
    pub fn or_fallback(&self, language: Language, order: &[Language]) -> Option<&T> {
        let first = std::iter::once(language).chain(order.iter().copied());
        first.filter_map(|l| self.get(l)).next().or_else(|| self.get(Language::EN)).or_else(|| self.0.values().next())
    }
    pub fn insert(&mut self, language: Language, value: T) {
        self.0.insert(language, value);
    }
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        self.0.iter().map(|(l, v)| (*l, v))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability { InStock, Preorder, SoldOut }

#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    Flag(bool),
    Number(Decimal),
    Text(Localized<String>),
    List(Vec<String>),
}

#[derive(Debug, Clone)]
pub struct Variant {
    pub sku: Sku,
    pub options: BTreeMap<String, String>,
    pub price: Money,
    pub compare_at: Option<Money>,
    pub stock: Option<u32>,
    pub availability: Availability,
}

#[derive(Debug, Clone)]
pub struct Product {
    pub sku: Sku,
    pub name: String,
    pub brand: String,
    pub category: String,
    pub price: Money,
    pub options: Vec<String>,
    pub variants: Vec<Variant>,
    pub facets: BTreeMap<String, Vec<String>>,
    pub attributes: BTreeMap<String, AttributeValue>,
    pub title: Localized<String>,
    pub features: Localized<Vec<String>>,
    pub description: Localized<String>,
    pub url: Option<String>,
    pub rank: Option<u32>,
}

fn same(a: &str, b: &str) -> bool {
    let plain = |t: &str| crate::shop::load::fold(t).replace(' ', "");
    plain(a) == plain(b)
}

impl Product {
    pub fn option_values(&self, key: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for variant in &self.variants {
            if let Some(value) = variant.options.get(key) && !found.contains(&value.as_str()) {
                found.push(value);
            }
        }
        found
    }
    pub fn matching<'a>(&'a self, chosen: &'a BTreeMap<String, String>) -> impl Iterator<Item = &'a Variant> {
        self.variants.iter().filter(move |v| chosen.iter().all(|(k, w)| v.options.get(k).is_none_or(|o| same(o, w))))
    }
    pub fn price_range(&self, chosen: &BTreeMap<String, String>) -> (Money, Money) {
        let mut prices: Vec<Money> = self.matching(chosen).map(|v| v.price).collect();
        prices.sort_by_key(|m| m.amount);
        match (prices.first(), prices.last()) { (Some(a), Some(b)) => (*a, *b), _ => (self.price, self.price) }
    }
    pub fn available(&self, chosen: &BTreeMap<String, String>) -> bool {
        self.matching(chosen).any(|v| v.availability != Availability::SoldOut)
    }
    pub fn has(&self, choice: &FacetChoice) -> bool {
        self.facets.get(&choice.key).is_some_and(|v| v.contains(&choice.value))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FacetChoice { pub key: String, pub value: String }
impl FacetChoice {
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order { #[default] Relevance, Cheapest, Dearest }

#[derive(Debug, Clone, Default)]
pub struct Query {
    pub category: Option<String>,
    pub must: Vec<FacetChoice>,
    pub must_not: Vec<FacetChoice>,
    pub prefer: Vec<FacetChoice>,
    pub price_min: Option<Money>,
    pub price_max: Option<Money>,
    pub options: BTreeMap<String, Vec<String>>,
    pub words: Vec<String>,
    pub exclude: Vec<Sku>,
    pub order: Order,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Relaxed {
    Category { from: String, to: String },
    Excluded(FacetChoice),
    Constraint(FacetChoice),
    Option { key: String, values: Vec<String> },
    BudgetMax(Money),
    BudgetMin(Money),
}

#[derive(Debug)]
pub struct Found<'a> {
    pub products: Vec<&'a Product>,
    pub matching: usize,
    pub relaxed: Vec<Relaxed>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FacetQuestion { pub facet: String, pub values: Vec<String> }

#[derive(Debug, Clone, PartialEq)]
pub struct Mention { pub span: Range<usize>, pub target: MentionTarget, pub exact: f32 }

#[derive(Debug, Clone, PartialEq)]
pub enum MentionTarget {
    Category(String),
    Value(FacetChoice),
    Product(Sku),
    Brand(String),
    Option { key: String, value: String },
}

#[derive(Debug, Clone, Default)]
pub struct ValueEntry { pub id: String, pub label: Localized<String>, pub words: Localized<Vec<String>> }
#[derive(Debug, Clone, Default)]
pub struct FacetEntry { pub key: String, pub label: Localized<String>, pub question: Localized<String>, pub ask_weight: f64, pub missing_matches: bool, pub values: Vec<ValueEntry> }
#[derive(Debug, Clone, Default)]
pub struct CategoryEntry { pub id: String, pub label: Localized<String>, pub words: Localized<Vec<String>>, pub parent: Option<String> }

#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) products: Vec<Product>,
    pub(crate) facets: Vec<FacetEntry>,
    pub(crate) categories: Vec<CategoryEntry>,
    pub(crate) size: FacetEntry,
    pub(crate) kind: FacetEntry,
    pub(crate) phrases: std::collections::HashMap<Vec<String>, Vec<MentionTarget>>,
    pub(crate) languages: Vec<Language>,
}

impl Catalog {
    pub fn products(&self) -> &[Product] { &self.products }
    pub fn get(&self, sku: &str) -> Option<&Product> {
        self.products.iter().find(|p| p.sku.as_str() == sku || p.variants.iter().any(|v| v.sku.as_str() == sku))
    }
    pub fn currency(&self) -> Option<Currency> { self.products.first().map(|p| p.price.currency) }
    pub fn facet(&self, key: &str) -> Option<&FacetEntry> { self.facets.iter().find(|f| f.key == key) }
    pub fn facets(&self) -> &[FacetEntry] { &self.facets }
    pub fn categories(&self) -> &[CategoryEntry] { &self.categories }
    pub fn parent(&self, id: &str) -> Option<&str> { self.categories.iter().find(|c| c.id == id)?.parent.as_deref() }
    pub fn is_within(&self, id: &str, wider: &str) -> bool {
        let mut at = Some(id);
        while let Some(c) = at { if c == wider { return true } at = self.parent(c); }
        false
    }
    /// Label of a facet value, category, size …; the id with spaces if there is none.
    pub fn label(&self, choice: &FacetChoice, language: Language) -> String {
        let entry = match choice.key.as_str() {
            "category" => self.categories.iter().find(|c| c.id == choice.value).map(|c| &c.label),
            "size" => None,
            key => self.facet(key).and_then(|f| f.values.iter().find(|v| v.id == choice.value)).map(|v| &v.label),
        };
        entry.and_then(|l| l.or_fallback(language, &[])).cloned().unwrap_or_else(|| choice.value.replace('_', " "))
    }
    /// Label of a facet, option or attribute key.
    pub fn key_label(&self, key: &str, language: Language) -> String {
        let entry = match key { "size" => Some(&self.size), "category" => Some(&self.kind), key => self.facet(key) };
        entry.and_then(|f| f.label.or_fallback(language, &[])).filter(|l| !l.is_empty()).cloned().unwrap_or_else(|| key.replace('_', " "))
    }
    /// The shop's question for a facet or option.
    pub fn question_text(&self, key: &str, language: Language) -> Option<String> {
        let entry = match key { "size" => Some(&self.size), "category" => Some(&self.kind), key => self.facet(key) };
        entry.and_then(|f| f.question.or_fallback(language, &[])).filter(|l| !l.is_empty()).cloned()
    }
    pub fn languages(&self) -> &[Language] { &self.languages }
}
