//! What every product states of itself: columns and metafields, lines of its text such as
//! `Light: bright`, tags, options of variants, and words of its name.

use crate::derive::labels::identifier;
use crate::derive::measures;
use crate::derive::options::Options;
use crate::derive::options::RESERVED;
use crate::derive::terms::name_key;
use crate::derive::terms::named;
use crate::derive::terms::terms;
use crate::exports::ExportedProduct;
use crate::exports::html::Block;
use crate::exports::html::BlockKind;
use crate::exports::read_flag;
use crate::keys::SIZE_KEY;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::language::Language;

/// Longest name of a property in a line of text, in characters and in words.
const LABEL_CHARS_MAX: usize = 32;
const LABEL_WORDS_MAX: usize = 4;

/// Longest value of a property in a line of text, in characters.
const VALUE_CHARS_MAX: usize = 120;

/// Most words of a value that is a measure.
const MEASURE_WORDS_MAX: usize = 3;

/// Words before a material, in each language, folded.
const MADE_OF: [(Language, &[&str]); 6] = [
    (
        Language::EN,
        &["made of", "made from", "crafted from", "100", "handmade from", "solid", "in"],
    ),
    (Language::FR, &["en", "100"]),
    (Language::DE, &["aus", "100"]),
    (Language::ES, &["de", "en", "100"]),
    (Language::IT, &["in", "di", "100"]),
    (Language::PT, &["de", "em", "100"]),
];

/// Words after such a word among which the material is.
const MATERIAL_WORDS: usize = 3;

/// Blocks at the start of a description in which a material is looked for.
const BLOCKS_OF_MATERIAL: usize = 6;

/// Colours that names mean as often as plants, fruit or metals.
const AMBIGUOUS_COLOURS: [&str; 4] = ["orange", "gold", "silver", "transparent"];

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Key of the property, such as `material` or `light_level`.
    pub(super) key: String,
    /// Its name as the shop writes it; empty if it is a known property.
    pub(super) label: String,
    pub(super) value: Value,
    /// Whether the shop states it in a field of its own, rather than in its text.
    pub(super) own_field: bool,
}

impl Statement {
    fn new(key: String, label: &str, value: Value) -> Self {
        Self { key, label: label.to_owned(), value, own_field: false }
    }
}

/// What is stated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Flag(bool),
    Number(Decimal),
    /// Values in the shop's words.
    Words(Vec<String>),
    /// Ids of known colours or materials, with the shop's word for each.
    Known(Vec<(String, String)>),
    /// A tag: the product has what the label says.
    Tag,
}

/// The statements of one product.
pub(super) fn of(
    product: &ExportedProduct,
    options: &Options,
    languages: &[Language],
) -> Vec<Statement> {
    let mut found = Vec::new();
    for property in &product.properties {
        let statement = stated(&property.label, &property.values, languages);
        found.push(Statement { own_field: property.own_field, ..statement });
    }
    for (at, key) in options.keys.iter().enumerate() {
        let Some(key) = key.as_deref().filter(|key| *key != SIZE_KEY) else { continue };
        let mut values: Vec<String> = Vec::new();
        for value in options.values.iter().filter_map(|row| row.get(at)) {
            if !values.contains(value) {
                values.push(value.clone());
            }
        }
        let statement = worded(key, &product.options[at], values, languages);
        found.push(Statement { own_field: true, ..statement });
    }
    for tag in product.tags.iter().filter(|tag| !terms().is_noise(tag)) {
        found.push(tagged(tag, languages));
    }
    for (label, value) in product.body.iter().filter_map(property_of) {
        found.push(stated(label, &[value.to_owned()], languages));
    }
    from_texts(product, languages, &mut found);
    found
}

/// The property that a line of text states: `Light: bright indirect`.
pub(super) fn property_of(block: &Block) -> Option<(&str, &str)> {
    let (label, value) = block.text.split_once(':')?;
    let (label, value) = (label.trim(), value.trim());
    let short = label.chars().count() <= LABEL_CHARS_MAX
        && label.split(' ').count() <= LABEL_WORDS_MAX
        && value.chars().count() <= VALUE_CHARS_MAX;
    let good = short && !identifier(label).is_empty() && !value.is_empty();
    (good && block.kind != BlockKind::Heading && !value.starts_with("//")).then_some((label, value))
}

/// A property with its values, as a flag, a measure or words.
fn stated(label: &str, values: &[String], languages: &[Language]) -> Statement {
    let known = terms().property(label);
    let key = known.map_or_else(|| identifier(label), str::to_owned);
    let key = if RESERVED.contains(&key.as_str()) && key != SIZE_KEY {
        format!("{key}_stated")
    } else {
        key
    };
    if let [value] = values {
        if let Some(flag) = read_flag(value).filter(|_| value.chars().count() > 1) {
            return Statement::new(key, label, Value::Flag(flag));
        }
        if let Some(amount) = measures::amount(value, label) {
            let plain = label.split(['(', '[']).next().unwrap_or(label);
            let name = terms().measure(&name_key(plain), &amount.family);
            let name = name.map_or_else(|| identifier(plain), str::to_owned);
            let (key, number) = amount.under(&name);
            return Statement::new(key, plain.trim(), Value::Number(number));
        }
        if let Some((key, number)) = measures::in_text(&format!("{label} {value}")).pop()
            && value.split(' ').count() <= MEASURE_WORDS_MAX
        {
            return Statement::new(key, label, Value::Number(number));
        }
        if let Some(number) = measures::number(value) {
            return Statement::new(key, label, Value::Number(number));
        }
    }
    worded(&key, label, values.to_vec(), languages)
}

/// A property in words; those of colours and materials are known ones where possible.
fn worded(key: &str, label: &str, values: Vec<String>, languages: &[Language]) -> Statement {
    let table = match key {
        "colour" => Some(&terms().colours),
        "material" => Some(&terms().materials),
        _ => None,
    };
    let label = if terms().properties.contains_key(key) { "" } else { label }.to_owned();
    let key = key.to_owned();
    let Some(table) = table else { return Statement::new(key, &label, Value::Words(values)) };
    let mut known: Vec<(String, String)> = Vec::new();
    for value in values {
        let mut ids = named(&value, table, languages);
        // Exports in another language than the shop's texts name colours in English.
        if ids.is_empty() {
            ids = named(&value, table, &Language::SHIPPED);
        }
        if ids.is_empty() {
            ids = vec![identifier(&value)];
        }
        for id in ids.into_iter().filter(|id| !id.is_empty()) {
            known.push((id, value.clone()));
        }
    }
    Statement::new(key, &label, Value::Known(known))
}

/// A tag: `light:low` and `Light_Low` state a property, others themselves; a colour or material is
/// one.
fn tagged(tag: &str, languages: &[Language]) -> Statement {
    for sign in ["::", ":", "=", "_"] {
        if let Some((label, value)) = tag.split_once(sign) {
            let (label, value) = (label.trim(), value.trim().trim_start_matches([':', '_']));
            if !identifier(label).is_empty() && !identifier(value).is_empty() {
                return stated(label, &[value.replace(['_', '-'], " ")], languages);
            }
        }
    }
    let words = tag.replace(['-', '_'], " ");
    for (key, table) in [("colour", &terms().colours), ("material", &terms().materials)] {
        let ids = named(&words, table, languages);
        let whole = |id: &String| table.is(id, &name_key(&words), languages);
        if let Some(id) = ids.into_iter().find(whole) {
            let value = Value::Known(vec![(id, words)]);
            return Statement::new(key.to_owned(), "", value);
        }
    }
    Statement::new(identifier(&words), &words, Value::Tag)
}

/// Colours and materials of the name, materials after "made of", and measures, where no field of
/// the export states them.
fn from_texts(product: &ExportedProduct, languages: &[Language], found: &mut Vec<Statement>) {
    let states = |found: &[Statement], key: &str| found.iter().any(|own| own.key == key);
    let base = &languages[..languages.len().min(1)];
    if !states(found, "colour") {
        let colours = plain_colours(&product.name.base, base);
        if !colours.is_empty() {
            found.push(Statement::new("colour".to_owned(), "", Value::Known(colours)));
        }
    }
    if !states(found, "material") {
        let mut materials = named(&product.name.base, &terms().materials, base);
        if materials.is_empty() {
            let texts = product.body.iter().take(BLOCKS_OF_MATERIAL);
            let stated = texts.map(|block| made_of(&block.text, base));
            materials = stated.into_iter().find(|found| !found.is_empty()).unwrap_or_default();
        }
        if !materials.is_empty() {
            let materials = materials.into_iter().map(|id| (id, String::new())).collect();
            found.push(Statement::new("material".to_owned(), "", Value::Known(materials)));
        }
    }
    let mut measured: BTreeMap<String, Decimal> = BTreeMap::new();
    for block in &product.body {
        for (key, number) in measures::in_text(&block.text) {
            measured.entry(key).or_insert(number);
        }
    }
    if let Some((key, number)) = measures::in_name(&product.name.base) {
        measured.entry(key).or_insert(number);
    }
    for (key, number) in measured {
        if !states(found, &key) {
            found.push(Statement::new(key, "", Value::Number(number)));
        }
    }
    let texts = product.body.iter().map(|block| &block.text).chain([&product.name.base]);
    let dimensions = texts.map(|text| measures::dimensions(text)).find_map(|found| found);
    if let Some(dimensions) = dimensions.filter(|_| !states(found, "dimensions")) {
        found.push(Statement::new("dimensions".to_owned(), "", Value::Words(vec![dimensions])));
    }
}

/// Colours of a name whose words mean nothing else: not shades such as "olive" or "plum".
fn plain_colours(name: &str, languages: &[Language]) -> Vec<(String, String)> {
    let words = name_key(name);
    let mut found = Vec::new();
    for (id, table) in &terms().colours.words {
        if AMBIGUOUS_COLOURS.contains(&id.as_str()) {
            continue;
        }
        for language in languages {
            let all = table.list(*language);
            let Some(label) = all.first().map(|label| name_key(label)) else { continue };
            let start: String = label.chars().take(3).collect();
            let plain =
                all.iter().map(|word| name_key(word)).filter(|word| word.starts_with(&start));
            // "rose" is a flower more often than a colour.
            for word in plain.filter(|word| word != "rose" && word != "roses") {
                if format!(" {words} ").contains(&format!(" {word} "))
                    && !found.iter().any(|(known, _)| known == id)
                {
                    found.push((id.clone(), String::new()));
                }
            }
        }
    }
    found.sort();
    found
}

/// Materials after words such as "made of".
fn made_of(text: &str, languages: &[Language]) -> Vec<String> {
    let key = format!(" {} ", name_key(text));
    for (language, cues) in MADE_OF.iter().filter(|(language, _)| languages.contains(language)) {
        for cue in *cues {
            for (at, found) in key.match_indices(&format!(" {cue} ")) {
                let after = &key[at + found.len()..];
                let words: Vec<&str> = after.split(' ').take(MATERIAL_WORDS).collect();
                let named = named(&words.join(" "), &terms().materials, &[*language]);
                if !named.is_empty() {
                    return named;
                }
            }
        }
    }
    Vec::new()
}
