//! A category that is derived.

use vitrine_base::localized::Localized;

/// A category.
#[derive(Debug, Clone, Default)]
pub(super) struct Kind {
    pub(super) id: String,
    /// Plural where the language's rules are known.
    pub(super) label: Localized<String>,
    /// Singular, for titles.
    pub(super) title: Localized<String>,
    pub(super) words: Localized<Vec<String>>,
    pub(super) parent: Option<usize>,
    /// Whether it comes from the noun of names, not from the shop's own categories.
    pub(super) noun: bool,
    /// Products of this category alone, narrower ones aside.
    pub(super) products: usize,
}
