//! Splits a message into folded tokens: words, numbers, signs and emoji, each with its bytes.
//!
//! Folding drops case, accents, width and keycaps, so that `2️⃣`, `２` and `2` are equal. Letters
//! repeated three times or more count once ("ouiii"). A contraction is one word ("don't" = `dont`);
//! an elision is two ("l'autre" = `l`, `autre`).

use std::collections::HashMap;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Most tokens of a message that are read; the rest is left out.
pub(crate) const TOKENS_MAX: usize = 600;

/// From this many equal letters in a row, they count as one.
const REPEATS_MIN: usize = 3;

/// What follows the apostrophe of a contraction, which stays one word.
const CONTRACTION_ENDS: [&str; 7] = ["t", "ll", "s", "re", "ve", "d", "m"];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters.
    Word,
    /// Digits, with separators between them.
    Number,
    /// Punctuation, a currency or another sign.
    Sign,
    /// A pictogram.
    Emoji,
}

/// A token and its place in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Bytes in the message.
    pub(crate) span: Range<usize>,
    /// Folded text.
    pub(crate) text: String,
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Whether nothing stands between it and the token before.
    pub(crate) glued: bool,
    /// Whether it has letters, all of them capitals.
    pub(crate) capital: bool,
}

/// The folded form of one character; empty for marks and characters without width.
fn folded(c: char) -> String {
    match c {
        '’' | '‘' | '`' | '´' | 'ʼ' => "'".to_owned(),
        'ß' | 'ẞ' => "ss".to_owned(),
        'œ' | 'Œ' => "oe".to_owned(),
        'æ' | 'Æ' => "ae".to_owned(),
        'ø' | 'Ø' => "o".to_owned(),
        'ł' | 'Ł' => "l".to_owned(),
        '½' => "½".to_owned(),
        '–' | '—' | '‐' | '‑' => "-".to_owned(),
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}' => {
            String::new()
        }
        'º' | '°' | 'ª' => "°".to_owned(),
        c if c.is_ascii() => c.to_ascii_lowercase().to_string(),
        c => {
            let parts = std::iter::once(c).nfkd().filter(|part| !is_combining_mark(*part));
            parts.flat_map(char::to_lowercase).collect()
        }
    }
}

/// A text without case, accents and width.
pub(crate) fn fold(text: &str) -> String {
    text.chars().map(folded).collect()
}

/// The words of a text without case, accents and width.
pub(crate) fn folded_words(text: &str) -> Vec<String> {
    let text = fold(text);
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff
        | 0x1f000..=0x1fbff)
}

fn kind_of(c: char) -> TokenKind {
    match c {
        '½' => TokenKind::Number,
        c if c.is_numeric() => TokenKind::Number,
        c if c.is_alphabetic() => TokenKind::Word,
        c if is_emoji(c) => TokenKind::Emoji,
        _ => TokenKind::Sign,
    }
}

/// Whether a character between two others belongs to the token begun.
fn joins(kind: TokenKind, c: char, next: Option<char>) -> bool {
    match kind {
        TokenKind::Number => {
            matches!(c, '.' | ',' | '\'') && next.is_some_and(|next| next.is_ascii_digit())
        }
        TokenKind::Word => c == '\'' && next.is_some_and(char::is_alphabetic),
        TokenKind::Sign | TokenKind::Emoji => false,
    }
}

fn raw_tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if tokens.len() >= TOKENS_MAX {
            break;
        }
        let piece = folded(c);
        let end = at + c.len_utf8();
        let Some(first) = piece.chars().next() else {
            if let Some(last) = tokens.last_mut().filter(|_| open) {
                last.span.end = end;
            }
            continue;
        };
        if first.is_whitespace() || first.is_control() {
            open = false;
            continue;
        }
        let kind = kind_of(first);
        let next = chars.peek().map(|(_, next)| *next);
        if let Some(last) = tokens.last_mut().filter(|last| open && last.span.end == at) {
            let same = kind == last.kind && matches!(kind, TokenKind::Word | TokenKind::Number);
            if (same && c != '½' && last.text != "½") || joins(last.kind, first, next) {
                last.text.push_str(&piece);
                last.span.end = end;
                last.capital &= !c.is_alphabetic() || c.is_uppercase();
                continue;
            }
        }
        let glued = open && tokens.last().is_some_and(|last| last.span.end == at);
        let capital = c.is_uppercase();
        tokens.push(Token { span: at..end, text: piece, kind, glued, capital });
        open = true;
    }
    tokens
}

/// Whether a sign only joins two words: the hyphen of "lui-même".
fn is_inner_hyphen(tokens: &[Token], at: usize) -> bool {
    let word = |token: Option<&Token>| token.is_some_and(|token| token.kind == TokenKind::Word);
    tokens[at].text == "-"
        && tokens[at].glued
        && at > 0
        && word(tokens.get(at - 1))
        && word(tokens.get(at + 1))
        && tokens[at + 1].glued
}

/// The text with letters repeated three times or more reduced to one.
fn without_repeats(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let runs = letters.chunk_by(|a, b| a == b);
    let kept = runs.flat_map(|run| if run.len() >= REPEATS_MIN { &run[..1] } else { run });
    kept.collect()
}

/// The words that a raw word stands for.
fn parts(text: &str, spellings: &HashMap<String, Vec<String>>) -> Vec<String> {
    let plain = without_repeats(text);
    if let Some(said) = spellings.get(&plain) {
        return said.clone();
    }
    let Some((start, end)) = plain.split_once('\'') else { return vec![plain] };
    if CONTRACTION_ENDS.contains(&end) && !start.is_empty() && !matches!(start, "j" | "c" | "l") {
        let joined = format!("{start}{end}");
        return spellings.get(&joined).cloned().unwrap_or_else(|| vec![joined]);
    }
    let mut found = parts(start, spellings);
    found.extend(parts(end, spellings));
    found
}

/// The words that a short spelling with a stroke stands for, and the end of its tokens.
fn abbreviated<'s>(
    raw: &[Token],
    at: usize,
    spellings: &'s HashMap<String, Vec<String>>,
) -> Option<(&'s Vec<String>, usize)> {
    let stroke = raw.get(at + 1).filter(|token| token.glued && token.text == "/")?;
    let last = raw.get(at + 2);
    let rest = last.filter(|token| token.glued && token.kind == TokenKind::Word);
    let rest = rest.map_or("", |token| token.text.as_str());
    let said = spellings.get(&format!("{}{}{rest}", raw[at].text, stroke.text))?;
    Some((said, at + 2 + usize::from(!rest.is_empty())))
}

/// Splits a text; short spellings are written out.
pub(crate) fn tokenize(text: &str, spellings: &HashMap<String, Vec<String>>) -> Vec<Token> {
    let raw = raw_tokens(text);
    let mut tokens = Vec::with_capacity(raw.len());
    let mut after = 0;
    for (at, token) in raw.iter().enumerate() {
        if at < after {
            continue;
        }
        // "w/o"
        if let Some((said, end)) = abbreviated(&raw, at, spellings) {
            after = end;
            let span = token.span.start..raw[end - 1].span.end;
            let whole = Token { span, ..token.clone() };
            tokens.extend(said.iter().map(|word| Token { text: word.clone(), ..whole.clone() }));
            continue;
        }
        // "pas + de 45"
        if token.kind == TokenKind::Sign
            && let Some([word]) = spellings.get(&token.text).map(Vec::as_slice)
        {
            let kind = TokenKind::Word;
            tokens.push(Token { text: word.clone(), kind, glued: false, ..token.clone() });
            continue;
        }
        if token.kind != TokenKind::Word {
            if !is_inner_hyphen(&raw, at) {
                tokens.push(token.clone());
            }
            continue;
        }
        // "nº 42": the short form of "number" is no short spelling.
        let number = raw.get(at + 1).is_some_and(|next| next.glued && next.text == "°");
        let words = if number { vec![token.text.clone()] } else { parts(&token.text, spellings) };
        for (part, word) in words.into_iter().enumerate() {
            let glued = token.glued && part == 0;
            tokens.push(Token { text: word, glued, ..token.clone() });
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        tokenize(text, &HashMap::new()).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn case_accents_width_keycaps_and_repeats_do_not_matter() {
        assert_eq!(texts("OUIII"), ["oui"]);
        assert_eq!(texts("2️⃣ ２"), ["2", "2"]);
        assert_eq!(texts("Größe Élan cœur"), ["grosse", "elan", "coeur"]);
        assert_eq!(texts("don't l’autre C'est"), ["dont", "l", "autre", "c", "est"]);
        assert_eq!(texts("42,5 1.200,50€ 150e"), ["42,5", "1.200,50", "€", "150", "e"]);
        assert_eq!(texts("peut-être 39-42"), ["peut", "etre", "39", "-", "42"]);
    }

    proptest! {
        #[test]
        fn spans_are_valid_for_any_text(text in "\\PC{0,80}") {
            for token in tokenize(&text, &HashMap::new()) {
                prop_assert!(text.get(token.span).is_some_and(|said| !said.is_empty()));
            }
        }
    }
}
