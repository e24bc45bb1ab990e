//! The interface between `engine` and a model: packed rows in, logits out.

use crate::model::error::ModelError;
use crate::model::likeliest::Likeliest;
use crate::model::step_input::StepInput;
use std::sync::Arc;

/// Fixed properties of a loaded model that the engine needs to plan steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardLimits {
    /// Size of the vocabulary; token ids are below it.
    pub vocabulary_size: usize,
    /// Longest sequence in tokens, prompt and output together.
    pub context_tokens_max: usize,
    /// Token slots per KV page.
    pub page_tokens: usize,
    /// KV pages in the pool.
    pub page_count: usize,
    /// Bytes of the weights as loaded.
    pub weight_bytes: u64,
    /// Bytes of the KV pool.
    pub kv_bytes: u64,
}

/// Result of a step: logits of the rows that requested them, and the most likely token of each
/// greedy row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logits {
    /// Row-major `[at least rows, vocabulary]`. Shared with the executor, which reuses the memory
    /// for the next step once this value is dropped: allocating tens of megabytes in every step
    /// took a thirtieth of its time.
    values: Arc<Vec<f32>>,
    vocabulary_size: usize,
    rows: usize,
    likeliest: Vec<Option<u32>>,
}

impl Logits {
    /// Wraps row-major `[rows, vocabulary_size]` values.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows: a bug in the executor.
    #[must_use]
    pub fn new(values: impl Into<Arc<Vec<f32>>>, vocabulary_size: usize) -> Self {
        let values = values.into();
        assert!(values.len().is_multiple_of(vocabulary_size.max(1)), "logits must be whole rows");
        let rows = values.len() / vocabulary_size.max(1);
        Self { values, vocabulary_size, rows, likeliest: Vec::new() }
    }

    /// The result of a step with greedy rows only. An entry is `None` where no logit was usable.
    #[must_use]
    pub fn greedy(likeliest: Vec<Option<u32>>) -> Self {
        Self { likeliest, ..Self::default() }
    }

    /// Makes the last `greedy` rows greedy rows: only their most likely tokens remain visible.
    #[must_use]
    pub fn with_greedy(mut self, greedy: usize) -> Self {
        let all = self.values.chunks_exact(self.vocabulary_size.max(1));
        self.rows = self.rows.saturating_sub(greedy);
        let last = all.skip(self.rows);
        self.likeliest = last.map(|row| Likeliest::of(row).token_id()).collect();
        self
    }

    /// Logits of each row that requested them, in step order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.vocabulary_size.max(1)).take(self.rows)
    }

    /// The most likely token of each greedy row, in step order; `None` where every logit was NaN or
    /// minus infinity.
    #[must_use]
    pub fn likeliest(&self) -> &[Option<u32>] {
        &self.likeliest
    }
}

/// A causal language model that computes packed steps and owns its paged KV pool.
pub trait Forward: Send {
    /// The model's limits; they never change.
    fn limits(&self) -> ForwardLimits;

    /// Computes all rows of `step` and stores their keys and values in the segments' pages. Returns
    /// logits for the rows that requested them and the most likely tokens of the greedy rows.
    ///
    /// A row's result depends on its own sequence only, never on other sequences in the step.
    ///
    /// # Errors
    /// If a token id, page or length is outside the limits, or the computation fails.
    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError>;
}
