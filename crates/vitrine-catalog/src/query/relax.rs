//! Which wish is given up first when nothing meets all of them.

use crate::product::FacetChoice;
use crate::query::Order;
use crate::query::Query;
use crate::search::Relaxed;
use crate::vocabulary::ShopVocabulary;
use std::collections::BTreeSet;

/// Importance of a wish, on the scale of a facet's ask weight (0 to 2). A facet has its ask weight
/// and [`FACET_BASE`].
const FACET_BASE: f64 = 0.2;
const PRICE_MIN: f64 = 0.3;
const PRICE_MAX: f64 = 1.45;
const KIND: f64 = 1.5;
const UNWANTED: f64 = 1.7;
const OPTION: f64 = 2.5;

/// A query with one wish less.
pub(crate) struct Step {
    pub(crate) query: Query,
    pub(crate) given_up: Vec<Relaxed>,
}

/// Every way to give up one wish, the least important first: wanted facet values by rising ask
/// weight, a lowest price, a highest price, the category for the one above it, unwanted values,
/// options such as the size. A step that would leave no wish is left out.
pub(crate) fn relaxations(vocabulary: &ShopVocabulary, query: &Query) -> Vec<Step> {
    let mut steps: Vec<(f64, Step)> = Vec::new();
    let mut add = |importance: f64, given_up: Vec<Relaxed>, query: Query| {
        if query.narrows() || !query.words.is_empty() {
            steps.push((importance, Step { query, given_up }));
        }
    };
    let keys: BTreeSet<&String> = query.must.iter().map(|choice| &choice.key).collect();
    for key in keys {
        let (dropped, kept): (Vec<FacetChoice>, Vec<FacetChoice>) =
            query.must.iter().cloned().partition(|choice| choice.key == *key);
        let worth = vocabulary.facet(key).map_or(0.0, |facet| facet.ask_weight);
        // What was a must still ranks.
        let prefer = query.prefer.iter().chain(&dropped).cloned().collect();
        let less = Query { must: kept, prefer, ..query.clone() };
        add(FACET_BASE + worth, dropped.into_iter().map(Relaxed::Constraint).collect(), less);
    }
    if let Some(limit) = query.price_min {
        let less = Query { price_min: None, order: Order::Dearest, ..query.clone() };
        add(PRICE_MIN, vec![Relaxed::BudgetMin(limit)], less);
    }
    if let Some(limit) = query.price_max {
        let less = Query { price_max: None, order: Order::Cheapest, ..query.clone() };
        add(PRICE_MAX, vec![Relaxed::BudgetMax(limit)], less);
    }
    if let Some(from) = &query.category
        && let Some(to) = vocabulary.parent(from)
    {
        let (from, to) = (from.clone(), to.to_owned());
        let less = Query { category: Some(to.clone()), ..query.clone() };
        add(KIND, vec![Relaxed::Category { from, to }], less);
    }
    for choice in &query.must_not {
        let must_not = query.must_not.iter().filter(|other| *other != choice).cloned().collect();
        let less = Query { must_not, ..query.clone() };
        add(UNWANTED, vec![Relaxed::Excluded(choice.clone())], less);
    }
    for (key, values) in &query.options {
        let mut less = query.clone();
        less.options.remove(key);
        let (key, values) = (key.clone(), values.clone());
        add(OPTION, vec![Relaxed::Option { key, values }], less);
    }
    steps.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    steps.into_iter().map(|(_, step)| step).collect()
}
