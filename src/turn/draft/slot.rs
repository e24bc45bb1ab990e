//! The current drafter: read once a turn, replaced while turns run.

use crate::turn::draft::Drafter;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// Holds the current drafter. A turn keeps the drafter that it started with.
#[derive(Debug)]
pub(crate) struct DrafterSlot {
    drafter: RwLock<Arc<dyn Drafter>>,
}

impl DrafterSlot {
    /// Creates a slot that holds `drafter`.
    pub(crate) fn new(drafter: Box<dyn Drafter>) -> Self {
        Self { drafter: RwLock::new(Arc::from(drafter)) }
    }

    /// The drafter for a turn that starts now.
    pub(crate) fn current(&self) -> Arc<dyn Drafter> {
        Arc::clone(&self.drafter.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the drafter; turns that start from now on use the new one.
    pub(crate) fn replace(&self, drafter: Box<dyn Drafter>) {
        let new = Arc::from(drafter);
        let mut place = self.drafter.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, new);
        drop(place);
        // Dropping the last reference shuts the model down, which must not happen under the lock.
        drop(old);
    }
}
