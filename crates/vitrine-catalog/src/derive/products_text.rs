//! Writes `catalog.ndjson`.

use crate::derive::facets::Facet;
use crate::derive::facets::Tongues;
use crate::derive::inflect::stems;
use crate::derive::kinds::Kinds;
use crate::derive::options::Options;
use crate::derive::statements::Statement;
use crate::derive::statements::Value as Stated;
use crate::derive::statements::property_of;
use crate::exports::ExportedProduct;
use crate::exports::Place;
use crate::exports::ProblemKind;
use crate::exports::Report;
use crate::exports::Severity;
use crate::exports::html::Block;
use crate::exports::html::BlockKind;
use crate::keys::SIZE_KEY;
use crate::limits::ATTRIBUTES_MAX;
use crate::limits::CatalogLimits;
use crate::limits::DESCRIPTION_CHARS_MAX;
use crate::limits::IMAGES_MAX;
use crate::limits::TEXT_CHARS_MAX;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use vitrine_base::language::Language;
use vitrine_base::money::Money;

/// Most features of a product, and the longest, in characters: replies list them.
const FEATURES_MAX: usize = 16;
const FEATURE_CHARS_MAX: usize = 80;

/// Grams of a kilogram.
const KILOGRAM: u32 = 1000;

/// Everything that is known of the products; all vectors are `[products]`.
#[derive(Clone, Copy)]
pub(super) struct Goods<'a> {
    pub(super) products: &'a [ExportedProduct],
    pub(super) kinds: &'a Kinds,
    pub(super) options: &'a [Options],
    pub(super) statements: &'a [Vec<Statement>],
    pub(super) values: &'a [BTreeMap<String, Vec<String>>],
    pub(super) facets: &'a [Facet],
}

/// The lines of the catalogue.
pub(super) fn write(
    goods: &Goods<'_>,
    tongues: Tongues<'_>,
    limits: &CatalogLimits,
    report: &mut Report,
) -> String {
    let mut out = String::new();
    for at in 0..goods.products.len() {
        let product = product(goods, at, tongues, report);
        let line = product.to_string();
        if line.len() > limits.line_bytes_max {
            let place = goods.products[at].place.clone();
            let (found, limit) = (line.len(), limits.line_bytes_max);
            let kind = ProblemKind::Limit { what: "bytes of a product", found, limit };
            report.add(Severity::Error, place, kind);
            continue;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn product(goods: &Goods<'_>, at: usize, tongues: Tongues<'_>, report: &mut Report) -> Value {
    let product = &goods.products[at];
    let kind = &goods.kinds.all[goods.kinds.of[at]];
    let mut map = Map::new();
    map.insert("sku".to_owned(), json!(product.id));
    let name = cut(&product.name.base, TEXT_CHARS_MAX, &product.place, report);
    map.insert("name".to_owned(), json!(name));
    if !product.brand.is_empty() {
        map.insert("brand".to_owned(), json!(short(&product.brand)));
    }
    map.insert("category".to_owned(), json!(kind.id));
    variants(&mut map, product, &goods.options[at]);
    if !goods.values[at].is_empty() {
        map.insert("facets".to_owned(), json!(goods.values[at]));
    }
    let attributes = attributes(product, &goods.statements[at], goods.facets);
    if !attributes.is_empty() {
        map.insert("attributes".to_owned(), Value::Object(attributes));
    }
    let titles = titles(product, goods, at, tongues);
    if !titles.is_empty() {
        map.insert("title".to_owned(), Value::Object(titles));
    }
    texts(&mut map, product, tongues);
    if !product.images.is_empty() {
        let images: Vec<&String> = product.images.iter().take(IMAGES_MAX).collect();
        map.insert("images".to_owned(), json!(images));
    }
    if let Some(url) = &product.url {
        map.insert("url".to_owned(), json!(url));
    }
    map.insert("rank".to_owned(), json!(at + 1));
    Value::Object(map)
}

fn money(money: Money) -> Value {
    json!({ "amount": money.amount_text(), "currency": money.currency.code() })
}

fn variants(map: &mut Map<String, Value>, product: &ExportedProduct, options: &Options) {
    let keys: Vec<&String> = options.keys.iter().flatten().collect();
    if !keys.is_empty() {
        map.insert("options".to_owned(), json!(keys));
    }
    let variants = product.variants.iter().zip(&options.values).map(|(variant, values)| {
        let pairs = options.keys.iter().zip(values);
        let chosen: Map<String, Value> =
            pairs.filter_map(|(key, value)| Some((key.clone()?, json!(value)))).collect();
        let mut own = Map::new();
        own.insert("sku".to_owned(), json!(variant.sku));
        if !chosen.is_empty() {
            own.insert("options".to_owned(), Value::Object(chosen));
        }
        own.insert("price".to_owned(), money(variant.price));
        if let Some(compare_at) = variant.compare_at {
            own.insert("compare_at".to_owned(), money(compare_at));
        }
        if let Some(stock) = variant.stock {
            own.insert("stock".to_owned(), json!(stock));
        }
        own.insert("availability".to_owned(), json!(variant.availability.name()));
        let texts = [("gtin", &variant.gtin), ("url", &variant.url)];
        for (key, text) in texts {
            if let Some(text) = text {
                own.insert(key.to_owned(), json!(text));
            }
        }
        Value::Object(own)
    });
    map.insert("variants".to_owned(), Value::Array(variants.collect()));
}

/// Statements that are not facets. Flags are attributes as well, so that "no" is recorded too.
fn attributes(
    product: &ExportedProduct,
    statements: &[Statement],
    facets: &[Facet],
) -> Map<String, Value> {
    let mut found = Map::new();
    for Statement { key, value, .. } in statements {
        let facet = facets.iter().any(|facet| facet.key == *key);
        let value = match value {
            Stated::Flag(flag) => json!(flag),
            // A number of an arbitrary scale would lose digits as a float.
            Stated::Number(number) => {
                serde_json::from_str(&number.to_string()).unwrap_or(Value::Null)
            }
            Stated::Words(values) if !facet => {
                json!(short(&values.join(", ")))
            }
            Stated::Known(values) if !facet => {
                let words: Vec<String> = values
                    .iter()
                    .map(
                        |(id, word)| {
                            if word.is_empty() { id.replace('_', " ") } else { word.clone() }
                        },
                    )
                    .collect();
                json!(short(&words.join(", ")))
            }
            Stated::Tag if facet => json!(true),
            Stated::Words(_) | Stated::Known(_) | Stated::Tag => continue,
        };
        let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
        if !empty && !key.is_empty() && found.len() < ATTRIBUTES_MAX {
            found.entry(key.clone()).or_insert(value);
        }
    }
    let sized = product.variants.iter().map(|variant| variant.grams);
    let grams: Vec<Option<u32>> = sized.collect();
    let weighed = found.keys().any(|key| key.starts_with("weight"));
    if let Some(Some(first)) = grams.first().filter(|_| !weighed)
        && grams.iter().all(|other| other.as_ref() == Some(first))
        && found.len() < ATTRIBUTES_MAX
    {
        let (key, value) = if *first >= KILOGRAM {
            ("weight_kg", json!(f64::from(*first) / f64::from(KILOGRAM)))
        } else {
            ("weight_g", json!(first))
        };
        found.insert(key.to_owned(), value);
    }
    found
}

/// What the product is: the singular of its category, and its name in further languages.
fn titles(
    product: &ExportedProduct,
    goods: &Goods<'_>,
    at: usize,
    tongues: Tongues<'_>,
) -> Map<String, Value> {
    let kind = &goods.kinds.all[goods.kinds.of[at]];
    let mut found = Map::new();
    for language in tongues.languages {
        let translated = product.name.others.get(language);
        let title = match translated.filter(|name| **name != product.name.base) {
            Some(name) => Some(name),
            // "Luna Planter, planter" would say it twice.
            None => kind.title.get(*language).filter(|title| {
                let name = format!(" {} ", stems(&product.name.base, *language));
                !name.contains(&format!(" {} ", stems(title, *language)))
            }),
        };
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            found.insert(language.code().to_owned(), json!(short(title)));
        }
    }
    found
}

fn texts(map: &mut Map<String, Value>, product: &ExportedProduct, tongues: Tongues<'_>) {
    let (mut descriptions, mut features) = (Map::new(), Map::new());
    let bodies = product.other_bodies.iter().map(|(language, body)| (*language, body));
    let base: (Language, &Vec<Block>) = (tongues.base(), &product.body);
    for (language, body) in bodies.chain([base]).filter(|(_, body)| !body.is_empty()) {
        let text = description(body);
        if !text.is_empty() {
            descriptions.insert(language.code().to_owned(), json!(text));
        }
        let highlights = product.highlights.iter().filter(|_| language == tongues.base());
        let items = body
            .iter()
            .filter(|block| block.kind == BlockKind::Item && property_of(block).is_none());
        let items = items.map(|block| &block.text).chain(highlights);
        let items: Vec<&String> =
            items.filter(|item| is_feature(item)).take(FEATURES_MAX).collect();
        if !items.is_empty() {
            features.insert(language.code().to_owned(), json!(items));
        }
    }
    for (key, texts) in [("description", descriptions), ("features", features)] {
        if !texts.is_empty() {
            map.insert(key.to_owned(), Value::Object(texts));
        }
    }
}

/// Whether an item of a list is a short advantage; a sentence may be a warning.
fn is_feature(item: &str) -> bool {
    item.chars().count() <= FEATURE_CHARS_MAX && !item.ends_with(['.', '!', '?', ':'])
}

/// The blocks as sentences in one line, cut at the end of a sentence.
fn description(body: &[Block]) -> String {
    let mut text = String::new();
    for block in body {
        let ended = block.text.ends_with(['.', '!', '?', ':', '…']);
        let sentence = if ended { block.text.clone() } else { format!("{}.", block.text) };
        if text.chars().count() + sentence.chars().count() + 1 > DESCRIPTION_CHARS_MAX {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&sentence);
    }
    match body.first() {
        Some(first) if text.is_empty() => first.text.chars().take(DESCRIPTION_CHARS_MAX).collect(),
        _ => text,
    }
}

/// A text of at most [`TEXT_CHARS_MAX`] characters without control characters.
fn short(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
    text.trim().to_owned()
}

fn cut(text: &str, chars_max: usize, place: &Place, report: &mut Report) -> String {
    let chars = text.chars().count();
    if chars > chars_max {
        let kind = ProblemKind::Shortened { chars, chars_max };
        report.add(Severity::Warning, place.clone(), kind);
    }
    short(text)
}

/// The key of sizes, for the summary.
pub(super) fn sizes(options: &Options) -> Vec<&str> {
    let Some(at) = options.keys.iter().position(|key| key.as_deref() == Some(SIZE_KEY)) else {
        return Vec::new();
    };
    options.values.iter().filter_map(|row| row.get(at)).map(String::as_str).collect()
}
