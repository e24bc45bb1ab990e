//! Centring: embeddings without what all of them have in common.
//!
//! Many encoders place all sentences in one narrow direction; of multilingual-e5 any two have a
//! cosine above 0.7. Without the mean, differences of meaning fill the space, so that classifiers
//! fit better in the same number of steps and cosines tell texts apart.
//!
//! Invariants
//! - A centred embedding has unit length in each part, or is all zeros.
//!
//! Source: common-mean removal, Mu & Viswanath 2018, arXiv:1702.01417.

use half::f16;

/// Mean of a set of embeddings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Centre {
    /// `[parts * width]`; a joined embedding has two parts.
    mean: Vec<f32>,
    /// Width of one encoder's embedding.
    width: usize,
}

impl Centre {
    /// The mean of embeddings, rounded to what a head file stores. `width` is the width of one
    /// encoder's part.
    #[expect(clippy::cast_precision_loss, reason = "counts of examples are small")]
    pub(crate) fn of(embeddings: &[Vec<f32>], width: usize) -> Self {
        let mut mean = vec![0.0_f32; embeddings.first().map_or(0, Vec::len)];
        for embedding in embeddings {
            mean.iter_mut().zip(embedding).for_each(|(sum, value)| *sum += value);
        }
        let count = embeddings.len().max(1) as f32;
        mean.iter_mut().for_each(|sum| *sum = f16::from_f32(*sum / count).to_f32());
        Self::new(mean, width)
    }

    /// From a mean that is known already.
    pub(crate) fn new(mean: Vec<f32>, width: usize) -> Self {
        Self { mean, width: width.max(1) }
    }

    /// The mean, `[parts * width]`.
    pub(crate) fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The embedding without the mean, each part scaled to unit length.
    pub(crate) fn subtracted(&self, embedding: &[f32]) -> Vec<f32> {
        let mut centred: Vec<f32> =
            embedding.iter().zip(&self.mean).map(|(value, mean)| value - mean).collect();
        for part in centred.chunks_mut(self.width) {
            let length = part.iter().map(|value| value * value).sum::<f32>().sqrt();
            if length > 0.0 {
                part.iter_mut().for_each(|value| *value /= length);
            }
        }
        centred
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_embeddings_share_is_gone_and_each_part_has_unit_length() {
        let embeddings = [vec![1.0, 0.5, 0.0, 2.0], vec![1.0, -0.5, 4.0, 2.0]];
        let centre = Centre::of(&embeddings, 2);
        assert_eq!(centre.mean(), [1.0, 0.0, 2.0, 2.0]);
        assert_eq!(centre.subtracted(&embeddings[0]), [0.0, 1.0, -1.0, 0.0]);
        assert_eq!(centre.subtracted(&embeddings[1]), [0.0, -1.0, 1.0, 0.0]);
        assert_eq!(centre.subtracted(centre.mean()), [0.0; 4]);
    }

    #[test]
    fn no_embeddings_have_an_empty_centre() {
        assert!(Centre::of(&[], 384).mean().is_empty());
    }
}
