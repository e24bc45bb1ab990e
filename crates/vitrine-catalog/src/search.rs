//! Product search: the criteria of a need filter; loose words and the shop's own order rank.
//!
//! Criteria are category, facet values wanted and unwanted, size and budget.
//!
//! Invariants
//! - A need that names products finds exactly those. Otherwise every hit meets every criterion,
//!   except those listed in `relaxed`.
//! - Order: in stock first, then by loose-word score, then by number of wanted facet values that
//!   the product states, then by number of words of `said` in its own texts, then (if `cheapest`)
//!   by price, then by the shop's rank, then by sku. The same query on the same catalog always
//!   gives the same hits.
//! - A need of loose words alone finds only products that contain one of them.

use crate::product::FacetChoice;
use crate::product::Product;
use crate::understand::Understanding;
use crate::vocabulary::Missing;
use crate::vocabulary::ShopVocabulary;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::HashMap;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// One product found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Sku of the product.
    pub sku: Sku,
    /// BM25 score of its texts for the loose words, for comparison only; 0 without loose words.
    pub score: f32,
    /// Whether a unit is in stock, in the size asked for.
    pub in_stock: bool,
}

/// A criterion that was dropped because nothing met all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relaxed {
    /// The category was widened to its parent.
    Category {
        /// Category asked for.
        from: String,
        /// Category searched instead.
        to: String,
    },
    /// A wanted facet value.
    Constraint(FacetChoice),
    /// An unwanted facet value.
    Excluded(FacetChoice),
    /// The size.
    Size(String),
    /// An option other than by its size alone.
    Option {
        /// Its key, such as `size`.
        key: String,
        /// The values asked for, of which one would have done.
        values: Vec<String>,
    },
    /// The highest price.
    BudgetMax(Money),
    /// The lowest price.
    BudgetMin(Money),
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FoundProducts {
    /// Products found, best first, at most as many as asked for.
    pub hits: Vec<Hit>,
    /// Number of products that match, hits included.
    pub matching: usize,
    /// Criteria dropped, in order; empty if the hits meet every criterion.
    pub relaxed: Vec<Relaxed>,
}

impl FoundProducts {
    /// Whether there are hits and no criterion was dropped.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.relaxed.is_empty() && !self.hits.is_empty()
    }
}

/// What a message was understood to mean, and the products found for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Search {
    /// What the customer wants.
    pub understanding: Understanding,
    /// The products found.
    pub found: FoundProducts,
}

/// The parts of a catalog that a search reads.
#[derive(Clone, Copy)]
pub(super) struct SearchedShop<'a> {
    pub(super) products: &'a [Product],
    /// Position of each product in `products`.
    pub(super) positions: &'a HashMap<Sku, usize>,
    pub(super) vocabulary: &'a ShopVocabulary,
}

/// How well each product's texts match a need; both vectors are `[products]`.
pub(super) struct TextMatch {
    /// BM25 score for the loose words; 0 if none matches.
    pub(super) scores: Vec<f32>,
    /// Number of words of `Understanding::said` that the product's own texts contain.
    pub(super) said: Vec<usize>,
}

/// Finds products for a need, best first; drops criteria one by one while nothing matches.
pub(super) fn find(
    shop: SearchedShop<'_>,
    need: &Understanding,
    text_match: &TextMatch,
    hits_max: usize,
) -> FoundProducts {
    let scores = text_match.scores.as_slice();
    let mut relaxed = Vec::new();
    let mut wanted = need.clone();
    let mut positions = matching(shop, &wanted, scores);
    // Each step widens or drops one criterion, so the loop ends.
    while positions.is_empty() && wanted.narrows() && wanted.mentioned.is_empty() {
        let Some((step, less)) = next_relaxation(shop, &wanted, scores) else { break };
        relaxed.push(step);
        wanted = less;
        positions = matching(shop, &wanted, scores);
    }
    rank(shop, need, text_match, &mut positions);
    let matching = positions.len();
    let size = need.size.as_deref();
    let hits = positions.into_iter().take(hits_max).map(|position| {
        let product = &shop.products[position];
        let in_stock = product.in_stock(size);
        Hit { sku: product.sku.clone(), score: scores[position], in_stock }
    });
    let hits: Vec<Hit> = hits.collect();
    if hits.is_empty() {
        relaxed.clear();
    }
    FoundProducts { hits, matching, relaxed }
}

/// Positions of the matching products: those named; otherwise, in catalog order, those that meet
/// every criterion or, without criteria, those with a positive score.
pub(super) fn matching(shop: SearchedShop<'_>, need: &Understanding, scores: &[f32]) -> Vec<usize> {
    if !need.mentioned.is_empty() {
        return need.mentioned.iter().filter_map(|sku| shop.positions.get(sku).copied()).collect();
    }
    let products = shop.products.iter().enumerate();
    products
        .filter(
            |(position, product)| {
                if need.narrows() { meets(shop, product, need) } else { scores[*position] > 0.0 }
            },
        )
        .map(|(position, _)| position)
        .collect()
}

/// Whether a product meets every criterion of a need.
fn meets(shop: SearchedShop<'_>, product: &Product, need: &Understanding) -> bool {
    let vocabulary = shop.vocabulary;
    let category =
        need.category.as_ref().is_none_or(|wanted| vocabulary.is_within(&product.category, wanted));
    let budget = |limit: Option<Money>, allowed: fn(Ordering) -> bool| {
        // A budget in another currency cannot be compared and is ignored.
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
        && need.constraints.iter().all(|choice| meets_facet(shop, product, need, choice))
}

/// Whether a product has one of the wanted values of the facet of `choice`.
fn meets_facet(
    shop: SearchedShop<'_>,
    product: &Product,
    need: &Understanding,
    choice: &FacetChoice,
) -> bool {
    let values = product.values(&choice.key);
    if values.is_empty() {
        return shop.vocabulary.missing(&choice.key) == Missing::Matches;
    }
    let mut wanted = need.constraints.iter().filter(|other| other.key == choice.key);
    wanted.any(|other| values.contains(&other.value))
}

fn rank(
    shop: SearchedShop<'_>,
    need: &Understanding,
    text_match: &TextMatch,
    positions: &mut [usize],
) {
    let products = shop.products;
    let size = need.size.as_deref();
    let explicit =
        |product: &Product| need.constraints.iter().filter(|choice| product.has(choice)).count();
    positions.sort_by_cached_key(|position| {
        let product = &products[*position];
        let price_key = if need.cheapest { product.price.amount } else { Decimal::ZERO };
        (
            Reverse(product.in_stock(size)),
            Reverse(Score(text_match.scores[*position])),
            Reverse(explicit(product)),
            Reverse(text_match.said[*position]),
            price_key,
            product.rank.unwrap_or(u32::MAX),
            product.sku.clone(),
        )
    });
}

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

/// The next criterion to drop: the mildest whose loss alone brings products back, otherwise the
/// mildest of all. `None` if no criterion would be left.
fn next_relaxation(
    shop: SearchedShop<'_>,
    need: &Understanding,
    scores: &[f32],
) -> Option<(Relaxed, Understanding)> {
    let mut steps = relaxations(shop, need);
    let working = steps
        .iter()
        .position(|(_, less)| less.narrows() && !matching(shop, less, scores).is_empty());
    let index = working.unwrap_or_default();
    // Without any criterion the whole shop would match.
    (index < steps.len()).then(|| steps.swap_remove(index)).filter(|(_, less)| less.narrows())
}

/// Every way to relax one criterion, mildest first: the category to its parent, unwanted facet
/// values, wanted facet values by rising ask weight, the size, the highest price, the lowest price.
fn relaxations(shop: SearchedShop<'_>, need: &Understanding) -> Vec<(Relaxed, Understanding)> {
    let vocabulary = shop.vocabulary;
    let mut steps = Vec::new();
    if let Some(from) = &need.category
        && let Some(to) = vocabulary.parent(from)
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
    let worth = |choice: &FacetChoice| vocabulary.facet(&choice.key).map_or(0.0, |f| f.ask_weight);
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
