//! Serde adapters that store identifiers, channels, languages and hashes as JSON text.
//!
//! Types of `base` do not implement serde; `record` uses these modules with `#[serde(with = "…")]`.

use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::IdError;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TurnId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;

/// A type that is stored as text.
pub(super) trait StoredText: Sized {
    fn text(&self) -> &str;
    fn from_text(text: String) -> Result<Self, String>;
}

macro_rules! stored_id {
    ($($name:ident),*) => {$(
        impl StoredText for $name {
            fn text(&self) -> &str {
                self.as_str()
            }

            fn from_text(text: String) -> Result<Self, String> {
                Self::new(text).map_err(|cause: IdError| format!("identifier {cause}"))
            }
        }
    )*};
}

stored_id!(ConversationId, TurnId, CustomerId, MessageId, Sku);

impl StoredText for ChannelKind {
    fn text(&self) -> &str {
        self.name()
    }

    fn from_text(text: String) -> Result<Self, String> {
        Self::from_name(&text)
            .ok_or_else(|| format!("channel `{text}` is not one of {}", Self::names()))
    }
}

impl StoredText for Language {
    fn text(&self) -> &str {
        self.code()
    }

    fn from_text(text: String) -> Result<Self, String> {
        Self::from_locale(&text)
            .ok_or_else(|| format!("language `{text}` is not the tag of a language"))
    }
}

impl StoredText for DetectedLanguage {
    fn text(&self) -> &str {
        self.code()
    }

    fn from_text(text: String) -> Result<Self, String> {
        Self::from_code(&text).ok_or_else(|| format!("language `{text}` is not supported"))
    }
}

/// A value as text.
pub(super) mod text {
    use super::StoredText;
    use serde::Deserialize;
    use serde::de::Error;

    pub(crate) fn serialize<T: StoredText, S: serde::Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.text())
    }

    pub(crate) fn deserialize<'de, T: StoredText, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        T::from_text(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A value as text, or null.
pub(super) mod text_option {
    use super::StoredText;
    use serde::Deserialize;
    use serde::Serialize;
    use serde::de::Error;

    pub(crate) fn serialize<T: StoredText, S: serde::Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(StoredText::text).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: StoredText, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(T::from_text).transpose().map_err(D::Error::custom)
    }
}

/// A list of values as a list of texts.
pub(super) mod text_list {
    use super::StoredText;
    use serde::Deserialize;
    use serde::de::Error;

    pub(crate) fn serialize<T: StoredText, S: serde::Serializer>(
        values: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(StoredText::text))
    }

    pub(crate) fn deserialize<'de, T: StoredText, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(T::from_text).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

/// A body hash as 64 hexadecimal digits.
pub(super) mod hash {
    use crate::body_hash::BodyHash;
    use serde::Deserialize;
    use serde::de::Error;

    pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BodyHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(D::Error::custom("body hash is not 64 hexadecimal digits"));
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            let digits = &text[2 * at..2 * at + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(D::Error::custom)?;
        }
        Ok(BodyHash(bytes))
    }
}
