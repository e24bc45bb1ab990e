//! First verb: what language, what intent, which products and facets, which button.
//!
//! A tap on an option is read without any model; so is text that spells a pending option.

use crate::base::ids::MessageId;
use crate::base::language::Language;
use crate::catalog::Catalog;
use crate::catalog::FacetChoice;
use crate::catalog::Understanding;
use crate::intent::IntentClassifier;
use crate::intent::IntentError;
use crate::intent::IntentPrediction;
use crate::intent::Signals;
use crate::text::detect_language;
use crate::threads::ThreadRecord;
use crate::turn::message::Content;

/// Label of a turn that was a tap.
const TAP_LABEL: &str = "option";

/// What the customer wants, and how sure that is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) label: String,
    /// Calibrated, 0 to 1.
    pub(crate) confidence: f32,
    pub(crate) abstained: bool,
    pub(crate) alternatives: Vec<(String, f32)>,
    pub(crate) signals: Signals,
}

impl Reading {
    /// Of a message that was not read.
    pub(crate) fn none() -> Self {
        Self {
            label: String::new(),
            confidence: 0.0,
            abstained: true,
            alternatives: Vec::new(),
            signals: Signals::default(),
        }
    }
}

impl From<IntentPrediction> for Reading {
    fn from(found: IntentPrediction) -> Self {
        let alternatives = found.alternatives.into_iter();
        Self {
            label: found.label,
            confidence: found.confidence,
            abstained: found.abstained,
            alternatives: alternatives.map(|other| (other.label, other.confidence)).collect(),
            signals: found.signals,
        }
    }
}

/// A message understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Understood {
    pub(crate) language: Language,
    pub(crate) reading: Reading,
    /// What this message alone says of products.
    pub(crate) said: Understanding,
    /// The option chosen.
    pub(crate) tap: Option<FacetChoice>,
    pub(crate) text: String,
    /// The message it was read from, once the turn names it.
    pub(crate) source: Option<MessageId>,
}

/// Who understands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readers<'a> {
    pub(crate) classifier: &'a IntentClassifier,
    pub(crate) catalog: &'a Catalog,
    /// The language when nothing tells.
    pub(crate) language_default: Language,
}

/// Understands one message in the light of its thread.
///
/// # Errors
/// If the classifier is full or has stopped.
pub(crate) async fn understand(
    content: &Content,
    hint: Option<Language>,
    record: &ThreadRecord,
    readers: Readers<'_>,
) -> Result<Understood, IntentError> {
    let text = content.text().to_owned();
    let tap = tapped(content, record);
    let language = language_of(&text, hint, record, readers.language_default);
    if let Some(choice) = tap {
        let mut said = Understanding::default();
        said.choose(&choice);
        let reading = Reading {
            label: TAP_LABEL.to_owned(),
            confidence: 1.0,
            abstained: false,
            alternatives: Vec::new(),
            signals: Signals::default(),
        };
        return Ok(Understood { language, reading, said, tap: Some(choice), text, source: None });
    }
    let predicted = readers.classifier.classify(vec![text.clone()]).await?;
    let reading = predicted.into_iter().next().map_or_else(Reading::none, Reading::from);
    let said = readers.catalog.understand(&text, language);
    Ok(Understood { language, reading, said, tap: None, text, source: None })
}

/// A thread keeps its language until a message clearly speaks another.
fn language_of(
    text: &str,
    hint: Option<Language>,
    record: &ThreadRecord,
    default: Language,
) -> Language {
    let known = (record.turns_recorded > 0).then_some(record.language);
    let fallback = known.or(hint).unwrap_or(default);
    if text.trim().is_empty() { fallback } else { detect_language(text, Some(fallback)) }
}

/// The option that a message chooses: by its id, by its title, or by its number.
fn tapped(content: &Content, record: &ThreadRecord) -> Option<FacetChoice> {
    if let Some(id) = content.option_id() {
        return FacetChoice::parse(id);
    }
    let pending = record.pending.as_ref()?;
    let said = content.text().trim().to_lowercase();
    let said = said.trim_end_matches(['.', '!', ' ']);
    let by_title = pending.options.iter().find(|option| option.title.to_lowercase() == said);
    let by_number = || {
        let number: usize = said.parse().ok()?;
        pending.options.get(number.checked_sub(1)?)
    };
    FacetChoice::parse(&by_title.or_else(by_number)?.id)
}
