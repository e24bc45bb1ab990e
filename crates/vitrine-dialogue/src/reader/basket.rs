//! What becomes of a basket: "only the two bags", "and 3 of the Lotane as well".

use super::cues::Cue;
use super::draft::Draft;
use super::figure::Figure;
use super::figure::Role;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use std::ops::Range;

/// Most words between a number of pieces and the product that it counts.
const COUNT_GAP: usize = 3;

/// Words that only say what becomes of the basket, where it is told what stays.
const ACTS: [Cue; 8] = [
    Cue::Only,
    Cue::Remove,
    Cue::Reject,
    Cue::No,
    Cue::NoThanks,
    Cue::Negation,
    Cue::Contrast,
    Cue::Choose,
];

/// Products in the cart, or added up last.
fn held<'a>(scene: &Scene<'a>) -> Vec<&'a Product> {
    let state = scene.input.state;
    let lines = if state.cart.is_empty() { &state.summed } else { &state.cart };
    let mut found: Vec<&Product> = Vec::new();
    for product in lines.iter().filter_map(|line| scene.input.catalog.product(&line.sku)) {
        if found.iter().all(|known| known.sku != product.sku) {
            found.push(product);
        }
    }
    found
}

/// Whether a product is in the cart.
pub(crate) fn is_ordered(scene: &Scene<'_>, reference: &Reference) -> bool {
    let ordered = |sku: &String| scene.input.state.cart.iter().any(|line| line.sku == *sku);
    matches!(reference, Reference::Product(sku) if ordered(sku))
}

/// "leave the tray then, only the two bags": what is named behind "only" stays, all else goes.
pub(crate) fn keep_only(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let held = held(scene);
    if held.len() < 2 {
        return;
    }
    for tokens in draft.free(Cue::Only) {
        let Some(sentence) = scene.sentence_of(tokens.start).cloned() else { continue };
        let clause = scene.clause_of(tokens.start);
        if sentence.question || scene.topic_in(&clause).is_some() {
            continue;
        }
        let kept = kept(scene, &held, &(tokens.end..clause.end));
        if kept.is_empty() || kept.len() == held.len() {
            continue;
        }
        let whole = 0..scene.tokens.len();
        let words = |cue: &Cue| scene.hits_of(*cue).map(|hit| hit.tokens.clone());
        let acts: Vec<Range<usize>> = ACTS.iter().flat_map(words).collect();
        acts.iter().for_each(|hit| draft.mark(hit));
        for (_, named) in references::products(scene, &whole) {
            draft.mark(&named);
        }
        for product in &held {
            let reference = Reference::Product(product.sku.to_string());
            let stays = kept.iter().any(|one| one.sku == product.sku);
            if stays {
                draft.add(tokens.clone(), Command::Choose { reference, buys: true });
            } else if is_ordered(scene, &reference) {
                draft.add(tokens.clone(), Command::Remove { reference });
            }
        }
        if kept.len() == 1 {
            count_kept(draft, &clause);
        }
        return;
    }
}

/// The products that some words keep: by name, by kind, by a value.
fn kept<'a>(scene: &Scene<'a>, held: &[&'a Product], place: &Range<usize>) -> Vec<&'a Product> {
    let catalog = scene.input.catalog;
    let named: Vec<Reference> =
        references::products(scene, place).into_iter().map(|(one, _)| one).collect();
    let is =
        |product: &Product, one: &Reference| *one == Reference::Product(product.sku.to_string());
    let by_name = |product: &&&Product| named.iter().any(|one| is(product, one));
    if !named.is_empty() {
        return held.iter().filter(by_name).copied().collect();
    }
    // "leave the tray": named elsewhere, it is what goes.
    let whole = 0..scene.tokens.len();
    let gone = references::products(scene, &whole);
    let stays = |product: &&&Product| gone.iter().all(|(one, _)| !is(product, one));
    let inside = scene
        .seen
        .iter()
        .filter(|seen| place.start <= seen.tokens.start && seen.tokens.end <= place.end);
    let targets: Vec<&MentionTarget> = inside.flat_map(|seen| &seen.targets).collect();
    let meant = |product: &&&Product| {
        targets.iter().any(|target| match target {
            MentionTarget::Category(kind) => catalog.is_within(&product.category, kind),
            MentionTarget::Value(choice) => product.has(choice),
            _ => false,
        })
    };
    held.iter().filter(stays).filter(meant).copied().collect()
}

/// "only the two bags", "only those, 5 of them": how many of what is kept.
fn count_kept(draft: &mut Draft<'_, '_>, clause: &Range<usize>) {
    let scene = draft.scene;
    let figure = scene.figures.iter().find(|figure| {
        figure.bare.start >= clause.start && matches!(figure.role, Role::Quantity | Role::Unknown)
    });
    if let Some((pieces, figure)) = figure.and_then(|one| Some((one.count()?, one)))
        && pieces > 0
    {
        for hit in draft.free(Cue::Both) {
            draft.mark(&hit);
        }
        draft.add(figure.tokens.clone(), Command::Quantity { pieces, size: None });
    }
    // What tells those kept apart is no new wish.
    let seen = scene.seen.iter().filter(|seen| clause.contains(&seen.tokens.start));
    seen.for_each(|seen| draft.mark(&seen.tokens));
}

/// Whether a number of pieces is said of a product: right before it, or right behind it.
fn is_counted(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let near = |gap: Option<usize>| gap.is_some_and(|gap| gap <= COUNT_GAP);
    let clause = scene.clause_of(tokens.start);
    scene.figures.iter().any(|figure| {
        let before = near(tokens.start.checked_sub(figure.tokens.end));
        let behind = figure.tokens.start == tokens.end;
        figure.role == Role::Quantity && clause.contains(&figure.bare.start) && (before || behind)
    })
}

/// Whether a number and words of correction are all that is said: "oh no, rather 3".
pub(crate) fn corrects(scene: &Scene<'_>, figure: &Figure) -> bool {
    let words = [Cue::No, Cue::Contrast, Cue::Want, Cue::Fine, Cue::Yes, Cue::Negation];
    let known = |at: usize| {
        figure.tokens.contains(&at)
            || words.iter().any(|cue| scene.hits_of(*cue).any(|hit| hit.tokens.contains(&at)))
    };
    let idle = |at: usize| {
        let token = &scene.tokens[at];
        !token.text.chars().any(char::is_alphanumeric) || scene.cues.is_filler(&token.text)
    };
    (scene.has(Cue::No) || scene.has(Cue::Contrast))
        && !scene.tokens.iter().any(|token| token.text.contains('?'))
        && (0..scene.tokens.len()).all(|at| known(at) || idle(at))
}

/// "oops no, L for the jacket", "no, 4 mats": a kind that is in the cart, with a size or a number
/// of pieces in place of another one, means the one ordered.
pub(crate) fn correct_kind(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let catalog = scene.input.catalog;
    let corrects = scene.has(Cue::No) || scene.has(Cue::Contrast);
    let figure = |one: &Command| matches!(one, Command::Size { .. } | Command::Quantity { .. });
    let other = |one: &Command| {
        matches!(one, Command::Choose { .. } | Command::Ask { .. } | Command::Constrain { .. })
    };
    let asks = scene.tokens.iter().any(|token| token.text.contains('?'));
    if !corrects || asks || !draft.any(figure) || draft.any(other) {
        return;
    }
    for found in &mut draft.found {
        let Command::Seek { category, polarity: Polarity::Must } = &found.command else { continue };
        let line = scene.input.state.cart.iter().find(|line| {
            let product = catalog.product(&line.sku);
            product.is_some_and(|product| catalog.is_within(&product.category, category))
        });
        if let Some(line) = line {
            let reference = Reference::Product(line.sku.clone());
            found.command = Command::Choose { reference, buys: true };
        }
    }
}

/// "I'll have that, plus the Welline": the product under discussion is taken beside those named.
pub(crate) fn taken_beside(
    scene: &Scene<'_>,
    hit: &Range<usize>,
    named: &[(Reference, Range<usize>)],
) -> Option<Reference> {
    let (_, first) = named.first()?;
    let sku = &scene.input.state.focus.as_ref()?.sku;
    let it = scene
        .hits_of(Cue::Focus)
        .any(|one| hit.start <= one.tokens.start && one.tokens.end <= hit.end.max(first.start));
    let joins = (hit.end..first.start).any(|at| {
        scene.cues.joins_numbers(&scene.tokens[at].text)
            || scene.hits_of(Cue::Beside).any(|one| one.tokens.contains(&at))
    });
    let other =
        named.iter().all(|(one, _)| matches!(one, Reference::Product(named) if named != sku));
    (it && joins && other).then(|| Reference::Product(sku.clone()))
}

/// Whether naming a product orders it: with a number of pieces ("2 Lotane please"), beside what is
/// in the cart ("and the Briquelle too"), or with an "ok" where it is offered.
pub(crate) fn orders(
    draft: &Draft<'_, '_>,
    sentence: &Sentence,
    reference: &Reference,
    tokens: &Range<usize>,
) -> bool {
    let scene = draft.scene;
    let Reference::Product(sku) = reference else { return false };
    let said = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
    let idle = [Cue::Have, Cue::Stock, Cue::Price, Cue::Show, Cue::Compare, Cue::If, Cue::Or];
    let matter = |command: &Command| {
        matches!(
            command,
            Command::Complain { .. }
                | Command::Order { .. }
                | Command::Human
                | Command::Ask { question: Question::Topic { .. }, .. }
                | Command::Seek { polarity: Polarity::MustNot, .. }
        )
    };
    let state = scene.input.state;
    if idle.iter().any(|cue| said(*cue)) || draft.any(matter) || state.trouble.is_some() {
        return false;
    }
    let first = scene.tokens.get(sentence.tokens.start);
    let joins = first.is_some_and(|first| scene.cues.joins_numbers(&first.text));
    let fresh = !state.cart.is_empty() && !is_ordered(scene, reference);
    let beside = fresh && (joins || said(Cue::Beside));
    let agreed = said(Cue::Yes) || said(Cue::Fine);
    let offered = matches!(&state.pending,
        Some(Pending::Buy { sku: one } | Pending::Option { sku: one, .. }) if one == sku);
    is_counted(scene, tokens) || beside || agreed && offered
}
