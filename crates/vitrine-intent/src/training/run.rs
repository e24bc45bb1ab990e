//! A training run: examples and label names as texts with features, and the fits on them.
//!
//! Shared by training with an unchanged and with an adapted encoder. Embeddings are passed in by
//! the caller.
//!
//! Invariants
//! - Texts are indexed with the examples first, then the label names.

use crate::centre::Centre;
use crate::discriminant::Discriminant;
use crate::error::IntentError;
use crate::examples::Example;
use crate::features::SparseRow;
use crate::features::ngrams;
use crate::features::words;
use crate::head::OUT_OF_SCOPE;
use crate::head::in_scope;
use crate::linear::FeatureRow;
use crate::linear::LinearClassifier;
use crate::linear::TrainingSet;
use crate::linear::fit;
use crate::neighbours::Neighbours;
use crate::scope::Centroids;
use crate::training::blend::Blend;
use crate::training::blend::HeldOutPrediction;
use crate::training::blend::SHARPNESSES;
use crate::training::cross_validation::Fitter;
use crate::training::cross_validation::FoldSplit;
use crate::training::cross_validation::FoldSplitter;
use crate::training::cross_validation::Hyperparameters;
use crate::training::cross_validation::SearchSpace;
use crate::training::options::ProgressListener;
use crate::training::options::TrainingOptions;
use crate::training::options::TrainingProgress;
use crate::training::requirements::check;
use std::sync::Arc;

/// Letters that at least one word of a label's name must have for the name to serve as an example.
const NAME_WORD_LETTERS_MIN: usize = 3;

/// Distinct labels in alphabetical order, `oos` last.
fn labels_of(examples: &[Example]) -> Vec<String> {
    let mut labels: Vec<String> = examples.iter().map(|example| example.intent.clone()).collect();
    labels.sort_unstable_by_key(|label| (label == OUT_OF_SCOPE, label.clone()));
    labels.dedup();
    labels
}

/// State of one training run.
pub(super) struct TrainingRun<'a> {
    pub(super) examples: &'a [Example],
    pub(super) options: &'a TrainingOptions,
    pub(super) listener: ProgressListener<'a>,
    pub(super) labels: Vec<String>,
    /// The examples' texts, then the names of labels that have words.
    texts: Vec<String>,
    /// N-grams of each text.
    ngrams: Vec<SparseRow>,
    /// Indices of the label names among the texts.
    pub(super) label_names: Vec<usize>,
    /// Class index of each text.
    pub(super) classes_of: Vec<usize>,
    /// Folded spelling of each example; equal texts share a group and hence a fold.
    pub(super) groups: Vec<String>,
}

/// A label's name as a text: `order_status` becomes `order status`. `None` for `oos` and for names
/// without a word of [`NAME_WORD_LETTERS_MIN`] letters.
fn spell(label: &str) -> Option<String> {
    let mut name = String::new();
    let mut after_lower = false;
    for character in label.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower) {
            name.push(' ');
        }
        if character.is_alphanumeric() {
            name.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase();
    }
    let telling = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count();
    let words: Vec<&str> = name.split_whitespace().collect();
    let has_words = words.iter().any(|word| telling(word) >= NAME_WORD_LETTERS_MIN);
    (label != OUT_OF_SCOPE && has_words).then(|| words.join(" "))
}

/// Rows to fit on, and what was subtracted from their embeddings.
pub(super) struct CentredSet {
    pub(super) set: TrainingSet,
    pub(super) centre: Centre,
}

/// Classifiers of the head, fitted on all examples. `linear` includes the discriminant;
/// `neighbours` is `None` if the blend does not use them.
pub(super) struct FittedClassifiers {
    pub(super) linear: LinearClassifier,
    pub(super) centroids: Centroids,
    pub(super) neighbours: Option<Neighbours>,
    pub(super) centre: Centre,
}

/// Fits done before some work starts, and fits in the whole training.
#[derive(Debug, Clone, Copy)]
pub(super) struct FitCount {
    pub(super) before: usize,
    pub(super) total: usize,
}

/// Held-out predictions of all examples.
pub(super) struct HeldOutPredictions {
    /// Share of each kind of classifier.
    pub(super) blend: Blend,
    pub(super) unseen: Vec<HeldOutPrediction>,
}

pub(super) fn unfitted(cause: candle_core::Error) -> IntentError {
    IntentError::Fit { cause: Arc::new(cause) }
}

impl<'a> TrainingRun<'a> {
    pub(super) fn new(
        examples: &'a [Example],
        options: &'a TrainingOptions,
        listener: ProgressListener<'a>,
    ) -> Result<Self, IntentError> {
        check(examples)?;
        let labels = labels_of(examples);
        let class_of = |example: &Example| labels.iter().position(|label| *label == example.intent);
        // `labels` was built from the examples, so each lookup succeeds.
        let mut classes_of: Vec<usize> =
            examples.iter().map(|example| class_of(example).unwrap_or_default()).collect();
        let mut names = Vec::new();
        for (class, label) in labels.iter().enumerate().filter(|_| options.label_names) {
            if let Some(name) = spell(label) {
                names.push(name);
                classes_of.push(class);
            }
        }
        let label_names = (examples.len()..classes_of.len()).collect();
        let groups = examples.iter().map(|example| words(&example.text).join(" ")).collect();
        let texts: Vec<String> =
            examples.iter().map(|example| example.text.clone()).chain(names).collect();
        let ngrams = texts.iter().map(|text| ngrams(text, options.ngrams)).collect();
        Ok(Self {
            examples,
            options,
            listener,
            labels,
            texts,
            ngrams,
            label_names,
            classes_of,
            groups,
        })
    }

    /// Indices of all examples.
    pub(super) fn members(&self) -> Vec<usize> {
        (0..self.examples.len()).collect()
    }

    /// Indices to fit on: `members`, plus the label names if the setting uses them.
    pub(super) fn learnt(&self, members: &[usize], setting: Hyperparameters) -> Vec<usize> {
        let label_names = if setting.label_names { self.label_names.as_slice() } else { &[] };
        [members, label_names].concat()
    }

    /// Number of labels besides `oos`.
    pub(super) fn inside(&self) -> usize {
        in_scope(&self.labels)
    }

    /// All texts: examples, then label names.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    pub(super) fn splitter(&self) -> FoldSplitter<'_> {
        let (classes_of, groups) = (&self.classes_of, &self.groups);
        FoldSplitter { classes_of, groups, seed: self.options.seed }
    }

    /// The texts as rows to fit on, centred on the examples. `width` is the width of one encoder's
    /// embedding.
    pub(super) fn training_set(&self, embeddings: &[Vec<f32>], width: usize) -> CentredSet {
        let centre = Centre::of(&embeddings[..self.examples.len()], width);
        let row = |(ngrams, embedding): (&SparseRow, &Vec<f32>)| FeatureRow {
            embedding: centre.subtracted(embedding),
            ngrams: ngrams.clone(),
        };
        let rows = self.ngrams.iter().zip(embeddings).map(row).collect();
        let set = TrainingSet {
            rows,
            classes_of: self.classes_of.clone(),
            classes: self.labels.len(),
            dimensions: centre.mean().len(),
            buckets: self.options.ngrams.buckets,
        };
        CentredSet { set, centre }
    }

    /// Runs `work` with a fitter that reports its progress from `counted` on.
    fn fitting<R>(
        &self,
        counted: FitCount,
        work: impl FnOnce(&Fitter<'_>) -> candle_core::Result<R>,
    ) -> Result<R, IntentError> {
        let FitCount { before, total } = counted;
        let progress =
            |done| (self.listener)(TrainingProgress::Fitting { done: before + done, total });
        let sharpnesses = if self.options.keep_examples { SHARPNESSES.as_slice() } else { &[] };
        let fitter = Fitter { threads: self.options.threads, sharpnesses, progress: &progress };
        work(&fitter).map_err(unfitted)
    }

    pub(super) fn choose(
        &self,
        splits: &[FoldSplit<'_>],
        search_space: &SearchSpace,
        counted: FitCount,
    ) -> Result<(Hyperparameters, f64), IntentError> {
        self.fitting(counted, |fitter| fitter.choose(splits, search_space))
    }

    /// Predicts each example by classifiers that have not seen it, and chooses the blend.
    pub(super) fn predict(
        &self,
        splits: &[FoldSplit<'_>],
        chosen: Hyperparameters,
        counted: FitCount,
    ) -> Result<HeldOutPredictions, IntentError> {
        let held_out =
            self.fitting(counted, |fitter| fitter.predict(splits, self.inside(), chosen))?;
        let blend = Blend::choose(&held_out, &self.classes_of, self.options.threads);
        let unseen = held_out.iter().map(|one| blend.unseen(one)).collect();
        Ok(HeldOutPredictions { blend, unseen })
    }

    /// Fits the classifiers of the head on all examples.
    pub(super) fn fit(
        &self,
        CentredSet { set, centre }: &CentredSet,
        chosen: Hyperparameters,
        blend: Blend,
    ) -> Result<FittedClassifiers, IntentError> {
        let learnt = self.learnt(&self.members(), chosen);
        let mut linear = fit(set, &learnt, chosen.fit).map_err(unfitted)?;
        if blend.discriminant > 0.0 {
            let found = Discriminant::of(set, &learnt, &linear).map_err(unfitted)?;
            found.add_to(&mut linear, blend.discriminant);
        }
        let centroids = Centroids::of(set, &learnt, self.inside());
        let neighbours = blend.kernel().map(|kernel| Neighbours::of(set, &learnt, kernel));
        Ok(FittedClassifiers { linear, centroids, neighbours, centre: centre.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels_are_read_as_words() {
        let cases = [
            ("order_status", Some("order status")),
            ("Card.Payment-fee/charged", Some("card payment fee charged")),
            ("trackOrder", Some("track order")),
            ("suivi_colis", Some("suivi colis")),
            ("intent_12", Some("intent 12")),
            ("q1", None),
            ("42", None),
            (OUT_OF_SCOPE, None),
        ];
        for (label, name) in cases {
            assert_eq!(spell(label).as_deref(), name, "{label}");
        }
    }
}
