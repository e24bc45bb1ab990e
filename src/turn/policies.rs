//! The shop's policy texts: which intents they answer, and their words in each language.

use crate::base::language::Language;
use serde::Deserialize;
use std::path::Path;

/// Topics in one file.
const TOPICS_MAX: usize = 256;

/// Why a policies file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// Missing or unreadable.
    #[error("policies file {path}: {cause}")]
    Read {
        path: String,
        #[source]
        cause: std::io::Error,
    },
    /// Not the expected TOML.
    #[error("policies file {path}: {reason}")]
    Syntax { path: String, reason: String },
    /// More topics than anyone reads.
    #[error("policies file {path} has {topics} topics, limit is {TOPICS_MAX}")]
    TooMany { path: String, topics: usize },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    topic: Vec<Topic>,
}

/// One topic of the shop's rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// Stable name, such as `returns`.
    pub(crate) id: String,
    /// Intents that this topic answers.
    pub(crate) intents: Vec<String>,
    pub(crate) label: Texts,
    pub(crate) text: Texts,
}

/// A text in each language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    en: String,
    fr: String,
}

impl Texts {
    pub(crate) fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }
}

/// All topics.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    topics: Vec<Topic>,
}

impl Policies {
    /// Reads a policies file.
    ///
    /// # Errors
    /// If it is missing, malformed or too large; the message names file and line.
    pub(crate) fn load(path: &Path) -> Result<Self, PolicyError> {
        let place = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| PolicyError::Read { path: place(), cause })?;
        let file: File = toml::from_str(&text).map_err(|cause| PolicyError::Syntax {
            path: place(),
            reason: cause.to_string().trim_end().to_owned(),
        })?;
        if file.topic.len() > TOPICS_MAX {
            return Err(PolicyError::TooMany { path: place(), topics: file.topic.len() });
        }
        Ok(Self { topics: file.topic })
    }

    /// The first topic that answers an intent.
    pub(crate) fn for_intent(&self, intent: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.intents.iter().any(|label| label == intent))
    }
}
