//! The shop's own texts on matters that are not products: deliveries, returns, opening hours.

use crate::shop::Language;
use crate::shop::Localized;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most topics in one file.
const TOPICS_MAX: usize = 256;

/// Why a policies file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file is not of the expected form.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was found and what is allowed.
        reason: String,
    },
    /// The file has too many topics.
    #[error("{topics} topics, limit is {TOPICS_MAX}")]
    TooMany {
        /// Number found.
        topics: usize,
    },
}

type Texts = BTreeMap<String, String>;
type WordLists = BTreeMap<String, Vec<String>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoliciesFile {
    #[serde(default, rename = "policy")]
    topics: Vec<TopicEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    id: String,
    intents: Vec<String>,
    #[serde(default)]
    words: WordLists,
    label: Texts,
    text: Texts,
}

/// One topic of the shop.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Stable name, such as `returns`.
    pub id: String,
    /// Intents that it answers.
    pub intents: Vec<String>,
    /// Words that select it where several share an intent.
    pub words: Localized<Vec<String>>,
    /// What it is called.
    pub label: Localized<String>,
    /// The text, in whole sentences.
    pub text: Localized<String>,
}

/// All topics of a shop.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    topics: Vec<Topic>,
}

impl Policies {
    /// Parses a policies file.
    ///
    /// # Errors
    /// If it is malformed or too large; the message names the line.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PoliciesFile = toml::from_str(text).map_err(|cause| {
            let at = cause.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            PolicyError::Syntax { line, column, reason: cause.message().to_owned() }
        })?;
        if file.topics.len() > TOPICS_MAX {
            return Err(PolicyError::TooMany { topics: file.topics.len() });
        }
        let topics = file.topics.into_iter().map(|entry| Topic {
            id: entry.id,
            intents: entry.intents,
            words: by_language(entry.words),
            label: by_language(entry.label),
            text: by_language(entry.text),
        });
        Ok(Self { topics: topics.collect() })
    }

    /// All topics, in the order of the file.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Looks up a topic.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }

    /// The topics that answer an intent, in the order of the file.
    pub fn of_intent<'a>(&'a self, intent: &'a str) -> impl Iterator<Item = &'a Topic> {
        self.topics.iter().filter(move |topic| topic.intents.iter().any(|label| label == intent))
    }
}

fn by_language<T>(entries: BTreeMap<String, T>) -> Localized<T> {
    let mut found = Localized::default();
    for (tag, value) in entries {
        if let Some(language) = Language::from_locale(&tag) {
            found.insert(language, value);
        }
    }
    found
}
