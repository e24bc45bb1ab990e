//! Names of properties in replies.

use crate::locale::names::name_of;
use crate::locale::names::without_unit;
use crate::shop::Language;
use crate::words::writer::Writer;

/// The name of a property: the shop's, else that of the locale for a key such as `thickness_cm`.
pub(crate) fn property(writer: &Writer<'_>, label: &str) -> String {
    let locale = writer.input.locale;
    let own = |key: &str| locale.templates.properties.get(key).cloned();
    let general = |key: &str| name_of(locale.language, key).map(str::to_owned);
    let plain = without_unit(label);
    // Keys are English words: another language leaves out those that nobody translated.
    let unnamed = || match (label.contains('_'), locale.language) {
        (false, _) => label.to_owned(),
        (true, Language::EN) => plain.replace('_', " "),
        (true, _) => String::new(),
    };
    own(label)
        .or_else(|| general(label))
        .or_else(|| own(plain))
        .or_else(|| general(plain))
        .unwrap_or_else(unnamed)
}
