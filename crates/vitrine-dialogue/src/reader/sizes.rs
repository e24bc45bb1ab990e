//! Sizes and dimensions as commands, in the shop's own spelling where it has them.

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Figure;
use super::figure::Role;
use super::numbers::plain;
use super::scene::Scene;
use super::tokens::TokenKind;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::SizeSystem;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::ops::Range;

/// Sizes in letters.
const LETTERS: [&str; 14] =
    ["xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "xxxxl", "2xl", "3xl", "4xl", "5xl", "6xl"];

/// Sizes in letters that are also words or parts of words.
const SHORT_LETTERS: [&str; 3] = ["s", "m", "l"];

/// Most sizes that a range can mean.
const RANGE_MAX: usize = 24;

/// The option that bare sizes are for: the one asked, else `size`.
fn asked_option(scene: &Scene<'_>) -> String {
    match &scene.input.state.pending {
        Some(Pending::Option { facet, .. }) => facet.clone(),
        _ => "size".to_owned(),
    }
}

/// The size in letters that starts at a token, "xl" or "2xl", and its end.
pub(crate) fn letters_at(scene: &Scene<'_>, at: usize) -> Option<(String, usize)> {
    let token = scene.tokens.get(at)?;
    let next = scene.tokens.get(at + 1);
    let (text, end) = match token.kind {
        TokenKind::Word => (token.text.clone(), at + 1),
        TokenKind::Number => {
            let next = next.filter(|next| next.glued && next.kind == TokenKind::Word)?;
            (format!("{}{}", token.text, next.text), at + 2)
        }
        TokenKind::Sign | TokenKind::Emoji => return None,
    };
    LETTERS.contains(&text.as_str()).then_some((text, end))
}

/// The other way to write a size in letters: "2XL" is "XXL".
fn other_spelling(letter: &str) -> Option<String> {
    if let Some(count) = letter.strip_suffix("XL").and_then(|digits| digits.parse::<usize>().ok()) {
        return (count < LETTERS.len()).then(|| format!("{}L", "X".repeat(count)));
    }
    let count = letter.strip_suffix('L').filter(|xs| xs.chars().all(|c| c == 'X'))?.len();
    (count > 1).then(|| format!("{count}XL"))
}

/// Sizes in letters or words: "M", "taille L", "medium" after our question.
pub(crate) fn letters(scene: &Scene<'_>) -> Vec<(String, Range<usize>)> {
    let asked = matches!(scene.input.state.pending, Some(Pending::Option { .. }));
    let alone = scene.content_words() <= 1;
    let mut found: Vec<(String, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < scene.tokens.len() {
        let token = &scene.tokens[at];
        let Some((text, end)) = letters_at(scene, at) else {
            at += 1;
            continue;
        };
        let whole = scene
            .input
            .text
            .get(token.span.clone())
            .is_some_and(|raw| raw.len() == token.text.len());
        if whole {
            let word = scene.hit_before(at, Cue::SizeWord, 1);
            let before = scene.hit_before(at, Cue::SizeBefore, 1);
            let short = SHORT_LETTERS.contains(&text.as_str());
            let capital = token.capital && !all_capitals(scene) && !(token.glued && at > 0);
            let fine = !short
                || word.is_some()
                || capital
                || (asked && alone)
                || (before.is_some() && capital_or_shop(scene, &text, before.is_some()));
            if fine {
                let cue = word.or(before).map(|hit| hit.tokens.start);
                let start = cue.unwrap_or(at).min(at);
                found.push((text.to_uppercase(), start..end));
            }
        }
        at = end;
    }
    for hit in &scene.hits {
        if let Meaning::SizeName(name) = &hit.meaning {
            let word = scene.hit_before(hit.tokens.start, Cue::SizeWord, 1).is_some()
                || scene.hit_after(hit.tokens.end, Cue::SizeWord, 0).is_some();
            let token = &scene.tokens[hit.tokens.start];
            let short = token.text.chars().count() <= 2 && token.capital && !token.glued;
            if word || (asked && alone) || (short && !all_capitals(scene)) {
                found.push((name.clone(), hit.tokens.clone()));
            }
        }
    }
    found.sort_by_key(|(_, tokens)| tokens.start);
    found
}

fn capital_or_shop(scene: &Scene<'_>, text: &str, before: bool) -> bool {
    before && scene.option_value(text).is_some()
}

/// Whether the message is written in capitals.
pub(crate) fn all_capitals(scene: &Scene<'_>) -> bool {
    let letters = scene.input.text.chars().filter(|c| c.is_alphabetic());
    let (mut all, mut capital) = (0_usize, 0_usize);
    for c in letters {
        all += 1;
        capital += usize::from(c.is_uppercase());
    }
    all > 6 && capital * 10 >= all * 8
}

/// All sizes of the shop between two numbers, as it writes them, and its own label of the range.
fn range(scene: &Scene<'_>, low: Decimal, high: Decimal) -> Vec<String> {
    let mut found: Vec<(Decimal, String)> = Vec::new();
    let label = format!("{}-{}", plain(low), plain(high));
    if let Some((_, value)) = scene.option_value(&label) {
        return vec![value];
    }
    for product in scene.input.catalog.products() {
        for value in product.variants.iter().filter_map(|one| one.options.get("size")) {
            let Some(number) = super::numbers::parse_digits(value) else { continue };
            let within = number >= low && number <= high;
            if within && !found.iter().any(|(known, _)| *known == number) {
                found.push((number, value.clone()));
            }
        }
    }
    found.sort();
    found.truncate(RANGE_MAX);
    if found.is_empty() {
        return vec![plain(low), plain(high)];
    }
    found.into_iter().map(|(_, value)| value).collect()
}

fn values(scene: &Scene<'_>, figure: &Figure, system: SizeSystem) -> (String, Vec<String>) {
    let option = asked_option(scene);
    let shop = matches!(system, SizeSystem::Shop | SizeSystem::Eu);
    if let [low, high] = figure.values[..] {
        return (
            option,
            if shop { range(scene, low, high) } else { vec![plain(low), plain(high)] },
        );
    }
    let written = plain(figure.values[0]);
    let own = scene.measured(figure.values[0]).or_else(|| scene.option_value(&written));
    if let Some((key, value)) = own.filter(|_| shop) {
        return (key, vec![value]);
    }
    let longer = scene.beginning_with(figure.values[0]);
    match longer.first() {
        Some((key, _)) if shop => {
            (key.clone(), longer.iter().map(|(_, value)| value.clone()).collect())
        }
        _ => (option, vec![written]),
    }
}

/// The option that dimensions are a value of.
fn dimensions(scene: &Scene<'_>, figure: &Figure) -> (String, Vec<String>) {
    let place = figure.bare.end..figure.tokens.end.max(figure.bare.end);
    if let Some((key, value)) = scene.in_unit(figure.values[0], &place) {
        return (key, vec![value]);
    }
    let unit = scene.text_of(&place);
    let numbers: Vec<String> = figure.values.iter().map(|value| plain(*value)).collect();
    let bare = numbers.join("x");
    let spellings = [format!("{bare}{unit}"), bare.clone(), format!("{bare}cm")];
    let known = spellings.iter().find_map(|spelling| scene.option_value(spelling));
    match known {
        Some((key, value)) => (key, vec![value]),
        None => {
            let shown = if unit.is_empty() { bare } else { format!("{bare} {unit}") };
            (asked_option(scene), vec![shown])
        }
    }
}

fn polarity(draft: &Draft<'_, '_>, tokens: &Range<usize>) -> Polarity {
    // "rather 43" corrects: a size is meant or it is not.
    match super::wishes::polarity(draft, tokens) {
        Polarity::Prefer => Polarity::Must,
        other => other,
    }
}

/// "the small one", "le grand flacon": the least or greatest of the measures that the product under
/// discussion comes in. Sizes in letters have names of their own.
fn extremes(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let focus = scene.input.state.focus.as_ref();
    let Some(product) = focus.and_then(|focus| scene.input.catalog.product(&focus.sku)) else {
        return;
    };
    for (cue, big) in [(Cue::Small, false), (Cue::Big, true)] {
        for hit in draft.free(cue) {
            let definite = scene.hit_before(hit.start, Cue::Definite, 0).is_some()
                || scene.is_skipped_at(hit.start, 1);
            let one = scene.hit_after(hit.end, Cue::One, 0).map(|one| one.tokens.clone());
            let judged = scene.hit_before(hit.start, Cue::TooMuch, 0).is_some();
            if judged || !definite && one.is_none() {
                continue;
            }
            let Some((key, value)) = extreme(product, big) else { continue };
            let tokens = hit.start..one.map_or(hit.end, |one| one.end);
            add(draft, tokens, (key, vec![value], SizeSystem::Shop), false);
        }
    }
}

/// A value of an option in a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    /// Its tokens.
    pub(crate) tokens: Range<usize>,
    /// The option.
    pub(crate) key: String,
    /// The value, as the shop writes it where it knows it.
    pub(crate) value: String,
}

/// All values of options in a message, in order: sizes, "the large ones", and what the product
/// under discussion comes in.
pub(crate) fn marks(scene: &Scene<'_>) -> Vec<Mark> {
    let sized = scene.figures.iter().filter_map(|figure| {
        let (key, value) = match figure.role {
            Role::Size(_) => {
                let written = plain(figure.values[0]);
                scene.option_value(&written).unwrap_or_else(|| (asked_option(scene), written))
            }
            Role::Dimensions => {
                let (key, values) = dimensions(scene, figure);
                (key, values.into_iter().next()?)
            }
            _ => return None,
        };
        Some(Mark { tokens: figure.tokens.clone(), key, value })
    });
    let lettered = letters(scene).into_iter().map(|(letter, tokens)| {
        let other = || scene.option_value(&other_spelling(&letter)?);
        let known = scene.option_value(&letter).or_else(other);
        let (key, value) = known.unwrap_or_else(|| (asked_option(scene), letter.clone()));
        Mark { tokens, key, value }
    });
    let mut found: Vec<Mark> = sized.chain(lettered).collect();
    let state = scene.input.state;
    let focus = state.focus.as_ref();
    if let Some(product) = focus.and_then(|focus| scene.input.catalog.product(&focus.sku)) {
        let big = [(Cue::Small, false), (Cue::Big, true)];
        let extremes = big.iter().flat_map(|(cue, big)| {
            scene.hits_of(*cue).filter_map(|hit| {
                let (key, value) = extreme(product, *big)?;
                Some(Mark { tokens: hit.tokens.clone(), key, value })
            })
        });
        found.extend(extremes);
        let own = |target: &MentionTarget| match target {
            MentionTarget::Value(choice) if product.options.contains(&choice.key) => {
                let made = product.option_values(&choice.key).contains(&choice.value.as_str());
                made.then(|| (choice.key.clone(), choice.value.clone()))
            }
            _ => None,
        };
        let seen = scene.seen.iter().filter_map(|seen| {
            let (key, value) = seen.targets.iter().find_map(own)?;
            Some(Mark { tokens: seen.tokens.clone(), key, value })
        });
        found.extend(seen);
    }
    found.sort_by_key(|mark| (mark.tokens.start, std::cmp::Reverse(mark.tokens.end)));
    found.dedup_by(|later, first| later.tokens.start < first.tokens.end);
    found
}

/// The option of a product that is a measure, with its least or greatest value.
fn extreme(product: &Product, big: bool) -> Option<(String, String)> {
    product.options.iter().find_map(|key| {
        let measures = product.option_values(key).into_iter().map(|value| {
            let digits: String = value
                .chars()
                .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
                .collect();
            Some((super::numbers::parse_digits(&digits)?, value))
        });
        let mut measures: Vec<(Decimal, &str)> = measures.collect::<Option<_>>()?;
        // Sizes of shoes are no smaller or larger versions of them.
        if measures.iter().all(|(_, value)| value.chars().all(|c| c.is_ascii_digit())) {
            return None;
        }
        measures.sort();
        let found = if big { measures.last() } else { measures.first() };
        let several = measures.len() > 1;
        found.filter(|_| several).map(|(_, value)| (key.clone(), (*value).to_owned()))
    })
}

/// Reads all sizes and dimensions.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    extremes(draft);
    for (at, figure) in scene.figures.iter().enumerate() {
        let (system, (option, values)) = match figure.role {
            Role::Size(system) => (system, values(scene, figure, system)),
            Role::Dimensions => (SizeSystem::Shop, dimensions(scene, figure)),
            _ => continue,
        };
        if draft.is_used(&figure.bare) {
            continue;
        }
        let or = at > 0 && {
            let before = &scene.figures[at - 1];
            let gap = before.bare.end..figure.bare.start;
            gap.len() <= 2 && scene.hit_in(&gap, Cue::Or).is_some()
        };
        add(draft, figure.tokens.clone(), (option, values, system), or);
    }
    for (letter, tokens) in letters(scene) {
        if draft.is_used(&tokens) {
            continue;
        }
        let other = || scene.option_value(&other_spelling(&letter)?);
        let (option, value) = scene
            .option_value(&letter)
            .or_else(other)
            .unwrap_or_else(|| (asked_option(scene), letter.clone()));
        add(draft, tokens, (option, vec![value], SizeSystem::Shop), false);
    }
    options(draft);
}

fn add(
    draft: &mut Draft<'_, '_>,
    tokens: Range<usize>,
    (option, values, system): (String, Vec<String>, SizeSystem),
    or: bool,
) {
    let polarity = polarity(draft, &tokens);
    if or
        && let Some(last) =
            draft.found.iter_mut().rev().find_map(|found| match &mut found.command {
                Command::Size { values, .. } => Some(values),
                _ => None,
            })
    {
        last.extend(values);
        draft.mark(&tokens);
        return;
    }
    draft.add(tokens, Command::Size { option, values, system, polarity });
}

/// Option values that the catalogue found: "140x200", "54 cm".
fn options(draft: &mut Draft<'_, '_>) {
    for seen in &draft.scene.seen {
        let option = seen.targets.iter().find_map(|target| match target {
            MentionTarget::Option { key, value } => Some((key.clone(), value.clone())),
            _ => None,
        });
        let Some((option, value)) = option else { continue };
        let letter = LETTERS.contains(&value.to_lowercase().as_str());
        let plain = value.chars().all(|c| c.is_ascii_digit());
        if draft.is_used(&seen.tokens) || letter || plain {
            continue;
        }
        if states_facet(draft.scene, seen, &option) {
            continue;
        }
        add(draft, seen.tokens.clone(), (option, vec![value], SizeSystem::Shop), false);
    }
}

/// Whether a value of an option is read as a facet: "black" tells shoes apart that come in one
/// colour each. It is an option where it was asked for, or if the product under discussion has it.
fn states_facet(scene: &Scene<'_>, seen: &super::scene::Seen, option: &str) -> bool {
    let state = scene.input.state;
    let catalog = scene.input.catalog;
    let facet = seen.targets.iter().any(|target| match target {
        MentionTarget::Value(choice) => choice.key == option,
        _ => false,
    });
    let asked = matches!(&state.pending,
        Some(Pending::Option { facet, .. }) if facet == option);
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let own = focus.is_some_and(|product| product.options.iter().any(|key| key == option));
    facet && !asked && !own
}
