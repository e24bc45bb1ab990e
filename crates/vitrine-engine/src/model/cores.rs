//! The cores that models compute on: one set for the whole process.

use std::sync::Arc;
use std::sync::LazyLock;
use vitrine_kernels::pool::Cores;

/// Number of CPU threads that candle computes on, the calling thread included.
///
/// Fixed at the first call: `CANDLE_NUM_THREADS` if set, else `RAYON_NUM_THREADS`, else the number
/// of physical cores.
#[must_use]
pub(crate) fn compute_threads() -> usize {
    candle_core::utils::barrier_pool().n_workers() + 1
}

/// The process-wide set of [`compute_threads`] cores, shared by all models.
#[must_use]
pub(crate) fn compute_cores() -> Arc<Cores> {
    // One set for the whole process: a set per model would start more threads than there are cores.
    static CORES: LazyLock<Arc<Cores>> = LazyLock::new(|| Cores::new(compute_threads()));
    Arc::clone(&CORES)
}

/// Returns the shared [`compute_cores`] if it has exactly `threads` cores, else a new set of that
/// size.
pub(crate) fn cores_for(threads: usize) -> Arc<Cores> {
    if threads == compute_threads() { compute_cores() } else { Cores::new(threads) }
}
