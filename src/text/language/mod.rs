//! Which language a text is in: English or French.
//!
//! Words that exist in one of the two decide short texts; letter statistics decide the rest; where
//! neither sees a difference, the hint does.

use crate::base::language::Language;
use lingua::LanguageDetector;
use lingua::LanguageDetectorBuilder;
use std::sync::OnceLock;

/// Confidence that statistics must have to overrule a hint. On texts of one to three words (sizes,
/// brand names, "ok") lingua stays below it; on whole sentences it is above 0.95.
const CONFIDENCE_MIN: f64 = 0.75;

/// Words that are French and not English, as customers write them, with and without accents.
const FRENCH: &[&str] = &[
    "je",
    "tu",
    "il",
    "elle",
    "nous",
    "vous",
    "le",
    "la",
    "les",
    "un",
    "une",
    "des",
    "du",
    "de",
    "et",
    "est",
    "sont",
    "pour",
    "avec",
    "dans",
    "sur",
    "mon",
    "ma",
    "mes",
    "votre",
    "vos",
    "bonjour",
    "salut",
    "bonsoir",
    "coucou",
    "merci",
    "oui",
    "où",
    "quoi",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "combien",
    "prix",
    "taille",
    "commande",
    "livraison",
    "svp",
    "stp",
    "pas",
    "ça",
    "cela",
    "c'est",
    "j'ai",
    "j'aimerais",
    "voudrais",
    "veux",
    "cherche",
    "besoin",
    "chaussures",
    "que",
    "qui",
    "quand",
    "comment",
    "pourquoi",
    "aussi",
    "très",
    "tres",
    "mais",
    "ou",
    "bien",
    "colis",
    "rembourser",
    "remboursement",
    "au",
    "aux",
    "ce",
    "cette",
    "avez",
    "puis",
    "retour",
    "rouge",
    "bleu",
    "noir",
    "blanc",
    "vert",
    "d'accord",
    "plutôt",
    "plutot",
    "voir",
];

/// Words that are English and not French.
const ENGLISH: &[&str] = &[
    "i", "you", "he", "she", "we", "they", "the", "an", "is", "are", "was", "and", "for", "with",
    "in", "of", "to", "my", "your", "hello", "hi", "hey", "thanks", "thank", "yes", "where",
    "what", "which", "how", "when", "why", "much", "many", "price", "order", "please", "do",
    "does", "can", "could", "would", "want", "need", "looking", "shoes", "it", "it's", "i'm",
    "i'd", "this", "that", "have", "has", "not", "don't", "delivery", "shipping", "refund",
    "return", "buy", "red", "blue", "black", "white", "green", "good", "morning", "any", "there",
    "cheaper", "bigger", "smaller",
];

/// The language of `text`; `hint` (the thread's or the locale's language) decides where the text
/// itself does not, English without one.
///
/// The first call loads the letter statistics, which takes some hundred milliseconds.
#[must_use]
pub fn detect_language(text: &str, hint: Option<Language>) -> Language {
    let otherwise = hint.unwrap_or(Language::En);
    let (english, french) = count_words(text);
    if english != french && english.min(french) * 2 <= english.max(french) {
        return if english > french { Language::En } else { Language::Fr };
    }
    if text.chars().filter(|character| character.is_alphabetic()).count() < 2 {
        return otherwise;
    }
    let confidence = detector().compute_language_confidence(text, lingua::Language::French);
    if confidence >= CONFIDENCE_MIN {
        Language::Fr
    } else if confidence <= 1.0 - CONFIDENCE_MIN {
        Language::En
    } else if hint.is_some() || (confidence - 0.5).abs() < f64::EPSILON {
        otherwise
    } else if confidence > 0.5 {
        Language::Fr
    } else {
        Language::En
    }
}

/// Marker words: (English, French).
fn count_words(text: &str) -> (usize, usize) {
    let text = text.to_lowercase().replace('\u{2019}', "'");
    let mut counts = (0, 0);
    let words = text.split(|character: char| !character.is_alphabetic() && character != '\'');
    for word in words.filter(|word| !word.is_empty()) {
        let elided = word.split('\'').next().filter(|_| word.contains('\'')).unwrap_or_default();
        let french_elision = matches!(elided, "l" | "d" | "j" | "c" | "qu" | "n" | "s" | "m" | "t");
        if ENGLISH.contains(&word) {
            counts.0 += 1;
        } else if FRENCH.contains(&word) || french_elision {
            counts.1 += 1;
        }
    }
    counts
}

/// Built once for the whole process: the statistics take tens of megabytes.
fn detector() -> &'static LanguageDetector {
    static DETECTOR: OnceLock<LanguageDetector> = OnceLock::new();
    DETECTOR.get_or_init(|| {
        let languages = [lingua::Language::English, lingua::Language::French];
        LanguageDetectorBuilder::from_languages(&languages).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_customer_texts_are_told_apart() {
        for (text, expected) in [
            ("bonjour", Language::Fr),
            ("merci !", Language::Fr),
            ("taille 42", Language::Fr),
            ("c'est combien ?", Language::Fr),
            ("Je cherche des chaussures pour un marathon", Language::Fr),
            ("l'autre", Language::Fr),
            ("ou est mon colis", Language::Fr),
            ("J\u{2019}aimerais retourner cet article", Language::Fr),
            ("hello", Language::En),
            ("how much?", Language::En),
            ("size 42 please", Language::En),
            ("I'm looking for running shoes", Language::En),
            ("where is my order", Language::En),
            ("do you ship to Canada", Language::En),
        ] {
            assert_eq!(detect_language(text, None), expected, "{text}");
            let other = Language::ALL.into_iter().find(|language| *language != expected);
            assert_eq!(detect_language(text, other), expected, "{text} against the hint");
        }
    }

    #[test]
    fn texts_without_a_language_follow_the_hint() {
        for text in ["", "42", "👍", "?!", "L"] {
            assert_eq!(detect_language(text, Some(Language::Fr)), Language::Fr, "{text}");
            assert_eq!(detect_language(text, Some(Language::En)), Language::En, "{text}");
            assert_eq!(detect_language(text, None), Language::En, "{text}");
        }
    }
}
