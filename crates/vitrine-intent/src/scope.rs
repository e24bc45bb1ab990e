//! In-scope score: whether a text matches any label at all.
//!
//! Confidence ranks the labels, but a text outside all of them still has a best label. A separate
//! score combines four kinds of evidence: the log probability of the best label, the energy (log
//! sum of the exponentiated in-scope logits), the cosine with the centroid of the best label's
//! examples, and the classifier's own odds against `oos`. Probability misses texts that resemble no
//! example; the cosine misses texts between two labels; the odds know only what the `oos` examples
//! show, but do not fall where two labels share the probability.
//!
//! Invariants
//! - Evidence is computed from raw logits and does not depend on the temperature.
//!
//! Source: best probability, Hendrycks & Gimpel 2017, arXiv:1610.02136; energy, Liu et al. 2020,
//! arXiv:2010.03759; distance to class means, Lee et al. 2018, arXiv:1807.03888.

use crate::features::SparseRow;
use crate::linear::FeatureRow;
use crate::linear::FitOptions;
use crate::linear::TrainingSet;
use crate::linear::fit;

/// Kinds of evidence.
pub(crate) const EVIDENCE: usize = 4;
/// Minimum out-of-scope examples for fitting the weights.
const OUTSIDE_EXAMPLES_MIN: usize = 20;
/// Weights of the standardised evidence when there are too few examples to fit them.
const DEFAULT_WEIGHTS: [f32; EVIDENCE] = [0.0, 1.0, 1.0, 0.0];
/// L2 penalty of the fitted weights.
const L2_PENALTY: f32 = 1.0;
/// Lower bound of the standard deviation that evidence is divided by.
const SPREAD_MIN: f32 = 1e-6;

/// Evidence that a text is in scope: log probability of the best label, energy, closeness to its
/// centroid, and log odds against `oos` (0 without that label). Higher means more likely in scope.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Evidence([f32; EVIDENCE]);

impl Evidence {
    /// Computes the evidence from `logits`, of which the first `inside` are in scope. `closeness`
    /// is the cosine of the text with the centroid of its best label.
    pub(crate) fn new(logits: &[f32], inside: usize, closeness: f32) -> Self {
        let all = log_sum_exp(logits);
        let best = logits[..inside].iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let energy = log_sum_exp(&logits[..inside]);
        let odds = logits.get(inside).map_or(0.0, |oos| energy - oos);
        Self([best - all, energy, closeness, odds])
    }
}

fn log_sum_exp(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    largest + logits.iter().map(|logit| (logit - largest).exp()).sum::<f32>().ln()
}

/// A linear score of evidence: the log-odds of being in scope. If it was fitted with too few
/// out-of-scope examples, it only ranks texts and has no probabilistic scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScopeScore {
    pub(crate) weights: [f32; EVIDENCE],
    pub(crate) bias: f32,
}

impl ScopeScore {
    /// Fits the score on evidence from held-out predictions, each with whether the example is in
    /// scope.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub(crate) fn fit(examples: &[(Evidence, bool)], seed: u64) -> candle_core::Result<Self> {
        let inside: Vec<[f32; EVIDENCE]> =
            examples.iter().filter(|(_, inside)| *inside).map(|(found, _)| found.0).collect();
        let Moments { means, spreads } = moments(&inside);
        let outside = examples.len() - inside.len();
        let weights = if outside < OUTSIDE_EXAMPLES_MIN || inside.is_empty() {
            (DEFAULT_WEIGHTS, 0.0)
        } else {
            learn(examples, Moments { means, spreads }, seed)?
        };
        let (standard, standard_bias) = weights;
        let weights: [f32; EVIDENCE] = std::array::from_fn(|at| standard[at] / spreads[at]);
        let shift: f32 = weights.iter().zip(means).map(|(weight, mean)| weight * mean).sum();
        Ok(Self { weights, bias: standard_bias - shift })
    }

    /// Score of a text; higher means more likely in scope.
    pub(crate) fn of(&self, evidence: Evidence) -> f32 {
        let weighed = self.weights.iter().zip(evidence.0).map(|(weight, sign)| weight * sign);
        self.bias + weighed.sum::<f32>()
    }

    /// Whether weights and bias are finite.
    pub(crate) fn is_finite(&self) -> bool {
        self.bias.is_finite() && self.weights.iter().all(|weight| weight.is_finite())
    }
}

/// Mean and standard deviation of each kind of evidence.
#[derive(Debug, Clone, Copy)]
struct Moments {
    means: [f32; EVIDENCE],
    spreads: [f32; EVIDENCE],
}

#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
fn moments(rows: &[[f32; EVIDENCE]]) -> Moments {
    let count = rows.len().max(1) as f32;
    let mean = |at: usize| rows.iter().map(|row| row[at]).sum::<f32>() / count;
    let means: [f32; EVIDENCE] = std::array::from_fn(mean);
    let spread = |at: usize| {
        let squares = rows.iter().map(|row| (row[at] - means[at]).powi(2)).sum::<f32>();
        (squares / count).sqrt().max(SPREAD_MIN)
    };
    Moments { means, spreads: std::array::from_fn(spread) }
}

/// Fits weights of the standardised evidence, and a bias, by logistic regression.
fn learn(
    examples: &[(Evidence, bool)],
    Moments { means, spreads }: Moments,
    seed: u64,
) -> candle_core::Result<([f32; EVIDENCE], f32)> {
    let row = |(Evidence(signs), _): &(Evidence, bool)| FeatureRow {
        embedding: (0..EVIDENCE).map(|at| (signs[at] - means[at]) / spreads[at]).collect(),
        ngrams: SparseRow::new(),
    };
    let set = TrainingSet {
        rows: examples.iter().map(row).collect(),
        classes_of: examples.iter().map(|(_, inside)| usize::from(*inside)).collect(),
        classes: 2,
        dimensions: EVIDENCE,
        buckets: 0,
    };
    let members: Vec<usize> = (0..examples.len()).collect();
    let model = fit(&set, &members, FitOptions { l2: L2_PENALTY, ngram_weight: 0.0, seed })?;
    let weights = std::array::from_fn(|at| model.weights[2 * at + 1] - model.weights[2 * at]);
    Ok((weights, model.bias[1] - model.bias[0]))
}

/// Mean direction of the examples of each in-scope label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Centroids {
    /// `[labels, dimensions]` row-major; rows have unit length, or are zero without examples.
    pub(crate) values: Vec<f32>,
    pub(crate) dimensions: usize,
}

impl Centroids {
    /// Computes the centroids of the first `labels` classes from the members' embeddings.
    pub(crate) fn of(set: &TrainingSet, members: &[usize], labels: usize) -> Self {
        let dimensions = set.dimensions;
        let mut values = vec![0.0; labels * dimensions];
        for member in members.iter().filter(|member| set.classes_of[**member] < labels) {
            let first = set.classes_of[*member] * dimensions;
            let row = &mut values[first..first + dimensions];
            for (sum, value) in row.iter_mut().zip(&set.rows[*member].embedding) {
                *sum += value;
            }
        }
        for row in values.chunks_mut(dimensions.max(1)) {
            let norm = row.iter().map(|value| value * value).sum::<f32>().sqrt();
            if norm > 0.0 {
                row.iter_mut().for_each(|value| *value /= norm);
            }
        }
        Self { values, dimensions }
    }

    /// Cosine of an embedding with a label's centroid; 0 for an all-zero vector.
    pub(crate) fn closeness(&self, label: usize, embedding: &[f32]) -> f32 {
        let first = label * self.dimensions;
        let row = &self.values[first..first + self.dimensions];
        let norm = embedding.iter().map(|value| value * value).sum::<f32>().sqrt();
        let product: f32 = row.iter().zip(embedding).map(|(a, b)| a * b).sum();
        if norm > 0.0 { product / norm } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn evidence_falls_when_no_label_or_only_oos_answers() {
        let clear = Evidence::new(&[6.0, 0.0, 0.0], 2, 0.9);
        let faint = Evidence::new(&[0.5, 0.0, 0.0], 2, 0.1);
        let other = Evidence::new(&[6.0, 0.0, 9.0], 2, 0.9);
        assert!(clear.0.iter().zip(faint.0).all(|(clear, faint)| *clear > faint));
        assert!(other.0[0] < clear.0[0] && (other.0[1] - clear.0[1]).abs() < 1e-6);
        assert!((other.0[3] - clear.0[3] + 9.0).abs() < 1e-5);
        assert_eq!(Evidence::new(&[6.0, 0.0], 2, 0.9).0[3], 0.0, "there is no such label");
        assert!((clear.0[0] - (-(1.0 + 2.0 * (-6.0_f32).exp()).ln())).abs() < 1e-6);
    }

    /// Evidence of 200 texts in scope and `outside` out of scope, which differ in closeness only.
    fn examples(outside: usize) -> Vec<(Evidence, bool)> {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut noise = || random.random_range(-1.0_f32..1.0);
        (0..200 + outside)
            .map(|index| {
                let inside = index < 200;
                let closeness = if inside { 0.7 } else { 0.6 } + 0.05 * noise();
                (Evidence([noise(), 5.0 + noise(), closeness, noise()]), inside)
            })
            .collect()
    }

    #[test]
    fn weights_are_learnt_from_examples_or_taken_as_equal() {
        let apart = |score: ScopeScore, examples: &[(Evidence, bool)]| {
            let of = |wanted: bool| -> Vec<f32> {
                let of = examples.iter().filter(|(_, inside)| *inside == wanted);
                of.map(|(evidence, _)| score.of(*evidence)).collect()
            };
            crate::calibration::auroc(&of(true), &of(false)).unwrap()
        };
        let many = examples(60);
        let learnt = ScopeScore::fit(&many, 1).unwrap();
        assert!(apart(learnt, &many) > 0.98 && learnt.is_finite());
        assert_eq!(ScopeScore::fit(&many, 1).unwrap(), learnt);
        let few = ScopeScore::fit(&many[..210], 1).unwrap();
        assert!(apart(few, &many) > 0.9, "the default weights use closeness");
        assert!(apart(few, &many) < apart(learnt, &many));
    }

    #[test]
    fn closeness_is_the_cosine_with_the_mean_of_a_label() {
        let row =
            |embedding: [f32; 2]| FeatureRow { embedding: embedding.to_vec(), ngrams: vec![] };
        let set = TrainingSet {
            rows: vec![row([1.0, 0.0]), row([0.0, 1.0]), row([0.0, -2.0]), row([5.0, 5.0])],
            classes_of: vec![0, 0, 1, 2],
            classes: 3,
            dimensions: 2,
            buckets: 0,
        };
        let found = Centroids::of(&set, &[0, 1, 2, 3], 2);
        assert!((found.closeness(0, &[3.0, 3.0]) - 1.0).abs() < 1e-6);
        assert!((found.closeness(1, &[0.0, 1.0]) + 1.0).abs() < 1e-6);
        assert_eq!(found.closeness(0, &[0.0, 0.0]), 0.0);
        assert_eq!(found.values.len(), 4);
    }
}
