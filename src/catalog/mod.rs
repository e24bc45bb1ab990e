//! The shop's products: what there is, what a customer means, and which question narrows best.
//!
//! Owns reading and checking the catalog, understanding a message in the shop's own words, finding
//! products and choosing facet questions. Refuses to write replies or to decide what a turn does.
//! A [`Catalog`] never changes; a new one takes its place, so it is shared behind an `Arc`.
//!
//! In reading order: `product`, `book` (vocabulary), `import`, `words`, `lexicon`, `amounts`,
//! `names`, `understand`, `index`, `search`, `facets`.

mod amounts;
mod book;
mod facets;
mod import;
mod index;
mod lexicon;
mod names;
mod product;
mod search;
#[cfg(test)]
mod shop_tests;
mod stopwords;
#[cfg(test)]
mod tests_support;
mod understand;
mod words;

pub(crate) use amounts::largest as largest_amount;
pub use book::CategoryEntry;
pub use book::FacetBook;
pub use book::FacetEntry;
pub use book::KindEntry;
pub use book::Missing;
pub use book::SizeEntry;
pub use book::ValueEntry;
pub use facets::AskableFacet;
pub use facets::FacetQuestion;
pub use facets::QuestionOptions;
pub use facets::best_question;
pub use facets::narrow;
pub use import::CatalogFormat;
pub use import::FacetFault;
pub use import::LineFault;
pub use import::read_facets;
pub use product::FacetChoice;
pub use product::Product;
pub use product::Stock;
pub use search::Found;
pub use search::Hit;
pub use search::Relaxed;
pub use search::Search;
pub use understand::BRAND_KEY;
pub use understand::BUDGET_MAX_KEY;
pub use understand::BUDGET_MIN_KEY;
pub use understand::CATEGORY_KEY;
pub use understand::SAID_KEY;
pub use understand::SIZE_KEY;
pub use understand::Understanding;
pub(crate) use words::slug;

use index::TextIndex;
use lexicon::Lexicon;
use names::Names;
use search::Merit;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use understand::Knowledge;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_base::money::Currency;

/// Names under which a catalog is looked for in a folder, in this order.
const FILE_NAMES: [&str; 2] = ["catalog.ndjson", "catalog.csv"];
/// The vocabulary's name, beside the catalog.
const FACETS_NAME: &str = "facets.toml";

/// Facets that every shop has without naming them.
const OWN_KEYS: [&str; 2] = [BRAND_KEY, CATEGORY_KEY];

/// What a catalog may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogLimits {
    /// Bytes of a catalog or facets file. Recommended: 64 MiB.
    pub file_bytes_max: u64,
    /// Products. Recommended: 50,000; a search looks at each.
    pub products_max: usize,
    /// Bytes of one line. Recommended: 64 KiB.
    pub line_bytes_max: usize,
    /// Facets of a product and of the shop. Recommended: 64.
    pub facets_max: usize,
    /// Values of a facet, and categories of the shop. Recommended: 512.
    pub values_max: usize,
    /// Sizes of a product. Recommended: 64.
    pub sizes_max: usize,
    /// Features of a product in one language. Recommended: 32.
    pub features_max: usize,
}

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The ending tells no format.
    #[error("{} is no .ndjson, .jsonl or .csv file nor a folder with one", path.display())]
    Format {
        /// The path found.
        path: PathBuf,
    },
    /// The file is too large.
    #[error("has {bytes} bytes or more, limit is {bytes_max}")]
    TooLarge {
        /// Bytes found.
        bytes: u64,
        /// Bytes allowed.
        bytes_max: u64,
    },
    /// More products than allowed.
    #[error("line {line}: one product too many, limit is {products_max}")]
    TooManyProducts {
        /// The first line over the limit, from 1.
        line: usize,
        /// Products allowed.
        products_max: usize,
    },
    /// A line is wrong.
    #[error("line {line} {fault}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        fault: Box<LineFault>,
    },
    /// The facets file has another shape.
    #[error("facets file, line {line}: {reason}")]
    FacetFile {
        /// From 1.
        line: usize,
        /// What the TOML reader says.
        reason: String,
    },
    /// An entry of the facets file is wrong.
    #[error("facets file: {0}")]
    Facets(FacetFault),
}

/// Numbers about a catalog, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogCounts {
    /// Products.
    pub products: usize,
    /// Products of which nothing is left.
    pub out_of_stock: usize,
    /// Categories that have products.
    pub categories: usize,
    /// Facet values and categories of products that the vocabulary does not name, sorted.
    pub unlabelled: Vec<FacetChoice>,
}

/// All products of a shop and its vocabulary; never changes.
#[derive(Debug, Clone)]
pub struct Catalog {
    products: Vec<Product>,
    positions: HashMap<Sku, usize>,
    book: FacetBook,
    askable: Vec<AskableFacet>,
    sizes: HashSet<String>,
    currency: Option<Currency>,
    names: Names,
    lexicons: Localized<Lexicon>,
    indexes: Localized<TextIndex>,
}

impl Catalog {
    /// Reads a catalog file, or the folder that holds `catalog.ndjson` or `catalog.csv`, and the
    /// `facets.toml` beside it when there is one.
    ///
    /// # Errors
    /// If a file cannot be read, is over a limit or has a fault; lines are named.
    pub fn open(path: &Path, limits: &CatalogLimits) -> Result<Self, CatalogError> {
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
        let facets = file.with_file_name(FACETS_NAME);
        let book = if facets.is_file() {
            let bytes = read_bounded(&facets, limits.file_bytes_max)?;
            read_facets(&String::from_utf8_lossy(&bytes), limits)?
        } else {
            FacetBook::default()
        };
        Self::parse(&read_bounded(&file, limits.file_bytes_max)?, format, book, limits)
    }

    /// Reads products from memory and puts them together with a vocabulary.
    ///
    /// # Errors
    /// At the first line with a fault, or over a limit.
    pub fn parse(
        bytes: &[u8],
        format: CatalogFormat,
        book: FacetBook,
        limits: &CatalogLimits,
    ) -> Result<Self, CatalogError> {
        Ok(Self::build(import::read_products(bytes, format, limits)?, book))
    }

    /// A shop without products: every search finds nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::build(Vec::new(), FacetBook::default())
    }

    fn build(mut products: Vec<Product>, book: FacetBook) -> Self {
        for product in &mut products {
            let categories = book.with_wider(&product.category);
            product.facets.insert(CATEGORY_KEY.to_owned(), categories);
        }
        let positions = products.iter().map(|product| product.sku.clone()).zip(0..).collect();
        let sizes = products.iter().flat_map(|product| product.sizes());
        let sizes = sizes.map(str::to_uppercase).collect();
        let askable = askable(&book);
        let currency = products.first().map(|product| product.price.currency);
        let lexicons = Localized::by(|language| Lexicon::build(&book, &products, language));
        let indexes = Localized::by(|language| TextIndex::build(&products, &book, language));
        let names = Names::build(&products, &lexicons);
        Self { products, positions, book, askable, sizes, currency, names, lexicons, indexes }
    }

    /// All products in the order of the file.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// One product.
    #[must_use]
    pub fn get(&self, sku: &Sku) -> Option<&Product> {
        self.position(sku).map(|position| &self.products[position])
    }

    fn position(&self, sku: &Sku) -> Option<usize> {
        self.positions.get(sku).copied()
    }

    /// The shop's vocabulary: labels, questions, categories.
    #[must_use]
    pub fn book(&self) -> &FacetBook {
        &self.book
    }

    /// Numbers about the catalog.
    #[must_use]
    pub fn counts(&self) -> CatalogCounts {
        let categories: BTreeSet<&str> =
            self.products.iter().map(|product| product.category.as_str()).collect();
        let mut unlabelled = BTreeSet::new();
        for product in &self.products {
            if self.book.category(&product.category).is_none() {
                unlabelled.insert(FacetChoice::new(CATEGORY_KEY, &product.category));
            }
            for (key, values) in
                product.facets.iter().filter(|(key, _)| !OWN_KEYS.contains(&key.as_str()))
            {
                let choices = values.iter().map(|value| FacetChoice::new(key, value));
                unlabelled.extend(choices.filter(|choice| self.book.value(choice).is_none()));
            }
        }
        CatalogCounts {
            products: self.products.len(),
            out_of_stock: self.products.iter().filter(|product| !product.in_stock(None)).count(),
            categories: categories.len(),
            unlabelled: unlabelled.into_iter().collect(),
        }
    }

    /// Reads what a customer wants from one message.
    ///
    /// Tries `language` first, and the other one when that explains more of the text: short
    /// messages are easily taken for the wrong language.
    #[must_use]
    pub fn understand(&self, text: &str, language: Language) -> Understanding {
        self.understand_in(text, language).0
    }

    fn understand_in(&self, text: &str, language: Language) -> (Understanding, Language) {
        let knowledge = Knowledge { book: &self.book, sizes: &self.sizes, currency: self.currency };
        let other = match language {
            Language::En => Language::Fr,
            Language::Fr => Language::En,
        };
        let read = |language| {
            understand::understand(text, language, self.lexicons.get(language), &knowledge)
        };
        let (first, explained) = read(language);
        let (second, explained_otherwise) = read(other);
        let (mut found, language) =
            if explained_otherwise > explained { (second, other) } else { (first, language) };
        let named = self.names.mentioned(text).into_iter();
        found.mentioned = named.map(|position| self.products[position].sku.clone()).collect();
        let index = self.indexes.get(language);
        found.unknown = found
            .leftover
            .iter()
            .filter(|word| !words::stems(word, language).iter().any(|stem| index.holds(stem)))
            .cloned()
            .collect();
        (found, language)
    }

    /// Finds products for a need that may stem from several messages.
    ///
    /// `language` is that of `need.leftover`. At most `hits_max` hits.
    #[must_use]
    pub fn find(&self, need: &Understanding, language: Language, hits_max: usize) -> Found {
        let index = self.indexes.get(language);
        let merit = Merit {
            scores: index.scores(&self.known_stems(&need.leftover, language)),
            said: index.holding(&self.known_stems(&need.said, language)),
        };
        search::find(self, need, &merit, hits_max)
    }

    /// Stems of some words, each corrected when no product's text holds it.
    fn known_stems(&self, texts: &[String], language: Language) -> Vec<String> {
        let index = self.indexes.get(language);
        let lexicon = self.lexicons.get(language);
        let mut stems = Vec::new();
        for word in texts.iter().flat_map(|text| words::words(text, language)) {
            let known = index.holds(&word.stem);
            let corrected = if known { None } else { lexicon.corrected(&word.folded, &word.stem) };
            stems.push(corrected.map_or(word.stem, str::to_owned));
        }
        stems
    }

    /// Understands one message and finds products for it, at most `hits_max` hits.
    #[must_use]
    pub fn search(&self, text: &str, language: Language, hits_max: usize) -> Search {
        let (understanding, language) = self.understand_in(text, language);
        let found = self.find(&understanding, language, hits_max);
        Search { understanding, found }
    }

    /// Products in stock that meet every fact of a need, the shop's order first.
    #[must_use]
    pub fn candidates(&self, need: &Understanding) -> Vec<&Product> {
        let scores = vec![0.0; self.products.len()];
        let size = need.size.as_deref();
        let mut found: Vec<&Product> = search::matching(self, need, &scores)
            .into_iter()
            .map(|position| &self.products[position])
            .filter(|product| product.in_stock(size))
            .collect();
        found.sort_by(|a, b| {
            let rank = |product: &Product| product.rank.unwrap_or(u32::MAX);
            rank(a).cmp(&rank(b)).then_with(|| a.sku.cmp(&b.sku))
        });
        found
    }

    /// The question that narrows a need best; `None` when showing products is better.
    ///
    /// `asked` are facets asked about before, whatever the answer was.
    #[must_use]
    pub fn question(
        &self,
        need: &Understanding,
        asked: &[String],
        options: &QuestionOptions,
    ) -> Option<FacetQuestion> {
        if !need.mentioned.is_empty() {
            return None;
        }
        let known = need.constraints.iter().map(|choice| choice.key.clone());
        let mut known: BTreeSet<String> = known.chain(asked.iter().cloned()).collect();
        known.extend(need.category.is_some().then(|| CATEGORY_KEY.to_owned()));
        best_question(&self.candidates(need), &known, &self.askable, options)
    }

    /// What an option is called: a facet value, a brand, a size, a category or a budget.
    #[must_use]
    pub fn label(&self, choice: &FacetChoice, language: Language) -> String {
        match choice.key.as_str() {
            SIZE_KEY => choice.value.clone(),
            CATEGORY_KEY => self.book.category_label(&choice.value, language),
            BRAND_KEY => {
                let branded = self.products.iter().find(|product| product.has(choice));
                branded.map_or_else(|| choice.value.replace('_', " "), |p| p.brand.clone())
            }
            _ => self.book.value_label(choice, language),
        }
    }

    /// What kind of thing a product is: its own title, else its category's label.
    #[must_use]
    pub fn title(&self, product: &Product, language: Language) -> String {
        let title = product.title.get(language);
        if title.is_empty() {
            self.book.category_label(&product.category, language)
        } else {
            title.clone()
        }
    }

    /// A noun phrase for a need ("running shoes"); `None` when nothing in it makes one.
    #[must_use]
    pub fn need_text(&self, need: &Understanding, language: Language) -> Option<String> {
        if let Some(category) = &need.category {
            return Some(self.book.category_label(category, language));
        }
        let values = need.constraints.iter().filter_map(|choice| self.book.value(choice));
        let mut phrases = values.filter_map(|value| value.need.as_ref());
        phrases.next().map(|phrase| phrase.get(language).clone())
    }
}

/// Facets of the shop that are worth asking, and its widest categories when it asks for them.
fn askable(book: &FacetBook) -> Vec<AskableFacet> {
    let facets = book.facets().iter().map(|facet| AskableFacet {
        key: facet.key.clone(),
        values: facet.values.iter().map(|value| value.id.clone()).collect(),
        weight: facet.ask_weight,
    });
    let widest = book.categories().iter().filter(|category| category.parent.is_none());
    let kind = AskableFacet {
        key: CATEGORY_KEY.to_owned(),
        values: widest.map(|category| category.id.clone()).collect(),
        weight: book.kind().ask_weight,
    };
    facets.chain([kind]).filter(|facet| facet.weight > 0.0).collect()
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
