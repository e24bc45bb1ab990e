//! Finds phrases of a locale in tokens.
//!
//! A phrase is words with spaces between. In a word, `|` separates alternatives, `*` at the end
//! stands for any ending, and `?` at the end means that the word may be left out; `_` is any one
//! word, and `$` as the last one means that no word follows. Articles and other words that the
//! locale lists as `skip` may stand between the words.

use super::tokens::Token;
use super::tokens::TokenKind;
use super::tokens::tokenize;
use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::Range;

/// Most skipped words between two words of a phrase.
const SKIPS_MAX: usize = 2;

/// Letters of a word with any ending by which it is looked up.
const PREFIX_CHARS: usize = 2;

/// Stands for any one word behind the first.
const ANY: &str = "_";

/// Stands for the end of a clause.
const END: &str = "$";

/// Most words of a phrase.
const SLOTS_MAX: usize = 12;

#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    open: bool,
}

impl Pattern {
    fn fits(&self, token: &Token) -> bool {
        let word = &token.text;
        if self.text == ANY {
            return matches!(token.kind, TokenKind::Word | TokenKind::Number);
        }
        if self.open { word.starts_with(&self.text) } else { *word == self.text }
    }
}

#[derive(Debug, Clone)]
struct Slot {
    patterns: Vec<Pattern>,
    optional: bool,
}

#[derive(Debug, Clone)]
struct Phrase {
    slots: Vec<Slot>,
    meaning: usize,
}

/// A phrase found: its meaning and its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhraseHit {
    /// Number under which the phrase was added.
    pub(crate) meaning: usize,
    /// Its tokens.
    pub(crate) tokens: Range<usize>,
}

/// Phrases, ready to be found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrases {
    phrases: Vec<Phrase>,
    exact: HashMap<String, Vec<usize>>,
    open: HashMap<String, Vec<usize>>,
    words: HashSet<String>,
}

fn prefix(word: &str) -> String {
    word.chars().take(PREFIX_CHARS).collect()
}

/// The words of a slot: one alternative may be several words, several may not.
fn slots_of(piece: &str) -> Result<Vec<Slot>, String> {
    let optional = piece.len() > 1 && piece.ends_with('?');
    let piece = if optional { &piece[..piece.len() - 1] } else { piece };
    let alternatives: Vec<&str> = piece.split('|').filter(|part| !part.is_empty()).collect();
    let mut slots: Vec<Slot> = Vec::new();
    for alternative in &alternatives {
        let open = alternative.len() > 1 && alternative.ends_with('*');
        let written = if open { alternative.trim_end_matches('*') } else { alternative };
        let tokens = tokenize(written, &HashMap::new());
        if tokens.is_empty() || (tokens.len() > 1 && alternatives.len() > 1) {
            return Err(format!("`{piece}`: an alternative is exactly one word"));
        }
        let last = tokens.len() - 1;
        for (at, token) in tokens.into_iter().enumerate() {
            let pattern = Pattern { text: token.text, open: open && at == last };
            if pattern.open && pattern.text.chars().count() < PREFIX_CHARS {
                return Err(format!("`{piece}`: at least two letters stand before `*`"));
            }
            match slots.get_mut(at) {
                Some(slot) => slot.patterns.push(pattern),
                None => slots.push(Slot { patterns: vec![pattern], optional }),
            }
        }
    }
    Ok(slots)
}

/// The phrases that a phrase stands for if one of its alternatives is several words, such as
/// "l'autre": one for each of those, and one for the rest.
fn without_elisions(phrase: &str) -> Option<Vec<String>> {
    let pieces: Vec<&str> = phrase.split_whitespace().collect();
    for (at, piece) in pieces.iter().enumerate() {
        let optional = if piece.len() > 1 && piece.ends_with('?') { "?" } else { "" };
        let alternatives: Vec<&str> = piece.trim_end_matches('?').split('|').collect();
        let words = |text: &&str| tokenize(text.trim_end_matches('*'), &HashMap::new()).len();
        let (long, short): (Vec<&str>, Vec<&str>) =
            alternatives.iter().partition(|text| words(text) > 1);
        if alternatives.len() < 2 || long.is_empty() {
            continue;
        }
        let with = |piece: &str| {
            let mut whole: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
            whole[at] = format!("{piece}{optional}");
            whole.join(" ")
        };
        let rest = (!short.is_empty()).then(|| with(&short.join("|")));
        return Some(long.into_iter().map(with).chain(rest).collect());
    }
    None
}

impl Phrases {
    /// Adds a phrase.
    ///
    /// # Errors
    /// If it is malformed; the message names the word.
    pub(crate) fn add(&mut self, phrase: &str, meaning: usize) -> Result<(), String> {
        if let Some(plainer) = without_elisions(phrase) {
            return plainer.iter().try_for_each(|phrase| self.add(phrase, meaning));
        }
        let mut slots = Vec::new();
        for piece in phrase.split_whitespace() {
            slots.extend(slots_of(piece)?);
        }
        match slots.first() {
            None => return Err(format!("`{phrase}`: a phrase has at least one word")),
            Some(first) if first.optional => {
                return Err(format!("`{phrase}`: the first word cannot be left out"));
            }
            Some(_) if slots.len() > SLOTS_MAX => {
                return Err(format!("`{phrase}`: {} words, limit is {SLOTS_MAX}", slots.len()));
            }
            Some(_) => {}
        }
        let id = self.phrases.len();
        for pattern in &slots[0].patterns {
            let (map, key) = if pattern.open {
                (&mut self.open, prefix(&pattern.text))
            } else {
                (&mut self.exact, pattern.text.clone())
            };
            map.entry(key).or_default().push(id);
        }
        let patterns = slots.iter().flat_map(|slot| &slot.patterns).filter(|one| !one.open);
        self.words.extend(patterns.map(|pattern| pattern.text.clone()));
        self.phrases.push(Phrase { slots, meaning });
        Ok(())
    }

    /// Whether a word is part of a phrase.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether a word begins a phrase whose first word may have any ending.
    pub(crate) fn begins(&self, word: &str) -> bool {
        let open = self.open.get(&prefix(word)).into_iter().flatten();
        open.flat_map(|id| &self.phrases[*id].slots[0].patterns)
            .any(|pattern| pattern.open && word.starts_with(&pattern.text))
    }

    /// All phrases that stand in the tokens: for each meaning and start the longest.
    pub(crate) fn find(&self, tokens: &[Token], skip: &HashSet<String>) -> Vec<PhraseHit> {
        let mut found: Vec<PhraseHit> = Vec::new();
        for at in 0..tokens.len() {
            let word = &tokens[at].text;
            let exact = self.exact.get(word).into_iter().flatten();
            let open = self.open.get(&prefix(word)).into_iter().flatten();
            let first = found.len();
            for id in exact.chain(open) {
                let phrase = &self.phrases[*id];
                let Some(end) = fit(&phrase.slots, tokens, at, skip) else { continue };
                let known = found[first..].iter_mut().find(|hit| hit.meaning == phrase.meaning);
                match known {
                    Some(hit) => hit.tokens.end = hit.tokens.end.max(end),
                    None => found.push(PhraseHit { meaning: phrase.meaning, tokens: at..end }),
                }
            }
        }
        found
    }
}

/// The end of the longest run of tokens from `at` that fits the slots.
fn fit(slots: &[Slot], tokens: &[Token], at: usize, skip: &HashSet<String>) -> Option<usize> {
    let Some((slot, rest)) = slots.split_first() else { return Some(at) };
    // The sign itself, in a message, is a currency.
    let sign = tokens.get(at).is_some_and(|token| token.text == END);
    if slot.patterns[0].text == END && !sign {
        let word = |token: &Token| matches!(token.kind, TokenKind::Word | TokenKind::Number);
        return (!tokens.get(at).is_some_and(word)).then_some(at);
    }
    let mut best = None;
    if let Some(token) = tokens.get(at)
        && slot.patterns.iter().any(|pattern| pattern.fits(token))
    {
        best = fit_next(rest, tokens, at + 1, skip);
    }
    if slot.optional {
        best = best.max(fit(rest, tokens, at, skip));
    }
    best
}

/// As [`fit`], with skipped words before the next slot.
fn fit_next(slots: &[Slot], tokens: &[Token], at: usize, skip: &HashSet<String>) -> Option<usize> {
    if slots.is_empty() {
        return Some(at);
    }
    for start in at..=at + SKIPS_MAX {
        if let Some(end) = fit(slots, tokens, start, skip) {
            // Optional words at the end may all be missing: then the skipped words do not count.
            return Some(if end == start { at } else { end });
        }
        let skipped = |token: &Token| token.kind == TokenKind::Word && skip.contains(&token.text);
        if !tokens.get(start).is_some_and(skipped) {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(phrases: &[&str], text: &str) -> Vec<(usize, Range<usize>)> {
        let mut index = Phrases::default();
        for (at, phrase) in phrases.iter().enumerate() {
            index.add(phrase, at).unwrap();
        }
        let skip = ["the", "a"].map(str::to_owned).into();
        let tokens = tokenize(text, &HashMap::new());
        index.find(&tokens, &skip).into_iter().map(|hit| (hit.meaning, hit.tokens)).collect()
    }

    #[test]
    fn phrases_skip_articles_and_read_alternatives_endings_and_optional_words() {
        assert_eq!(find(&["see first"], "I see the first"), [(0, 1..4)]);
        assert_eq!(find(&["i'll|i take* it?"], "I'll take"), [(0, 0..2)]);
        assert_eq!(find(&["i'll|i take* it?"], "i takes it!"), [(0, 0..3)]);
        assert_eq!(find(&["see first"], "see, first"), []);
        assert_eq!(find(&["veux l'un|autre"], "je veux l'un"), [(0, 1..4)]);
        assert_eq!(find(&["not that $"], "not that!"), [(0, 0..2)]);
        assert_eq!(find(&["not that $"], "not that red"), []);
        assert!(Phrases::default().add("x?", 0).is_err());
    }
}
