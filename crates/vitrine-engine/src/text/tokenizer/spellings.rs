//! Finds special tokens in a text by their spelling, before the text is tokenized.
//!
//! Large vocabularies have thousands of special tokens. One Aho-Corasick pass over the text finds
//! the few that occur.
//!
//! Invariants
//! - If spellings overlap, the longest is matched first, and each spelling from left to right, as
//!   in llama.cpp.

use crate::text::error::TextError;
use aho_corasick::AhoCorasick;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Mark that breaks spellings in guarded text. A Unicode noncharacter, so ordinary text never
/// contains it.
pub(crate) const BARRIER: char = '\u{FDD0}';

/// A part of a text: plain text, or one special token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fragment<'a> {
    /// Plain text, not empty.
    Text(&'a str),
    /// Id of a special token.
    Token(u32),
}

/// A set of special tokens with their spellings.
#[derive(Debug)]
pub(crate) struct TokenSpellings {
    tokens: Vec<(u32, String)>,
    search: AhoCorasick,
}

impl TokenSpellings {
    /// Builds the set. Single-character spellings are left out, because no mark can break them.
    pub(crate) fn new<'a>(tokens: impl Iterator<Item = (u32, &'a str)>) -> Result<Self, TextError> {
        let tokens: Vec<(u32, String)> = tokens
            .filter(|(_, spelling)| spelling.chars().nth(1).is_some())
            .map(|(id, spelling)| (id, spelling.to_owned()))
            .collect();
        let search = AhoCorasick::new(tokens.iter().map(|(_, spelling)| spelling))
            .map_err(|cause| TextError::Vocabulary(Box::new(cause)))?;
        Ok(Self { tokens, search })
    }

    /// Tokens whose spelling occurs in `text`, each once.
    pub(crate) fn found(&self, text: &str) -> Vec<(u32, &str)> {
        let places: BTreeSet<usize> = self
            .search
            .find_overlapping_iter(text)
            .map(|found| found.pattern().as_usize())
            .collect();
        places
            .into_iter()
            .filter_map(|place| self.tokens.get(place))
            .map(|(id, spelling)| (*id, spelling.as_str()))
            .collect()
    }

    /// Inserts a mark after the first character of each spelling in `text`, overlapping ones
    /// included, so that [`Self::found`] finds none. Marks already in the text are removed first,
    /// so that a customer cannot influence where the marks are.
    pub(crate) fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = match text.contains(BARRIER) {
            true => Cow::Owned(text.replace(BARRIER, "")),
            false => Cow::Borrowed(text),
        };
        let places: BTreeSet<usize> = self
            .search
            .find_overlapping_iter(text.as_ref())
            .map(|found| found.start() + first_bytes(&text[found.start()..]))
            .collect();
        if places.is_empty() {
            return text;
        }
        let mut guarded = String::with_capacity(text.len() + places.len() * BARRIER.len_utf8());
        let mut done = 0;
        for place in places {
            guarded.push_str(&text[done..place]);
            guarded.push(BARRIER);
            done = place;
        }
        guarded.push_str(&text[done..]);
        Cow::Owned(guarded)
    }
}

fn first_bytes(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Splits `text` at all occurrences of the tokens `found`, longest spelling first.
pub(crate) fn split_at_tokens<'a>(text: &'a str, found: Vec<(u32, &str)>) -> Vec<Fragment<'a>> {
    let mut fragments = match text {
        "" => Vec::new(),
        text => vec![Fragment::Text(text)],
    };
    for (id, spelling) in longest_first(found) {
        fragments = fragments
            .into_iter()
            .flat_map(|fragment| match fragment {
                Fragment::Token(_) => vec![fragment],
                Fragment::Text(text) => part(text, spelling, id),
            })
            .collect();
    }
    fragments
}

fn longest_first(mut found: Vec<(u32, &str)>) -> Vec<(u32, &str)> {
    found.sort_by_key(|(_, spelling)| std::cmp::Reverse(spelling.len()));
    found
}

/// Splits `text` at each `spelling`, which becomes token `id`; empty parts are left out.
fn part<'a>(text: &'a str, spelling: &str, id: u32) -> Vec<Fragment<'a>> {
    let mut fragments = Vec::new();
    for (at, run) in text.split(spelling).enumerate() {
        if at > 0 {
            fragments.push(Fragment::Token(id));
        }
        if !run.is_empty() {
            fragments.push(Fragment::Text(run));
        }
    }
    fragments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_spelling_is_taken_first_and_each_from_left_to_right() {
        let spellings =
            TokenSpellings::new([(1, "aa"), (2, "aaa"), (3, "bb"), (4, "x")].into_iter());
        let spellings = spellings.unwrap();
        assert_eq!(spellings.found("xaay"), [(1, "aa")]);
        let fragments = split_at_tokens("xaaaaabb", spellings.found("xaaaaabb"));
        let token = Fragment::Token;
        assert_eq!(fragments, [Fragment::Text("x"), token(2), token(1), token(3)]);
        assert!(split_at_tokens("", Vec::new()).is_empty());
    }

    #[test]
    fn nothing_is_found_in_guarded_text() {
        let spellings = [(1, "<s>"), (2, "aa"), (3, "s><")].into_iter();
        let spellings = TokenSpellings::new(spellings).unwrap();
        for text in ["<s>", "<\u{FDD0}s>", "<<s>s>", "<s><s>", "aaaaa", "é<s><aa", ""] {
            let guarded = spellings.guard(text);
            assert!(spellings.found(&guarded).is_empty(), "{text}: {guarded:?}");
            assert_eq!(guarded.replace(BARRIER, ""), text.replace(BARRIER, ""));
        }
    }
}
