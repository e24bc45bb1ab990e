//! How well a text reads in a language.

use super::cues::Cue;
use crate::locale::Locale;

/// How many words of a text a language knows: those in its function words, numbers and phrases.
#[must_use]
pub fn known_words(text: &str, locale: &Locale) -> usize {
    let tokens = locale.cues.tokens(text);
    let hits = locale.cues.find(&tokens);
    let known = tokens.iter().enumerate().filter(|(at, token)| {
        token.text.chars().any(char::is_alphabetic)
            && (locale.cues.is_filler(&token.text)
                || locale.cues.number(&token.text).is_some()
                || hits.iter().any(|hit| hit.tokens.contains(at)))
    });
    known.count()
}

/// Whether a text may ask something: it has a question mark or words that questions have.
#[must_use]
pub fn asks(text: &str, locale: &Locale) -> bool {
    let cues = [Cue::Question, Cue::Copula, Cue::HowLong, Cue::Have, Cue::Included];
    let hits = locale.cues.find(&locale.cues.tokens(text));
    text.contains(['?', '？']) || hits.iter().any(|hit| cues.iter().any(|cue| hit.is(*cue)))
}
