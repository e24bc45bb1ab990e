//! Reads products from NDJSON or CSV, and the shop's vocabulary from `facets.toml`.
//!
//! Errors hold the line of the fault, and the column or field. A file with a duplicate, an unknown
//! field or anything over a limit is refused as a whole: a partly read catalog would give wrong
//! answers.
//!
//! Both formats are parsed into a `RawProduct`, which `product_checks` turns into a [`Product`].

pub(crate) mod amount;
mod csv_file;
mod facet_file;
mod fields;
mod ndjson;
mod product_checks;
mod raw;
mod texts;
mod variant_checks;
#[cfg(test)]
mod variant_tests;

pub use facet_file::read_facets;
pub use texts::Blank;
pub use texts::ByLanguage;

use crate::error::CatalogError;
use crate::import::product_checks::ProductCollector;
use crate::limits::CatalogLimits;
use crate::product::Product;
use vitrine_base::text_file;

/// File format of a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogFormat {
    /// One JSON object per line.
    Ndjson,
    /// A header line, then one product per line.
    Csv,
}

impl CatalogFormat {
    /// Format of a file extension, in any case: `ndjson` or `jsonl`, or `csv`, `tsv` or `txt`, as
    /// spreadsheets name separated fields; `None` for others.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The products of a file, and what looks like a slip in it.
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) products: Vec<Product>,
    /// Messages about accepted products, such as those with a price of 0.
    pub(crate) warnings: Vec<String>,
}

/// Parses all products of a catalog, in file order.
///
/// # Errors
/// At the first fault, with its line.
pub(crate) fn read_products(
    bytes: &[u8],
    format: CatalogFormat,
    limits: &CatalogLimits,
) -> Result<Imported, CatalogError> {
    let size = bytes.len() as u64;
    if size > limits.file_bytes_max {
        return Err(CatalogError::TooLarge { bytes: size, bytes_max: limits.file_bytes_max });
    }
    let text = text_file::decode(bytes)?;
    let mut collector = ProductCollector::new(limits);
    match format {
        CatalogFormat::Ndjson => ndjson::read(&text, &mut collector)?,
        CatalogFormat::Csv => csv_file::read(&text, &mut collector)?,
    }
    let encoded = "characters in the sku that links hold percent-encoded";
    let warnings = [collector.free.message("a price of 0"), collector.encoded.message(encoded)];
    let warnings = warnings.into_iter().flatten().collect();
    Ok(Imported { products: collector.products, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::BRAND_KEY;
    use crate::tests_support::limits;
    use proptest::prelude::*;
    use vitrine_base::language::Language;

    const LINE: &str = r#"{"sku":"A-1","name":"Alpha","category":"shoes",
        "price":{"amount":"10.00","currency":"EUR"},"stock":{"41":3,"42":0},
        "facets":{"feel":"speed","sport":["trail","running"]},"title":{"fr":"chaussures"}}"#;

    fn line() -> String {
        LINE.replace('\n', " ")
    }

    fn read(text: &str, format: CatalogFormat) -> Result<Vec<Product>, String> {
        let read = read_products(text.as_bytes(), format, &limits());
        read.map(|imported| imported.products).map_err(|error| error.to_string())
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
        assert_eq!(product.title.get(Language::FR).unwrap(), "chaussures");
        assert_eq!((product.rank, product.url.as_deref()), (None, None));
        assert!(product.values(BRAND_KEY).is_empty());
    }

    #[test]
    fn ndjson_faults_name_their_line_and_what_was_found() {
        for (from, to, told) in [
            ("A-1", "B-1", "line 3, field `sku`: repeats sku B-1 of line 1"),
            ("A-1", "", "line 3: has no `sku`"),
            ("A-1", "3.6E+12", "line 3, field `sku`: `3.6E+12` is a number as a spreadsheet"),
            ("Alpha", " ", "line 3: has no `name`"),
            ("Alpha", "Al\\npha", "line 3, field `name`: must be at most"),
            ("10.00", "-1", "line 3, field `price`: -1.00 EUR is negative"),
            ("10.00", "1,5", "line 3, field `price`: amount `1,5` has a comma; write it with"),
            ("10.00", "12.005", "line 3, field `price`: amount `12.005` has more decimals"),
            ("EUR", "euro", "line 3, field `currency`: `euro` is not an ISO 4217 code"),
            ("\"41\":3", "\"41\":-3", "line 3, field `stock`: `-3`"),
            ("\"41\":3", "\"41\":1.5", "line 3, field `stock`: `1.5`"),
            ("\"42\":0", "\" 41 \":0", "line 3, field `stock`: `41`"),
            ("speed", "top speed", "line 3, field `facets`: `top speed` is not an identifier"),
            ("shoes", "Shoes", "line 3, field `category`: `Shoes` is not an identifier"),
            ("\"name\"", "\"nom\"", "line 3: field `nom` is malformed: unknown field `nom`"),
            ("\"10.00\"", "10.0", "line 3: field `price.amount` is malformed: invalid type"),
            ("{\"sku\"", "\"sku\"", "line 3: does not begin with `{`"),
            ("{\"sku\"", "[{\"sku\"", "line 3: does not begin with `{`; write one JSON object"),
            ("\"fr\":\"chaussures\"}}", "\"fr\":\"c\"}},", "line 3: has more than one JSON value"),
            (
                "\"title\"",
                "\"url\":\"javascript:x\",\"title\"",
                "line 3, field `url`: `javascript:x`",
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
        assert_eq!(check(|l| l.products_max = 1), "line 2: too many products, limit is 1");
        assert!(check(|l| l.line_bytes_max = 20).contains("bytes, limit is 20"));
        assert_eq!(check(|l| l.facets_max = 1), "line 1: has 2 facets, limit is 1");
        assert_eq!(check(|l| l.values_max = 1), "line 1: has 2 facet values, limit is 1");
        assert_eq!(check(|l| l.sizes_max = 1), "line 1: has 2 sizes, limit is 1");
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
        assert_eq!(product.features.list(Language::FR), ["a", "b"]);
        assert_eq!(product.rank, Some(4));
    }

    #[test]
    fn csv_faults_name_their_line() {
        for (from, to, told) in [
            ("rank\n", "color\n", "line 1: the header names the column `color`, which is unknown"),
            ("rank\n", "sku\n", "line 1: the header names the column `sku`, which is unknown or"),
            ("stock,", "brand,", "line 1: has no `stock`"),
            (",4\n", ",x\n", "line 2, column `rank`: `x` is not a whole number"),
            (",4\n", ",4,5\n", "line 2: has 10 fields, but the header has 9; fields are separated"),
            ("41:3", "41:x", "line 2, column `stock`: `41:x|42:0`"),
            ("feel=speed", "feel", "line 2, column `facets`: `feel` has no value"),
            ("EUR", "€", "line 2, column `currency`: `€`"),
            (
                "\"Alpha, two\"",
                "\"Alpha, two",
                "line 2, column 5: the quote `\"` that begins there",
            ),
            ("two\"", "two\"x", "line 2, column 17: `x` follows a closing quote"),
            ("10.00", "\"129,00\"", "line 2, column `price`: amount `129,00` has a comma"),
            ("10.00", "129,00", "line 2, column `price`: amount `129,00` has a decimal comma"),
            ("10.00", "12.005", "line 2, column `price`: amount `12.005` has more decimals"),
            ("10.00", "", "line 2: has no `price`"),
        ] {
            let fault = read(&CSV.replace(from, to), CatalogFormat::Csv).map(|_| ()).unwrap_err();
            assert!(fault.starts_with(told), "{to}: {fault}");
        }
        let twice = format!("{CSV}{}", CSV.lines().nth(1).unwrap_or_default());
        let fault = read(&twice, CatalogFormat::Csv).map(|_| ()).unwrap_err();
        assert_eq!(fault, "line 3, column `sku`: repeats sku A-1 of line 2");
    }

    /// The same file as spreadsheets save it in countries with decimal commas.
    const EXCEL: &str = "\u{feff}\
        SKU;Name;Category;Price;Currency;Stock;Facets;Features FR;Rank;;\r\n\
        A-1;\"Alpha, two\";shoes;10,00;eur;41:3|42:0;\
        feel=speed|sport=trail|sport=running;a|b;4;;\r\n\
        ;;;;;;;;;;\r\n";

    #[test]
    fn csv_is_read_as_windows_and_spreadsheets_save_it() {
        let expected = read(CSV, CatalogFormat::Csv).unwrap();
        let utf16 =
            [0xff, 0xfe].into_iter().chain(EXCEL[3..].encode_utf16().flat_map(u16::to_le_bytes));
        let big_endian =
            [0xfe, 0xff].into_iter().chain(EXCEL[3..].encode_utf16().flat_map(u16::to_be_bytes));
        for bytes in [
            EXCEL.as_bytes().to_vec(),
            EXCEL.replace(';', "\t").into_bytes(),
            EXCEL.replace("\r\n", "\r").into_bytes(),
            format!("sep=;\r\n{}", &EXCEL[3..]).into_bytes(),
            EXCEL.replace("10,00", "10,00 €").into_bytes(),
            EXCEL.replace("\"Alpha, two\"", "Alpha, two").into_bytes(),
            utf16.collect(),
            big_endian.collect(),
        ] {
            let found = read_products(&bytes, CatalogFormat::Csv, &limits()).unwrap().products;
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn the_header_decides_on_the_separator_whatever_the_texts_hold() {
        let features = "a, b, c, d, e, f, g, h, i, j, k, l, m";
        let text = EXCEL.replace(";a|b;", &format!(";{features};"));
        let product = &read(&text, CatalogFormat::Csv).unwrap()[0];
        assert_eq!(product.features.list(Language::FR), [features]);
    }

    #[test]
    fn a_cell_with_several_lines_is_read_as_one_and_later_lines_keep_their_numbers() {
        let text = CSV.replace("Alpha, two", "Alpha,\r\n  two");
        assert_eq!(read(&text, CatalogFormat::Csv).unwrap()[0].name, "Alpha, two");
        let twice = format!("{text}\n{}", CSV.lines().nth(1).unwrap_or_default());
        let fault = read(&twice, CatalogFormat::Csv).unwrap_err();
        assert_eq!(fault, "line 5, column `sku`: repeats sku A-1 of line 2");
    }

    #[test]
    fn a_header_with_other_separators_or_without_one_names_those_that_are_read() {
        for text in [CSV.replace(',', "|"), CSV.lines().nth(1).unwrap_or_default().to_owned()] {
            let fault = read(&text, CatalogFormat::Csv).unwrap_err();
            assert!(fault.starts_with("line 1: the header names the column `"), "{fault}");
            assert!(fault.contains("the fields are read as separated by commas"), "{fault}");
        }
    }

    #[test]
    fn bytes_of_windows_1252_are_refused_with_their_place() {
        let bytes: Vec<u8> = CSV.replace("Alpha", "Caf").bytes().collect();
        let at = bytes.windows(3).position(|three| three == b"Caf").unwrap() + 3;
        let bytes = [&bytes[..at], b"\xe9", &bytes[at..]].concat();
        let fault = read_products(&bytes, CatalogFormat::Csv, &limits()).unwrap_err().to_string();
        assert!(fault.starts_with("line 2, column 9: byte 0xE9"), "{fault}");
    }

    #[test]
    fn a_price_of_zero_and_a_sku_that_links_encode_are_accepted_with_a_warning() {
        let warnings = |text: &str, format| {
            read_products(text.as_bytes(), format, &limits()).unwrap().warnings
        };
        assert_eq!(warnings(CSV, CatalogFormat::Csv), Vec::<String>::new());
        let free = "1 product with a price of 0: `A-1` (line 2)";
        assert_eq!(warnings(&CSV.replace("10.00", "0.00"), CatalogFormat::Csv), [free]);
        let lines: Vec<String> =
            (1..=5).map(|number| line().replace("A-1", &format!("RUN/{number}"))).collect();
        let found = warnings(&lines.join("\n"), CatalogFormat::Ndjson);
        assert!(found[0].starts_with("5 products with characters in the sku"), "{found:?}");
        assert!(found[0].ends_with("`RUN/1` (line 1), `RUN/2` (line 2), `RUN/3` (line 3), …"));
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused_with_its_line(
            at in any::<prop::sample::Index>(),
            inserted in prop::collection::vec(any::<u8>(), 0..4),
            removed in 0..6_usize,
            excel in any::<bool>(),
        ) {
            let line = line();
            for (text, format) in [
                (if excel { EXCEL } else { CSV }, CatalogFormat::Csv),
                (line.as_str(), CatalogFormat::Ndjson),
            ] {
                let mut bytes = text.as_bytes().to_vec();
                let start = at.index(bytes.len());
                let end = (start + removed).min(bytes.len());
                bytes.splice(start..end, inserted.iter().copied());
                if let Err(error) = read_products(&bytes, format, &limits()) {
                    let error = error.to_string();
                    prop_assert!(error.starts_with("line "), "{}", error);
                }
            }
        }

        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for format in [CatalogFormat::Ndjson, CatalogFormat::Csv] {
                let _ = read_products(&bytes, format, &limits());
            }
            let _ = read_facets(&String::from_utf8_lossy(&bytes), &limits());
        }
    }
}
