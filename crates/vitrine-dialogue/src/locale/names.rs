//! Names of properties of products in the shipped languages, by their keys without units.

use crate::shop::Language;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One property a line; the first line names the languages.
const TABLE: &str = include_str!("../../locales/properties.tsv");

/// Language and key → name.
static NAMES: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
    let mut lines = TABLE.lines();
    let languages: Vec<&str> = lines.next().unwrap_or_default().split('\t').skip(1).collect();
    let names = lines.flat_map(|line| {
        let mut fields = line.split('\t');
        let key = fields.next().unwrap_or_default();
        languages.iter().zip(fields).map(move |(language, name)| ((*language, key), name))
    });
    names.collect()
});

/// The name of a property; `None` if the key or the language is not in the table.
pub(crate) fn name_of(language: Language, key: &str) -> Option<&'static str> {
    NAMES.get(&(language.code(), key)).copied()
}

/// Endings of keys that are the units of their figures.
const UNITS: [&str; 44] = [
    "years", "year", "months", "weeks", "days", "hours", "minutes", "seconds", "h", "min", "s",
    "mah", "wh", "kwh", "w", "kw", "v", "a", "nm", "hz", "db", "bar", "m2", "cm2", "percent",
    "pct", "cm", "mm", "m", "km", "in", "inch", "inches", "l", "ml", "cl", "g", "kg", "mg", "kcal",
    "gsm", "mp", "gb", "c",
];

/// A key without the unit at its end: `weight_kg` is `weight`.
pub(crate) fn without_unit(key: &str) -> &str {
    let split = key.rsplit_once('_').filter(|(_, last)| UNITS.contains(last));
    split.map_or(key, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_given_in_every_language_and_once() {
        let mut lines = TABLE.lines();
        let columns = lines.next().unwrap().split('\t').count();
        let mut known = std::collections::HashSet::new();
        for line in lines {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), columns, "{line}");
            assert!(fields.iter().all(|field| !field.trim().is_empty()), "{line}");
            assert!(known.insert(fields[0]), "{line}");
        }
    }

    #[test]
    fn a_name_is_found_by_the_key_without_its_unit() {
        assert_eq!(without_unit("cutting_width_cm"), "cutting_width");
        assert_eq!(without_unit("dishwasher_safe"), "dishwasher_safe");
        assert_eq!(name_of(Language::FR, "cutting_width"), Some("largeur de coupe"));
        assert_eq!(name_of(Language::FR, "weight_of_the_moon"), None);
    }
}
