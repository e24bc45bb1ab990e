//! Words and numbers of a text, with their places in it.

use crate::stopwords::is_stop_word;
use crate::stopwords::negates;
use crate::words::TEXT_CHARS_MAX;
use crate::words::WORDS_MAX;
use crate::words::fold;
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;
use vitrine_base::language::Language;

/// What stands between a token and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing, or spaces, or a hyphen.
    Close,
    /// An apostrophe.
    Apostrophe,
    /// A sign that ends a phrase, such as a comma or a line break.
    Break,
}

/// A run of letters, or a number with its decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// As it is in the text.
    pub(super) written: String,
    /// Lower case, without accents.
    pub(super) folded: String,
    /// What is before it; [`Gap::Break`] at the start.
    pub(super) before: Gap,
    /// Whether a hyphen alone is before it.
    pub(super) hyphen: bool,
    /// Whether all of its letters are capitals.
    pub(super) capitals: bool,
    /// Whether it is a number.
    pub(super) number: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Gap,
}

fn class(character: char) -> Class {
    match character {
        c if c.is_ascii_digit() => Class::Digit,
        c if c.is_alphanumeric() => Class::Letter,
        _ => Class::Gap,
    }
}

/// The first [`WORDS_MAX`] tokens of the first [`TEXT_CHARS_MAX`] characters of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<(usize, char)> = text.char_indices().take(TEXT_CHARS_MAX).collect();
    let end_of = |at: usize| {
        characters.get(at).map_or_else(
            || characters.last().map_or(0, |(byte, c)| byte + c.len_utf8()),
            |(byte, _)| *byte,
        )
    };
    let mut found: Vec<Token> = Vec::new();
    let mut gap_from = 0;
    let mut at = 0;
    while at < characters.len() && found.len() < WORDS_MAX {
        let kind = class(characters[at].1);
        if kind == Class::Gap {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < characters.len() && continues(kind, &characters, end) {
            end += 1;
        }
        let span = end_of(at)..end_of(end);
        let written = &text[span.clone()];
        let between = &text[gap_from..span.start];
        let before = if found.is_empty() { Gap::Break } else { gap(between) };
        let folded = fold(written);
        if !folded.is_empty() {
            let capitals = written.chars().all(|c| !c.is_lowercase());
            gap_from = span.end;
            let hyphen = matches!(between, "-" | "‐" | "‑") && !found.is_empty();
            let (written, number) = (written.to_owned(), kind == Class::Digit);
            found.push(Token { span, written, folded, before, hyphen, capitals, number });
        }
        at = end;
    }
    found
}

fn continues(kind: Class, characters: &[(usize, char)], at: usize) -> bool {
    let character = characters[at].1;
    match kind {
        Class::Letter => class(character) == Class::Letter || is_combining_mark(character),
        Class::Digit if matches!(character, ',' | '.') => {
            characters.get(at + 1).is_some_and(|(_, next)| next.is_ascii_digit())
        }
        Class::Digit => character.is_ascii_digit(),
        Class::Gap => false,
    }
}

fn gap(between: &str) -> Gap {
    let mut gap = Gap::Close;
    for character in between.chars() {
        match character {
            '\'' | '’' | '‘' | 'ʼ' | '`' | '´' => gap = Gap::Apostrophe,
            '-' | '‐' | '‑' | '/' | '&' | '+' | '×' | '*' | '®' | '™' => {}
            '\n' | '\r' => return Gap::Break,
            c if c.is_whitespace() => {}
            _ => return Gap::Break,
        }
    }
    gap
}

/// Places of the tokens that make a phrase: content words, numbers, negations, and stop words that
/// a hyphen ties to a content word ("sur-matelas").
pub(super) fn counted(tokens: &[Token], language: Language) -> Vec<usize> {
    let stop = |token: &Token| !token.number && is_stop_word(&token.folded, language);
    let tied = |at: usize| {
        let after = tokens.get(at + 1).is_some_and(|next| next.hyphen && !stop(next));
        let before = at.checked_sub(1).is_some_and(|b| tokens[at].hyphen && !stop(&tokens[b]));
        after || before
    };
    let counts = |at: &usize| {
        let token = &tokens[*at];
        !stop(token) || negates(&token.folded, language) || tied(*at)
    };
    (0..tokens.len()).filter(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_places_and_what_is_between_them() {
        let text = "L’été, 42,5 en140x200 – ÉTÉ";
        let found = tokens(text);
        let words: Vec<&str> = found.iter().map(|token| token.folded.as_str()).collect();
        assert_eq!(words, ["l", "ete", "42,5", "en", "140", "x", "200", "ete"]);
        let gaps: Vec<Gap> = found.iter().map(|token| token.before).collect();
        assert_eq!(gaps[..4], [Gap::Break, Gap::Apostrophe, Gap::Break, Gap::Close]);
        assert_eq!(&text[found[1].span.clone()], "été");
        assert!(found[7].capitals && found[0].capitals && !found[1].capitals);
    }

    #[test]
    fn long_texts_are_read_in_part() {
        assert_eq!(tokens(&"a ".repeat(9_000)).len(), WORDS_MAX);
        assert_eq!(tokens(&"a".repeat(9_000))[0].span, 0..TEXT_CHARS_MAX);
        assert!(tokens("\u{301}\u{301} 🏃 …").is_empty());
    }
}
