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
#[cfg(test)]
mod tests;

pub use error::LoadFailure;
pub use error::RegistryError;
pub use slot::LoadOrder;
pub use slot::ModelState;
pub use slot::ModelStatus;
pub use slot::Role;
pub use slot::ServingStatus;
pub use slot::UnloadReport;

use crate::engine::error::EngineError;
use crate::engine::generation_model::GenerationModel;
use drain::ModelDrain;
use job::LoadJob;
use slot::FileStamp;
use slot::LoadOutcome;
use slot::Loading;
use slot::Slot;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use tokio::sync::watch;
use vitrine_base::clock::SharedClock;
use vitrine_base::memory::MemoryLedger;

/// Most names of failed loads that are remembered; the alphabetically first are forgotten.
const FAILURES_MAX: usize = 16;

/// Most names of unloaded models that are remembered, so that unloading twice is not an error.
const UNLOADED_MAX: usize = 64;

/// Called with the new drafter at every change; may refuse it.
type DraftFollower = Box<dyn Fn(GenerationModel) -> Result<(), EngineError> + Send + Sync>;

#[derive(Debug, Default)]
struct RegistryState {
    slots: BTreeMap<String, Slot>,
    /// Name of the drafter.
    draft: Option<String>,
    unloaded: VecDeque<String>,
    next_id: u64,
}

/// All generation models of the process; share it in an `Arc`.
pub struct ModelRegistry {
    clock: SharedClock,
    memory: Arc<MemoryLedger>,
    instances_max: usize,
    state: Mutex<RegistryState>,
    /// Held while a name or the drafter changes, so that the follower is called in the order of the
    /// changes.
    flip: Mutex<()>,
    follower: OnceLock<DraftFollower>,
}

impl std::fmt::Debug for ModelRegistry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ModelRegistry").field("state", &self.state).finish_non_exhaustive()
    }
}

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
    /// Creates an empty registry for at most `instances_max` models loaded, loading or draining at
    /// a time. Their memory is granted by `memory`.
    #[must_use]
    pub fn new(clock: SharedClock, memory: Arc<MemoryLedger>, instances_max: usize) -> Arc<Self> {
        Arc::new(Self {
            clock,
            memory,
            instances_max,
            state: Mutex::default(),
            flip: Mutex::default(),
            follower: OnceLock::new(),
        })
    }

    /// Sets the function that is called with the new drafter at every change. If it refuses, the
    /// change does not happen. Only the first call has an effect. `follower` must not call the
    /// registry.
    pub fn follow_draft(
        &self,
        follower: impl Fn(GenerationModel) -> Result<(), EngineError> + Send + Sync + 'static,
    ) {
        let _first = self.follower.set(Box::new(follower));
    }

    /// Returns the model that serves under a name.
    ///
    /// # Errors
    /// [`RegistryError::Loading`] while its first load is in progress, [`RegistryError::Failed`] if
    /// that load failed, [`RegistryError::Unknown`] otherwise.
    pub fn get(&self, name: &str) -> Result<GenerationModel, RegistryError> {
        let state = self.lock();
        let slot = state.slots.get(name);
        if let Some(served) = slot.and_then(|slot| slot.serving.as_ref()) {
            return Ok(served.model.clone());
        }
        let name = name.chars().take(NAME_CHARS_SHOWN).collect();
        match slot {
            Some(slot) if slot.loading.is_some() => Err(RegistryError::Loading { name }),
            Some(Slot { failure: Some(reason), .. }) => {
                Err(RegistryError::Failed { name, reason: reason.clone() })
            }
            Some(_) | None => Err(RegistryError::Unknown { name, loaded: state.names() }),
        }
    }

    /// The drafter; `None` until one is loaded.
    #[must_use]
    pub fn draft(&self) -> Option<GenerationModel> {
        let state = self.lock();
        let slot = state.slots.get(state.draft.as_ref()?)?;
        slot.serving.as_ref().map(|served| served.model.clone())
    }

    /// All models that serve, sorted by name.
    #[must_use]
    pub fn serving(&self) -> Vec<GenerationModel> {
        let state = self.lock();
        let serving = state.slots.values().filter_map(|slot| slot.serving.as_ref());
        serving.map(|served| served.model.clone()).collect()
    }

    /// The status of every name, the drafter first, then sorted by name.
    #[must_use]
    pub fn list(&self) -> Vec<ModelStatus> {
        let state = self.lock();
        let status = |(name, slot): (&String, &Slot)| slot.status(name, state.is_draft(name));
        let mut list: Vec<ModelStatus> = state.slots.iter().map(status).collect();
        list.sort_by_key(|status| !status.is_draft);
        list
    }

    /// The status of one name; `None` if the registry has no entry for it.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<ModelStatus> {
        let state = self.lock();
        Some(state.slots.get(name)?.status(name, state.is_draft(name)))
    }

    /// Starts to load a model on its own thread; [`Load::wait`] waits for the end. Does nothing if
    /// the same model already serves, and joins a load of it that is in progress.
    ///
    /// # Errors
    /// If another load of the name is in progress, there are too many models, or the file cannot be
    /// accessed. Whether its contents are valid shows at the end of the load.
    pub fn load(self: &Arc<Self>, order: LoadOrder) -> Result<Load, RegistryError> {
        let name = order.name.clone();
        let outcome = match self.begin(order)? {
            LoadStart::Serving => None,
            LoadStart::Joined(outcome) => Some(outcome),
            LoadStart::LoadJob(job, outcome) => {
                std::thread::Builder::new()
                    .name("model loader".to_owned())
                    .spawn(move || job.run())
                    .map_err(|cause| RegistryError::Thread { cause })?;
                Some(outcome)
            }
        };
        Ok(Load { name, outcome })
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
        match self.begin(order)? {
            LoadStart::Serving => Ok(()),
            LoadStart::Joined(_) => Err(RegistryError::Busy { name }),
            LoadStart::LoadJob(job, outcome) => {
                job.run();
                ended(name, &outcome.borrow())
            }
        }
    }

    fn begin(self: &Arc<Self>, order: LoadOrder) -> Result<LoadStart, RegistryError> {
        let stamp = FileStamp::of(&order.path)?;
        let mut state = self.lock();
        let name = order.name.clone();
        if let Some(slot) = state.slots.get(&name) {
            if let Some(loading) = &slot.loading {
                let same = loading.order == order && loading.stamp == stamp;
                return match same {
                    true => Ok(LoadStart::Joined(loading.outcome.clone())),
                    false => Err(RegistryError::Busy { name }),
                };
            }
            if slot.serving.as_ref().is_some_and(|served| served.is_same(&order, &stamp)) {
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
        let loading = Loading { order: order.clone(), stamp: stamp.clone(), outcome: waiting };
        let waiting = slot.loading.insert(loading).outcome.clone();
        drop(state);
        let job = LoadJob::new(Arc::clone(self), order, stamp, outcome);
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

    /// Makes the model of this name the drafter.
    fn set_drafter(&self, name: &str) -> Result<(), RegistryError> {
        let _flip = self.flip.lock().unwrap_or_else(PoisonError::into_inner);
        self.notify_follower(self.get(name)?).map_err(|error| {
            let cause = LoadFailure::Refused(Arc::new(error));
            RegistryError::Load { name: name.to_owned(), cause }
        })?;
        self.lock().draft = Some(name.to_owned());
        Ok(())
    }

    fn notify_follower(&self, model: GenerationModel) -> Result<(), EngineError> {
        self.follower.get().map_or(Ok(()), |follower| follower(model))
    }

    fn lock(&self) -> MutexGuard<'_, RegistryState> {
        // Fields are replaced as a whole, so a panic cannot leave a slot inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most characters of an unknown name that an error repeats.
const NAME_CHARS_SHOWN: usize = 200;

impl RegistryState {
    fn is_draft(&self, name: &str) -> bool {
        self.draft.as_deref() == Some(name)
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The names that serve, for error messages.
    fn names(&self) -> String {
        let serving = self.slots.iter().filter(|(_, slot)| slot.serving.is_some());
        let names: Vec<&str> = serving.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// Removes a slot that has neither models nor a failure.
    fn forget(&mut self, name: &str) {
        if self.slots.get(name).is_some_and(Slot::is_empty) {
            self.slots.remove(name);
        }
    }

    fn remember_unloaded(&mut self, name: String) {
        self.unloaded.retain(|known| *known != name);
        self.unloaded.push_back(name);
        if self.unloaded.len() > UNLOADED_MAX {
            self.unloaded.pop_front();
        }
    }

    /// Records why a load failed, and forgets old failures beyond [`FAILURES_MAX`].
    fn remember_failure(&mut self, name: &str, reason: String) {
        self.slots.entry(name.to_owned()).or_default().failure = Some(reason);
        let failed = |(other, slot): (&String, &Slot)| {
            (slot.instances() == 0 && other != name).then(|| other.clone())
        };
        let others: Vec<String> = self.slots.iter().filter_map(failed).collect();
        for other in others.iter().take((others.len() + 1).saturating_sub(FAILURES_MAX)) {
            self.slots.remove(other);
        }
    }
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
