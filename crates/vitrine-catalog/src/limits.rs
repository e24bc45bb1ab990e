//! Limits of a catalog: those that the caller sets, and fixed ones.

/// Longest name, title or feature, in characters: these texts go into prompts and chat messages.
pub(crate) const TEXT_CHARS_MAX: usize = 160;

/// Longest description, in characters.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 4_000;

/// Most languages that messages are read in and products are searched in; each has indexes of all
/// products. Texts in further ones are shown only.
pub(crate) const LANGUAGES_MAX: usize = 24;

/// Most options of a product; Shopify allows 3.
pub(crate) const OPTIONS_MAX: usize = 8;

/// Most pictures of a product.
pub(crate) const IMAGES_MAX: usize = 32;

/// Most attributes of a product.
pub(crate) const ATTRIBUTES_MAX: usize = 64;

/// Digits of a bar code. Source: GS1, GTIN-8 to GTIN-14.
pub(crate) const GTIN_DIGITS: std::ops::RangeInclusive<usize> = 8..=14;

/// Longest link, in bytes.
pub(crate) const URL_CHARS_MAX: usize = 1_000;

/// Highest value of `ask` in the facets file.
pub(crate) const ASK_WEIGHT_MAX: f64 = 2.0;

/// Limits of a catalog and its facets file; a file over one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogLimits {
    /// Size of the catalog file and of the facets file, in bytes. The gateway allows 64 MiB.
    pub file_bytes_max: u64,
    /// Products; a search scans all of them. The gateway allows 50,000.
    pub products_max: usize,
    /// Length of one line, in bytes. The gateway allows 64 KiB.
    pub line_bytes_max: usize,
    /// Facets of a product, and of the shop. The gateway allows 64.
    pub facets_max: usize,
    /// Values of a facet, and categories of the shop. The gateway allows 512.
    pub values_max: usize,
    /// Sizes of a product. The gateway allows 64.
    pub sizes_max: usize,
    /// Variants of a product. The gateway allows 512.
    pub variants_max: usize,
    /// Features of a product in one language. The gateway allows 32.
    pub features_max: usize,
}

impl CatalogLimits {
    /// What the gateway allows.
    pub const GATEWAY: Self = Self {
        file_bytes_max: 64 << 20,
        products_max: 50_000,
        line_bytes_max: 64 << 10,
        facets_max: 64,
        values_max: 512,
        sizes_max: 64,
        variants_max: 512,
        features_max: 32,
    };
}
