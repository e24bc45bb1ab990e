//! Runs independent jobs on scoped threads and returns the results in the order of the jobs.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Runs each job on one of up to `threads` threads. `progress` is called after each job, from any
/// of them, with the number of finished jobs.
///
/// # Panics
/// If a job panics.
pub(crate) fn run_jobs<J, R>(
    threads: NonZeroUsize,
    jobs: &[J],
    run: impl Fn(&J) -> R + Sync,
    progress: impl Fn(usize) + Sync,
) -> Vec<R>
where
    J: Sync,
    R: Send,
{
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads.get().min(jobs.len()) {
            scope.spawn(|| {
                while let Some((index, job)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(index).map(|job| (index, job))
                } {
                    let result = run(job);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                    progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_jobs() {
        let jobs: Vec<usize> = (0..50).collect();
        for threads in [1, 2, 7] {
            let threads = NonZeroUsize::new(threads).unwrap();
            let heard = AtomicUsize::new(0);
            let results = run_jobs(
                threads,
                &jobs,
                |job| job * 2,
                |done| {
                    heard.fetch_max(done, Ordering::Relaxed);
                },
            );
            assert!(results.iter().enumerate().all(|(index, result)| *result == index * 2));
            assert_eq!(heard.into_inner(), 50);
        }
        let none: [usize; 0] = [];
        assert!(run_jobs(NonZeroUsize::MIN, &none, |job| *job, |_| ()).is_empty());
    }
}
