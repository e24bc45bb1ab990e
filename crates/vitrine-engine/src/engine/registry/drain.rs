//! Unloads a model: waits for its users and its engine, then returns its memory to the system.

use crate::engine::generation_model::GenerationModel;
use crate::engine::registry::slot::DrainingModel;
use crate::engine::registry::slot::ServingModel;
use crate::engine::registry::slot::Slot;
use crate::engine::registry::slot::UnloadReport;
use crate::engine::registry::state::ModelRegistry;
use crate::model::return_freed_memory;
use std::sync::Arc;
use tokio::sync::watch;
use vitrine_base::memory;
use vitrine_base::telemetry;
use vitrine_base::units::Bytes;

/// A model that was removed from its slot and drains. If dropped before [`run`](Self::run) has
/// ended, it is still removed from the registry.
pub(super) struct ModelDrain {
    registry: Arc<ModelRegistry>,
    name: String,
    id: u64,
    model: Option<GenerationModel>,
    gone: watch::Sender<Option<UnloadReport>>,
}

impl ModelDrain {
    /// Records in the slot that `served` is draining.
    pub(super) fn begin(
        registry: &Arc<ModelRegistry>,
        slot: &mut Slot,
        id: u64,
        served: ServingModel,
    ) -> Self {
        let (gone, waiting) = watch::channel(None);
        slot.leaving.push(DrainingModel { id, gone: waiting });
        Self {
            registry: Arc::clone(registry),
            name: served.order.name,
            id,
            model: Some(served.model),
            gone,
        }
    }

    /// Drops the registry's handle, waits for all other users and the engine thread, then trims the
    /// heap.
    pub(super) fn run(mut self) {
        let Some(model) = self.model.take() else { return };
        let resident_before = memory::resident();
        let sha256 = model.sha256().to_owned();
        let closed = model.engine().closed();
        drop(model);
        match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(closed),
            Err(error) => tracing::warn!(%error, "cannot wait for the model's engine to stop"),
        }
        return_freed_memory();
        let freed = UnloadReport { resident_before, resident_after: memory::resident() };
        let shown = |bytes: Option<Bytes>| bytes.map_or("unknown".to_owned(), |b| b.to_string());
        tracing::info!(
            model = self.name,
            sha256,
            resident_before = shown(freed.resident_before),
            resident_after = shown(freed.resident_after),
            "model unloaded"
        );
        self.leave();
        self.clear_gauges();
        self.gone.send_replace(Some(freed));
    }

    /// Resets the model's gauges, unless another model serves under the name.
    fn clear_gauges(&self) {
        if self.registry.get(&self.name).is_ok() {
            return;
        }
        let gauges = [
            telemetry::SEQUENCES_RUNNING,
            telemetry::SEQUENCES_WAITING,
            telemetry::KV_CACHE_USAGE,
            telemetry::KV_CACHE_REGISTERED,
        ];
        for name in gauges {
            metrics::gauge!(name, "model" => self.name.clone()).set(0.0);
        }
    }

    /// Removes the draining model from its slot.
    fn leave(&self) {
        let mut state = self.registry.lock();
        if let Some(slot) = state.slots.get_mut(&self.name) {
            slot.leaving.retain(|leaving| leaving.id != self.id);
        }
        state.forget(&self.name);
    }
}

impl Drop for ModelDrain {
    fn drop(&mut self) {
        self.leave();
    }
}
