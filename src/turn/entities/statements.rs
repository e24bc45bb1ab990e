//! First-person statements: what customers do, prefer, dislike and must avoid, and physical traits.
//!
//! A statement starts with "I …" or "je …". Its words are kept as written, up to the end of the
//! clause. Questions and third-person sentences are not statements.

use crate::turn::entities::EntityKind;
use crate::turn::entities::Found;
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
enum From {
    /// After the cue.
    After,
    /// At the last word of the cue, such as a verb.
    LastWord,
}

/// Opening words of a statement, its kind, and where its value starts.
const CUES: &[(&[&str], EntityKind, From)] = &[
    (&["i'm", "allergic", "to"], EntityKind::Allergy, From::After),
    (&["im", "allergic", "to"], EntityKind::Allergy, From::After),
    (&["i", "am", "allergic", "to"], EntityKind::Allergy, From::After),
    (&["suis", "allergique", "a"], EntityKind::Allergy, From::After),
    (&["suis", "allergique", "au"], EntityKind::Allergy, From::After),
    (&["suis", "allergique", "aux"], EntityKind::Allergy, From::After),
    (&["i", "prefer"], EntityKind::Preference, From::After),
    (&["i'd", "prefer"], EntityKind::Preference, From::After),
    (&["je", "prefere"], EntityKind::Preference, From::After),
    (&["je", "prefererais"], EntityKind::Preference, From::After),
    (&["i", "don't", "like"], EntityKind::Dislike, From::After),
    (&["i", "dont", "like"], EntityKind::Dislike, From::After),
    (&["i", "hate"], EntityKind::Dislike, From::After),
    (&["je", "n'", "aime", "pas"], EntityKind::Dislike, From::After),
    (&["j'", "aime", "pas"], EntityKind::Dislike, From::After),
    (&["je", "deteste"], EntityKind::Dislike, From::After),
    (&["i", "run"], EntityKind::Activity, From::LastWord),
    (&["i", "walk"], EntityKind::Activity, From::LastWord),
    (&["i", "hike"], EntityKind::Activity, From::LastWord),
    (&["i", "cycle"], EntityKind::Activity, From::LastWord),
    (&["i", "swim"], EntityKind::Activity, From::LastWord),
    (&["i", "climb"], EntityKind::Activity, From::LastWord),
    (&["i", "play"], EntityKind::Activity, From::LastWord),
    (&["i", "train"], EntityKind::Activity, From::LastWord),
    (&["je", "cours"], EntityKind::Activity, From::LastWord),
    (&["je", "marche"], EntityKind::Activity, From::LastWord),
    (&["je", "nage"], EntityKind::Activity, From::LastWord),
    (&["je", "grimpe"], EntityKind::Activity, From::LastWord),
    (&["je", "pratique"], EntityKind::Activity, From::LastWord),
    (&["i", "have", "wide"], EntityKind::Trait, From::LastWord),
    (&["i", "have", "narrow"], EntityKind::Trait, From::LastWord),
    (&["i", "have", "flat"], EntityKind::Trait, From::LastWord),
    (&["i", "have", "sensitive"], EntityKind::Trait, From::LastWord),
    (&["i", "have", "dry"], EntityKind::Trait, From::LastWord),
    (&["j'", "ai", "les", "pieds"], EntityKind::Trait, From::LastWord),
    (&["j'", "ai", "la", "peau"], EntityKind::Trait, From::LastWord),
];

pub(super) fn read(text: &str, tokens: &[Token<'_>], found: &mut Found) {
    for at in 0..tokens.len() {
        for (cue, kind, from) in CUES {
            let end = at + cue.len();
            let says = tokens.len() >= end
                && tokens[at..end].iter().zip(*cue).all(|(token, word)| token.folded == *word)
                && tokens[at..end - 1].iter().all(|token| !token.closes);
            if !says || asks(tokens, at) {
                continue;
            }
            let first = if *from == From::LastWord { end - 1 } else { end };
            let last = clause_end(tokens, end);
            // A statement needs at least one word after its cue.
            if last > end && !tokens[end - 1].closes && found.is_free(first..last) {
                let words = &text[tokens[first].start..tokens[last - 1].end];
                found.add(*kind, words.to_owned(), tokens, first..last);
            }
        }
    }
}

/// Whether the preceding word makes this a question, a condition or indirect speech.
fn asks(tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|before| {
        !before.closes
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
        if tokens[end - 1].closes {
            break;
        }
    }
    end
}
