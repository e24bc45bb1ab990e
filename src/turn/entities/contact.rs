//! E-mail addresses and telephone numbers.
//!
//! Sources: the addresses that HTML's `input type=email` accepts (WHATWG), with the lengths of RFC
//! 5321; ITU-T E.164 for the digits of a number with a country code.

use crate::turn::entities::EntityCollector;
use crate::turn::entities::EntityKind;
use crate::turn::entities::tokens::Token;

const LOCAL_BYTES_MAX: usize = 64;
const ADDRESS_BYTES_MAX: usize = 254;

/// Digits of a number with its country code.
const INTERNATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// Digits of a number without country code that starts with the trunk prefix 0.
const NATIONAL_DIGITS: std::ops::RangeInclusive<usize> = 9..=11;

/// Digit groups of North American numbers, which have no trunk prefix.
const AMERICAN_GROUPS: [usize; 3] = [3, 3, 4];

/// Most groups that a number is written in.
const GROUPS_MAX: usize = 6;

pub(super) fn emails(text: &str, tokens: &[Token<'_>], found: &mut EntityCollector) {
    for (at, token) in tokens.iter().enumerate() {
        if let Some(address) = address(&text[token.start..token.end]) {
            found.add(EntityKind::Email, address, tokens, at..at + 1);
        }
    }
}

fn address(word: &str) -> Option<String> {
    let (local, domain) = word.split_once('@')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte);
    let local_fits = (1..=LOCAL_BYTES_MAX).contains(&local.len())
        && local.bytes().all(plain)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next()?;
    let domain_fits = domain.contains('.')
        && domain.split('.').all(label_fits)
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    (local_fits && domain_fits && word.len() <= ADDRESS_BYTES_MAX)
        .then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

pub(super) fn phones(tokens: &[Token<'_>], found: &mut EntityCollector) {
    let mut at = 0;
    while at < tokens.len() {
        let longest = (1..=GROUPS_MAX.min(tokens.len() - at)).rev().find_map(|groups| {
            let range = at..at + groups;
            let number = number(&tokens[range.clone()])?;
            found.is_free(range.clone()).then_some((range, number))
        });
        match longest {
            Some((range, number)) => {
                at = range.end;
                found.add(EntityKind::Phone, number, tokens, range);
            }
            None => at += 1,
        }
    }
}

/// The telephone number that consists of exactly these words.
fn number(words: &[Token<'_>]) -> Option<String> {
    let international = words.first()?.raw.starts_with('+');
    let mut digits = String::new();
    let mut groups = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let body = if index == 0 { word.raw.trim_start_matches('+') } else { word.raw };
        if !body.chars().all(|c| c.is_ascii_digit() || "-./()".contains(c)) {
            return None;
        }
        let parts = body.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        for part in parts {
            digits.push_str(part);
            groups.push(part.len());
        }
    }
    let with_trunk = digits.starts_with('0') && !digits.starts_with("00");
    let fits = if international {
        INTERNATIONAL_DIGITS.contains(&digits.len())
    } else {
        with_trunk && NATIONAL_DIGITS.contains(&digits.len()) || groups == AMERICAN_GROUPS
    };
    let plus = if international { "+" } else { "" };
    fits.then(|| format!("{plus}{digits}"))
}
