//! The seam between `engine` and a model: rows in, logits out.

use crate::model::error::ModelError;
use crate::model::likeliest::Likeliest;
use crate::model::step_input::StepInput;
use std::sync::Arc;

/// What the engine must know of a model before it plans a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardLimits {
    /// Token ids run below this.
    pub vocabulary_size: usize,
    /// Longest sequence, prompt and output together.
    pub context_tokens_max: usize,
    /// Token slots in one KV page.
    pub page_tokens: usize,
    /// KV pages in the pool.
    pub page_count: usize,
    /// Bytes of weights, as loaded.
    pub weight_bytes: u64,
    /// Bytes of the KV pool.
    pub kv_bytes: u64,
}

/// What a step tells: logits of its wanted rows, and the likeliest token of its greedy rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logits {
    /// Row-major `[rows or more, vocabulary]`. Shared with the executor, which computes the next
    /// step's into the same memory once these are dropped: tens of megabytes from the system in
    /// every step cost a thirtieth of it.
    values: Arc<Vec<f32>>,
    vocabulary_size: usize,
    rows: usize,
    likeliest: Vec<Option<u32>>,
}

impl Logits {
    /// Wraps row-major `[rows, vocabulary_size]` values.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows: an executor's bug.
    #[must_use]
    pub fn new(values: impl Into<Arc<Vec<f32>>>, vocabulary_size: usize) -> Self {
        let values = values.into();
        assert!(values.len().is_multiple_of(vocabulary_size.max(1)), "logits come in whole rows");
        let rows = values.len() / vocabulary_size.max(1);
        Self { values, vocabulary_size, rows, likeliest: Vec::new() }
    }

    /// The likeliest tokens of a step of greedy rows alone: `None` where no logit was usable.
    #[must_use]
    pub fn greedy(likeliest: Vec<Option<u32>>) -> Self {
        Self { likeliest, ..Self::default() }
    }

    /// The last `greedy` rows tell their likeliest token and nothing else.
    #[must_use]
    pub fn with_greedy(mut self, greedy: usize) -> Self {
        let all = self.values.chunks_exact(self.vocabulary_size.max(1));
        self.rows = self.rows.saturating_sub(greedy);
        let last = all.skip(self.rows);
        self.likeliest = last.map(|row| Likeliest::of(row).token_id()).collect();
        self
    }

    /// Logits of each wanted row of the step, in its order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.vocabulary_size.max(1)).take(self.rows)
    }

    /// The likeliest token of each greedy row of the step, in its order; `None` where no logit was
    /// usable.
    #[must_use]
    pub fn likeliest(&self) -> &[Option<u32>] {
        &self.likeliest
    }
}

/// A causal language model that computes packed steps over a paged KV pool that it owns.
pub trait Forward: Send {
    /// Its limits; they never change.
    fn limits(&self) -> ForwardLimits;

    /// Computes all rows of `step`, stores their keys and values in the segments' pages and returns
    /// logits for the wanted rows and the likeliest tokens of the greedy ones.
    ///
    /// A row's result depends on its own sequence only, never on the others in the step.
    ///
    /// # Errors
    /// If a token, page or length is outside the limits, or the computation fails.
    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError>;
}
