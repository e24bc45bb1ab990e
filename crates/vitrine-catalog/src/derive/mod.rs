//! Derives a shop's categories, facets, attributes and their words from what its exports state.
//!
//! Owns the decisions; `exports` reads the files. Pure: the same exports give the same shop.
//! An encoder is optional: without one, values that mean the same stay separate.
//!
//! The result is text in the gateway's own forms, read back once with the gateway's own reader, so
//! that what is written can be served.

mod facets;
mod facets_text;
mod gathered;
mod groups;
mod heads;
mod inflect;
mod kind;
mod kinds;
mod labels;
mod measures;
mod options;
mod products_text;
mod statements;
mod summary;
mod terms;
#[cfg(test)]
mod tests;

pub use groups::Meaning;
pub use summary::DerivedCategory;
pub use summary::DerivedFacet;
pub use summary::ShopSummary;

use crate::Catalog;
use crate::error::CatalogError;
use crate::exports::Exports;
use crate::exports::ProblemKind;
use crate::exports::Report;
use crate::import::CatalogFormat;
use crate::import::read_facets;
use crate::limits::CatalogLimits;
use facets::Tongues;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

/// A shop in the gateway's own forms.
#[derive(Debug)]
pub struct DerivedShop {
    /// `catalog.ndjson`.
    pub catalog: String,
    /// `facets.toml`.
    pub facets: String,
    /// What was derived.
    pub summary: ShopSummary,
    /// What was read, assumed, repaired and refused.
    pub report: Report,
}

/// Derives a shop from its exports; `language` is that of the exports' texts.
///
/// # Errors
/// If what was derived cannot be read back, which is our bug; the error holds the line.
pub fn derive_shop(
    exports: Exports,
    language: Language,
    limits: &CatalogLimits,
    meaning: Option<&dyn Meaning>,
) -> Result<DerivedShop, CatalogError> {
    let Exports { products, translations, mut report } = exports;
    let others = translations.languages().iter().copied().filter(|other| *other != language);
    let languages: Vec<Language> = [language].into_iter().chain(others).collect();
    let tongues = Tongues { languages: &languages, translations: &translations };
    let kinds = kinds::derive(&products, language, &translations);
    let (options, option_names) = options::derive(&products, language);
    let statements: Vec<_> = products
        .iter()
        .zip(&options)
        .map(|(product, options)| statements::of(product, options, &languages))
        .collect();
    let taken: BTreeSet<String> = kinds.keys(language);
    let (facets, values) = facets::derive(&statements, tongues, &taken, meaning);
    let sold = products_text::Goods {
        products: &products,
        kinds: &kinds,
        options: &options,
        statements: &statements,
        values: &values,
        facets: &facets,
    };
    let catalog = products_text::write(&sold, tongues, limits, &mut report);
    let facets_text = facets_text::write(&kinds, &facets, &statements, tongues);
    let vocabulary = read_facets(&facets_text, limits)?;
    let read = Catalog::parse(catalog.as_bytes(), CatalogFormat::Ndjson, vocabulary, limits)?;
    if kinds.guessed > 0 {
        let what = "products without a type, category or shared noun";
        let taken = format!("one category for these {}", kinds.guessed);
        report.note(ProblemKind::Default { what, taken });
    }
    let summary = summary::of(&read, &sold, &option_names, &languages);
    Ok(DerivedShop { catalog, facets: facets_text, summary, report })
}
