//! The parts that an engine is built from.

use crate::engine::vocabulary::TokenVocabulary;
use crate::model::Forward;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;

/// The parts that an engine is built from.
pub struct EngineParts {
    /// The model's name, used in logs and in the thread's name.
    pub name: String,
    /// The loaded model, which stores the KV pages.
    pub model: Box<dyn Forward>,
    /// End-of-text tokens and detokenization.
    pub vocabulary: Arc<dyn TokenVocabulary>,
    /// Clock for deadlines and timings.
    pub clock: SharedClock,
}

impl std::fmt::Debug for EngineParts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EngineParts").field("name", &self.name).finish_non_exhaustive()
    }
}
