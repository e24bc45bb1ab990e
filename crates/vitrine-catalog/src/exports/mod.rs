//! Reads what merchants export from their shop programs: products in a neutral form, and a report
//! of everything that was assumed, repaired or refused.
//!
//! Owns the formats: Shopify's product and translation CSV, WooCommerce's product CSV, the Google
//! Merchant feed as a table or XML, and the gateway's own NDJSON and CSV. Refuses to interpret
//! goods: categories, facets and words are derived in `derive`.
//!
//! Invariants
//! - Pure: takes bytes and returns products and problems; touches no file, network or clock.
//! - Every row is either taken or reported as an error with its line.
//! - XML entities other than the five predefined ones are refused; nesting depth is limited.
//! - Memory is bounded by [`ExportLimits`].

mod bytes;
mod cells;
mod collect;
mod google;
mod google_xml;
pub(crate) mod html;
mod options;
mod own;
mod product;
mod report;
mod sheet;
mod shopify;
mod source;
#[cfg(test)]
mod tests;
mod translation_rows;
mod translations;
mod woocommerce;

pub use bytes::Encoding;
pub use options::ExportFormat;
pub use options::ExportLimits;
pub use options::ExportOptions;
pub use product::ExportedProduct;
pub use product::ExportedVariant;
pub use product::Property;
pub use product::Text;
pub use report::Place;
pub use report::Problem;
pub use report::ProblemKind;
pub use report::Report;
pub use report::Severity;
pub use report::SourceSummary;
pub use translations::Translations;

pub(crate) use cells::flag as read_flag;
use collect::Collector;
use vitrine_base::money::Currency;

/// Everything read from the export files of one shop.
#[derive(Debug, Clone, Default)]
pub struct Exports {
    /// Active and published products, in file order.
    pub products: Vec<ExportedProduct>,
    /// Texts in further languages.
    pub translations: Translations,
    /// What was read, assumed, repaired and refused.
    pub report: Report,
}

impl Exports {
    /// Reads files, each with its name; translations are merged into the products of the others.
    ///
    /// A file or row that cannot be read is listed as an error in the report.
    #[must_use]
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        options: &ExportOptions,
    ) -> Self {
        let mut collector = Collector::new(options);
        for (name, bytes) in files {
            source::read(name, bytes, &mut collector);
        }
        let (products, translations, report) = collector.finish();
        Self { products, translations, report }
    }

    /// The currency of the prices; `None` without products.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        let mut variants = self.products.iter().flat_map(|product| &product.variants);
        variants.next().map(|variant| variant.price.currency)
    }

    /// Texts of the products in the language of the export, to detect it by; at most `texts_max`.
    #[must_use]
    pub fn sample(&self, texts_max: usize) -> Vec<String> {
        let step = self.products.len().div_ceil(texts_max.max(1)).max(1);
        let chosen = self.products.iter().step_by(step);
        let texts = chosen.map(|product| {
            let body: Vec<&str> = product.body.iter().map(|block| block.text.as_str()).collect();
            format!("{}. {}", product.name.base, body.join(" "))
        });
        texts.collect()
    }
}
