//! Why a parsed body does not have the form of its request.

use serde::de;
use serde::de::Expected;
use serde::de::Unexpected;
use std::fmt::Display;

/// Longest part of a found value that is repeated in an error, in characters.
const FOUND_CHARS_MAX: usize = 80;

/// A field that does not have the expected form, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    /// Path such as `messages[0].content`; empty for the body itself.
    path: String,
    /// What is wrong, as the end of a sentence that begins with the field.
    problem: String,
}

impl FieldError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    pub(super) fn wrong_type(expected: &str, found: impl Display) -> Self {
        Self::new(format!("must be {expected}, found {found}"))
    }

    /// The same error, seen from the object that holds the field.
    pub(super) fn under(mut self, key: &str) -> Self {
        let separator = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{}{separator}{}", shortened(key), self.path);
        self
    }

    /// The same error, seen from the array that holds the item.
    pub(super) fn at(mut self, index: usize) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("[{index}]{separator}{}", self.path);
        self
    }
}

impl Display for FieldError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => write!(formatter, "the body {}", self.problem),
            path => write!(formatter, "field `{path}` {}", self.problem),
        }
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong_type(&expected.to_string(), in_words(found))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong_type(&expected.to_string(), in_words(found))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {expected}, found {length} items"))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("is set twice: by its name and by an alias").under(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is required").under(field)
    }
}

/// The start of a text that a caller sent, for a message.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(FOUND_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value}"),
        Unexpected::Str(text) => format!("the text \"{}\"", shortened(text)),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Char(_)
        | Unexpected::Bytes(_)
        | Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::UnitVariant
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant
        | Unexpected::Other(_) => "another value".to_owned(),
    }
}
