//! The current reading model: replaced with the drafting model while turns run.

use crate::turn::model_reader::reader::ModelReader;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// Holds the current reading model, if there is one. A turn keeps the one that it started with.
#[derive(Debug, Default)]
pub(crate) struct ReaderSlot {
    reader: RwLock<Option<Arc<dyn ModelReader>>>,
}

impl ReaderSlot {
    /// Creates a slot that holds `reader`.
    pub(crate) fn new(reader: Option<Arc<dyn ModelReader>>) -> Self {
        Self { reader: RwLock::new(reader) }
    }

    /// The reading model for a turn that starts now; `None` if the rules read alone.
    pub(crate) fn current(&self) -> Option<Arc<dyn ModelReader>> {
        self.reader.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the reading model.
    pub(crate) fn replace(&self, reader: Option<Arc<dyn ModelReader>>) {
        let mut place = self.reader.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, reader);
        drop(place);
        // Dropping the last reference shuts the model down, which must not happen under the lock.
        drop(old);
    }
}
