//! One value for each reply language.

use crate::language::Language;

/// One value per reply language. No language can be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Localized<T> {
    /// English.
    pub en: T,
    /// French.
    pub fr: T,
}

impl<T> Localized<T> {
    /// The value for `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> &T {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }

    /// Calls `value` once per language.
    pub fn from_fn(mut value: impl FnMut(Language) -> T) -> Self {
        Self { en: value(Language::En), fr: value(Language::Fr) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_gets_its_own_value() {
        let codes = Localized::from_fn(Language::code);
        for language in Language::ALL {
            assert_eq!(*codes.get(language), language.code());
        }
    }
}
