//! Texts by language as files hold them: `{ en = "size", "pt-BR" = "tamanho" }`.
//!
//! A key is any BCP 47 tag; its primary subtag is the language. Of `pt` and `pt-BR` the shorter one
//! stays. Empty texts count as missing.

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::Visitor;
use std::fmt;
use std::marker::PhantomData;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Values by language, as written in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByLanguage<T>(pub Localized<T>);

impl<T> Default for ByLanguage<T> {
    fn default() -> Self {
        Self(Localized::default())
    }
}

/// A value that can be left empty.
pub trait Blank {
    /// Whether the value says nothing.
    fn is_blank(&self) -> bool;
}

impl Blank for String {
    fn is_blank(&self) -> bool {
        self.trim().is_empty()
    }
}

impl Blank for Vec<String> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Values by language, with the tag that each was found under.
struct Tagged<T>(Localized<(usize, T)>);

impl<T> Tagged<T> {
    /// Keeps the value of the shortest tag of a language, of equal ones the first.
    fn add(&mut self, tag: &str, language: Language, value: T) {
        let known = self.0.get(language).map(|(length, _)| *length);
        if known.is_none_or(|length| tag.len() < length) {
            self.0.insert(language, (tag.len(), value));
        }
    }
}

struct ByLanguageVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Blank> Visitor<'de> for ByLanguageVisitor<T> {
    type Value = ByLanguage<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("texts by language, such as { en = \"size\", fr = \"taille\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Tagged(Localized::default());
        while let Some(tag) = map.next_key::<String>()? {
            let language = Language::from_locale(&tag).ok_or_else(|| {
                let shown: String = tag.chars().take(TAG_SHOWN_CHARS).collect();
                A::Error::custom(format!(
                    "`{shown}` is not the tag of a language, such as fr or pt-BR"
                ))
            })?;
            let value: T = map.next_value()?;
            if !value.is_blank() {
                found.add(&tag, language, value);
            }
        }
        let values = found.0.into_iter().map(|(language, (_, value))| (language, value));
        Ok(ByLanguage(values.collect()))
    }
}

/// Most characters of a refused tag that a message shows.
const TAG_SHOWN_CHARS: usize = 40;

impl<'de, T: Deserialize<'de> + Blank> Deserialize<'de> for ByLanguage<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ByLanguageVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Localized<String>, String> {
        let read: Result<ByLanguage<String>, _> = serde_json::from_str(json);
        read.map(|texts| texts.0).map_err(|error| error.to_string())
    }

    #[test]
    fn any_language_is_read_and_the_plain_tag_wins_over_a_regional_one() {
        let texts = read(r#"{"pt-BR":"a","pt":"b","pt-PT":"c","gsw":"d","fr-FR":"e","it":" "}"#);
        let texts = texts.unwrap();
        assert_eq!(texts.get(Language::PT).unwrap(), "b");
        assert_eq!(texts.get(Language::FR).unwrap(), "e");
        assert_eq!(texts.get(Language::IT), None);
        assert_eq!(texts.len(), 3);
    }

    #[test]
    fn a_key_that_is_no_language_is_refused_by_name() {
        let fault = read(r#"{"english":"a"}"#).unwrap_err();
        assert!(fault.starts_with("`english` is not the tag of a language"), "{fault}");
        assert!(read(r#""plain""#).unwrap_err().contains("texts by language"));
    }
}
