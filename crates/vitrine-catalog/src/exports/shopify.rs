//! Shopify's product CSV: one row a variant or picture, joined by the handle.
//!
//! Reads the older column names (`Handle`, `Variant SKU`, `Body (HTML)`) and the newer ones
//! (`URL handle`, `SKU`, `Description`). Columns `Label (product.metafields.namespace.key)` are
//! properties. Products that are not active, or not published in the online store, are counted.

use crate::exports::cells;
use crate::exports::collect::Collector;
use crate::exports::html;
use crate::exports::product::ExportedProduct;
use crate::exports::product::ExportedVariant;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::exports::sheet;
use crate::exports::sheet::Header;
use crate::exports::sheet::Record;
use crate::product::Availability;
use crate::words::slug;
use std::collections::HashMap;

/// Most options of a product.
const OPTIONS_MAX: usize = 3;

/// The option of a product without options.
const NO_OPTION: &str = "default title";

/// Columns that say nothing about goods, by their compared names.
const IGNORED: [&str; 22] = [
    "variant fulfillment service",
    "fulfillment service",
    "variant requires shipping",
    "requires shipping",
    "variant taxable",
    "charge tax",
    "variant tax code",
    "tax code",
    "cost per item",
    "image position",
    "image alt text",
    "seo title",
    "seo description",
    "gift card",
    "variant image",
    "variant image url",
    "option1 linked to",
    "option2 linked to",
    "option3 linked to",
    "variant weight unit",
    "weight unit for display",
    "inventory tracker",
];

/// Metafields that apps use for themselves, by the start of their path.
const APP_FIELDS: [&str; 4] = [
    "product.metafields.reviews.",
    "product.metafields.mm-google",
    "product.metafields.seo.",
    "product.metafields.judgeme.",
];

/// Products being read: rows of one handle need not follow each other.
#[derive(Default)]
struct Products {
    places: HashMap<String, usize>,
    all: Vec<(ExportedProduct, bool)>,
}

/// Reads a table with its header.
pub(super) fn read(text: &str, table: (&Header, usize), collector: &mut Collector<'_>) {
    let header = table.0;
    for name in ["handle", "title"] {
        let newer = if name == "handle" { "url handle" } else { name };
        if !header.has(name) && !header.has(newer) {
            let kind =
                ProblemKind::NoColumn { name: if name == "handle" { "Handle" } else { "Title" } };
            collector.problem(Severity::Error, (1, String::new()), kind);
            return;
        }
    }
    for (at, name) in header.columns() {
        let compared = sheet::compared(name);
        let google = compared.starts_with("google shopping");
        if IGNORED.contains(&compared.as_str()) || google || compared.contains(" / ") {
            header.mark(at);
        }
    }
    let mut products = Products::default();
    sheet::rows(text, table, collector, |record, collector| row(&record, &mut products, collector));
    for (product, active) in products.all {
        if !active {
            collector.inactive();
        } else if product.name.base.is_empty() {
            let at = (product.place.line, "Title".to_owned());
            collector.problem(Severity::Error, at, ProblemKind::Absent { what: "title" });
        } else {
            collector.take(product);
        }
    }
}

fn row(record: &Record<'_>, products: &mut Products, collector: &mut Collector<'_>) {
    let handle = record.first(&["handle", "url handle"]).to_lowercase();
    let title = html::line(record.get("title"));
    let handle = if handle.is_empty() { slug(&title).replace('_', "-") } else { handle };
    if handle.is_empty() {
        let at = (record.line, record.column(&["handle", "url handle"]));
        collector.problem(Severity::Error, at, ProblemKind::Absent { what: "handle" });
        return;
    }
    let at = match products.places.get(&handle) {
        Some(at) => *at,
        None => {
            let product = described(record, &handle, title.clone(), collector);
            products.places.insert(handle, products.all.len());
            products.all.push((product, is_active(record)));
            products.all.len() - 1
        }
    };
    let (product, active) = &mut products.all[at];
    if product.name.base.is_empty() {
        product.name.base = title;
    }
    let image = ["image src", "product image url"];
    let column = record.column(&image);
    product.images.extend(cells::link(record.first(&image), (record.line, &column), collector));
    if *active {
        let options = product_options(record, product);
        product.variants.extend(variant(record, options, collector));
    }
}

/// Whether a product is for sale in the online store.
fn is_active(record: &Record<'_>) -> bool {
    let status = record.get("status").to_lowercase();
    let published = record.first(&["published", "published on online store"]);
    (status.is_empty() || status == "active") && cells::flag(published) != Some(false)
}

/// What the first row of a product says of it.
fn described(
    record: &Record<'_>,
    handle: &str,
    title: String,
    collector: &mut Collector<'_>,
) -> ExportedProduct {
    let place = collector.place(record.line, String::new());
    let mut product = ExportedProduct::new(place, handle.to_owned(), title);
    product.brand = html::line(record.get("vendor"));
    product.body = html::blocks(record.first(&["body (html)", "description"]));
    let kind = cells::path(record.get("type"));
    product.kinds.extend((!kind.is_empty()).then_some(kind));
    product.taxonomy = cells::path(record.get("product category"));
    product.tags = cells::list(record.get("tags"), &[',']);
    product.tags.extend(cells::list(record.get("collection"), &[',']));
    let base = collector.options.shop_url.as_deref();
    product.url = base.map(|base| format!("{base}/products/{handle}"));
    for (at, name) in record.header.columns() {
        let Some((label, path)) = name.rsplit_once('(') else { continue };
        if !path.starts_with("product.metafields.") {
            continue;
        }
        record.header.mark(at);
        let value = record.at(at);
        if !value.is_empty() && !APP_FIELDS.iter().any(|app| path.starts_with(app)) {
            product.state(label.trim(), metafield(value));
        }
    }
    product
}

/// The values of a metafield: a list as JSON or separated by `;`, a measure as JSON, or a text.
fn metafield(value: &str) -> Vec<String> {
    if value.contains("gid://") {
        return Vec::new();
    }
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(serde_json::Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.as_str().map(str::to_owned)).collect()
        }
        Ok(serde_json::Value::Object(measure)) => {
            let (Some(value), Some(unit)) = (measure.get("value"), measure.get("unit")) else {
                return Vec::new();
            };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            vec![format!("{value} {}", unit.as_str().unwrap_or_default().to_lowercase())]
        }
        _ => cells::list(&html::line(value), &[';']),
    }
}

/// Takes the names of the options from a row that has them; returns the row's values.
fn product_options(record: &Record<'_>, product: &mut ExportedProduct) -> Vec<String> {
    let mut values = Vec::new();
    for number in 1..=OPTIONS_MAX {
        let name = html::line(record.get(&format!("option{number} name")));
        let value = html::line(record.get(&format!("option{number} value")));
        if value.eq_ignore_ascii_case(NO_OPTION) || (name.is_empty() && value.is_empty()) {
            continue;
        }
        if product.options.len() < number && !name.is_empty() {
            product.options.push(name);
        }
        values.push(value);
    }
    values
}

/// The variant of a row; `None` for a row that only has a picture, and for one with errors.
fn variant(
    record: &Record<'_>,
    options: Vec<String>,
    collector: &mut Collector<'_>,
) -> Option<ExportedVariant> {
    let line = record.line;
    let price_columns = ["variant price", "price"];
    let (sku, cell) = (record.first(&["variant sku", "sku"]), record.first(&price_columns));
    if cell.is_empty() && sku.is_empty() && options.is_empty() && record.get("title").is_empty() {
        return None;
    }
    let column = record.column(&price_columns);
    if cell.is_empty() {
        collector.problem(Severity::Error, (line, column), ProblemKind::Absent { what: "price" });
        return None;
    }
    let price = cells::money(cell, (line, &column), collector)?;
    let compare = ["variant compare at price", "compare at price"];
    let column = record.column(&compare);
    let compare_at = cells::compare_at(record.first(&compare), (line, &column), price, collector);
    let quantity = ["variant inventory qty", "inventory quantity"];
    let column = record.column(&quantity);
    let stock = cells::units(record.first(&quantity), (line, &column), collector);
    let barcode = ["variant barcode", "barcode"];
    let column = record.column(&barcode);
    let gtin = cells::gtin(record.first(&barcode), (line, &column), collector);
    let grams = record.first(&["variant grams", "weight value (grams)"]);
    let grams = grams.split(['.', ',']).next().and_then(|grams| grams.parse().ok());
    let (stock, availability) = stocked(record, stock);
    Some(ExportedVariant {
        line,
        sku: sku.trim_start_matches('\'').to_owned(),
        options,
        price,
        compare_at,
        stock,
        availability,
        gtin,
        url: None,
        grams: grams.filter(|grams| *grams > 0),
    })
}

/// Units and availability: a stock that nobody counts is there, and a shop may sell what it has
/// still to get.
fn stocked(record: &Record<'_>, stock: Option<u32>) -> (Option<u32>, Availability) {
    let tracker = ["variant inventory tracker", "inventory tracker"];
    let counted = record.column(&tracker).is_empty() || !record.first(&tracker).is_empty();
    let policy = record.first(&["variant inventory policy", "continue selling when out of stock"]);
    let policy = policy.to_lowercase();
    let oversells = policy == "continue" || cells::flag(&policy) == Some(true);
    match stock {
        Some(0) if counted && oversells => (Some(0), Availability::Preorder),
        Some(0) if counted => (Some(0), Availability::SoldOut),
        Some(units) if counted => (Some(units), Availability::InStock),
        _ => (None, Availability::InStock),
    }
}
