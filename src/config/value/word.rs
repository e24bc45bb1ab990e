//! Closed sets of words.

use crate::config::error::ConfigError;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use crate::http::keys::Scope;
use crate::http::state::UnknownFields;
use crate::turn::decide::ForeignWords;
use crate::turn::draft::Address;
use crate::turn::draft::Length;
use crate::turn::draft::Voice;
use toml::Value;
use vitrine_base::channel::ChannelKind;
use vitrine_base::language::Language;
use vitrine_conversations::Recovery;
use vitrine_engine::Tier;
use vitrine_engine::model::EncoderPrecision;
use vitrine_engine::model::KvType;
use vitrine_engine::model::Quantization;

/// A type whose values are the words of a closed set.
pub(crate) trait Words: Copy + PartialEq + 'static {
    /// Every word with its value, in the order in which messages list them.
    fn words() -> Vec<(&'static str, Self)>;

    /// The value of a word that earlier versions accepted and that is not in [`Self::words`].
    fn of_old_word(_word: &str) -> Option<Self> {
        None
    }

    /// The word of this value.
    fn word(self) -> Option<&'static str> {
        Self::words().into_iter().find(|(_, value)| *value == self).map(|(word, _)| word)
    }
}

impl<T: Words> Setting for T {
    fn allowed() -> String {
        let words: Vec<&str> = T::words().into_iter().map(|(word, _)| word).collect();
        words.join(", ")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let found = value.as_str();
        let known = T::words().into_iter().find(|(word, _)| found == Some(*word));
        known.map(|(_, value)| value).ok_or_else(|| Refused::of::<Self>(value))
    }

    fn form(value: &Value, _context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        if Self::read(value).is_ok() {
            return Ok(Form::Current);
        }
        let word = value.as_str().and_then(T::of_old_word).and_then(T::word);
        Ok(word.map_or(Form::Current, |word| Form::Old(Value::String(word.to_owned()))))
    }
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Words for LogFormat {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("text", Self::Text), ("json", Self::Json)]
    }
}

/// What reads a customer's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Classifiers and parsers.
    Fast,
    /// The drafting model.
    Model,
}

impl Reader {
    /// Its word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Model => "model",
        }
    }
}

impl Words for Reader {
    fn words() -> Vec<(&'static str, Self)> {
        [Self::Fast, Self::Model].map(|reader| (reader.name(), reader)).into()
    }
}

impl Words for Voice {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|voice| (voice.name(), *voice)).collect()
    }
}

impl Words for Address {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|address| (address.name(), *address)).collect()
    }
}

impl Words for Length {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.iter().map(|length| (length.name(), *length)).collect()
    }
}

impl Words for ForeignWords {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("reply", Self::Reply), ("handoff", Self::HandOff)]
    }
}

impl Words for Language {
    fn words() -> Vec<(&'static str, Self)> {
        let names = ["en", "fr", "de", "es", "it", "pt"];
        names.into_iter().zip(Self::SHIPPED).collect()
    }

    /// Earlier versions accepted any locale of the language, such as `fr-FR`.
    fn of_old_word(word: &str) -> Option<Self> {
        Self::from_locale(word)
    }
}

impl Words for ChannelKind {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|channel| (channel.name(), channel)).into()
    }
}

impl Words for Scope {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|scope| (scope.name(), scope)).into()
    }
}

impl Words for UnknownFields {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("refuse", Self::Refuse), ("warn", Self::Warn)]
    }
}

impl Words for Recovery {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("quick", Self::Quick), ("walk", Self::Walk)]
    }
}

impl Words for KvType {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("f16", Self::F16), ("f32", Self::F32)]
    }
}

impl Words for Tier {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|tier| (tier.name(), tier)).into()
    }
}

impl Words for EncoderPrecision {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("int8", Self::Int8), ("int16", Self::Int16), ("f32", Self::F32)]
    }
}

impl Words for Quantization {
    fn words() -> Vec<(&'static str, Self)> {
        let names = Self::NAMES.split(", ");
        names.filter_map(|name| Some((name, Self::from_name(name)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_word_reads_as_its_value<T: Words + std::fmt::Debug>() {
        assert!(!T::words().is_empty());
        for (word, value) in T::words() {
            assert_eq!(T::read(&Value::String(word.to_owned())), Ok(value));
            assert_eq!(value.word(), Some(word));
        }
        let refused = T::read(&Value::String("loud".to_owned())).unwrap_err();
        assert_eq!((refused.found.as_str(), refused.allowed), ("loud", T::allowed()));
    }

    #[test]
    fn every_word_is_read_and_any_other_is_refused_with_the_words_allowed() {
        every_word_reads_as_its_value::<LogFormat>();
        every_word_reads_as_its_value::<Reader>();
        every_word_reads_as_its_value::<Voice>();
        every_word_reads_as_its_value::<Address>();
        every_word_reads_as_its_value::<Length>();
        every_word_reads_as_its_value::<ForeignWords>();
        every_word_reads_as_its_value::<Language>();
        every_word_reads_as_its_value::<ChannelKind>();
        every_word_reads_as_its_value::<Scope>();
        every_word_reads_as_its_value::<UnknownFields>();
        every_word_reads_as_its_value::<Recovery>();
        every_word_reads_as_its_value::<KvType>();
        every_word_reads_as_its_value::<Tier>();
        every_word_reads_as_its_value::<EncoderPrecision>();
        every_word_reads_as_its_value::<Quantization>();
        assert_eq!(Voice::allowed(), "warm, formal, playful, direct");
        assert_eq!(Quantization::words().len(), 5);
    }
}
