//! Which properties become facets, with which values, labels and words; all others are attributes.
//!
//! A property is a facet if several products share its values. Values that differ in case, accents
//! and number are one. A tag is a facet of its own with one value, so that "pet friendly and easy
//! care" wants both.

mod merge;

use crate::derive::gathered::Gathered;
use crate::derive::gathered::GatheredValue;
use crate::derive::gathered::compared;
use crate::derive::gathered::gather;
use crate::derive::gathered::spelled;
use crate::derive::groups::Meaning;
use crate::derive::groups::Vectors;
use crate::derive::groups::grouped;
use crate::derive::labels::identifier;
use crate::derive::labels::small;
use crate::derive::statements::Statement;
use crate::derive::terms::Words;
use crate::derive::terms::name_key;
use crate::derive::terms::terms;
use crate::exports::Translations;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Most facets; the gateway allows 64, and the owner may add some.
const FACETS_MAX: usize = 56;

/// Most values of a facet; the gateway allows 512.
const VALUES_MAX: usize = 200;

/// Longest value of a facet, in characters.
const VALUE_CHARS_MAX: usize = 48;

/// Fewest products that share a tag.
const TAGGED_MIN: usize = 2;

/// Share of products above which a tag says nothing.
const TAGGED_SHARE_MAX: f64 = 0.9;

/// Fewest products per value of a property, on average.
const SHARED_MIN: f64 = 1.4;

/// How much an answer to a question about colours or materials is worth. Other derived facets are
/// not asked about until the owner says so: "which watering would you like?" helps nobody.
const ASK: f64 = 0.6;

/// Most values of a facet that is asked about.
const ASKED_VALUES_MAX: usize = 24;

/// A value of a facet.
#[derive(Debug, Clone, Default)]
pub(super) struct FacetValue {
    pub(super) id: String,
    pub(super) label: Localized<String>,
    pub(super) words: Localized<Vec<String>>,
    pub(super) products: usize,
}

/// A facet.
#[derive(Debug, Clone, Default)]
pub(super) struct Facet {
    pub(super) key: String,
    pub(super) label: Localized<String>,
    pub(super) question: Localized<String>,
    pub(super) ask: f64,
    pub(super) values: Vec<FacetValue>,
    pub(super) products: usize,
}

/// The languages of a shop, its own first, and translations of its words.
#[derive(Clone, Copy)]
pub(super) struct Tongues<'a> {
    pub(super) languages: &'a [Language],
    pub(super) translations: &'a Translations,
}

impl Tongues<'_> {
    pub(super) fn base(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::EN)
    }

    /// A text of the shop in all its languages.
    fn localized(&self, text: &str) -> Localized<String> {
        let others = self.languages.iter().skip(1).filter_map(|language| {
            Some((*language, small(self.translations.of(text, *language)?, *language)))
        });
        [(self.base(), small(text, self.base()))].into_iter().chain(others).collect()
    }

    fn only<T: Clone>(&self, texts: &Localized<T>) -> Localized<T> {
        let own = self.languages.iter().filter_map(|l| Some((*l, texts.get(*l)?.clone())));
        own.collect()
    }
}

/// Facets, and the values of each product by facet.
pub(super) type Derived = (Vec<Facet>, Vec<BTreeMap<String, Vec<String>>>);

/// Chooses the facets of products by their statements; `taken` are keys of categories, whose words
/// are no facets.
pub(super) fn derive(
    statements: &[Vec<Statement>],
    tongues: Tongues<'_>,
    taken: &BTreeSet<String>,
    meaning: Option<&dyn Meaning>,
) -> Derived {
    let mut gathered = gather(statements, tongues.base());
    merge::tags(&mut gathered, tongues.base());
    merge::doubles(&mut gathered);
    let mut facets: Vec<Facet> = Vec::new();
    let mut of = vec![BTreeMap::new(); statements.len()];
    let mut chosen: Vec<(&String, &Gathered)> = gathered
        .iter()
        .filter(|(key, property)| is_facet(key, property, statements.len(), taken, tongues.base()))
        .collect();
    // Own fields before tags, then what more products state.
    chosen.sort_by_key(|(key, property)| {
        (property.tag, std::cmp::Reverse(property.products.len()), (*key).clone())
    });
    chosen.truncate(FACETS_MAX);
    let worded = chosen.iter().filter(|(_, property)| !property.known && !property.tag);
    let texts: BTreeSet<String> =
        worded.flat_map(|(_, property)| spelled(property)).map(|(_, spelling)| spelling).collect();
    let vectors = Vectors::of(texts.into_iter().collect(), meaning);
    for (key, property) in chosen {
        let groups = grouped(&spelled(property), vectors.as_ref().filter(|_| !property.known));
        let facet = facet(key, property, &groups, tongues, &mut of);
        if !facet.values.is_empty() {
            facets.push(facet);
        }
    }
    (facets, of)
}

fn is_facet(
    key: &str,
    property: &Gathered,
    products: usize,
    taken: &BTreeSet<String>,
    language: Language,
) -> bool {
    let stating: usize = property.values.values().map(|value| value.products.len()).sum();
    let values = property.values.len();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (share, products) = (property.products.len() as f64, products as f64);
    if key.is_empty() || values == 0 || matches!(key, "dimensions" | "size" | "care") {
        return false;
    }
    if property.tag {
        let common = property.products.len() >= TAGGED_MIN && share / products <= TAGGED_SHARE_MAX;
        return common && !taken.contains(&compared(&key.replace('_', " "), language));
    }
    if property.flag {
        return stating >= TAGGED_MIN;
    }
    let short = property.values.values().all(|value| {
        value.spellings.keys().all(|spelling| spelling.chars().count() <= VALUE_CHARS_MAX)
    });
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let shared = stating as f64 / values as f64 >= SHARED_MIN;
    let known = property.known && stating >= TAGGED_MIN;
    (known || (short && shared)) && values <= VALUES_MAX
}

/// One facet with its values; `groups` are the compared values that mean the same.
fn facet(
    key: &str,
    property: &Gathered,
    groups: &[Vec<String>],
    tongues: Tongues<'_>,
    of: &mut [BTreeMap<String, Vec<String>>],
) -> Facet {
    let known = terms().properties.get(key);
    let label = property.labels.iter().max_by_key(|(_, count)| **count).map(|(label, _)| label);
    let label = match (known, label) {
        (Some(known), _) => tongues.only(&known.label),
        (None, Some(label)) => tongues.localized(label),
        (None, None) => tongues.localized(&key.replace('_', " ")),
    };
    let mut values = values_of((key, property), groups, (&label, tongues), of);
    values.sort_by_key(|value| std::cmp::Reverse(value.products));
    let several = values.len() > 1 && !property.tag && !property.flag;
    let question = known.map(|known| tongues.only(&known.question)).filter(|own| !own.is_empty());
    let asked = several && question.is_some() && values.len() <= ASKED_VALUES_MAX;
    let question = question.unwrap_or_else(|| questions(&label));
    Facet {
        key: key.to_owned(),
        question: if several { question } else { Localized::new() },
        label,
        ask: if asked { ASK } else { 0.0 },
        values,
        products: property.products.len(),
    }
}

/// The values of a facet, one for each group; gives them to the products.
fn values_of(
    (key, property): (&str, &Gathered),
    groups: &[Vec<String>],
    (label, tongues): (&Localized<String>, Tongues<'_>),
    of: &mut [BTreeMap<String, Vec<String>>],
) -> Vec<FacetValue> {
    let mut values = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    let best: HashMap<String, String> = spelled(property).into_iter().collect();
    for group in groups {
        let Some(first) = group.first() else { continue };
        let spelling = best.get(first).cloned().unwrap_or_default();
        let own = property.known || first == key;
        let id = identifier(if own { first } else { &spelling });
        let free = !id.is_empty() && !ids.contains(&id);
        let id = if free { id } else { format!("value_{}", values.len() + 1) };
        ids.insert(id.clone());
        let members: Vec<&GatheredValue> =
            group.iter().filter_map(|compared| property.values.get(compared)).collect();
        let products: BTreeSet<usize> =
            members.iter().flat_map(|value| value.products.iter().copied()).collect();
        for product in &products {
            of[*product].entry(key.to_owned()).or_default().push(id.clone());
        }
        let spellings: BTreeSet<&String> =
            members.iter().flat_map(|value| value.spellings.keys()).collect();
        let itself = property.tag || property.flag;
        let label = match (itself, key) {
            (true, _) => label.clone(),
            // Countries keep their capitals.
            (false, "made_in") => [(tongues.base(), spelling)].into_iter().collect(),
            (false, _) => tongues.localized(&spelling),
        };
        let mut value = FacetValue { id, label, products: products.len(), ..FacetValue::default() };
        words(key, &mut value, &spellings, tongues);
        values.push(value);
    }
    values
}

/// Labels and words of a value: those of the tables for known ones, and the shop's spellings.
fn words(key: &str, value: &mut FacetValue, spellings: &BTreeSet<&String>, tongues: Tongues<'_>) {
    let table: Option<&HashMap<String, Words>> = match key {
        "colour" => Some(&terms().colours.words),
        "material" => Some(&terms().materials.words),
        _ => None,
    };
    let known = table.and_then(|table| table.get(&value.id));
    if let Some(known) = known {
        let labels = tongues
            .languages
            .iter()
            .filter_map(|language| Some((*language, known.get(*language)?.first()?.clone())));
        value.label = labels.collect();
    }
    for language in tongues.languages {
        let base = *language == tongues.base();
        let mut all: Vec<String> =
            known.map_or_else(Vec::new, |known| known.list(*language).to_vec());
        for spelling in spellings {
            let own = if base {
                Some(spelling.as_str())
            } else {
                tongues.translations.of(spelling, *language)
            };
            all.extend(own.map(|own| small(own, *language)));
        }
        let label = value.label.get(*language);
        let mut seen: BTreeSet<String> = label.iter().map(|label| name_key(label)).collect();
        all.retain(|word| !word.is_empty() && seen.insert(name_key(word)));
        if !all.is_empty() {
            value.words.insert(*language, all);
        }
    }
}

/// A question of a facet by its label, which fits a label of any gender.
fn questions(label: &Localized<String>) -> Localized<String> {
    let asked = label.iter().map(|(language, label)| {
        let mut letters = label.chars();
        let capital: String =
            letters.next().map(char::to_uppercase).into_iter().flatten().collect();
        let capital = format!("{capital}{}", letters.as_str());
        let text = match language {
            Language::FR => format!("{capital} : que préférez-vous ?"),
            Language::DE => format!("{capital}: Was darf es sein?"),
            Language::ES => format!("{capital}: ¿qué prefieres?"),
            Language::IT => format!("{capital}: che cosa preferisce?"),
            Language::PT => format!("{capital}: o que prefere?"),
            _ => format!("Which {label} would you like?"),
        };
        (language, text)
    });
    asked.collect()
}
