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
//! `stock` is a number of units, or units by size. `brand`, `facets`, `title`, `features`,
//! `description`, `attributes`, `images`, `url` and `rank` are optional. A product that is sold in
//! variants lists them instead of its stock, and may leave its price to them:
//!
//! ```json
//! {"sku":"MAT-1", …, "options":["size"],
//!  "variants":[{"sku":"MAT-1-90","options":{"size":"90x190"},"stock":4,"gtin":"4006381333931",
//!    "price":{"amount":"219.00","currency":"EUR"},
//!    "compare_at":{"amount":"259.00","currency":"EUR"}},
//!   {"sku":"MAT-1-140", …, "availability":"preorder"}],
//!  "attributes":{"thickness_cm":18,"washable":true,"filling":{"en":"down","fr":"duvet"}}}
//! ```
//! `availability` is `in_stock`, `preorder` or `sold_out`; if it is left out, a variant is sold out
//! at a stock of 0. Empty lines are skipped; unknown fields are refused.

use crate::error::CatalogError;
use crate::error::LineFault;
use crate::import::amount::DecimalSign;
use crate::import::product_checks::ProductCollector;
use crate::import::raw::RawAttribute;
use crate::import::raw::RawPrice;
use crate::import::raw::RawProduct;
use crate::import::raw::RawStock;
use crate::import::raw::RawVariant;
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
#[serde(untagged)]
enum Attribute {
    Flag(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<String>),
    Texts(ByLanguage<String>),
    Lists(ByLanguage<Vec<String>>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantEntry {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    options: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    price: Option<Price>,
    #[serde(default)]
    compare_at: Option<Price>,
    #[serde(default)]
    stock: Option<serde_json::Value>,
    #[serde(default)]
    availability: Option<String>,
    #[serde(default)]
    gtin: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductLine {
    sku: String,
    name: String,
    #[serde(default)]
    brand: String,
    category: String,
    #[serde(default)]
    price: Option<Price>,
    #[serde(default)]
    compare_at: Option<Price>,
    #[serde(default)]
    stock: Option<serde_json::Value>,
    #[serde(default)]
    availability: Option<String>,
    #[serde(default)]
    gtin: Option<String>,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    variants: Vec<VariantEntry>,
    #[serde(default)]
    facets: BTreeMap<String, FacetValues>,
    #[serde(default)]
    attributes: BTreeMap<String, Option<Attribute>>,
    #[serde(default)]
    title: ByLanguage<String>,
    #[serde(default)]
    features: ByLanguage<Vec<String>>,
    #[serde(default)]
    description: ByLanguage<String>,
    #[serde(default)]
    images: Vec<String>,
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
    let attributes = line.attributes.into_iter();
    let attributes = attributes.filter_map(|(key, value)| Some((key, attribute(value?))));
    let variants = line.variants.into_iter().map(variant);
    Ok(RawProduct {
        sku: line.sku,
        name: line.name,
        brand: line.brand,
        category: line.category,
        price: line.price.map(price),
        decimal: DecimalSign::Point,
        stock: line.stock.as_ref().filter(|stock| !stock.is_null()).map(stock).transpose()?,
        single: RawVariant {
            compare_at: line.compare_at.map(price),
            availability: line.availability,
            gtin: line.gtin,
            ..RawVariant::default()
        },
        options: line.options,
        variants: variants.collect::<Result<_, _>>()?,
        facets: facets.collect(),
        attributes: attributes.collect(),
        title: line.title.0,
        features: line.features.0,
        description: line.description.0,
        images: line.images,
        url: line.url,
        rank: line.rank,
    })
}

fn price(price: Price) -> RawPrice {
    RawPrice { amount: price.amount, currency: price.currency }
}

fn attribute(value: Attribute) -> RawAttribute {
    match value {
        Attribute::Flag(flag) => RawAttribute::Flag(flag),
        Attribute::Number(number) => RawAttribute::Number(number.to_string()),
        Attribute::Text(text) => RawAttribute::Text(text),
        Attribute::List(texts) => RawAttribute::List(texts),
        Attribute::Texts(texts) => RawAttribute::Texts(texts.0),
        Attribute::Lists(lists) => {
            let joined = lists.0.into_iter().map(|(language, texts)| (language, texts.join(", ")));
            RawAttribute::Texts(joined.collect())
        }
    }
}

fn variant(entry: VariantEntry) -> Result<RawVariant, LineFault> {
    let options = entry.options.into_iter().map(|(key, value)| {
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            other => {
                let allowed = "a text".to_owned();
                let found = shortened(&other);
                return Err(LineFault::Value { field: "variants.options", found, allowed });
            }
        };
        Ok((key, text))
    });
    Ok(RawVariant {
        sku: entry.sku,
        options: options.collect::<Result<_, _>>()?,
        price: entry.price.map(price),
        compare_at: entry.compare_at.map(price),
        stock: entry.stock.as_ref().filter(|stock| !stock.is_null()).map(units).transpose()?,
        availability: entry.availability,
        gtin: entry.gtin,
        url: entry.url,
    })
}

fn units(value: &serde_json::Value) -> Result<u32, LineFault> {
    let units = value.as_u64().and_then(|units| u32::try_from(units).ok());
    units.ok_or_else(|| LineFault::Stock { found: shortened(value) })
}

fn stock(value: &serde_json::Value) -> Result<RawStock, LineFault> {
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
