//! Test fixtures of the catalog: limits and small products.

use crate::CatalogLimits;
use crate::product::FacetChoice;
use crate::product::Product;
use crate::product::Stock;
use std::collections::BTreeMap;
use vitrine_base::ids::Sku;
use vitrine_base::localized::Localized;
use vitrine_base::money::Money;

/// Limits that the example shop meets.
#[must_use]
pub fn limits() -> CatalogLimits {
    CatalogLimits {
        file_bytes_max: 1 << 20,
        products_max: 1_000,
        line_bytes_max: 4_096,
        facets_max: 32,
        values_max: 64,
        sizes_max: 24,
        features_max: 8,
    }
}

/// A product in stock at 10 euros with facets such as `feel=comfort`.
///
/// # Panics
/// If `sku` is not a valid id.
#[must_use]
pub fn product(sku: &str, facets: &[&str]) -> Product {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for choice in facets.iter().filter_map(|text| FacetChoice::parse(text)) {
        let values = found.entry(choice.key).or_default();
        if !values.contains(&choice.value) {
            values.push(choice.value);
        }
    }
    Product {
        sku: Sku::new(sku).expect("a valid sku"),
        name: format!("Product {sku}"),
        brand: String::new(),
        category: "things".to_owned(),
        price: Money::parse("10.00", "EUR").expect("a valid price"),
        stock: Stock::Total(1),
        facets: found,
        title: Localized::default(),
        features: Localized::default(),
        url: None,
        rank: None,
    }
}
