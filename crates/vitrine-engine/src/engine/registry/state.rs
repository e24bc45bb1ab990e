//! The registry's state, and everything that reads it without starting a load or an unload.

use crate::engine::error::EngineError;
use crate::engine::generation_model::GenerationModel;
use crate::engine::registry::error::LoadFailure;
use crate::engine::registry::error::RegistryError;
use crate::engine::registry::slot::ModelStatus;
use crate::engine::registry::slot::Slot;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use vitrine_base::clock::SharedClock;
use vitrine_base::memory::MemoryLedger;

/// Most characters of an unknown name that an error repeats.
const NAME_CHARS_SHOWN: usize = 200;

/// Most names of failed loads that are remembered; the alphabetically first are forgotten.
const FAILURES_MAX: usize = 16;

/// Most names of unloaded models that are remembered, so that unloading twice is not an error.
const UNLOADED_MAX: usize = 64;

/// Called with the new drafter at every change; may refuse it.
type DraftFollower = Box<dyn Fn(GenerationModel) -> Result<(), EngineError> + Send + Sync>;

#[derive(Debug, Default)]
pub(super) struct RegistryState {
    pub(super) slots: BTreeMap<String, Slot>,
    /// Name of the drafter.
    pub(super) draft: Option<String>,
    pub(super) unloaded: VecDeque<String>,
    next_id: u64,
}

/// All generation models of the process; share it in an `Arc`.
pub struct ModelRegistry {
    pub(super) clock: SharedClock,
    pub(super) memory: Arc<MemoryLedger>,
    pub(super) instances_max: usize,
    state: Mutex<RegistryState>,
    /// Held while a name or the drafter changes, so that the follower is called in the order of the
    /// changes.
    pub(super) flip: Mutex<()>,
    follower: OnceLock<DraftFollower>,
}

impl std::fmt::Debug for ModelRegistry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ModelRegistry").field("state", &self.state).finish_non_exhaustive()
    }
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

    /// Makes the model of this name the drafter.
    pub(super) fn set_drafter(&self, name: &str) -> Result<(), RegistryError> {
        let _flip = self.flip.lock().unwrap_or_else(PoisonError::into_inner);
        self.notify_follower(self.get(name)?).map_err(|error| {
            let cause = LoadFailure::Refused(Arc::new(error));
            RegistryError::Load { name: name.to_owned(), cause }
        })?;
        self.lock().draft = Some(name.to_owned());
        Ok(())
    }

    /// Calls the follower with the new drafter; it may refuse it.
    pub(super) fn notify_follower(&self, model: GenerationModel) -> Result<(), EngineError> {
        self.follower.get().map_or(Ok(()), |follower| follower(model))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, RegistryState> {
        // Fields are replaced as a whole, so a panic cannot leave a slot inconsistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RegistryState {
    pub(super) fn is_draft(&self, name: &str) -> bool {
        self.draft.as_deref() == Some(name)
    }

    pub(super) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The names that serve, for error messages.
    pub(super) fn names(&self) -> String {
        let serving = self.slots.iter().filter(|(_, slot)| slot.serving.is_some());
        let names: Vec<&str> = serving.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// Removes a slot that has neither models nor a failure.
    pub(super) fn forget(&mut self, name: &str) {
        if self.slots.get(name).is_some_and(Slot::is_empty) {
            self.slots.remove(name);
        }
    }

    pub(super) fn remember_unloaded(&mut self, name: String) {
        self.unloaded.retain(|known| *known != name);
        self.unloaded.push_back(name);
        if self.unloaded.len() > UNLOADED_MAX {
            self.unloaded.pop_front();
        }
    }

    /// Records why a load failed, and forgets old failures beyond [`FAILURES_MAX`].
    pub(super) fn remember_failure(&mut self, name: &str, reason: String) {
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
