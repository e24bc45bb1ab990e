//! Test fixtures of the catalog: limits and small products.

use crate::CatalogLimits;
use crate::keys::SIZE_KEY;
use crate::product::Availability;
use crate::product::FacetChoice;
use crate::product::Product;
use crate::product::Variant;
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
        variants_max: 64,
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
    let sku = Sku::new(sku).expect("a valid sku");
    let price = Money::parse("10.00", "EUR").expect("a valid price");
    Product {
        name: format!("Product {sku}"),
        brand: String::new(),
        category: "things".to_owned(),
        price,
        options: Vec::new(),
        variants: vec![variant(sku.clone(), price, 1)],
        sku,
        facets: found,
        attributes: BTreeMap::new(),
        title: Localized::default(),
        features: Localized::default(),
        description: Localized::default(),
        images: Vec::new(),
        url: None,
        rank: None,
    }
}

/// The product in these sizes, each with its price in euros and its units in stock.
///
/// # Panics
/// If a price is not a decimal, or there is no size.
#[must_use]
pub fn sized(mut product: Product, sizes: &[(&str, &str, u32)]) -> Product {
    product.options = vec![SIZE_KEY.to_owned()];
    let variants = sizes.iter().map(|(size, price, units)| {
        let sku = format!("{}-{}", product.sku, size.replace(' ', ""));
        let sku = Sku::new(sku).expect("a valid sku");
        let price = Money::parse(price, "EUR").expect("a valid price");
        let options = BTreeMap::from([(SIZE_KEY.to_owned(), (*size).to_owned())]);
        Variant { options, ..variant(sku, price, *units) }
    });
    product.variants = variants.collect();
    let cheapest = product.variants.iter().map(|variant| variant.price);
    product.price = cheapest.min_by_key(|price| price.amount).expect("at least one size");
    product
}

fn variant(sku: Sku, price: Money, units: u32) -> Variant {
    Variant {
        sku,
        options: BTreeMap::new(),
        price,
        compare_at: None,
        stock: Some(units),
        availability: if units > 0 { Availability::InStock } else { Availability::SoldOut },
        gtin: None,
        url: None,
    }
}
