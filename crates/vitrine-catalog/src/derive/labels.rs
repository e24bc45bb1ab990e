//! Labels: as identifiers, in their parts, and as they stand inside a sentence.

use crate::words::slug;
use vitrine_base::language::Language;

/// Longest label, in characters.
pub(super) const LABEL_CHARS_MAX: usize = 60;

/// An identifier of ASCII letters, digits and `_`; empty if the text has none.
pub(super) fn identifier(text: &str) -> String {
    let kept: String =
        slug(text).chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    kept.trim_matches('_').chars().take(LABEL_CHARS_MAX).collect()
}

/// The parts of a label such as `Pots & planters`, if there are several.
pub(super) fn parts(label: &str) -> Vec<String> {
    let mut split = label.to_owned();
    for sign in [" & ", " and ", " et ", " und ", " y ", " e ", " / ", "/", ", ", " + "] {
        split = split.replace(sign, "\n");
    }
    let parts: Vec<String> = split.split('\n').map(|part| part.trim().to_owned()).collect();
    if parts.len() > 1 {
        parts.into_iter().filter(|part| !part.is_empty()).collect()
    } else {
        Vec::new()
    }
}

/// A label as it stands inside a sentence: without a capital at its start, unless the language or
/// the word has them (`LED lamps`, `Töpfe`).
pub(super) fn small(label: &str, language: Language) -> String {
    let label = label.trim();
    if language == Language::DE {
        return label.to_owned();
    }
    let small = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().filter(|c| c.is_uppercase());
        let rest: String = letters.collect();
        match first {
            Some(first) if rest.chars().all(|c| !c.is_uppercase()) => {
                format!("{}{rest}", first.to_lowercase())
            }
            _ => word.to_owned(),
        }
    };
    label.split(' ').map(small).collect::<Vec<_>>().join(" ")
}
