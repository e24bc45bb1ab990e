//! Merges the configuration file, environment variables and command-line options; later ones
//! override earlier ones.
//!
//! An unknown key is an error that suggests the key with the most similar spelling. Names and forms
//! of earlier versions are translated, each with a warning.

use crate::config::error::ConfigError;
use crate::config::raw::RENAMED;
use crate::config::section::Key;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::values::Origin;
use crate::config::values::SetValue;
use crate::config::values::Values;
use std::collections::BTreeMap;
use std::path::Path;
use toml::Table;
use toml::Value;
use vitrine_base::text_file;

/// Largest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Prefix of environment variables that set keys: `VITRINE_SERVER__BIND` sets `server.bind`.
const ENVIRONMENT_PREFIX: &str = "VITRINE_";

/// One key set by a command-line option.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// The key, as `section.key`.
    pub(crate) key: &'static str,
    /// Its value as text, as an environment variable would hold it.
    pub(crate) value: String,
}

/// Reads the file, if any, then applies the environment and the options, in this order.
///
/// # Errors
/// If the file cannot be read or parsed, a key is unknown or set twice under two names, or a value
/// in an older form cannot be read.
pub(super) fn read(
    keys: &[Key],
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: &[Override],
) -> Result<Values, ConfigError> {
    let keys = keys.iter().map(|key| (key.dotted(), *key)).collect();
    let mut merge = Merge { keys, values: Values::default() };
    if let Some(path) = file {
        merge.add_file(parse(path)?, &Origin::File(path.display().to_string()))?;
    }
    for (name, text) in environment {
        let Some(rest) = name.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
        // Variables without a double underscore are not keys: VITRINE_CONFIG, for example.
        if rest.contains("__") {
            let key = rest.to_lowercase().replace("__", ".");
            merge.add_text(&key, &text, Origin::Variable(name))?;
        }
    }
    for flag in flags {
        merge.add_text(flag.key, &flag.value, Origin::Flag)?;
    }
    Ok(merge.values)
}

fn parse(path: &Path) -> Result<Table, ConfigError> {
    let location = path.display().to_string();
    let text = text_file::read(path, FILE_BYTES_MAX)
        .map_err(|cause| ConfigError::Read(Box::new(cause)))?;
    text.parse().map_err(|cause: toml::de::Error| ConfigError::Syntax {
        path: location,
        reason: cause.to_string().trim_end().to_owned(),
    })
}

/// The values merged so far.
struct Merge {
    /// Every key, by its dotted name.
    keys: BTreeMap<String, Key>,
    values: Values,
}

impl Merge {
    fn add_file(&mut self, table: Table, origin: &Origin) -> Result<(), ConfigError> {
        for (section, entries) in table {
            if !self.keys.values().any(|key| key.section == section) {
                return Err(self.unknown(&section, origin));
            }
            let Value::Table(entries) = entries else {
                return Err(ConfigError::Value {
                    key: section,
                    location: origin.to_string(),
                    found: entries.to_string(),
                    allowed: "a table of keys".to_owned(),
                });
            };
            for (name, value) in entries {
                let written = format!("{section}.{name}");
                let key = self.find(&written, origin)?;
                self.set(&key, Some(value), written, origin.clone())?;
            }
        }
        Ok(())
    }

    fn add_text(&mut self, written: &str, text: &str, origin: Origin) -> Result<(), ConfigError> {
        let key = self.find(written, &origin)?;
        self.set(&key, (key.from_text)(text), written.to_owned(), origin)
    }

    /// The key of a name, which may be an older one.
    fn find(&self, written: &str, origin: &Origin) -> Result<Key, ConfigError> {
        let renamed = RENAMED.iter().find(|(old, _)| *old == written);
        let name = renamed.map_or(written, |(_, present)| *present);
        self.keys.get(name).copied().ok_or_else(|| self.unknown(written, origin))
    }

    fn unknown(&self, key: &str, origin: &Origin) -> ConfigError {
        let similarity = |known: &str| strsim::jaro_winkler(known, key);
        let nearest =
            self.keys.keys().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).cloned();
        ConfigError::UnknownKey {
            key: key.to_owned(),
            location: origin.to_string(),
            nearest: nearest.unwrap_or_default(),
        }
    }

    /// Sets a key, translated to its present form; `None` leaves it unset.
    fn set(
        &mut self,
        key: &Key,
        value: Option<Value>,
        written: String,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        let (name, location) = (key.dotted(), origin.to_string());
        self.check_name(&name, &written, &origin)?;
        let context = KeyContext { key: &name, location: &location };
        let form = value.as_ref().map_or(Ok(Form::Current), |value| (key.form)(value, &context))?;
        let value = match form {
            Form::Current => value,
            Form::Old(present) => {
                self.values.warnings.push(old_form(key, &present, &origin));
                Some(present)
            }
            Form::OldAbsent => {
                self.values.warnings.push(old_absence(&name, &origin));
                None
            }
        };
        match value {
            Some(value) => self.values.set.insert(name, SetValue { value, origin, written }),
            None => self.values.set.remove(&name),
        };
        Ok(())
    }

    /// Warns of an older name, and refuses both names of a key in the same source.
    fn check_name(
        &mut self,
        name: &str,
        written: &str,
        origin: &Origin,
    ) -> Result<(), ConfigError> {
        let Some((old, _)) = RENAMED.iter().find(|(_, present)| *present == name) else {
            return Ok(());
        };
        let before =
            self.values.set.get(name).filter(|before| {
                before.written != written && is_same_source(&before.origin, origin)
            });
        if before.is_some() {
            let location = match origin {
                Origin::File(path) => path.clone(),
                Origin::Variable(_) => "the environment".to_owned(),
                Origin::Flag => origin.to_string(),
            };
            let key = name.to_owned();
            return Err(ConfigError::SetTwice { key, old, location });
        }
        if written != name {
            let warning = match origin {
                Origin::Variable(_) => {
                    let (present, old) = (variable(name), variable(old));
                    format!("environment variable {old} has a new name; set {present} instead")
                }
                Origin::File(_) | Origin::Flag => {
                    format!("key `{old}` in {origin} has a new name; write `{name}`")
                }
            };
            self.values.warnings.push(warning);
        }
        Ok(())
    }
}

fn is_same_source(one: &Origin, other: &Origin) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// The environment variable that sets a key.
fn variable(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The warning for a value in an older form.
fn old_form(key: &Key, present: &Value, origin: &Origin) -> String {
    let name = key.dotted();
    let value = match key.is_secret {
        true => "[{ key = \"…\", tenant = \"…\", scopes = [\"…\"] }]".to_owned(),
        false => present.to_string(),
    };
    let write = match origin {
        Origin::Variable(_) => {
            // A word or a number needs no quotes in a variable.
            let value = present.as_str().map_or(value, str::to_owned);
            format!("{}={value}", variable(&name))
        }
        Origin::File(_) | Origin::Flag => format!("{} = {value}", key.name),
    };
    format!("key `{name}` in {origin} is in an old form; write `{write}`")
}

/// The warning for an older way to leave a key unset.
fn old_absence(name: &str, origin: &Origin) -> String {
    let write = match origin {
        Origin::Variable(_) => "leave the variable empty",
        Origin::File(_) | Origin::Flag => "leave the key out",
    };
    format!("key `{name}` in {origin} is 0 or empty, an old form of no value; {write} instead")
}
