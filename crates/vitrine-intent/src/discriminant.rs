//! Fisher's discriminant: class means under one shared covariance, the second classifier of a
//! blend.
//!
//! Logistic regression fits the borders between classes, which few examples determine badly; class
//! means and one shared covariance need fewer examples. The discriminant is linear too, so its
//! weights are added to those of a [`LinearClassifier`] and cost nothing at classification time.
//!
//! Invariants
//! - A class without members has logit zero.
//!
//! Source: linear discriminant, Fisher 1936; covariance shrunk to a multiple of the identity,
//! Friedman 1989 (regularized discriminant analysis).

use crate::linear::LinearClassifier;
use crate::linear::TrainingSet;
use candle_core::Device;
use candle_core::Tensor;

/// Shrinkage of the covariance to a multiple of the identity, 0 to 1. Of 0.1 to 0.7, 0.3 and 0.5
/// were best on BANKING77 with 10 examples per intent.
const SHRINKAGE: f64 = 0.3;
/// Floor added to each variance, as a share of the mean variance.
const SPREAD_MIN: f64 = 1e-6;
/// Maximum rows, roughly, on which logit magnitudes are compared.
const MEASURED_ROWS: usize = 1_000;

/// Weights and bias over embeddings alone, scaled to the logit magnitude of another classifier.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Discriminant {
    /// `[dimensions, classes]` row-major.
    weights: Vec<f32>,
    /// `[classes]`.
    bias: Vec<f32>,
}

impl Discriminant {
    /// Fits the discriminant on the members' embeddings and scales it so that its logits vary as
    /// much on them as those of `beside`.
    ///
    /// # Errors
    /// If the tensor library fails.
    ///
    /// # Panics
    /// If a member or a class is out of range.
    #[expect(clippy::cast_precision_loss, reason = "counts of examples are small")]
    pub(crate) fn of(
        set: &TrainingSet,
        members: &[usize],
        beside: &LinearClassifier,
    ) -> candle_core::Result<Self> {
        let (classes, dimensions) = (set.classes, set.dimensions);
        let (means, middle) = means(set, members);
        let residuals: Vec<f32> = members
            .iter()
            .flat_map(|at| {
                let mean = &means[set.classes_of[*at] * dimensions..][..dimensions];
                set.rows[*at].embedding.iter().zip(mean).map(|(value, mean)| value - mean)
            })
            .collect();
        let residuals = Tensor::from_vec(residuals, (members.len(), dimensions), &Device::Cpu)?;
        let spread: Vec<f32> = residuals.t()?.matmul(&residuals)?.flatten_all()?.to_vec1()?;
        let share = 1.0 / members.len().max(1) as f64;
        let mut spread: Vec<f64> = spread.iter().map(|value| f64::from(*value) * share).collect();
        shrink(&mut spread, dimensions);
        let root = CholeskyFactor::of(spread, dimensions);

        let mut weights = vec![0.0_f32; dimensions * classes];
        let mut bias = vec![0.0_f32; classes];
        for (class, mean) in means.chunks(dimensions.max(1)).enumerate() {
            let mut solved: Vec<f64> =
                mean.iter().zip(&middle).map(|(a, b)| f64::from(a - b)).collect();
            root.solve(&mut solved);
            let between = mean.iter().zip(&middle).map(|(a, b)| f64::from(a + b) / 2.0);
            let height: f64 = between.zip(&solved).map(|(a, b)| a * b).sum();
            #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
            for (at, value) in solved.iter().enumerate() {
                weights[at * classes + class] = *value as f32;
            }
            #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
            let height = height as f32;
            bias[class] = -height;
        }
        let mut found = Self { weights, bias };
        found.scale(set, members, beside);
        Ok(found)
    }

    /// Scales the weights so that logits vary as much as those of `beside`.
    fn scale(&mut self, set: &TrainingSet, members: &[usize], beside: &LinearClassifier) {
        let step = members.len().div_ceil(MEASURED_ROWS).max(1);
        let measured = || members.iter().step_by(step).map(|at| &set.rows[*at]);
        let its: f64 = measured().map(|row| variance(&self.logits(&row.embedding))).sum();
        let others: f64 =
            measured().map(|row| variance(&beside.logits(&row.embedding, &row.ngrams))).sum();
        #[expect(clippy::cast_possible_truncation, reason = "a factor needs no f64 precision")]
        let factor = if its > 0.0 { (others / its).sqrt() as f32 } else { 0.0 };
        self.weights.iter_mut().chain(&mut self.bias).for_each(|value| *value *= factor);
    }

    /// Logits of a text, `[classes]`.
    pub(crate) fn logits(&self, embedding: &[f32]) -> Vec<f32> {
        let mut logits = self.bias.clone();
        for (value, row) in embedding.iter().zip(self.weights.chunks(self.bias.len())) {
            logits.iter_mut().zip(row).for_each(|(logit, weight)| *logit += value * weight);
        }
        logits
    }

    /// Adds the weights, times `share`, to a classifier over the same embeddings.
    pub(crate) fn add_to(&self, model: &mut LinearClassifier, share: f32) {
        let add = |to: &mut [f32], from: &[f32]| {
            to.iter_mut().zip(from).for_each(|(sum, value)| *sum += share * value);
        };
        add(&mut model.weights, &self.weights);
        add(&mut model.bias, &self.bias);
    }
}

/// Variance of logits around their mean.
#[expect(clippy::cast_precision_loss, reason = "there are few classes")]
pub(crate) fn variance(logits: &[f32]) -> f64 {
    let count = logits.len().max(1) as f64;
    let mean = logits.iter().map(|logit| f64::from(*logit)).sum::<f64>() / count;
    logits.iter().map(|logit| (f64::from(*logit) - mean).powi(2)).sum::<f64>() / count
}

/// Class means, `[classes, dimensions]`, and the mean of all members, `[dimensions]`. A class
/// without members gets the latter.
#[expect(clippy::cast_precision_loss, reason = "counts of examples are small")]
fn means(set: &TrainingSet, members: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let dimensions = set.dimensions;
    let mut means = vec![0.0_f32; set.classes * dimensions];
    let mut middle = vec![0.0_f32; dimensions];
    let mut counts = vec![0_usize; set.classes];
    for at in members {
        let class = set.classes_of[*at];
        counts[class] += 1;
        let sums = means[class * dimensions..][..dimensions].iter_mut();
        for ((sum, total), value) in sums.zip(&mut middle).zip(&set.rows[*at].embedding) {
            *sum += value;
            *total += value;
        }
    }
    middle.iter_mut().for_each(|total| *total /= members.len().max(1) as f32);
    for (mean, count) in means.chunks_mut(dimensions.max(1)).zip(counts) {
        match count {
            0 => mean.copy_from_slice(&middle),
            _ => mean.iter_mut().for_each(|sum| *sum /= count as f32),
        }
    }
    (means, middle)
}

/// Shrinks a covariance matrix, `[dimensions, dimensions]`, to a multiple of the identity.
#[expect(clippy::cast_precision_loss, reason = "embeddings are narrow")]
fn shrink(spread: &mut [f64], dimensions: usize) {
    let diagonal = (0..dimensions).map(|at| spread[at * dimensions + at]);
    let mean = diagonal.sum::<f64>() / dimensions.max(1) as f64;
    let floor = SHRINKAGE * mean + SPREAD_MIN * mean.max(SPREAD_MIN);
    spread.iter_mut().for_each(|value| *value *= 1.0 - SHRINKAGE);
    for at in 0..dimensions {
        spread[at * dimensions + at] += floor;
    }
}

/// Cholesky factor: the lower triangle whose product with its transpose is the given matrix.
struct CholeskyFactor {
    /// `[dimensions, dimensions]` row-major; values above the diagonal are meaningless.
    values: Vec<f64>,
    dimensions: usize,
}

impl CholeskyFactor {
    fn of(mut values: Vec<f64>, dimensions: usize) -> Self {
        for row in 0..dimensions {
            let (before, rest) = values.split_at_mut(row * dimensions);
            let current = &mut rest[..dimensions];
            for (column, other) in before.chunks(dimensions).enumerate() {
                let dot: f64 =
                    current[..column].iter().zip(&other[..column]).map(|(a, b)| a * b).sum();
                current[column] = (current[column] - dot) / other[column];
            }
            let square: f64 = current[..row].iter().map(|value| value * value).sum();
            // Shrinkage keeps the pivot positive except for rounding.
            current[row] = (current[row] - square).max(f64::MIN_POSITIVE).sqrt();
        }
        Self { values, dimensions }
    }

    /// Solves `matrix · x = vector` in place, for the factored matrix.
    fn solve(&self, vector: &mut [f64]) {
        let dimensions = self.dimensions;
        for row in 0..dimensions {
            let values = &self.values[row * dimensions..][..=row];
            let dot: f64 = values[..row].iter().zip(&*vector).map(|(a, b)| a * b).sum();
            vector[row] = (vector[row] - dot) / values[row];
        }
        for row in (0..dimensions).rev() {
            let values = &self.values[row * dimensions..][..=row];
            vector[row] /= values[row];
            let (before, found) = vector.split_at_mut(row);
            let found = found[0];
            before.iter_mut().zip(values).for_each(|(other, value)| *other -= value * found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::FeatureRow;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_factor_solves_its_matrix() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let root = CholeskyFactor::of(matrix.to_vec(), 3);
        let wanted = [1.0, -2.0, 0.5];
        let mut vector: Vec<f64> =
            matrix.chunks(3).map(|row| row.iter().zip(wanted).map(|(a, b)| a * b).sum()).collect();
        root.solve(&mut vector);
        assert!(vector.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{vector:?}");
    }

    /// Two classes that differ in the second dimension and vary widely in the first.
    fn set(examples: usize) -> TrainingSet {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let rows = (0..examples)
            .map(|at| {
                let side = if at % 2 == 0 { 0.2 } else { -0.2 };
                let wide = random.random_range(-1.0_f32..1.0);
                let narrow = side + random.random_range(-0.15_f32..0.15);
                FeatureRow { embedding: vec![wide, narrow], ngrams: vec![] }
            })
            .collect();
        let classes_of = (0..examples).map(|at| at % 2).collect();
        TrainingSet { rows, classes_of, classes: 3, dimensions: 2, buckets: 0 }
    }

    fn flat() -> LinearClassifier {
        LinearClassifier {
            classes: 3,
            dimensions: 2,
            ngram_weight: 0.0,
            weights: vec![0.0, 0.0, 0.0, 1.0, -1.0, 0.0],
            bias: vec![0.0; 3],
        }
    }

    #[test]
    fn a_wide_direction_counts_less_than_a_narrow_one() {
        let set = set(400);
        let found = Discriminant::of(&set, &(0..8).collect::<Vec<_>>(), &flat()).unwrap();
        let right = (8..400).filter(|at| {
            let logits = found.logits(&set.rows[*at].embedding);
            (logits[0] > logits[1]) == (set.classes_of[*at] == 0)
        });
        assert!(right.count() > 360);
        assert_eq!(found.logits(&[0.3, 0.2])[2], 0.0, "a class without members");
    }

    #[test]
    fn logits_are_scaled_to_another_classifier_and_added_to_it() {
        let (set, members) = (set(60), (0..60).collect::<Vec<_>>());
        let mut model = flat();
        let found = Discriminant::of(&set, &members, &model).unwrap();
        let total = |logits: &dyn Fn(&[f32]) -> Vec<f32>| -> f64 {
            set.rows.iter().map(|row| variance(&logits(&row.embedding))).sum()
        };
        let its = total(&|embedding| found.logits(embedding));
        let others = total(&|embedding| flat().logits(embedding, &vec![]));
        assert!((its / others - 1.0).abs() < 1e-3, "{its} {others}");
        found.add_to(&mut model, 0.5);
        let text = [0.3, -0.1];
        let (sum, parts) = (model.logits(&text, &vec![]), found.logits(&text));
        let before = flat().logits(&text, &vec![]);
        let expected = before.iter().zip(&parts).map(|(a, b)| a + 0.5 * b);
        assert!(sum.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
