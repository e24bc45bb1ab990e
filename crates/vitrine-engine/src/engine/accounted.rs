//! A model together with the memory that it was granted.
//!
//! Invariants
//! - The grant is given back after the model is gone, never before: fields drop in their order.

use crate::model::Forward;
use crate::model::ForwardLimits;
use crate::model::Logits;
use crate::model::ModelError;
use crate::model::StepInput;
use vitrine_base::memory::Grant;

/// See the module's description.
pub(crate) struct Accounted {
    model: Box<dyn Forward>,
    #[expect(dead_code, reason = "dropping it is its purpose")]
    grant: Grant,
}

impl Accounted {
    /// Ties `grant` to `model`.
    pub(crate) fn new(model: Box<dyn Forward>, grant: Grant) -> Self {
        Self { model, grant }
    }
}

impl Forward for Accounted {
    fn limits(&self) -> ForwardLimits {
        self.model.limits()
    }

    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError> {
        self.model.forward(step)
    }
}
