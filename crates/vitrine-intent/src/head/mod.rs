//! The head: a classifier that turns a sentence embedding and n-grams into ranked intents.
//!
//! `file` reads and writes head files.
//!
//! Invariants
//! - The label `oos`, if present, is the last one.

mod file;
pub(crate) mod identity;

pub use crate::head::identity::EncoderIdentity;

use crate::centre::Centre;
use crate::error::HeadRefusal;
use crate::features::HashedText;
use crate::features::NgramSpec;
use crate::linear::LinearClassifier;
use crate::linear::softmax;
use crate::meaning::Meaning;
use crate::neighbours::Neighbours;
use crate::scope::Centroids;
use crate::scope::Evidence;
use crate::scope::ScopeScore;
use serde::Deserialize;
use serde::Serialize;
use vitrine_engine::model::Adaptation;

/// Label of texts that match no other label.
pub const OUT_OF_SCOPE: &str = "oos";

/// Maximum labels of a head, `oos` included. CLINC150 has 151.
pub const LABELS_MAX: usize = 1_024;

/// Default clarification margin, a difference of probabilities, for heads whose training did not
/// choose one. See [`Head::clarify_margin`].
pub const CLARIFY_MARGIN: f32 = 0.1;

/// Record of a head's training. Informative only: nothing depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingNote {
    /// Number of training examples.
    pub examples: usize,
    /// L2 penalty chosen by cross-validation.
    pub l2: f32,
    /// Accuracy on held-out folds, 0 to 1, taking the best label even when the head abstains.
    pub accuracy_forced: f64,
    /// Seed of folds and shuffles.
    pub seed: u64,
}

/// Ranked labels of one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranking<'a> {
    /// In-scope labels with calibrated probabilities, best first.
    pub(crate) labels: Vec<(&'a str, f32)>,
    /// In-scope score; higher means more likely in scope.
    pub(crate) in_scope: f32,
    /// Whether `in_scope` is below the head's threshold.
    pub(crate) abstained: bool,
}

/// Parameters of the in-scope score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScopeModel {
    pub(crate) score: ScopeScore,
    /// Centroids of the in-scope labels.
    pub(crate) centroids: Centroids,
}

/// A trained classifier over the embeddings of one encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) labels: Vec<String>,
    pub(crate) spec: NgramSpec,
    pub(crate) temperature: f32,
    /// `None`: the best label's probability is the in-scope score.
    pub(crate) scope: Option<ScopeModel>,
    /// The head abstains when the in-scope score is below this.
    pub(crate) threshold: f32,
    pub(crate) clarify_margin: f32,
    /// What is subtracted from embeddings before they are classified; `None`: nothing.
    pub(crate) centre: Option<Centre>,
    pub(crate) training: TrainingNote,
    pub(crate) linear: LinearClassifier,
    /// Stored training examples; `None` if they do not contribute to the logits.
    pub(crate) neighbours: Option<Neighbours>,
    /// Changed encoder weights; `None` if training left the encoder unchanged.
    pub(crate) adaptation: Option<Adaptation>,
    /// Whether the input is the shared encoder's embedding followed by the adapted encoder's.
    pub(crate) joined: bool,
}

impl Head {
    /// Identity of the encoder the head was trained for, before adaptation.
    #[must_use]
    pub fn encoder(&self) -> &EncoderIdentity {
        &self.encoder
    }

    /// Labels in alphabetical order; `oos` is last if there were out-of-scope examples.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Threshold of abstention: an in-scope score on the head's own scale, or a probability in
    /// heads of format version 2 and older.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Clarification margin, 0 to 1: the customer should be asked which label is meant when the
    /// probabilities of the two best labels differ by less.
    #[must_use]
    pub fn clarify_margin(&self) -> f32 {
        self.clarify_margin
    }

    /// Record of the training.
    #[must_use]
    pub fn training(&self) -> &TrainingNote {
        &self.training
    }

    /// Whether training changed encoder weights. Such a head needs its own copy of the encoder.
    #[must_use]
    pub fn adapts_encoder(&self) -> bool {
        self.adaptation.is_some()
    }

    /// Number of labels besides `oos`.
    pub(crate) fn in_scope_labels(&self) -> usize {
        in_scope(&self.labels)
    }

    /// Ranks the in-scope labels of a text.
    ///
    /// `embedding` is the embedding of the text: by the shared encoder, `[dimensions]`;
    /// by the adapted encoder if the head has one; or by both concatenated, `[2 * dimensions]`, if
    /// the head is `joined`.
    ///
    /// # Panics
    /// If the embedding's width is not the head's. Callers run [`Head::check_encoder`] first.
    pub(crate) fn rank(&self, text: &mut HashedText<'_>, embedding: &[f32]) -> Ranking<'_> {
        assert_eq!(embedding.len(), self.linear.dimensions, "checked when the head was paired");
        let centred = self.centre.as_ref().map(|centre| centre.subtracted(embedding));
        let embedding = centred.as_deref().unwrap_or(embedding);
        let mut logits = self.linear.logits(embedding, text.ngrams(self.spec));
        if let Some(neighbours) = &self.neighbours {
            neighbours.add_logits(embedding, &mut logits);
        }
        let mut probabilities = logits.clone();
        softmax(&mut probabilities, self.temperature);
        let mut ranked: Vec<(usize, f32)> =
            probabilities.into_iter().enumerate().take(self.in_scope_labels()).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let (best, probability) = ranked.first().copied().unwrap_or_default();
        let in_scope = match &self.scope {
            Some(ScopeModel { score, centroids }) => {
                let closeness = centroids.closeness(best, embedding);
                score.of(Evidence::new(&logits, self.in_scope_labels(), closeness))
            }
            None => probability,
        };
        let labels = ranked
            .into_iter()
            .map(|(label, probability)| (self.labels[label].as_str(), probability))
            .collect();
        Ranking { labels, in_scope, abstained: in_scope < self.threshold }
    }

    /// What the text of an embedding means; `None` if the head has no centre. `embedding` is as of
    /// [`Head::rank`].
    pub(crate) fn meaning(&self, embedding: &[f32]) -> Option<Meaning> {
        let centre = self.centre.as_ref()?;
        Some(Meaning::new(centre.subtracted(embedding)))
    }

    /// Checks that an encoder has the checksum and width of the one the head was trained for.
    pub(crate) fn check_encoder(&self, found: &EncoderIdentity) -> Result<(), HeadRefusal> {
        let expected = &self.encoder;
        if expected.sha256 == found.sha256 && expected.dimensions == found.dimensions {
            return Ok(());
        }
        Err(HeadRefusal::Encoder {
            expected: Box::new(expected.clone()),
            found: Box::new(found.clone()),
        })
    }
}

/// Concatenates the two embeddings of each text, shared encoder first.
pub(crate) fn joined(shared: Vec<Vec<f32>>, own: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let join = |(mut shared, own): (Vec<f32>, Vec<f32>)| {
        shared.extend(own);
        shared
    };
    shared.into_iter().zip(own).map(join).collect()
}

/// Number of labels before `oos`.
pub(crate) fn in_scope(labels: &[String]) -> usize {
    labels.len() - usize::from(labels.last().is_some_and(|label| label == OUT_OF_SCOPE))
}

/// A head for two-dimensional embeddings: `left` or `right` by the sign of the first value.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn toy_head() -> Head {
    let labels = ["left", "right", OUT_OF_SCOPE].map(str::to_owned).to_vec();
    let spec = NgramSpec { buckets: 256, characters_min: 2, characters_max: 4 };
    let mut weights = vec![0.0; (2 + spec.buckets) * 3];
    weights[..6].copy_from_slice(&[4.0, -4.0, 0.0, 0.0, 0.0, 6.0]);
    Head {
        encoder: EncoderIdentity { name: "toy".into(), sha256: "00ff".repeat(16), dimensions: 2 },
        labels,
        spec,
        temperature: 1.0,
        scope: None,
        threshold: 0.5,
        clarify_margin: 0.1,
        centre: None,
        training: TrainingNote { examples: 2, l2: 1.0, accuracy_forced: 1.0, seed: 1 },
        linear: LinearClassifier {
            classes: 3,
            dimensions: 2,
            ngram_weight: 0.5,
            weights,
            bias: vec![0.0; 3],
        },
        neighbours: None,
        adaptation: None,
        joined: false,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::neighbours::Kernel;
    use crate::neighbours::QuantisedExamples;

    /// The same with an in-scope score: closeness to `[±1, 0]`.
    pub(super) fn scoped_head() -> Head {
        let of = |closeness| Evidence::new(&[4.0, -4.0], 2, closeness);
        let examples: Vec<(Evidence, bool)> =
            [(1.0, true), (0.8, true), (0.3, false), (0.1, false)]
                .into_iter()
                .cycle()
                .take(80)
                .map(|(closeness, inside)| (of(closeness), inside))
                .collect();
        let score = ScopeScore::fit(&examples, 1).unwrap();
        let threshold = score.of(of(0.6));
        let centroids = Centroids { values: vec![1.0, 0.0, -1.0, 0.0], dimensions: 2 };
        Head { scope: Some(ScopeModel { score, centroids }), threshold, ..toy_head() }
    }

    #[test]
    fn ranks_in_scope_labels_and_abstains_below_its_threshold() {
        let head = toy_head();
        let ranking = head.rank(&mut HashedText::new(""), &[1.0, 0.0]);
        assert_eq!(ranking.labels[0].0, "left");
        assert_eq!(ranking.labels.len(), 2);
        assert!(!ranking.abstained);
        assert!(head.rank(&mut HashedText::new(""), &[0.0, 1.0]).abstained);
    }

    #[test]
    fn a_head_with_a_scope_abstains_from_texts_far_from_its_labels() {
        let head = scoped_head();
        let rank = |embedding: &[f32]| head.rank(&mut HashedText::new(""), embedding);
        let (near, far) = (rank(&[1.0, 0.0]), rank(&[0.3, 0.9]));
        assert!(near.in_scope > far.in_scope && !near.abstained && far.abstained);
        assert_eq!((near.labels[0].0, far.labels[0].0), ("left", "left"));
    }

    #[test]
    fn a_head_adds_the_logits_of_its_examples() {
        let kernel = Kernel { sharpness: 20.0, weight: 1.0 };
        let neighbours = Neighbours::new(
            kernel,
            2,
            QuantisedExamples { codes: vec![127, 0, 76, 102], classes_of: vec![0, 1] },
        );
        let head = Head { neighbours: Some(neighbours), ..toy_head() };
        let best = |embedding: &[f32]| head.rank(&mut HashedText::new(""), embedding).labels[0].0;
        assert_eq!((best(&[1.0, 0.0]), best(&[0.6, 0.8])), ("left", "right"));
    }

    #[test]
    fn another_encoder_is_refused_by_name_width_and_checksum() {
        let head = toy_head();
        assert_eq!(head.check_encoder(&head.encoder), Ok(()));
        let other = EncoderIdentity { sha256: "ab".repeat(32), ..head.encoder.clone() };
        let refusal = head.check_encoder(&other).unwrap_err().to_string();
        assert!(refusal.contains("00ff00ff00ff") && refusal.contains("abababababab"), "{refusal}");
        let renamed = EncoderIdentity { name: "else".into(), ..head.encoder.clone() };
        assert_eq!(head.check_encoder(&renamed), Ok(()));
    }
}
