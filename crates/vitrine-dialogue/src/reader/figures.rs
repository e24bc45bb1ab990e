//! What the numbers of a message are: money, sizes, dimensions, quantities, places in a list, or
//! figures that are none of these (ages, distances, durations).

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::figure::Bound;
use super::figure::Figure;
use super::figure::Role;
use super::numbers;
use super::numbers::Number;
use super::scene::Scene;
use super::sizes;
use super::tokens::TokenKind;
use crate::command::SizeSystem;
use crate::shop::MentionTarget;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::ops::Range;

/// Most tokens between a limit word and its amount.
const LIMIT_GAP: usize = 2;

/// Most tokens between a denial and the limit that it denies.
const DENIAL_GAP: usize = 4;

/// Most pieces of an order that a bare number can state.
const PIECES_MAX: u32 = 999;

/// Smallest number behind a limit word that can be a price limit without a currency.
const LIMIT_MIN: u32 = 5;

/// Places of a list that a bare number can mean.
const PLACES_MAX: u32 = 20;

fn between(tokens: &Range<usize>, more: &Range<usize>) -> Range<usize> {
    tokens.start.min(more.start)..tokens.end.max(more.end)
}

/// Reads all numbers of a message.
pub(crate) fn find(scene: &Scene<'_>, numbers: &[Number]) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let (figure, used) = one(scene, numbers, at);
        figures.push(figure);
        at += used;
    }
    same_sizes(scene, &mut figures);
    figures
}

/// "42 or 43": what stands beside a size with "or" is a size too.
fn same_sizes(scene: &Scene<'_>, figures: &mut [Figure]) {
    for at in 1..figures.len() {
        let gap = figures[at - 1].bare.end..figures[at].bare.start;
        let or = gap.len() <= 2 && scene.hit_in(&gap, Cue::Or).is_some();
        let (first, second) = (figures[at - 1].role.clone(), figures[at].role.clone());
        match (first, second) {
            (Role::Size(_), Role::Unknown | Role::Quantity) if or => {
                figures[at].role = figures[at - 1].role.clone();
            }
            (Role::Unknown | Role::Quantity, Role::Size(_)) if or => {
                figures[at - 1].role = figures[at].role.clone();
            }
            _ => {}
        }
    }
}

/// The number behind a range sign or word.
fn range_end(scene: &Scene<'_>, numbers: &[Number], at: usize) -> bool {
    let (Some(first), Some(second)) = (numbers.get(at), numbers.get(at + 1)) else { return false };
    let mut gap = first.tokens.end..second.tokens.start;
    // "100 € à 150 €", "€80-€120"
    let amount = gap.len() > 1 && scene.currency_at(gap.start).is_some();
    if amount {
        gap.start += 1;
    }
    if gap.len() > 1 && scene.currency_at(gap.end - 1).is_some() {
        gap.end -= 1;
    }
    // "size 33 up to 40" is a limit, "from 33 up to 40" a range, and so is "80 € up to 120 €".
    let limit = scene.hit_in(&gap, Cue::Max).is_some()
        && !amount
        && scene.hit_before(first.tokens.start, Cue::Between, 1).is_none();
    let joint = match gap.len() {
        _ if limit => false,
        1 => scene.tokens[gap.start].text == "-" || scene.hit_in(&gap, Cue::RangeJoint).is_some(),
        _ => false,
    };
    let before = scene.hit_before(first.tokens.start, Cue::Between, 1).is_some();
    let and = gap.len() == 1 && before && scene.cues.joins_numbers(&scene.tokens[gap.start].text);
    // "160, so 220 x 240": the second number begins two lengths.
    if dimensions(scene, numbers, at + 1).is_some() {
        return false;
    }
    (joint || and) && first.value < second.value && first.digits == second.digits
}

fn dimensions(scene: &Scene<'_>, numbers: &[Number], at: usize) -> Option<Range<usize>> {
    let (first, second) = (numbers.get(at)?, numbers.get(at + 1)?);
    let gap = first.tokens.end..second.tokens.start;
    let mut sign = gap.clone();
    if let Some(unit) = scene.unit_at(gap.start).filter(|unit| unit.end < gap.end) {
        sign.start = unit.end;
    }
    (sign.len() == 1 && scene.hit_in(&sign, Cue::Times).is_some())
        .then_some(first.tokens.start..second.tokens.end)
}

fn one(scene: &Scene<'_>, numbers: &[Number], at: usize) -> (Figure, usize) {
    let number = &numbers[at];
    if let Some(bare) = dimensions(scene, numbers, at) {
        let tokens = scene.unit_at(bare.end).map_or(bare.clone(), |unit| between(&bare, &unit));
        let values = vec![number.value, numbers[at + 1].value];
        return (Figure { tokens, bare, values, role: Role::Dimensions, digits: true }, 2);
    }
    let ranged = range_end(scene, numbers, at);
    let used = if ranged { 2 } else { 1 };
    let values: Vec<Decimal> = numbers[at..at + used].iter().map(|one| one.value).collect();
    let bare = number.tokens.start..numbers[at + used - 1].tokens.end;
    let mut figure =
        Figure { tokens: bare.clone(), bare, values, role: Role::Unknown, digits: number.digits };
    let rules: [fn(&Scene<'_>, &mut Figure) -> bool; 10] =
        [written, letters, order, place, money, system, unit, limit, size, count];
    for rule in rules {
        if rule(scene, &mut figure) {
            break;
        }
    }
    (figure, used)
}

/// Parts of an address, a telephone or an order number are no figures.
fn written(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let inside = figure.bare.clone().any(|token| scene.taken[token]);
    // "18h30", "9:15": the minutes of a time.
    let clock = figure.bare.start.checked_sub(2).is_some_and(|hours| {
        let sign = &scene.tokens[hours + 1];
        matches!(&*sign.text, "h" | ":")
            && sign.glued
            && scene.tokens[figure.bare.start].glued
            && scene.tokens[hours].kind == TokenKind::Number
    });
    // "twice a week" in figures, "looking 4 shorts"
    let idle = scene
        .hits_of(Cue::NoNumber)
        .any(|hit| hit.tokens.start == figure.bare.end || hit.tokens.contains(&figure.bare.start));
    let inside = inside || clock || idle;
    if inside {
        figure.role = Role::Other;
    }
    inside
}

/// "2XL" is read with the sizes in letters.
fn letters(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let part =
        sizes::letters_at(scene, figure.bare.start).is_some_and(|(_, end)| end > figure.bare.end);
    if part {
        figure.role = Role::Other;
    }
    part
}

/// "the 2nd", "option 2", "2)".
fn place(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let bare = figure.bare.clone();
    if figure.values.len() > 1 || figure.count().is_none_or(|n| n == 0 || n > PLACES_MAX) {
        return false;
    }
    let end = scene.tokens.get(bare.end).filter(|token| token.glued);
    let ordinal = figure.digits
        && end.is_some_and(|token| {
            matches!(&*token.text, "st" | "nd" | "rd" | "th" | "eme" | "ere" | "er" | "de" | "°")
                || (matches!(&*token.text, "e" | "a" | "o") && scene.is_skipped_at(bare.start, 1))
                || (token.text == ")" && bare.start == 0)
        });
    let cued = scene.hit_before(bare.start, Cue::NumberWord, 0).map(|hit| hit.tokens.clone());
    if ordinal {
        figure.tokens.end += 1;
    } else if let Some(cue) = cued {
        figure.tokens.start = cue.start;
    } else {
        return false;
    }
    figure.role = Role::Place;
    true
}

fn order(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let many = scene.text_of(&figure.bare).chars().filter(char::is_ascii_digit).count() >= 6;
    if many && scene.currency_at(figure.bare.end).is_none() {
        figure.role = Role::Other;
    }
    many && figure.role == Role::Other
}

fn bound(scene: &Scene<'_>, figure: &mut Figure) -> Option<Bound> {
    for (cue, bound) in
        [(Cue::Max, Bound::Max), (Cue::Min, Bound::Min), (Cue::Around, Bound::Around)]
    {
        let before = scene.hit_before(figure.tokens.start, cue, LIMIT_GAP);
        // "43, max 150": the word belongs to the number right behind it.
        let after = scene.hit_after(figure.tokens.end, cue, LIMIT_GAP).filter(|hit| {
            let next = scene.tokens.get(hit.tokens.end);
            !next.is_some_and(|next| next.kind == TokenKind::Number)
        });
        // "260 is my limit"
        let closing = || {
            let hit = scene.hit_after(figure.tokens.end, cue, LIMIT_GAP)?;
            let gap = figure.tokens.end..hit.tokens.start;
            let idle = gap.clone().all(|at| scene.cues.is_filler(&scene.tokens[at].text));
            let last = scene.clause_of(hit.tokens.start).end <= hit.tokens.end;
            (last && idle && scene.clause_of(gap.start).contains(&hit.tokens.start)).then_some(hit)
        };
        if let Some(hit) = before.or(after).or_else(closing) {
            figure.tokens = between(&figure.tokens, &hit.tokens.clone());
            let denied = bound == Bound::Min && is_denied(scene, &figure.tokens);
            return Some(if denied { Bound::Max } else { bound });
        }
    }
    None
}

/// "I would not like to spend more than 100", "mehr als 100 sollten es nicht sein", "más de 100
/// no": what is at least, denied, is at most.
fn is_denied(scene: &Scene<'_>, limit: &Range<usize>) -> bool {
    let clause = scene.clause_of(limit.start);
    let before = clause.start.min(limit.start)..limit.start;
    let behind = limit.end..clause.end.max(limit.end);
    let nearest = scene.hits_of(Cue::Negation).filter(|hit| {
        let far = limit.start.saturating_sub(hit.tokens.end) > DENIAL_GAP;
        hit.tokens.start >= before.start && hit.tokens.end <= before.end && !far
    });
    // "no red ones, I want to spend more than 100"
    let ends = |at: usize| {
        let wish = |hit: &Hit| hit.is(Cue::Want) || hit.is(Cue::Contrast);
        scene
            .hits
            .iter()
            .any(|hit| wish(hit) && hit.tokens.start >= at && hit.tokens.end <= before.end)
    };
    let denied = nearest.last().is_some_and(|hit| !ends(hit.tokens.end));
    denied
        || scene.hit_in(&behind, Cue::Negation).is_some()
        || scene.hit_in(&behind, Cue::No).is_some()
}

fn money(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let after = scene.currency_at(figure.bare.end);
    let before = figure.bare.start.checked_sub(1).and_then(|at| scene.currency_at(at));
    let euro = scene.tokens.get(figure.bare.end).is_some_and(|token| {
        figure.digits && token.glued && token.text == "e" && figure.values[0] >= Decimal::TEN
    });
    let currency =
        if let Some((code, end)) = after {
            figure.tokens.end = end;
            // "49€90"
            if let Some(cents) = scene.tokens.get(end).filter(|token| {
                token.glued && token.kind == TokenKind::Number && token.text.len() == 2
            }) && let Ok(cents) = cents.text.parse::<i64>()
            {
                figure.values[0] += Decimal::new(cents, 2);
                figure.tokens.end += 1;
            }
            Some(code)
        } else if let Some((code, _)) = before {
            figure.tokens.start -= 1;
            Some(code)
        } else if euro {
            figure.tokens.end += 1;
            Some("EUR".to_owned())
        } else {
            None
        };
    let Some(currency) = currency else { return false };
    let bound = bound(scene, figure);
    figure.role = Role::Money { currency: Some(currency), bound };
    true
}

/// A size with the system that it is written in.
fn system(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    // "128 GB" is no British size.
    let unit = scene.unit_at(figure.bare.end);
    if unit.is_some_and(|unit| scene.in_unit(figure.values[0], &unit).is_some()) {
        return false;
    }
    for (cue, system) in [
        (Cue::SizeEu, SizeSystem::Eu),
        (Cue::SizeUk, SizeSystem::Uk),
        (Cue::SizeUs, SizeSystem::Us),
    ] {
        let before = scene.hit_before(figure.bare.start, cue, 0).or_else(|| {
            let word = scene.hit_before(figure.bare.start, Cue::SizeWord, 0)?;
            scene.hit_before(word.tokens.start, cue, 0)
        });
        let hit = scene.hit_after(figure.bare.end, cue, 0).or(before);
        if let Some(hit) = hit {
            figure.tokens = between(&figure.tokens, &hit.tokens.clone());
            if let Some(word) = scene.hit_before(figure.tokens.start, Cue::SizeWord, 0) {
                figure.tokens.start = word.tokens.start;
            }
            figure.role = Role::Size(system);
            return true;
        }
    }
    false
}

/// A figure with a unit is an option of a product that has such a one, else something else.
fn unit(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let Some(unit) = scene.unit_at(figure.bare.end) else { return false };
    // "size 9 m" may be men's; a size word before decides.
    if unit.len() == 1
        && scene.tokens[unit.start].text.chars().count() == 1
        && scene.hit_before(figure.bare.start, Cue::SizeWord, 1).is_some()
        && scene.option_value(&scene.text_of(&(figure.bare.start..unit.end))).is_none()
    {
        return false;
    }
    figure.tokens = between(&figure.bare, &unit);
    let option = scene.option_value(&scene.text_of(&figure.tokens)).is_some()
        || scene.in_unit(figure.values[0], &unit).is_some();
    figure.role = if option { Role::Dimensions } else { Role::Other };
    true
}

fn limit(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let big = figure.values.last().is_some_and(|value| *value >= Decimal::from(LIMIT_MIN));
    let sized = scene.hit_before(figure.bare.start, Cue::SizeWord, 1).is_some();
    if !big || sized || scene.hit_after(figure.bare.end, Cue::Pieces, 1).is_some() {
        return false;
    }
    let range = figure.values.len() == 2;
    let sizes = figure.values.iter().all(|value| scene.is_size(*value));
    // "what about 43?"
    if sizes && scene.hit_before(figure.bare.start, Cue::Around, 0).is_some() {
        return false;
    }
    if range && !sizes {
        figure.role = Role::Money { currency: None, bound: None };
        return true;
    }
    // "in 42" is a size, but "less than 42" is not.
    let in_size = scene.hit_before(figure.bare.start, Cue::SizeBefore, 0).is_some_and(|hit| {
        let part = |limit: &Hit| {
            limit.tokens.len() > 1
                && limit.tokens.start < hit.tokens.start
                && limit.tokens.end == hit.tokens.end
        };
        ![Cue::Max, Cue::Min].iter().any(|cue| scene.hits_of(*cue).any(part))
    });
    if sizes && in_size {
        return false;
    }
    let mut widened = figure.clone();
    let Some(bound) = bound(scene, &mut widened) else { return false };
    widened.role = Role::Money { currency: None, bound: Some(bound) };
    *figure = widened;
    true
}

fn size(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    let known = scene.is_size(figure.values[0]);
    let asked = matches!(&scene.input.state.pending,
        Some(Pending::Option { facet, .. }) if facet == "size");
    let word = scene.hit_before(figure.bare.start, Cue::SizeWord, 2);
    let before = scene.hit_before(figure.bare.start, Cue::SizeBefore, 0);
    let many = Meaning::Topic("bulk_order".to_owned());
    let next = scene.tokens.get(figure.bare.end);
    let counted = next.is_some_and(|next| next.kind == TokenKind::Word)
        && scene.hits.iter().any(|hit| hit.meaning == many);
    let pieces = scene.hit_after(figure.bare.end, Cue::Pieces, 0).is_some() || counted;
    // A small number counts pieces rather than centimetres.
    let counts = figure.values[0] < Decimal::from(COUNTED_BELOW)
        && scene.option_value(&numbers::plain(figure.values[0])).is_none();
    let spoken = known && !counts && is_size_of_named(scene, figure);
    let plausible = figure.digits
        || (word.is_some() && known)
        || asked
        || (before.is_some() && known)
        || spoken;
    let alone = scene.content_words_outside(&figure.bare) == 0;
    if pieces && word.is_none() {
        return false;
    }
    // "2-3 photos"
    let noun = next.is_some_and(|next| {
        let at = figure.bare.end;
        let size = [Cue::SizeWord, Cue::Want, Cue::Choose, Cue::Fine, Cue::Yes];
        next.kind == TokenKind::Word
            && !scene.cues.is_filler(&next.text)
            && !size.iter().any(|cue| scene.hit_after(at, *cue, 0).is_some())
            && !scene.seen.iter().any(|seen| seen.tokens.contains(&at))
    });
    let ranged = figure.values.len() == 2 && !noun;
    let length = before.is_some() && !scene.beginning_with(figure.values[0]).is_empty();
    let real = length || spoken || known && (figure.digits && !counts || before.is_some());
    if !plausible || !(word.is_some() || real || ranged || (asked && alone)) {
        return false;
    }
    // Beside products a small number counts them, even if it is also a size.
    if word.is_none() && before.is_none() && !asked && scene.mention_at(figure.bare.end).is_some() {
        let small = figure.values[0] < Decimal::from(COUNTED_BELOW);
        if small || !scene.kind_has_size(figure.bare.end, figure.values[0]) {
            return false;
        }
    }
    if let Some(hit) = word.or(before) {
        figure.tokens.start = figure.tokens.start.min(hit.tokens.start);
    }
    figure.role = Role::Size(SizeSystem::Shop);
    true
}

/// "hiking shoes that keep dry forty-one": whether a number in words is a size of the kind named
/// before it in its sentence.
fn is_size_of_named(scene: &Scene<'_>, figure: &Figure) -> bool {
    if figure.digits || figure.values[0] < Decimal::from(COUNTED_BELOW) {
        return false;
    }
    let Some(sentence) = scene.sentence_of(figure.bare.start) else { return false };
    let mut named = scene.seen.iter().filter(|seen| {
        let kind = |target: &MentionTarget| matches!(target, MentionTarget::Category(_));
        sentence.tokens.contains(&seen.tokens.start)
            && seen.tokens.end <= figure.bare.start
            && seen.targets.iter().any(kind)
    });
    named.next_back().is_some_and(|seen| scene.kind_has_size(seen.tokens.start, figure.values[0]))
}

/// Below this number, a figure without a word beside it counts pieces rather than measures.
const COUNTED_BELOW: u32 = 13;

/// Most pieces of a number without a word for them: "I'll take 3".
const TAKEN_MAX: u32 = 20;

/// "2 pairs", "x2", "deux gourdes".
fn count(scene: &Scene<'_>, figure: &mut Figure) -> bool {
    if figure.values.len() > 1 || figure.count().is_none_or(|n| n == 0 || n > PIECES_MAX) {
        return false;
    }
    let pieces = scene.hit_after(figure.bare.end, Cue::Pieces, 0).map(|hit| hit.tokens.clone());
    // "2x", not "38 per la palestra".
    let sign_only = |tokens: &std::ops::Range<usize>| scene.text_of(tokens).chars().count() == 1;
    let times = scene.hit_after(figure.bare.end, Cue::Times, 0).map(|hit| hit.tokens.clone());
    let times = times.filter(sign_only);
    let sign = scene.hit_before(figure.bare.start, Cue::Times, 0).map(|hit| hit.tokens.clone());
    // "I'll have 3", "mettez-en deux"
    let few = figure.values[0] <= Decimal::from(TAKEN_MAX);
    let taken = few && scene.hit_before(figure.bare.start, Cue::Choose, 1).is_some();
    let many = Meaning::Topic("bulk_order".to_owned());
    let value = scene.seen.iter().any(|seen| seen.tokens.start == figure.bare.end);
    // "3 bricks Briquelle", "2 bags of Litelle": a word for the pieces between the two
    let word = |at: usize| scene.tokens.get(at).is_some_and(|one| one.kind == TokenKind::Word);
    let named = |at: usize| {
        let product = |one: &MentionTarget| matches!(one, MentionTarget::Product(_));
        scene.mention_at(at).is_some_and(|seen| seen.targets.iter().any(product))
    };
    let packed = few && word(figure.bare.end) && named(figure.bare.end + 1);
    let product = taken
        || packed
        || value && few
        || scene
            .mention_at(figure.bare.end)
            .is_some_and(|seen| few || seen.targets.iter().any(MentionTarget::is_goods))
        || scene.hits.iter().any(|hit| hit.meaning == many);
    match pieces.or(times).or(sign) {
        Some(tokens) => figure.tokens = between(&figure.bare, &tokens),
        None if product => {}
        None => return false,
    }
    figure.role = Role::Quantity;
    true
}
