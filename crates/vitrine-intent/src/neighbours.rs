//! Kernel-weighted nearest-neighbour classifier, the third kind in a head's blend.
//!
//! The score of a class is the sum over its examples of `exp((cosine - 1) · sharpness)`, and its
//! logit is the logarithm of that sum. A linear classifier has one direction per class; neighbours
//! also cover a class of several distinct meanings. A head may therefore store its training
//! examples, quantised to one byte per value.
//!
//! Invariants
//! - Logits are finite: each class starts with the weight of one example at cosine -1.
//!
//! Source: kernel classifier, Nadaraya 1964; beside a parametric one, Khandelwal et al. 2020,
//! arXiv:1911.00172.

use crate::linear::TrainingSet;
use candle_core::Device;
use candle_core::Tensor;
use std::collections::BTreeMap;
use vitrine_kernels::dot::dot_bytes;
use vitrine_kernels::tier::Tier;

/// Largest sharpness: at cosine -1 the weight, `exp(-80)`, is still a normal f32.
pub(crate) const SHARPNESS_MAX: f32 = 40.0;
/// Maximum examples stored in a head: 50 MB at 768 dimensions.
pub(crate) const NEIGHBOURS_MAX: usize = 65_536;
/// Widest embedding whose integer dot product with an example fits 32 bits.
pub(crate) const DIMENSIONS_MAX: usize = 16_384;
/// Range of quantised values: 8 bits for a stored example, 11 bits for the text being classified.
const CODE_MAX: f32 = 127.0;
const VALUE_MAX: f32 = 1_023.0;
const _: () = assert!(DIMENSIONS_MAX as i64 * 128 * 1_023 <= i32::MAX as i64);
/// Judged examples per matrix product.
const BATCH_EXAMPLES: usize = 256;

/// Parameters of the kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Kernel {
    /// Factor on `cosine - 1`; above 0, at most [`SHARPNESS_MAX`]. Larger favours nearer examples.
    pub(crate) sharpness: f32,
    /// Factor on the logits in the blend.
    pub(crate) weight: f32,
}

impl Kernel {
    /// Whether sharpness is in range and the weight is finite.
    pub(crate) fn is_sound(self) -> bool {
        self.sharpness > 0.0 && self.sharpness <= SHARPNESS_MAX && self.weight.is_finite()
    }
}

/// Kernel weight of an example at a cosine.
fn count(cosine: f32, sharpness: f32) -> f32 {
    ((cosine - 1.0) * sharpness).exp()
}

/// Quantised examples with their classes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QuantisedExamples {
    /// `[examples, dimensions]` row-major.
    pub(crate) codes: Vec<i8>,
    /// Class index of each example.
    pub(crate) classes_of: Vec<u16>,
}

/// Training examples of a head.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neighbours {
    kernel: Kernel,
    examples: QuantisedExamples,
    /// Reciprocal Euclidean norm of each row of codes; 0 for an all-zero row.
    scales: Vec<f32>,
    /// Instruction set of the inner products.
    tier: Tier,
}

impl Neighbours {
    /// Quantises members of a set: all, or an even share of each class if there are more than
    /// [`NEIGHBOURS_MAX`].
    ///
    /// # Panics
    /// If a member is out of range.
    pub(crate) fn of(set: &TrainingSet, members: &[usize], kernel: Kernel) -> Self {
        let members = even_share(members, &set.classes_of, NEIGHBOURS_MAX);
        let codes = members.iter().flat_map(|at| coded(&set.rows[*at].embedding)).collect();
        // LABELS_MAX is far below u16::MAX.
        let class = |at: &usize| u16::try_from(set.classes_of[*at]).unwrap_or(u16::MAX);
        let classes_of = members.iter().map(class).collect();
        Self::new(kernel, set.dimensions, QuantisedExamples { codes, classes_of })
    }

    /// From examples that are quantised already.
    pub(crate) fn new(kernel: Kernel, dimensions: usize, examples: QuantisedExamples) -> Self {
        let scale = |row: &[i8]| {
            let squares: f32 = row.iter().map(|code| f32::from(*code).powi(2)).sum();
            if squares > 0.0 { squares.sqrt().recip() } else { 0.0 }
        };
        let scales = examples.codes.chunks(dimensions.max(1)).map(scale).collect();
        Self { kernel, examples, scales, tier: Tier::detect() }
    }

    pub(crate) fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Quantised examples, `[examples, dimensions]` row-major.
    pub(crate) fn codes(&self) -> &[i8] {
        &self.examples.codes
    }

    /// Class index of each example.
    pub(crate) fn classes_of(&self) -> &[u16] {
        &self.examples.classes_of
    }

    /// Adds the weighted neighbour logits of a text, `embedding` `[dimensions]`, to `logits`.
    ///
    /// # Panics
    /// If an example's class has no logit. Heads check their classes when opened.
    pub(crate) fn add_logits(&self, embedding: &[f32], logits: &mut [f32]) {
        let Kernel { sharpness, weight } = self.kernel;
        let largest = embedding.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let step = if largest > 0.0 { VALUE_MAX / largest } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "at most VALUE_MAX")]
        let text: Vec<i16> = embedding.iter().map(|value| (value * step).round() as i16).collect();
        let squares: f32 = text.iter().map(|value| f32::from(*value).powi(2)).sum();
        let scale = if squares > 0.0 { squares.sqrt().recip() } else { 0.0 };
        let mut products = vec![0; self.scales.len()];
        dot_bytes(self.tier, &mut products, &self.examples.codes, &text);
        let mut sums = vec![count(-1.0, sharpness); logits.len()];
        let examples = self.examples.classes_of.iter().zip(&self.scales);
        for (product, (class, length)) in products.into_iter().zip(examples) {
            #[expect(clippy::cast_precision_loss, reason = "a cosine needs no f64 precision")]
            let cosine = product as f32 * (scale * length);
            sums[usize::from(*class)] += count(cosine, sharpness);
        }
        logits.iter_mut().zip(sums).for_each(|(logit, sum)| *logit += weight * sum.ln());
    }
}

/// At most `examples_max` members, in their order. Where not all fit, every class keeps the same
/// number of its first members, or all of them if it has fewer.
fn even_share(members: &[usize], classes_of: &[usize], examples_max: usize) -> Vec<usize> {
    if members.len() <= examples_max {
        return members.to_vec();
    }
    let mut of_class: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, usize)> = members
        .iter()
        .enumerate()
        .map(|(position, member)| {
            let earlier = of_class.entry(classes_of[*member]).or_default();
            *earlier += 1;
            (*earlier, position)
        })
        .collect();
    // The first member of each class, then the second of each, until the limit is reached.
    ranked.sort_unstable();
    ranked.truncate(examples_max);
    let mut kept: Vec<usize> = ranked.into_iter().map(|(_, position)| position).collect();
    kept.sort_unstable();
    kept.into_iter().map(|position| members[position]).collect()
}

/// Quantises a vector to bytes, scaled so that its largest magnitude becomes [`CODE_MAX`].
fn coded(embedding: &[f32]) -> impl Iterator<Item = i8> {
    let largest = embedding.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let step = if largest > 0.0 { CODE_MAX / largest } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "at most CODE_MAX")]
    embedding.iter().map(move |value| (value * step).round() as i8)
}

/// Unweighted neighbour logits of the `judge` examples from the `learn` examples, one
/// `[judged][classes]` list for each sharpness. Computed in f32, without quantisation.
///
/// # Errors
/// If the tensor library fails.
///
/// # Panics
/// If an index is out of range.
pub(crate) fn held_out_logits(
    set: &TrainingSet,
    learn: &[usize],
    judge: &[usize],
    sharpnesses: &[f32],
) -> candle_core::Result<Vec<Vec<Vec<f32>>>> {
    let known = directions(set, learn)?.t()?;
    let mut found = vec![Vec::with_capacity(judge.len()); sharpnesses.len()];
    for batch in judge.chunks(BATCH_EXAMPLES) {
        let cosines: Vec<Vec<f32>> = directions(set, batch)?.matmul(&known)?.to_vec2()?;
        for (logits, sharpness) in found.iter_mut().zip(sharpnesses) {
            logits.extend(cosines.iter().map(|cosines| {
                let mut sums = vec![count(-1.0, *sharpness); set.classes];
                for (cosine, at) in cosines.iter().zip(learn) {
                    sums[set.classes_of[*at]] += count(*cosine, *sharpness);
                }
                sums.iter_mut().for_each(|sum| *sum = sum.ln());
                sums
            }));
        }
    }
    Ok(found)
}

/// Embeddings scaled to unit length, `[members, dimensions]`; all-zero rows stay zero.
fn directions(set: &TrainingSet, members: &[usize]) -> candle_core::Result<Tensor> {
    let unit = |at: &usize| {
        let embedding = &set.rows[*at].embedding;
        let length = embedding.iter().map(|value| value * value).sum::<f32>().sqrt();
        let scale = if length > 0.0 { length.recip() } else { 0.0 };
        embedding.iter().map(move |value| value * scale)
    };
    let values: Vec<f32> = members.iter().flat_map(unit).collect();
    Tensor::from_vec(values, (members.len(), set.dimensions), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::FeatureRow;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const KERNEL: Kernel = Kernel { sharpness: 20.0, weight: 0.5 };

    fn set(dimensions: usize) -> TrainingSet {
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let rows = (0..40)
            .map(|_| {
                let embedding = (0..dimensions).map(|_| random.random_range(-1.0_f32..1.0));
                FeatureRow { embedding: embedding.collect(), ngrams: vec![] }
            })
            .collect();
        let classes_of = (0..40).map(|at| at % 3).collect();
        TrainingSet { rows, classes_of, classes: 4, dimensions, buckets: 0 }
    }

    #[test]
    fn quantised_logits_match_exact_ones() {
        let set = set(24);
        let (learn, judge): (Vec<usize>, Vec<usize>) = ((0..30).collect(), (30..40).collect());
        let exact = held_out_logits(&set, &learn, &judge, &[KERNEL.sharpness]).unwrap().remove(0);
        let kept = Neighbours::of(&set, &learn, KERNEL);
        for (at, exact) in judge.iter().zip(exact) {
            let mut logits = vec![1.0; 4];
            kept.add_logits(&set.rows[*at].embedding, &mut logits);
            for (found, exact) in logits.iter().zip(&exact) {
                assert!((found - 1.0 - 0.5 * exact).abs() < 0.05, "{found} {exact}");
            }
        }
    }

    #[test]
    fn a_class_is_as_likely_as_its_examples_are_near() {
        let row =
            |embedding: [f32; 2]| FeatureRow { embedding: embedding.to_vec(), ngrams: vec![] };
        let set = TrainingSet {
            // The first class has two meanings whose mean coincides with the second class.
            rows: vec![row([1.0, 0.0]), row([0.0, 2.0]), row([0.7, 0.7]), row([0.0, 0.0])],
            classes_of: vec![0, 0, 1, 0],
            classes: 3,
            dimensions: 2,
            buckets: 0,
        };
        let kept = Neighbours::of(&set, &[0, 1, 2, 3], KERNEL);
        let scores = |embedding: [f32; 2]| {
            let mut logits = vec![0.0; 3];
            kept.add_logits(&embedding, &mut logits);
            logits
        };
        for (embedding, class) in [([2.0, 0.1], 0), ([0.1, 1.0], 0), ([0.5, 0.6], 1)] {
            let scores = scores(embedding);
            let best = (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
            assert_eq!(best, class, "{scores:?}");
            assert!((scores[2] + KERNEL.sharpness).abs() < 1e-4, "no example: as one at cosine -1");
        }
        assert!(scores([0.0, 0.0]).iter().all(|logit| logit.is_finite()));
    }

    #[test]
    fn members_beyond_the_limit_are_dropped_evenly_from_the_largest_classes() {
        // Sorted by class, as example files often are: 10, 4 and 2 members.
        let classes_of = [[0; 10].as_slice(), &[1; 4], &[2; 2]].concat();
        let members: Vec<usize> = (0..16).collect();
        let kept = even_share(&members, &classes_of, 9);
        assert_eq!(kept, [0, 1, 2, 3, 10, 11, 12, 14, 15]);
        assert_eq!(even_share(&members, &classes_of, 16), members);
        assert_eq!(even_share(&members, &classes_of, 2), [0, 10]);
    }

    #[test]
    fn a_class_that_comes_after_the_limit_keeps_its_examples() {
        let row = FeatureRow { embedding: vec![1.0], ngrams: vec![] };
        let (first, last) = (NEIGHBOURS_MAX, 100);
        let set = TrainingSet {
            rows: vec![row; first + last],
            classes_of: [vec![0; first], vec![1; last]].concat(),
            classes: 2,
            dimensions: 1,
            buckets: 0,
        };
        let members: Vec<usize> = (0..first + last).collect();
        let kept = Neighbours::of(&set, &members, KERNEL);
        assert_eq!(kept.classes_of().len(), NEIGHBOURS_MAX);
        assert_eq!(kept.classes_of().iter().filter(|class| **class == 1).count(), last);
    }

    #[test]
    fn the_widest_product_fits() {
        let (codes, text) = (vec![-128_i8; DIMENSIONS_MAX], vec![-1_023_i16; DIMENSIONS_MAX]);
        let mut product = [0];
        dot_bytes(Tier::detect(), &mut product, &codes, &text);
        assert_eq!(i64::from(product[0]), DIMENSIONS_MAX as i64 * 128 * 1_023);
    }
}
