//! Online softmax of one row of scores, block by block.
//!
//! Source: Milakov & Gimelshein 2018, arXiv:1805.02867.

use crate::exponential::exponential;

/// Interleaved partial results of a maximum or a sum, in a fixed order for all tiers.
const LANES: usize = 16;

/// Largest score and sum of the weights so far. The weights are relative to that score.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnlineSoftmax {
    maximum: f32,
    sum: f32,
}

impl Default for OnlineSoftmax {
    fn default() -> Self {
        Self { maximum: f32::NEG_INFINITY, sum: 0.0 }
    }
}

impl OnlineSoftmax {
    /// Sum of all weights so far: the softmax denominator.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        self.sum
    }

    /// Replaces a block of scores by their unnormalised weights. Returns the factor by which
    /// earlier weighted sums must be multiplied, because the maximum may have grown.
    ///
    /// The length of `scores` must be a multiple of [`LANES`].
    #[inline(always)]
    pub(super) fn weigh(&mut self, scores: &mut [f32]) -> f32 {
        let maximum = self.maximum.max(largest(scores));
        if maximum == f32::NEG_INFINITY {
            // Every score so far is masked: exponentiating would give NaN.
            scores.fill(0.0);
            return 1.0;
        }
        let correction = exponential(self.maximum - maximum);
        let mut sums = [0.0_f32; LANES];
        for part in scores.chunks_exact_mut(LANES) {
            for (score, sum) in part.iter_mut().zip(&mut sums) {
                *score = exponential(*score - maximum);
                *sum += *score;
            }
        }
        let mut lanes = LANES / 2;
        while lanes > 0 {
            for lane in 0..lanes {
                sums[lane] += sums[lane + lanes];
            }
            lanes /= 2;
        }
        self.maximum = maximum;
        self.sum = self.sum.mul_add(correction, sums[0]);
        correction
    }
}

#[inline(always)]
fn largest(scores: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for part in scores.chunks_exact(LANES) {
        for lane in 0..LANES {
            lanes[lane] = if part[lane] > lanes[lane] { part[lane] } else { lanes[lane] };
        }
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, f32::max)
}
