//! One load: opens and warms the model, switches the name to it, then drains the old model on the
//! same thread.

use crate::engine::generation_model::GenerationModel;
use crate::engine::generation_model::open_within;
use crate::engine::registry::ModelRegistry;
use crate::engine::registry::departure::Departure;
use crate::engine::registry::error::LoadFailure;
use crate::engine::registry::slot::FileStamp;
use crate::engine::registry::slot::LoadOrder;
use crate::engine::registry::slot::Outcome;
use crate::engine::registry::slot::Role;
use crate::engine::registry::slot::Served;
use std::sync::Arc;
use std::sync::PoisonError;
use tokio::sync::watch;
use vitrine_base::causes::chain;

/// A load that was registered in its slot. If dropped before its end (a panic, or no thread could
/// be started), it counts as failed, so that no waiter hangs.
pub(super) struct Job {
    registry: Arc<ModelRegistry>,
    order: LoadOrder,
    stamp: FileStamp,
    outcome: watch::Sender<Outcome>,
}

impl Job {
    pub(super) fn new(
        registry: Arc<ModelRegistry>,
        order: LoadOrder,
        stamp: FileStamp,
        outcome: watch::Sender<Outcome>,
    ) -> Self {
        Self { registry, order, stamp, outcome }
    }

    /// Runs the load, then drains the model that it replaced.
    pub(super) fn run(self) {
        let started = self.registry.clock.instant();
        let departure = match self.open().and_then(|model| self.flip(model)) {
            Ok(departure) => {
                let took = self.registry.clock.instant().saturating_duration_since(started);
                tracing::info!(model = self.order.name, ?took, "model loaded");
                self.outcome.send_replace(Some(Ok(())));
                departure
            }
            Err(failure) => {
                self.fail(failure);
                None
            }
        };
        // Ends the load for its waiters before the old model drains, which may take long.
        drop(self);
        if let Some(departure) = departure {
            departure.run();
        }
    }

    fn open(&self) -> Result<GenerationModel, LoadFailure> {
        let refused = |error| LoadFailure::Refused(Arc::new(error));
        let registry = &self.registry;
        let LoadOrder { name, path, options, .. } = &self.order;
        let clock = Arc::clone(&registry.clock);
        let model = open_within(path, name, *options, clock, &registry.memory).map_err(refused)?;
        model.warm_up().map_err(refused)?;
        Ok(model)
    }

    /// Makes the model serve under its name. If it is to become the drafter, the follower may
    /// refuse it. Returns the model that it replaced.
    fn flip(&self, model: GenerationModel) -> Result<Option<Departure>, LoadFailure> {
        let registry = &self.registry;
        let name = &self.order.name;
        let _flip = registry.flip.lock().unwrap_or_else(PoisonError::into_inner);
        let words_turns = self.order.role == Role::Draft || registry.lock().is_draft(name);
        if words_turns {
            let told = registry.tell_follower(model.clone());
            told.map_err(|error| LoadFailure::Refused(Arc::new(error)))?;
        }
        let mut shelf = registry.lock();
        if words_turns {
            shelf.draft = Some(name.clone());
        }
        let id = shelf.fresh_id();
        let slot = shelf.slots.entry(name.clone()).or_default();
        slot.loading = None;
        slot.failure = None;
        let order = self.order.clone();
        let served = Served { order, stamp: self.stamp.clone(), model };
        let old = slot.serving.replace(served);
        Ok(old.map(|old| Departure::begin(registry, slot, id, old)))
    }

    fn fail(&self, failure: LoadFailure) {
        let reason = chain(&failure);
        tracing::warn!(model = self.order.name, reason, "model load failed");
        let mut shelf = self.registry.lock();
        if let Some(slot) = shelf.slots.get_mut(&self.order.name) {
            slot.loading = None;
        }
        shelf.remember_failure(&self.order.name, reason);
        drop(shelf);
        self.outcome.send_replace(Some(Err(failure)));
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.outcome.borrow().is_none() {
            self.fail(LoadFailure::Panic);
        }
    }
}
