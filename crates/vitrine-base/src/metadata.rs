//! Typed key-value metadata of a GGUF file. `model` reads it; `text` uses it.

use std::collections::BTreeMap;

/// One metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum MetadataValue {
    /// An unsigned integer of any width.
    Unsigned(u64),
    /// A signed integer of any width.
    Signed(i64),
    /// `f32` or `f64`.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A UTF-8 string.
    Text(String),
    /// A list of strings, such as a vocabulary.
    Texts(Vec<String>),
    /// A list of integers, such as token types.
    Integers(Vec<i64>),
    /// A list of floats, such as token scores.
    Floats(Vec<f32>),
}

/// The metadata of one model file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    entries: BTreeMap<String, MetadataValue>,
}

impl Metadata {
    /// Adds an entry, replacing an earlier one with the same key.
    pub fn insert(&mut self, key: impl Into<String>, value: MetadataValue) {
        self.entries.insert(key.into(), value);
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MetadataValue)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of `key`, whatever its type.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&MetadataValue> {
        self.entries.get(key)
    }

    /// The string under `key`; `None` if it is missing or has another type.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            MetadataValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The non-negative integer under `key`; `None` if it is missing, negative or has another type.
    #[must_use]
    pub fn unsigned(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            MetadataValue::Unsigned(number) => Some(*number),
            MetadataValue::Signed(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The float under `key`, or an unsigned integer converted to one; `None` if it is missing or
    /// has another type.
    #[must_use]
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            MetadataValue::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "metadata integers are small")]
            MetadataValue::Unsigned(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The boolean under `key`; `None` if it is missing or has another type.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            MetadataValue::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The list of strings under `key`; `None` if it is missing or has another type.
    #[must_use]
    pub fn texts(&self, key: &str) -> Option<&[String]> {
        match self.get(key)? {
            MetadataValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// The list of integers under `key`; `None` if it is missing or has another type.
    #[must_use]
    pub fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.get(key)? {
            MetadataValue::Integers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// The list of floats under `key`; `None` if it is missing or has another type.
    #[must_use]
    pub fn floats(&self, key: &str) -> Option<&[f32]> {
        match self.get(key)? {
            MetadataValue::Floats(numbers) => Some(numbers),
            _ => None,
        }
    }
}
