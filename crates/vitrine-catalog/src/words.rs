//! Splits a text into folded and stemmed words, so that spelling variants compare equal.
//!
//! Pure. Folding drops case and accents before stemming, in the shop's texts and in the customer's,
//! because customers leave accents out.
//!
//! Invariants
//! - A text yields at most [`WORDS_MAX`] words.
//! - A word is never empty.
//!
//! Source: the Snowball stemmers, Porter 2001.

use crate::stopwords::is_stop_word;
use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use vitrine_base::language::Language;

/// Most words read from one text; a chat message has about ten.
pub(crate) const WORDS_MAX: usize = 200;

/// Most characters read from one text.
pub(crate) const TEXT_CHARS_MAX: usize = 2_000;

/// Kind of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WordKind {
    /// A word that carries meaning.
    Content,
    /// A function word or chat filler.
    Stop,
    /// Digits, possibly with a decimal separator.
    Number,
    /// `€`, `$` or `£`.
    Currency,
}

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StemmedWord {
    /// Lower case, without accents.
    pub(crate) folded: String,
    /// Its stem; equal to `folded` unless the word is content.
    pub(crate) stem: String,
    /// Its kind.
    pub(crate) kind: WordKind,
}

/// Lower-cases a text, drops accents, splits ligatures and replaces typographic apostrophes by `'`.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase().replace('`', "'");
    }
    let mut folded = String::with_capacity(text.len());
    for character in text.nfd().filter(|character| !is_combining_mark(*character)) {
        for lower in character.to_lowercase() {
            match lower {
                'œ' => folded.push_str("oe"),
                'æ' => folded.push_str("ae"),
                'ß' => folded.push_str("ss"),
                '’' | '‘' | 'ʼ' | '`' | '´' => folded.push('\''),
                other => folded.push(other),
            }
        }
    }
    folded
}

/// Turns a text into an identifier: `Vélance Pro` → `velance_pro`.
#[must_use]
pub fn slug(text: &str) -> String {
    let folded = fold(text);
    let parts = folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

/// The stemmer of a language; `None` if there is none, and words are compared as they are.
#[must_use]
pub fn stemmer(language: Language) -> Option<Stemmer> {
    Some(Stemmer::create(match language {
        Language::EN => Algorithm::English,
        Language::FR => Algorithm::French,
        Language::DE => Algorithm::German,
        Language::ES => Algorithm::Spanish,
        Language::IT => Algorithm::Italian,
        Language::PT => Algorithm::Portuguese,
        _ => return None,
    }))
}

/// Stem of one folded word in a language.
pub(crate) fn stem(folded: &str, language: Language) -> String {
    stemmer(language).map_or_else(|| folded.to_owned(), |s| s.stem(folded).into_owned())
}

/// Words of a text, in order, stemmed in a language.
pub(crate) fn words(text: &str, language: Language) -> Vec<StemmedWord> {
    let stemmer = stemmer(language);
    let clipped: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let folded = fold(&clipped);
    let mut found = Vec::new();
    for (piece, next) in pieces(&folded) {
        if found.len() == WORDS_MAX {
            break;
        }
        // An elided article or pronoun ("l'", "d'", "qu'", "j'") carries no meaning.
        let elides = matches!(language, Language::FR | Language::IT);
        let elided = next == Some('\'') && piece.len() <= 2 && elides;
        let kind = kind_of(piece);
        let kind = match kind {
            WordKind::Content if elided || is_stop_word(piece, language) => WordKind::Stop,
            kind => kind,
        };
        let stem = match kind {
            WordKind::Content => {
                stemmer.as_ref().map_or_else(|| piece.to_owned(), |s| s.stem(piece).into_owned())
            }
            WordKind::Stop | WordKind::Number | WordKind::Currency => piece.to_owned(),
        };
        found.push(StemmedWord { folded: piece.to_owned(), stem, kind });
    }
    found
}

/// Stems of the content words and numbers of a text, in order.
pub(crate) fn stems(text: &str, language: Language) -> Vec<String> {
    words(text, language)
        .into_iter()
        .filter(|word| matches!(word.kind, WordKind::Content | WordKind::Number))
        .map(|word| word.stem)
        .collect()
}

fn kind_of(piece: &str) -> WordKind {
    match piece.chars().next() {
        Some('€' | '$' | '£') => WordKind::Currency,
        Some(first) if first.is_ascii_digit() => WordKind::Number,
        _ => WordKind::Content,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharClass {
    Letter,
    Digit,
    Currency,
    Gap,
}

fn class_of(character: char) -> CharClass {
    match character {
        '€' | '$' | '£' => CharClass::Currency,
        c if c.is_ascii_digit() => CharClass::Digit,
        c if c.is_alphanumeric() => CharClass::Letter,
        _ => CharClass::Gap,
    }
}

/// Runs of characters of one class, each with the next character; `49,90` stays one run.
fn pieces(folded: &str) -> Vec<(&str, Option<char>)> {
    let characters: Vec<(usize, char)> = folded.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let class = class_of(characters[at].1);
        let mut end = at + 1;
        while end < characters.len() && continues(class, &characters, end) {
            end += 1;
        }
        if class != CharClass::Gap {
            let stop = characters.get(end).map_or(folded.len(), |(byte, _)| *byte);
            let next = characters.get(end).map(|(_, character)| *character);
            found.push((&folded[characters[at].0..stop], next));
        }
        at = end;
    }
    found
}

fn continues(class: CharClass, characters: &[(usize, char)], at: usize) -> bool {
    let character = characters[at].1;
    match class {
        CharClass::Currency => false,
        CharClass::Digit if matches!(character, ',' | '.') => {
            characters.get(at + 1).is_some_and(|(_, next)| next.is_ascii_digit())
        }
        CharClass::Digit | CharClass::Letter | CharClass::Gap => class_of(character) == class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text, Language::FR).into_iter().map(|word| word.folded).collect()
    }

    #[test]
    fn case_accents_and_ligatures_do_not_matter() {
        assert_eq!(fold("ÉLÉGANTE Cœur d’été"), "elegante coeur d'ete");
        assert_eq!(slug("Vélance Pro+"), "velance_pro");
    }

    #[test]
    fn numbers_and_currencies_stand_alone() {
        assert_eq!(folded("49,90€ ou 50EUR, 42.5."), ["49,90", "€", "ou", "50", "eur", "42.5"]);
        assert_eq!(folded("RUN-012"), ["run", "012"]);
    }

    #[test]
    fn elided_articles_are_not_content() {
        let kinds: Vec<WordKind> =
            words("l'eau", Language::FR).into_iter().map(|word| word.kind).collect();
        assert_eq!(kinds, [WordKind::Stop, WordKind::Content]);
    }

    #[test]
    fn plural_and_singular_share_a_stem() {
        for (one, many) in
            [("chaussure", "chaussures"), ("légère", "legeres"), ("maillot", "maillots")]
        {
            assert_eq!(stems(one, Language::FR), stems(many, Language::FR));
        }
        assert_eq!(stems("trainer", Language::EN), stems("Trainers", Language::EN));
    }

    #[test]
    fn hostile_texts_stay_bounded() {
        assert_eq!(words(&"a b ".repeat(10_000), Language::EN).len(), WORDS_MAX);
        assert!(words(&"\u{301}".repeat(9_999), Language::FR).is_empty());
        assert!(words("🏃‍♀️ ... \u{0}", Language::FR).is_empty());
    }
}
