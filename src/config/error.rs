//! Why a configuration is refused. Each message names the key or the file, where the value was
//! found, the value and the values allowed.

use vitrine_base::text_file::TextFileError;

/// Why the configuration cannot be used. Each message names the file or the key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The configuration file is missing, unreadable or not text.
    #[error("configuration file")]
    Read(#[source] Box<TextFileError>),
    /// A file that a key names is missing, unreadable or not text.
    #[error("file of key `{key}`")]
    File {
        /// The key, dotted.
        key: &'static str,
        /// What is wrong, with the path.
        #[source]
        cause: Box<TextFileError>,
    },
    /// The file is not valid TOML.
    #[error("configuration file {path}: {reason}")]
    Syntax {
        /// Path of the file.
        path: String,
        /// Line, column and cause, as the TOML parser reports them.
        reason: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {location}; did you mean `{nearest}`?")]
    UnknownKey {
        /// The unknown key, dotted.
        key: String,
        /// The file, environment variable or option that sets it.
        location: String,
        /// The existing key with the most similar spelling.
        nearest: String,
    },
    /// A key that is set under its name and under its old name in the same place.
    #[error(
        "key `{key}` is set twice in {location}, also by its old name `{old}`; remove the old one"
    )]
    SetTwice {
        /// The key, dotted.
        key: String,
        /// Its old name, dotted.
        old: &'static str,
        /// The file, or the environment.
        location: String,
    },
    /// An API key line that cannot be parsed. The line itself is secret and never shown.
    #[error("{location}, line {line}: {reason}")]
    ApiKey {
        /// The file, or the configuration key that holds the lines.
        location: String,
        /// Line number, from 1.
        line: usize,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A value of the wrong type, or one that is not allowed.
    #[error("key `{key}` in {location} is `{found}`; allowed: {allowed}")]
    Value {
        /// The key, dotted.
        key: String,
        /// The file, environment variable or option that sets it, or the defaults.
        location: String,
        /// The value found.
        found: String,
        /// The values allowed.
        allowed: String,
    },
}
