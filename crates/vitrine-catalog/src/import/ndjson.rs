//! NDJSON catalog: one JSON object per line:
//!
//! ```json
//! {"sku":"RUN-012","name":"Vélance Endora","brand":"Vélance","category":"running_shoes",
//!  "price":{"amount":"129.00","currency":"EUR"},"stock":{"41":3,"42":0},
//!  "facets":{"sport":["running"],"feel":"comfort"},
//!  "title":{"en":"running shoes","fr":"chaussures de course"},
//!  "features":{"en":["cushioned sole"],"fr":["semelle amortie"]},
//!  "url":"https://…","rank":12}
//! ```
//! `stock` is a number of units, or units by size. `brand`, `facets`, `title`, `features`, `url`
//! and `rank` are optional. Empty lines are skipped; unknown fields are refused.

use crate::error::CatalogError;
use crate::error::LineFault;
use crate::import::amount::DecimalSign;
use crate::import::product_checks::ProductCollector;
use crate::import::product_checks::RawProduct;
use crate::import::product_checks::RawStock;
use crate::import::texts::ByLanguage;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    amount: String,
    currency: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FacetValues {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductLine {
    sku: String,
    name: String,
    #[serde(default)]
    brand: String,
    category: String,
    price: Price,
    stock: serde_json::Value,
    #[serde(default)]
    facets: BTreeMap<String, FacetValues>,
    #[serde(default)]
    title: ByLanguage<String>,
    #[serde(default)]
    features: ByLanguage<Vec<String>>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    rank: Option<u32>,
}

/// Parses all lines into `collector`; fails at the first fault, with its line.
pub(super) fn read(text: &str, collector: &mut ProductCollector<'_>) -> Result<(), CatalogError> {
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let raw = raw(line, collector.limits.line_bytes_max)
            .map_err(|fault| CatalogError::at(number, "field", fault))?;
        collector.take(number, "field", raw)?;
    }
    Ok(())
}

fn raw(line: &str, bytes_max: usize) -> Result<RawProduct, LineFault> {
    if line.len() > bytes_max {
        return Err(LineFault::TooLong { bytes: line.len(), bytes_max });
    }
    let malformed = |reason| LineFault::Malformed { field: "", reason };
    if !line.trim_start().starts_with('{') {
        let hint = "does not begin with `{`; write one JSON object per line, without a list around \
                    them";
        return Err(malformed(hint.to_owned()));
    }
    let mut parser = serde_json::Deserializer::from_str(line);
    let read: Result<ProductLine, _> = serde_path_to_error::deserialize(&mut parser);
    let line = read.map_err(|error| {
        let path = error.path().to_string();
        // serde_json sees one line at a time, so its line number is always 1 and would mislead.
        let reason = error.into_inner().to_string().replace(" at line 1 column", " at column");
        malformed(match path.as_str() {
            "." => format!("is malformed: {reason}"),
            path => format!("field `{path}` is malformed: {reason}"),
        })
    })?;
    parser.end().map_err(|_| malformed("has more than one JSON value".to_owned()))?;
    let facets = line.facets.into_iter().map(|(key, values)| match values {
        FacetValues::One(value) => (key, vec![value]),
        FacetValues::Many(values) => (key, values),
    });
    Ok(RawProduct {
        sku: line.sku,
        name: line.name,
        brand: line.brand,
        category: line.category,
        amount: line.price.amount,
        decimal: DecimalSign::Point,
        currency: line.price.currency,
        stock: stock(&line.stock)?,
        facets: facets.collect(),
        title: line.title.0,
        features: line.features.0,
        url: line.url,
        rank: line.rank,
    })
}

fn stock(value: &serde_json::Value) -> Result<RawStock, LineFault> {
    let units = |value: &serde_json::Value| {
        let units = value.as_u64().and_then(|units| u32::try_from(units).ok());
        units.ok_or_else(|| LineFault::Stock { found: shortened(value) })
    };
    match value.as_object() {
        None => units(value).map(RawStock::Total),
        Some(sizes) => {
            let sizes = sizes.iter().map(|(label, count)| Ok((label.clone(), units(count)?)));
            sizes.collect::<Result<Vec<_>, LineFault>>().map(RawStock::BySize)
        }
    }
}

fn shortened(value: &serde_json::Value) -> String {
    value.to_string().chars().take(40).collect()
}
