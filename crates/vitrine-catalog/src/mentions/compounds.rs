//! German compounds: "Regenjacke" is a jacket for rain.
//!
//! A word that is no phrase is split where its end is one; the beginning is a phrase too, perhaps
//! with a linking letter, or a shortened one ("Wander…" of "wandern").

use crate::mentions::candidates::Candidate;
use crate::mentions::phrases::Meaning;
use crate::mentions::phrases::PhraseTable;
use crate::mentions::target::MentionTarget;
use crate::mentions::tokens::Token;
use crate::words::fold;
use crate::words::stem;
use std::ops::Range;
use vitrine_base::language::Language;

/// Fewest letters of each half.
const HALF_LETTERS_MIN: usize = 3;

/// Fewest letters of a word that is split, and of an end that stands alone.
const WORD_LETTERS_MIN: usize = 7;
const END_LETTERS_MIN: usize = 4;

/// Most letters that a beginning may lack of the word that it stands for: "wander(n)".
const LACKING_LETTERS_MAX: usize = 3;

/// Letters that link the halves. Source: Duden, Fugenelemente.
const LINKS: [&str; 7] = ["", "s", "es", "n", "en", "er", "e"];

/// Certainty of both halves, of an end whose beginning is unknown, and of a word as the end of
/// longer ones of the shop.
const BOTH: f32 = 0.9;
const END_ONLY: f32 = 0.6;
const END_OF_OTHERS: f32 = 0.6;

/// Most kinds that a word may stand for as the end of longer ones.
const KINDS_MAX: usize = 8;

/// Words that look like compounds of another kind of thing: gloves are no shoes.
const WHOLE: [&str; 3] = ["handschuh", "handschuhe", "handschuhen"];

/// Adds what the halves of a word stand for, or the longer words that it ends; false if nothing.
pub(super) fn compound(
    table: &PhraseTable,
    token: &Token,
    certainty: f32,
    found: &mut Vec<Candidate>,
) -> bool {
    let before = found.len();
    if !WHOLE.contains(&token.folded.as_str()) {
        if token.folded.chars().count() >= WORD_LETTERS_MIN {
            split(table, token, certainty, found);
        }
        if found.len() == before {
            ends_others(table, token, certainty, found);
        }
    }
    found.len() > before
}

/// Adds the value that the beginning of a word tells of a kind of product which the whole word
/// names: "Regenjacke" is listed as a jacket, and is one for rain.
pub(super) fn qualifier(
    table: &PhraseTable,
    token: &Token,
    certainty: f32,
    found: &mut Vec<Candidate>,
) {
    let long = token.folded.chars().count() >= WORD_LETTERS_MIN;
    if !long || WHOLE.contains(&token.folded.as_str()) {
        return;
    }
    let mut halves = Vec::new();
    split(table, token, certainty, &mut halves);
    let values = halves.into_iter().filter(|half| matches!(half.target, MentionTarget::Value(_)));
    let whole = values.map(|half| Candidate { span: token.span.clone(), ..half });
    found.extend(whole);
}

fn split(table: &PhraseTable, token: &Token, certainty: f32, found: &mut Vec<Candidate>) {
    let letters: Vec<usize> = token.folded.char_indices().map(|(byte, _)| byte).collect();
    let mut end_only: Option<(usize, &[Meaning])> = None;
    // The longest end first.
    let last = letters.len().saturating_sub(HALF_LETTERS_MIN);
    for (at, byte) in letters.iter().enumerate().take(last + 1).skip(HALF_LETTERS_MIN) {
        let (beginning, end) = token.folded.split_at(*byte);
        let ends = table.meanings(&stem(end, Language::DE));
        if ends.is_empty() {
            continue;
        }
        let (head, tail) = halves(token, at);
        let starts = start(table, beginning);
        if !starts.is_empty() {
            add(starts, &head, BOTH * certainty, found);
            add(ends, &tail, BOTH * certainty, found);
            return;
        }
        if end_only.is_none() && letters.len() - at >= END_LETTERS_MIN {
            end_only = Some((at, ends));
        }
    }
    if let Some((at, ends)) = end_only {
        let kinds = ends.iter().filter(|m| matches!(m.target, MentionTarget::Category(_)));
        let kinds: Vec<Meaning> = kinds.cloned().collect();
        add(&kinds, &halves(token, at).1, END_ONLY * certainty, found);
    }
}

fn add(meanings: &[Meaning], span: &Range<usize>, certainty: f32, found: &mut Vec<Candidate>) {
    for meaning in meanings {
        found.push(Candidate {
            span: span.clone(),
            target: meaning.target.clone(),
            exact: meaning.exact * certainty,
            open: false,
        });
    }
}

/// What the beginning of a compound stands for; empty if unknown.
fn start<'a>(table: &'a PhraseTable, beginning: &str) -> &'a [Meaning] {
    for link in LINKS {
        let Some(bare) = beginning.strip_suffix(link) else { continue };
        if bare.chars().count() < HALF_LETTERS_MIN {
            continue;
        }
        let meanings = table.meanings(&stem(bare, Language::DE));
        if !meanings.is_empty() {
            return meanings;
        }
    }
    if beginning.chars().count() <= HALF_LETTERS_MIN {
        return &[];
    }
    let longer = table.singles().range(beginning.to_owned()..);
    let longer = longer.take_while(|(word, _)| word.starts_with(beginning));
    let mut close = longer.filter(|(word, _)| word.len() - beginning.len() <= LACKING_LETTERS_MAX);
    close.next().map_or(&[], |(_, key)| table.meanings(key))
}

/// Longer words of the shop that end with this one: "Schuhe" for "Laufschuhe" and "Wanderschuhe".
fn ends_others(table: &PhraseTable, token: &Token, certainty: f32, found: &mut Vec<Candidate>) {
    if token.folded.chars().count() < END_LETTERS_MIN {
        return;
    }
    let own = stem(&token.folded, Language::DE);
    let longer = table.singles().iter().filter(|(word, key)| {
        word.len() > token.folded.len() && (word.ends_with(&token.folded) || key.ends_with(&own))
    });
    let mut kinds: Vec<Meaning> = Vec::new();
    for meaning in longer.flat_map(|(_, key)| table.meanings(key)) {
        let kind = matches!(meaning.target, MentionTarget::Category(_));
        if kind && !kinds.iter().any(|known| known.target == meaning.target) {
            kinds.push(meaning.clone());
        }
    }
    if kinds.len() <= KINDS_MAX {
        add(&kinds, &token.span, END_OF_OTHERS * certainty, found);
    }
}

/// The bytes of the text before and after the letter `at` of the folded word; the whole word twice
/// if it cannot be cut there.
fn halves(token: &Token, at: usize) -> (Range<usize>, Range<usize>) {
    match token.cut(at) {
        Some(place) => (token.span.start..place, place..token.span.end),
        None => (token.span.clone(), token.span.clone()),
    }
}

impl Token {
    /// Byte of the text at which the folded word has had `letters` letters; `None` if it falls
    /// within a written letter.
    fn cut(&self, letters: usize) -> Option<usize> {
        let mut count = 0;
        for (byte, character) in self.written.char_indices() {
            if count == letters {
                return Some(self.span.start + byte);
            }
            count += fold(character.encode_utf8(&mut [0; 4])).chars().count();
        }
        None
    }
}
