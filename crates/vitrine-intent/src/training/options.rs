//! Options of training, and its progress.

use crate::features::NgramSpec;
use crate::linear::FitOptions;
use crate::training::cross_validation::Hyperparameters;
use crate::training::cross_validation::SearchSpace;
use std::num::NonZeroUsize;

/// Options of [`train`](super::train). [`TrainingOptions::default`] has the recommended values:
/// seed 1, all cores, no fine-tuning of the encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOptions {
    /// Seed of folds and shuffles.
    pub seed: u64,
    /// Number of fits that run in parallel. Recommended: all cores.
    pub threads: NonZeroUsize,
    /// Character n-gram lengths and hash buckets.
    pub ngrams: NgramSpec,
    /// L2 penalties to try, at least one. Recommended: 0.01, 0.03, 0.1, 0.3.
    pub l2_grid: Vec<f32>,
    /// Factors on n-gram values to try, at least one; 0 ignores n-grams. Recommended: 0, 0.25, 0.5,
    /// 1, 1.5.
    pub ngram_weight_grid: Vec<f32>,
    /// Whether the words of a label's name may count as one more example of it; used only if that
    /// lowers the held-out loss. Recommended: true.
    pub label_names: bool,
    /// Whether the head may store its examples, one byte per embedding value; used only if that
    /// lowers the held-out loss. Recommended: true.
    pub keep_examples: bool,
    /// Maximum share of in-scope examples, 0 to 1, whose right answer may be lost to abstention.
    /// Recommended: 0.02.
    pub accuracy_cost_max: f64,
    /// Whether to fine-tune the encoder's last layers too; used only if that lowers the held-out
    /// loss. Training takes minutes instead of seconds, and the head file stores changed weights.
    pub adapt: bool,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            ngrams: NgramSpec::default(),
            l2_grid: vec![0.01, 0.03, 0.1, 0.3],
            ngram_weight_grid: vec![0.0, 0.25, 0.5, 1.0, 1.5],
            label_names: true,
            keep_examples: true,
            accuracy_cost_max: 0.02,
            adapt: false,
        }
    }
}

impl TrainingOptions {
    pub(super) fn search_space(&self) -> SearchSpace {
        let (l2, other_l2) = middle(&self.l2_grid);
        let (ngram_weight, ngram_weights) = middle(&self.ngram_weight_grid);
        let fit = FitOptions { l2, ngram_weight, seed: self.seed };
        let start = Hyperparameters { fit, label_names: false };
        SearchSpace { start, ngram_weights, l2: other_l2, label_names: self.label_names }
    }
}

/// The middle value of a grid, and the remaining ones; 0 for an empty grid.
fn middle(grid: &[f32]) -> (f32, Vec<f32>) {
    let mut others = grid.to_vec();
    let middle = others.len() / 2;
    let taken = if others.is_empty() { 0.0 } else { others.remove(middle) };
    (taken, others)
}

/// Progress of training, phase by phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainingProgress {
    /// Texts are being embedded.
    Embedding {
        /// Texts embedded so far.
        done: usize,
        /// Texts in total.
        total: usize,
    },
    /// The encoder is being fine-tuned.
    Adapting {
        /// Optimiser steps done so far, over all folds.
        done: usize,
        /// Optimiser steps in total.
        total: usize,
    },
    /// Classifiers are being fitted.
    Fitting {
        /// Fits done so far.
        done: usize,
        /// Fits in total.
        total: usize,
    },
}

/// Callback for progress; called from any training thread.
pub type ProgressListener<'a> = &'a (dyn Fn(TrainingProgress) + Sync);
