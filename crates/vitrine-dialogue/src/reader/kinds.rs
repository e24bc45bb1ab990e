//! What words of the catalogue mean in a message: the kind of product, values, versions of the
//! product under discussion; and the words that nothing explains.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::scene::Scene;
use super::scene::Seen;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::MentionTarget;

/// The facet values that words can mean.
pub(crate) fn values(seen: &Seen) -> Vec<&FacetChoice> {
    let targets = seen.targets.iter();
    targets
        .filter_map(|target| match target {
            MentionTarget::Value(choice) => Some(choice),
            _ => None,
        })
        .collect()
}

pub(crate) fn category(seen: &Seen) -> Option<&str> {
    seen.targets.iter().find_map(|target| match target {
        MentionTarget::Category(id) => Some(id.as_str()),
        _ => None,
    })
}

/// The kind that words mean: of several, the one looked for, else one whose products have the
/// values wished for ("skiing … a helmet").
pub(crate) fn best_category<'a>(scene: &'a Scene<'_>, seen: &'a Seen) -> Option<&'a str> {
    let kinds: Vec<&str> = seen
        .targets
        .iter()
        .filter_map(|target| match target {
            MentionTarget::Category(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    if kinds.len() < 2 {
        return kinds.first().copied();
    }
    let state = scene.input.state;
    let catalog = scene.input.catalog;
    let later = state.later.iter().filter_map(|need| need.category.as_deref());
    let known: Vec<&str> = state.need.category.as_deref().into_iter().chain(later).collect();
    if let Some(kind) = kinds.iter().find(|kind| known.contains(kind)) {
        return Some(kind);
    }
    let named = scene.seen.iter().flat_map(values).map(|choice| (&choice.key, &choice.value));
    let wished = state.need.facets.iter();
    let wished = wished.flat_map(|(key, wish)| wish.must.iter().map(move |value| (key, value)));
    let wishes: Vec<(&String, &String)> = named.chain(wished).collect();
    let met = |kind: &str| {
        let own = catalog.products().iter().filter(|one| catalog.is_within(&one.category, kind));
        let met = own.map(|product| {
            let states = |(key, value): &&(&String, &String)| {
                product.facets.get(*key).is_some_and(|values| values.contains(*value))
            };
            wishes.iter().filter(states).count()
        });
        met.max().unwrap_or_default()
    };
    let best = kinds.iter().enumerate().max_by_key(|(at, kind)| (met(kind), usize::MAX - at));
    best.map(|(_, kind)| *kind)
}

/// Content words that no command explains, for the ranking of products.
pub(crate) fn loose_words(draft: &Draft<'_, '_>) -> Vec<String> {
    let scene = draft.scene;
    let mut found: Vec<String> = Vec::new();
    for (at, token) in scene.tokens.iter().enumerate() {
        let word = token.text.chars().count() > 2
            && token.text.chars().all(char::is_alphabetic)
            && !scene.cues.is_filler(&token.text);
        // A phrase that only marks a question, such as "what is", leaves its longer words
        // unexplained.
        let degree =
            |hit: &Hit| [Cue::Most, Cue::Least, Cue::Beside].iter().any(|cue| hit.is(*cue));
        let asks = |hit: &Hit| {
            let body = matches!(hit.meaning, Meaning::Body(_));
            let question = hit.is(Cue::Question) || hit.is(Cue::Copula);
            hit.tokens.len() > 1 && question || degree(hit) || body
        };
        let cued = scene.hits.iter().any(|hit| hit.tokens.contains(&at) && !asks(hit));
        if word && !cued && !draft.used[at] && !scene.taken[at] && !found.contains(&token.text) {
            found.push(token.text.clone());
        }
    }
    for seen in &scene.seen {
        for target in &seen.targets {
            if let MentionTarget::Brand(brand) = target
                && !found.contains(brand)
                && !draft.is_used(&seen.tokens)
            {
                found.push(brand.clone());
            }
        }
    }
    found
}

/// A value that the product under discussion comes in is one of its options, in whatever language
/// it is said: "en noir".
pub(crate) fn own_option(scene: &Scene<'_>, choice: &FacetChoice) -> bool {
    let state = scene.input.state;
    let focus = state.focus.as_ref().filter(|_| state.last_shown.len() <= 1);
    let focus = focus.and_then(|focus| scene.input.catalog.product(&focus.sku));
    focus.is_some_and(|product| {
        product.options.contains(&choice.key)
            && product.option_values(&choice.key).contains(&choice.value.as_str())
    })
}
