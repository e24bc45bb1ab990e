//! Keys that every shop has, in facets and in option ids.

/// Facet key of the brand: `brand=velance`. Every product with a brand has this facet.
pub const BRAND_KEY: &str = "brand";
/// Key of the size in option ids: `size=42`.
pub const SIZE_KEY: &str = "size";
/// Key of the category in option ids: `category=running_shoes`.
pub const CATEGORY_KEY: &str = "category";
/// Key of the highest price: `budget_max=50.00 EUR`.
pub const BUDGET_MAX_KEY: &str = "budget_max";
/// Key of the lowest price: `budget_min=50.00 EUR`.
pub const BUDGET_MIN_KEY: &str = "budget_min";

/// Key of the words that named the category: `said=casque velo`.
pub const SAID_KEY: &str = "said";
