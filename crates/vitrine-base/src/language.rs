//! The language of a text, and those that the gateway detects.
//!
//! A [`Language`] is a primary subtag of a BCP 47 tag: languages are data, so any well-formed one
//! is accepted. [`Language::SHIPPED`] lists those that the gateway has words of its own for.

use std::fmt;

/// Most letters of a primary subtag. Source: ISO 639-3, three letters.
const LETTERS_MAX: usize = 3;

/// Fewest letters of a primary subtag. Source: ISO 639-1, two letters.
const LETTERS_MIN: usize = 2;

/// A language: two or three lower-case letters of ISO 639, such as `fr`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language([u8; LETTERS_MAX]);

impl Language {
    /// English.
    pub const EN: Self = Self(*b"en\0");
    /// French.
    pub const FR: Self = Self(*b"fr\0");
    /// German.
    pub const DE: Self = Self(*b"de\0");
    /// Spanish.
    pub const ES: Self = Self(*b"es\0");
    /// Italian.
    pub const IT: Self = Self(*b"it\0");
    /// Portuguese.
    pub const PT: Self = Self(*b"pt\0");

    /// The languages that the gateway has words of its own for, English first.
    pub const SHIPPED: [Self; 6] = [Self::EN, Self::FR, Self::DE, Self::ES, Self::IT, Self::PT];

    /// ISO 639 code, in lower case.
    #[must_use]
    pub fn code(&self) -> &str {
        let letters = self.0.iter().take_while(|letter| **letter != 0).count();
        // The constructors accept ASCII letters only, so this never fails.
        std::str::from_utf8(&self.0[..letters]).unwrap_or("und")
    }

    /// Parses the primary subtag of a BCP 47 tag such as `fr-FR` or `pt_BR`, ignoring case; `None`
    /// if it does not have two or three letters, or if another subtag is not 1 to 8 letters and
    /// digits.
    #[must_use]
    pub fn from_locale(locale: &str) -> Option<Self> {
        let mut subtags = locale.split(['-', '_']);
        let primary = subtags.next().unwrap_or_default().as_bytes();
        let plain = |tag: &str| {
            (1..=SUBTAG_MAX).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let letters = primary.iter().all(u8::is_ascii_alphabetic);
        if !(LETTERS_MIN..=LETTERS_MAX).contains(&primary.len()) || !letters {
            return None;
        }
        let mut code = [0; LETTERS_MAX];
        for (to, from) in code.iter_mut().zip(primary) {
            *to = from.to_ascii_lowercase();
        }
        subtags.all(plain).then_some(Self(code))
    }
}

/// Longest subtag, in letters and digits. Source: RFC 5646, section 2.1.
const SUBTAG_MAX: usize = 8;

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// A language that a customer's message may be detected as, whether or not the gateway replies in
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DetectedLanguage {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Portuguese.
    Pt,
}

impl DetectedLanguage {
    /// All languages, English first.
    pub const ALL: [Self; 6] = [Self::En, Self::Fr, Self::De, Self::Es, Self::It, Self::Pt];

    /// ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Es => "es",
            Self::It => "it",
            Self::Pt => "pt",
        }
    }

    /// Parses a lower-case ISO 639-1 code; `None` for any other language.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tongue| tongue.code() == code)
    }

    /// The language of a draft for it, or `None` if drafts are not written in it.
    #[must_use]
    pub fn reply_language(self) -> Option<Language> {
        match self {
            Self::En => Some(Language::EN),
            Self::Fr => Some(Language::FR),
            Self::De | Self::Es | Self::It | Self::Pt => None,
        }
    }

    /// The language itself, whether or not drafts are written in it.
    #[must_use]
    pub fn language(self) -> Language {
        match self {
            Self::En => Language::EN,
            Self::Fr => Language::FR,
            Self::De => Language::DE,
            Self::Es => Language::ES,
            Self::It => Language::IT,
            Self::Pt => Language::PT,
        }
    }
}

impl From<Language> for DetectedLanguage {
    /// English for a language that is not detected.
    fn from(language: Language) -> Self {
        Self::from_code(language.code()).unwrap_or(Self::En)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_language_of_ours_is_recognised_as_itself() {
        for language in Language::SHIPPED {
            assert_eq!(DetectedLanguage::from(language).language(), language);
            assert_eq!(Language::from_locale(language.code()), Some(language));
        }
        for tongue in DetectedLanguage::ALL {
            assert_eq!(DetectedLanguage::from_code(tongue.code()), Some(tongue));
        }
        assert_eq!(DetectedLanguage::De.reply_language(), None);
        let danish = Language::from_locale("da").unwrap();
        assert_eq!(DetectedLanguage::from(danish), DetectedLanguage::En);
    }

    #[test]
    fn locale_tags_map_to_languages() {
        assert_eq!(Language::from_locale("fr-FR"), Some(Language::FR));
        assert_eq!(Language::from_locale("EN_us"), Some(Language::EN));
        assert_eq!(Language::from_locale("pt-BR"), Some(Language::PT));
        assert_eq!(Language::from_locale("zh-Hant-TW").unwrap().code(), "zh");
        assert_eq!(Language::from_locale("gsw-CH").unwrap().to_string(), "gsw");
        for bad in ["", "f", "f1", "french", "fr-", "fr-\u{e9}", "-fr", "fr-toolonghere"] {
            assert_eq!(Language::from_locale(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_tag_or_none(text in ".{0,12}") {
            if let Some(language) = Language::from_locale(&text) {
                prop_assert_eq!(Language::from_locale(language.code()), Some(language));
            }
        }
    }
}
