//! One value for each language that has one.

use crate::language::Language;

/// Values by language, in the order of the languages' codes. Any language can be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localized<T> {
    entries: Vec<(Language, T)>,
}

impl<T> Default for Localized<T> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<T> Localized<T> {
    /// Without any value.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value in `language`; `None` if there is none.
    #[must_use]
    pub fn get(&self, language: Language) -> Option<&T> {
        let at = self.place(language).ok()?;
        Some(&self.entries[at].1)
    }

    /// The value in `language`, to be changed; `None` if there is none.
    pub fn get_mut(&mut self, language: Language) -> Option<&mut T> {
        let at = self.place(language).ok()?;
        Some(&mut self.entries[at].1)
    }

    /// The value in the first language that has one: `language`, those of `others` in their order
    /// (the shop's own), English, then the first there is. `None` only if there is no value at all.
    #[must_use]
    pub fn or_fallback(&self, language: Language, others: &[Language]) -> Option<&T> {
        let order = [language].into_iter().chain(others.iter().copied()).chain([Language::EN]);
        let mut values = order.filter_map(|language| self.get(language));
        values.next().or_else(|| self.entries.first().map(|(_, value)| value))
    }

    /// Sets the value in `language`; returns the one it replaces.
    pub fn insert(&mut self, language: Language, value: T) -> Option<T> {
        match self.place(language) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (language, value));
                None
            }
        }
    }

    /// All values with their languages, by the languages' codes.
    pub fn iter(&self) -> impl Iterator<Item = (Language, &T)> {
        self.entries.iter().map(|(language, value)| (*language, value))
    }

    /// The languages that have a value, by their codes.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.entries.iter().map(|(language, _)| *language)
    }

    /// All values, by their languages' codes.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of languages that have a value.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    fn place(&self, language: Language) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&language, |(language, _)| *language)
    }
}

impl Localized<String> {
    /// As [`Self::or_fallback`]; empty if there is no text at all.
    #[must_use]
    pub fn text(&self, language: Language, others: &[Language]) -> &str {
        self.or_fallback(language, others).map_or("", String::as_str)
    }
}

impl<T> Localized<Vec<T>> {
    /// The list in `language`; empty if there is none.
    #[must_use]
    pub fn list(&self, language: Language) -> &[T] {
        self.get(language).map_or(&[], Vec::as_slice)
    }
}

/// Of several values in one language the last stays.
impl<T> FromIterator<(Language, T)> for Localized<T> {
    fn from_iter<I: IntoIterator<Item = (Language, T)>>(values: I) -> Self {
        let mut localized = Self::default();
        for (language, value) in values {
            localized.insert(language, value);
        }
        localized
    }
}

impl<T, const N: usize> From<[(Language, T); N]> for Localized<T> {
    fn from(values: [(Language, T); N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T> IntoIterator for Localized<T> {
    type Item = (Language, T);
    type IntoIter = std::vec::IntoIter<(Language, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(languages: &[Language]) -> Localized<String> {
        languages.iter().map(|language| (*language, language.to_string())).collect()
    }

    #[test]
    fn each_language_has_its_own_value_and_others_none() {
        let mut texts = texts(&[Language::FR, Language::EN, Language::DE]);
        assert_eq!(texts.get(Language::FR).map(String::as_str), Some("fr"));
        assert_eq!(texts.get(Language::IT), None);
        let codes: Vec<String> = texts.languages().map(|language| language.to_string()).collect();
        assert_eq!(codes, ["de", "en", "fr"]);
        assert_eq!(texts.insert(Language::FR, "autre".to_owned()).as_deref(), Some("fr"));
        assert_eq!((texts.len(), texts.get(Language::FR).unwrap().as_str()), (3, "autre"));
    }

    #[test]
    fn a_missing_language_falls_back_to_the_shops_then_english_then_any() {
        let all = texts(&[Language::FR, Language::EN, Language::DE]);
        assert_eq!(all.text(Language::FR, &[Language::DE]), "fr");
        assert_eq!(all.text(Language::IT, &[Language::ES, Language::DE]), "de");
        assert_eq!(all.text(Language::IT, &[Language::ES]), "en");
        assert_eq!(texts(&[Language::FR, Language::DE]).text(Language::IT, &[]), "de");
        assert_eq!(texts(&[]).text(Language::IT, &[]), "");
    }
}
