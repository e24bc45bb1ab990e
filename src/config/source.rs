//! Merges the configuration file, environment variables and flags; later ones override earlier
//! ones. An unknown key is an error that suggests the key with the most similar spelling.

use crate::config::ConfigError;
use crate::config::raw::Raw;
use std::path::Path;
use toml::Table;
use toml::Value;

/// Prefix of environment variables that set keys: `VITRINE_SERVER__BIND` sets `server.bind`.
const ENVIRONMENT_PREFIX: &str = "VITRINE_";

/// One key set by a command-line flag.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// The key, as `section.key`.
    pub(crate) key: &'static str,
    /// Its value as text, parsed to the type of the key's default.
    pub(crate) value: String,
}

/// Reads the file, if any, then applies the environment and the flags, in this order.
///
/// # Errors
/// If the file cannot be read or parsed, a key is unknown, or a value has the wrong type.
pub(super) fn read(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &[Override],
) -> Result<Raw, ConfigError> {
    let known = known_keys()?;
    let mut table = match file {
        Some(path) => parse(path)?,
        None => Table::new(),
    };
    let location = file.map_or_else(String::new, |path| path.display().to_string());
    check_keys(&table, "", &known, &location)?;
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
        // Variables without a double underscore are not keys: VITRINE_CONFIG, for example.
        if !rest.contains("__") {
            continue;
        }
        let key = rest.to_lowercase().replace("__", ".");
        set(&mut table, &key, value, &known, &format!("environment variable {name}"))?;
    }
    for flag in flags {
        set(&mut table, flag.key, flag.value.clone(), &known, "flag")?;
    }
    deserialize(table, &location)
}

fn parse(path: &Path) -> Result<Table, ConfigError> {
    let location = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| ConfigError::Read { path: location.clone(), cause })?;
    text.parse().map_err(|cause: toml::de::Error| ConfigError::Syntax {
        path: location,
        reason: cause.to_string().trim_end().to_owned(),
    })
}

fn deserialize(table: Table, location: &str) -> Result<Raw, ConfigError> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| ConfigError::Type {
        key: error.path().to_string(),
        location: location.to_owned(),
        reason: error.inner().message().to_owned(),
    })
}

/// Every `section.key` with its default. The serialised defaults serve as the schema.
fn known_keys() -> Result<Vec<(String, Value)>, ConfigError> {
    let defaults = Value::try_from(Raw::default())
        .map_err(|cause| ConfigError::Defaults { reason: cause.to_string() })?;
    let mut keys = Vec::new();
    if let Value::Table(sections) = defaults {
        for (section, value) in sections {
            let Value::Table(entries) = value else { continue };
            for (key, value) in entries {
                keys.push((format!("{section}.{key}"), value));
            }
        }
    }
    Ok(keys)
}

fn check_keys(
    table: &Table,
    prefix: &str,
    known: &[(String, Value)],
    location: &str,
) -> Result<(), ConfigError> {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if prefix.is_empty() && is_section(name, known) => {
                check_keys(inner, &key, known, location)?;
            }
            _ if known.iter().any(|(candidate, _)| *candidate == key) => {}
            _ => return Err(unknown(&key, known, location)),
        }
    }
    Ok(())
}

fn is_section(name: &str, known: &[(String, Value)]) -> bool {
    known.iter().any(|(key, _)| key.split('.').next() == Some(name))
}

fn unknown(key: &str, known: &[(String, Value)], location: &str) -> ConfigError {
    let nearest = known
        .iter()
        .map(|(candidate, _)| candidate)
        .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)))
        .cloned()
        .unwrap_or_default();
    ConfigError::UnknownKey { key: key.to_owned(), location: location.to_owned(), nearest }
}

/// Sets `key` from text, parsed as the type of the key's default.
fn set(
    table: &mut Table,
    key: &str,
    text: String,
    known: &[(String, Value)],
    location: &str,
) -> Result<(), ConfigError> {
    let Some((_, default)) = known.iter().find(|(candidate, _)| candidate == key) else {
        return Err(unknown(key, known, location));
    };
    let wrong = |allowed: &'static str| ConfigError::Value {
        key: key.to_owned(),
        found: text.clone(),
        allowed: allowed.to_owned(),
    };
    let value = match default {
        Value::Integer(_) => {
            Value::Integer(text.parse().map_err(|_| wrong("a whole number, 0 or more"))?)
        }
        Value::Float(_) => Value::Float(text.parse().map_err(|_| wrong("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        _ => Value::String(text),
    };
    let (section, name) = key.split_once('.').unwrap_or((key, ""));
    let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(entries) = entry {
        entries.insert(name.to_owned(), value);
    }
    Ok(())
}
