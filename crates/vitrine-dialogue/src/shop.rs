//! The shop as the dialogue sees it: the catalogue, and the look-ups that replies need of it.

pub use vitrine_base::language::Language;
pub use vitrine_base::localized::Localized;
pub use vitrine_catalog::AttributeValue;
pub use vitrine_catalog::Availability;
pub use vitrine_catalog::Catalog;
pub use vitrine_catalog::FacetChoice;
pub use vitrine_catalog::FacetEntry;
pub use vitrine_catalog::FacetQuestion;
pub use vitrine_catalog::Found;
pub use vitrine_catalog::Mention;
pub use vitrine_catalog::MentionTarget;
pub use vitrine_catalog::Missing;
pub use vitrine_catalog::Order;
pub use vitrine_catalog::Product;
pub use vitrine_catalog::Query;
pub use vitrine_catalog::QuestionOptions;
pub use vitrine_catalog::Relaxed;
pub use vitrine_catalog::Variant;

use vitrine_base::ids::Sku;
use vitrine_catalog::CategoryEntry;

/// Look-ups by text, and labels in the language of a reply.
pub trait Lookups {
    /// The product with this sku, or with a variant of this sku.
    fn product(&self, sku: &str) -> Option<&Product>;

    /// Facets in the order of the vocabulary.
    fn facets(&self) -> &[FacetEntry];

    /// A facet by its key.
    fn facet(&self, key: &str) -> Option<&FacetEntry>;

    /// The facet that it is worth most to ask for, such as the sport or the animal.
    fn leading_facet(&self) -> Option<&FacetEntry>;

    /// Categories in the order of the vocabulary.
    fn categories(&self) -> &[CategoryEntry];

    /// The category above one.
    fn parent(&self, id: &str) -> Option<&str>;

    /// Whether a category is another one or below it.
    fn is_within(&self, id: &str, wider: &str) -> bool;

    /// Whether products without a facet match every wish for it.
    fn matches_all(&self, facet: &str) -> bool;

    /// Label of a facet, an option or an attribute.
    fn key_label(&self, key: &str, language: Language) -> String;

    /// The shop's question for a facet or an option; `None` if it has none.
    fn question_text(&self, key: &str, language: Language) -> Option<String>;
}

impl Lookups for Catalog {
    fn product(&self, sku: &str) -> Option<&Product> {
        let sku = Sku::new(sku).ok()?;
        self.find_sku(&sku).map(|(product, _)| product)
    }

    fn facets(&self) -> &[FacetEntry] {
        self.vocabulary().facets()
    }

    fn facet(&self, key: &str) -> Option<&FacetEntry> {
        self.vocabulary().facet(key)
    }

    fn leading_facet(&self) -> Option<&FacetEntry> {
        self.facets().iter().max_by(|a, b| a.ask_weight.total_cmp(&b.ask_weight))
    }

    fn categories(&self) -> &[CategoryEntry] {
        self.vocabulary().categories()
    }

    fn parent(&self, id: &str) -> Option<&str> {
        self.vocabulary().parent(id)
    }

    fn is_within(&self, id: &str, wider: &str) -> bool {
        self.vocabulary().is_within(id, wider)
    }

    fn matches_all(&self, facet: &str) -> bool {
        self.vocabulary().missing(facet) == Missing::Matches
    }

    fn key_label(&self, key: &str, language: Language) -> String {
        self.vocabulary().facet_label(key, language)
    }

    fn question_text(&self, key: &str, language: Language) -> Option<String> {
        self.vocabulary().question(key, language).map(str::to_owned)
    }
}

/// The sentences of a product's description.
pub(crate) fn sentences(product: &Product, language: Language) -> impl Iterator<Item = &str> {
    let description = product.description.or_fallback(language, &[]).into_iter();
    description.flat_map(|text| text.split_inclusive(['.', '!', '?'])).map(str::trim)
}
