//! The public taxonomy: wider categories for types that the shop lists side by side, and words.

use crate::derive::kind::Kind;
use crate::derive::labels::small;
use crate::derive::terms::name_key;
use crate::exports::ExportedProduct;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use vitrine_base::language::Language;

/// Puts categories without any path under the places of the taxonomy that several of them share:
/// `Houseplants` and `Cacti` are both `Plants`. The taxonomy is in English.
pub(super) fn widened(
    products: &[ExportedProduct],
    mut paths: Vec<Vec<String>>,
    language: Language,
) -> Vec<Vec<String>> {
    if language != Language::EN || paths.iter().any(|path| path.len() > 1) {
        return paths;
    }
    // Type → the place that most of its products have.
    let mut places: BTreeMap<String, BTreeMap<Vec<String>, usize>> = BTreeMap::new();
    for (product, path) in products.iter().zip(&paths) {
        if let Some(label) = path.first().filter(|_| !product.taxonomy.is_empty()) {
            let own = places.entry(name_key(label)).or_default();
            *own.entry(product.taxonomy.clone()).or_default() += 1;
        }
    }
    let most = |own: BTreeMap<Vec<String>, usize>| {
        own.into_iter().max_by_key(|(_, count)| *count).map(|(place, _)| place)
    };
    let places: BTreeMap<String, Vec<String>> =
        places.into_iter().filter_map(|(label, own)| Some((label, most(own)?))).collect();
    let mut below: BTreeMap<&[String], BTreeSet<&str>> = BTreeMap::new();
    for (label, place) in &places {
        for depth in 1..=place.len() {
            below.entry(&place[..depth]).or_default().insert(label);
        }
    }
    let types: BTreeSet<String> =
        paths.iter().filter_map(|path| path.first()).map(|label| name_key(label)).collect();
    for path in &mut paths {
        let Some(place) = path.first().and_then(|label| places.get(&name_key(label))) else {
            continue;
        };
        let mut wider: Vec<String> = Vec::new();
        let mut before = types.len();
        for depth in 1..=place.len() {
            let count = below.get(&place[..depth]).map_or(0, BTreeSet::len);
            let label = &place[depth - 1];
            if count >= 2 && count < before && !types.contains(&name_key(label)) {
                wider.push(label.clone());
                before = count;
            }
        }
        wider.append(path);
        *path = wider;
    }
    paths
}

/// Words of the public taxonomy, where all products of a category have the same place in it.
pub(super) fn words(
    products: &[ExportedProduct],
    of: &[usize],
    all: &mut [Kind],
    language: Language,
) {
    let mut leaves: HashMap<usize, HashSet<&str>> = HashMap::new();
    for (product, kind) in products.iter().zip(of) {
        let leaf = product.taxonomy.last().map_or("", String::as_str);
        leaves.entry(*kind).or_default().insert(leaf);
    }
    let single: HashMap<usize, &str> = leaves
        .into_iter()
        .filter_map(|(kind, leaves)| match leaves.into_iter().collect::<Vec<_>>().as_slice() {
            [leaf] if !leaf.is_empty() => Some((kind, *leaf)),
            _ => None,
        })
        .collect();
    for (kind, leaf) in &single {
        // A place that several categories share is wider than each of them.
        let shared = single.values().filter(|other| *other == leaf).count() > 1;
        if language != Language::EN || shared {
            continue;
        }
        let word = small(leaf, language);
        let words = all[*kind].words.list(language).to_vec();
        if all[*kind].label.get(language) != Some(&word) && !words.contains(&word) {
            all[*kind].words.insert(language, words.into_iter().chain([word]).collect());
        }
    }
}
