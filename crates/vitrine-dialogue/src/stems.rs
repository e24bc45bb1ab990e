//! Words of texts for comparison: folded, stemmed by the rules of a language.

use crate::reader::tokens::fold;
use crate::reader::tokens::tokenize;
use crate::shop::Language;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_catalog::stemmer;

/// Fewest letters of a stem that stands for a topic's own word: "portes" is not "Porto".
const INFLECTED_LETTERS_MIN: usize = 5;

/// Fewest letters of a word that is compared by its stem.
const STEM_LETTERS_MIN: usize = 4;

/// Folded words.
pub(crate) fn plain_words(text: &str) -> Vec<String> {
    let tokens = tokenize(text, &HashMap::new()).into_iter();
    tokens.map(|token| token.text).filter(|word| word.chars().any(char::is_alphanumeric)).collect()
}

/// All stems of the words of a text that are long enough to say something.
pub(crate) fn stems(text: &str, languages: &[Language]) -> BTreeSet<String> {
    let stemmers: Vec<_> = languages.iter().filter_map(|one| stemmer(*one)).collect();
    let words = plain_words(text).into_iter();
    let long = words.filter(|word| word.chars().count() >= STEM_LETTERS_MIN);
    let mut found = BTreeSet::new();
    for word in long {
        for stemmer in &stemmers {
            found.insert(fold(&stemmer.stem(&word)));
        }
    }
    found
}

/// The stems of words in a language, each with its language: a word of another one may have the
/// same.
pub(crate) fn inflected(text: &str, language: Language) -> BTreeSet<String> {
    let long = |stem: &String| stem.chars().count() >= INFLECTED_LETTERS_MIN;
    let found = stems(text, &[language]).into_iter().filter(long);
    found.map(|stem| format!("{language} {stem}")).collect()
}

/// The numbers of a text.
pub(crate) fn numbers(text: &str) -> BTreeSet<String> {
    plain_words(text)
        .into_iter()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}
