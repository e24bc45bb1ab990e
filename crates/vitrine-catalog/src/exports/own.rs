//! The gateway's own NDJSON and CSV: products that are checked already, taken as they are.
//!
//! Every line of NDJSON is read alone, so that one bad line does not hide the others.

use crate::attribute::AttributeValue;
use crate::exports::collect::Collector;
use crate::exports::html::Block;
use crate::exports::html::BlockKind;
use crate::exports::product::ExportedProduct;
use crate::exports::product::ExportedVariant;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::import::CatalogFormat;
use crate::import::read_products;
use crate::keys::BRAND_KEY;
use crate::limits::CatalogLimits;
use crate::product::Product;
use crate::product::Variant;
use vitrine_base::language::Language;

/// Reads one product a line.
pub(super) fn read_ndjson(text: &str, collector: &mut Collector<'_>) {
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if collector.rows >= collector.options.limits.rows_max {
            let limit = collector.options.limits.rows_max;
            let kind = ProblemKind::Limit { what: "rows", found: limit + 1, limit };
            collector.problem(Severity::Error, (at + 1, String::new()), kind);
            return;
        }
        collector.rows += 1;
        match read_products(line.as_bytes(), CatalogFormat::Ndjson, &CatalogLimits::GATEWAY) {
            Ok(read) => {
                read.products.into_iter().for_each(|product| take(product, at + 1, collector))
            }
            Err(error) => {
                let fault = error.to_string();
                let fault = fault.strip_prefix("line 1").unwrap_or(&fault);
                let reason = fault.trim_start_matches([',', ':', ' ']).to_owned();
                let kind = ProblemKind::Unreadable { reason };
                collector.problem(Severity::Error, (at + 1, String::new()), kind);
            }
        }
    }
}

/// Reads a table of the gateway's own columns; the first fault ends it.
pub(super) fn read_csv(text: &str, collector: &mut Collector<'_>) {
    match read_products(text.as_bytes(), CatalogFormat::Csv, &CatalogLimits::GATEWAY) {
        Ok(read) => {
            collector.rows = read.products.len();
            read.products.into_iter().for_each(|product| take(product, 0, collector));
        }
        Err(error) => {
            let kind = ProblemKind::Unreadable { reason: error.to_string() };
            collector.problem(Severity::Error, (0, String::new()), kind);
        }
    }
}

/// Gives a product to the collector as an export would state it.
fn take(product: Product, line: usize, collector: &mut Collector<'_>) {
    let place = collector.place(line, String::new());
    let mut taken = ExportedProduct::new(place, product.sku.to_string(), product.name.clone());
    taken.brand = product.brand.clone();
    taken.kinds = vec![vec![product.category.replace('_', " ")]];
    for (language, text) in product.description.iter() {
        taken.other_bodies.insert(language, vec![paragraph(text)]);
    }
    let languages = Language::SHIPPED.into_iter();
    let first = languages.filter_map(|language| product.description.get(language)).next();
    taken.body = first.map(|text| paragraph(text)).into_iter().collect();
    taken.highlights = product.features.values().next().cloned().unwrap_or_default();
    for (key, values) in product.facets.iter().filter(|(key, _)| *key != BRAND_KEY) {
        let values = values.iter().map(|value| value.replace('_', " ")).collect();
        taken.state(&key.replace('_', " "), values);
    }
    for (key, value) in &product.attributes {
        let text = match value {
            AttributeValue::Flag(flag) => Some(flag.to_string()),
            other => other.text(Language::EN, &[]),
        };
        taken.state(&key.replace('_', " "), text.into_iter().collect());
    }
    taken.options = product.options.clone();
    taken.images = product.images.clone();
    taken.url = product.url.clone();
    taken.variants =
        product.variants.iter().map(|variant| variant_of(variant, &product, line)).collect();
    collector.currency.get_or_insert(product.price.currency);
    collector.take(taken);
}

fn variant_of(variant: &Variant, product: &Product, line: usize) -> ExportedVariant {
    let options = product.options.iter();
    let options = options.map(|key| variant.options.get(key).cloned().unwrap_or_default());
    ExportedVariant {
        line,
        sku: if product.variants.len() > 1 && variant.sku == product.sku {
            String::new()
        } else {
            variant.sku.to_string()
        },
        options: options.collect(),
        price: variant.price,
        compare_at: variant.compare_at,
        stock: variant.stock,
        availability: variant.availability,
        gtin: variant.gtin.clone(),
        url: variant.url.clone(),
        grams: None,
    }
}

fn paragraph(text: &str) -> Block {
    Block { kind: BlockKind::Paragraph, text: text.to_owned() }
}
