//! What a reply shows of a product: the variant meant, its price, its availability, why it fits.

use super::context::Context;
use super::search;
use super::sizes;
use crate::plan::Availability;
use crate::plan::Card;
use crate::plan::Price;
use crate::plan::ShownProduct;
use crate::shop;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Need;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Most features of a card.
const FEATURES_MAX: usize = 3;

/// The options chosen for a product: those of `chosen`, and those of the need that single out one
/// value.
pub(super) fn chosen(
    product: &Product,
    need: &Need,
    chosen: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for key in &product.options {
        let stated = chosen.get(key).map(std::slice::from_ref);
        let wanted = stated.or_else(|| need.options.get(key).map(Vec::as_slice));
        let facet = need.facets.get(key).map(|wish| wish.must.as_slice());
        let wanted = wanted.or(facet).unwrap_or_default();
        let mut made: Vec<&str> = Vec::new();
        for said in wanted {
            for value in sizes::of_product(product, key, said) {
                if !made.contains(&value) {
                    made.push(value);
                }
            }
        }
        let values = product.option_values(key);
        match (&made[..], &values[..]) {
            ([one], _) | ([], [one]) => {
                found.insert(key.clone(), (*one).to_owned());
            }
            _ => {}
        }
    }
    // What was not stated and can be had in one way only leaves no choice.
    let stated = |key: &String| {
        chosen.contains_key(key) || need.options.contains_key(key) || need.facets.contains_key(key)
    };
    for key in product.options.iter().filter(|key| !stated(key)) {
        if let [only] = to_be_had(product, key, &found)[..] {
            found.insert(key.clone(), only.to_owned());
        }
    }
    found
}

/// Keys of the options that must still be chosen before a product can be bought.
pub(super) fn missing<'a>(
    product: &'a Product,
    options: &BTreeMap<String, String>,
) -> Option<&'a String> {
    product
        .options
        .iter()
        .find(|key| !options.contains_key(*key) && product.option_values(key).len() > 1)
}

/// The variant that the options single out, one that can be had first.
pub(super) fn variant<'a>(
    product: &'a Product,
    options: &'a BTreeMap<String, String>,
) -> Option<&'a shop::Variant> {
    let mut matching: Vec<&shop::Variant> = product.matching(options).collect();
    matching.sort_by_key(|variant| variant.availability == shop::Availability::SoldOut);
    matching.into_iter().next()
}

/// Whether a product can be had in these options.
pub(super) fn availability(product: &Product, options: &BTreeMap<String, String>) -> Availability {
    let Some(variant) = variant(product, options) else { return Availability::NotMade };
    match variant.availability {
        shop::Availability::InStock => Availability::InStock,
        shop::Availability::Preorder => Availability::Preorder,
        shop::Availability::SoldOut => Availability::SoldOut,
    }
}

/// Values of an option that can be had, the other options given, in the shop's order.
pub(super) fn to_be_had<'a>(
    product: &'a Product,
    key: &str,
    options: &BTreeMap<String, String>,
) -> Vec<&'a str> {
    let mut others = options.clone();
    others.remove(key);
    product
        .option_values(key)
        .into_iter()
        .filter(|value| {
            others.insert(key.to_owned(), (*value).to_owned());
            product.available(&others)
        })
        .collect()
}

/// Labels as a list in which no word stands twice in a row: "marathon, half marathon".
pub(super) fn joined(mut labels: Vec<String>) -> String {
    let last = |label: &str| label.rsplit([' ', '-']).next().map(str::to_lowercase);
    let first = |label: &str| label.split([' ', '-']).next().map(str::to_lowercase);
    for at in 1..labels.len() {
        if last(&labels[at - 1]) == first(&labels[at]) {
            labels.swap(at - 1, at);
        }
    }
    labels.join(", ")
}

/// How an option's value is called: the shop's word for it where it is also a facet value.
pub(super) fn option_label(context: &Context<'_>, key: &str, value: &str) -> String {
    let known = context.catalog.facet(key).is_some();
    if known {
        return context.catalog.label(&FacetChoice::new(key, value), context.language);
    }
    value.to_owned()
}

/// The card of a product in the options `options`.
pub(super) fn card(
    context: &Context<'_>,
    need: &Need,
    product: &Product,
    options: &BTreeMap<String, String>,
) -> Card {
    let language = context.language;
    let exact = missing(product, options).is_none();
    let variant = variant(product, options);
    let price = match variant {
        Some(variant) if exact => Price::Exact(variant.price),
        _ => price(product, options, need.price_max),
    };
    let labelled = options.iter().filter(|(key, _)| product.option_values(key).len() > 1);
    let features = product.features.or_fallback(language, &[]).cloned().unwrap_or_default();
    Card {
        sku: product.sku.as_str().to_owned(),
        variant: variant.filter(|_| exact).map(|variant| variant.sku.as_str().to_owned()),
        name: product.name.clone(),
        title: product.title.or_fallback(language, &[]).cloned().unwrap_or_default(),
        price,
        compare_at: variant.filter(|_| exact).and_then(|variant| variant.compare_at),
        options: labelled
            .map(|(key, value)| {
                let label = context.catalog.key_label(key, language);
                (label, option_label(context, key, value))
            })
            .collect(),
        reasons: search::reasons(context, need, product),
        features: features.into_iter().take(FEATURES_MAX).collect(),
        availability: availability(product, options),
    }
}

/// The price of a product whose options are open; that of the variants within the limit, if any.
fn price(product: &Product, options: &BTreeMap<String, String>, limit: Option<Decimal>) -> Price {
    let (low, high) = product.price_range(options);
    let within = |price: Decimal| limit.is_none_or(|limit| price <= limit);
    if low == high || !within(low.amount) { Price::Exact(low) } else { Price::From(low) }
}

/// The price of a product in these options, if it does not depend on those still open.
pub(super) fn one_price(product: &Product, options: &BTreeMap<String, String>) -> Option<Money> {
    let (low, high) = product.price_range(options);
    (low == high && product.matching(options).next().is_some()).then_some(low)
}

/// A product with its card, for the answer's list.
pub(super) fn shown(
    context: &Context<'_>,
    need: &Need,
    product: &Product,
    options: BTreeMap<String, String>,
) -> ShownProduct {
    ShownProduct { card: card(context, need, product, &options), options }
}
