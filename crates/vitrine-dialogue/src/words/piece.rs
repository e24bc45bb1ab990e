//! A text with the places of the facts in it.

use std::ops::Range;

/// A text, and the places of its facts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) facts: Vec<(Range<usize>, String)>,
}

impl Piece {
    /// A text without facts.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), facts: Vec::new() }
    }

    /// A text that is one fact as a whole: `key: value`.
    pub(crate) fn fact(text: impl Into<String>, key: &str, value: &str) -> Self {
        let text = text.into();
        let facts = vec![(0..text.len(), format!("{key}: {value}"))];
        Self { text, facts }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Appends another piece. Spaces before a new line are left out.
    pub(crate) fn push(&mut self, other: &Self) {
        if other.text.starts_with('\n') {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        }
        let start = self.text.len();
        self.text.push_str(&other.text);
        let moved = other
            .facts
            .iter()
            .map(|(range, fact)| (range.start + start..range.end + start, fact.clone()));
        self.facts.extend(moved);
    }

    /// Appends words of a template; a full stop after the end of a sentence is left out.
    pub(crate) fn push_words(&mut self, words: &str) {
        let closed = self.text.ends_with(['.', '!', '?', '…']);
        self.text.push_str(if closed { words.strip_prefix('.').unwrap_or(words) } else { words });
    }

    /// Removes spaces at the start, which remain where a section before them was left out.
    pub(crate) fn trim_start(&mut self) {
        let spaces = self.text.len() - self.text.trim_start().len();
        self.text.drain(..spaces);
        for (range, _) in &mut self.facts {
            *range = range.start.saturating_sub(spaces)..range.end.saturating_sub(spaces);
        }
    }

    /// Appends a whole statement: on a new line after a list or a link, else after a space.
    pub(crate) fn push_statement(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            let last = self.text.rsplit('\n').next().unwrap_or_default();
            let ends_open = !last.ends_with(['.', '!', '?', '…', ':']);
            self.text.push(if ends_open { '\n' } else { ' ' });
        }
        self.push(other);
    }

    /// Makes the first letter a capital.
    pub(crate) fn capitalise(&mut self) {
        let Some(first) = self.text.chars().next() else { return };
        let capital: String = first.to_uppercase().collect();
        // Letters whose capital has another length keep their form, so that no place moves.
        if first.is_lowercase() && capital.len() == first.len_utf8() {
            self.text.replace_range(..first.len_utf8(), &capital);
        }
    }
}

/// Joins pieces: "a, b and c".
pub(crate) fn join(pieces: &[Piece], between: &str, before_last: impl Fn(&str) -> String) -> Piece {
    let mut joined = Piece::default();
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            let last = index + 1 == pieces.len();
            let word = if last { before_last(&piece.text) } else { between.to_owned() };
            joined.text.push_str(&word);
        }
        joined.push(piece);
    }
    joined
}
