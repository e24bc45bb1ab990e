//! Trains a head: chooses its settings by cross-validation, calibrates on held-out predictions.
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
use crate::intent::parallel::run_jobs;
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
    check(examples)?;
    let labels = labels_of(examples);
    let glossary = Glossary::house();
    let (embeddings, encoder) = (vectors.embeddings, vectors.encoder);
    let set = training_set(examples, &labels, embeddings, (options.ngrams, &glossary));
    let groups: Vec<String> =
        examples.iter().map(|example| words(&example.text).join(" ")).collect();
    let plan = Plan { set: &set, groups: &groups, options, listener };

    let fitted = |cause| IntentError::Fit { cause: Arc::new(cause) };
    let chosen = plan.choose().map_err(fitted)?;
    let (logits, linear) = plan.predict_held_out(chosen).map_err(fitted)?;
    let inside: Vec<usize> =
        (0..examples.len()).filter(|index| examples[*index].intent != OUT_OF_SCOPE).collect();
    let temperature = temperature_in_scope(&logits, &set.classes_of, &inside);
    let predictions: Vec<(usize, f32)> =
        logits.iter().map(|row| best_in_scope(row, &labels, temperature)).collect();
    let threshold = calibration::threshold(
        &held_out(&predictions, &set.classes_of, &labels),
        options.accuracy_cost_max,
    );
    let judged: Vec<Judged<'_>> = predictions
        .iter()
        .zip(examples)
        .map(|((class, confidence), example)| Judged {
            expected: &example.intent,
            label: &labels[*class],
            confidence: *confidence,
            abstained: *confidence < threshold,
        })
        .collect();
    let held_out = evaluate(&judged);
    let suspects = suspects(examples, &judged);
    let training = TrainingNote {
        examples: examples.len(),
        l2: chosen.l2,
        accuracy_forced: held_out.accuracy_forced.unwrap_or_default(),
        seed: options.seed,
    };
    let spec = options.ngrams;
    let glossary = glossary.fingerprint();
    let head = Head { encoder, labels, spec, temperature, threshold, glossary, training, linear };
    Ok(Trained { head, held_out, suspects })
}

fn training_set(
    examples: &[Example],
    labels: &[String],
    embeddings: Vec<Vec<f32>>,
    (spec, glossary): (NgramSpec, &Glossary),
) -> TrainingSet {
    let dimensions = embeddings.first().map_or(0, Vec::len);
    let class_of = |example: &Example| labels.iter().position(|label| *label == example.intent);
    let rows = examples
        .iter()
        .zip(embeddings)
        .map(|(example, embedding)| Features {
            embedding,
            ngrams: ngrams(&glossary.read(&example.text), spec),
        })
        .collect();
    TrainingSet {
        rows,
        // Every label of an example is in the list that was made from the examples.
        classes_of: examples.iter().map(|example| class_of(example).unwrap_or_default()).collect(),
        classes: labels.len(),
        dimensions,
        buckets: spec.buckets,
    }
}

struct Plan<'a> {
    set: &'a TrainingSet,
    /// Texts that read the same share a group, hence a fold.
    groups: &'a [String],
    options: &'a TrainingOptions,
    listener: Listener<'a>,
}

impl Plan<'_> {
    fn settings(&self) -> Vec<FitOptions> {
        let seed = self.options.seed;
        let weights = &self.options.ngram_weight_grid;
        self.options
            .l2_grid
            .iter()
            .flat_map(|l2| {
                weights.iter().map(move |weight| FitOptions {
                    l2: *l2,
                    ngram_weight: *weight,
                    seed,
                })
            })
            .collect()
    }

    fn fits(&self) -> usize {
        let settings = self.settings().len();
        let selection = if settings > 1 { settings * SELECTION_FOLDS } else { 0 };
        selection + FOLDS + 1
    }

    /// The settings with the smallest held-out loss at their own best temperature.
    fn choose(&self) -> candle_core::Result<FitOptions> {
        let settings = self.settings();
        let fallback = FitOptions { l2: 0.1, ngram_weight: 1.0, seed: self.options.seed };
        if settings.len() < 2 {
            return Ok(settings.first().copied().unwrap_or(fallback));
        }
        let all: Vec<usize> = (0..self.set.rows.len()).collect();
        let classes = &self.set.classes_of;
        let sample = folds::sample(&all, classes, SELECTION_EXAMPLES_MAX, self.options.seed);
        let parts = self.deal(&sample, SELECTION_FOLDS);
        let jobs: Vec<(FitOptions, usize)> = settings
            .iter()
            .flat_map(|setting| (0..SELECTION_FOLDS).map(move |part| (*setting, part)))
            .collect();
        let total = self.fits();
        let logits = run_jobs(
            self.options.threads,
            &jobs,
            |(setting, part)| self.predict_part(&parts, *part, *setting),
            |done| (self.listener)(TrainingProgress::Fitting { done, total }),
        );
        let logits = logits.into_iter().collect::<candle_core::Result<Vec<_>>>()?;
        let held_out: Vec<usize> = parts.iter().flatten().map(|at| classes[*at]).collect();
        let losses = logits.chunks(SELECTION_FOLDS).map(|of_setting| {
            let logits = of_setting.concat();
            let temperature = calibration::temperature(&logits, &held_out);
            calibration::loss(&logits, &held_out, temperature)
        });
        let best = settings.iter().zip(losses).min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.map_or(fallback, |(setting, _)| *setting))
    }

    /// Logits of every example from a classifier that has not seen it, and the classifier fitted
    /// on all.
    fn predict_held_out(&self, chosen: FitOptions) -> candle_core::Result<(Vec<Vec<f32>>, Linear)> {
        let all: Vec<usize> = (0..self.set.rows.len()).collect();
        let parts = self.deal(&all, FOLDS);
        let total = self.fits();
        let jobs: Vec<usize> = (0..FOLDS).collect();
        let before = total - FOLDS - 1;
        let predicted = run_jobs(
            self.options.threads,
            &jobs,
            |part| self.predict_part(&parts, *part, chosen),
            |done| (self.listener)(TrainingProgress::Fitting { done: before + done, total }),
        );
        let mut logits = vec![Vec::new(); all.len()];
        for (part, rows) in parts.iter().zip(predicted) {
            for (at, row) in part.iter().zip(rows?) {
                logits[*at] = row;
            }
        }
        let linear = fit(self.set, &all, chosen)?;
        (self.listener)(TrainingProgress::Fitting { done: total, total });
        Ok((logits, linear))
    }

    fn deal(&self, members: &[usize], parts: usize) -> Vec<Vec<usize>> {
        folds::deal(
            members,
            &self.set.classes_of,
            self.groups,
            folds::Deal { parts, seed: self.options.seed },
        )
    }

    fn predict_part(
        &self,
        parts: &[Vec<usize>],
        part: usize,
        setting: FitOptions,
    ) -> candle_core::Result<Vec<Vec<f32>>> {
        let others: Vec<usize> = parts
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != part)
            .flat_map(|(_, members)| members.iter().copied())
            .collect();
        let model = fit(self.set, &others, setting)?;
        Ok(parts[part].iter().map(|at| model.logits(&self.set.rows[*at])).collect())
    }
}

/// The temperature at which held-out in-scope examples are most likely.
fn temperature_in_scope(logits: &[Vec<f32>], classes_of: &[usize], inside: &[usize]) -> f32 {
    let rows: Vec<Vec<f32>> = inside.iter().map(|at| logits[*at].clone()).collect();
    let classes: Vec<usize> = inside.iter().map(|at| classes_of[*at]).collect();
    calibration::temperature(&rows, &classes)
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

fn held_out(predictions: &[(usize, f32)], classes_of: &[usize], labels: &[String]) -> Vec<HeldOut> {
    predictions
        .iter()
        .zip(classes_of)
        .map(|((class, confidence), expected)| HeldOut {
            confidence: *confidence,
            right: (labels[*expected] != OUT_OF_SCOPE).then_some(class == expected),
        })
        .collect()
}

fn suspects(examples: &[Example], judged: &[Judged<'_>]) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = examples
        .iter()
        .zip(judged)
        .filter(|(_, one)| one.label != one.expected && !one.abstained)
        .map(|(example, one)| Suspect {
            example: example.clone(),
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
