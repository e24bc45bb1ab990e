//! Text as the checks compare it: without accents, typographic quotes and special spaces.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Folds accents, ligatures, typographic apostrophes and no-break spaces. Letter case stays, so
/// that regular expressions keep their meaning.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '’' => folded.push('\''),
            'œ' => folded.push_str("oe"),
            'ß' => folded.push_str("ss"),
            '\u{202f}' | '\u{a0}' => folded.push(' '),
            other => folded.push(other),
        }
    }
    folded.nfd().filter(|character| canonical_combining_class(*character) == 0).collect()
}

/// Folded text in lower case.
pub(crate) fn fold_case(text: &str) -> String {
    fold(text).to_lowercase()
}

/// Runs of Latin letters, digits and apostrophes of a text, folded, in lower case; addresses are
/// left out.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in fold_case(&without_addresses(text)).chars() {
        if character.is_ascii_lowercase() || character.is_ascii_digit() || character == '\'' {
            word.push(character);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Web addresses of a text, in order, without the punctuation that ends a sentence.
pub(crate) fn addresses(text: &str) -> Vec<String> {
    let ranges = address_ranges(text);
    ranges.into_iter().map(|range| without_stop(&text[range]).to_owned()).collect()
}

/// An address without the punctuation that ends a sentence.
pub(crate) fn without_stop(address: &str) -> &str {
    address.trim_end_matches(['.', ',', '!', '?', ')'])
}

fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut end = 0;
    for range in address_ranges(text) {
        kept.push_str(&text[end..range.start]);
        kept.push(' ');
        end = range.end;
    }
    kept.push_str(&text[end..]);
    kept
}

/// Byte ranges of `http://…` and `https://…`, each up to the next white space; the scheme alone is
/// no address.
fn address_ranges(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut from = 0;
    while let Some(offset) = text[from..].find("http") {
        let start = from + offset;
        let rest = &text[start..];
        let scheme = ["https://", "http://"].into_iter().find(|scheme| rest.starts_with(scheme));
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        match scheme {
            Some(scheme) if length > scheme.len() => {
                ranges.push(start..start + length);
                from = start + length;
            }
            _ => from = start + "http".len(),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_addresses_left_out() {
        assert_eq!(
            words_of("L’été, c'est FINI: https://shop.example/a?b=1. Straße 12"),
            ["l'ete", "c'est", "fini", "strasse", "12"]
        );
    }

    #[test]
    fn addresses_end_before_the_stop_of_the_sentence() {
        let text = "See https://a.example/x). Or http://b.example/y?z=1, or https:// alone";
        assert_eq!(addresses(text), ["https://a.example/x", "http://b.example/y?z=1"]);
    }
}
