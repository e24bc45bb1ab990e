//! General words of trade, from `terms.toml`: names of options and properties, colours, materials,
//! units. Data of no shop in particular.

use crate::words::fold;
use std::collections::HashMap;
use std::collections::HashSet;
use std::str::FromStr;
use std::sync::OnceLock;
use toml::Table;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

use rust_decimal::Decimal;

/// Words after the noun of a property's name, folded.
const JOINTS: [&str; 9] = ["du", "de", "des", "d", "del", "della", "do", "da", "of"];

/// Properties whose names carry other words: `Pot size`, `Couleur du cadre`.
const HEADS: [&str; 4] = ["size", "colour", "material", "scent"];

/// Name, label and question of a property.
#[derive(Debug, Clone, Default)]
pub(super) struct NamedProperty {
    pub(super) label: Localized<String>,
    pub(super) question: Localized<String>,
}

/// A measure: its family of units, and its label.
#[derive(Debug, Clone, Default)]
pub(super) struct Measure {
    pub(super) family: String,
    pub(super) label: Localized<String>,
}

/// A unit as shops write it.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The unit that keys carry.
    pub(super) key: String,
    /// What a number in this unit is multiplied by.
    pub(super) factor: Decimal,
    pub(super) family: String,
}

/// Words of a known value by language; the first is the label.
pub(super) type Words = Localized<Vec<String>>;

/// Known values by id, and their compared words.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) words: HashMap<String, Words>,
    keys: Vec<(Language, String, String)>,
}

impl Known {
    fn new(words: HashMap<String, Words>) -> Self {
        let mut keys = Vec::new();
        for (id, words) in &words {
            for (language, words) in words.iter() {
                keys.extend(words.iter().map(|word| (language, name_key(word), id.clone())));
            }
        }
        Self { words, keys }
    }

    /// Whether a compared text is one of the words of a value.
    pub(super) fn is(&self, id: &str, key: &str, languages: &[Language]) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|(language, word, own)| own == id && word == key && languages.contains(language))
    }
}

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub(super) properties: HashMap<String, NamedProperty>,
    property_names: HashMap<String, String>,
    pub(super) measures: HashMap<String, Measure>,
    /// Folded name → measures, for a family each.
    measure_names: HashMap<String, Vec<String>>,
    units: HashMap<String, Unit>,
    pub(super) colours: Known,
    pub(super) materials: Known,
    noise: HashSet<String>,
}

/// The tables, read once.
pub(super) fn terms() -> &'static Terms {
    static TERMS: OnceLock<Terms> = OnceLock::new();
    TERMS.get_or_init(|| Terms::read(include_str!("terms.toml")))
}

/// A name in the form in which it is compared: folded words with single spaces.
pub(super) fn name_key(name: &str) -> String {
    let folded = fold(name);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

fn texts(value: Option<&toml::Value>) -> Localized<String> {
    let entries = value.and_then(toml::Value::as_table).into_iter().flatten();
    let texts = entries
        .filter_map(|(code, text)| Some((Language::from_locale(code)?, text.as_str()?.to_owned())));
    texts.collect()
}

fn list(value: Option<&toml::Value>) -> Vec<String> {
    let entries = value.and_then(toml::Value::as_array).into_iter().flatten();
    entries.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn section<'a>(
    table: &'a Table,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a toml::Value)> {
    table.get(name).and_then(toml::Value::as_table).into_iter().flatten()
}

impl Terms {
    fn read(text: &str) -> Self {
        // A test reads every entry, so a fault of the table cannot reach a user.
        let table: Table = toml::from_str(text).unwrap_or_default();
        let mut terms = Self::default();
        for (key, entry) in section(&table, "property") {
            let (label, question) = (texts(entry.get("label")), texts(entry.get("question")));
            for name in list(entry.get("names")) {
                terms.property_names.insert(name_key(&name), key.clone());
            }
            terms.properties.insert(key.clone(), NamedProperty { label, question });
        }
        for (key, entry) in section(&table, "measure") {
            for name in list(entry.get("names")) {
                // `ø` is no letter word.
                let name = if name == "ø" { name } else { name_key(&name) };
                terms.measure_names.entry(name).or_default().push(key.clone());
            }
            let family = entry.get("family").and_then(toml::Value::as_str).unwrap_or_default();
            let label = texts(entry.get("label"));
            terms.measures.insert(key.clone(), Measure { family: family.to_owned(), label });
        }
        for (name, entry) in section(&table, "unit") {
            if let [key, factor, family] = list(Some(entry)).as_slice() {
                let factor = Decimal::from_str(factor).unwrap_or(Decimal::ONE);
                let unit = Unit { key: key.clone(), factor, family: family.clone() };
                terms.units.insert(fold(name), unit);
            }
        }
        let words = |entry: &toml::Value| -> Words {
            let languages = entry.as_table().into_iter().flatten();
            let lists = languages.filter_map(|(code, words)| {
                Some((Language::from_locale(code)?, list(Some(words))))
            });
            lists.collect()
        };
        let known = |name| {
            let all = section(&table, name).map(|(id, entry)| (id.clone(), words(entry)));
            Known::new(all.collect())
        };
        terms.colours = known("colour");
        terms.materials = known("material");
        let noise = table.get("noise").and_then(|noise| noise.get("words"));
        terms.noise = list(noise).iter().map(|word| name_key(word)).collect();
        terms
    }

    /// The key of a property by its name in any language: `Matière` is `material`. Of a longer name
    /// the noun decides: the last word of `Pot size`, the first one of `Taille du pot`.
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let key = name_key(name);
        let words: Vec<&str> = key.split(' ').collect();
        let joins = |word: &&str| JOINTS.contains(word);
        let head = match words.as_slice() {
            [_] => None,
            [first, second, ..] if joins(second) => self.property_names.get(*first),
            [.., last] => self.property_names.get(*last),
            [] => None,
        };
        let head = head.filter(|key| HEADS.contains(&key.as_str()));
        self.property_names.get(&key).or(head).map(String::as_str)
    }

    /// The measure of a name for a family of units.
    pub(super) fn measure(&self, name: &str, family: &str) -> Option<&str> {
        let fits = |key: &&String| self.measures.get(*key).is_some_and(|m| m.family == family);
        self.measure_names.get(name)?.iter().find(fits).map(String::as_str)
    }

    /// Whether a name is that of a measure.
    pub(super) fn is_measure(&self, name: &str) -> bool {
        let key = name_key(name);
        let mut words = key.split(' ');
        self.measure_names.contains_key(&key)
            || words.next_back().is_some_and(|last| self.measure_names.contains_key(last))
            || words.next().is_some_and(|first| self.measure_names.contains_key(first))
    }

    /// A unit by how shops write it.
    pub(super) fn unit(&self, written: &str) -> Option<&Unit> {
        self.units.get(&fold(written.trim_end_matches('.')))
    }

    /// Whether a category or tag is one that shops use for themselves.
    pub(super) fn is_noise(&self, text: &str) -> bool {
        let key = name_key(text);
        let digits = key.chars().filter(char::is_ascii_digit).count();
        key.is_empty() || self.noise.contains(&key) || digits * 2 > key.chars().count()
    }
}

/// Known values that a text names in a language, by whole words, longer words first; a word counts
/// for the longest phrase only.
pub(super) fn named(text: &str, table: &Known, languages: &[Language]) -> Vec<String> {
    let padded = format!(" {} ", name_key(text));
    let mut found: Vec<(usize, usize, &String)> = Vec::new();
    for (_, word, id) in table.keys.iter().filter(|(own, _, _)| languages.contains(own)) {
        for (at, _) in padded.match_indices(word.as_str()) {
            let end = at + word.len();
            let whole = padded[..at].ends_with(' ') && padded[end..].starts_with(' ');
            if whole && !word.is_empty() {
                found.push((at, end, id));
            }
        }
    }
    found.sort_by_key(|(start, end, id)| (*start, std::cmp::Reverse(*end), (*id).clone()));
    let mut kept: Vec<String> = Vec::new();
    let mut until = 0;
    for (start, end, id) in found {
        if start >= until {
            until = end;
            if !kept.contains(id) {
                kept.push(id.clone());
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let terms = terms();
        for property in terms.properties.values() {
            assert_eq!(property.label.len(), Language::SHIPPED.len());
        }
        for measure in terms.measures.values() {
            assert_eq!(measure.label.len(), Language::SHIPPED.len());
        }
        let values = terms.colours.words.values().chain(terms.materials.words.values());
        for words in values {
            assert_eq!(words.len(), Language::SHIPPED.len());
            assert!(words.values().all(|words| !words.is_empty()));
        }
        assert!(terms.materials.words.len() > 40 && terms.colours.words.len() > 12);
    }

    #[test]
    fn names_are_known_in_any_language_and_with_other_words() {
        let terms = terms();
        for (name, key) in [
            ("Taille", Some("size")),
            ("Pot Size", Some("size")),
            ("COULEUR", Some("colour")),
            ("Taille du pot", Some("size")),
            ("Light", None),
        ] {
            assert_eq!(terms.property(name), key, "{name}");
        }
        assert_eq!(terms.measure("height", "length"), Some("height"));
        assert_eq!(terms.unit("kg").unwrap().key, "g");
        assert!(terms.is_noise("Soldes") && terms.is_noise("2024") && !terms.is_noise("cactus"));
    }

    #[test]
    fn known_values_are_found_by_whole_words() {
        let colours = &terms().colours;
        assert_eq!(named("Forest Green / white", colours, &[Language::EN]), ["green", "white"]);
        assert_eq!(named("Infrared", colours, &[Language::EN]), Vec::<String>::new());
        let materials = &terms().materials;
        assert_eq!(named("Stainless steel can", materials, &[Language::EN]), ["stainless_steel"]);
    }
}
