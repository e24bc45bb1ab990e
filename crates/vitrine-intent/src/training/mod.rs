//! Trains a head: chooses its settings by cross-validation and calibrates it on held-out
//! predictions.
//!
//! [`train`] leaves the encoder unchanged or, with [`TrainingOptions::adapt`], fine-tunes its last
//! layers first (see `adapted`). Everything else is the same.
//!
//! Steps
//! 1. Each example text becomes an embedding and n-grams, and so do the words of each label's name.
//! 2. Cross-validated loss chooses the n-gram weight, the L2 penalty, and whether label names count
//!    as examples. With many examples, a sample is used.
//! 3. With the chosen setting, each example is predicted by classifiers that have not seen it.
//!    These predictions determine the share of each kind of classifier (see `blend`), the
//!    temperature, the in-scope score, the abstention threshold and the reported metrics.
//! 4. The classifiers of the head are fitted on all examples.
//!
//! Invariants
//! - Temperature, in-scope score and threshold are fitted on held-out predictions only.
//! - Texts that are equal after folding are in the same fold.
//! - The same examples, options and embeddings give the same head, whatever the number of threads.

mod adapted;
mod blend;
mod contrastive;
mod cross_validation;
mod finish;
mod run;

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
use crate::training::cross_validation::Hyperparameters;
use crate::training::cross_validation::SearchSpace;
use crate::training::run::TrainingRun;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Folds for the held-out predictions.
const FOLDS: usize = 5;
/// Folds for comparing settings; fewer suffice.
const SELECTION_FOLDS: usize = 3;
/// Maximum examples for comparing settings; bounds training time with many labels (150 and more).
const SELECTION_EXAMPLES_MAX: usize = 3_000;
/// Minimum examples per label, so that each selection fold can hold one out and train on two.
const LABEL_EXAMPLES_MIN: usize = 3;

/// Options of [`train`]. [`TrainingOptions::default`] has the recommended values: seed 1, all cores,
/// no fine-tuning of the encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOptions {
    /// Seed of folds and shuffles.
    pub seed: u64,
    /// Number of fits that run in parallel. Recommended: all cores.
    pub threads: NonZeroUsize,
    /// Character n-gram lengths and hash buckets.
    pub ngrams: NgramSpec,
    /// L2 penalties to try, at least one. Recommended: 0.01, 0.03, 0.1, 0.3.
    pub l2_grid: Vec<f32>,
    /// Factors on n-gram values to try, at least one; 0 ignores n-grams. Recommended: 0, 0.25, 0.5,
    /// 1, 1.5.
    pub ngram_weight_grid: Vec<f32>,
    /// Whether the words of a label's name may count as one more example of it; used only if that
    /// lowers the held-out loss. Recommended: true.
    pub label_names: bool,
    /// Whether the head may store its examples, one byte per embedding value; used only if that
    /// lowers the held-out loss. Recommended: true.
    pub keep_examples: bool,
    /// Maximum share of in-scope examples, 0 to 1, whose right answer may be lost to abstention.
    /// Recommended: 0.02.
    pub accuracy_cost_max: f64,
    /// Whether to fine-tune the encoder's last layers too; used only if that lowers the held-out
    /// loss. Training takes minutes instead of seconds, and the head file stores changed weights.
    pub adapt: bool,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            ngrams: NgramSpec::default(),
            l2_grid: vec![0.01, 0.03, 0.1, 0.3],
            ngram_weight_grid: vec![0.0, 0.25, 0.5, 1.0, 1.5],
            label_names: true,
            keep_examples: true,
            accuracy_cost_max: 0.02,
            adapt: false,
        }
    }
}

impl TrainingOptions {
    fn search_space(&self) -> SearchSpace {
        let (l2, other_l2) = middle(&self.l2_grid);
        let (ngram_weight, ngram_weights) = middle(&self.ngram_weight_grid);
        let fit = FitOptions { l2, ngram_weight, seed: self.seed };
        let start = Hyperparameters { fit, label_names: false };
        SearchSpace { start, ngram_weights, l2: other_l2, label_names: self.label_names }
    }
}

/// The middle value of a grid, and the remaining ones; 0 for an empty grid.
fn middle(grid: &[f32]) -> (f32, Vec<f32>) {
    let mut others = grid.to_vec();
    let middle = others.len() / 2;
    let taken = if others.is_empty() { 0.0 } else { others.remove(middle) };
    (taken, others)
}

/// Progress of training, phase by phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingProgress {
    /// Texts are being embedded.
    Embedding {
        /// Texts embedded so far.
        done: usize,
        /// Texts in total.
        total: usize,
    },
    /// The encoder is being fine-tuned.
    Adapting {
        /// Optimiser steps done so far, over all folds.
        done: usize,
        /// Optimiser steps in total.
        total: usize,
    },
    /// Classifiers are being fitted.
    Fitting {
        /// Fits done so far.
        done: usize,
        /// Fits in total.
        total: usize,
    },
}

/// Callback for progress; called from any training thread.
pub type ProgressListener<'a> = &'a (dyn Fn(TrainingProgress) + Sync);

/// An example whose held-out prediction confidently contradicts its label: possibly mislabelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The example with its given label.
    pub example: Example,
    /// Label predicted by classifiers that had not seen the example.
    pub predicted: String,
    /// Calibrated probability of that label, 0 to 1.
    pub confidence: f32,
}

/// Result of [`train`].
#[derive(Debug, Clone)]
pub struct Trained {
    /// The trained and calibrated head.
    pub head: Head,
    /// Metrics of the held-out predictions.
    pub held_out: Evaluation,
    /// Possibly mislabelled examples, at most 50, most confident contradiction first.
    pub suspects: Vec<Suspect>,
}

/// Trains a head for an encoder.
///
/// # Errors
/// If the examples are insufficient, or the encoder or the tensor library fails.
///
/// # Panics
/// If called inside an async runtime.
pub fn train(
    examples: &[Example],
    embedder: &Embedder,
    options: &TrainingOptions,
    listener: ProgressListener<'_>,
) -> Result<Trained, IntentError> {
    let run = TrainingRun::new(examples, options, listener)?;
    if options.adapt {
        return adapted::train(&run, embedder);
    }
    train_plain(&run, embedder)
}

/// Trains with an unchanged encoder.
fn train_plain(run: &TrainingRun<'_>, embedder: &Embedder) -> Result<Trained, IntentError> {
    let meanings = run.meanings();
    let total = meanings.len();
    let embeddings = embedder.embed_blocking(&meanings, |done| {
        (run.listener)(TrainingProgress::Embedding { done, total });
    })?;
    train_on_embeddings(run, Vectors { embeddings, encoder: embedder.identity().clone() })
}

/// Embeddings of a training run's texts, and the encoder that computed them.
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

/// Checks that each example's label is one of `labels` or `oos`.
///
/// # Errors
/// If there are no examples, or on the first unknown label.
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

/// Like [`train`], with the embeddings given.
fn train_on_embeddings(run: &TrainingRun<'_>, vectors: Vectors) -> Result<Trained, IntentError> {
    let (seed, search_space) = (run.options.seed, run.options.search_space());
    let set = run.training_set(vectors.embeddings);
    let (splitter, all) = (run.splitter(), run.members());
    let sample = folds::sample(&all, &run.classes_of, SELECTION_EXAMPLES_MAX, seed);
    let selection = cross_validation::splits(
        &set,
        &run.label_names,
        &splitter.split_into(&sample, SELECTION_FOLDS),
    );
    let judging =
        cross_validation::splits(&set, &run.label_names, &splitter.split_into(&all, FOLDS));
    let choosing = search_space.count() * SELECTION_FOLDS;
    let total = choosing + FOLDS + 1;
    let (chosen, _) = run.choose(&selection, &search_space, (0, total))?;
    let predicted = run.predict(&judging, chosen, (choosing, total))?;
    let fitted = run.fit(&set, chosen, predicted.blend)?;
    (run.listener)(TrainingProgress::Fitting { done: total, total });
    run.finish(vectors.encoder, chosen, &predicted.unseen, fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [(&str, &str); 4] =
        [("greet", "hello"), ("order_status", "parcel"), ("refund", "money"), ("oos", "weather")];

    /// Examples whose embedding points at their label, except every eleventh, which is rotated.
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
        // Embeddings of the label names `greet`, `order status` and `refund`.
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
        listener: ProgressListener<'_>,
    ) -> Trained {
        let run = TrainingRun::new(examples, options, listener).unwrap();
        train_on_embeddings(&run, vectors).unwrap()
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
