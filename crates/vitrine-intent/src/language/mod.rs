//! Detects the language of a text among six.
//!
//! Distinctive words and letters decide short texts. Otherwise letter n-gram statistics, word votes
//! and a prior for the expected language are combined.
//!
//! Invariants
//! - A text with fewer than two letters gets the expected language.
//! - Pure: the same text and expected language give the same result.

mod words;

use lingua::LanguageDetector;
use lingua::LanguageDetectorBuilder;
use std::sync::OnceLock;
use vitrine_base::language::DetectedLanguage;

/// Minimum lead, in votes, for a decision without statistics: one word of a single language.
const VOTES_LEAD_MIN: f64 = 0.9;

/// Weight of a vote relative to the natural logarithm of a statistic.
const VOTE_WEIGHT: f64 = 2.5;

/// Prior of the expected language, on the same scale. Short answers (sizes, brand names, "ok") stay
/// in it; a sentence in another language overrides it.
const EXPECTED_WEIGHT: f64 = 1.5;

/// Lower bound of a statistic: the letters of a few words must not exclude a language.
const STATISTIC_MIN: f64 = 1e-3;

/// Characters of a text that are considered; a few sentences suffice.
const TEXT_CHARS_MAX: usize = 400;

/// Minimum letters for a decision: sizes and single key presses have no language.
const LETTERS_MIN: usize = 2;

/// Detects the language of `text`. `expected`, the language of the conversation or the locale,
/// decides if the text itself does not.
///
/// The first call that needs the statistics loads them, which takes a few hundred milliseconds.
#[must_use]
pub fn detect_language(text: &str, expected: DetectedLanguage) -> DetectedLanguage {
    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    if text.chars().filter(|character| character.is_alphabetic()).count() < LETTERS_MIN {
        return expected;
    }
    let votes = words::votes(&text);
    if let Some(certain) = leader(&votes) {
        return certain;
    }
    let statistics = detector().compute_language_confidence_values(text.as_str());
    let mut best = (expected, f64::NEG_INFINITY);
    for (tongue, votes) in DetectedLanguage::ALL.into_iter().zip(votes) {
        let statistic = statistics.iter().find(|(found, _)| tongue_of(*found) == Some(tongue));
        let statistic = statistic.map_or(0.0, |(_, confidence)| *confidence).max(STATISTIC_MIN);
        let before = if tongue == expected { EXPECTED_WEIGHT } else { 0.0 };
        let score = statistic.ln() + VOTE_WEIGHT * votes + before;
        if score > best.1 {
            best = (tongue, score);
        }
    }
    best.0
}

/// The language with the most votes, if it leads by [`VOTES_LEAD_MIN`].
fn leader(votes: &[f64; 6]) -> Option<DetectedLanguage> {
    let mut ranked: Vec<(DetectedLanguage, f64)> =
        DetectedLanguage::ALL.into_iter().zip(*votes).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    (ranked[0].1 - ranked[1].1 >= VOTES_LEAD_MIN).then_some(ranked[0].0)
}

fn tongue_of(language: lingua::Language) -> Option<DetectedLanguage> {
    DetectedLanguage::from_code(language.iso_code_639_1().to_string().to_lowercase().as_str())
}

/// Built once per process: the statistics take tens of megabytes.
fn detector() -> &'static LanguageDetector {
    static DETECTOR: OnceLock<LanguageDetector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let languages = [
            lingua::Language::English,
            lingua::Language::French,
            lingua::Language::German,
            lingua::Language::Spanish,
            lingua::Language::Italian,
            lingua::Language::Portuguese,
        ];
        LanguageDetectorBuilder::from_languages(&languages).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `code<TAB>text`, written for this test: three-word customer messages.
    const THREE_WORDS: &str = include_str!("three_words.tsv");

    #[test]
    fn short_customer_texts_are_told_apart_whatever_was_spoken_before() {
        for (text, expected) in [
            ("bonjour", DetectedLanguage::Fr),
            ("merci !", DetectedLanguage::Fr),
            ("taille 42", DetectedLanguage::Fr),
            ("c'est combien ?", DetectedLanguage::Fr),
            ("Je cherche des chaussures pour un marathon", DetectedLanguage::Fr),
            ("l'autre", DetectedLanguage::Fr),
            ("ou est mon colis", DetectedLanguage::Fr),
            ("J\u{2019}aimerais retourner cet article", DetectedLanguage::Fr),
            ("hello", DetectedLanguage::En),
            ("how much?", DetectedLanguage::En),
            ("size 42 please", DetectedLanguage::En),
            ("I'm looking for running shoes", DetectedLanguage::En),
            ("where is my order", DetectedLanguage::En),
            ("do you ship to Canada", DetectedLanguage::En),
            ("guten Tag", DetectedLanguage::De),
            ("Größe 42 bitte", DetectedLanguage::De),
            ("¿dónde está mi pedido?", DetectedLanguage::Es),
            ("quanto costa questo?", DetectedLanguage::It),
            ("onde está a minha encomenda", DetectedLanguage::Pt),
        ] {
            for before in DetectedLanguage::ALL {
                assert_eq!(detect_language(text, before), expected, "{text} after {before:?}");
            }
        }
    }

    #[test]
    fn texts_without_a_language_keep_the_one_spoken_before() {
        for text in ["", "42", "👍", "?!", "L", "\u{200b}", "مرحبا"] {
            for before in DetectedLanguage::ALL {
                assert_eq!(detect_language(text, before), before, "{text}");
            }
        }
    }

    /// Goal: three-word messages are recognised. Method: a list written after the word lists and
    /// weights were final, so nothing was fitted on it. Right answers when English is expected, for
    /// English, French, German, Spanish, Italian, Portuguese: 62, 59, 63, 59, 62, 61. When the
    /// right language is expected, all but one Spanish text are right.
    #[test]
    fn three_words_are_enough() {
        let texts: Vec<(DetectedLanguage, &str)> = THREE_WORDS
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(code, text)| (DetectedLanguage::from_code(code).unwrap(), text))
            .collect();
        let right = |expected: DetectedLanguage,
                     before: &dyn Fn(DetectedLanguage) -> DetectedLanguage| {
            let of = texts.iter().filter(|(tongue, _)| *tongue == expected);
            let hits =
                of.clone().filter(|(_, text)| detect_language(text, before(expected)) == expected);
            #[expect(clippy::cast_precision_loss, reason = "a few dozen texts")]
            let share = hits.count() as f64 / of.clone().count() as f64;
            (of.count(), share)
        };
        for tongue in DetectedLanguage::ALL {
            let (count, fresh) = right(tongue, &|_| DetectedLanguage::En);
            let (_, known) = right(tongue, &|tongue| tongue);
            let code = tongue.code();
            eprintln!("{code}: {count} texts, {fresh:.3} English expected, {known:.3} itself");
            assert!(count >= 60, "{tongue:?}: {count} texts");
            assert!(fresh >= FRESH_MIN, "{tongue:?}: {fresh} right when English is expected");
            assert!(known >= KNOWN_MIN, "{tongue:?}: {known} right when it is expected");
        }
    }

    /// Minimum share of right answers per language, when English is expected and when the language
    /// itself is.
    const FRESH_MIN: f64 = 0.95;
    const KNOWN_MIN: f64 = 0.98;
}
