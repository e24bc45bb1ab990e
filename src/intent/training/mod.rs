//! Trains a head: chooses its settings by cross-validation, calibrates on held-out predictions.
//!
//! Two ways: [`train`] leaves the encoder as it is or, with [`TrainingOptions::adapt`], moves its
//! last layers first (see `adapted`). The rest is the same.
//!
//! Steps
//! 1. Every text becomes an embedding and n-grams.
//! 2. Pull to zero and n-gram weight are chosen by cross-validated loss, on a sample if there are
//!    many examples.
//! 3. With the chosen pair, every example is predicted by a classifier that has not seen it; those
//!    predictions give temperature, abstention threshold and the reported figures.
//! 4. The shipped classifier is fitted on everything.
//!
//! Invariants
//! - Temperature and threshold never see a prediction of a classifier on its own examples.
//! - Texts that read the same are in the same fold.
//! - Same examples, options and embeddings give the same head, however many threads run.

mod adapted;
mod contrast;
mod plan;

use crate::intent::calibration;
use crate::intent::calibration::HeldOut;
use crate::intent::embedder::Embedder;
use crate::intent::error::ExamplesRefusal;
use crate::intent::error::IntentError;
use crate::intent::evaluation::Evaluation;
use crate::intent::evaluation::Judged;
use crate::intent::evaluation::evaluate;
use crate::intent::examples::Example;
use crate::intent::features::NgramSpec;
use crate::intent::features::ngrams;
use crate::intent::features::words;
use crate::intent::folds;
use crate::intent::gloss::Glossary;
use crate::intent::gloss::Reading;
use crate::intent::head::EncoderIdentity;
use crate::intent::head::Head;
use crate::intent::head::LABELS_MAX;
use crate::intent::head::OUT_OF_SCOPE;
use crate::intent::head::TrainingNote;
use crate::intent::linear::Features;
use crate::intent::linear::FitOptions;
use crate::intent::linear::Linear;
use crate::intent::linear::TrainingSet;
use crate::intent::linear::fit;
use crate::intent::linear::softmax;
use crate::intent::training::plan::Dealer;
use crate::intent::training::plan::Fitter;
use crate::intent::training::plan::Unseen;
use crate::intent::training::plan::View;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Parts that examples are dealt into; each is predicted from the others.
const FOLDS: usize = 5;
/// Fewer parts suffice to compare settings.
const SELECTION_FOLDS: usize = 3;
/// Settings are compared on at most this many examples: bounds the time that 150 labels take.
const SELECTION_EXAMPLES_MAX: usize = 3_000;
/// Every selection fold must be able to hold one out and learn from two.
const LABEL_EXAMPLES_MIN: usize = 3;
/// Suspicious examples that are reported.
const SUSPECTS_MAX: usize = 50;

/// How a head is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOptions {
    /// Decides folds and shuffles.
    pub seed: u64,
    /// Fits that run at once; recommended: all cores.
    pub threads: NonZeroUsize,
    /// N-grams; see there for recommended values.
    pub ngrams: NgramSpec,
    /// Pulls to zero that are tried; recommended 0.03, 0.1, 0.3, 1.
    pub l2_grid: Vec<f32>,
    /// Weights of n-grams against embedding that are tried; recommended 0.5, 1, 2.
    pub ngram_weight_grid: Vec<f32>,
    /// Share of in-scope examples whose right answer abstention may cost; recommended 0.02.
    pub accuracy_cost_max: f64,
    /// Whether the encoder's last layers are moved too: minutes instead of seconds, and the head
    /// file grows by what changed in them.
    pub adapt: bool,
}

impl TrainingOptions {
    /// Every pair of pull and n-gram weight.
    fn settings(&self) -> Vec<FitOptions> {
        let of_pull = |l2: f32| {
            self.ngram_weight_grid.iter().map(move |ngram_weight| FitOptions {
                l2,
                ngram_weight: *ngram_weight,
                seed: self.seed,
            })
        };
        self.l2_grid.iter().flat_map(|l2| of_pull(*l2)).collect()
    }
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
    check(examples)?;
    if options.adapt {
        return adapted::train(examples, embedder, options, listener);
    }
    let glossary = Glossary::house();
    let readings: Vec<Reading<'_>> =
        examples.iter().map(|example| glossary.read(&example.text)).collect();
    let texts: Vec<&str> = readings.iter().map(Reading::meaning).collect();
    let total = texts.len();
    let embeddings = embedder
        .embed_blocking(&texts, |done| listener(TrainingProgress::Embedding { done, total }))?;
    train_on_embeddings(
        examples,
        Vectors { embeddings, encoder: embedder.identity().clone() },
        options,
        listener,
    )
}

/// Embeddings of the examples, and whose they are.
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

/// Distinct labels in alphabetical order, `oos` last.
fn labels_of(examples: &[Example]) -> Vec<String> {
    let mut labels: Vec<String> = examples.iter().map(|example| example.intent.clone()).collect();
    labels.sort_unstable_by_key(|label| (label == OUT_OF_SCOPE, label.clone()));
    labels.dedup();
    labels
}

/// As [`train`], with the embeddings at hand.
pub(crate) fn train_on_embeddings(
    examples: &[Example],
    vectors: Vectors,
    options: &TrainingOptions,
    listener: Listener<'_>,
) -> Result<Trained, IntentError> {
    let course = Course::new(examples, options, listener)?;
    let set = course.training_set(vectors.embeddings);
    let dealer = course.dealer();
    let all: Vec<usize> = (0..examples.len()).collect();
    let sample = folds::sample(&all, &course.classes_of, SELECTION_EXAMPLES_MAX, options.seed);
    let selection = plan::views(&set, &dealer.deal(&sample, SELECTION_FOLDS));
    let judging = plan::views(&set, &dealer.deal(&all, FOLDS));
    let settings = options.settings();
    let choosing = if settings.len() > 1 { settings.len() * SELECTION_FOLDS } else { 0 };
    let total = choosing + FOLDS + 1;
    let chosen = course.choose(&selection, &settings, (0, total))?;
    let unseen = course.predict(&judging, chosen, (choosing, total))?;
    let linear = course.fit(&set, chosen)?;
    listener(TrainingProgress::Fitting { done: total, total });
    Ok(course.finish(vectors.encoder, chosen, &unseen, linear))
}

/// What every way to train shares.
struct Course<'a> {
    examples: &'a [Example],
    options: &'a TrainingOptions,
    listener: Listener<'a>,
    glossary: Glossary,
    labels: Vec<String>,
    /// The class of each example.
    classes_of: Vec<usize>,
    /// Texts that read the same share a group.
    groups: Vec<String>,
}

fn unfitted(cause: candle_core::Error) -> IntentError {
    IntentError::Fit { cause: Arc::new(cause) }
}

impl<'a> Course<'a> {
    fn new(
        examples: &'a [Example],
        options: &'a TrainingOptions,
        listener: Listener<'a>,
    ) -> Result<Self, IntentError> {
        check(examples)?;
        let labels = labels_of(examples);
        let class_of = |example: &Example| labels.iter().position(|label| *label == example.intent);
        // Every label of an example is in the list that was made from the examples.
        let classes_of =
            examples.iter().map(|example| class_of(example).unwrap_or_default()).collect();
        let groups = examples.iter().map(|example| words(&example.text).join(" ")).collect();
        let glossary = Glossary::house();
        Ok(Self { examples, options, listener, glossary, labels, classes_of, groups })
    }

    fn dealer(&self) -> Dealer<'_> {
        let (classes_of, groups) = (&self.classes_of, &self.groups);
        Dealer { classes_of, groups, seed: self.options.seed }
    }

    fn training_set(&self, embeddings: Vec<Vec<f32>>) -> TrainingSet {
        let dimensions = embeddings.first().map_or(0, Vec::len);
        let spec = self.options.ngrams;
        let rows = self
            .examples
            .iter()
            .zip(embeddings)
            .map(|(example, embedding)| Features {
                embedding,
                ngrams: ngrams(&self.glossary.read(&example.text), spec),
            })
            .collect();
        TrainingSet {
            rows,
            classes_of: self.classes_of.clone(),
            classes: self.labels.len(),
            dimensions,
            buckets: spec.buckets,
        }
    }

    /// Runs `work` with a fitter that counts on from `done` of `total` fits.
    fn fitting<R>(
        &self,
        (before, total): (usize, usize),
        work: impl FnOnce(&Fitter<'_>) -> candle_core::Result<R>,
    ) -> Result<R, IntentError> {
        let progress =
            |done| (self.listener)(TrainingProgress::Fitting { done: before + done, total });
        let fitter = Fitter { threads: self.options.threads, progress: &progress };
        work(&fitter).map_err(unfitted)
    }

    fn choose(
        &self,
        views: &[View<'_>],
        settings: &[FitOptions],
        counted: (usize, usize),
    ) -> Result<FitOptions, IntentError> {
        let fallback = FitOptions { l2: 0.1, ngram_weight: 1.0, seed: self.options.seed };
        let chosen = self.fitting(counted, |fitter| fitter.choose(views, settings))?;
        Ok(chosen.unwrap_or(fallback))
    }

    fn predict(
        &self,
        views: &[View<'_>],
        chosen: FitOptions,
        counted: (usize, usize),
    ) -> Result<Vec<Unseen>, IntentError> {
        self.fitting(counted, |fitter| fitter.predict(views, chosen))
    }

    /// The shipped classifier, on everything.
    fn fit(&self, set: &TrainingSet, chosen: FitOptions) -> Result<Linear, IntentError> {
        let all: Vec<usize> = (0..self.examples.len()).collect();
        fit(set, &all, chosen).map_err(unfitted)
    }

    /// Calibrates on unseen predictions and puts the head together.
    fn finish(
        &self,
        encoder: EncoderIdentity,
        chosen: FitOptions,
        unseen: &[Unseen],
        linear: Linear,
    ) -> Trained {
        let labels = &self.labels;
        let inside: Vec<&Unseen> =
            unseen.iter().filter(|(at, _)| self.examples[*at].intent != OUT_OF_SCOPE).collect();
        let logits: Vec<Vec<f32>> = inside.iter().map(|(_, row)| row.clone()).collect();
        let classes: Vec<usize> = inside.iter().map(|(at, _)| self.classes_of[*at]).collect();
        let temperature = calibration::temperature(&logits, &classes);
        let best: Vec<(usize, usize, f32)> = unseen
            .iter()
            .map(|(at, row)| {
                let (class, confidence) = best_in_scope(row, labels, temperature);
                (*at, class, confidence)
            })
            .collect();
        let held_out: Vec<HeldOut> = best
            .iter()
            .map(|(at, class, confidence)| HeldOut {
                confidence: *confidence,
                right: (self.examples[*at].intent != OUT_OF_SCOPE)
                    .then_some(*class == self.classes_of[*at]),
            })
            .collect();
        let threshold = calibration::threshold(&held_out, self.options.accuracy_cost_max);
        let judged: Vec<(usize, Judged<'_>)> = best
            .iter()
            .map(|(at, class, confidence)| {
                let one = Judged {
                    expected: &self.examples[*at].intent,
                    label: &labels[*class],
                    confidence: *confidence,
                    abstained: *confidence < threshold,
                };
                (*at, one)
            })
            .collect();
        let ones: Vec<Judged<'_>> = judged.iter().map(|(_, one)| *one).collect();
        let held_out = evaluate(&ones);
        let training = TrainingNote {
            examples: self.examples.len(),
            l2: chosen.l2,
            accuracy_forced: held_out.accuracy_forced.unwrap_or_default(),
            seed: self.options.seed,
        };
        let head = Head {
            encoder,
            labels: labels.clone(),
            spec: self.options.ngrams,
            temperature,
            threshold,
            glossary: self.glossary.fingerprint(),
            training,
            linear,
            adaptation: None,
        };
        Trained { head, held_out, suspects: suspects(self.examples, &judged) }
    }
}

/// The best in-scope class of a row of logits, and its probability.
fn best_in_scope(logits: &[f32], labels: &[String], temperature: f32) -> (usize, f32) {
    let mut probabilities = logits.to_vec();
    softmax(&mut probabilities, temperature);
    let candidates = probabilities.iter().copied().zip(labels).enumerate();
    candidates
        .filter(|(_, (_, label))| *label != OUT_OF_SCOPE)
        .map(|(class, (probability, _))| (class, probability))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or_default()
}

fn suspects(examples: &[Example], judged: &[(usize, Judged<'_>)]) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = judged
        .iter()
        .filter(|(_, one)| one.label != one.expected && !one.abstained)
        .map(|(at, one)| Suspect {
            example: examples[*at].clone(),
            predicted: one.label.to_owned(),
            confidence: one.confidence,
        })
        .collect();
    suspects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    suspects.truncate(SUSPECTS_MAX);
    suspects
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
            accuracy_cost_max: 0.02,
            adapt: false,
        }
    }

    #[test]
    fn a_head_is_trained_calibrated_and_the_same_on_any_number_of_threads() {
        let (examples, vectors) = examples();
        let heard = std::sync::Mutex::new(Vec::new());
        let listener = |progress| heard.lock().unwrap().push(progress);
        let trained =
            train_on_embeddings(&examples, vectors.clone(), &options(2), &listener).unwrap();
        assert!(trained.held_out.accuracy_forced.unwrap() > 0.95);
        assert_eq!(trained.head.labels(), ["greet", "order_status", "refund", "oos"]);
        assert_eq!(trained.held_out.examples, 120);
        let total = 2 * SELECTION_FOLDS + FOLDS + 1;
        let heard = heard.into_inner().unwrap();
        assert!(heard.contains(&TrainingProgress::Fitting { done: total, total }));
        assert_eq!(heard.len(), total);
        let again = train_on_embeddings(&examples, vectors, &options(1), &|_| ()).unwrap();
        assert_eq!(again.head, trained.head);
    }

    #[test]
    fn wrong_labels_are_suspected() {
        let (mut examples, vectors) = examples();
        examples[4].intent = "refund".into();
        let trained = train_on_embeddings(&examples, vectors, &options(2), &|_| ()).unwrap();
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
