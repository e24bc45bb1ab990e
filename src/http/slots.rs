//! Request slots: how many requests run at the same time, in all and for each tenant.
//!
//! Invariants
//! - A tenant holds at most `tenant_max` slots, so that others find some.
//! - A slot is free again when its [`Slot`] is released or dropped, whichever comes first.

use dashmap::DashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use vitrine_base::ids::TenantId;

/// All slots. Tenants come from configured keys, which bounds their number.
#[derive(Debug)]
pub(crate) struct Slots {
    all: Arc<Semaphore>,
    all_max: usize,
    tenants: DashMap<TenantId, Arc<Semaphore>>,
    tenant_max: usize,
}

/// Why no slot was free: the key of the limit that is reached, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSlot {
    pub(crate) key: &'static str,
    pub(crate) most: usize,
}

/// A slot of one request.
#[derive(Debug)]
pub(crate) struct Slot(Mutex<Option<[OwnedSemaphorePermit; 2]>>);

impl Slot {
    /// Frees the slot before the request has ended, because its client does not read the answer.
    pub(crate) fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Slots {
    /// Creates `all_max` slots, of which one tenant may hold `tenant_max`.
    pub(crate) fn new(all_max: usize, tenant_max: usize) -> Self {
        let permits = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self { all: permits(all_max), all_max, tenants: DashMap::new(), tenant_max }
    }

    /// Takes a slot for a request of a tenant.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(crate) fn take(&self, tenant: &TenantId) -> Result<Arc<Slot>, NoSlot> {
        let most = self.tenant_max.min(Semaphore::MAX_PERMITS);
        let held = self.tenants.get(tenant).map(|held| Arc::clone(&held));
        let of_tenant = held.unwrap_or_else(|| {
            let new = || Arc::new(Semaphore::new(most));
            Arc::clone(&self.tenants.entry(tenant.clone()).or_insert_with(new))
        });
        let all = Arc::clone(&self.all);
        let all_taken = NoSlot { key: "server.requests_in_flight_max", most: self.all_max };
        let all = all.try_acquire_owned().map_err(|_| all_taken)?;
        let tenant_taken = NoSlot { key: "server.tenant_in_flight_max", most: self.tenant_max };
        let of_tenant = of_tenant.try_acquire_owned().map_err(|_| tenant_taken)?;
        Ok(Arc::new(Slot(Mutex::new(Some([all, of_tenant])))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[test]
    fn one_tenant_cannot_take_all_slots() {
        let slots = Slots::new(4, 2);
        let held = [slots.take(&tenant("a")), slots.take(&tenant("a"))];
        let refused = slots.take(&tenant("a")).unwrap_err();
        assert_eq!(refused, NoSlot { key: "server.tenant_in_flight_max", most: 2 });
        let others = [slots.take(&tenant("b")), slots.take(&tenant("c"))];
        assert!(others.iter().all(Result::is_ok));
        let refused = slots.take(&tenant("b")).unwrap_err();
        assert_eq!(refused, NoSlot { key: "server.requests_in_flight_max", most: 4 });
        drop(held);
        assert!(slots.take(&tenant("b")).is_ok());
    }

    #[test]
    fn a_released_slot_is_free_while_its_request_still_runs() {
        let slots = Slots::new(1, 1);
        let slot = slots.take(&tenant("a")).unwrap();
        assert!(slots.take(&tenant("a")).is_err());
        slot.release();
        let next = slots.take(&tenant("a")).unwrap();
        drop(slot);
        assert!(slots.take(&tenant("a")).is_err(), "a released slot is not freed twice");
        drop(next);
        assert!(slots.take(&tenant("a")).is_ok());
    }
}
