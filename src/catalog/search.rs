//! Finds products for a need: facts filter, loose words and the shop's own order rank.
//!
//! Invariants
//! - Every hit meets every fact of the understanding, except those listed in `relaxed`.
//! - Order: in stock first, then the score of loose words, then facet values that a product has
//!   outright, then words of its own texts, then (when asked for) price, then the shop's rank, then
//!   sku. The same query on the same catalog always gives the same hits.
//! - A need of loose words alone only finds products that hold one of them.

use crate::catalog::Catalog;
use crate::catalog::book::Missing;
use crate::catalog::product::FacetChoice;
use crate::catalog::product::Product;
use crate::catalog::understand::Understanding;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::cmp::Reverse;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// One product found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The product.
    pub sku: Sku,
    /// How well its texts match the loose words; 0 without any. No unit, only for comparing.
    pub score: f32,
    /// Whether one unit is left, in the size asked for.
    pub in_stock: bool,
}

/// A fact that had to be let go to find anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relaxed {
    /// The category was widened to its parent.
    Category {
        /// What was asked for.
        from: String,
        /// What was looked through instead.
        to: String,
    },
    /// A wanted facet value.
    Constraint(FacetChoice),
    /// An unwanted facet value.
    Excluded(FacetChoice),
    /// The size.
    Size(String),
    /// The highest price.
    BudgetMax(Money),
    /// The lowest price.
    BudgetMin(Money),
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Best first, at most as many as asked for.
    pub hits: Vec<Hit>,
    /// Products that match, hits included.
    pub matching: usize,
    /// Facts let go because nothing matched them all; empty when the hits meet every fact.
    pub relaxed: Vec<Relaxed>,
}

impl Found {
    /// Whether there are hits and each meets every fact.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.relaxed.is_empty() && !self.hits.is_empty()
    }
}

/// A message understood, and what was found for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// What the customer wants.
    pub understanding: Understanding,
    /// The products for it.
    pub found: Found,
}

/// How well each product's texts match a need, `[products]` each.
pub(super) struct Merit {
    /// Score for the loose words; 0 where none matches.
    pub(super) scores: Vec<f32>,
    /// How many of the words said the product's own texts hold.
    pub(super) said: Vec<usize>,
}

/// Products for a need, best first.
pub(super) fn find(
    catalog: &Catalog,
    need: &Understanding,
    merit: &Merit,
    hits_max: usize,
) -> Found {
    let scores = merit.scores.as_slice();
    let mut relaxed = Vec::new();
    let mut wanted = need.clone();
    let mut positions = matching(catalog, &wanted, scores);
    // Each step lets one fact go, so this ends; a need of loose words alone has nothing to let go.
    while positions.is_empty() && wanted.narrows() && wanted.mentioned.is_empty() {
        let Some((step, less)) = next_relaxation(catalog, &wanted, scores) else { break };
        relaxed.push(step);
        wanted = less;
        positions = matching(catalog, &wanted, scores);
    }
    rank(catalog, need, merit, &mut positions);
    let matching = positions.len();
    let size = need.size.as_deref();
    let hits = positions.into_iter().take(hits_max).map(|position| {
        let product = &catalog.products()[position];
        let in_stock = product.in_stock(size);
        Hit { sku: product.sku.clone(), score: scores[position], in_stock }
    });
    let hits: Vec<Hit> = hits.collect();
    if hits.is_empty() {
        relaxed.clear();
    }
    Found { hits, matching, relaxed }
}

/// Positions of the products that meet every fact, in the order of the catalog.
pub(super) fn matching(catalog: &Catalog, need: &Understanding, scores: &[f32]) -> Vec<usize> {
    if !need.mentioned.is_empty() {
        return need.mentioned.iter().filter_map(|sku| catalog.position(sku)).collect();
    }
    let products = catalog.products().iter().enumerate();
    products
        .filter(|(position, product)| {
            if need.narrows() { meets(catalog, product, need) } else { scores[*position] > 0.0 }
        })
        .map(|(position, _)| position)
        .collect()
}

/// Whether a product meets every fact of a need.
fn meets(catalog: &Catalog, product: &Product, need: &Understanding) -> bool {
    let book = catalog.book();
    let category =
        need.category.as_ref().is_none_or(|wanted| book.is_within(&product.category, wanted));
    let budget = |limit: Option<Money>, allowed: fn(Ordering) -> bool| {
        // Another currency cannot be compared; the caller sees it in the understanding.
        limit.is_none_or(|limit| {
            limit.currency != product.price.currency
                || allowed(product.price.amount.cmp(&limit.amount))
        })
    };
    category
        && budget(need.budget_max, Ordering::is_le)
        && budget(need.budget_min, Ordering::is_ge)
        && need
            .size
            .as_deref()
            .is_none_or(|size| product.sizes().is_empty() || product.in_stock(Some(size)))
        && !need.excluded.iter().any(|choice| product.has(choice))
        && need.constraints.iter().all(|choice| meets_facet(catalog, product, need, choice))
}

/// Whether a product has one of the values wanted of a facet.
fn meets_facet(
    catalog: &Catalog,
    product: &Product,
    need: &Understanding,
    choice: &FacetChoice,
) -> bool {
    let values = product.values(&choice.key);
    if values.is_empty() {
        return catalog.book().missing(&choice.key) == Missing::Matches;
    }
    let mut wanted = need.constraints.iter().filter(|other| other.key == choice.key);
    wanted.any(|other| values.contains(&other.value))
}

fn rank(catalog: &Catalog, need: &Understanding, merit: &Merit, positions: &mut [usize]) {
    let products = catalog.products();
    let size = need.size.as_deref();
    let explicit =
        |product: &Product| need.constraints.iter().filter(|choice| product.has(choice)).count();
    positions.sort_by_cached_key(|position| {
        let product = &products[*position];
        let dearness = if need.cheapest { product.price.amount } else { Decimal::ZERO };
        (
            Reverse(product.in_stock(size)),
            Reverse(Score(merit.scores[*position])),
            Reverse(explicit(product)),
            Reverse(merit.said[*position]),
            dearness,
            product.rank.unwrap_or(u32::MAX),
            product.sku.clone(),
        )
    });
}

/// A score in its total order.
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

/// The mildest fact to let go: the first that alone brings products back, else the mildest of all.
fn next_relaxation(
    catalog: &Catalog,
    need: &Understanding,
    scores: &[f32],
) -> Option<(Relaxed, Understanding)> {
    let mut steps = relaxations(catalog, need);
    let working = steps
        .iter()
        .position(|(_, less)| less.narrows() && !matching(catalog, less, scores).is_empty());
    let index = working.unwrap_or_default();
    // Letting the last fact go would offer the whole shop.
    (index < steps.len()).then(|| steps.swap_remove(index)).filter(|(_, less)| less.narrows())
}

/// Every way to let one fact go, mildest first: a wider category, then facets by falling worth to
/// ask, then the size, then the budget.
fn relaxations(catalog: &Catalog, need: &Understanding) -> Vec<(Relaxed, Understanding)> {
    let book = catalog.book();
    let mut steps = Vec::new();
    if let Some(from) = &need.category
        && let Some(to) = book.parent(from)
    {
        let (from, to) = (from.clone(), to.to_owned());
        let less = Understanding { category: Some(to.clone()), ..need.clone() };
        steps.push((Relaxed::Category { from, to }, less));
    }
    for choice in &need.excluded {
        let mut less = need.clone();
        less.excluded.retain(|other| other != choice);
        steps.push((Relaxed::Excluded(choice.clone()), less));
    }
    let worth = |choice: &FacetChoice| book.facet(&choice.key).map_or(0.0, |f| f.ask_weight);
    let mut constraints: Vec<&FacetChoice> = need.constraints.iter().collect();
    constraints.sort_by(|a, b| worth(a).total_cmp(&worth(b)));
    for choice in constraints {
        let mut less = need.clone();
        less.constraints.retain(|other| other.key != choice.key);
        steps.push((Relaxed::Constraint(choice.clone()), less));
    }
    if let Some(size) = &need.size {
        steps.push((Relaxed::Size(size.clone()), Understanding { size: None, ..need.clone() }));
    }
    if let Some(limit) = need.budget_max {
        let less = Understanding { budget_max: None, ..need.clone() };
        steps.push((Relaxed::BudgetMax(limit), less));
    }
    if let Some(limit) = need.budget_min {
        let less = Understanding { budget_min: None, ..need.clone() };
        steps.push((Relaxed::BudgetMin(limit), less));
    }
    steps
}
