//! Properties that say the same twice: tags that repeat a value, and two fields for one thing.

use crate::derive::gathered::Gathered;
use crate::derive::gathered::compared;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

/// Fewest products with a tag that a flag's products are compared with.
const SAME_MIN: usize = 3;

/// Share of its values that a property must repeat from another to count as the same property.
const DOUBLE_SHARE: f64 = 0.85;

/// Gives tags to what they repeat: a value of the same words, or a flag of the same products.
pub(super) fn tags(gathered: &mut BTreeMap<String, Gathered>, language: Language) {
    let tags: Vec<String> =
        gathered.iter().filter(|(_, p)| p.tag && !p.flag).map(|(key, _)| key.clone()).collect();
    for tag in tags {
        let Some(property) = gathered.get(&tag) else { continue };
        let words = compared(&tag.replace('_', " "), language);
        let (products, labels) = (property.products.clone(), property.labels.clone());
        let same_words = |(key, other): &(&String, &Gathered)| {
            **key != tag && !other.tag && other.values.contains_key(&words)
        };
        let same_products = |(key, other): &(&String, &Gathered)| {
            **key != tag
                && other.flag
                && products.len() >= SAME_MIN
                && other.values.get(*key).is_some_and(|value| value.products == products)
        };
        let target = gathered.iter().find(same_words).map(|(key, _)| (key.clone(), words.clone()));
        let target = target.or_else(|| {
            gathered.iter().find(same_products).map(|(key, _)| (key.clone(), key.clone()))
        });
        let Some((target, value)) = target else { continue };
        gathered.remove(&tag);
        if let Some(target) = gathered.get_mut(&target) {
            target.products.extend(&products);
            let value = target.values.entry(value).or_default();
            value.products.extend(products);
            for (label, count) in labels {
                *value.spellings.entry(label).or_default() += count;
            }
        }
    }
}

/// Most properties that are compared with each other, those of the most products first.
const COMPARED_MAX: usize = 120;

/// Products, each with a value that it states.
type Stated = BTreeSet<(usize, String)>;

/// Drops a property whose values another one repeats: a metafield and a line of the text.
pub(super) fn doubles(gathered: &mut BTreeMap<String, Gathered>) {
    let pairs = |property: &Gathered| -> Stated {
        let values = property.values.iter();
        values.flat_map(|(v, found)| found.products.iter().map(|p| (*p, v.clone()))).collect()
    };
    let worded = gathered.iter().filter(|(_, p)| !p.tag && !p.flag && !p.values.is_empty());
    let mut worded: Vec<(&String, &Gathered)> = worded.collect();
    worded.sort_by_key(|(key, property)| (Reverse(property.products.len()), (*key).clone()));
    let compared = worded.into_iter().take(COMPARED_MAX);
    let all: Vec<(String, usize, Stated)> =
        compared.map(|(key, property)| (key.clone(), property.own, pairs(property))).collect();
    let mut dropped: BTreeSet<&String> = BTreeSet::new();
    for (key, own, stated) in &all {
        for (other, other_own, others) in &all {
            let better = (other_own, others.len(), other) > (own, stated.len(), key);
            if other == key || !better || dropped.contains(other) {
                continue;
            }
            let shared = stated.intersection(others).count();
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            let share = shared as f64 / stated.len().max(1) as f64;
            if share >= DOUBLE_SHARE {
                dropped.insert(key);
            }
        }
    }
    for key in dropped {
        gathered.remove(key);
    }
}
