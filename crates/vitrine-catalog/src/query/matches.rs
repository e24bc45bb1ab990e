//! Whether a product meets a query.

use crate::attribute::AttributeValue;
use crate::compact::holds;
use crate::product::FacetChoice;
use crate::product::Product;
use crate::product::Variant;
use crate::query::Query;
use crate::vocabulary::Missing;
use crate::vocabulary::ShopVocabulary;
use crate::words::slug;
use std::cmp::Ordering;
use vitrine_base::money::Money;

/// Whether a product meets every wish of a query, loose words aside.
pub(crate) fn meets(vocabulary: &ShopVocabulary, product: &Product, query: &Query) -> bool {
    let category = query.category.as_ref();
    category.is_none_or(|wanted| vocabulary.is_within(&product.category, wanted))
        && !query.exclude.contains(&product.sku)
        && !query.must_not.iter().any(|choice| states(product, choice))
        && query.must.iter().all(|choice| meets_facet(vocabulary, product, query, choice))
        && of_facets(product, query)
        && variants(product, query).next().is_some()
}

/// The variants that have the options, the price and the availability asked for.
pub(crate) fn variants<'a>(
    product: &'a Product,
    query: &'a Query,
) -> impl Iterator<Item = &'a Variant> {
    product.variants.iter().filter(|variant| {
        (query.sold_out || variant.is_available())
            && costs(variant.price, query.price_max, Ordering::is_le)
            && costs(variant.price, query.price_min, Ordering::is_ge)
            && query.options.iter().all(|(key, values)| {
                let own = variant.options.get(key);
                own.is_none_or(|own| values.iter().any(|value| holds(own, value)))
            })
    })
}

/// A limit in another currency cannot be compared and is ignored.
fn costs(price: Money, limit: Option<Money>, allowed: fn(Ordering) -> bool) -> bool {
    limit.is_none_or(|limit| {
        limit.currency != price.currency || allowed(price.amount.cmp(&limit.amount))
    })
}

/// Options that the shop states as facets, such as a colour, must be among the facet's values.
fn of_facets(product: &Product, query: &Query) -> bool {
    query.options.iter().all(|(key, values)| {
        let stated = product.values(key);
        stated.is_empty()
            || product.options.contains(key)
            || values.iter().any(|value| stated.contains(&slug(value)))
    })
}

/// Whether a product has one of the wanted values of the facet of `choice`.
fn meets_facet(
    vocabulary: &ShopVocabulary,
    product: &Product,
    query: &Query,
    choice: &FacetChoice,
) -> bool {
    let mut wanted = query.must.iter().filter(|other| other.key == choice.key);
    if !product.values(&choice.key).is_empty() || product.attributes.contains_key(&choice.key) {
        return wanted.any(|other| states(product, other));
    }
    vocabulary.missing(&choice.key) == Missing::Matches
}

/// Whether a product states a value, as a facet or as an attribute.
pub(crate) fn states(product: &Product, choice: &FacetChoice) -> bool {
    let stated = |text: &str| slug(text) == choice.value;
    product.has(choice)
        || match product.attributes.get(&choice.key) {
            None => false,
            Some(AttributeValue::Flag(flag)) => match choice.value.as_str() {
                "true" | "yes" => *flag,
                "false" | "no" => !*flag,
                _ => false,
            },
            Some(AttributeValue::Number(number)) => number.normalize().to_string() == choice.value,
            Some(AttributeValue::Text(text)) => stated(text),
            Some(AttributeValue::Texts(texts)) => texts.values().any(|text| stated(text)),
            Some(AttributeValue::List(texts)) => texts.iter().any(|text| stated(text)),
        }
}
