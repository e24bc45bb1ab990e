//! CSV catalog: a header line, then one product per line, fields quoted where needed:
//!
//! | column | holds |
//! |---|---|
//! | `sku`, `name`, `category` | texts (required) |
//! | `price`, `currency` | `129.00` and `EUR` (required) |
//! | `stock` | `12`, or `41:3\|42:0` by size (required) |
//! | `brand`, `title_en`, `title_fr`, `url` | texts |
//! | `features_en`, `features_fr` | phrases separated by `\|` |
//! | `facets` | `sport=running\|feel=comfort\|feel=speed` |
//! | `rank` | a whole number, lower first |
//!
//! Columns may come in any order; unknown and repeated columns are refused.

use crate::catalog::error::CatalogError;
use crate::catalog::error::LineFault;
use crate::catalog::import::product_checks::ProductCollector;
use crate::catalog::import::product_checks::RawProduct;
use crate::catalog::import::product_checks::RawStock;
use crate::catalog::product::FacetChoice;
use csv::ReaderBuilder;
use csv::StringRecord;
use csv::Trim;
use std::collections::BTreeMap;
use vitrine_base::localized::Localized;

/// All columns that a catalog may have.
const COLUMNS: [&str; 14] = [
    "sku",
    "name",
    "brand",
    "category",
    "price",
    "currency",
    "stock",
    "facets",
    "title_en",
    "title_fr",
    "features_en",
    "features_fr",
    "url",
    "rank",
];

/// Columns that a catalog must have.
const REQUIRED: [&str; 6] = ["sku", "name", "category", "price", "currency", "stock"];

/// Parses all lines into `collector`; fails at the first fault, with its line.
pub(super) fn read(bytes: &[u8], collector: &mut ProductCollector<'_>) -> Result<(), CatalogError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    check_lines(bytes, collector.limits.line_bytes_max)?;
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(bytes);
    let headers = reader.headers().map_err(|error| malformed(&error, 1))?.clone();
    check_header(&headers)?;
    let mut record = StringRecord::new();
    loop {
        let line = line_number(reader.position().line());
        if !reader.read_record(&mut record).map_err(|error| malformed(&error, line))? {
            return Ok(());
        }
        let line = record.position().map_or(line, |position| line_number(position.line()));
        let raw = raw(&headers, &record)
            .map_err(|fault| CatalogError::Line { line, fault: Box::new(fault) })?;
        collector.take(line, raw)?;
    }
}

fn line_number(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn malformed(error: &csv::Error, line: usize) -> CatalogError {
    let line = error.position().map_or(line, |position| line_number(position.line()));
    let fault = LineFault::Malformed { reason: error.to_string() };
    CatalogError::Line { line, fault: Box::new(fault) }
}

fn check_lines(bytes: &[u8], bytes_max: usize) -> Result<(), CatalogError> {
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.len() > bytes_max {
            let fault = LineFault::TooLong { bytes: line.len(), bytes_max };
            return Err(CatalogError::Line { line: index + 1, fault: Box::new(fault) });
        }
    }
    Ok(())
}

fn check_header(headers: &StringRecord) -> Result<(), CatalogError> {
    let fault = |fault| CatalogError::Line { line: 1, fault: Box::new(fault) };
    for (index, name) in headers.iter().enumerate() {
        let repeated = headers.iter().take(index).any(|other| other == name);
        if !COLUMNS.contains(&name) || repeated {
            let allowed = COLUMNS.join(", ");
            let reason = format!("column `{name}` is unknown or repeated, allowed: {allowed}");
            return Err(fault(LineFault::Malformed { reason }));
        }
    }
    for field in REQUIRED {
        if !headers.iter().any(|name| name == field) {
            return Err(fault(LineFault::Absent { field }));
        }
    }
    Ok(())
}

fn raw(headers: &StringRecord, record: &StringRecord) -> Result<RawProduct, LineFault> {
    let field = |name: &str| {
        let index = headers.iter().position(|header| header == name);
        index.and_then(|index| record.get(index)).unwrap_or_default().to_owned()
    };
    let rank = field("rank");
    let rank = if rank.is_empty() {
        None
    } else {
        let reason = format!("rank `{rank}` is not a whole number");
        Some(rank.parse().map_err(|_| LineFault::Malformed { reason })?)
    };
    Ok(RawProduct {
        sku: field("sku"),
        name: field("name"),
        brand: field("brand"),
        category: field("category"),
        amount: field("price"),
        currency: field("currency"),
        stock: stock(&field("stock"))?,
        facets: facets(&field("facets"))?,
        title: Localized { en: field("title_en"), fr: field("title_fr") },
        features: Localized { en: list(&field("features_en")), fr: list(&field("features_fr")) },
        url: Some(field("url")).filter(|url| !url.is_empty()),
        rank,
    })
}

fn list(text: &str) -> Vec<String> {
    text.split('|').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn stock(text: &str) -> Result<RawStock, LineFault> {
    let bad = || LineFault::Stock { found: text.chars().take(40).collect() };
    if !text.contains(':') {
        return text.parse().map(RawStock::Total).map_err(|_| bad());
    }
    let mut sizes = Vec::new();
    for part in list(text) {
        let (label, units) = part.rsplit_once(':').ok_or_else(bad)?;
        sizes.push((label.trim().to_owned(), units.trim().parse().map_err(|_| bad())?));
    }
    Ok(RawStock::BySize(sizes))
}

fn facets(text: &str) -> Result<BTreeMap<String, Vec<String>>, LineFault> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in list(text) {
        let choice = FacetChoice::parse(&part).ok_or_else(|| LineFault::Malformed {
            reason: format!("facet `{part}` has no value, write key=value"),
        })?;
        found.entry(choice.key).or_default().push(choice.value);
    }
    Ok(found)
}
