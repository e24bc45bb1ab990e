//! Whether two spellings mean the same: option values, titles.

use super::tokens::fold;
use crate::shop::Catalog;

/// The letters and digits that two spellings of a size share.
fn same_value(known: &str, written: &str) -> bool {
    let letters = |text: &'_ str| -> Vec<char> {
        let kept = text.chars().filter(|c| !c.is_whitespace());
        let point = |c: char| match c {
            ',' => '.',
            '×' | '*' => 'x',
            c => c,
        };
        kept.flat_map(char::to_lowercase).map(point).collect()
    };
    known == written || letters(known) == letters(written)
}

/// The option value of the shop that a spelling means.
pub(crate) fn find_option(catalog: &Catalog, written: &str) -> Option<(String, String)> {
    let start = written.chars().next()?.to_lowercase().next()?;
    let begins = |value: &str| {
        value.chars().next().and_then(|c| c.to_lowercase().next()).is_some_and(|c| c == start)
    };
    for product in catalog.products() {
        for variant in &product.variants {
            for (key, value) in &variant.options {
                if begins(value) && same_value(value, written) {
                    return Some((key.clone(), value.clone()));
                }
            }
        }
    }
    None
}

/// Whether two texts say the same, whatever their case and accents.
pub(crate) fn same_words(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        fold(text)
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    words(a) == words(b)
}
