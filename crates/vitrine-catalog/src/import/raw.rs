//! A product as a file writes it, not yet checked.

use crate::import::amount::DecimalSign;
use std::collections::BTreeMap;
use vitrine_base::localized::Localized;

/// A price: an amount as the file writes it, and the code of its currency.
#[derive(Debug, Clone)]
pub(super) struct RawPrice {
    pub(super) amount: String,
    pub(super) currency: String,
}

/// Units in stock.
#[derive(Debug)]
pub(super) enum RawStock {
    Total(u32),
    BySize(Vec<(String, u32)>),
}

/// An attribute's value; numbers are texts, so that no digit is lost.
#[derive(Debug)]
pub(super) enum RawAttribute {
    Flag(bool),
    Number(String),
    Text(String),
    Texts(Localized<String>),
    List(Vec<String>),
}

/// A variant.
#[derive(Debug, Default, Clone)]
pub(super) struct RawVariant {
    pub(super) sku: String,
    pub(super) options: Vec<(String, String)>,
    pub(super) price: Option<RawPrice>,
    pub(super) compare_at: Option<RawPrice>,
    pub(super) stock: Option<u32>,
    pub(super) availability: Option<String>,
    pub(super) gtin: Option<String>,
    pub(super) url: Option<String>,
}

/// A product.
#[derive(Debug)]
pub(super) struct RawProduct {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) brand: String,
    pub(super) category: String,
    /// May be absent if the variants have prices.
    pub(super) price: Option<RawPrice>,
    /// The decimal sign that the file uses.
    pub(super) decimal: DecimalSign,
    /// May be absent if there are variants.
    pub(super) stock: Option<RawStock>,
    /// What a product without variants says of its only one: compare-at price, availability, code.
    pub(super) single: RawVariant,
    pub(super) options: Vec<String>,
    pub(super) variants: Vec<RawVariant>,
    pub(super) facets: BTreeMap<String, Vec<String>>,
    pub(super) attributes: BTreeMap<String, RawAttribute>,
    pub(super) title: Localized<String>,
    pub(super) features: Localized<Vec<String>>,
    pub(super) description: Localized<String>,
    pub(super) images: Vec<String>,
    pub(super) url: Option<String>,
    pub(super) rank: Option<u32>,
}
