//! The head: what turns a sentence embedding and n-grams into an intent, in one file.
//!
//! The label `oos`, if any, is the last one. `file` reads and writes heads.

mod file;

use crate::error::HeadRefusal;
use crate::features::HashedReading;
use crate::features::NgramSpec;
use crate::linear::Linear;
use crate::linear::softmax;
use crate::neighbours::Neighbours;
use crate::scope::Centroids;
use crate::scope::Evidence;
use crate::scope::ScopeScore;
use serde::Deserialize;
use serde::Serialize;
use vitrine_engine::model::Adaptation;

/// The label that means: none of the others.
pub const OUT_OF_SCOPE: &str = "oos";

/// Most labels of a head, `oos` included: CLINC150 has 151.
pub const LABELS_MAX: usize = 1_024;

/// By how much the best label must be likelier than the second not to be asked about, where
/// training did not choose a margin.
pub const CLARIFY_MARGIN: f32 = 0.1;

/// Which encoder a head belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderIdentity {
    /// Its name, such as `all-MiniLM-L6-v2`; informative, the checksum decides.
    pub name: String,
    /// SHA-256 of its weights file, lower-case hexadecimal.
    pub sha256: String,
    /// Width of its embeddings.
    pub dimensions: usize,
}

impl std::fmt::Display for EncoderIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sha256: String = self.sha256.chars().take(12).collect();
        write!(formatter, "`{}` ({} dimensions, sha256 {sha256}…)", self.name, self.dimensions)
    }
}

/// What is known about a head's training, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingNote {
    /// Examples it was trained on.
    pub examples: usize,
    /// Pull to zero that cross-validation chose.
    pub l2: f32,
    /// Accuracy on held-out folds, best label taken even when abstaining.
    pub accuracy_forced: f64,
    /// Seed of folds and shuffles.
    pub seed: u64,
}

/// Labels with their probabilities for one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranking<'a> {
    /// In-scope labels and their calibrated probabilities, best first.
    pub(crate) labels: Vec<(&'a str, f32)>,
    /// How surely the text is about any of them; the higher, the surer.
    pub(crate) in_scope: f32,
    /// Whether that lies below the head's threshold.
    pub(crate) abstained: bool,
}

/// How a head tells whether a text is about any of its labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scope {
    pub(crate) score: ScopeScore,
    /// Of the in-scope labels.
    pub(crate) centroids: Centroids,
}

/// A trained classifier for one encoder's embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) labels: Vec<String>,
    pub(crate) spec: NgramSpec,
    pub(crate) temperature: f32,
    /// `None`: the best label's probability tells.
    pub(crate) scope: Option<Scope>,
    /// It abstains below; a probability, or a score of `scope`.
    pub(crate) threshold: f32,
    /// The two best labels are asked about when their probabilities differ by less.
    pub(crate) clarify_margin: f32,
    /// Fingerprint of the glossary that its texts were read with.
    pub(crate) glossary: u32,
    pub(crate) training: TrainingNote,
    pub(crate) linear: Linear,
    /// The examples, if they count.
    pub(crate) neighbours: Option<Neighbours>,
    /// What training changed in the encoder, if it did.
    pub(crate) adaptation: Option<Adaptation>,
    /// Whether it reads the embedding of the encoder as it was before that of its own.
    pub(crate) joined: bool,
}

impl Head {
    /// The encoder it was trained for.
    #[must_use]
    pub fn encoder(&self) -> &EncoderIdentity {
        &self.encoder
    }

    /// Its labels, `oos` last if it was trained with such examples.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// What it abstains below: a confidence, or a score of being in scope.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// By how much the best label's probability must exceed the second's for nobody to be asked
    /// which is meant.
    #[must_use]
    pub fn clarify_margin(&self) -> f32 {
        self.clarify_margin
    }

    /// How it was trained.
    #[must_use]
    pub fn training(&self) -> &TrainingNote {
        &self.training
    }

    /// Whether training changed the encoder: such a head needs an encoder of its own.
    #[must_use]
    pub fn adapts_encoder(&self) -> bool {
        self.adaptation.is_some()
    }

    /// Labels that mean something: all but `oos`.
    pub(crate) fn in_scope_labels(&self) -> usize {
        in_scope(&self.labels)
    }

    /// Ranks the in-scope labels for a text and the embedding of its meaning, `[dimensions]`, by
    /// the encoder or by the head's own; by both, one after the other, if it reads them joined.
    ///
    /// # Panics
    /// If the embedding has another width than the head: [`Head::check_encoder`] comes first.
    pub(crate) fn rank(&self, reading: &mut HashedReading<'_>, embedding: &[f32]) -> Ranking<'_> {
        assert_eq!(embedding.len(), self.linear.dimensions, "checked when the head was paired");
        let mut logits = self.linear.logits(embedding, reading.ngrams(self.spec));
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
            Some(Scope { score, centroids }) => {
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

    /// Refuses to work with another encoder or glossary than it was trained with.
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

/// Both embeddings of each text, one after the other.
pub(crate) fn joined(shared: Vec<Vec<f32>>, own: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let join = |(mut shared, own): (Vec<f32>, Vec<f32>)| {
        shared.extend(own);
        shared
    };
    shared.into_iter().zip(own).map(join).collect()
}

/// How many labels come before `oos`.
pub(crate) fn in_scope(labels: &[String]) -> usize {
    labels.len() - usize::from(labels.last().is_some_and(|label| label == OUT_OF_SCOPE))
}

/// A head for embeddings `[2]` that says `left` or `right` by their first value.
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
        glossary: crate::gloss::Glossary::house().fingerprint(),
        training: TrainingNote { examples: 2, l2: 1.0, accuracy_forced: 1.0, seed: 1 },
        linear: Linear {
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
    use crate::gloss::Reading;
    use crate::neighbours::Kernel;

    /// The same, which tells by closeness to `[±1, 0]` whether a text is in scope.
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
        Head { scope: Some(Scope { score, centroids }), threshold, ..toy_head() }
    }

    #[test]
    fn ranks_in_scope_labels_and_abstains_below_its_threshold() {
        let head = toy_head();
        let nothing = Reading { text: "", english: None };
        let ranking = head.rank(&mut HashedReading::new(&nothing), &[1.0, 0.0]);
        assert_eq!(ranking.labels[0].0, "left");
        assert_eq!(ranking.labels.len(), 2);
        assert!(!ranking.abstained);
        assert!(head.rank(&mut HashedReading::new(&nothing), &[0.0, 1.0]).abstained);
    }

    #[test]
    fn a_head_with_a_scope_abstains_from_what_lies_far_from_its_labels() {
        let head = scoped_head();
        let nothing = Reading { text: "", english: None };
        let rank = |embedding: &[f32]| head.rank(&mut HashedReading::new(&nothing), embedding);
        let (near, far) = (rank(&[1.0, 0.0]), rank(&[0.3, 0.9]));
        assert!(near.in_scope > far.in_scope && !near.abstained && far.abstained);
        assert_eq!((near.labels[0].0, far.labels[0].0), ("left", "left"));
    }

    #[test]
    fn a_head_counts_the_examples_that_a_text_lies_nearest_to() {
        let kernel = Kernel { sharpness: 20.0, weight: 1.0 };
        let neighbours = Neighbours::new(kernel, 2, (vec![127, 0, 76, 102], vec![0, 1]));
        let head = Head { neighbours: Some(neighbours), ..toy_head() };
        let nothing = Reading { text: "", english: None };
        let best =
            |embedding: &[f32]| head.rank(&mut HashedReading::new(&nothing), embedding).labels[0].0;
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
