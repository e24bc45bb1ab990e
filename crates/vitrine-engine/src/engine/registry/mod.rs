//! The model registry: serves several models by name, and loads, replaces and unloads them without
//! interrupting service.
//!
//! A load opens and warms the new model while the old one serves, then switches the name to the new
//! one. Users of the old model finish on it. When the last of them is gone, its engine drains, its
//! thread ends and its memory is released. Loads and drains run on their own threads. A caller
//! waits only if it asks to, and the outcome does not depend on whether it waits.
//!
//! One of the models is the drafter, which drafts the replies to customers.
//!
//! Invariants
//! - At most one model serves under a name, and at most one load of a name is in progress.
//! - The models that are loaded, loading or draining never exceed `instances_max`.
//! - The drafter can be replaced, never unloaded.
//! - A failed load changes nothing except the recorded reason of the failure.

mod drain;
mod error;
mod job;
mod slot;
mod state;
#[cfg(test)]
mod tests;

pub use error::LoadFailure;
pub use error::RegistryError;
pub use slot::LoadOrder;
pub use slot::ModelCheck;
pub use slot::ModelState;
pub use slot::ModelStatus;
pub use slot::Role;
pub use slot::ServingStatus;
pub use slot::UnloadReport;
pub use state::ModelRegistry;

use drain::ModelDrain;
use job::LoadJob;
use job::promote;
use slot::FileStamp;
use slot::LoadOutcome;
use slot::Loading;
use slot::Slot;
use std::sync::Arc;
use std::sync::PoisonError;
use tokio::sync::watch;

/// What a load has to do.
enum LoadStart {
    /// Nothing: this model already serves.
    Serving,
    /// Wait for the same load, which is in progress.
    Joined(watch::Receiver<LoadOutcome>),
    /// Run this job.
    LoadJob(Box<LoadJob>, watch::Receiver<LoadOutcome>),
}

impl ModelRegistry {
    /// Starts to load a model on its own thread; [`Load::wait`] waits for the end. Does nothing if
    /// the same model already serves, and joins a load of it that is in progress.
    ///
    /// # Errors
    /// If another load of the name is in progress, there are too many models, or the file cannot be
    /// accessed. Whether its contents are valid shows at the end of the load.
    pub fn load(self: &Arc<Self>, order: LoadOrder) -> Result<Load, RegistryError> {
        let name = order.name.clone();
        let outcome = match self.begin(order, None)? {
            LoadStart::Serving => None,
            LoadStart::Joined(outcome) => Some(outcome),
            LoadStart::LoadJob(job, outcome) => {
                on_loader_thread(move || job.run())?;
                Some(outcome)
            }
        };
        Ok(Load { name, outcome })
    }

    /// As [`load`](Self::load), but the model serves, or becomes the drafter, only if `check` lets
    /// it. The check runs on the loading thread, also for a model that already serves.
    ///
    /// # Errors
    /// As for [`load`](Self::load); a load of the same name that is in progress is never joined.
    /// What the check refuses shows at the end of the load, as [`LoadFailure::Unfit`].
    pub fn load_if(
        self: &Arc<Self>,
        order: LoadOrder,
        check: ModelCheck,
    ) -> Result<Load, RegistryError> {
        let name = order.name.clone();
        if self.is_serving(&order)? {
            let (sender, outcome) = watch::channel(None);
            let registry = Arc::clone(self);
            on_loader_thread(move || {
                sender.send_replace(Some(promote(&registry, &order, check)));
            })?;
            return Ok(Load { name, outcome: Some(outcome) });
        }
        match self.begin(order, Some(check))? {
            LoadStart::LoadJob(job, outcome) => {
                on_loader_thread(move || job.run())?;
                Ok(Load { name, outcome: Some(outcome) })
            }
            LoadStart::Serving | LoadStart::Joined(_) => Err(RegistryError::Busy { name }),
        }
    }

    /// Whether loading would yield the very model that serves.
    fn is_serving(&self, order: &LoadOrder) -> Result<bool, RegistryError> {
        let stamp = FileStamp::of(&order.path)?;
        let state = self.lock();
        let slot = state.slots.get(&order.name).filter(|slot| slot.loading.is_none());
        let serving = slot.and_then(|slot| slot.serving.as_ref());
        Ok(serving.is_some_and(|served| served.is_same(order, &stamp)))
    }

    /// Loads a model on the calling thread; for the start of the gateway.
    ///
    /// # Errors
    /// As [`load`](Self::load), and if the load fails.
    ///
    /// # Panics
    /// On a thread of an async runtime, which must not be blocked.
    pub fn load_here(self: &Arc<Self>, order: LoadOrder) -> Result<(), RegistryError> {
        let name = order.name.clone();
        match self.begin(order, None)? {
            LoadStart::Serving => Ok(()),
            LoadStart::Joined(_) => Err(RegistryError::Busy { name }),
            LoadStart::LoadJob(job, outcome) => {
                job.run();
                ended(name, &outcome.borrow())
            }
        }
    }

    fn begin(
        self: &Arc<Self>,
        order: LoadOrder,
        check: Option<ModelCheck>,
    ) -> Result<LoadStart, RegistryError> {
        let stamp = FileStamp::of(&order.path)?;
        let mut state = self.lock();
        let name = order.name.clone();
        if let Some(slot) = state.slots.get(&name) {
            if let Some(loading) = &slot.loading {
                let unchecked = !loading.checked && check.is_none();
                let same = loading.order == order && loading.stamp == stamp;
                return match same && unchecked {
                    true => Ok(LoadStart::Joined(loading.outcome.clone())),
                    false => Err(RegistryError::Busy { name }),
                };
            }
            if slot.serving.as_ref().is_some_and(|served| served.is_same(&order, &stamp)) {
                if check.is_some() {
                    return Err(RegistryError::Busy { name });
                }
                drop(state);
                if order.role == Role::Draft {
                    self.set_drafter(&name)?;
                }
                return Ok(LoadStart::Serving);
            }
        }
        let instances = state.slots.values().map(Slot::instances).sum();
        if instances >= self.instances_max {
            return Err(RegistryError::TooMany { instances });
        }
        let (outcome, waiting) = watch::channel(None);
        let slot = state.slots.entry(name).or_default();
        let checked = check.is_some();
        let loading =
            Loading { order: order.clone(), stamp: stamp.clone(), checked, outcome: waiting };
        let waiting = slot.loading.insert(loading).outcome.clone();
        drop(state);
        let job = LoadJob::new(Arc::clone(self), order, stamp, check, outcome);
        Ok(LoadStart::LoadJob(Box::new(job), waiting))
    }

    /// Unloads a model; [`Unload::wait`] waits for its end. For a name that was already unloaded,
    /// or whose load failed, it only forgets the failure.
    ///
    /// # Errors
    /// If the model is the drafter, is being loaded, or is unknown.
    pub fn unload(self: &Arc<Self>, name: &str) -> Result<Unload, RegistryError> {
        let _flip = self.flip.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        let name = name.to_owned();
        let loaded = state.names();
        let is_draft = state.is_draft(&name);
        let was_unloaded = state.unloaded.contains(&name);
        let id = state.fresh_id();
        let Some(slot) = state.slots.get_mut(&name) else {
            return match was_unloaded {
                true => Ok(Unload { gone: None }),
                false => Err(RegistryError::Unknown { name, loaded }),
            };
        };
        if slot.loading.is_some() {
            return Err(RegistryError::Busy { name });
        }
        if is_draft {
            return Err(RegistryError::InUse { name });
        }
        slot.failure = None;
        let Some(served) = slot.serving.take() else {
            let gone = slot.leaving.last().map(|leaving| leaving.gone.clone());
            state.forget(&name);
            return Ok(Unload { gone });
        };
        let drain = ModelDrain::begin(self, slot, id, served);
        let gone = slot.leaving.last().map(|leaving| leaving.gone.clone());
        state.remember_unloaded(name);
        drop(state);
        std::thread::Builder::new()
            .name("model drain".to_owned())
            .spawn(move || drain.run())
            .map_err(|cause| RegistryError::Thread { cause })?;
        Ok(Unload { gone })
    }
}

/// Runs something on a thread of its own.
fn on_loader_thread(run: impl FnOnce() + Send + 'static) -> Result<(), RegistryError> {
    let thread = std::thread::Builder::new().name("model loader".to_owned());
    thread.spawn(run).map(drop).map_err(|cause| RegistryError::Thread { cause })
}

fn ended(name: String, outcome: &LoadOutcome) -> Result<(), RegistryError> {
    match outcome {
        Some(Ok(())) => Ok(()),
        Some(Err(cause)) => Err(RegistryError::Load { name, cause: cause.clone() }),
        None => Err(RegistryError::Load { name, cause: LoadFailure::Panic }),
    }
}

/// A load in progress or finished. Dropping it does not stop the load.
#[derive(Debug)]
pub struct Load {
    name: String,
    outcome: Option<watch::Receiver<LoadOutcome>>,
}

impl Load {
    /// Waits until the model serves.
    ///
    /// # Errors
    /// If the load failed.
    pub async fn wait(self) -> Result<(), RegistryError> {
        let Some(mut outcome) = self.outcome else { return Ok(()) };
        // A closed channel without an outcome means that the load panicked; `ended` reports that.
        let _told = outcome.wait_for(Option::is_some).await.is_ok();
        let outcome = outcome.borrow();
        ended(self.name, &outcome)
    }
}

/// An unload in progress or finished. Dropping it does not stop the unload.
#[derive(Debug)]
pub struct Unload {
    gone: Option<watch::Receiver<Option<UnloadReport>>>,
}

impl Unload {
    /// Waits until the model's memory is released; `None` if there was nothing to unload.
    pub async fn wait(self) -> Option<UnloadReport> {
        let mut gone = self.gone?;
        let freed = gone.wait_for(Option::is_some).await.ok()?;
        *freed
    }
}
