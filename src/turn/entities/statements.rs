//! First-person statements: what customers do, prefer, dislike and must avoid, and physical traits.
//!
//! A statement starts with "I …" or "je …". Its words are kept as written, up to the end of the
//! clause. Questions and third-person sentences are not statements.

use crate::turn::entities::EntityCollector;
use crate::turn::entities::EntityKind;
use crate::turn::entities::tokens::Token;

/// Most words of a statement that are kept.
const WORDS_MAX: usize = 8;

/// Words that start another clause.
const CONJUNCTIONS: &[&str] = &[
    "and", "but", "because", "so", "or", "then", "when", "if", "which", "who", "that", "et",
    "mais", "car", "donc", "ou", "puis", "quand", "si", "qui", "parce",
];

/// Where the value of a statement starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueStart {
    /// After the cue.
    After,
    /// At the last word of the cue, such as a verb.
    LastWord,
}

/// Opening words of a statement, its kind, and where its value starts.
const CUES: &[(&[&str], EntityKind, ValueStart)] = &[
    (&["i'm", "allergic", "to"], EntityKind::Allergy, ValueStart::After),
    (&["im", "allergic", "to"], EntityKind::Allergy, ValueStart::After),
    (&["i", "am", "allergic", "to"], EntityKind::Allergy, ValueStart::After),
    (&["suis", "allergique", "a"], EntityKind::Allergy, ValueStart::After),
    (&["suis", "allergique", "au"], EntityKind::Allergy, ValueStart::After),
    (&["suis", "allergique", "aux"], EntityKind::Allergy, ValueStart::After),
    (&["i", "prefer"], EntityKind::Preference, ValueStart::After),
    (&["i'd", "prefer"], EntityKind::Preference, ValueStart::After),
    (&["je", "prefere"], EntityKind::Preference, ValueStart::After),
    (&["je", "prefererais"], EntityKind::Preference, ValueStart::After),
    (&["i", "don't", "like"], EntityKind::Dislike, ValueStart::After),
    (&["i", "dont", "like"], EntityKind::Dislike, ValueStart::After),
    (&["i", "hate"], EntityKind::Dislike, ValueStart::After),
    (&["je", "n'", "aime", "pas"], EntityKind::Dislike, ValueStart::After),
    (&["j'", "aime", "pas"], EntityKind::Dislike, ValueStart::After),
    (&["je", "deteste"], EntityKind::Dislike, ValueStart::After),
    (&["i", "run"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "walk"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "hike"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "cycle"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "swim"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "climb"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "play"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "train"], EntityKind::Activity, ValueStart::LastWord),
    (&["je", "cours"], EntityKind::Activity, ValueStart::LastWord),
    (&["je", "marche"], EntityKind::Activity, ValueStart::LastWord),
    (&["je", "nage"], EntityKind::Activity, ValueStart::LastWord),
    (&["je", "grimpe"], EntityKind::Activity, ValueStart::LastWord),
    (&["je", "pratique"], EntityKind::Activity, ValueStart::LastWord),
    (&["i", "have", "wide"], EntityKind::Trait, ValueStart::LastWord),
    (&["i", "have", "narrow"], EntityKind::Trait, ValueStart::LastWord),
    (&["i", "have", "flat"], EntityKind::Trait, ValueStart::LastWord),
    (&["i", "have", "sensitive"], EntityKind::Trait, ValueStart::LastWord),
    (&["i", "have", "dry"], EntityKind::Trait, ValueStart::LastWord),
    (&["j'", "ai", "les", "pieds"], EntityKind::Trait, ValueStart::LastWord),
    (&["j'", "ai", "la", "peau"], EntityKind::Trait, ValueStart::LastWord),
];

pub(super) fn read(text: &str, tokens: &[Token<'_>], found: &mut EntityCollector) {
    for at in 0..tokens.len() {
        for (cue, kind, from) in CUES {
            let end = at + cue.len();
            let says = tokens.len() >= end
                && tokens[at..end].iter().zip(*cue).all(|(token, word)| token.folded == *word)
                && tokens[at..end - 1].iter().all(|token| !token.ends_clause);
            if !says || is_question_or_reported(tokens, at) {
                continue;
            }
            let first = if *from == ValueStart::LastWord { end - 1 } else { end };
            let last = clause_end(tokens, end);
            // A statement needs at least one word after its cue.
            if last > end && !tokens[end - 1].ends_clause && found.is_free(first..last) {
                let words = &text[tokens[first].start..tokens[last - 1].end];
                found.add(*kind, words.to_owned(), tokens, first..last);
            }
        }
    }
}

/// Whether the preceding word makes this a question, a condition or indirect speech.
fn is_question_or_reported(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|before| {
        !before.ends_clause
            && matches!(
                before.folded.as_str(),
                "do" | "should"
                    | "can"
                    | "could"
                    | "would"
                    | "did"
                    | "est-ce"
                    | "que"
                    | "if"
                    | "si"
            )
    })
}

/// Index after the last word of the clause that continues at `from`.
fn clause_end(tokens: &[Token<'_>], from: usize) -> usize {
    let mut end = from;
    while end < tokens.len() && end - from < WORDS_MAX {
        if CONJUNCTIONS.contains(&tokens[end].folded.as_str()) {
            break;
        }
        end += 1;
        if tokens[end - 1].ends_clause {
            break;
        }
    }
    end
}
