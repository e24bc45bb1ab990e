//! Numbers in a message, in digits or in words up to 9,999, with halves: "49,90", "1.200,50",
//! "quarante-trois", "dreiundvierzig", "centocinquanta", "42 1/2", "42 et demi".

use super::cues::Cue;
use super::cues::Cues;
use super::cues::Hit;
use super::cues::Meaning;
use super::tokens::Token;
use super::tokens::TokenKind;
use rust_decimal::Decimal;
use std::ops::Range;

/// Digits of a group of thousands.
const GROUP_DIGITS: usize = 3;

/// Longest number that is read, in characters.
const DIGITS_MAX: usize = 14;

/// Largest number in words.
const WORDS_VALUE_MAX: u32 = 9_999;

/// Shortest word that is taken apart into number words.
const COMPOUND_LETTERS_MIN: usize = 6;

/// A number and its tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    /// Its tokens.
    pub(crate) tokens: Range<usize>,
    /// Its value.
    pub(crate) value: Decimal,
    /// Whether it is written in digits.
    pub(crate) digits: bool,
}

/// Reads digits with separators of thousands and decimals.
pub(crate) fn parse_digits(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|c| *c != '\'').collect();
    if text.len() > DIGITS_MAX {
        return None;
    }
    let Some(last) = text.rfind(['.', ',']) else { return text.parse().ok() };
    let (whole, part) = (&text[..last], &text[last + 1..]);
    let plain: String = whole.chars().filter(char::is_ascii_digit).collect();
    let sign = text.as_bytes()[last];
    let several = whole.bytes().any(|byte| byte == sign);
    let mixed = whole.bytes().any(|byte| matches!(byte, b'.' | b',') && byte != sign);
    let group = part.len() == GROUP_DIGITS && whole != "0" && plain.len() <= GROUP_DIGITS;
    if several || (group && !mixed) {
        return format!("{plain}{part}").parse().ok();
    }
    format!("{plain}.{part}").parse().ok()
}

/// Adds a number word to those before it; `None` if they are two numbers.
fn join(total: u32, low: u32, value: u32, reversed: bool) -> Option<(u32, u32)> {
    match value {
        100 => (low < 100).then(|| (total, low.max(1) * 100)),
        1000 => (total == 0).then(|| (low.max(1) * 1000, 0)),
        value if value > 100 => (low == 0 && value < 1000).then_some((total, value)),
        value => {
            let tail = low % 100;
            let fits = tail == 0
                || (tail.is_multiple_of(10) && tail >= 20 && value < 10)
                || (matches!(tail, 60 | 80) && value < 20)
                || (reversed && tail < 10 && value >= 20 && value.is_multiple_of(10));
            fits.then_some((total, low + value))
        }
    }
}

/// Takes a word apart into number words: "dreiundvierzig", "duecento".
fn compound(word: &str, cues: &Cues) -> Option<u32> {
    if word.len() < COMPOUND_LETTERS_MIN || !word.is_ascii() {
        return None;
    }
    let mut open: Vec<(usize, u32, u32, bool)> = vec![(0, 0, 0, false)];
    while let Some((at, total, low, joined)) = open.pop() {
        if at == word.len() {
            return Some(total + low).filter(|value| *value <= WORDS_VALUE_MAX && *value > 0);
        }
        let rest = &word[at..];
        for end in 2..=rest.len() {
            let part = &rest[..end];
            if let Some(value) = cues.number(part)
                && let Some((total, low)) = join(total, low, value, joined)
            {
                open.push((at + end, total, low, false));
            }
            if at > 0 && !joined && cues.joins_numbers(part) {
                open.push((at + end, total, low, true));
            }
        }
    }
    None
}

/// The number in words that starts at a token, and its end.
fn words_at(tokens: &[Token], at: usize, cues: &Cues, hits: &[Hit]) -> Option<(u32, usize)> {
    let value_at = |at: usize| -> Option<(u32, usize)> {
        let several = hits.iter().filter(|hit| hit.tokens.start == at);
        let several = several.filter_map(|hit| match hit.meaning {
            Meaning::Number(value) => Some((value, hit.tokens.end)),
            _ => None,
        });
        let word = tokens.get(at).filter(|token| token.kind == TokenKind::Word)?;
        let one = || {
            let known = cues.number(&word.text).or_else(|| compound(&word.text, cues));
            known.map(|value| (value, at + 1))
        };
        several.max_by_key(|(_, end)| *end).or_else(one)
    };
    let (first, mut end) = value_at(at)?;
    let (mut total, mut low) = join(0, 0, first, false)?;
    loop {
        let joint = tokens.get(end).is_some_and(|token| cues.joins_numbers(&token.text));
        let next = if joint { end + 1 } else { end };
        let Some((value, after)) = value_at(next) else { break };
        // "forty and two" are two numbers; "vingt et un", "hundred and two" are one.
        let Some(sum) = join(total, low, value, false) else { break };
        (total, low) = sum;
        end = after;
    }
    let value = total + low;
    (value <= WORDS_VALUE_MAX).then_some((value, end))
}

/// The end of a half behind a number, if one stands there.
fn half_at(tokens: &[Token], at: usize, hits: &[Hit]) -> Option<usize> {
    let text = |at: usize| tokens.get(at).map(|token| token.text.as_str());
    if text(at) == Some("½") {
        return Some(at + 1);
    }
    if (text(at), text(at + 1), text(at + 2)) == (Some("1"), Some("/"), Some("2")) {
        return Some(at + 3);
    }
    hits.iter().find(|hit| hit.is(Cue::Half) && hit.tokens.start == at).map(|hit| hit.tokens.end)
}

/// "half a litre", "demi-litre": the end of a half right before a unit of measure.
fn half_unit(tokens: &[Token], at: usize, hits: &[Hit]) -> Option<usize> {
    let halves = hits.iter().filter(|hit| hit.is(Cue::Half) && hit.tokens.start == at);
    let mut end = halves.map(|hit| hit.tokens.end).max()?;
    while tokens.get(end).is_some_and(|token| token.text == "-") {
        end += 1;
    }
    let unit = |hit: &Hit| hit.tokens.start == end && matches!(hit.meaning, Meaning::Measure(_));
    hits.iter().any(unit).then_some(end)
}

/// All numbers of a message, in order.
pub(crate) fn find(tokens: &[Token], cues: &Cues, hits: &[Hit]) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        let read = match token.kind {
            TokenKind::Number => parse_digits(&token.text).map(|value| (value, at + 1, true)),
            TokenKind::Word => words_at(tokens, at, cues, hits)
                .map(|(value, end)| (Decimal::from(value), end, false)),
            TokenKind::Sign | TokenKind::Emoji => None,
        };
        let read = read.or_else(|| Some((Decimal::new(5, 1), half_unit(tokens, at, hits)?, false)));
        let Some((mut value, mut end, digits)) = read else {
            at += 1;
            continue;
        };
        if digits && let Some(group) = thousands(tokens, end, hits) {
            value = value * Decimal::from(1000) + group;
            end += 1;
        }
        if let Some(after) = half_at(tokens, end, hits).filter(|_| value.fract().is_zero()) {
            value += Decimal::new(5, 1);
            end = after;
        }
        found.push(Number { tokens: at..end, value, digits });
        at = end;
    }
    found
}

/// The group of three digits behind a space, where it can be nothing else: a currency follows, as
/// in "1 200 euros", or it is "000".
fn thousands(tokens: &[Token], at: usize, hits: &[Hit]) -> Option<Decimal> {
    let group = tokens.get(at).filter(|token| token.kind == TokenKind::Number && !token.glued)?;
    let digits = group.text.split([',', '.']).next()?;
    let money =
        |hit: &Hit| hit.tokens.start == at + 1 && matches!(hit.meaning, Meaning::Currency(_));
    let money = group.text == "000" || hits.iter().any(money);
    let alone = tokens[at - 1].text.len() <= GROUP_DIGITS;
    (digits.len() == GROUP_DIGITS && money && alone).then(|| parse_digits(&group.text)).flatten()
}

/// A number as a size is written: without zeros at the end, with a point.
pub(crate) fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_read_with_the_separators_of_every_language() {
        for (text, value) in [
            ("49,90", "49.90"),
            ("49.90", "49.90"),
            ("1.200,50", "1200.50"),
            ("1,200.50", "1200.50"),
            ("1.299", "1299"),
            ("1'200", "1200"),
            ("42,5", "42.5"),
            ("1.234.567", "1234567"),
        ] {
            assert_eq!(parse_digits(text), value.parse().ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn digits_never_panic(text in "[0-9.,']{0,20}") {
            let _ = parse_digits(&text);
        }
    }
}
