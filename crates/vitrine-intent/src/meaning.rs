//! Meanings of texts that can be compared: centred embeddings.
//!
//! Invariants
//! - Has unit length, or is all zeros; the likeness of two is their cosine.

use std::sync::Arc;

/// What a text means, as a direction. Compare only meanings from one classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning(Arc<[f32]>);

impl Meaning {
    /// From a centred embedding.
    pub(crate) fn new(centred: Vec<f32>) -> Self {
        Self(centred.into())
    }

    /// How alike two meanings are, -1 to 1. Of the house encoder, unrelated texts are near 0, a
    /// question and the statement that answers it above 0.3.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        self.0.iter().zip(other.0.iter()).map(|(a, b)| a * b).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_the_cosine() {
        let [east, north] = [vec![1.0, 0.0], vec![0.0, 1.0]].map(Meaning::new);
        assert_eq!((east.likeness(&east), east.likeness(&north)), (1.0, 0.0));
        assert_eq!(east.likeness(&Meaning::new(vec![-1.0, 0.0])), -1.0);
    }
}
