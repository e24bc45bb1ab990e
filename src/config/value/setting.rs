//! The trait of configuration values.

use crate::config::error::ConfigError;
use toml::Value;

/// Most characters of a refused value that a message shows.
const FOUND_CHARS_MAX: usize = 80;

/// Stands for a secret in messages.
pub(crate) const NOT_SHOWN: &str = "(not shown)";

/// A type of configuration value.
pub(crate) trait Setting: Sized {
    /// Whether the value must not appear in messages.
    const SECRET: bool = false;

    /// The values that are allowed, to follow `allowed:` in a message.
    fn allowed() -> String;

    /// Converts and checks a value.
    ///
    /// # Errors
    /// If the value has the wrong type or is not allowed.
    fn read(value: &Value) -> Result<Self, Refused>;

    /// The value of an environment variable or option; `None` leaves the key unset. Text that does
    /// not fit the type stays text, which [`read`](Self::read) then refuses.
    fn from_text(text: &str) -> Option<Value> {
        Some(Value::String(text.to_owned()))
    }

    /// Recognises the forms that earlier versions used.
    ///
    /// # Errors
    /// If a value has the shape of an older form, but cannot be read as one.
    fn form(_value: &Value, _context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        Ok(Form::Current)
    }

    /// Whether earlier versions used `value`, such as 0, to leave an optional key unset. Empty text
    /// always did and need not be recognised here.
    fn is_absent(_value: &Value) -> bool {
        false
    }
}

/// The form in which a value is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    /// The present one.
    Current,
    /// An older one, with the same value in the present form.
    Old(Value),
    /// An older way to leave the key unset.
    OldAbsent,
}

/// The key that a value belongs to, and where the value comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyContext<'a> {
    /// The key, dotted.
    pub(crate) key: &'a str,
    /// The file, environment variable or option.
    pub(crate) location: &'a str,
}

impl KeyContext<'_> {
    /// The error for a refused value of this key.
    pub(crate) fn refuse(&self, refused: Refused) -> ConfigError {
        ConfigError::Value {
            key: format!("{}{}", self.key, refused.path),
            location: self.location.to_owned(),
            found: refused.found,
            allowed: refused.allowed,
        }
    }
}

/// A refused value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its path below the key, such as `[1]` or `.name`; empty for the whole value.
    pub(crate) path: String,
    pub(crate) found: String,
    pub(crate) allowed: String,
}

impl Refused {
    /// Refuses a value with the values that `T` allows.
    pub(crate) fn of<T: Setting>(value: &Value) -> Self {
        Self::new(value, T::allowed())
    }

    /// Refuses a value.
    pub(crate) fn new(value: &Value, allowed: impl Into<String>) -> Self {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut found: String = text.chars().take(FOUND_CHARS_MAX).collect();
        if found.len() < text.len() {
            found.push('…');
        }
        Self { path: String::new(), found, allowed: allowed.into() }
    }

    /// Refuses a secret value without showing it.
    pub(crate) fn secret(allowed: impl Into<String>) -> Self {
        Self { path: String::new(), found: NOT_SHOWN.to_owned(), allowed: allowed.into() }
    }

    /// The same, as a part of a larger value.
    pub(crate) fn below(self, path: &str) -> Self {
        Self { path: format!("{path}{}", self.path), ..self }
    }
}

/// Parses the text of an environment variable as a TOML value if it starts like an array or an
/// inline table; other text stays text.
pub(crate) fn toml_or_text(text: &str) -> Value {
    let is_toml = text.trim_start().starts_with(['[', '{']);
    let parsed = is_toml.then(|| format!("value = {text}").parse::<toml::Table>().ok()).flatten();
    match parsed {
        Some(mut table) if table.len() == 1 => {
            table.remove("value").unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

/// The text of a value in an older form. `None` for other types, and for text that starts like a
/// TOML array or table: it was meant to be one.
pub(crate) fn old_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim_start().starts_with(['[', '{']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_begins_like_toml_is_parsed_as_toml() {
        let array = Value::Array(vec![Value::String("a".to_owned()), Value::Integer(2)]);
        assert_eq!(toml_or_text(r#"["a", 2]"#), array);
        assert_eq!(toml_or_text("{ a = 1 }")["a"], Value::Integer(1));
        for text in ["a,b", "\"a\"", "[\"a\"", "[1]\nother = 2", ""] {
            assert_eq!(toml_or_text(text), Value::String(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_long_refused_value_is_cut() {
        let refused = Refused::new(&Value::String("é".repeat(200)), "less");
        assert_eq!(refused.found.chars().count(), FOUND_CHARS_MAX + 1);
    }
}
