//! Names of properties in replies.

use crate::shop::Language;
use crate::words::writer::Writer;

/// The name of a property: the shop's, else that of the locale for a key such as `thickness_cm`.
pub(crate) fn property(writer: &Writer<'_>, label: &str) -> String {
    let names = &writer.input.locale.templates.properties;
    let general = |key: &str| names.get(key).cloned();
    let whole = general(label);
    let first = || label.split_once('_').and_then(|(first, _)| general(first));
    // Keys are English words: another language leaves out those that nobody translated.
    let unnamed = || match (label.contains('_'), writer.input.locale.language) {
        (false, _) => label.to_owned(),
        (true, Language::EN) => words_of(label),
        (true, _) => String::new(),
    };
    whole.or_else(first).unwrap_or_else(unnamed)
}

/// A key as words, without the unit at its end: `fall_height_m` is "fall height".
fn words_of(key: &str) -> String {
    let unit = |part: &str| part.chars().count() <= 2 || matches!(part, "hours" | "years" | "gsm");
    let words = key.rsplit_once('_').filter(|(_, last)| unit(last)).map_or(key, |(words, _)| words);
    words.replace('_', " ")
}
