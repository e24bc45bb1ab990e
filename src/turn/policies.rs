//! The shop's policy topics: the intents that each answers, and its text in each language.

use serde::Deserialize;
use std::path::Path;
use vitrine_base::language::Language;
use vitrine_base::text_file;
use vitrine_base::text_file::TextFileError;
use vitrine_base::text_file::position;
use vitrine_catalog::ByLanguage;
use vitrine_catalog::slug;

/// Most topics in one file.
const TOPICS_MAX: usize = 256;

/// Largest policies file, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Why a policies file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// The file is missing, unreadable or not text.
    #[error("policies file")]
    Read(#[source] TextFileError),
    /// The file is not valid TOML of the expected form.
    #[error("policies file {path}: line {line}, column {column}: {reason}")]
    Syntax { path: String, line: usize, column: usize, reason: String },
    /// The file has too many topics.
    #[error("policies file {path} has {topics} topics, limit is {TOPICS_MAX}")]
    TooMany { path: String, topics: usize },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoliciesFile {
    #[serde(default, rename = "policy")]
    topics: Vec<Topic>,
}

/// One topic, with its text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// Stable name, such as `returns`.
    pub(crate) id: String,
    /// Intents that this topic answers.
    pub(crate) intents: Vec<String>,
    /// Selects this topic where several share an intent. Matched as whole words, without case or
    /// accents.
    #[serde(default)]
    words: ByLanguage<Vec<String>>,
    #[serde(default)]
    label: ByLanguage<String>,
    #[serde(default)]
    text: ByLanguage<String>,
}

impl Topic {
    /// Its name in a language, or in the first other one that has it.
    pub(crate) fn label(&self, language: Language) -> &str {
        self.label.0.text(language, &[])
    }

    /// Its text in a language, or in the first other one that has it.
    pub(crate) fn text(&self, language: Language) -> &str {
        self.text.0.text(language, &[])
    }

    fn words(&self) -> impl Iterator<Item = &String> {
        self.words.0.values().flatten()
    }
}

/// All topics of the shop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    topics: Vec<Topic>,
}

impl Policies {
    /// Reads a policies file.
    ///
    /// # Errors
    /// If it is missing, malformed or too large. The message names the file, and the line if
    /// malformed.
    pub(crate) fn load(path: &Path) -> Result<Self, PolicyError> {
        let place = || path.display().to_string();
        let text = text_file::read(path, FILE_BYTES_MAX).map_err(PolicyError::Read)?;
        let file: PoliciesFile = toml::from_str(&text).map_err(|cause| {
            let at = cause.span().map_or(0, |span| span.start);
            let (line, column) = position(text.get(..at).unwrap_or(&text));
            let reason = cause.message().to_owned();
            PolicyError::Syntax { path: place(), line, column, reason }
        })?;
        if file.topics.len() > TOPICS_MAX {
            return Err(PolicyError::TooMany { path: place(), topics: file.topics.len() });
        }
        Ok(Self { topics: file.topics })
    }

    /// The names of all topics.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(|topic| topic.id.as_str())
    }

    /// The topic that answers an intent: the first one with a word of the message, else the first
    /// one without words, else the first one.
    pub(crate) fn for_intent(&self, intent: &str, text: &str) -> Option<&Topic> {
        let any = || self.topics_of(intent).next();
        self.named(intent, text).or_else(|| self.general(intent)).or_else(any)
    }

    /// The first topic of an intent with a word that the message contains.
    pub(crate) fn named(&self, intent: &str, text: &str) -> Option<&Topic> {
        let said = fold(text);
        self.topics_of(intent).find(|topic| topic.words().any(|word| holds(&said, word)))
    }

    /// The first topic of an intent without selecting words.
    pub(crate) fn general(&self, intent: &str) -> Option<&Topic> {
        self.topics_of(intent).find(|topic| topic.words().next().is_none())
    }

    fn topics_of(&self, intent: &str) -> impl Iterator<Item = &Topic> {
        self.topics.iter().filter(move |topic| topic.intents.iter().any(|label| label == intent))
    }
}

/// Folds a text and separates and frames its words by `_`, so that only whole words match.
fn fold(text: &str) -> String {
    format!("_{}_", slug(text))
}

fn holds(folded: &str, word: &str) -> bool {
    folded.contains(fold(word).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Policies {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Policies::load(&root.join("examples/shop/policies.toml")).unwrap()
    }

    #[test]
    fn words_choose_between_topics_of_one_intent() {
        let policies = shop();
        let topic = |text| policies.for_intent("return_exchange", text).map(|t| t.id.as_str());
        assert_eq!(topic("je veux retourner un article"), Some("returns"));
        assert_eq!(topic("Échanger pour une autre taille ?"), Some("exchanges"));
        assert!(policies.for_intent("greet", "hello").is_none());
    }

    #[test]
    fn a_malformed_file_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policies.toml");
        std::fs::write(&path, "[[policy]]\nid = 3").unwrap();
        let error = Policies::load(&path).unwrap_err().to_string();
        assert!(error.contains("policies.toml: line 2, column 6: "), "{error}");
        std::fs::write(&path, b"[[policy]]\nid = \"\xe9\"").unwrap();
        let error = format!("{:#}", anyhow::Error::from(Policies::load(&path).unwrap_err()));
        assert!(error.contains("policies.toml: line 2, column 7: byte 0xE9"), "{error}");
    }

    #[test]
    fn a_file_is_read_as_windows_saves_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("examples/shop/policies.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policies.toml");
        std::fs::write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        let topics = Policies::load(&path).unwrap().topics;
        assert_eq!(topics.len(), shop().topics.len());
        for (read, expected) in topics.iter().zip(shop().topics) {
            assert_eq!(read.text(Language::FR), expected.text(Language::FR));
        }
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused_with_its_name_and_line(
            at in proptest::prelude::any::<proptest::sample::Index>(),
            inserted in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..3),
            removed in 0..9_usize,
        ) {
            let good = b"[[policy]]\nid = \"a\"\nintents = [\"b\"]\n\
                label = { en = \"c\", fr = \"d\" }\ntext = { en = \"e\", fr = \"f\" }\n";
            let mut bytes = good.to_vec();
            let start = at.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, inserted);
            let file = tempfile::Builder::new().suffix("policies.toml").tempfile().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            if let Err(error) = Policies::load(file.path()) {
                let error = format!("{:#}", anyhow::Error::from(error));
                proptest::prop_assert!(error.contains("policies.toml: line "), "{}", error);
            }
        }
    }
}
