//! Reads products from NDJSON or CSV, and the shop's vocabulary from `facets.toml`.
//!
//! Errors hold the line of the fault. A file with a duplicate, an unknown field or anything over a
//! limit is refused as a whole: a partly read catalog would give wrong answers.
//!
//! Both formats are parsed into a `RawProduct`, which `product_checks` turns into a [`Product`].

mod csv_file;
mod facet_file;
mod ndjson;
mod product_checks;

pub use facet_file::read_facets;

use crate::catalog::error::CatalogError;
use crate::catalog::import::product_checks::ProductCollector;
use crate::catalog::limits::CatalogLimits;
use crate::catalog::product::Product;
use std::collections::HashMap;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::keys::BRAND_KEY;
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
