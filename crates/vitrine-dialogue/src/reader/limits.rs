//! Price limits and quantities as commands.

use super::cues::Cue;
use super::draft::Draft;
use super::figure::Bound;
use super::figure::Figure;
use super::figure::Role;
use super::numbers::plain;
use super::references;
use super::scene::Scene;
use super::sizes::Mark;
use super::tokens::TokenKind;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::ops::Range;

/// How far above "about 100" a price may lie: a tenth.
const AROUND_SHARE: (i64, u32) = (11, 1);

/// Most pieces that a number alone can mean.
const BARE_PIECES_MAX: u32 = 20;

/// Smallest amount that a bare number after a question on the price can be.
const BARE_MIN: u32 = 5;

/// Most tokens between a count and its size: "two bath towels 70x140".
const SPLIT_GAP: usize = 4;

/// Reads all limits and quantities.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    for figure in &scene.figures {
        if draft.is_used(&figure.bare) {
            continue;
        }
        match &figure.role {
            // "the one around 74": the price of one shown limits nothing.
            Role::Money { bound: Some(Bound::Around), .. }
                if references::by_price(scene, &scene.clause_of(figure.bare.start)).is_some() => {}
            Role::Money { currency, bound } => limit(draft, figure, currency.as_deref(), *bound),
            // "the two of them" means products, "just the two Cotelle" counts them.
            Role::Quantity
                if !counts_named(scene, figure)
                    && scene
                        .hits_of(Cue::Both)
                        .any(|hit| hit.tokens.contains(&figure.bare.start)) => {}
            Role::Quantity => {
                if let Some(pieces) = figure.count() {
                    let size = None;
                    draft.add(figure.tokens.clone(), Command::Quantity { pieces, size });
                }
            }
            Role::Unknown => bare(draft, figure),
            Role::Size(_) | Role::Dimensions | Role::Place | Role::Other => {}
        }
    }
    // "a pair", "a couple of them" are no counts; "both" of one product may be.
    each(draft);
    only_one(draft);
    all_of_one(draft);
    price_of_pieces(draft);
}

/// "and if I get 12?", "what's 2 of them?": a number of pieces in a question that asks nothing else
/// asks for their price.
fn price_of_pieces(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let quantity = |command: &Command| matches!(command, Command::Quantity { size: None, .. });
    let counted = draft.found.iter().find(|found| quantity(&found.command));
    let Some(tokens) = counted.map(|found| found.tokens.clone()) else { return };
    let other = draft.found.iter().any(|found| {
        !quantity(&found.command) && !matches!(found.command, Command::Greet | Command::Size { .. })
    });
    let acts = [Cue::Choose, Cue::Want, Cue::Have, Cue::Stock, Cue::Checkout, Cue::Beside];
    let acts = acts.iter().any(|cue| scene.has(*cue));
    let bulk = scene.topic_in(&(0..scene.tokens.len())).is_some();
    // "que sean dos": a word alone may ask or join.
    let mut questions = scene.hits_of(Cue::Question);
    let asks = questions.any(|hit| hit.tokens.len() > 1)
        || scene.tokens.iter().any(|one| one.text.contains('?'));
    if other || acts || bulk || !scene.in_focus() || !asks {
        return;
    }
    let question = Question::Price;
    let about = Some(Reference::Focus);
    draft.found.push(super::scene::Found { tokens, command: Command::Ask { question, about } });
}

/// "how much for the two?", of one product: two pieces of it.
fn all_of_one(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    // "a seat and a bag … what do the two cost?"
    let state = scene.input.state;
    let catalog = scene.input.catalog;
    let two = state.later.iter().filter_map(|need| need.category.as_deref()).any(|kind| {
        let shown = state.shown.iter().filter_map(|sku| catalog.product(sku));
        shown.clone().any(|product| catalog.is_within(&product.category, kind))
    });
    if super::references::several(scene) || !scene.in_focus() || two {
        return;
    }
    let both = |at: usize| scene.hits_of(Cue::Both).any(|hit| hit.tokens.contains(&at));
    let mut figures = scene.figures.iter().filter(|figure| both(figure.bare.start));
    let counted = figures.find_map(|figure| Some((figure.count()?, figure.bare.clone())));
    let Some((pieces, tokens)) = counted else { return };
    let mut asked = false;
    for found in &mut draft.found {
        if let Command::Ask { question: Question::Price | Question::Total, about } =
            &mut found.command
            && *about == Some(Reference::Both)
        {
            *about = Some(Reference::Focus);
            asked = true;
        }
    }
    if asked {
        draft.add(tokens, Command::Quantity { pieces, size: None });
    }
}

/// "no, just one in 41": one in place of several.
fn only_one(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let several = scene.input.state.need.quantity.is_some_and(|pieces| pieces > 1);
    let counted = draft.any(|command| matches!(command, Command::Quantity { .. }));
    let one = scene.figures.iter().find_map(|figure| {
        let size = matches!(figure.role, Role::Size(_));
        scene.hit_before(figure.tokens.start, Cue::Each, 1).filter(|_| size)
    });
    let one = one.or_else(|| scene.hits_of(Cue::Single).next());
    if let Some(hit) = one.filter(|_| several && !counted) {
        draft.add(hit.tokens.clone(), Command::Quantity { pieces: 1, size: None });
    }
}

fn limit(draft: &mut Draft<'_, '_>, figure: &Figure, currency: Option<&str>, bound: Option<Bound>) {
    let scene = draft.scene;
    let tokens = figure.tokens.clone();
    let clause = scene.clause_of(tokens.start);
    if scene.topic_in(&clause).is_some() || complains(draft) {
        draft.mark(&tokens);
        return;
    }
    let own = scene.input.catalog.currency();
    let amount = figure.values[figure.values.len() - 1];
    if let (Some(said), Some(own)) = (currency, own)
        && said != own.code()
    {
        let currency = said.to_owned();
        draft.add(tokens, Command::ForeignLimit { amount, currency });
        return;
    }
    let (min, max) = match (&figure.values[..], bound) {
        ([low, high], _) => (Some(*low), Some(*high)),
        (_, Some(Bound::Min)) => (Some(amount), None),
        (_, Some(Bound::Around)) => {
            (None, Some((amount * Decimal::new(AROUND_SHARE.0, AROUND_SHARE.1)).round_dp(2)))
        }
        (_, Some(Bound::Max) | None) => (None, Some(amount)),
    };
    draft.add(tokens, Command::PriceLimit { min, max });
}

/// Whether the message complains: amounts in it are no limits.
fn complains(draft: &Draft<'_, '_>) -> bool {
    draft.any(|command| matches!(command, Command::Complain { .. } | Command::Injection))
}

/// A number that nothing explains, as the whole answer to a question of ours.
fn bare(draft: &mut Draft<'_, '_>, figure: &Figure) {
    let scene = draft.scene;
    let price = matches!(&scene.input.state.pending,
        Some(Pending::Facet { facet }) if matches!(facet.as_str(), "price" | "budget"));
    let Some(count) = figure.count() else { return };
    if price && count >= BARE_MIN {
        limit(draft, figure, None, Some(Bound::Max));
        return;
    }
    let tube = figure.bare.start..figure.bare.end + 1;
    if count > 0 && count <= BARE_PIECES_MAX && waits_for_yes(scene) && counts_packs(scene, figure)
    {
        return draft.add(tube, Command::Quantity { pieces: count, size: None });
    }
    // "give me 10, how much is that?"
    let before = |cue: Cue| scene.hit_before(figure.bare.start, cue, 0).is_some();
    let taken = before(Cue::Choose) || before(Cue::Want);
    if taken && waits_for_yes(scene) && count > 0 && count <= BARE_PIECES_MAX {
        draft.add(figure.tokens.clone(), Command::Quantity { pieces: count, size: None });
        return;
    }
    // "oh no, rather 3", of what is ordered or offered
    if super::basket::corrects(scene, figure) && waits_for_yes(scene) {
        if (1..=BARE_PIECES_MAX).contains(&count) {
            draft.add(figure.tokens.clone(), Command::Quantity { pieces: count, size: None });
        }
        return;
    }
    if scene.content_words() > 1 {
        return;
    }
    let shown = scene.input.state.last_shown.len().max(scene.input.state.options.len());
    match usize::try_from(count) {
        Ok(place) if place >= 1 && place <= shown => {
            let Ok(place) = i32::try_from(place) else { return };
            let reference = crate::command::Reference::Ordinal(place);
            draft.add(figure.tokens.clone(), Command::Choose { reference, buys: false });
        }
        _ if count > 0 && count <= BARE_PIECES_MAX && waits_for_yes(scene) => {
            draft.add(figure.tokens.clone(), Command::Quantity { pieces: count, size: None });
        }
        _ if count > 0 && scene.hit_after(figure.bare.end, Cue::Pieces, 1).is_some() => {
            draft.add(figure.tokens.clone(), Command::Quantity { pieces: count, size: None });
        }
        _ => {}
    }
}

/// Whether a product is named right behind a number.
fn counts_named(scene: &Scene<'_>, figure: &Figure) -> bool {
    let product = |target: &MentionTarget| matches!(target, MentionTarget::Product(_));
    let named = scene.mention_at(figure.bare.end);
    named.is_some_and(|seen| seen.targets.iter().any(product))
}

/// "3 tubes then": a number before a word that nothing explains, and no more.
fn counts_packs(scene: &Scene<'_>, figure: &Figure) -> bool {
    let at = figure.bare.end;
    let word = scene.tokens.get(at).is_some_and(|next| {
        next.kind == TokenKind::Word && !next.glued && !scene.cues.is_filler(&next.text)
    });
    let known = scene.seen.iter().any(|seen| seen.tokens.contains(&at))
        || scene.hits.iter().any(|hit| hit.tokens.contains(&at) && !hit.is_structure());
    word && !known
        && !scene.asks_at(at)
        && scene.content_words_outside(&(figure.bare.start..at + 1)) == 0
}

/// Whether a product was shown that only needs a yes: a number is then how many.
fn waits_for_yes(scene: &Scene<'_>) -> bool {
    let state = scene.input.state;
    let bought = state.pending.is_none() && state.link.is_some();
    bought || matches!(state.pending, Some(Pending::Buy { .. }))
}

/// "one in 42 and one in 44", "6 large and 6 small", "two red, one blue": a count before each of
/// two or more values of one option.
pub(crate) fn split(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let marks = super::sizes::marks(scene);
    let mut keys: Vec<&str> = marks.iter().map(|mark| mark.key.as_str()).collect();
    keys.dedup();
    let found = keys.into_iter().find_map(|key| {
        let marks: Vec<&Mark> = marks.iter().filter(|mark| mark.key == key).collect();
        counted(scene, &marks)
    });
    for (pieces, count, mark) in found.into_iter().flatten() {
        draft.mark(&count);
        let size = Some(mark.value.clone());
        draft.add(mark.tokens.clone(), Command::Quantity { pieces, size });
    }
}

/// The number of pieces of each of two or more values, with its place; `None` if one has none.
fn counted<'m>(
    scene: &Scene<'_>,
    marks: &[&'m Mark],
) -> Option<Vec<(u32, Range<usize>, &'m Mark)>> {
    let mut found = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let start = mark.tokens.start;
        let least = if at > 0 { marks[at - 1].tokens.end } else { 0 };
        let count = scene.figures.iter().rev().find(|figure| {
            figure.bare.end <= start
                && figure.bare.start >= least
                && start - figure.bare.end <= SPLIT_GAP
                && scene.clause_of(start) == scene.clause_of(figure.bare.start)
                && matches!(figure.role, Role::Quantity | Role::Unknown)
        });
        let each = scene.hit_before(start, Cue::Each, 1);
        let count =
            count.filter(|count| each.is_none_or(|each| each.tokens.start < count.bare.start));
        let counted = count.and_then(|count| Some((count.count()?, count.tokens.clone())));
        let (pieces, tokens) = counted.or(each.map(|hit| (1, hit.tokens.clone())))?;
        found.push((pieces, tokens, *mark));
    }
    (found.len() > 1).then_some(found)
}

/// "one of each": one piece in each of the sizes named.
fn each(draft: &mut Draft<'_, '_>) {
    let scene: &Scene<'_> = draft.scene;
    let sizes: Vec<(usize, String)> = scene
        .figures
        .iter()
        .filter(|figure| matches!(figure.role, Role::Size(_)) && figure.values.len() == 1)
        .map(|figure| (figure.tokens.start, plain(figure.values[0])))
        .collect();
    let split = draft.any(|command| matches!(command, Command::Quantity { size: Some(_), .. }));
    let two = scene.figures.iter().any(|figure| {
        figure.role == Role::Quantity && figure.count() == u32::try_from(sizes.len()).ok()
    });
    let or = scene.has(Cue::Or);
    if sizes.len() < 2 || split || or || !two {
        return;
    }
    for (start, size) in sizes {
        let size = scene.option_value(&size).map_or(size, |(_, value)| value);
        draft.add(start..start + 1, Command::Quantity { pieces: 1, size: Some(size) });
    }
}
