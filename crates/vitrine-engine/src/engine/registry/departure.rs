//! A model's way out: its holders finish, its engine ends, its memory goes back to the system.

use crate::engine::generation_model::GenerationModel;
use crate::engine::registry::ModelRegistry;
use crate::engine::registry::slot::Freed;
use crate::engine::registry::slot::Leaving;
use crate::engine::registry::slot::Served;
use crate::engine::registry::slot::Slot;
use crate::model::return_freed_memory;
use std::sync::Arc;
use tokio::sync::watch;
use vitrine_base::memory;
use vitrine_base::telemetry;
use vitrine_base::units::Bytes;

/// A model that left its slot. Dropped half way, it is gone for the registry all the same.
pub(super) struct Departure {
    registry: Arc<ModelRegistry>,
    name: String,
    id: u64,
    model: Option<GenerationModel>,
    gone: watch::Sender<Option<Freed>>,
}

impl Departure {
    /// Notes in the slot that `served` leaves it.
    pub(super) fn begin(
        registry: &Arc<ModelRegistry>,
        slot: &mut Slot,
        id: u64,
        served: Served,
    ) -> Self {
        let (gone, waiting) = watch::channel(None);
        slot.leaving.push(Leaving { id, gone: waiting });
        Self {
            registry: Arc::clone(registry),
            name: served.order.name,
            id,
            model: Some(served.model),
            gone,
        }
    }

    /// Waits for the last holder and for the engine's thread, then trims the heap.
    pub(super) fn run(mut self) {
        let Some(model) = self.model.take() else { return };
        let resident_before = memory::resident();
        let sha256 = model.sha256().to_owned();
        let closed = model.engine().closed();
        drop(model);
        match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(closed),
            Err(error) => tracing::warn!(%error, "cannot wait for a model's end"),
        }
        return_freed_memory();
        let freed = Freed { resident_before, resident_after: memory::resident() };
        let shown = |bytes: Option<Bytes>| bytes.map_or("unknown".to_owned(), |b| b.to_string());
        tracing::info!(
            model = self.name,
            sha256,
            resident_before = shown(freed.resident_before),
            resident_after = shown(freed.resident_after),
            "model gone"
        );
        self.leave();
        self.clear_gauges();
        self.gone.send_replace(Some(freed));
    }

    /// What is shown of a name that nothing serves under any more is nothing.
    fn clear_gauges(&self) {
        if self.registry.get(&self.name).is_ok() {
            return;
        }
        let gauges = [
            telemetry::SEQUENCES_RUNNING,
            telemetry::SEQUENCES_WAITING,
            telemetry::KV_CACHE_USAGE,
            telemetry::KV_CACHE_KNOWN,
        ];
        for name in gauges {
            metrics::gauge!(name, "model" => self.name.clone()).set(0.0);
        }
    }

    /// Takes the note out of the slot.
    fn leave(&self) {
        let mut shelf = self.registry.lock();
        if let Some(slot) = shelf.slots.get_mut(&self.name) {
            slot.leaving.retain(|leaving| leaving.id != self.id);
        }
        shelf.forget(&self.name);
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.leave();
    }
}
