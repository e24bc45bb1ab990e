//! Reads products from NDJSON or CSV, and the shop's vocabulary from `facets.toml`.
//!
//! Errors hold the line of the fault. A file with a duplicate, an unknown field or anything over a
//! limit is refused as a whole: a partly read catalog would give wrong answers.
//!
//! Both formats are parsed into a [`RawProduct`], which [`checked`] turns into a [`Product`].

mod csv_file;
mod facet_file;
mod ndjson;

pub use facet_file::FacetFault;
pub use facet_file::read_facets;

use crate::catalog::CatalogError;
use crate::catalog::CatalogLimits;
use crate::catalog::product::Product;
use crate::catalog::product::Stock;
use crate::catalog::understand::BRAND_KEY;
use crate::catalog::words::slug;
use std::collections::BTreeMap;
use std::collections::HashMap;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;
use vitrine_base::localized::Localized;
use vitrine_base::money::Money;
use vitrine_base::money::MoneyError;

/// Longest name, title or feature, in characters: these texts go into prompts and chat messages.
pub(crate) const TEXT_CHARS_MAX: usize = 160;

/// Longest link, in bytes.
pub(crate) const URL_CHARS_MAX: usize = 1_000;

/// File format of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogFormat {
    /// One JSON object per line.
    Ndjson,
    /// A header line, then one product per line.
    Csv,
}

impl CatalogFormat {
    /// Format of a file extension, in any case: `ndjson`, `jsonl` or `csv`; `None` for others.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// What is wrong with one line of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The line is longer than allowed.
    #[error("has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Length of the line, in bytes.
        bytes: usize,
        /// Longest line allowed, in bytes.
        bytes_max: usize,
    },
    /// The line does not parse, or a field or column is unknown.
    #[error("is malformed: {reason}")]
    Malformed {
        /// Message of the parser.
        reason: String,
    },
    /// A required field is missing or empty.
    #[error("has no `{field}`")]
    Absent {
        /// Name of the field.
        field: &'static str,
    },
    /// The sku is not a valid id.
    #[error("sku {0}")]
    Sku(#[from] IdError),
    /// The price does not parse.
    #[error("price: {0}")]
    Price(#[from] MoneyError),
    /// The price is below zero.
    #[error("price {price} is negative")]
    NegativePrice {
        /// The price found.
        price: Money,
    },
    /// The stock does not parse, or lists a size twice.
    #[error("stock `{found}` is neither a number of units nor units by distinct sizes")]
    Stock {
        /// Text found.
        found: String,
    },
    /// A text is too long or holds control characters, such as line breaks.
    #[error("`{field}` must be at most {chars_max} characters without control characters")]
    Text {
        /// Name of the field.
        field: &'static str,
        /// Most characters allowed.
        chars_max: usize,
    },
    /// A facet key, facet value or category is not an identifier.
    #[error("`{found}` is not an identifier (a-z, 0-9, _)")]
    Identifier {
        /// Text found.
        found: String,
    },
    /// The link is not an absolute http(s) link, or too long.
    #[error("url `{found}` is not an http(s) link of at most {URL_CHARS_MAX} bytes")]
    Url {
        /// Text found.
        found: String,
    },
    /// More entries than allowed.
    #[error("has {found} {what}, limit is {limit}")]
    TooMany {
        /// Name of the counted entries, such as `sizes`.
        what: &'static str,
        /// Number found.
        found: usize,
        /// Most allowed.
        limit: usize,
    },
    /// An earlier line has the same sku.
    #[error("repeats sku {sku} of line {first_line}")]
    Duplicate {
        /// The repeated sku.
        sku: Sku,
        /// Line of its first occurrence, from 1.
        first_line: usize,
    },
}

/// A product as written in the file, not yet checked.
#[derive(Debug, Default)]
struct RawProduct {
    sku: String,
    name: String,
    brand: String,
    category: String,
    amount: String,
    currency: String,
    stock: RawStock,
    facets: BTreeMap<String, Vec<String>>,
    title: Localized<String>,
    features: Localized<Vec<String>>,
    url: Option<String>,
    rank: Option<u32>,
}

#[derive(Debug)]
enum RawStock {
    Total(u32),
    BySize(Vec<(String, u32)>),
}

impl Default for RawStock {
    fn default() -> Self {
        Self::Total(0)
    }
}

/// Whether a text consists of 1 to [`TEXT_CHARS_MAX`] of a-z, 0-9 and `_`.
pub(crate) fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.len() <= TEXT_CHARS_MAX && text.chars().all(allowed)
}

/// Parses all products of a catalog, in file order.
///
/// # Errors
/// At the first fault, with its line.
pub(crate) fn read_products(
    bytes: &[u8],
    format: CatalogFormat,
    limits: &CatalogLimits,
) -> Result<Vec<Product>, CatalogError> {
    let size = bytes.len() as u64;
    if size > limits.file_bytes_max {
        return Err(CatalogError::TooLarge { bytes: size, bytes_max: limits.file_bytes_max });
    }
    let mut collector = ProductCollector { limits, products: Vec::new(), lines: HashMap::new() };
    match format {
        CatalogFormat::Ndjson => ndjson::read(bytes, &mut collector)?,
        CatalogFormat::Csv => csv_file::read(bytes, &mut collector)?,
    }
    Ok(collector.products)
}

/// Checks and collects products, and refuses repeated skus.
struct ProductCollector<'a> {
    limits: &'a CatalogLimits,
    products: Vec<Product>,
    lines: HashMap<Sku, usize>,
}

impl ProductCollector<'_> {
    fn take(&mut self, line: usize, raw: RawProduct) -> Result<(), CatalogError> {
        let products_max = self.limits.products_max;
        if self.products.len() == products_max {
            return Err(CatalogError::TooManyProducts { line, products_max });
        }
        let product = checked(raw, self.limits)
            .map_err(|fault| CatalogError::Line { line, fault: Box::new(fault) })?;
        if let Some(first_line) = self.lines.insert(product.sku.clone(), line) {
            let fault = LineFault::Duplicate { sku: product.sku, first_line };
            return Err(CatalogError::Line { line, fault: Box::new(fault) });
        }
        self.products.push(product);
        Ok(())
    }
}

fn checked(raw: RawProduct, limits: &CatalogLimits) -> Result<Product, LineFault> {
    let sku = Sku::new(raw.sku.trim())?;
    let name = required("name", &raw.name)?;
    let brand = text("brand", &raw.brand)?;
    let category = identifier(required("category", &raw.category)?)?;
    let price = Money::parse(raw.amount.trim(), raw.currency.trim())?;
    if price.amount.is_sign_negative() && !price.amount.is_zero() {
        return Err(LineFault::NegativePrice { price });
    }
    let stock = checked_stock(raw.stock, limits)?;
    let mut facets = checked_facets(raw.facets, limits)?;
    let brand_value = slug(&brand);
    if !brand_value.is_empty() {
        facets.entry(BRAND_KEY.to_owned()).or_insert_with(|| vec![brand_value]);
    }
    let title = fill_missing_language(raw.title, String::is_empty);
    let title = Localized { en: text("title", &title.en)?, fr: text("title", &title.fr)? };
    let features = fill_missing_language(raw.features, Vec::is_empty);
    let features = Localized {
        en: checked_features(features.en, limits)?,
        fr: checked_features(features.fr, limits)?,
    };
    let url = raw.url.filter(|url| !url.trim().is_empty()).map(checked_url).transpose()?;
    let rank = raw.rank;
    Ok(Product { sku, name, brand, category, price, stock, facets, title, features, url, rank })
}

/// Fills an empty language with the text of the other one.
fn fill_missing_language<T: Clone>(
    texts: Localized<T>,
    is_empty: impl Fn(&T) -> bool,
) -> Localized<T> {
    match (is_empty(&texts.en), is_empty(&texts.fr)) {
        (true, false) => Localized { en: texts.fr.clone(), fr: texts.fr },
        (false, true) => Localized { en: texts.en.clone(), fr: texts.en },
        (true, true) | (false, false) => texts,
    }
}

fn text(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = found.trim();
    if found.chars().count() > TEXT_CHARS_MAX || found.chars().any(char::is_control) {
        return Err(LineFault::Text { field, chars_max: TEXT_CHARS_MAX });
    }
    Ok(found.to_owned())
}

fn required(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = text(field, found)?;
    if found.is_empty() { Err(LineFault::Absent { field }) } else { Ok(found) }
}

fn identifier(found: String) -> Result<String, LineFault> {
    if is_identifier(&found) { Ok(found) } else { Err(LineFault::Identifier { found }) }
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), LineFault> {
    if found > limit { Err(LineFault::TooMany { what, found, limit }) } else { Ok(()) }
}

fn checked_stock(stock: RawStock, limits: &CatalogLimits) -> Result<Stock, LineFault> {
    let sizes = match stock {
        RawStock::Total(units) => return Ok(Stock::Total(units)),
        RawStock::BySize(sizes) => sizes,
    };
    at_most("sizes", sizes.len(), limits.sizes_max)?;
    let mut found: Vec<(String, u32)> = Vec::with_capacity(sizes.len());
    for (label, units) in sizes {
        let label = required("size", &label)?;
        if found.iter().any(|(other, _)| other.eq_ignore_ascii_case(&label)) {
            return Err(LineFault::Stock { found: label });
        }
        found.push((label, units));
    }
    if found.is_empty() {
        return Err(LineFault::Absent { field: "stock" });
    }
    Ok(Stock::BySize(found))
}

fn checked_facets(
    facets: BTreeMap<String, Vec<String>>,
    limits: &CatalogLimits,
) -> Result<BTreeMap<String, Vec<String>>, LineFault> {
    at_most("facets", facets.len(), limits.facets_max)?;
    let mut found = BTreeMap::new();
    for (key, values) in facets {
        at_most("facet values", values.len(), limits.values_max)?;
        let mut values =
            values.into_iter().map(identifier).collect::<Result<Vec<String>, LineFault>>()?;
        values.sort();
        values.dedup();
        if !values.is_empty() {
            found.insert(identifier(key)?, values);
        }
    }
    Ok(found)
}

fn checked_features(
    features: Vec<String>,
    limits: &CatalogLimits,
) -> Result<Vec<String>, LineFault> {
    at_most("features", features.len(), limits.features_max)?;
    features.iter().map(|feature| required("features", feature)).collect()
}

fn checked_url(url: String) -> Result<String, LineFault> {
    let url = url.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let bad = |c: char| c.is_whitespace() || c.is_control();
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains(bad) && url.len() <= URL_CHARS_MAX => {
            Ok(url.to_owned())
        }
        _ => Err(LineFault::Url { found: url.chars().take(TEXT_CHARS_MAX).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests_support::limits;
    use proptest::prelude::*;
    use vitrine_base::language::Language;

    const LINE: &str = r#"{"sku":"A-1","name":"Alpha","category":"shoes",
        "price":{"amount":"10.00","currency":"EUR"},"stock":{"41":3,"42":0},
        "facets":{"feel":"speed","sport":["trail","running"]},"title":{"fr":"chaussures"}}"#;

    fn line() -> String {
        LINE.replace('\n', " ")
    }

    fn read(text: &str, format: CatalogFormat) -> Result<Vec<Product>, String> {
        read_products(text.as_bytes(), format, &limits()).map_err(|error| error.to_string())
    }

    fn ndjson_fault(from: &str, to: &str) -> String {
        let text = format!("{}\n\n{}\n", line().replace("A-1", "B-1"), line().replace(from, to));
        read(&text, CatalogFormat::Ndjson).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_line_is_read_with_its_defaults() {
        let products = read(&format!("\u{feff}{}\r\n", line()), CatalogFormat::Ndjson).unwrap();
        let product = &products[0];
        assert_eq!(product.values("sport"), ["running", "trail"]);
        assert_eq!(product.values("feel"), ["speed"]);
        assert_eq!(product.sizes(), ["41", "42"]);
        assert_eq!(product.sizes_in_stock(), ["41"]);
        assert_eq!(product.title.get(Language::En), "chaussures");
        assert_eq!((product.rank, product.url.as_deref()), (None, None));
        assert!(product.values(BRAND_KEY).is_empty());
    }

    #[test]
    fn ndjson_faults_name_their_line_and_what_was_found() {
        for (from, to, told) in [
            ("A-1", "B-1", "catalog line 3 repeats sku B-1 of line 1"),
            ("A-1", "", "catalog line 3 sku is empty"),
            ("Alpha", " ", "catalog line 3 has no `name`"),
            ("Alpha", "Al\\npha", "catalog line 3 `name` must be at most"),
            ("10.00", "-1", "catalog line 3 price -1.00 EUR is negative"),
            ("10.00", "1,5", "catalog line 3 price: amount `1,5`"),
            ("EUR", "euro", "catalog line 3 price: currency `euro`"),
            ("\"41\":3", "\"41\":-3", "catalog line 3 stock `-3`"),
            ("\"41\":3", "\"41\":1.5", "catalog line 3 stock `1.5`"),
            ("\"42\":0", "\" 41 \":0", "catalog line 3 stock `41`"),
            ("speed", "top speed", "catalog line 3 `top speed` is not an identifier"),
            ("shoes", "Shoes", "catalog line 3 `Shoes` is not an identifier"),
            ("\"name\"", "\"nom\"", "catalog line 3 is malformed: unknown field `nom`"),
            ("{\"sku\"", "\"sku\"", "catalog line 3 is malformed"),
            (
                "\"title\"",
                "\"url\":\"javascript:x\",\"title\"",
                "catalog line 3 url `javascript:x`",
            ),
        ] {
            let fault = ndjson_fault(from, to);
            assert!(fault.starts_with(told), "{to}: {fault}");
        }
    }

    #[test]
    fn limits_are_named() {
        let check = |change: fn(&mut CatalogLimits)| {
            let mut limits = limits();
            change(&mut limits);
            let text = format!("{}\n{}", line(), line().replace("A-1", "B-1"));
            let read = read_products(text.as_bytes(), CatalogFormat::Ndjson, &limits);
            read.map(|_| ()).unwrap_err().to_string()
        };
        assert_eq!(check(|l| l.products_max = 1), "catalog line 2: too many products, limit is 1");
        assert!(check(|l| l.line_bytes_max = 20).contains("bytes, limit is 20"));
        assert_eq!(check(|l| l.facets_max = 1), "catalog line 1 has 2 facets, limit is 1");
        assert_eq!(check(|l| l.values_max = 1), "catalog line 1 has 2 facet values, limit is 1");
        assert_eq!(check(|l| l.sizes_max = 1), "catalog line 1 has 2 sizes, limit is 1");
        assert!(check(|l| l.file_bytes_max = 9).contains("limit is 9"));
    }

    const CSV: &str = "sku,name,category,price,currency,stock,facets,features_fr,rank\n\
        A-1,\"Alpha, two\",shoes,10.00,EUR,41:3|42:0,feel=speed|sport=trail|sport=running,a|b,4\n";

    #[test]
    fn csv_reads_what_ndjson_reads() {
        let products = read(CSV, CatalogFormat::Csv).unwrap();
        let product = &products[0];
        assert_eq!(product.name, "Alpha, two");
        assert_eq!(product.values("sport"), ["running", "trail"]);
        assert_eq!(product.sizes_in_stock(), ["41"]);
        assert_eq!(product.features.en, ["a", "b"]);
        assert_eq!(product.rank, Some(4));
    }

    #[test]
    fn csv_faults_name_their_line() {
        for (from, to, told) in [
            ("rank\n", "color\n", "catalog line 1 is malformed: column `color`"),
            ("rank\n", "sku\n", "catalog line 1 is malformed: column `sku`"),
            ("stock,", "brand,", "catalog line 1 has no `stock`"),
            (",4\n", ",x\n", "catalog line 2 is malformed: rank `x`"),
            (",4\n", ",4,5\n", "catalog line 2 is malformed"),
            ("41:3", "41:x", "catalog line 2 stock `41:x|42:0`"),
            ("feel=speed", "feel", "catalog line 2 is malformed: facet `feel` has no value"),
            ("EUR", "€", "catalog line 2 price: currency `€`"),
        ] {
            let fault = read(&CSV.replace(from, to), CatalogFormat::Csv).map(|_| ()).unwrap_err();
            assert!(fault.starts_with(told), "{to}: {fault}");
        }
        let twice = format!("{CSV}{}", CSV.lines().nth(1).unwrap_or_default());
        let fault = read(&twice, CatalogFormat::Csv).map(|_| ()).unwrap_err();
        assert_eq!(fault, "catalog line 3 repeats sku A-1 of line 2");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for format in [CatalogFormat::Ndjson, CatalogFormat::Csv] {
                let _ = read_products(&bytes, format, &limits());
            }
            let _ = read_facets(&String::from_utf8_lossy(&bytes), &limits());
        }
    }
}
