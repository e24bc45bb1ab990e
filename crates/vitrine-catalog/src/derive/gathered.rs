//! What all products state of each property, with the spellings of its values.

use crate::derive::inflect::stems;
use crate::derive::statements::Statement;
use crate::derive::statements::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

/// What is gathered of one property.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) labels: BTreeMap<String, usize>,
    /// Compared value → its spellings, and the products that have it.
    pub(super) values: BTreeMap<String, GatheredValue>,
    pub(super) products: BTreeSet<usize>,
    pub(super) known: bool,
    pub(super) tag: bool,
    pub(super) flag: bool,
    /// Products that state it in a field of their own.
    pub(super) own: usize,
}

#[derive(Debug, Default)]
pub(super) struct GatheredValue {
    pub(super) spellings: BTreeMap<String, usize>,
    pub(super) products: BTreeSet<usize>,
}

/// Gathers the statements of all products by key.
pub(super) fn gather(
    statements: &[Vec<Statement>],
    language: Language,
) -> BTreeMap<String, Gathered> {
    let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
    for (product, own) in statements.iter().enumerate() {
        for Statement { key, label, value, own_field } in own {
            let property = gathered.entry(key.clone()).or_default();
            property.own += usize::from(*own_field);
            property.products.insert(product);
            if !label.is_empty() {
                *property.labels.entry(label.clone()).or_default() += 1;
            }
            let mut add = |compared: String, spelling: &str| {
                let entry = property.values.entry(compared).or_default();
                entry.products.insert(product);
                if !spelling.is_empty() {
                    *entry.spellings.entry(spelling.to_owned()).or_default() += 1;
                }
            };
            match value {
                Value::Words(values) => {
                    for value in values.iter().flat_map(|value| list_parts(value)) {
                        add(compared(&value, language), &value);
                    }
                }
                Value::Known(values) => {
                    values.iter().for_each(|(id, word)| add(id.clone(), word));
                    property.known = true;
                }
                Value::Tag => {
                    add(key.clone(), label);
                    property.tag = true;
                }
                Value::Flag(flag) => {
                    if *flag {
                        add(key.clone(), label);
                    }
                    property.flag = true;
                }
                Value::Number(_) => {}
            }
        }
    }
    gathered
}

/// Splits a value that is a list, such as `low, medium`; a sentence stays whole.
fn list_parts(value: &str) -> Vec<String> {
    let parts: Vec<&str> = value.split([',', ';', '|']).map(str::trim).collect();
    let short = parts.iter().all(|part| !part.is_empty() && part.split(' ').count() <= 3);
    match parts.len() {
        2.. if short => parts.into_iter().map(str::to_owned).collect(),
        _ => vec![value.trim().trim_end_matches('.').to_owned()],
    }
}

/// The form in which two spellings of a value are equal.
pub(super) fn compared(value: &str, language: Language) -> String {
    stems(value, language)
}

/// The most frequent spelling of each value, by compared value.
pub(super) fn spelled(property: &Gathered) -> Vec<(String, String)> {
    let best = property.values.iter().map(|(compared, value)| {
        let best = value.spellings.iter().max_by_key(|(_, count)| **count);
        (compared.clone(), best.map_or_else(|| compared.clone(), |(spelling, _)| spelling.clone()))
    });
    best.collect()
}
