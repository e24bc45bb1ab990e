//! The values that file, environment and options set, each with its origin.

use crate::config::error::ConfigError;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Setting;
use std::collections::BTreeMap;
use std::fmt;
use toml::Value;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration file, with its path.
    File(String),
    /// An environment variable, with its name.
    Variable(String),
    /// An option of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => formatter.write_str(path),
            Self::Variable(name) => write!(formatter, "environment variable {name}"),
            Self::Flag => formatter.write_str("a command-line option"),
        }
    }
}

/// A value that is set.
#[derive(Debug, Clone)]
pub(crate) struct SetValue {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// The name under which the key was set; an alias differs from the key.
    pub(crate) written: String,
}

/// All values that are set, by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    pub(crate) set: BTreeMap<String, SetValue>,
    /// Messages about names and forms of earlier versions.
    pub(crate) warnings: Vec<String>,
}

impl Values {
    /// Reads a key; `None` if it is not set.
    ///
    /// # Errors
    /// If the value has the wrong type or is not allowed.
    pub(crate) fn read<T: Setting>(&self, key: &str) -> Result<Option<T>, ConfigError> {
        let Some(SetValue { value, origin, .. }) = self.set.get(key) else { return Ok(None) };
        let location = origin.to_string();
        let context = KeyContext { key, location: &location };
        T::read(value).map(Some).map_err(|refused| context.refuse(refused))
    }

    /// Refuses the value of a key, wherever it was set.
    pub(crate) fn refuse(
        &self,
        key: &str,
        found: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> ConfigError {
        let origin = self.set.get(key).map(|value| value.origin.to_string());
        ConfigError::Value {
            key: key.to_owned(),
            location: origin.unwrap_or_else(|| "the defaults".to_owned()),
            found: found.to_string(),
            allowed: allowed.into(),
        }
    }
}
