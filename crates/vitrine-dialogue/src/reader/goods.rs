//! Goods in the words of titles and features, and what words beside them mean: another kind of
//! product or none, a version of the one under discussion, the age of a child.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::kinds::best_category;
use super::kinds::category;
use super::kinds::loose_words;
use super::kinds::own_option;
use super::scene::SURE;
use super::scene::Scene;
use super::scene::Seen;
use super::tokens::folded_words;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Reference;
use crate::command::SizeSystem;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use std::ops::Range;

/// Fewest letters of a word that is looked up in titles and features, and most words of a message
/// that is only a word for goods.
const GOODS_LETTERS_MIN: usize = 3;
pub(super) const GOODS_WORDS_MAX: usize = 4;

const WORD_LETTERS_MIN: usize = 4;

/// Letters by which two words are forms of one.
const STEM_LETTERS_MIN: usize = 6;

/// Highest age of a child.
const CHILD_MAX: u32 = 13;

/// Values of a facet that mean children.
pub(crate) const CHILDREN: [&str; 5] = ["kids", "children", "child", "kid", "junior"];

/// "a tablet for a 4 year old": goods for children, where the shop tells them apart.
pub(super) fn age(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let catalog = scene.input.catalog;
    let years = |hit: &&Hit| hit.meaning == Meaning::Measure("year".to_owned());
    let figure = scene.figures.iter().find(|figure| {
        let unit = scene.hits.iter().filter(years).any(|hit| hit.tokens.start == figure.bare.end);
        let unit = unit || is_class(scene, figure.bare.start);
        let child = figure.count().is_some_and(|count| (1..=CHILD_MAX).contains(&count));
        unit && child && scene.topic_in(&scene.clause_of(figure.bare.start)).is_none()
    });
    let Some(figure) = figure else { return };
    let values = catalog.facets().iter().find_map(|facet| {
        let value = facet.values.iter().find(|value| CHILDREN.contains(&value.id.as_str()))?;
        Some((facet.key.clone(), value.id.clone()))
    });
    let Some((facet, value)) = values else { return };
    let stated = draft.any(
        |command| matches!(command, Command::Constrain { facet: known, .. } if *known == facet),
    );
    let wished = draft.any(|command| {
        matches!(
            command,
            Command::Seek { .. }
                | Command::Browse
                | Command::Choose { .. }
                | Command::Quantity { .. }
                | Command::Ask { about: Some(_), .. }
        )
    }) || scene.has(Cue::Want);
    if wished && !stated {
        let polarity = Polarity::Must;
        draft.add(figure.tokens.clone(), Command::Constrain { facet, value, polarity });
    }
}

/// "U11", "sub-12": whether a number is an age class of sports.
fn is_class(scene: &Scene<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| scene.tokens.get(before)) else {
        return false;
    };
    let written = scene.input.text.get(before.span.clone()).unwrap_or_default();
    let glued = scene.tokens[at].glued && written.eq_ignore_ascii_case("u");
    glued || written.eq_ignore_ascii_case("sub")
}

/// Whether words for another kind of product are none: the title of what is discussed holds them
/// ("portable" of a portable speaker, where it is also a telephone), or a verb that looks like a
/// misspelt kind stands in a question on the product shown.
pub(super) fn is_no_kind(scene: &Scene<'_>, seen: &Seen) -> bool {
    let catalog = scene.input.catalog;
    let state = scene.input.state;
    let Some(found) = best_category(scene, seen) else { return false };
    if is_aside(scene, seen, found) {
        return true;
    }
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let known = state.need.category.as_deref().or(focus.map(|one| one.category.as_str()));
    let Some(known) = known else { return false };
    if catalog.is_within(found, known) || catalog.is_within(known, found) {
        return false;
    }
    let said = super::tokens::fold(&scene.text_of(&seen.tokens));
    let titled = titled(scene, known, &said);
    let asks = scene.asks_at(seen.tokens.start) && scene.in_focus();
    let wanted = [Cue::Want, Cue::Have, Cue::Browse].iter().any(|cue| scene.has(*cue));
    titled || seen.exact < SURE && asks && !wanted
}

/// Whether a surer kind of product in the same message leaves a word none: "dry food", where titles
/// of food say "dry", and a misspelt kind in another clause ("pendant que je bosse, un jouet").
fn is_aside(scene: &Scene<'_>, seen: &Seen, found: &str) -> bool {
    let catalog = scene.input.catalog;
    let clause = scene.clause_of(seen.tokens.start);
    let joined =
        |at: usize| scene.tokens.get(at).is_some_and(|token| scene.cues.joins_numbers(&token.text));
    let mut others = scene.seen.iter().filter(|other| other.tokens != seen.tokens);
    others.any(|other| {
        let Some(kind) = best_category(scene, other).filter(|_| other.exact >= SURE) else {
            return false;
        };
        if catalog.is_within(found, kind) || catalog.is_within(kind, found) {
            return false;
        }
        let apart = scene.clause_of(other.tokens.start);
        let later = clause.start.max(apart.start);
        let wanted = [Cue::Want, Cue::Have, Cue::Browse];
        let wanted = wanted.iter().any(|cue| scene.hit_in(&clause, *cue).is_some());
        if seen.exact < SURE && clause != apart && !joined(later) && !wanted {
            return true;
        }
        let beside = seen.tokens.end == other.tokens.start || other.tokens.end == seen.tokens.start;
        let said = super::tokens::fold(&scene.text_of(&seen.tokens));
        beside && titled(scene, kind, &said)
    })
}

/// Whether a title of a kind of products holds a word.
fn titled(scene: &Scene<'_>, kind: &str, said: &String) -> bool {
    let catalog = scene.input.catalog;
    let within = |product: &&Product| catalog.is_within(&product.category, kind);
    catalog.products().iter().filter(within).any(|product| {
        let title = product.title.or_fallback(scene.input.language, &[]);
        title.is_some_and(|title| folded_words(title).contains(said))
    })
}

/// The command for a value: a choice among the versions of the product under discussion, else a
/// wish.
pub(super) fn wish_or_option(
    scene: &Scene<'_>,
    choice: FacetChoice,
    polarity: Polarity,
) -> Command {
    let kinds = scene.seen.iter().any(|seen| category(seen).is_some());
    let own = polarity != Polarity::MustNot && !kinds && own_option(scene, &choice);
    let FacetChoice { key, value } = choice;
    if own {
        let (values, system) = (vec![value], SizeSystem::Shop);
        return Command::Size { option: key, values, system, polarity: Polarity::Must };
    }
    Command::Constrain { facet: key, value, polarity }
}

/// Whether two words begin alike: "magnet" and "magnetic".
fn forms(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    common >= STEM_LETTERS_MIN
}

/// Reads a word that no command explains, but that stands in the title or the features of a
/// product: "a cream, rather". False if there is none.
pub(crate) fn names_goods(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let said: Vec<String> = loose_words(draft)
        .into_iter()
        .filter(|word| word.chars().count() >= GOODS_LETTERS_MIN)
        .collect();
    if said.is_empty() || scene.content_words() > GOODS_WORDS_MAX {
        return false;
    }
    let has = |product: &Product| {
        let title = product.title.or_fallback(scene.input.language, &[]);
        let features = product.features(scene.input.language).iter();
        title.into_iter().chain(features).any(|text| {
            let fits = |word: &String| said.iter().any(|one| one == word || forms(one, word));
            folded_words(text).iter().any(fits)
        })
    };
    let catalog = scene.input.catalog;
    let whole = 0..scene.tokens.len();
    let state = scene.input.state;
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let other = names_other_goods(draft, &(0..0));
    // "no cream": the negation stands by the word, and nothing else is counted or corrected.
    let refused = scene.figures.is_empty()
        && (0..scene.tokens.len()).filter(|at| said.contains(&scene.tokens[*at].text)).any(|at| {
            let near = [Cue::Negation, Cue::NegationNear];
            near.iter().any(|cue| scene.hit_before(at, *cue, 1).is_some())
        });
    // The kind of goods shown is refused.
    if let Some(focus) = focus.filter(|focus| refused && !other && has(focus)) {
        let (category, polarity) = (focus.category.clone(), Polarity::MustNot);
        draft.add(whole, Command::Seek { category, polarity });
        return true;
    }
    if focus.is_some_and(has) && !other && !scene.has(Cue::Negation) {
        draft.add(whole, Command::Choose { reference: Reference::Focus, buys: false });
        return true;
    }
    let found = catalog.products().iter().any(has);
    if found {
        // The words are not used up: they say what is looked for.
        draft.found.push(super::scene::Found { tokens: whole, command: Command::Browse });
    }
    found
}

/// Whether the words behind "I take" stand in the title of another product and not in those of the
/// one under discussion.
pub(crate) fn names_other_goods(draft: &Draft<'_, '_>, hit: &Range<usize>) -> bool {
    let scene = draft.scene;
    let catalog = scene.input.catalog;
    let state = scene.input.state;
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let Some(focus) = focus else { return false };
    let end = scene.clause_of(hit.start).end;
    let words = (hit.end..end)
        .filter_map(|at| scene.tokens.get(at).map(|token| &token.text))
        .filter(|word| word.chars().count() >= WORD_LETTERS_MIN && !scene.cues.knows(word));
    let words: Vec<&String> = words.collect();
    if words.is_empty() {
        return false;
    }
    // The words are compared with a product's at once: a catalogue is folded once a message.
    let title_words = |product: &Product| -> Vec<String> {
        let title = product.title.or_fallback(scene.input.language, &[]);
        title.into_iter().chain([&product.name]).flat_map(|text| folded_words(text)).collect()
    };
    let own = title_words(focus);
    let others: Vec<&String> = words.into_iter().filter(|word| !own.contains(word)).collect();
    !others.is_empty()
        && catalog
            .products()
            .iter()
            .any(|product| title_words(product).iter().any(|word| others.contains(&word)))
}
