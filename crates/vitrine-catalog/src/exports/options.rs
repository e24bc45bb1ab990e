//! Formats, limits, and what an export does not say.

use vitrine_base::money::Currency;

/// What kind of export a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Shopify's product CSV, with the older or the newer column names.
    Shopify,
    /// Shopify's export of translations.
    ShopifyTranslations,
    /// WooCommerce's product CSV.
    WooCommerce,
    /// Google Merchant feed as a table.
    GoogleTable,
    /// Google Merchant feed as RSS 2.0 or Atom.
    GoogleXml,
    /// The gateway's own NDJSON.
    Ndjson,
    /// The gateway's own CSV.
    OwnCsv,
}

impl ExportFormat {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shopify => "Shopify products",
            Self::ShopifyTranslations => "Shopify translations",
            Self::WooCommerce => "WooCommerce products",
            Self::GoogleTable => "Google Merchant feed (table)",
            Self::GoogleXml => "Google Merchant feed (XML)",
            Self::Ndjson => "vitrine catalogue (NDJSON)",
            Self::OwnCsv => "vitrine catalogue (CSV)",
        }
    }
}

/// Limits of an import; what is over one is an error of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportLimits {
    /// Size of one file, in bytes.
    pub file_bytes_max: usize,
    /// Rows or entries of one file.
    pub rows_max: usize,
    /// Columns of a table.
    pub columns_max: usize,
    /// Length of one field, in bytes.
    pub field_bytes_max: usize,
    /// Products of all files together.
    pub products_max: usize,
    /// Variants of a product.
    pub variants_max: usize,
}

impl ExportLimits {
    /// What `vitrine shop import` allows. Shopify allows 2,048 variants of a product, the gateway's
    /// own catalogue 512.
    pub const IMPORT: Self = Self {
        file_bytes_max: 512 << 20,
        rows_max: 2_000_000,
        columns_max: 2_000,
        field_bytes_max: 1 << 20,
        products_max: 50_000,
        variants_max: 512,
    };
}

/// What an export does not say, and limits.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// Currency of prices without one.
    pub currency: Currency,
    /// Address of the shop, without a slash at its end, for links to products; `None` if unknown.
    pub shop_url: Option<String>,
    /// Limits.
    pub limits: ExportLimits,
}
