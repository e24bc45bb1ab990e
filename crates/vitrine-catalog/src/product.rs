//! One article as the shop sells it: its description, and the variants that a customer can buy.
//!
//! A product has one or more [`Variant`]s; what is ordered, priced and in stock is a variant. Its
//! options (`size`, `colour`, …) tell the variants apart. A product without options has one.
//!
//! Invariants (enforced by `import`)
//! - Texts hold no control characters, so they never break a line of a prompt or reply.
//! - Facet keys and values are lower-case identifiers; a key has at least one value.
//! - There is at least one variant; all have a price in the currency of the product's price, which
//!   is the lowest of them and not negative.
//! - Every variant has a value for each option, and no two have the same values.

use crate::attribute::AttributeValue;
use crate::compact::holds;
use crate::compact::same_value;
use crate::keys::SIZE_KEY;
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

/// Whether a variant can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Availability {
    /// It can be ordered and is there.
    InStock,
    /// It can be ordered before it is there.
    Preorder,
    /// It cannot be ordered.
    SoldOut,
}

impl Availability {
    /// All availabilities, the best first.
    pub const ALL: [Self; 3] = [Self::InStock, Self::Preorder, Self::SoldOut];

    /// Name in files and on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InStock => "in_stock",
            Self::Preorder => "preorder",
            Self::SoldOut => "sold_out",
        }
    }

    /// Parses a name; `None` for any other text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|availability| availability.name() == name)
    }
}

/// One form of a product that can be ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// What is ordered: its own sku, or that of the product.
    pub sku: Sku,
    /// Option key → value, in the shop's spelling. Has exactly the keys of [`Product::options`].
    pub options: BTreeMap<String, String>,
    /// Price of one unit.
    pub price: Money,
    /// Higher price that it is compared with; `None` if there is none.
    pub compare_at: Option<Money>,
    /// Units in stock; `None` if the shop does not say.
    pub stock: Option<u32>,
    /// Whether it can be ordered.
    pub availability: Availability,
    /// Number of its bar code, 8 to 14 digits.
    pub gtin: Option<String>,
    /// Absolute http(s) link to its page, if it has one of its own.
    pub url: Option<String>,
}

impl Variant {
    /// Whether it can be ordered, now or in advance.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.availability != Availability::SoldOut
    }

    /// Whether it has these values of its options. Keys that it does not have do not count; case,
    /// accents and spaces are ignored, and a size `39-42` is each of the sizes from 39 to 42.
    #[must_use]
    pub fn has_options(&self, chosen: &BTreeMap<String, String>) -> bool {
        chosen.iter().all(|(key, value)| self.options.get(key).is_none_or(|own| holds(own, value)))
    }
}

/// One article, with the variants in which it is sold.
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
    /// Lowest price of a variant.
    pub price: Money,
    /// Keys of the options that tell its variants apart, such as `size`, in the shop's order.
    pub options: Vec<String>,
    /// What can be ordered, in the shop's order; never empty.
    pub variants: Vec<Variant>,
    /// Facet key → values. In a [`Catalog`](crate::Catalog) it also holds `category` with all its
    /// ancestors and, if known, `brand`.
    pub facets: BTreeMap<String, Vec<String>>,
    /// Properties that a customer may ask about, by key; a key carries its unit: `weight_kg`.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Short noun phrase for what it is.
    pub title: Localized<String>,
    /// Its features, as short noun phrases.
    pub features: Localized<Vec<String>>,
    /// What the shop says about it, in one or more sentences.
    pub description: Localized<String>,
    /// Absolute http(s) links to its pictures, the best first.
    pub images: Vec<String>,
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

    /// Values of an option, in the shop's order and spelling; empty if it does not have the option.
    #[must_use]
    pub fn option_values(&self, key: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        for value in self.variants.iter().filter_map(|variant| variant.options.get(key)) {
            if !found.contains(&value.as_str()) {
                found.push(value);
            }
        }
        found
    }

    /// The shop's spelling of an option's value, whatever its case, accents and spaces, else the
    /// first range that holds it (`39-42` for 41); `None` if no variant has it.
    #[must_use]
    pub fn option_value(&self, key: &str, said: &str) -> Option<&str> {
        let values = self.option_values(key);
        let same = values.iter().find(|value| same_value(value, said));
        same.or_else(|| values.iter().find(|value| holds(value, said))).copied()
    }

    /// The variants with these values of their options; keys that the product does not have do not
    /// count.
    pub fn matching<'a>(
        &'a self,
        chosen: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a Variant> {
        self.variants.iter().filter(|variant| variant.has_options(chosen))
    }

    /// The only variant with these values of its options; `None` if there are several or none.
    #[must_use]
    pub fn variant(&self, chosen: &BTreeMap<String, String>) -> Option<&Variant> {
        let mut matching = self.matching(chosen);
        matching.next().filter(|_| matching.next().is_none())
    }

    /// The variant with this sku of its own; `None` for the product's sku if it has several.
    #[must_use]
    pub fn variant_with_sku(&self, sku: &Sku) -> Option<&Variant> {
        let mut found = self.variants.iter().filter(|variant| variant.sku == *sku);
        found.next().filter(|_| found.next().is_none())
    }

    /// Lowest and highest price of the variants with these options that can be ordered; of all of
    /// them if none can, and the product's price if no variant has these options.
    #[must_use]
    pub fn price_range(&self, chosen: &BTreeMap<String, String>) -> (Money, Money) {
        let range = |available: bool| {
            let prices = self.matching(chosen).filter(|v| !available || v.is_available());
            let prices = prices.map(|variant| variant.price);
            prices.fold(None, |range: Option<(Money, Money)>, price| {
                let (low, high) = range.unwrap_or((price, price));
                let low = if price.amount < low.amount { price } else { low };
                Some((low, if price.amount > high.amount { price } else { high }))
            })
        };
        range(true).or_else(|| range(false)).unwrap_or((self.price, self.price))
    }

    /// Whether a variant with these options can be ordered.
    #[must_use]
    pub fn available(&self, chosen: &BTreeMap<String, String>) -> bool {
        self.matching(chosen).any(Variant::is_available)
    }

    /// The best availability of the variants with these options; sold out if there are none.
    #[must_use]
    pub fn availability(&self, chosen: &BTreeMap<String, String>) -> Availability {
        let all = self.matching(chosen).map(|variant| variant.availability);
        all.min().unwrap_or(Availability::SoldOut)
    }

    /// Units in stock, of one size or, without a size, of all variants together; `None` for a size
    /// that the product does not come in, and where the shop does not say.
    ///
    /// A product without sizes has its whole stock in every size.
    #[must_use]
    pub fn units(&self, size: Option<&str>) -> Option<u32> {
        let mut variants = self.of_size(size).peekable();
        variants.peek()?;
        let mut sum = 0_u32;
        for variant in variants {
            let units = if variant.is_available() { variant.stock? } else { 0 };
            sum = sum.saturating_add(units);
        }
        Some(sum)
    }

    /// Whether a unit can be ordered, of one size or, without a size, of any size.
    #[must_use]
    pub fn in_stock(&self, size: Option<&str>) -> bool {
        self.of_size(size).any(Variant::is_available)
    }

    fn of_size(&self, size: Option<&str>) -> impl Iterator<Item = &Variant> {
        self.variants.iter().filter(move |variant| {
            let own = variant.options.get(SIZE_KEY);
            size.is_none_or(|size| own.is_none_or(|own| holds(own, size)))
        })
    }

    /// All sizes, in the shop's order; empty for a product without sizes.
    #[must_use]
    pub fn sizes(&self) -> Vec<&str> {
        self.option_values(SIZE_KEY)
    }

    /// Sizes that can be ordered, in the shop's order.
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
    use crate::tests_support::product;
    use crate::tests_support::sized;

    fn chosen(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn stock_is_counted_by_size() {
        let shoe = sized(product("A", &[]), &[("41", "10.00", 3), ("42", "10.00", 0)]);
        assert_eq!(shoe.units(None), Some(3));
        assert_eq!(shoe.units(Some("42")), Some(0));
        assert_eq!(shoe.units(Some("50")), None);
        assert!(shoe.in_stock(Some("41")));
        assert!(!shoe.in_stock(Some("42")));
        assert_eq!(shoe.sizes_in_stock(), ["41"]);
        let gel = product("B", &[]);
        assert!(gel.in_stock(Some("42")));
        assert!(gel.sizes().is_empty());
    }

    #[test]
    fn a_price_is_that_of_the_variants_meant() {
        let sizes = [("90 x 190", "219.00", 4), ("140x190", "307.00", 2), ("160x200", "372.00", 0)];
        let bed = sized(product("M", &[]), &sizes);
        let range = |pairs: &[(&str, &str)]| {
            let (low, high) = bed.price_range(&chosen(pairs));
            (low.amount_text(), high.amount_text())
        };
        let texts = |low: &str, high: &str| (low.to_owned(), high.to_owned());
        assert_eq!(range(&[]), texts("219.00", "307.00"));
        assert_eq!(range(&[("size", "140 X 190")]), texts("307.00", "307.00"));
        assert_eq!(range(&[("size", "160x200")]), texts("372.00", "372.00"));
        assert_eq!(range(&[("size", "1x1")]), texts("219.00", "219.00"));
        assert!(!bed.available(&chosen(&[("size", "160x200")])));
        assert!(bed.available(&chosen(&[("size", "90x190"), ("wood", "oak")])));
        assert_eq!(bed.option_value("size", "90X190"), Some("90 x 190"));
        let only = chosen(&[("size", "140x190")]);
        assert_eq!(bed.variant(&only).unwrap().sku.as_str(), "M-140x190");
        assert_eq!(bed.variant(&chosen(&[])), None);
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
