//! Properties of products by the words for them: keys of the shop, their labels, and general names
//! such as "weight".

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use super::tokens::fold;
use crate::command::Reference;
use crate::shop::Lookups;
use crate::shop::Product;
use std::ops::Range;

/// Whether tokens lie in others.
pub(crate) fn inside(part: &Range<usize>, whole: &Range<usize>) -> bool {
    part.start >= whole.start && part.end <= whole.end
}

/// Other parts of catalogue keys that a general property can have.
const ALIASES: [(&str, &[&str]); 14] = [
    ("range", &["range", "autonomy", "runtime", "playtime", "battery"]),
    ("weight", &["weight", "load"]),
    ("filling", &["filling", "fill", "material"]),
    ("load", &["load", "max"]),
    ("origin", &["made", "origin", "country"]),
    ("material", &["material", "fabric", "composition", "upper"]),
    ("colour", &["colour", "color"]),
    ("thickness", &["thickness", "thick"]),
    (
        "dimensions",
        &[
            "dimensions",
            "dimension",
            "size",
            "screen",
            "diameter",
            "height",
            "length",
            "volume",
            "capacity",
        ],
    ),
    ("capacity", &["capacity", "volume", "storage", "content"]),
    ("battery", &["battery", "autonomy", "runtime", "playtime"]),
    ("warranty", &["warranty", "guarantee"]),
    ("care", &["care", "washable", "wash", "machine"]),
    ("width", &["width", "diameter"]),
];

/// Fewest letters of a label, and of a part of a key, that a question may share.
pub(crate) const LABEL_LETTERS_MIN: usize = 3;

const OWN_LETTERS_MIN: usize = 3;

/// The property of a product that shares a word with a question; empty if none does.
pub(crate) fn own_key(scene: &Scene<'_>, sentence: &Sentence, about: Option<&Reference>) -> String {
    let Some(product) = product_at(scene, about) else { return String::new() };
    let name = fold(&product.name);
    let named = |word: &&str| name.split_whitespace().any(|part| part == *word);
    let words = || {
        let words = sentence.tokens.clone().map(|at| scene.tokens[at].text.as_str());
        words.filter(|word| !named(word))
    };
    let shares = |key: &&String| {
        let long = |part: &&str| part.chars().count() >= OWN_LETTERS_MIN;
        let own = |part: &str| !matches!(part, "included" | "size" | "type");
        key.split('_').filter(long).any(|part| own(part) && words().any(|word| word == part))
    };
    let own = product.attributes.keys().find(shares);
    own.or_else(|| lasting(scene, product)).cloned().unwrap_or_default()
}

/// "how long does it last?": the one property of a product that is stated in hours, days or so.
fn lasting<'a>(scene: &Scene<'_>, product: &'a Product) -> Option<&'a String> {
    let time = |key: &&String| {
        let unit = key.rsplit_once('_').map(|(_, unit)| unit);
        matches!(unit, Some("hours" | "h" | "days" | "minutes" | "min"))
    };
    let mut timed = product.attributes.keys().filter(time);
    let only = timed.next().filter(|_| timed.next().is_none());
    only.filter(|_| scene.has(Cue::HowLong))
}

/// The product that a question is about: named, referred to, or the one in focus.
pub(crate) fn about(draft: &mut Draft<'_, '_>, sentence: &Sentence) -> Option<Reference> {
    let found = references::find(draft.scene, &sentence.tokens).into_iter().next();
    match found {
        Some((reference, tokens)) => {
            draft.mark(&tokens);
            let known = reference != Reference::Focus || draft.scene.in_focus();
            known.then_some(reference)
        }
        None => draft.scene.in_focus().then_some(Reference::Focus),
    }
}

/// Whether a general property is named in a sentence.
pub(crate) fn names_attribute(scene: &Scene<'_>, sentence: &Sentence) -> bool {
    scene.hits.iter().any(|hit| {
        matches!(hit.meaning, Meaning::Attribute(_)) && inside(&hit.tokens, &sentence.tokens)
    })
}

/// The key of the shop for a general property; empty if it has none.
pub(crate) fn key_of(scene: &Scene<'_>, general: &str, product: Option<&Product>) -> String {
    let own = [general];
    let parts = ALIASES.iter().find(|(name, _)| *name == general).map_or(&own[..], |(_, all)| all);
    let fits = |key: &str| key.split('_').any(|part| parts.contains(&part));
    // The parts are in order of preference: "autonomy" is a range before it is a battery.
    let stated = product.and_then(|one| {
        parts.iter().find_map(|wanted| {
            one.attributes.keys().find(|key| key.split('_').any(|part| part == *wanted))
        })
    });
    if let Some(key) = stated {
        return key.clone();
    }
    let facet = scene.input.catalog.facets().iter().find(|facet| fits(&facet.key));
    if let Some(facet) = facet {
        return facet.key.clone();
    }
    let mut all = scene.input.catalog.products().iter().flat_map(|one| one.attributes.keys());
    all.find(|key| fits(key)).cloned().unwrap_or_default()
}

/// Parts of keys of properties that sizes in some unit answer.
const MEASURES: [(&str, &[&str]); 9] = [
    ("capacity", &["l", "ml", "cl", "GB", "TB"]),
    ("volume", &["l", "ml", "cl"]),
    ("storage", &["GB", "TB"]),
    ("content", &["l", "ml", "cl", "g", "kg"]),
    ("dimensions", &["cm", "mm", "m", "l", "ml"]),
    ("size", &["cm", "mm", "m", "l", "ml"]),
    ("diameter", &["cm", "mm"]),
    ("length", &["cm", "m"]),
    ("weight", &["g", "kg"]),
];

/// The option whose values tell a property that a product does not state: "0.8 l" of a kettle tells
/// what it holds.
pub(crate) fn measuring_option<'a>(product: &'a Product, key: &str) -> Option<&'a String> {
    let stated = product.attributes.contains_key(key) || product.facets.contains_key(key);
    let units = MEASURES.iter().find(|(part, _)| key.split('_').any(|one| one == *part));
    let (_, units) = units.filter(|_| !stated)?;
    let in_unit = |value: &&str| {
        let unit = value.trim_start_matches(|c: char| !c.is_alphabetic());
        value.starts_with(|c: char| c.is_ascii_digit()) && units.contains(&unit)
    };
    product.options.iter().find(|option| {
        let values = product.option_values(option);
        !values.is_empty() && values.iter().all(in_unit)
    })
}

/// The property of a product that is the same as one of another product: `weight_kg` for
/// `weight_g`.
pub(crate) fn alike<'a>(product: &'a Product, key: &str) -> Option<&'a String> {
    let first = |key: &'a str| key.split('_').next().unwrap_or(key);
    let wanted = key.split('_').next().filter(|part| !part.is_empty())?;
    let same = product.attributes.keys().find(|own| first(own) == wanted);
    let part = || product.attributes.keys().find(|own| own.split('_').any(|one| one == wanted));
    same.or_else(part).or_else(|| {
        let (_, parts) =
            ALIASES.iter().find(|(name, all)| *name == wanted || all.contains(&wanted))?;
        product.attributes.keys().find(|own| own.split('_').any(|part| parts.contains(&part)))
    })
}

/// The product that a reference means, where that is plain.
pub(crate) fn product_at<'a>(scene: &Scene<'a>, about: Option<&Reference>) -> Option<&'a Product> {
    let catalog = scene.input.catalog;
    match about {
        Some(Reference::Product(sku)) => catalog.product(sku),
        _ => catalog.product(&scene.input.state.focus.as_ref()?.sku),
    }
}

/// Keys and labels of the shop's own facets and attributes in a sentence.
pub(crate) fn labels(scene: &Scene<'_>, sentence: &Sentence) -> Vec<(String, Range<usize>)> {
    let catalog = scene.input.catalog;
    let focus = scene.input.state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let named = references::products(scene, &sentence.tokens).into_iter();
    let named = named.filter_map(|(reference, _)| product_at(scene, Some(&reference)));
    let keys = named.chain(focus).flat_map(|product| product.attributes.keys().map(String::as_str));
    let keys = keys.chain(catalog.facets().iter().map(|facet| facet.key.as_str()));
    let mut found = Vec::new();
    for key in keys {
        let label = fold(&catalog.key_label(key, scene.input.language));
        let words: Vec<&str> = label.split_whitespace().collect();
        let Some(first) = words.first().filter(|word| {
            word.chars().count() >= LABEL_LETTERS_MIN && !scene.cues.is_filler(word)
        }) else {
            continue;
        };
        let start = sentence.tokens.clone().find(|at| {
            scene.tokens[*at].text == *first
                && words.iter().enumerate().all(|(offset, word)| {
                    scene.tokens.get(at + offset).is_some_and(|token| token.text == *word)
                })
        });
        if let Some(start) = start {
            found.push((key.to_owned(), start..start + words.len()));
        }
    }
    found
}
