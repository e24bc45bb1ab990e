//! Multinomial logistic regression over an embedding and hashed n-grams.
//!
//! Each feature owns one row of class weights, so dense and hashed features are the same
//! multiply-and-add over a contiguous row. Classifying one text uses plain loops; fitting uses
//! matrix products for the embeddings of a batch.
//!
//! Invariants
//! - `weights` is `[dimensions + buckets, classes]` row-major, `bias` is `[classes]`.
//! - Fitting is deterministic: the same rows, members, options and seed give the same bits.
//!
//! Source: multinomial logistic regression; Adam, Kingma & Ba 2015, arXiv:1412.6980.

use crate::features::SparseRow;
use candle_core::Device;
use candle_core::Tensor;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Passes over the examples.
const EPOCHS: usize = 20;
/// Initial learning rate; falls linearly to zero.
const LEARNING_RATE: f32 = 0.05;
/// Steps per epoch that the batch size aims for.
const STEPS_PER_EPOCH: usize = 25;
/// Bounds of the batch size.
const BATCH_EXAMPLES_MIN: usize = 16;
const BATCH_EXAMPLES_MAX: usize = 256;
/// Adam's decay rates and epsilon, as published.
const DECAY_FIRST: f32 = 0.9;
const DECAY_SECOND: f32 = 0.999;
const GUARD: f32 = 1e-8;

/// Classifier input of one text.
#[derive(Debug, Clone)]
pub(crate) struct FeatureRow {
    /// Sentence embedding, `[dimensions]`.
    pub(crate) embedding: Vec<f32>,
    /// Hashed n-grams; buckets below [`TrainingSet::buckets`].
    pub(crate) ngrams: SparseRow,
}

/// Options of [`fit`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FitOptions {
    /// L2 penalty: half of this times the squared weights is added to the summed loss.
    pub(crate) l2: f32,
    /// Factor on each n-gram value.
    pub(crate) ngram_weight: f32,
    /// Seed of the shuffles.
    pub(crate) seed: u64,
}

/// Weights of a linear classifier.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinearClassifier {
    pub(crate) classes: usize,
    pub(crate) dimensions: usize,
    pub(crate) ngram_weight: f32,
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl LinearClassifier {
    /// Logits of a text, `[classes]`.
    ///
    /// # Panics
    /// If the features do not match the shape of the weights. Heads check theirs when opened.
    pub(crate) fn logits(&self, embedding: &[f32], ngrams: &SparseRow) -> Vec<f32> {
        let classes = self.classes;
        let mut logits = self.bias.clone();
        let dense = &self.weights[..self.dimensions * classes];
        for (values, rows) in embedding.chunks(4).zip(dense.chunks(4 * classes)) {
            add_rows(&mut logits, rows, values);
        }
        self.add_ngram_logits(ngrams, &mut logits);
        logits
    }

    fn row(&self, feature: usize) -> &[f32] {
        &self.weights[feature * self.classes..(feature + 1) * self.classes]
    }

    fn add_ngram_logits(&self, ngrams: &SparseRow, logits: &mut [f32]) {
        for (bucket, value) in ngrams {
            let row = self.row(self.dimensions + *bucket as usize);
            add_rows(logits, row, &[value * self.ngram_weight]);
        }
    }
}

/// `out += Σ values[i] · rows[i]`. Four rows at a time load and store `out` a quarter as often.
fn add_rows(out: &mut [f32], rows: &[f32], values: &[f32]) {
    let classes = out.len();
    if let [a, b, c, d] = *values {
        let (first, rest) = rows.split_at(classes);
        let (second, rest) = rest.split_at(classes);
        let (third, fourth) = rest.split_at(classes);
        let rows = first.iter().zip(second).zip(third).zip(fourth);
        for (sum, (((w, x), y), z)) in out.iter_mut().zip(rows) {
            *sum += (a * w + b * x) + (c * y + d * z);
        }
        return;
    }
    for (value, row) in values.iter().zip(rows.chunks(classes)) {
        for (sum, weight) in out.iter_mut().zip(row) {
            *sum += value * weight;
        }
    }
}

/// Turns logits into probabilities at a temperature, in place.
pub(crate) fn softmax(logits: &mut [f32], temperature: f32) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for logit in logits.iter_mut() {
        *logit = ((*logit - largest) / temperature).exp();
        total += *logit;
    }
    for logit in logits.iter_mut() {
        *logit /= total;
    }
}

/// Labelled rows to fit on.
#[derive(Debug)]
pub(crate) struct TrainingSet {
    /// One row per text.
    pub(crate) rows: Vec<FeatureRow>,
    /// Class index of each row.
    pub(crate) classes_of: Vec<usize>,
    /// Number of classes.
    pub(crate) classes: usize,
    /// Width of the embeddings.
    pub(crate) dimensions: usize,
    /// Number of n-gram hash buckets.
    pub(crate) buckets: usize,
}

struct Adam {
    gradient: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    step: i32,
}

impl Adam {
    fn new(parameters: usize) -> Self {
        let zeros = vec![0.0; parameters];
        Self { gradient: zeros.clone(), first: zeros.clone(), second: zeros, step: 0 }
    }

    /// One step on `parameters`, with `decay` times each parameter added to its gradient (L2
    /// penalty). Resets the accumulated gradient to zero.
    fn update(&mut self, parameters: &mut [f32], rate: f32, decay: f32) {
        self.step += 1;
        let first_fix = 1.0 / (1.0 - DECAY_FIRST.powi(self.step));
        let second_fix = 1.0 / (1.0 - DECAY_SECOND.powi(self.step));
        let moments = self.first.iter_mut().zip(self.second.iter_mut());
        let state = self.gradient.iter_mut().zip(moments);
        for (parameter, (slope, (first, second))) in parameters.iter_mut().zip(state) {
            let gradient = *slope + decay * *parameter;
            *slope = 0.0;
            *first = DECAY_FIRST * *first + (1.0 - DECAY_FIRST) * gradient;
            *second = DECAY_SECOND * *second + (1.0 - DECAY_SECOND) * gradient * gradient;
            let width = (*second * second_fix).sqrt() + GUARD;
            *parameter -= rate * *first * first_fix / width;
        }
    }
}

/// Fits a classifier on the members of a set.
///
/// # Errors
/// If the tensor library fails.
///
/// # Panics
/// If a member or a class is out of range; callers build them together.
#[expect(clippy::cast_precision_loss, reason = "counts of examples and steps are small")]
pub(crate) fn fit(
    set: &TrainingSet,
    members: &[usize],
    options: FitOptions,
) -> candle_core::Result<LinearClassifier> {
    let rows = set.dimensions + set.buckets;
    let mut model = LinearClassifier {
        classes: set.classes,
        dimensions: set.dimensions,
        ngram_weight: options.ngram_weight,
        weights: vec![0.0; rows * set.classes],
        bias: vec![0.0; set.classes],
    };
    let mut on_weights = Adam::new(model.weights.len());
    let mut on_bias = Adam::new(set.classes);
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut order = members.to_vec();
    let batch_examples =
        (order.len() / STEPS_PER_EPOCH).clamp(BATCH_EXAMPLES_MIN, BATCH_EXAMPLES_MAX);
    let steps = (EPOCHS * order.len().div_ceil(batch_examples)) as f32;
    let decay = options.l2 / order.len().max(1) as f32;
    let mut step = 0.0_f32;
    for _ in 0..EPOCHS {
        order.shuffle(&mut random);
        for batch in order.chunks(batch_examples) {
            let gradients =
                Gradients { weights: &mut on_weights.gradient, bias: &mut on_bias.gradient };
            add_gradients(set, batch, &model, gradients)?;
            let rate = LEARNING_RATE * (1.0 - step / steps);
            on_weights.update(&mut model.weights, rate, decay);
            on_bias.update(&mut model.bias, rate, 0.0);
            step += 1.0;
        }
    }
    Ok(model)
}

/// Gradients of a model's parameters, accumulated over a batch.
struct Gradients<'a> {
    weights: &'a mut [f32],
    bias: &'a mut [f32],
}

/// Adds the mean gradient of a batch to the gradients of weights and bias.
///
/// The embeddings of a batch form one matrix, so their part takes two matrix products. N-grams are
/// sparse and are added row by row.
#[expect(clippy::cast_precision_loss, reason = "a batch has few examples")]
fn add_gradients(
    set: &TrainingSet,
    batch: &[usize],
    model: &LinearClassifier,
    gradients: Gradients<'_>,
) -> candle_core::Result<()> {
    let (classes, dimensions) = (model.classes, model.dimensions);
    let (dense, _) = model.weights.split_at(dimensions * classes);
    let embeddings: Vec<f32> =
        batch.iter().flat_map(|at| set.rows[*at].embedding.iter().copied()).collect();
    let embeddings = Tensor::from_vec(embeddings, (batch.len(), dimensions), &Device::Cpu)?;
    let dense = Tensor::from_slice(dense, (dimensions, classes), &Device::Cpu)?;
    let mut slopes: Vec<f32> = embeddings.matmul(&dense)?.flatten_all()?.to_vec1()?;
    let share = 1.0 / batch.len() as f32;
    for (member, slope) in batch.iter().zip(slopes.chunks_mut(classes)) {
        add_rows(slope, &model.bias, &[1.0]);
        model.add_ngram_logits(&set.rows[*member].ngrams, slope);
        softmax(slope, 1.0);
        slope[set.classes_of[*member]] -= 1.0;
        slope.iter_mut().for_each(|value| *value *= share);
        add_rows(gradients.bias, slope, &[1.0]);
        let hashed = &mut gradients.weights[dimensions * classes..];
        for (bucket, value) in &set.rows[*member].ngrams {
            let start = *bucket as usize * classes;
            add_rows(&mut hashed[start..start + classes], slope, &[value * model.ngram_weight]);
        }
    }
    let slopes = Tensor::from_vec(slopes, (batch.len(), classes), &Device::Cpu)?;
    let gradient: Vec<f32> = embeddings.t()?.matmul(&slopes)?.flatten_all()?.to_vec1()?;
    add_rows(&mut gradients.weights[..dimensions * classes], &gradient, &[1.0]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> TrainingSet {
        let rows: Vec<FeatureRow> = (0..60)
            .map(|index| {
                let class = index % 3;
                let wobble = f32::from(u8::try_from(index / 3).unwrap()) * 0.01;
                let mut embedding = vec![wobble, -wobble, wobble, 0.1, 0.0];
                embedding[class] += 1.0;
                let bucket = u32::try_from(class).unwrap();
                FeatureRow { embedding, ngrams: vec![(bucket, 1.0)] }
            })
            .collect();
        let classes_of = (0..60).map(|index| index % 3).collect();
        TrainingSet { rows, classes_of, classes: 3, dimensions: 5, buckets: 4 }
    }

    #[test]
    fn separable_classes_are_learnt() {
        let set = toy();
        let members: Vec<usize> = (0..30).collect();
        let options = FitOptions { l2: 0.1, ngram_weight: 0.5, seed: 1 };
        let model = fit(&set, &members, options).unwrap();
        for index in 30..60 {
            let logits = model.logits(&set.rows[index].embedding, &set.rows[index].ngrams);
            let best = (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
            assert_eq!(best, set.classes_of[index]);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits() {
        let set = toy();
        let members: Vec<usize> = (0..60).collect();
        let options = FitOptions { l2: 0.1, ngram_weight: 0.5, seed: 7 };
        let fitted = |options| fit(&set, &members, options).unwrap();
        assert_eq!(fitted(options), fitted(options));
        assert_ne!(fitted(options), fitted(FitOptions { seed: 8, ..options }));
    }

    #[test]
    fn four_rows_at_once_equal_one_by_one() {
        let rows: Vec<f32> = (0..20_u8).map(|n| f32::from(n) * 0.37 - 2.0).collect();
        let values = [0.5, -1.0, 2.0, 0.25];
        let mut together = vec![1.0; 5];
        add_rows(&mut together, &rows, &values);
        let mut apart = vec![1.0; 5];
        for (value, row) in values.iter().zip(rows.chunks(5)) {
            add_rows(&mut apart, row, &[*value]);
        }
        assert!(together.iter().zip(&apart).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn a_stronger_l2_penalty_gives_smaller_weights() {
        let set = toy();
        let members: Vec<usize> = (0..60).collect();
        let size = |l2| -> f32 {
            let model = fit(&set, &members, FitOptions { l2, ngram_weight: 1.0, seed: 1 }).unwrap();
            model.weights.iter().map(|weight| weight * weight).sum()
        };
        assert!(size(10.0) < size(0.01));
    }
}
