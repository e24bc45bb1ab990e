//! Orders to forget what is computed of a tenant: asked by anybody, carried out by the engine
//! thread before its next step.
//!
//! Invariants
//! - An order is never refused or lost; equal ones are one, so there are at most as many as there
//!   are tenants.

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

/// The orders that are open, and how many are done.
#[derive(Debug, Default)]
pub(crate) struct Erasures {
    orders: Mutex<Orders>,
    done: watch::Sender<u64>,
}

impl Erasures {
    /// Leaves an order; the answer is for [`done`](Self::done).
    pub(crate) fn ask(&self, owner: CacheOwner) -> u64 {
        let mut orders = self.lock();
        orders.owners.insert(owner);
        orders.asked += 1;
        orders.asked
    }

    /// Waits until an order is carried out.
    pub(crate) async fn done(&self, order: u64) {
        let mut done = self.done.subscribe();
        // The sender lives as long as `self`.
        let _done = done.wait_for(|done| *done >= order).await.is_ok();
    }

    /// Carries out what is asked.
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
        // A set and a count: nothing that a panic could leave half done.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
