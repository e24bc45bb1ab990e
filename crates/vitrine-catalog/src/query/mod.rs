//! What a customer looks for, as criteria, and the products that meet them.
//!
//! Pure. A [`Query`] is what a conversation has gathered.
//! [`Catalog::matching`](crate::Catalog::matching) takes it literally;
//! [`Catalog::find`](crate::Catalog::find) gives up the least important wish while nothing meets
//! all of them.
//!
//! Invariants
//! - Prices and options are those of one variant: a product meets `size 42` and `under 50` only if
//!   it has a variant in 42 that costs less than 50 and can be ordered.
//! - Every product found meets every wish, except those in `relaxed`.
//! - A query without any wish finds nothing, and no wish is given up that would leave none.
//! - The same query on the same catalog always gives the same products in the same order.

pub(crate) mod matches;
pub(crate) mod rank;
pub(crate) mod relax;

use crate::product::FacetChoice;
use crate::product::Product;
use crate::search::Relaxed;
use std::collections::BTreeMap;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// Order of the products found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// What fits best first.
    #[default]
    Relevance,
    /// The lowest price first.
    Cheapest,
    /// The highest price first.
    Dearest,
}

/// What a customer looks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// Category, or one above it.
    pub category: Option<String>,
    /// Facet values wanted; several values of one facet mean either.
    pub must: Vec<FacetChoice>,
    /// Facet values not wanted.
    pub must_not: Vec<FacetChoice>,
    /// Facet values that rank a product higher.
    pub prefer: Vec<FacetChoice>,
    /// Lowest price.
    pub price_min: Option<Money>,
    /// Highest price.
    pub price_max: Option<Money>,
    /// Option key → values of which one must be available. A product without the option passes.
    pub options: BTreeMap<String, Vec<String>>,
    /// Loose words, in any language. They rank; without any other wish they also select.
    pub words: Vec<String>,
    /// Products that are not wanted, by their skus.
    pub exclude: Vec<Sku>,
    /// Order of the products.
    pub order: Order,
    /// Whether products are found that cannot be ordered; they come last.
    pub sold_out: bool,
}

impl Query {
    /// Whether there is a wish that selects products, loose words aside.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.category.is_some()
            || !self.must.is_empty()
            || !self.must_not.is_empty()
            || self.price_min.is_some()
            || self.price_max.is_some()
            || !self.options.is_empty()
    }
}

/// Products found for a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found<'a> {
    /// The products, best first, at most as many as asked for.
    pub products: Vec<&'a Product>,
    /// Number of products that match, those left out included.
    pub matching: usize,
    /// Wishes given up, in order; empty if the products meet all of them.
    pub relaxed: Vec<Relaxed>,
}
