//! Who drafts now: read once a turn, changed while turns run.

use crate::turn::draft::Drafter;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// The drafter's place; a turn keeps the drafter that it began with.
#[derive(Debug)]
pub(crate) struct DrafterSlot {
    drafter: RwLock<Arc<dyn Drafter>>,
}

impl DrafterSlot {
    /// A slot that holds `drafter`.
    pub(crate) fn new(drafter: Box<dyn Drafter>) -> Self {
        Self { drafter: RwLock::new(Arc::from(drafter)) }
    }

    /// The drafter of a turn that begins now.
    pub(crate) fn current(&self) -> Arc<dyn Drafter> {
        Arc::clone(&self.drafter.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Turns that begin from now on get `drafter`.
    pub(crate) fn replace(&self, drafter: Box<dyn Drafter>) {
        let new = Arc::from(drafter);
        let mut place = self.drafter.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, new);
        drop(place);
        // The last holder of a model begins its end, which must not happen under the lock.
        drop(old);
    }
}
