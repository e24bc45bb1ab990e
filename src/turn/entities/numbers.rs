//! Order numbers, quantities, and payment-card numbers, which are skipped.

use crate::turn::entities::EntityCollector;
use crate::turn::entities::EntityKind;
use crate::turn::entities::tokens::Token;
use crate::turn::entities::tokens::number;
use std::ops::Range;

/// Words that announce an order number.
const ORDER_CUES: &[&str] = &[
    "order",
    "orders",
    "commande",
    "commandes",
    "ref",
    "reference",
    "tracking",
    "suivi",
    "parcel",
    "colis",
];

/// Words that announce a number of any kind.
const NUMBER_CUES: &[&str] = &["n", "nr", "num", "numero", "number"];

/// Words before a number that are searched for a cue: "order is the 4581".
const CUE_REACH_WORDS: usize = 3;

/// Fewest digits of an order number with a cue before it, and without one.
const CUED_DIGITS_MIN: usize = 3;
const BARE_DIGITS_MIN: usize = 6;

/// Longest order or parcel number, in bytes.
const ORDER_BYTES_MAX: usize = 24;

/// Digits of a payment card. Source: ISO/IEC 7812.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Most groups that a card number is written in.
const CARD_GROUPS_MAX: usize = 5;

/// Units of things counted in pieces.
const UNITS: &[&str] = &[
    "pair",
    "pairs",
    "paire",
    "paires",
    "piece",
    "pieces",
    "exemplaire",
    "exemplaires",
    "unit",
    "units",
    "unite",
    "unites",
    "pack",
    "packs",
    "box",
    "boxes",
    "boite",
    "boites",
    "lot",
    "lots",
    "bottle",
    "bottles",
    "bouteille",
    "bouteilles",
    "tube",
    "tubes",
    "article",
    "articles",
    "item",
    "items",
];

/// Words after a number that exclude an order number: money, measures, times.
const NOT_ORDERS: &[&str] =
    &["€", "euro", "euros", "$", "dollars", "£", "pounds", "km", "m", "metres", "meters", "h"];

/// Takes the words of payment-card numbers, so that they are not read as anything else.
pub(super) fn cards(tokens: &[Token<'_>], found: &mut EntityCollector) {
    for at in 0..tokens.len() {
        for groups in 1..=CARD_GROUPS_MAX.min(tokens.len() - at) {
            let words = &tokens[at..at + groups];
            let written =
                |word: &Token<'_>| word.raw.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            if !words.iter().all(written) {
                break;
            }
            let digits: Vec<u32> = words
                .iter()
                .flat_map(|word| word.raw.chars())
                .filter_map(|c| c.to_digit(10))
                .collect();
            if CARD_DIGITS.contains(&digits.len()) && passes_luhn(&digits) {
                found.take(at..at + groups);
            }
        }
    }
}

/// Luhn check. Source: the check digit of ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Order numbers with a cue before them.
pub(super) fn cued_orders(text: &str, tokens: &[Token<'_>], found: &mut EntityCollector) {
    for (at, token) in tokens.iter().enumerate() {
        let near = &tokens[at.saturating_sub(CUE_REACH_WORDS)..at];
        let parted = |word: &Token<'_>| word.ends_clause && !is_cue(word) && word.folded != "no";
        let since = near.iter().rposition(parted).map_or(0, |at| at + 1);
        let near = &near[since..];
        let of_order = near.iter().any(|word| ORDER_CUES.contains(&word.folded.as_str()));
        let of_any = near.iter().any(is_cue) && !token.raw.starts_with('0');
        let cued = token.hash || of_order || of_any;
        if cued && is_order(text, tokens, at, CUED_DIGITS_MIN) && found.is_free(at..at + 1) {
            add(tokens, at..at + 1, found);
        }
    }
}

/// Order numbers without a cue: long enough to be nothing else.
pub(super) fn orders(text: &str, tokens: &[Token<'_>], found: &mut EntityCollector) {
    for (at, token) in tokens.iter().enumerate() {
        // Digits with separators but no letter are more often a date, a measure or a range.
        let parted = token.raw.contains(['-', '/']) && !token.raw.contains(char::is_alphabetic);
        if !parted && is_order(text, tokens, at, BARE_DIGITS_MIN) && found.is_free(at..at + 1) {
            add(tokens, at..at + 1, found);
        }
    }
}

fn is_cue(word: &Token<'_>) -> bool {
    let word = word.folded.as_str();
    ORDER_CUES.contains(&word) || NUMBER_CUES.contains(&word)
}

fn is_order(text: &str, tokens: &[Token<'_>], at: usize, digits_min: usize) -> bool {
    let token = &tokens[at];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    let digits = token.raw.bytes().filter(u8::is_ascii_digit).count();
    let unit = tokens.get(at + 1).is_some_and(|next| NOT_ORDERS.contains(&next.folded.as_str()));
    let money = text[..token.start].trim_end().ends_with(['€', '$', '£']);
    token.raw.bytes().all(plain)
        && token.raw.len() <= ORDER_BYTES_MAX
        && digits >= digits_min
        && !unit
        && !money
}

fn add(tokens: &[Token<'_>], at: Range<usize>, found: &mut EntityCollector) {
    found.add(EntityKind::OrderId, tokens[at.start].raw.to_uppercase(), tokens, at);
}

/// Numbers of pieces: `2 pairs`, `x3`, `j'en veux 3`, `12 of them`.
pub(super) fn quantities(tokens: &[Token<'_>], found: &mut EntityCollector) {
    for (at, token) in tokens.iter().enumerate() {
        let times = token.folded.strip_prefix('x').or_else(|| token.folded.strip_suffix('x'));
        let times = times.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(pieces) = times.and_then(number).or_else(|| number(&token.folded)) else {
            continue;
        };
        let word = |offset: usize| tokens.get(at + offset).map_or("", |next| next.folded.as_str());
        let of_them = word(1) == "of" && matches!(word(2), "them" | "those" | "these");
        let wanted = at >= 2
            && tokens[at - 2].folded == "en"
            && matches!(tokens[at - 1].folded.as_str(), "veux" | "voudrais" | "prends" | "faut");
        let counted = !token.ends_clause && UNITS.contains(&word(1));
        let at = at..at + 1;
        if pieces > 0
            && (times.is_some() || of_them || wanted || counted)
            && found.is_free(at.clone())
        {
            found.add(EntityKind::Quantity, pieces.to_string(), tokens, at);
        }
    }
}
