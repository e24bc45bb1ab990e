//! The seam between the engine, which decides who runs, and a model, which computes.

use crate::model::error::ModelError;
use crate::model::step_input::StepInput;

/// What the engine must know of a loaded model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForwardLimits {
    /// Tokens in the vocabulary: the length of one row of logits.
    pub vocabulary_size: usize,
    /// Longest sequence that the model was trained for, tokens.
    pub context_tokens_max: usize,
    /// Token slots in a KV page.
    pub page_tokens: usize,
    /// KV pages that exist.
    pub page_count: usize,
}

/// A loaded decoder with its KV pages.
pub trait Forward: Send {
    /// Its limits; they never change.
    fn limits(&self) -> ForwardLimits;

    /// Runs one packed step: writes K and V of every row into its sequence's pages, then puts the
    /// logits of `input.logit_rows` into `logits`, row-major `[logit_rows, vocabulary_size]`.
    ///
    /// A row's result never depends on who shares the step.
    ///
    /// # Errors
    /// If the input breaks its invariants or the device fails; the pages then hold nothing useful.
    fn step(&mut self, input: &StepInput, logits: &mut Vec<f32>) -> Result<(), ModelError>;
}
