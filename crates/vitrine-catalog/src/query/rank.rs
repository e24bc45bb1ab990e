//! The order of products that meet a query.

use crate::product::Availability;
use crate::product::Product;
use crate::query::Order;
use crate::query::Query;
use crate::query::matches::states;
use crate::query::matches::variants;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::cmp::Reverse;

/// A score with a total order, for sorting.
#[derive(PartialEq)]
struct Score(f32);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Sorts products, given with their positions: those that can be ordered first; then by price, if
/// the query asks for that; then by wishes that the product states (preferred values, and wanted
/// values that products without the facet also meet), by loose words, by the shop's order.
pub(crate) fn rank<'a>(
    mut found: Vec<(usize, &'a Product)>,
    query: &Query,
    scores: &[f32],
) -> Vec<&'a Product> {
    found.sort_by_cached_key(|(position, product)| {
        let prices = variants(product, query).map(|variant| variant.price.amount);
        let price = match query.order {
            Order::Relevance => Decimal::ZERO,
            Order::Cheapest => prices.min().unwrap_or_default(),
            Order::Dearest => -prices.max().unwrap_or_default(),
        };
        let availability = variants(product, query).map(|variant| variant.availability).min();
        let wishes = query.prefer.iter().chain(&query.must);
        (
            availability.unwrap_or(Availability::SoldOut),
            price,
            Reverse(wishes.filter(|choice| states(product, choice)).count()),
            Reverse(Score(scores[*position])),
            product.rank.unwrap_or(u32::MAX),
            product.sku.clone(),
        )
    });
    found.into_iter().map(|(_, product)| product).collect()
}
