//! CSV catalog: a header line, then one product per line, fields quoted where needed:
//!
//! | column | holds |
//! |---|---|
//! | `sku`, `name`, `category` | texts (required) |
//! | `price`, `currency` | `129.00` and `EUR` (required) |
//! | `stock` | `12`, or `41:3\|42:0` by size (required) |
//! | `brand`, `url` | texts |
//! | `title_fr`, `title_de`, … | a text in one language |
//! | `features_fr`, `features_de`, … | phrases separated by `\|`, in one language |
//! | `facets` | `sport=running\|feel=comfort\|feel=speed` |
//! | `description_fr`, … | a text in one language |
//! | `attributes` | `waterproof=true\|weight_kg=0.28\|material=wool` |
//! | `compare_at`, `availability`, `gtin` | as in NDJSON |
//! | `images` | links separated by `\|` |
//! | `rank` | a whole number, lower first |
//!
//! Columns may come in any order; their names may have capitals and spaces. Unknown and repeated
//! columns are refused. Fields are separated by commas, semicolons or tabs.

use crate::error::CatalogError;
use crate::error::LineFault;
use crate::import::amount::DecimalSign;
use crate::import::product_checks::ProductCollector;
use crate::import::raw::RawAttribute;
use crate::import::raw::RawPrice;
use crate::import::raw::RawProduct;
use crate::import::raw::RawStock;
use crate::import::raw::RawVariant;
use crate::product::FacetChoice;
use std::collections::BTreeMap;
use vitrine_base::language::Language;
use vitrine_base::table::Row;
use vitrine_base::table::RowFault;
use vitrine_base::table::Rows;

/// All columns that a catalog may have, besides those of [`TEXT_COLUMNS`].
const COLUMNS: [&str; 15] = [
    "sku",
    "name",
    "brand",
    "category",
    "price",
    "currency",
    "stock",
    "facets",
    "url",
    "rank",
    "compare_at",
    "availability",
    "gtin",
    "images",
    "attributes",
];

/// Beginnings of the columns that a catalog may have once per language, such as `title_fr`.
const TEXT_COLUMNS: [&str; 3] = ["title_", "features_", "description_"];

/// Columns that a catalog must have.
const REQUIRED: [&str; 6] = ["sku", "name", "category", "price", "currency", "stock"];

/// Parses all lines into `collector`; fails at the first fault, with its line.
pub(super) fn read(text: &str, collector: &mut ProductCollector<'_>) -> Result<(), CatalogError> {
    // The header decides: texts below may hold more commas than the fields have semicolons.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let separator = Rows::new(first).separator();
    let mut rows = Rows::new(text);
    if rows.separator() != separator {
        rows = Rows::separated(text, separator);
    }
    let Some(first) = rows.next() else { return Ok(()) };
    let first = first.map_err(malformed)?;
    let header =
        header(&first, separator).map_err(|fault| CatalogError::at(first.line, "column", fault))?;
    let table = Table { header, separator };
    for row in rows {
        let row = row.map_err(malformed)?;
        let raw = table.product(&row, collector.limits.line_bytes_max);
        let raw = raw.map_err(|fault| CatalogError::at(row.line, "column", fault))?;
        collector.take(row.line, "column", raw)?;
    }
    Ok(())
}

fn malformed(fault: RowFault) -> CatalogError {
    CatalogError::Row { fault }
}

/// The names of the columns as [`COLUMNS`] spells them; empty ones at the end are left out.
fn header(row: &Row<'_>, separator: char) -> Result<Vec<String>, LineFault> {
    let spelt = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
    let mut names: Vec<String> = row.fields.iter().map(|name| spelt(name)).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    for (index, name) in names.iter().enumerate() {
        if !is_column(name) || names[..index].contains(name) {
            let found = row.fields[index].to_string();
            let allowed = COLUMNS.join(", ");
            let texts = TEXT_COLUMNS.map(|prefix| format!("{prefix}fr")).join(", ");
            let allowed = format!("{allowed}, {texts} (any language)");
            return Err(LineFault::Column { found, separator, allowed });
        }
    }
    match REQUIRED.into_iter().find(|field| !names.iter().any(|name| name == field)) {
        Some(field) => Err(LineFault::Absent { field }),
        None => Ok(names),
    }
}

/// Whether a catalog may have a column of this name.
fn is_column(name: &str) -> bool {
    let mut languages = TEXT_COLUMNS.iter().filter_map(|prefix| name.strip_prefix(prefix));
    COLUMNS.contains(&name) || languages.any(|tag| Language::from_locale(tag).is_some())
}

/// The header of a file, and how its rows are written.
struct Table {
    header: Vec<String>,
    separator: char,
}

impl Table {
    fn decimal_sign(&self) -> DecimalSign {
        if self.separator == ',' { DecimalSign::Point } else { DecimalSign::Comma }
    }

    fn product(&self, row: &Row<'_>, bytes_max: usize) -> Result<RawProduct, LineFault> {
        let bytes = row.fields.iter().map(|field| field.len() + 1).sum::<usize>();
        if bytes > bytes_max {
            return Err(LineFault::TooLong { bytes, bytes_max });
        }
        self.check_length(row)?;
        let field = |name: &str| {
            let index = self.header.iter().position(|header| header == name);
            index.and_then(|index| row.fields.get(index)).map_or_else(String::new, one_line)
        };
        let given = |name: &str| Some(field(name)).filter(|text| !text.is_empty());
        let price = |amount| RawPrice { amount, currency: field("currency") };
        let rank = given("rank").map(|rank| {
            let reason = format!("`{rank}` is not a whole number");
            rank.parse().map_err(|_| LineFault::Malformed { field: "rank", reason })
        });
        Ok(RawProduct {
            sku: field("sku"),
            name: field("name"),
            brand: field("brand"),
            category: field("category"),
            price: Some(price(field("price"))),
            decimal: self.decimal_sign(),
            stock: Some(stock(&field("stock"))?),
            single: RawVariant {
                compare_at: given("compare_at").map(price),
                availability: given("availability"),
                gtin: given("gtin"),
                ..RawVariant::default()
            },
            options: Vec::new(),
            variants: Vec::new(),
            facets: facets(&field("facets"))?,
            attributes: attributes(&field("attributes"))?,
            description: self.by_language(row, "description_").collect(),
            images: list(&field("images")),
            title: self.by_language(row, "title_").collect(),
            features: self
                .by_language(row, "features_")
                .map(|(language, text)| (language, list(&text)))
                .collect(),
            url: given("url"),
            rank: rank.transpose()?,
        })
    }

    /// The texts of the columns whose names begin with `prefix` and end with a language.
    fn by_language<'a>(
        &'a self,
        row: &'a Row<'_>,
        prefix: &'static str,
    ) -> impl Iterator<Item = (Language, String)> + 'a {
        let cells = self.header.iter().zip(&row.fields);
        let texts = cells.filter_map(move |(name, field)| {
            Some((Language::from_locale(name.strip_prefix(prefix)?)?, one_line(field)))
        });
        texts.filter(|(_, text)| !text.trim().is_empty())
    }

    /// Refuses a row with more or fewer fields than the header; empty fields at its end are spare.
    fn check_length(&self, row: &Row<'_>) -> Result<(), LineFault> {
        let columns = self.header.len();
        let spare = row.fields.iter().skip(columns).all(|field| field.is_empty());
        if spare && row.fields.len() >= columns {
            return Ok(());
        }
        if let Some(amount) = self.split_amount(row) {
            return Err(LineFault::SplitAmount { found: amount });
        }
        let (found, separator) = (row.fields.len(), self.separator);
        Err(LineFault::Fields { found, columns, separator })
    }

    /// The price that its decimal comma has split into two fields.
    fn split_amount(&self, row: &Row<'_>) -> Option<String> {
        let price = self.header.iter().position(|header| header == "price")?;
        let (whole, cents) = (row.fields.get(price)?, row.fields.get(price + 1)?);
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let split = self.separator == ',' && row.fields.len() > self.header.len();
        (split && digits(whole) && digits(cents)).then(|| format!("{whole},{cents}"))
    }
}

/// The text of a field in one line; a spreadsheet's cell may have several.
fn one_line(field: impl AsRef<str>) -> String {
    let field = field.as_ref();
    if field.contains(['\n', '\t']) {
        return field.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    field.to_owned()
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
            field: "facets",
            reason: format!("`{part}` has no value, write key=value"),
        })?;
        found.entry(choice.key).or_default().push(choice.value);
    }
    Ok(found)
}

/// Attributes: `waterproof=true|weight_kg=0.28|material=wool`.
fn attributes(text: &str) -> Result<BTreeMap<String, RawAttribute>, LineFault> {
    let mut found = BTreeMap::new();
    for part in list(text) {
        let (key, value) = part.split_once('=').ok_or_else(|| LineFault::Malformed {
            field: "attributes",
            reason: format!("`{part}` has no value, write key=value"),
        })?;
        let value = value.trim();
        let number = value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && value.parse::<f64>().is_ok_and(f64::is_finite);
        let value = match value {
            "true" | "yes" => RawAttribute::Flag(true),
            "false" | "no" => RawAttribute::Flag(false),
            value if number => RawAttribute::Number(value.to_owned()),
            value => RawAttribute::Text(value.to_owned()),
        };
        found.insert(key.trim().to_owned(), value);
    }
    Ok(found)
}
