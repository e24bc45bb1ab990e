//! E-mail addresses, telephone numbers and order numbers.

use super::cues::Cue;
use super::cues::Hit;
use super::input::ReaderInput;
use super::tokens::Token;
use super::tokens::TokenKind;
use crate::state::Pending;
use std::ops::Range;

/// Digits of a telephone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

/// Fewest digits of an order number that is all of a message.
const ORDER_DIGITS_ALONE: usize = 5;

/// Fewest digits of an order number without a word that says what it is.
const ORDER_DIGITS_BARE: usize = 6;

/// Fewest digits of an order number behind such a word, or after our question for it.
const ORDER_DIGITS_CUED: usize = 3;

/// Longest order number.
const ORDER_CHARS_MAX: usize = 32;

/// Most tokens between "order" and its number.
const ORDER_GAP: usize = 3;

/// What a written address is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContactKind {
    /// E-mail or telephone.
    Address,
    /// Order number.
    Order,
}

/// An address or number in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contact {
    /// Its tokens.
    pub(crate) tokens: Range<usize>,
    /// What it is.
    pub(crate) kind: ContactKind,
    /// As written, without signs around it.
    pub(crate) value: String,
}

/// A run of characters without spaces, with its bytes.
fn pieces(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().map(|piece| (piece.as_ptr() as usize - text.as_ptr() as usize, piece))
}

fn is_email(piece: &str) -> bool {
    let Some((name, host)) = piece.split_once('@') else { return false };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    !name.is_empty()
        && name.chars().all(plain)
        && host.chars().all(plain)
        && host.split('.').count() >= 2
        && host.split('.').all(|part| !part.is_empty())
}

fn tokens_of(tokens: &[Token], bytes: &Range<usize>) -> Option<Range<usize>> {
    let inside = |token: &Token| token.span.start < bytes.end && bytes.start < token.span.end;
    let start = tokens.iter().position(inside)?;
    let last = tokens.iter().rposition(inside)?;
    Some(start..last + 1)
}

/// Telephone numbers: runs of digits, spaces and separators that begin with `+` or `0`.
fn phones(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut end = 0;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let part = c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-' | '/' | '(' | ')');
        if part {
            if start.is_none() && matches!(c, '+' | '0') {
                start = Some(at);
            }
            if c.is_ascii_digit() {
                end = at + 1;
            }
        } else if let Some(first) = start.take() {
            let run = text.get(first..end.max(first)).unwrap_or_default();
            let digits = run.chars().filter(char::is_ascii_digit).count();
            if PHONE_DIGITS.contains(&digits) {
                found.push(first..end);
            }
        }
    }
    found
}

/// Whether a token begins a number of its own, not the middle of a word or a price.
fn order_number(tokens: &[Token], at: usize, text: &str) -> Option<(Range<usize>, String)> {
    let mut end = at + 1;
    while tokens.get(end).is_some_and(|token| {
        token.glued
            && (matches!(token.kind, TokenKind::Number | TokenKind::Word)
                || (matches!(&*token.text, "-" | "/" | "_")
                    && tokens.get(end + 1).is_some_and(|next| next.glued)))
    }) {
        end += 1;
    }
    let money = tokens.get(end).is_some_and(|token| matches!(&*token.text, "€" | "$" | "£"));
    let value = text.get(tokens[at].span.start..tokens[end - 1].span.end)?;
    let plain = value.len() <= ORDER_CHARS_MAX && !value.contains([',', '\'']) && !money;
    plain.then(|| (at..end, value.to_owned()))
}

/// Whether a text is a size in two or three dimensions: "140x190", "60×40×20cm".
fn is_dimensions(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['x', 'X', '×', '*']).collect();
    let plain = |part: &&str| {
        let digits = part.trim_end_matches(|c: char| c.is_alphabetic());
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'))
    };
    parts.len() > 1 && parts.iter().all(plain)
}

fn orders(input: &ReaderInput<'_>, tokens: &[Token], hits: &[Hit]) -> Vec<Contact> {
    let asked = input.state.pending == Some(Pending::OrderId);
    let cued = |at: usize| {
        hits.iter().any(|hit| {
            (hit.is(Cue::OrderWord) || hit.is(Cue::Order))
                && hit.tokens.end <= at
                && at - hit.tokens.end <= ORDER_GAP
                && tokens[hit.tokens.end..at].iter().all(|token| token.kind != TokenKind::Number)
        })
    };
    let mut found: Vec<Contact> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = !tokens[at].glued || matches!(&*tokens[at - 1].text, "#" | ":" | "°" | "(");
        let read = if starts { order_number(tokens, at, input.text) } else { None };
        let Some((range, value)) = read else {
            at += 1;
            continue;
        };
        let digits = value.chars().filter(char::is_ascii_digit).count();
        let hash = at > 0 && tokens[at - 1].text == "#";
        // A number that is all of the message is no price: most orders have five digits or more.
        let plain = value.chars().all(|c| c.is_ascii_digit());
        let alone = plain && range == (0..tokens.len()) && value.len() >= ORDER_DIGITS_ALONE;
        let cued = asked || hash || alone || cued(at);
        let least = if cued { ORDER_DIGITS_CUED } else { ORDER_DIGITS_BARE };
        let letters = value.chars().any(char::is_alphabetic);
        // "10km" or "43eu" are figures with a unit; letters of an order number come first.
        let mixed = letters && value.starts_with(|c: char| c.is_ascii_digit()) && digits < 6;
        if digits >= least && !mixed && !is_dimensions(&value) {
            found.push(Contact { tokens: range.clone(), kind: ContactKind::Order, value });
        }
        at = range.end;
    }
    found
}

/// All addresses and numbers of a message, in order.
pub(crate) fn find(input: &ReaderInput<'_>, tokens: &[Token], hits: &[Hit]) -> Vec<Contact> {
    let mut found = Vec::new();
    for (start, piece) in pieces(input.text) {
        let trimmed = piece.trim_matches(|c: char| !c.is_alphanumeric());
        let offset = trimmed.as_ptr() as usize - piece.as_ptr() as usize + start;
        let bytes = offset..offset + trimmed.len();
        if is_email(trimmed)
            && let Some(place) = tokens_of(tokens, &bytes)
        {
            let value = trimmed.to_owned();
            found.push(Contact { tokens: place, kind: ContactKind::Address, value });
        }
    }
    let asked = input.state.pending == Some(Pending::OrderId);
    for bytes in phones(input.text) {
        let written = input.text.get(bytes.clone()).unwrap_or_default();
        if asked && !written.starts_with('+') {
            continue;
        }
        if let Some(place) = tokens_of(tokens, &bytes) {
            let value = written.trim().to_owned();
            found.push(Contact { tokens: place, kind: ContactKind::Address, value });
        }
    }
    let free = |contact: &Contact, found: &[Contact]| {
        found.iter().all(|other| {
            contact.tokens.end <= other.tokens.start || other.tokens.end <= contact.tokens.start
        })
    };
    for order in orders(input, tokens, hits) {
        if free(&order, &found) {
            found.push(order);
        }
    }
    found.sort_by_key(|contact| contact.tokens.start);
    found
}
