//! One sellable article as the shop describes it, and its stock.
//!
//! Invariants (enforced by `import`)
//! - Texts hold no control characters, so they never break a line of a prompt or reply.
//! - Facet keys and values are lower-case identifiers; a key has at least one value.
//! - The price is not negative.

use std::collections::BTreeMap;
use std::fmt;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_base::money::Money;

/// One value of one facet, written `feel=comfort`; also the id of the option that a customer taps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FacetChoice {
    /// Key of the facet, such as `feel`.
    pub key: String,
    /// Id of the value, such as `comfort`.
    pub value: String,
}

impl FacetChoice {
    /// The value `value` of the facet `key`; neither is checked.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }

    /// Parses `key=value`; `None` if there is no equals sign or a side is empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        (!key.is_empty() && !value.is_empty()).then(|| Self::new(key, value))
    }
}

impl fmt::Display for FacetChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}={}", self.key, self.value)
    }
}

/// Stock of a product, in units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stock {
    /// Units of a product without sizes.
    Total(u32),
    /// Units by size, in the shop's order.
    BySize(Vec<(String, u32)>),
}

/// One sellable article.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Its id, unique in the catalog.
    pub sku: Sku,
    /// Its name as written in replies.
    pub name: String,
    /// Its brand; empty if unknown.
    pub brand: String,
    /// Category id, such as `running_shoes`.
    pub category: String,
    /// Price of one unit.
    pub price: Money,
    /// Units in stock.
    pub stock: Stock,
    /// Facet key → values. In a [`Catalog`](crate::Catalog) it also holds `category` with
    /// all its ancestors and, if known, `brand`.
    pub facets: BTreeMap<String, Vec<String>>,
    /// Short noun phrase for what it is; empty if the shop gave none.
    pub title: Localized<String>,
    /// Its features, as short noun phrases.
    pub features: Localized<Vec<String>>,
    /// Absolute http(s) link to its page; `None` if it has none.
    pub url: Option<String>,
    /// Position in the shop's own order, lower first; `None` comes last.
    pub rank: Option<u32>,
}

impl Product {
    /// Values of a facet; empty if the product does not have the facet.
    #[must_use]
    pub fn values(&self, key: &str) -> &[String] {
        self.facets.get(key).map_or(&[], Vec::as_slice)
    }

    /// Whether the product has this facet value.
    #[must_use]
    pub fn has(&self, choice: &FacetChoice) -> bool {
        self.values(&choice.key).contains(&choice.value)
    }

    /// Units in stock, of one size or, without a size, of all sizes together; returns `None` for a
    /// size that the product does not come in.
    ///
    /// A product without sizes has its whole stock in every size.
    #[must_use]
    pub fn units(&self, size: Option<&str>) -> Option<u32> {
        match (&self.stock, size) {
            (Stock::Total(units), _) => Some(*units),
            (Stock::BySize(sizes), None) => {
                Some(sizes.iter().fold(0_u32, |sum, (_, units)| sum.saturating_add(*units)))
            }
            (Stock::BySize(sizes), Some(size)) => {
                sizes.iter().find(|(label, _)| label.eq_ignore_ascii_case(size)).map(|(_, u)| *u)
            }
        }
    }

    /// Whether a unit is in stock, of one size or, without a size, of any size.
    #[must_use]
    pub fn in_stock(&self, size: Option<&str>) -> bool {
        self.units(size).is_some_and(|units| units > 0)
    }

    /// All sizes, in the shop's order; empty for a product without sizes.
    #[must_use]
    pub fn sizes(&self) -> Vec<&str> {
        match &self.stock {
            Stock::Total(_) => Vec::new(),
            Stock::BySize(sizes) => sizes.iter().map(|(label, _)| label.as_str()).collect(),
        }
    }

    /// Sizes with a unit in stock, in the shop's order.
    #[must_use]
    pub fn sizes_in_stock(&self) -> Vec<&str> {
        self.sizes().into_iter().filter(|size| self.in_stock(Some(size))).collect()
    }

    /// Its features in a language, as short noun phrases; in English or in the first language that
    /// has some if the shop gave none.
    #[must_use]
    pub fn features(&self, language: Language) -> &[String] {
        self.features.or_fallback(language, &[]).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(stock: Stock) -> Product {
        Product {
            sku: Sku::new("A").unwrap(),
            name: "Alpha".to_owned(),
            brand: String::new(),
            category: "things".to_owned(),
            price: Money::parse("1", "EUR").unwrap(),
            stock,
            facets: BTreeMap::new(),
            title: Localized::default(),
            features: Localized::default(),
            url: None,
            rank: None,
        }
    }

    #[test]
    fn stock_is_counted_by_size() {
        let shoe = product(Stock::BySize(vec![("41".into(), 3), ("42".into(), 0)]));
        assert_eq!(shoe.units(None), Some(3));
        assert_eq!(shoe.units(Some("42")), Some(0));
        assert_eq!(shoe.units(Some("50")), None);
        assert!(shoe.in_stock(Some("41")));
        assert!(!shoe.in_stock(Some("42")));
        assert_eq!(shoe.sizes_in_stock(), ["41"]);
        let gel = product(Stock::Total(2));
        assert!(gel.in_stock(Some("42")));
        assert!(gel.sizes().is_empty());
    }

    #[test]
    fn choices_are_written_and_read_alike() {
        let choice = FacetChoice::new("feel", "comfort");
        assert_eq!(FacetChoice::parse(&choice.to_string()), Some(choice));
        for text in ["", "feel", "=x", "feel="] {
            assert_eq!(FacetChoice::parse(text), None, "{text}");
        }
    }
}
