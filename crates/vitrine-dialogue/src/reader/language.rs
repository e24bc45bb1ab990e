//! How well a text reads in a language.

use super::tokens::tokenize;
use crate::locale::Locale;

/// Number of words of a text that a language's file knows: function words and phrases.
#[must_use]
pub fn known_words(text: &str, locale: &Locale) -> usize {
    let tokens = tokenize(text, locale.cues.spellings());
    let hits = locale.cues.find(&tokens);
    let known = tokens.iter().enumerate().filter(|(at, token)| {
        token.text.chars().any(char::is_alphabetic)
            && (locale.cues.is_filler(&token.text)
                || hits.iter().any(|hit| hit.tokens.contains(at)))
    });
    known.count()
}
