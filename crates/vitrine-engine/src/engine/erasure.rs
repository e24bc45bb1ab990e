//! Erasure requests: any thread may ask to remove a tenant's pages from the prefix cache; the
//! engine thread does so before its next step.
//!
//! Invariants
//! - An erasure is never refused or lost. Pending erasures of the same tenant are merged, so there
//!   are at most as many as tenants.

use crate::engine::cache_scope::CacheOwner;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use tokio::sync::watch;

#[derive(Debug, Default)]
struct Orders {
    owners: HashSet<CacheOwner>,
    asked: u64,
}

/// Pending erasures, and the number of the last one that was carried out.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    orders: Mutex<Orders>,
    done: watch::Sender<u64>,
}

impl Erasures {
    /// Requests an erasure; returns its number for [`done`](Self::done).
    pub(crate) fn ask(&self, owner: CacheOwner) -> u64 {
        let mut orders = self.lock();
        orders.owners.insert(owner);
        orders.asked += 1;
        orders.asked
    }

    /// Waits until the erasure with this number has been carried out.
    pub(crate) async fn done(&self, order: u64) {
        let mut done = self.done.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _done = done.wait_for(|done| *done >= order).await.is_ok();
    }

    /// Carries out all pending erasures by calling `forget` for each owner.
    pub(crate) fn carry_out(&self, mut forget: impl FnMut(CacheOwner)) {
        let mut orders = self.lock();
        if orders.owners.is_empty() {
            return;
        }
        let (owners, asked) = (std::mem::take(&mut orders.owners), orders.asked);
        drop(orders);
        owners.into_iter().for_each(&mut forget);
        self.done.send_replace(asked);
    }

    fn lock(&self) -> MutexGuard<'_, Orders> {
        // A set and a counter: a panic cannot leave them inconsistent.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
