//! The languages that the gateway replies in, and those that it detects.

/// A language that the gateway replies in: templates and labels exist for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
}

impl Language {
    /// All languages, English first.
    pub const ALL: [Self; 2] = [Self::En, Self::Fr];

    /// ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
        }
    }

    /// Parses the primary subtag of a BCP 47 tag such as `fr-FR`, ignoring case; `None` if the
    /// gateway does not reply in that language.
    #[must_use]
    pub fn from_locale(locale: &str) -> Option<Self> {
        let primary = locale.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
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

    /// The reply language of the same name, or `None` if the gateway does not reply in it.
    #[must_use]
    pub fn reply_language(self) -> Option<Language> {
        Language::from_locale(self.code())
    }
}

impl From<Language> for DetectedLanguage {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::Fr => Self::Fr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_ours_is_recognised_as_itself() {
        for language in Language::ALL {
            assert_eq!(DetectedLanguage::from(language).reply_language(), Some(language));
        }
        for tongue in DetectedLanguage::ALL {
            assert_eq!(DetectedLanguage::from_code(tongue.code()), Some(tongue));
        }
        assert_eq!(DetectedLanguage::De.reply_language(), None);
    }

    #[test]
    fn locale_tags_map_to_languages() {
        assert_eq!(Language::from_locale("fr-FR"), Some(Language::Fr));
        assert_eq!(Language::from_locale("EN_us"), Some(Language::En));
        assert_eq!(Language::from_locale("de-DE"), None);
        assert_eq!(Language::from_locale(""), None);
    }
}
