//! One load: opens and warms the model, switches the name to it, then drains the old model on the
//! same thread.

use crate::engine::generation_model::GenerationModel;
use crate::engine::generation_model::open_within;
use crate::engine::registry::drain::ModelDrain;
use crate::engine::registry::error::LoadFailure;
use crate::engine::registry::error::RegistryError;
use crate::engine::registry::slot::FileStamp;
use crate::engine::registry::slot::LoadOrder;
use crate::engine::registry::slot::LoadOutcome;
use crate::engine::registry::slot::ModelCheck;
use crate::engine::registry::slot::Role;
use crate::engine::registry::slot::ServingModel;
use crate::engine::registry::state::ModelRegistry;
use std::sync::Arc;
use std::sync::PoisonError;
use tokio::sync::watch;
use vitrine_base::causes::chain;

/// A load that was registered in its slot. If dropped before its end (a panic, or no thread could
/// be started), it counts as failed, so that no waiter hangs.
pub(super) struct LoadJob {
    registry: Arc<ModelRegistry>,
    order: LoadOrder,
    stamp: FileStamp,
    check: Option<ModelCheck>,
    outcome: watch::Sender<LoadOutcome>,
}

impl LoadJob {
    pub(super) fn new(
        registry: Arc<ModelRegistry>,
        order: LoadOrder,
        stamp: FileStamp,
        check: Option<ModelCheck>,
        outcome: watch::Sender<LoadOutcome>,
    ) -> Self {
        Self { registry, order, stamp, check, outcome }
    }

    /// Runs the load, then drains the model that it replaced.
    pub(super) fn run(mut self) {
        let started = self.registry.clock.instant();
        let check = self.check.take();
        let checked = |model| passed(check, &model).map(|()| model);
        let drain = match self.open().and_then(checked).and_then(|model| self.flip(model)) {
            Ok(drain) => {
                let took = self.registry.clock.instant().saturating_duration_since(started);
                tracing::info!(model = self.order.name, ?took, "model loaded");
                self.outcome.send_replace(Some(Ok(())));
                drain
            }
            Err(failure) => {
                self.fail(failure);
                None
            }
        };
        // Ends the load for its waiters before the old model drains, which may take long.
        drop(self);
        if let Some(drain) = drain {
            drain.run();
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
    fn flip(&self, model: GenerationModel) -> Result<Option<ModelDrain>, LoadFailure> {
        let registry = &self.registry;
        let name = &self.order.name;
        let _flip = registry.flip.lock().unwrap_or_else(PoisonError::into_inner);
        let becomes_drafter = self.order.role == Role::Draft || registry.lock().is_draft(name);
        if becomes_drafter {
            let notified = registry.notify_follower(model.clone());
            notified.map_err(|error| LoadFailure::Refused(Arc::new(error)))?;
        }
        let mut state = registry.lock();
        if becomes_drafter {
            state.draft = Some(name.clone());
        }
        let id = state.fresh_id();
        let slot = state.slots.entry(name.clone()).or_default();
        slot.loading = None;
        slot.failure = None;
        let order = self.order.clone();
        let since = registry.clock.now();
        let served = ServingModel { order, stamp: self.stamp.clone(), model, since };
        let old = slot.serving.replace(served);
        Ok(old.map(|old| ModelDrain::begin(registry, slot, id, old)))
    }

    fn fail(&self, failure: LoadFailure) {
        let reason = chain(&failure);
        tracing::warn!(model = self.order.name, reason, "model load failed");
        let mut state = self.registry.lock();
        if let Some(slot) = state.slots.get_mut(&self.order.name) {
            slot.loading = None;
        }
        state.remember_failure(&self.order.name, reason);
        drop(state);
        self.outcome.send_replace(Some(Err(failure)));
    }
}

/// Checks a model that already serves and then, if it is to draft, makes it the drafter. A model
/// that the check refuses keeps serving under its name.
pub(super) fn promote(
    registry: &Arc<ModelRegistry>,
    order: &LoadOrder,
    check: ModelCheck,
) -> Result<(), LoadFailure> {
    let refused = |error: RegistryError| match error {
        RegistryError::Load { cause, .. } => cause,
        other => LoadFailure::Unfit { reason: chain(&other) },
    };
    let model = registry.get(&order.name).map_err(refused)?;
    passed(Some(check), &model)?;
    match order.role {
        Role::Draft => registry.set_drafter(&order.name).map_err(refused),
        Role::Beside => Ok(()),
    }
}

/// Runs a check on a model, if there is one.
fn passed(check: Option<ModelCheck>, model: &GenerationModel) -> Result<(), LoadFailure> {
    let Some(check) = check else { return Ok(()) };
    check(model).map_err(|reason| LoadFailure::Unfit { reason })
}

impl Drop for LoadJob {
    fn drop(&mut self) {
        if self.outcome.borrow().is_none() {
            self.fail(LoadFailure::Panic);
        }
    }
}
