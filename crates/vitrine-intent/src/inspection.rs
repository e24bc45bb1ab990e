//! Checks labelled examples before training: contradictions, duplicates, near-duplicates across
//! intents, intents with few examples, and texts without words.
//!
//! Texts are equal when the n-gram folding makes them equal: case, accents, punctuation and
//! drawn-out letters are ignored. Texts are near-duplicates when their embeddings are close.

use crate::centre::Centre;
use crate::embedder::Embedder;
use crate::error::IntentError;
use crate::examples::Example;
use crate::features::words;
use rayon::iter::IntoParallelIterator;
use rayon::iter::ParallelIterator;
use std::collections::BTreeMap;

/// Recommended minimum examples per intent.
pub const EXAMPLES_ADVISED_MIN: usize = 10;
/// Minimum cosine of near-duplicates.
pub const SIMILARITY_MIN: f32 = 0.95;
/// Maximum near-duplicates that are reported, nearest first.
const NEAR_MAX: usize = 1_000;

/// A fault or weakness of the examples.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// One text has several intents.
    Contradiction {
        /// Spelling of its first occurrence.
        text: String,
        /// Intents of the text, sorted by name.
        intents: Vec<String>,
    },
    /// One text occurs several times under one intent.
    Duplicate {
        /// Spelling of its first occurrence.
        text: String,
        /// Intent of the text.
        intent: String,
        /// Number of occurrences, at least 2.
        times: usize,
    },
    /// Two texts of different intents have nearly the same meaning.
    Near {
        /// The two texts.
        texts: [String; 2],
        /// Intents of the two texts, in the same order.
        intents: [String; 2],
        /// Cosine of their embeddings, at least [`SIMILARITY_MIN`].
        similarity: f32,
    },
    /// An intent has fewer than [`EXAMPLES_ADVISED_MIN`] examples.
    FewExamples {
        /// Name of the intent.
        intent: String,
        /// Number of its examples.
        examples: usize,
    },
    /// A text has neither a word nor a symbol.
    Wordless {
        /// The text.
        text: String,
        /// Intent of the text.
        intent: String,
    },
}

impl Finding {
    /// Whether one text has several intents, which no head can learn.
    #[must_use]
    pub fn is_contradiction(&self) -> bool {
        matches!(self, Self::Contradiction { .. })
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contradiction { text, intents } => {
                write!(out, "“{text}” is {}", intents.join(" and "))
            }
            Self::Duplicate { text, intent, times } => write!(out, "“{text}” {times} × {intent}"),
            Self::Near { texts: [one, other], intents: [its, others], similarity } => {
                write!(out, "{similarity:.2}  “{one}” {its}  /  “{other}” {others}")
            }
            Self::FewExamples { intent, examples } => {
                write!(out, "{intent}: {examples}, {EXAMPLES_ADVISED_MIN} or more are recommended")
            }
            Self::Wordless { text, intent } => write!(out, "“{text}” {intent}"),
        }
    }
}

/// Result of [`inspect`].
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Number of examples checked.
    pub examples: usize,
    /// Number of examples of each intent.
    pub counts: BTreeMap<String, usize>,
    /// Findings of all kinds.
    pub findings: Vec<Finding>,
}

impl Inspection {
    /// Findings for which `is_kind` returns true.
    pub fn of(&self, is_kind: impl Fn(&Finding) -> bool) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| is_kind(finding))
    }
}

/// Checks examples. `progress` receives the number of texts embedded so far.
///
/// # Errors
/// If the encoder fails.
///
/// # Panics
/// If called inside an async runtime.
pub fn inspect(
    examples: &[Example],
    embedder: &Embedder,
    progress: impl FnMut(usize),
) -> Result<Inspection, IntentError> {
    let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
    let embeddings = embedder.embed_blocking(&texts, progress)?;
    // Otherwise all texts of some encoders are near-duplicates.
    let centre = Centre::of(&embeddings, embedder.dimensions());
    let embeddings: Vec<Vec<f32>> =
        embeddings.iter().map(|embedding| centre.subtracted(embedding)).collect();
    Ok(inspect_embedded(examples, &embeddings))
}

/// Like [`inspect`], with the embeddings of the examples given.
fn inspect_embedded(examples: &[Example], embeddings: &[Vec<f32>]) -> Inspection {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut findings = Vec::new();
    for (at, example) in examples.iter().enumerate() {
        *counts.entry(example.intent.clone()).or_default() += 1;
        let spelt = words(&example.text).join(" ");
        if spelt.is_empty() {
            let (text, intent) = (example.text.clone(), example.intent.clone());
            findings.push(Finding::Wordless { text, intent });
        } else {
            alike.entry(spelt).or_default().push(at);
        }
    }
    findings.extend(
        alike.values().filter(|group| group.len() > 1).flat_map(|group| repeated(examples, group)),
    );
    // Many encoders map all symbols and emoji to one unknown token.
    let spoken = |spelt: &&String| spelt.chars().any(char::is_alphanumeric);
    let distinct: Vec<usize> =
        alike.iter().filter(|(spelt, _)| spoken(spelt)).map(|(_, group)| group[0]).collect();
    findings.extend(near(examples, embeddings, &distinct));
    findings.extend(counts.iter().filter(|(_, count)| **count < EXAMPLES_ADVISED_MIN).map(
        |(intent, examples)| Finding::FewExamples { intent: intent.clone(), examples: *examples },
    ));
    Inspection { examples: examples.len(), counts, findings }
}

/// Contradictions and duplicates among equal texts.
fn repeated(examples: &[Example], group: &[usize]) -> Vec<Finding> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for at in group {
        *times.entry(&examples[*at].intent).or_default() += 1;
    }
    let text = &examples[group[0]].text;
    let mut found = Vec::new();
    if times.len() > 1 {
        let intents = times.keys().map(|intent| (*intent).to_owned()).collect();
        found.push(Finding::Contradiction { text: text.clone(), intents });
    }
    found.extend(times.into_iter().filter(|(_, times)| *times > 1).map(|(intent, times)| {
        Finding::Duplicate { text: text.clone(), intent: intent.to_owned(), times }
    }));
    found
}

/// Near-duplicates of different intents, nearest first.
fn near(examples: &[Example], embeddings: &[Vec<f32>], distinct: &[usize]) -> Vec<Finding> {
    let directions: Vec<Vec<f32>> = distinct.iter().map(|at| direction(&embeddings[*at])).collect();
    // Quadratic: 15,000 examples are 110 million pairs.
    let mut pairs: Vec<(f32, usize, usize)> = (0..distinct.len())
        .into_par_iter()
        .flat_map_iter(|place| {
            let one = distinct[place];
            let others = distinct.iter().zip(&directions).skip(place + 1);
            let apart =
                others.filter(move |(other, _)| examples[one].intent != examples[**other].intent);
            let own = &directions[place];
            let compared = apart.map(move |(other, theirs)| (dot(own, theirs), one, *other));
            compared.filter(|(similarity, ..)| *similarity >= SIMILARITY_MIN)
        })
        .collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs.truncate(NEAR_MAX);
    pairs
        .into_iter()
        .map(|(similarity, one, other)| Finding::Near {
            texts: [one, other].map(|at| examples[at].text.clone()),
            intents: [one, other].map(|at| examples[at].intent.clone()),
            similarity,
        })
        .collect()
}

/// The vector scaled to unit length; an all-zero vector stays zero.
fn direction(embedding: &[f32]) -> Vec<f32> {
    let length = dot(embedding, embedding).sqrt();
    let share = if length > 0.0 { 1.0 / length } else { 0.0 };
    embedding.iter().map(|x| x * share).collect()
}

/// Dot product, summed in lanes so that the compiler vectorises it.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0; LANES];
    for (one, other) in one.chunks(LANES).zip(other.chunks(LANES)) {
        for ((sum, x), y) in sums.iter_mut().zip(one).zip(other) {
            *sum += x * y;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(text: &str, intent: &str) -> Example {
        Example { text: text.into(), intent: intent.into() }
    }

    #[test]
    fn every_kind_of_finding_is_reported_once() {
        let examples = [
            example("Where is my order?", "status"),
            example("where is my ORDER ?", "cancel"),
            example("Merci !", "thanks"),
            example("merci!", "thanks"),
            example("…", "thanks"),
            example("my parcel, where is it", "status"),
            example("cancel everything", "cancel"),
        ];
        let embeddings = [
            vec![1.0, 0.0],
            vec![1.0, 0.0],
            vec![0.0, 1.0],
            vec![0.0, 1.0],
            vec![0.0, 0.0],
            vec![0.6, 0.8],
            vec![0.61, 0.8],
        ];
        let found = inspect_embedded(&examples, &embeddings).findings;
        let intents = vec!["cancel".to_owned(), "status".to_owned()];
        assert!(
            found.contains(&Finding::Contradiction { text: "Where is my order?".into(), intents })
        );
        assert!(found.contains(&Finding::Duplicate {
            text: "Merci !".into(),
            intent: "thanks".into(),
            times: 2
        }));
        assert!(found.contains(&Finding::Wordless { text: "…".into(), intent: "thanks".into() }));
        let near: Vec<&Finding> =
            found.iter().filter(|one| matches!(one, Finding::Near { .. })).collect();
        assert_eq!(near.len(), 1, "{near:?}");
        let few = found.iter().filter(|one| matches!(one, Finding::FewExamples { .. }));
        assert_eq!(few.count(), 3);
        assert!(near[0].to_string().contains("1.00"), "{}", near[0]);
    }

    #[test]
    fn clean_examples_have_no_findings() {
        let examples: Vec<Example> = (0..20)
            .map(|at| {
                example(&format!("word{}", char::from(b'a' + at)), ["x", "y"][usize::from(at % 2)])
            })
            .collect();
        let embeddings: Vec<Vec<f32>> = (0..20)
            .map(|at| (0..20).map(|place| f32::from(u8::from(place == at))).collect())
            .collect();
        let found = inspect_embedded(&examples, &embeddings);
        assert_eq!(found.findings, []);
        assert_eq!(found.counts.values().sum::<usize>(), 20);
    }
}
