//! The words of each language: what the reader recognises, and how replies are worded.
//!
//! Six languages ship inside the binary, from `locales/xx.toml`. A folder may hold further files,
//! or replace a shipped one.

pub(crate) mod names;

use crate::reader::cues::Cues;
use crate::shop::Language;
use crate::words::templates::Templates;
use serde::Deserialize;
use std::path::Path;

/// The shipped files.
const SHIPPED: [(&str, &str); 6] = [
    ("en", include_str!("../../locales/en.toml")),
    ("fr", include_str!("../../locales/fr.toml")),
    ("de", include_str!("../../locales/de.toml")),
    ("es", include_str!("../../locales/es.toml")),
    ("it", include_str!("../../locales/it.toml")),
    ("pt", include_str!("../../locales/pt.toml")),
];

/// Largest locale file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;

/// Most languages.
pub const LANGUAGES_MAX: usize = 64;

/// Why a locale cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocaleError {
    /// The file cannot be read.
    #[error("locale file {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not of the expected form.
    #[error("locale {name}: {reason}")]
    Form {
        /// File or language.
        name: String,
        /// What was found, what is allowed, and where.
        reason: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocaleFile {
    name: String,
    understand: Cues,
    say: Templates,
}

/// One language.
#[derive(Debug, Clone)]
pub struct Locale {
    /// The language.
    pub language: Language,
    /// Its name in itself.
    pub name: String,
    /// What the reader recognises.
    pub cues: Cues,
    /// How replies are worded.
    pub templates: Templates,
}

/// All languages of a gateway.
#[derive(Debug, Clone)]
pub struct Locales {
    locales: Vec<Locale>,
    default: usize,
}

impl Locales {
    /// The shipped languages; replies in an unknown language are written in `default`, or in
    /// English if that is unknown too.
    ///
    /// # Errors
    /// If a shipped file is malformed, which a test excludes.
    pub fn shipped(default: Language) -> Result<Self, LocaleError> {
        let mut locales = Vec::new();
        for (code, text) in SHIPPED {
            locales.push(parse(code, text)?);
        }
        Ok(Self { locales, default: 0 }.with_default(default))
    }

    /// Adds the `xx.toml` files of a folder; one of a shipped language replaces it.
    ///
    /// # Errors
    /// If a file cannot be read or is malformed.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, LocaleError> {
        let read_error = |path: &Path| {
            let path = path.display().to_string();
            move |cause| LocaleError::Read { path, cause }
        };
        let entries = std::fs::read_dir(folder).map_err(read_error(folder))?;
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        paths.sort();
        paths.truncate(LANGUAGES_MAX);
        for path in paths {
            let size = std::fs::metadata(&path).map_err(read_error(&path))?.len();
            let name = path.display().to_string();
            if size > FILE_BYTES_MAX {
                let reason = format!("{size} bytes, limit is {FILE_BYTES_MAX}");
                return Err(LocaleError::Form { name, reason });
            }
            let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
            let code = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let locale = parse(code, &text)?;
            match self.locales.iter_mut().find(|known| known.language == locale.language) {
                Some(known) => *known = locale,
                None => self.locales.push(locale),
            }
        }
        Ok(self)
    }

    fn with_default(mut self, language: Language) -> Self {
        self.default = self.locales.iter().position(|l| l.language == language).unwrap_or(0);
        self
    }

    /// The language's words, else those of the default language.
    #[must_use]
    pub fn get(&self, language: Language) -> &Locale {
        let found = self.locales.iter().find(|locale| locale.language == language);
        found.unwrap_or(&self.locales[self.default])
    }

    /// Whether replies can be written in a language.
    #[must_use]
    pub fn speaks(&self, language: Language) -> bool {
        self.locales.iter().any(|locale| locale.language == language)
    }

    /// All languages, the shipped ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Locale> {
        self.locales.iter()
    }

    /// The language of replies where nothing else decides.
    #[must_use]
    pub fn default_language(&self) -> Language {
        self.locales[self.default].language
    }
}

fn parse(code: &str, text: &str) -> Result<Locale, LocaleError> {
    let form = |reason: String| LocaleError::Form { name: code.to_owned(), reason };
    let language = Language::from_locale(code)
        .ok_or_else(|| form("the file's name is not a language code such as `nl`".to_owned()))?;
    let file: LocaleFile = toml::from_str(text).map_err(|error| form(error.to_string()))?;
    Ok(Locale { language, name: file.name, cues: file.understand, templates: file.say })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_locales_are_well_formed() {
        let locales = Locales::shipped(Language::FR).unwrap();
        assert_eq!(locales.iter().count(), SHIPPED.len());
        assert_eq!(locales.get(Language::from_locale("nl").unwrap()).language, Language::FR);
    }
}
