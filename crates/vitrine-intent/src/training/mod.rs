//! Trains a head: chooses its settings by cross-validation, calibrates on held-out predictions.
//!
//! Two ways: [`train`] leaves the encoder as it is or, with [`TrainingOptions::adapt`], moves its
//! last layers first (see `adapted`). The rest is the same.
//!
//! Steps
//! 1. Every text becomes an embedding and n-grams; so do the words of every label's name.
//! 2. N-gram weight, pull to zero, and whether names count as examples are chosen by
//!    cross-validated loss, on a sample if there are many examples.
//! 3. With the chosen setting, every example is predicted by classifiers that have not seen it;
//!    those predictions give the share of each kind of classifier (see `blend`), temperature,
//!    scope, abstention threshold and the reported figures.
//! 4. The shipped classifiers are fitted on everything.
//!
//! Invariants
//! - Temperature, scope and threshold never see a prediction of a classifier on its own examples.
//! - Texts that read the same are in the same fold.
//! - Same examples, options and embeddings give the same head, however many threads run.

mod adapted;
mod blend;
mod contrast;
mod course;
mod plan;
mod verdict;

use crate::embedder::Embedder;
use crate::error::ExamplesRefusal;
use crate::error::IntentError;
use crate::evaluation::Evaluation;
use crate::examples::Example;
use crate::features::NgramSpec;
use crate::folds;
use crate::head::EncoderIdentity;
use crate::head::Head;
use crate::head::LABELS_MAX;
use crate::head::OUT_OF_SCOPE;
use crate::linear::FitOptions;
use crate::training::course::Course;
use crate::training::plan::Choices;
use crate::training::plan::Setting;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Parts that examples are dealt into; each is predicted from the others.
const FOLDS: usize = 5;
/// Fewer parts suffice to compare settings.
const SELECTION_FOLDS: usize = 3;
/// Settings are compared on at most this many examples: bounds the time that 150 labels take.
const SELECTION_EXAMPLES_MAX: usize = 3_000;
/// Every selection fold must be able to hold one out and learn from two.
const LABEL_EXAMPLES_MIN: usize = 3;

/// How a head is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOptions {
    /// Decides folds and shuffles.
    pub seed: u64,
    /// Fits that run at once; recommended: all cores.
    pub threads: NonZeroUsize,
    /// N-grams; see there for recommended values.
    pub ngrams: NgramSpec,
    /// Pulls to zero that are tried, one at least; recommended 0.01, 0.03, 0.1, 0.3.
    pub l2_grid: Vec<f32>,
    /// Weights of n-grams against embedding that are tried, one at least; recommended 0, 0.25,
    /// 0.5, 1, 1.5.
    pub ngram_weight_grid: Vec<f32>,
    /// Whether the words of a label's name may count as one more example of it, if that predicts
    /// better; recommended.
    pub label_names: bool,
    /// Whether the head may keep its examples, a byte a value, if that predicts better;
    /// recommended.
    pub keep_examples: bool,
    /// Share of in-scope examples whose right answer abstention may cost; recommended 0.02.
    pub accuracy_cost_max: f64,
    /// Whether the encoder's last layers are moved too, if that predicts better: minutes instead
    /// of seconds, and the head file grows by what changed in them.
    pub adapt: bool,
}

impl TrainingOptions {
    fn choices(&self) -> Choices {
        let (l2, other_l2) = middle(&self.l2_grid);
        let (ngram_weight, ngram_weights) = middle(&self.ngram_weight_grid);
        let fit = FitOptions { l2, ngram_weight, seed: self.seed };
        let start = Setting { fit, spelt: false };
        Choices { start, ngram_weights, l2: other_l2, spelt: self.label_names }
    }
}

/// The value in the middle, and the others.
fn middle(grid: &[f32]) -> (f32, Vec<f32>) {
    let mut others = grid.to_vec();
    let middle = others.len() / 2;
    let taken = if others.is_empty() { 0.0 } else { others.remove(middle) };
    (taken, others)
}

/// How far training is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingProgress {
    /// Texts embedded so far.
    Embedding {
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Steps that moved the encoder so far.
    Adapting {
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// Classifiers fitted so far.
    Fitting {
        /// How many are done.
        done: usize,
        /// Of how many.
        total: usize,
    },
}

/// Hears how far training is, from any thread.
pub type Listener<'a> = &'a (dyn Fn(TrainingProgress) + Sync);

/// An example that held-out prediction puts elsewhere with confidence: perhaps a wrong label.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The example.
    pub example: Example,
    /// Where the classifier puts it.
    pub predicted: String,
    /// How surely, 0 to 1.
    pub confidence: f32,
}

/// A trained head and what is known about it.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The head.
    pub head: Head,
    /// Figures of the held-out predictions.
    pub held_out: Evaluation,
    /// The most suspicious examples, worst first.
    pub suspects: Vec<Suspect>,
}

/// Trains a head for an encoder.
///
/// # Errors
/// If the examples do not suffice, or the encoder fails.
///
/// # Panics
/// Inside an async runtime, which it would block.
pub fn train(
    examples: &[Example],
    embedder: &Embedder,
    options: &TrainingOptions,
    listener: Listener<'_>,
) -> Result<Trained, IntentError> {
    let course = Course::new(examples, options, listener)?;
    if options.adapt {
        return adapted::train(&course, embedder);
    }
    train_plain(&course, embedder)
}

/// Trains with the encoder as it is.
fn train_plain(course: &Course<'_>, embedder: &Embedder) -> Result<Trained, IntentError> {
    let meanings = course.meanings();
    let total = meanings.len();
    let embeddings = embedder.embed_blocking(&meanings, |done| {
        (course.listener)(TrainingProgress::Embedding { done, total });
    })?;
    train_on_embeddings(course, Vectors { embeddings, encoder: embedder.identity().clone() })
}

/// Embeddings of a course's texts, and whose they are.
#[derive(Debug, Clone)]
pub(crate) struct Vectors {
    pub(crate) embeddings: Vec<Vec<f32>>,
    pub(crate) encoder: EncoderIdentity,
}

fn refused(reason: ExamplesRefusal) -> IntentError {
    IntentError::Examples { reason }
}

fn check(examples: &[Example]) -> Result<(), IntentError> {
    if examples.is_empty() {
        return Err(refused(ExamplesRefusal::None));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        *counts.entry(&example.intent).or_default() += 1;
    }
    let labels = counts.keys().filter(|label| **label != OUT_OF_SCOPE).count();
    if labels < 2 {
        return Err(refused(ExamplesRefusal::TooFewLabels { labels }));
    }
    if counts.len() > LABELS_MAX {
        let labels = counts.len();
        return Err(refused(ExamplesRefusal::TooManyLabels { labels, labels_max: LABELS_MAX }));
    }
    match counts.into_iter().find(|(_, examples)| *examples < LABEL_EXAMPLES_MIN) {
        Some((label, examples)) => Err(refused(ExamplesRefusal::TooFewExamples {
            label: label.to_owned(),
            examples,
            examples_min: LABEL_EXAMPLES_MIN,
        })),
        None => Ok(()),
    }
}

/// Refuses examples with a label that a head does not know; `oos` is always known.
///
/// # Errors
/// Names the first such label.
pub fn check_labels(examples: &[Example], labels: &[String]) -> Result<(), IntentError> {
    if examples.is_empty() {
        return Err(refused(ExamplesRefusal::None));
    }
    let known = |label: &String| label == OUT_OF_SCOPE || labels.contains(label);
    match examples.iter().find(|example| !known(&example.intent)) {
        Some(example) => Err(refused(ExamplesRefusal::UnknownLabel {
            label: example.intent.clone(),
            known: labels.join(", "),
        })),
        None => Ok(()),
    }
}

/// As [`train`], with the embeddings at hand.
fn train_on_embeddings(course: &Course<'_>, vectors: Vectors) -> Result<Trained, IntentError> {
    let (seed, choices) = (course.options.seed, course.options.choices());
    let set = course.training_set(vectors.embeddings);
    let (dealer, all) = (course.dealer(), course.members());
    let sample = folds::sample(&all, &course.classes_of, SELECTION_EXAMPLES_MAX, seed);
    let selection = plan::views(&set, &course.spelt, &dealer.deal(&sample, SELECTION_FOLDS));
    let judging = plan::views(&set, &course.spelt, &dealer.deal(&all, FOLDS));
    let choosing = choices.count() * SELECTION_FOLDS;
    let total = choosing + FOLDS + 1;
    let (chosen, _) = course.choose(&selection, &choices, (0, total))?;
    let predicted = course.predict(&judging, chosen, (choosing, total))?;
    let fitted = course.fit(&set, chosen, predicted.blend)?;
    (course.listener)(TrainingProgress::Fitting { done: total, total });
    course.finish(vectors.encoder, chosen, &predicted.unseen, fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [(&str, &str); 4] =
        [("greet", "hello"), ("order_status", "parcel"), ("refund", "money"), ("oos", "weather")];

    /// Examples whose embedding points at their label, some of them blurred.
    fn examples() -> (Vec<Example>, Vectors) {
        let mut examples = Vec::new();
        let mut embeddings = Vec::new();
        for index in 0..120_u8 {
            let (label, word) = WORDS[usize::from(index) % 4];
            let text = format!("{word} number{} please {word}", char::from(b'a' + index / 4 % 26));
            examples.push(Example { text, intent: label.to_owned() });
            let mut embedding = vec![0.1; 4];
            embedding[usize::from(index) % 4] = 1.0;
            if index % 11 == 0 {
                embedding.rotate_left(1);
            }
            embeddings.push(embedding);
        }
        // The names: `greet`, `order status`, `refund`.
        embeddings.extend((0..3).map(|class| (0..4).map(|at| f32::from(at == class)).collect()));
        let encoder = EncoderIdentity { name: "toy".into(), sha256: "0".into(), dimensions: 4 };
        (examples, Vectors { embeddings, encoder })
    }

    fn options(threads: usize) -> TrainingOptions {
        TrainingOptions {
            seed: 3,
            threads: NonZeroUsize::new(threads).unwrap(),
            ngrams: NgramSpec { buckets: 256, characters_min: 2, characters_max: 3 },
            l2_grid: vec![0.1, 1.0],
            ngram_weight_grid: vec![1.0],
            label_names: true,
            keep_examples: true,
            accuracy_cost_max: 0.02,
            adapt: false,
        }
    }

    fn train_on(
        examples: &[Example],
        vectors: Vectors,
        options: &TrainingOptions,
        listener: Listener<'_>,
    ) -> Trained {
        let course = Course::new(examples, options, listener).unwrap();
        train_on_embeddings(&course, vectors).unwrap()
    }

    #[test]
    fn a_head_is_trained_calibrated_and_the_same_on_any_number_of_threads() {
        let (examples, vectors) = examples();
        let heard = std::sync::Mutex::new(Vec::new());
        let listener = |progress| heard.lock().unwrap().push(progress);
        let trained = train_on(&examples, vectors.clone(), &options(2), &listener);
        assert!(trained.held_out.accuracy_forced.unwrap() > 0.95);
        assert_eq!(trained.head.labels(), ["greet", "order_status", "refund", "oos"]);
        assert_eq!(trained.held_out.examples, 120);
        let total = 3 * SELECTION_FOLDS + FOLDS + 1;
        let heard = heard.into_inner().unwrap();
        assert!(heard.contains(&TrainingProgress::Fitting { done: total, total }));
        assert_eq!(heard.len(), total);
        let again = train_on(&examples, vectors, &options(1), &|_| ());
        assert_eq!(again.head, trained.head);
    }

    #[test]
    fn wrong_labels_are_suspected() {
        let (mut examples, vectors) = examples();
        examples[4].intent = "refund".into();
        let trained = train_on(&examples, vectors, &options(2), &|_| ());
        assert_eq!(trained.suspects[0].example, examples[4]);
        assert_eq!(trained.suspects[0].predicted, "greet");
    }

    #[test]
    fn examples_that_do_not_suffice_are_refused_with_the_reason() {
        let example = |intent: &str| Example { text: "x".into(), intent: intent.into() };
        let cases = [
            (vec![], "there are none"),
            (vec![example("a"), example("oos")], "1 labels besides `oos`"),
            (
                vec![example("a"), example("a"), example("a"), example("b")],
                "label `b` has 1 examples, at least 3",
            ),
        ];
        for (examples, reason) in cases {
            let error = check(&examples).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
