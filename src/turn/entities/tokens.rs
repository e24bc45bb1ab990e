//! Splits a text into words with their byte ranges.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of one text after which splitting stops.
const TOKENS_MAX: usize = 400;

/// One word, without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// As written.
    pub(super) raw: &'a str,
    /// Lower case, without accents, with plain apostrophes.
    pub(super) folded: String,
    /// Byte range in the text: `start..end`.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether a sentence or clause ends after it.
    pub(super) ends_clause: bool,
    /// Whether `#` immediately precedes it.
    pub(super) hash: bool,
}

fn is_edge(character: char) -> bool {
    !(character.is_alphanumeric() || matches!(character, '+' | '@' | '€' | '$' | '£'))
}

/// Whether the punctuation after a word ends a clause.
fn ends_clause(tail: &str) -> bool {
    tail.contains(['.', ',', ';', ':', '!', '?', '\n'])
}

/// The words of a text. An elided word is a word of its own: `l'ordre` gives `l'` and `ordre`.
pub(super) fn split(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut start = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        push(text, start, start + piece.len(), &mut tokens);
        start += piece.len();
        if tokens.len() >= TOKENS_MAX {
            break;
        }
    }
    tokens
}

fn push<'a>(text: &'a str, start: usize, end: usize, tokens: &mut Vec<Token<'a>>) {
    let piece = &text[start..end];
    let body = piece.trim_start_matches(is_edge);
    let head = piece.len() - body.len();
    let hash = piece[..head].ends_with('#');
    let body = body.trim_end_matches(is_edge);
    let tail = &piece[head + body.len()..];
    if body.is_empty() {
        if let Some(last) = tokens.last_mut() {
            last.ends_clause |= ends_clause(piece);
        }
        return;
    }
    let start = start + head;
    if let Some(cut) = elision(body) {
        let (first, rest) = body.split_at(cut);
        tokens.push(token(first, start, false, hash));
        tokens.push(token(rest, start + cut, ends_clause(tail), false));
    } else {
        tokens.push(token(body, start, ends_clause(tail), hash));
    }
}

/// Byte offset at which a French elision ends: after the apostrophe of `l'`, `d'`, `j'`, `qu'`.
fn elision(body: &str) -> Option<usize> {
    let (at, mark) = body.char_indices().find(|(_, c)| matches!(c, '\'' | '\u{2019}'))?;
    let word = fold(&body[..at]);
    let elided = matches!(word.as_str(), "l" | "d" | "j" | "c" | "n" | "s" | "m" | "t" | "qu");
    let cut = at + mark.len_utf8();
    (elided && cut < body.len()).then_some(cut)
}

fn token(raw: &str, start: usize, ends_clause: bool, hash: bool) -> Token<'_> {
    Token { raw, folded: fold(raw), start, end: start + raw.len(), ends_clause, hash }
}

fn fold(text: &str) -> String {
    let plain = text.nfd().filter(|character| !is_combining_mark(*character));
    plain.flat_map(char::to_lowercase).map(|c| if c == '\u{2019}' { '\'' } else { c }).collect()
}

/// A whole number of at most three digits, or a number word of either language.
pub(super) fn number(folded: &str) -> Option<u32> {
    const WORDS: [(&str, u32); 25] = [
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("ten", 10),
        ("twelve", 12),
        ("un", 1),
        ("une", 1),
        ("deux", 2),
        ("trois", 3),
        ("quatre", 4),
        ("cinq", 5),
        ("sept", 7),
        ("huit", 8),
        ("neuf", 9),
        ("dix", 10),
        ("douze", 12),
        ("quinze", 15),
        ("vingt", 20),
        ("twenty", 20),
    ];
    if folded.len() <= 3 && folded.bytes().all(|byte| byte.is_ascii_digit()) {
        return folded.parse().ok();
    }
    WORDS.iter().find(|(word, _)| *word == folded).map(|(_, number)| *number)
}
