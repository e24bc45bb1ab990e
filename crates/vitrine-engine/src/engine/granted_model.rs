//! Ties a loaded model to its memory grant.
//!
//! Invariants
//! - The grant is released after the model is dropped, never before: fields drop in declaration
//!   order.

use crate::model::Forward;
use crate::model::ForwardLimits;
use crate::model::Logits;
use crate::model::ModelError;
use crate::model::StepInput;
use vitrine_base::memory::Grant;

/// A model and the memory grant that covers it.
pub(crate) struct GrantedModel {
    model: Box<dyn Forward>,
    #[expect(dead_code, reason = "held only to be dropped after the model")]
    grant: Grant,
}

impl GrantedModel {
    pub(crate) fn new(model: Box<dyn Forward>, grant: Grant) -> Self {
        Self { model, grant }
    }
}

impl Forward for GrantedModel {
    fn limits(&self) -> ForwardLimits {
        self.model.limits()
    }

    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError> {
        self.model.forward(step)
    }
}
