//! The shop's catalog: products, understanding of messages in the shop's terms, search, questions.
//!
//! Owns reading and checking the catalog, making one from a merchant's exports, extracting what a
//! customer wants from a message, finding products and choosing facet questions. Refuses to write
//! replies or to decide what a turn does.
//! A [`Catalog`] is immutable, so it can be shared behind an `Arc`.
//!
//! In reading order: `attribute`, `product`, `keys`, `vocabulary`, `limits`, `error`, `import`,
//! `words`, `compact`; `mentions` (what a text speaks of); `query`, `facets`, `finding` (products
//! and questions for what a conversation knows); `lexicon`, `amounts`, `names`, `understand`,
//! `index`, `search`, `need` (the same for single messages); `exports` (files of shop programs) and
//! `derive` (a shop from them).

#![forbid(unsafe_code)]

mod amounts;
mod attribute;
mod compact;
pub mod derive;
mod error;
pub mod exports;
mod facets;
mod finding;
mod import;
mod index;
mod keys;
mod lexicon;
mod limits;
mod mentions;
mod names;
mod need;
mod product;
mod query;
mod search;
#[cfg(test)]
mod shop_tests;
mod sku_codes;
mod stopwords;
#[cfg(any(test, feature = "testing"))]
pub mod tests_support;
mod understand;
mod vocabulary;
mod words;

pub use amounts::largest as largest_amount;
pub use attribute::AttributeValue;
pub use error::CatalogError;
pub use error::FacetFault;
pub use error::LineFault;
pub use facets::AskableFacet;
pub use facets::FacetQuestion;
pub use facets::QuestionOptions;
pub use facets::best_question;
pub use facets::narrow;
pub use import::Blank;
pub use import::ByLanguage;
pub use import::CatalogFormat;
pub use import::read_facets;
pub use keys::BRAND_KEY;
pub use keys::BUDGET_MAX_KEY;
pub use keys::BUDGET_MIN_KEY;
pub use keys::CATEGORY_KEY;
pub use keys::SAID_KEY;
pub use keys::SIZE_KEY;
pub use limits::CatalogLimits;
pub use mentions::target::Mention;
pub use mentions::target::MentionTarget;
pub use product::Availability;
pub use product::FacetChoice;
pub use product::Product;
pub use product::Variant;
pub use query::Found;
pub use query::Order;
pub use query::Query;
pub use search::FoundProducts;
pub use search::Hit;
pub use search::Relaxed;
pub use search::Search;
pub use sku_codes::SkuCodes;
pub use understand::Understanding;
pub use vocabulary::CategoryEntry;
pub use vocabulary::FacetEntry;
pub use vocabulary::KindEntry;
pub use vocabulary::Missing;
pub use vocabulary::ShopVocabulary;
pub use vocabulary::SizeEntry;
pub use vocabulary::ValueEntry;
pub use words::slug;
pub use words::stemmer;

use index::TextIndex;
use lexicon::Lexicon;
use limits::LANGUAGES_MAX;
use mentions::Tagger;
use names::Names;
use search::SearchedShop;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_base::money::Currency;
use vitrine_base::text_file;

/// File names of a catalog that are tried in a folder, in this order.
const FILE_NAMES: [&str; 2] = ["catalog.ndjson", "catalog.csv"];
/// File name of the vocabulary, in the folder of the catalog.
const FACETS_NAME: &str = "facets.toml";

/// Facets that every shop has without declaring them.
const OWN_KEYS: [&str; 2] = [BRAND_KEY, CATEGORY_KEY];

/// Summary of a catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogCounts {
    /// Number of products.
    pub products: usize,
    /// Number of products without any unit in stock.
    pub out_of_stock: usize,
    /// Number of categories that products name.
    pub categories: usize,
    /// Facet values and categories of products that the vocabulary does not define, sorted.
    pub unlabelled: Vec<FacetChoice>,
}

/// Products and vocabulary of a shop, with the indexes built from them; immutable.
#[derive(Debug, Clone)]
pub struct Catalog {
    products: Vec<Product>,
    positions: HashMap<Sku, usize>,
    /// Sku of a variant, where it is not the product's → positions of the product and the variant.
    variant_positions: HashMap<Sku, (usize, usize)>,
    vocabulary: ShopVocabulary,
    askable: Vec<AskableFacet>,
    sizes: HashSet<String>,
    currency: Option<Currency>,
    names: Names,
    lexicons: Localized<Lexicon>,
    indexes: Localized<TextIndex>,
    tagger: Tagger,
    warnings: Vec<String>,
}

impl Catalog {
    /// Reads a catalog from a file, or from `catalog.ndjson` or `catalog.csv` in a folder, and its
    /// vocabulary from `facets.toml` in the same folder, if there is one.
    ///
    /// # Errors
    /// If a file cannot be read, exceeds a limit or is invalid; the error holds the line.
    pub fn open(path: &Path, limits: &CatalogLimits) -> Result<Self, CatalogError> {
        Self::open_with_facets(path, None, limits)
    }

    /// As [`Self::open`], with the vocabulary from the file `facets` if one is given.
    ///
    /// # Errors
    /// As for [`Self::open`]; a file that is given must exist.
    pub fn open_with_facets(
        path: &Path,
        facets: Option<&Path>,
        limits: &CatalogLimits,
    ) -> Result<Self, CatalogError> {
        let file = if path.is_dir() {
            let names = FILE_NAMES.iter().map(|name| path.join(name));
            let found = names.into_iter().find(|file| file.is_file());
            found.ok_or_else(|| CatalogError::Format { path: path.to_owned() })?
        } else {
            path.to_owned()
        };
        let extension = file.extension().and_then(|extension| extension.to_str());
        let format = extension.and_then(CatalogFormat::from_extension);
        let format = format.ok_or_else(|| CatalogError::Format { path: file.clone() })?;
        let beside = Some(file.with_file_name(FACETS_NAME)).filter(|beside| beside.is_file());
        let vocabulary = match facets.or(beside.as_deref()) {
            Some(facets) => {
                let bytes = read_bounded(facets, limits.file_bytes_max);
                let read = bytes.and_then(|bytes| read_facets(&text_file::decode(&bytes)?, limits));
                read.map_err(|error| error.in_file(facets))?
            }
            None => ShopVocabulary::default(),
        };
        let bytes = read_bounded(&file, limits.file_bytes_max);
        bytes
            .and_then(|bytes| Self::parse(&bytes, format, vocabulary, limits))
            .map_err(|error| error.in_file(&file))
    }

    /// Parses products and combines them with a vocabulary.
    ///
    /// # Errors
    /// At the first invalid line, or if a limit is exceeded.
    pub fn parse(
        bytes: &[u8],
        format: CatalogFormat,
        vocabulary: ShopVocabulary,
        limits: &CatalogLimits,
    ) -> Result<Self, CatalogError> {
        let import::Imported { products, warnings } = import::read_products(bytes, format, limits)?;
        Ok(Self { warnings, ..Self::build(products, vocabulary) })
    }

    /// A catalog without products; every search finds nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::build(Vec::new(), ShopVocabulary::default())
    }

    fn build(mut products: Vec<Product>, vocabulary: ShopVocabulary) -> Self {
        for product in &mut products {
            let categories = vocabulary.with_ancestors(&product.category);
            product.facets.insert(CATEGORY_KEY.to_owned(), categories);
        }
        let positions = products.iter().map(|product| product.sku.clone()).zip(0..).collect();
        let variant_positions = variant_positions(&products);
        let sizes = products.iter().flat_map(|product| product.sizes());
        let sizes = sizes.map(str::to_uppercase).collect();
        let askable = askable(&vocabulary);
        let currency = products.first().map(|product| product.price.currency);
        let languages = languages(&vocabulary, &products);
        let lexicons = languages
            .iter()
            .map(|language| (*language, Lexicon::build(&vocabulary, &products, *language)));
        let lexicons: Localized<Lexicon> = lexicons.collect();
        let indexes = languages
            .iter()
            .map(|language| (*language, TextIndex::build(&products, &vocabulary, *language)));
        let indexes = indexes.collect();
        let names = Names::build(&products, &lexicons);
        let tagger = Tagger::build(&vocabulary, &products, &languages);
        Self {
            products,
            positions,
            variant_positions,
            vocabulary,
            askable,
            sizes,
            currency,
            names,
            lexicons,
            indexes,
            tagger,
            warnings: Vec::new(),
        }
    }

    /// The same catalog, with texts that are missing in a language taken from `languages` (the
    /// shop's own) before English.
    #[must_use]
    pub fn falling_back_to(mut self, languages: Vec<Language>) -> Self {
        self.vocabulary.fall_back_to(languages);
        self
    }

    /// The languages of the shop's texts, by their codes; English for a shop without texts.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.lexicons.languages()
    }

    /// The currency of the prices; `None` without products.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// All products, in file order.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// What looks like a slip in the products' file, such as a price of 0; empty if nothing does.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Finds the products of skus, their own and those of their variants, whatever their letter
    /// case.
    #[must_use]
    pub fn codes(&self) -> SkuCodes {
        SkuCodes::new(self.products.iter().flat_map(|product| {
            let variants = product.variants.iter().map(|variant| &variant.sku);
            variants
                .filter(|sku| **sku != product.sku)
                .chain([&product.sku])
                .map(|sku| (sku.as_str(), &product.sku))
        }))
    }

    /// Looks up a product.
    #[must_use]
    pub fn get(&self, sku: &Sku) -> Option<&Product> {
        self.positions.get(sku).map(|position| &self.products[*position])
    }

    /// Looks up what a sku stands for: a product, and the variant if the sku is that of one alone.
    #[must_use]
    pub fn find_sku(&self, sku: &Sku) -> Option<(&Product, Option<&Variant>)> {
        if let Some(product) = self.get(sku) {
            return Some((product, product.variant_with_sku(sku)));
        }
        let (product, variant) = *self.variant_positions.get(sku)?;
        let product = &self.products[product];
        Some((product, product.variants.get(variant)))
    }

    fn searched(&self) -> SearchedShop<'_> {
        let Self { products, positions, vocabulary, .. } = self;
        SearchedShop { products, positions, vocabulary }
    }

    /// The shop's vocabulary: facets, categories, labels and questions.
    #[must_use]
    pub fn vocabulary(&self) -> &ShopVocabulary {
        &self.vocabulary
    }

    /// Counts products and categories, and lists facet values without a label.
    #[must_use]
    pub fn counts(&self) -> CatalogCounts {
        let categories: BTreeSet<&str> =
            self.products.iter().map(|product| product.category.as_str()).collect();
        let mut unlabelled = BTreeSet::new();
        for product in &self.products {
            if self.vocabulary.category(&product.category).is_none() {
                unlabelled.insert(FacetChoice::new(CATEGORY_KEY, &product.category));
            }
            for (key, values) in
                product.facets.iter().filter(|(key, _)| !OWN_KEYS.contains(&key.as_str()))
            {
                let choices = values.iter().map(|value| FacetChoice::new(key, value));
                unlabelled.extend(choices.filter(|choice| self.vocabulary.value(choice).is_none()));
            }
        }
        CatalogCounts {
            products: self.products.len(),
            out_of_stock: self.products.iter().filter(|product| !product.in_stock(None)).count(),
            categories: categories.len(),
            unlabelled: unlabelled.into_iter().collect(),
        }
    }

    /// Label of an option: a facet value, a brand, a size, a category or a budget.
    #[must_use]
    pub fn label(&self, choice: &FacetChoice, language: Language) -> String {
        match choice.key.as_str() {
            SIZE_KEY => choice.value.clone(),
            CATEGORY_KEY => self.vocabulary.category_label(&choice.value, language),
            BRAND_KEY => {
                let branded = self.products.iter().find(|product| product.has(choice));
                branded.map_or_else(|| choice.value.replace('_', " "), |p| p.brand.clone())
            }
            _ => self.vocabulary.value_label(choice, language),
        }
    }

    /// Short description of what a product is: its own title, or else its category's label.
    #[must_use]
    pub fn title(&self, product: &Product, language: Language) -> String {
        let title = self.vocabulary.text(&product.title, language);
        if title.is_empty() {
            self.vocabulary.category_label(&product.category, language)
        } else {
            title.to_owned()
        }
    }
}

/// Facets with an ask weight above 0, and the top-level categories as one more facet if the shop
/// asks for them.
fn askable(vocabulary: &ShopVocabulary) -> Vec<AskableFacet> {
    let facets = vocabulary.facets().iter().map(|facet| AskableFacet {
        key: facet.key.clone(),
        values: facet.values.iter().map(|value| value.id.clone()).collect(),
        weight: facet.ask_weight,
    });
    let widest = vocabulary.categories().iter().filter(|category| category.parent.is_none());
    let kind = AskableFacet {
        key: CATEGORY_KEY.to_owned(),
        values: widest.map(|category| category.id.clone()).collect(),
        weight: vocabulary.kind().ask_weight,
    };
    facets.chain([kind]).filter(|facet| facet.weight > 0.0).collect()
}

fn variant_positions(products: &[Product]) -> HashMap<Sku, (usize, usize)> {
    let mut found = HashMap::new();
    for (position, product) in products.iter().enumerate() {
        for (at, variant) in product.variants.iter().enumerate() {
            if variant.sku != product.sku {
                found.insert(variant.sku.clone(), (position, at));
            }
        }
    }
    found
}

/// The languages that most of the products' titles and features are in, those of the vocabulary
/// first; English if there are no texts.
fn languages(vocabulary: &ShopVocabulary, products: &[Product]) -> BTreeSet<Language> {
    let mut texts: BTreeMap<Language, usize> = BTreeMap::new();
    for product in products {
        for language in product.title.languages().chain(product.features.languages()) {
            *texts.entry(language).or_default() += 1;
        }
    }
    for language in vocabulary.languages() {
        *texts.entry(language).or_default() += products.len();
    }
    let mut ranked: Vec<(usize, Language)> =
        texts.into_iter().map(|(language, count)| (count, language)).collect();
    ranked.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    let first = ranked.is_empty().then_some(Language::EN);
    ranked.into_iter().map(|(_, language)| language).take(LANGUAGES_MAX).chain(first).collect()
}

fn read_bounded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, CatalogError> {
    let fault = |cause| CatalogError::Read { path: path.to_owned(), cause };
    let file = std::fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(fault)?;
    let size = bytes.len() as u64;
    if size > bytes_max {
        Err(CatalogError::TooLarge { bytes: size, bytes_max })
    } else {
        Ok(bytes)
    }
}
