//! Reads the tokens of a text in one language.

use crate::mentions::candidates::Candidate;
use crate::mentions::compounds::compound;
use crate::mentions::compounds::qualifier;
use crate::mentions::diminutives::plain_words;
use crate::mentions::phrases::Meaning;
use crate::mentions::phrases::PhraseTable;
use crate::mentions::phrases::TYPO_LETTERS_MIN;
use crate::mentions::phrases::full_stem;
use crate::mentions::phrases::stem_of;
use crate::mentions::target::MentionTarget;
use crate::mentions::tokens::Gap;
use crate::mentions::tokens::Token;
use crate::mentions::tokens::counted;
use crate::stopwords::is_stop_word;
use crate::stopwords::negates;
use crate::words::stem;
use std::ops::Range;
use vitrine_base::language::Language;

/// Most stop words between two words of a phrase.
const STOPS_MAX: usize = 2;

/// Certainty of a phrase with a corrected typing error, and with one in a word of the fewest
/// letters: it may well be another word.
const TYPO: f32 = 0.85;
const SHORT_TYPO: f32 = 0.7;

/// Certainty of a phrase of two words in the other order, and of words written together or apart.
const REVERSED: f32 = 0.9;
const JOINED: f32 = 0.95;

/// Words that list things: what stands on their two sides is no phrase in the other order.
const JOINTS: [&str; 11] = ["and", "et", "und", "y", "e", "ed", "o", "ou", "or", "oder", "u"];

/// Most edits between words in a language that nobody is known to write and the shop's words: an
/// ending such as that of the plural.
const FOREIGN_EDITS_MAX: usize = 1;

/// Fewest letters of a single word that is read in a language that nobody is known to write.
const FOREIGN_LETTERS_MIN: usize = 5;

/// The tokens of a text, and what to compare them with.
pub(super) struct Reading<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) table: &'a PhraseTable,
    pub(super) language: Language,
    /// The language that the customer most likely writes.
    pub(super) spoken: Language,
    /// Whether the language is one of the conversation: then typing errors and parts are read.
    pub(super) close: bool,
    pub(super) certainty: f32,
    /// Whether a folded word is spelt right in any language of the shop.
    pub(super) known: &'a dyn Fn(&str) -> bool,
}

/// A token that counts in a phrase.
struct Part {
    /// Its place among the tokens.
    at: usize,
    stem: String,
    /// Whether a typing error was corrected.
    corrected: bool,
}

/// Meanings of some parts of the text, and how many parts they take.
struct Match<'a> {
    meanings: Vec<&'a Meaning>,
    parts: usize,
    certainty: f32,
}

impl Reading<'_> {
    /// Adds what the text speaks of, the longest phrases first.
    pub(super) fn read(&self, found: &mut Vec<Candidate>) {
        let parts = self.parts();
        self.read_parts(&parts, true, found);
        if self.table.full_words_max > 0 {
            self.read_full(found);
        }
        // Values inside a phrase that only says what a product is count as well.
        let open: Vec<Range<usize>> =
            found.iter().filter(|c| c.open).map(|c| c.span.clone()).collect();
        for span in open {
            let inside = |part: &&Part| {
                let own = &self.tokens[part.at].span;
                span.start <= own.start && own.end <= span.end
            };
            let inner: Vec<&Part> = parts.iter().filter(inside).collect();
            if inner.len() > 1 {
                for part in inner {
                    self.read_parts(std::slice::from_ref(part), false, found);
                }
            }
        }
    }

    fn read_parts(&self, parts: &[Part], whole: bool, found: &mut Vec<Candidate>) {
        let mut at = 0;
        while at < parts.len() {
            let Some(hit) = self
                .longest(&parts[at..])
                .or_else(|| if whole { self.alone(&parts[at], found) } else { None })
            else {
                at += 1;
                continue;
            };
            let first = &self.tokens[parts[at].at];
            let last = &self.tokens[parts[at + hit.parts - 1].at];
            let taken = &parts[at..at + hit.parts];
            let kind = |meaning: &&Meaning| matches!(meaning.target, MentionTarget::Category(_));
            if self.language == Language::DE
                && self.close
                && whole
                && matches!(taken, [part] if !part.corrected)
                && hit.meanings.iter().all(kind)
            {
                qualifier(self.table, first, self.certainty, found);
            }
            let typo = taken.iter().map(|part| self.typo(part)).fold(1.0, f32::min);
            for meaning in hit.meanings {
                found.push(Candidate {
                    span: first.span.start..last.span.end,
                    target: meaning.target.clone(),
                    exact: meaning.exact * hit.certainty * typo * self.certainty,
                    open: meaning.open && hit.parts > 1,
                });
            }
            at += hit.parts;
        }
    }

    fn typo(&self, part: &Part) -> f32 {
        match self.tokens[part.at].folded.chars().count() {
            _ if !part.corrected => 1.0,
            letters if letters <= TYPO_LETTERS_MIN => SHORT_TYPO,
            _ => TYPO,
        }
    }

    /// Adds phrases that keep their stop words, the longest first: "every day".
    fn read_full(&self, found: &mut Vec<Candidate>) {
        let full: Vec<String> =
            self.tokens.iter().map(|token| full_stem(token, self.language)).collect();
        let mut at = 0;
        while at < self.tokens.len() {
            let linked = self.tokens[at + 1..].iter().take_while(|t| t.before != Gap::Break);
            let run = (1 + linked.count()).min(self.table.full_words_max);
            let hit = (2..=run).rev().find_map(|length| {
                let meanings = self.table.meanings(&full[at..at + length].join(" "));
                (!meanings.is_empty()).then_some((length, meanings))
            });
            let Some((length, meanings)) = hit else {
                at += 1;
                continue;
            };
            let span = self.tokens[at].span.start..self.tokens[at + length - 1].span.end;
            for meaning in meanings {
                found.push(Candidate {
                    span: span.clone(),
                    target: meaning.target.clone(),
                    exact: meaning.exact * self.certainty,
                    open: meaning.open,
                });
            }
            at += length;
        }
    }

    /// Content words, numbers and negations of the text, with their stems.
    fn parts(&self) -> Vec<Part> {
        let places = counted(self.tokens, self.language).into_iter();
        let parts = places.map(|at| {
            let token = &self.tokens[at];
            let own = stem_of(token, self.language);
            let spelt = token.number
                || !self.close
                || self.table.knows(&own)
                || (self.known)(&token.folded)
                || is_stop_word(&token.folded, self.spoken);
            if let Some(stem) = self.plain(token).filter(|_| !spelt) {
                return Part { at, stem, corrected: false };
            }
            let corrected = if spelt { None } else { self.table.corrected(&token.folded) };
            match corrected {
                Some(stem) => Part { at, stem: stem.to_owned(), corrected: true },
                None => Part { at, stem: own, corrected: false },
            }
        });
        parts.collect()
    }

    /// The stem of the shop's word that a token is a diminutive of.
    fn plain(&self, token: &Token) -> Option<String> {
        let mut stems = plain_words(&token.folded, self.language)
            .filter(|word| self.table.is_ordinary(word, None) || (self.known)(word))
            .map(|word| stem(&word, self.language));
        stems.find(|stem| self.table.knows(stem))
    }

    /// The longest phrase at the start of `parts`.
    fn longest(&self, parts: &[Part]) -> Option<Match<'_>> {
        let words_max = self.run(parts).min(self.table.words_max.max(2));
        (1..=words_max).rev().find_map(|words| {
            let stems: Vec<&str> = parts[..words].iter().map(|part| part.stem.as_str()).collect();
            let folded: Vec<&str> =
                parts[..words].iter().map(|part| self.tokens[part.at].folded.as_str()).collect();
            let edits_max = if self.close { usize::MAX } else { FOREIGN_EDITS_MAX };
            let meanings = self.table.written(&stems.join(" "), &folded.join(" "), edits_max);
            let filler = words == 1 && self.is_foreign_filler(&parts[0]);
            if !meanings.is_empty() && !filler {
                return Some(Match { meanings, parts: words, certainty: 1.0 });
            }
            if words == 2 { self.in_two(&parts[0], &parts[1]) } else { None }
        })
    }

    /// Two parts as one word, or in the other order.
    fn in_two(&self, one: &Part, other: &Part) -> Option<Match<'_>> {
        let (first, second) = (&self.tokens[one.at], &self.tokens[other.at]);
        let negated = |token: &Token| negates(&token.folded, self.language);
        if negated(first) || negated(second) || first.number || second.number {
            return None;
        }
        let together = format!("{}{}", first.folded, second.folded);
        let joined = self.table.meanings(&stem(&together, self.language));
        let between = &self.tokens[one.at + 1..other.at];
        let apart = between.iter().any(|token| JOINTS.contains(&token.folded.as_str()));
        // "running socks and a cap" is no running cap.
        let key = format!("{} {}", other.stem, one.stem);
        let swapped = if apart { &[][..] } else { self.table.meanings(&key) };
        let (meanings, certainty) = if other.at == one.at + 1 && !joined.is_empty() {
            (joined, JOINED)
        } else {
            (swapped, REVERSED)
        };
        let meanings: Vec<&Meaning> = meanings.iter().collect();
        (!meanings.is_empty()).then_some(Match { meanings, parts: 2, certainty })
    }

    /// What a word means that is no phrase by itself: words written together, a compound, a part of
    /// a longer phrase. Parts of a compound are added to `found`.
    fn alone(&self, part: &Part, found: &mut Vec<Candidate>) -> Option<Match<'_>> {
        let token = &self.tokens[part.at];
        if token.number || negates(&token.folded, self.language) {
            return None;
        }
        let joined = self.table.joined(&token.folded);
        if !joined.is_empty() {
            let meanings = joined.iter().collect();
            return Some(Match { meanings, parts: 1, certainty: JOINED });
        }
        if !self.close {
            return None;
        }
        if self.language == Language::DE
            && !part.corrected
            && compound(self.table, token, self.certainty, found)
        {
            return None;
        }
        let meanings = self.table.parts(&part.stem);
        (!meanings.is_empty()).then_some(Match { meanings, parts: 1, certainty: 1.0 })
    }

    /// Number of parts from the first one on that may belong to one phrase.
    fn run(&self, parts: &[Part]) -> usize {
        let linked = |pair: &[Part]| {
            let between = &self.tokens[pair[0].at + 1..=pair[1].at];
            between.len() <= STOPS_MAX + 1 && between.iter().all(|t| t.before != Gap::Break)
        };
        1 + parts.windows(2).take_while(|pair| linked(pair)).count()
    }

    /// Whether a word is read in a language that nobody is known to write, and says nothing in the
    /// one that the customer writes.
    fn is_foreign_filler(&self, part: &Part) -> bool {
        let folded = &self.tokens[part.at].folded;
        let short = !self.close && folded.chars().count() < FOREIGN_LETTERS_MIN;
        short || is_stop_word(folded, self.spoken)
    }
}
