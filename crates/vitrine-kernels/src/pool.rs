//! Thread pool for the kernels. The calling thread is one of its threads.
//!
//! A region is a number of tasks, split into one run of consecutive tasks per thread. A thread
//! takes the tasks of its own run in order, then steals what is left of the others'. Consecutive
//! tasks are adjacent in memory, so the hardware prefetcher helps a thread that continues its run.
//! If the operating system deschedules a thread, only the task it holds is delayed: the others take
//! the rest, and a worker that arrives late finds the region closed and is not waited for. Between
//! regions a worker spins briefly, then yields its core, then parks.
//!
//! Several pools may share one [`Cores`]. A caller always computes its own region; workers join
//! only while fewer threads compute than there are cores. Two models that step at the same time on
//! two cores get one core each, and a model that steps alone gets both. No step waits for another
//! model's step.
//!
//! Invariants
//! - A worker joins a region only while fewer threads compute than there are cores, and has
//!   returned its core before the region's caller continues.
//! - A region's closure is never called after `Pool::run` returns: the caller closes the gate and
//!   waits until every worker has left.
//! - A task runs at most once, on one thread. A panicking task results in [`TaskPanic`], never in a
//!   hang.
//! - A pool of one thread runs the tasks in order and uses no atomic operation.
//!
//! Source: bounded spinning before blocking, Karlin et al. 1991, "Empirical studies of competitive
//! spinning for a shared-memory multiprocessor".

use std::any::Any;
use std::cell::UnsafeCell;
use std::hint;
use std::io;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;

/// Maximum threads of one pool. With more threads, scanning all runs for work would be too slow.
pub(crate) const THREADS_MAX: usize = 256;

/// Spin iterations of a waiting worker before it starts to yield: about 20 µs, longer than the
/// serial part between two regions and shorter than a scheduler time slice.
const SPINS: u32 = 1_000;

/// Yields of a waiting worker after spinning, before it parks.
const YIELDS: u32 = 50;

/// Lowest bit of the gate: workers may enter.
const OPEN: u64 = 1;
/// One worker inside the region; the count occupies bits 1 to 31 of the gate.
const INSIDE: u64 = 2;
const INSIDE_MASK: u64 = ((1 << 32) - 1) & !OPEN;
/// One region; the region number occupies the upper 32 bits of the gate.
const REGION: u64 = 1 << 32;

/// A task of a region panicked. The remaining tasks of the region may not have run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a compute task panicked: {message}")]
pub struct TaskPanic {
    /// The panic message, or `no message` if the payload was not a string.
    pub message: String,
}

type TaskFunction<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// Counts the computing threads of all pools that share the same cores.
#[derive(Debug)]
pub struct Cores {
    count: usize,
    computing: CacheAligned<AtomicUsize>,
}

impl Cores {
    /// A budget of `count` cores, clamped to 1..=256.
    #[must_use]
    pub fn new(count: usize) -> Arc<Self> {
        let computing = CacheAligned(AtomicUsize::new(0));
        Arc::new(Self { count: count.clamp(1, THREADS_MAX), computing })
    }

    /// The number of cores in the budget.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Takes a core for a worker, or `None` if all cores are in use.
    fn take_spare(&self) -> Option<CoreGuard<'_>> {
        let more = |computing| (computing < self.count).then_some(computing + 1);
        let taken = self.computing.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        // Constructed only on success: dropping it returns a core.
        taken.is_ok().then(|| CoreGuard { cores: self })
    }

    /// Takes a core for a caller, even beyond the budget: a caller always computes.
    fn take(&self) -> CoreGuard<'_> {
        self.computing.0.fetch_add(1, Ordering::AcqRel);
        CoreGuard { cores: self }
    }
}

/// Guard of one core in use; dropping it returns the core.
struct CoreGuard<'a> {
    cores: &'a Cores,
}

impl Drop for CoreGuard<'_> {
    fn drop(&mut self) {
        self.cores.computing.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The closure and task count of the open region.
#[derive(Clone, Copy)]
struct RegionJob {
    work: *const TaskFunction<'static>,
    tasks: usize,
}

/// Keeps each counter on a cache line of its own, so that writes to a cursor do not slow the
/// readers of the gate.
#[derive(Debug)]
#[repr(align(128))]
struct CacheAligned<T>(T);

struct PoolState {
    cores: Arc<Cores>,
    /// Region number, number of workers inside, and the open bit.
    gate: CacheAligned<AtomicU64>,
    /// Next unclaimed task of each thread's run.
    cursors: Vec<CacheAligned<AtomicUsize>>,
    job: UnsafeCell<Option<RegionJob>>,
    /// Whether each worker is parked or about to park.
    parked: Vec<CacheAligned<AtomicBool>>,
    panicked: std::sync::Mutex<Option<TaskPanic>>,
    ending: AtomicBool,
}

// SAFETY: `job` is written only by the caller, while the gate is closed and no worker is inside,
// and read only by workers that entered an open gate. The gate's release and acquire operations
// order the two. Its pointer refers to a `Sync` closure that outlives the region.
unsafe impl Sync for PoolState {}
// SAFETY: as above; the pointer is valid on every thread.
unsafe impl Send for PoolState {}

/// A pool of worker threads that execute regions.
pub struct Pool {
    shared: Arc<PoolState>,
    workers: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Pool {
    /// Starts `threads - 1` workers, at most [`THREADS_MAX`]` - 1`, with a core budget of their
    /// own.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    #[cfg(test)]
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        Self::start_on(Cores::new(threads))
    }

    /// Starts one worker per core, less one for the caller.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub fn start_on(cores: Arc<Cores>) -> io::Result<Self> {
        let workers = cores.count() - 1;
        let shared = Arc::new(PoolState {
            cores,
            gate: CacheAligned(AtomicU64::new(0)),
            cursors: (0..=workers).map(|_| CacheAligned(AtomicUsize::new(0))).collect(),
            job: UnsafeCell::new(None),
            parked: (0..workers).map(|_| CacheAligned(AtomicBool::new(false))).collect(),
            panicked: std::sync::Mutex::new(None),
            ending: AtomicBool::new(false),
        });
        let mut pool = Self { shared, workers: Vec::with_capacity(workers) };
        for index in 0..workers {
            let shared = Arc::clone(&pool.shared);
            let worker = thread::Builder::new()
                .name(format!("compute-{}", index + 1))
                .spawn(move || shared.run_worker(index))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Threads of the pool, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work(thread, task)` once for every task below `tasks` and returns when all have
    /// finished. Thread 0 is the caller.
    ///
    /// # Errors
    /// If a task panicked.
    pub(crate) fn run(&mut self, tasks: usize, work: &TaskFunction<'_>) -> Result<(), TaskPanic> {
        if self.workers.is_empty() {
            return Self::run_alone(tasks, work);
        }
        let _computing = self.shared.cores.take();
        if tasks <= 1 {
            return Self::run_alone(tasks, work);
        }
        let shared = &*self.shared;
        // SAFETY: the closure's lifetime is erased, but no call to it outlasts this function: the
        // gate is closed and every worker has left before it returns, and nothing in between
        // unwinds.
        let work = unsafe {
            std::mem::transmute::<*const TaskFunction<'_>, *const TaskFunction<'static>>(work)
        };
        let job = RegionJob { work, tasks };
        // SAFETY: the gate is closed and no worker is inside, so the job has no reader; `&mut self`
        // excludes other callers.
        unsafe { *shared.job.get() = Some(job) };
        for (thread, cursor) in shared.cursors.iter().enumerate() {
            cursor.0.store(shared.tasks_of(thread, tasks).start, Ordering::Relaxed);
        }
        let region = shared.gate.0.load(Ordering::Relaxed) & !(REGION - 1);
        shared.gate.0.store(region.wrapping_add(REGION) | OPEN, Ordering::SeqCst);
        self.wake();
        shared.run_tasks(0, job);
        shared.gate.0.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while shared.gate.0.load(Ordering::Acquire) & INSIDE_MASK != 0 {
            wait_briefly(&mut spins);
        }
        let mut panicked =
            shared.panicked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        panicked.take().map_or(Ok(()), Err)
    }

    fn run_alone(tasks: usize, work: &TaskFunction<'_>) -> Result<(), TaskPanic> {
        catch_unwind(AssertUnwindSafe(|| (0..tasks).for_each(|task| work(0, task))))
            .map_err(|panic| TaskPanic::of(panic.as_ref()))
    }

    /// Unparks all parked workers.
    fn wake(&self) {
        for (parked, worker) in self.shared.parked.iter().zip(&self.workers) {
            if parked.0.load(Ordering::SeqCst) && parked.0.swap(false, Ordering::SeqCst) {
                worker.thread().unpark();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        self.wake();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of its tasks, so joining cannot fail.
            let _ = worker.join();
        }
    }
}

impl PoolState {
    /// Main loop of worker `index`.
    fn run_worker(&self, index: usize) {
        let mut seen = 0;
        while let Some(region) = self.next_region(index, seen) {
            seen = region;
            let spare = self.cores.take_spare();
            if spare.is_some() && self.enter(region) {
                // SAFETY: the caller does not write the job while a worker is inside the gate.
                if let Some(job) = unsafe { *self.job.get() } {
                    self.run_tasks(index + 1, job);
                }
                drop(spare);
                self.gate.0.fetch_sub(INSIDE, Ordering::AcqRel);
            }
        }
    }

    /// Waits for an open region other than `seen`. Returns `None` when the pool shuts down.
    fn next_region(&self, index: usize, seen: u64) -> Option<u64> {
        let mut waits = 0;
        loop {
            let gate = self.gate.0.load(Ordering::SeqCst);
            if self.ending.load(Ordering::SeqCst) {
                return None;
            }
            if gate & OPEN != 0 && gate / REGION != seen {
                return Some(gate / REGION);
            }
            if waits < SPINS + YIELDS {
                wait_briefly(&mut waits);
                continue;
            }
            let parked = &self.parked[index].0;
            parked.store(true, Ordering::SeqCst);
            // A caller that opens a region after this store sees the flag and unparks this worker.
            // A region opened before it is visible in the load below.
            let gate = self.gate.0.load(Ordering::SeqCst);
            if (gate & OPEN != 0 && gate / REGION != seen) || self.ending.load(Ordering::SeqCst) {
                parked.store(false, Ordering::SeqCst);
                continue;
            }
            while parked.load(Ordering::SeqCst) {
                thread::park();
            }
            waits = 0;
        }
    }

    /// Enters region `region`. Returns `false` if the region has already closed.
    fn enter(&self, region: u64) -> bool {
        let mut gate = self.gate.0.load(Ordering::Acquire);
        while gate & OPEN != 0 && gate / REGION == region {
            let entered = self.gate.0.compare_exchange_weak(
                gate,
                gate + INSIDE,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match entered {
                Ok(_) => return true,
                Err(found) => gate = found,
            }
        }
        false
    }

    /// The run of tasks assigned to thread `thread`.
    fn tasks_of(&self, thread: usize, tasks: usize) -> Range<usize> {
        let threads = self.cursors.len();
        tasks * thread / threads..tasks * (thread + 1) / threads
    }

    /// Runs tasks until none is left: first the thread's own run, then what remains of the others'.
    fn run_tasks(&self, thread: usize, job: RegionJob) {
        // SAFETY: the closure lives until the caller has seen every thread leave, this one
        // included.
        let work = unsafe { &*job.work };
        let threads = self.cursors.len();
        let done = catch_unwind(AssertUnwindSafe(|| {
            for owner in (thread..threads).chain(0..thread) {
                let (cursor, end) = (&self.cursors[owner].0, self.tasks_of(owner, job.tasks).end);
                loop {
                    let task = cursor.fetch_add(1, Ordering::Relaxed);
                    if task >= end {
                        break;
                    }
                    work(thread, task);
                }
            }
        }));
        if let Err(panic) = done {
            // The region has failed: skip the remaining tasks.
            for cursor in &self.cursors {
                cursor.0.store(job.tasks, Ordering::Relaxed);
            }
            let mut panicked =
                self.panicked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *panicked = Some(TaskPanic::of(panic.as_ref()));
        }
    }
}

impl TaskPanic {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Self { message }
    }
}

/// Spins for the first [`SPINS`] calls, then yields: the awaited thread may need this core.
fn wait_briefly(waits: &mut u32) {
    if *waits < SPINS {
        hint::spin_loop();
    } else {
        thread::yield_now();
    }
    *waits = waits.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::unless_miri;

    #[test]
    fn every_task_runs_once_on_any_number_of_threads() {
        for threads in [1, 2, 3, 7] {
            let mut pool = Pool::start(threads).unwrap();
            for tasks in [0, 1, 2, 5, 64, unless_miri(1000, 200)] {
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|thread, task| {
                    assert!(thread < threads);
                    counts[task].fetch_add(1, Ordering::Relaxed);
                })
                .unwrap();
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn many_short_regions_all_complete() {
        let mut pool = Pool::start(4).unwrap();
        let sum = AtomicUsize::new(0);
        let regions = unless_miri(20_000, 200);
        for _ in 0..regions {
            pool.run(3, &|_, task| {
                sum.fetch_add(task + 1, Ordering::Relaxed);
            })
            .unwrap();
        }
        assert_eq!(sum.into_inner(), regions * 6);
    }

    #[test]
    fn parked_workers_wake_for_the_next_region() {
        let mut pool = Pool::start(2).unwrap();
        for _ in 0..unless_miri(20, 3) {
            while !pool.shared.parked[0].0.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            // Completes only if the worker takes part.
            run_two_waiting_tasks(&mut pool);
        }
    }

    /// Runs two tasks that wait for each other, which completes only on two threads.
    fn run_two_waiting_tasks(pool: &mut Pool) {
        let inside = AtomicUsize::new(0);
        pool.run(2, &|_, _| {
            inside.fetch_add(1, Ordering::SeqCst);
            while inside.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
        })
        .unwrap();
    }

    /// Goal: two models on two cores never compute on more than two threads together, and a model
    /// that runs alone again uses both.
    /// Method: a region of the first pool stays open while the second pool runs many regions.
    #[test]
    fn pools_on_the_same_cores_share_them() {
        let cores = Cores::new(2);
        let mut first = Pool::start_on(Arc::clone(&cores)).unwrap();
        let mut second = Pool::start_on(Arc::clone(&cores)).unwrap();
        let (busy, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let region = first.run(2, &|_, _| {
                    busy.fetch_add(1, Ordering::SeqCst);
                    while !done.load(Ordering::SeqCst) {
                        thread::yield_now();
                    }
                });
                region.unwrap();
            });
            while busy.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
            for _ in 0..unless_miri(500, 20) {
                let alone = second.run(64, &|thread, _| assert_eq!(thread, 0, "no spare core"));
                if alone.is_err() {
                    done.store(true, Ordering::SeqCst);
                }
                alone.unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        assert_eq!(cores.computing.0.load(Ordering::SeqCst), 0);
        run_two_waiting_tasks(&mut second);
        run_two_waiting_tasks(&mut first);
    }

    #[test]
    fn panic_in_a_task_is_an_error_and_the_pool_goes_on() {
        for threads in [1, 3] {
            let mut pool = Pool::start(threads).unwrap();
            for _ in 0..unless_miri(50, 3) {
                let failed = pool.run(40, &|_, task| assert!(task != 17, "task {task} failed"));
                assert!(failed.unwrap_err().message.contains("task 17 failed"));
                assert_eq!(pool.run(40, &|_, _| {}), Ok(()));
            }
        }
    }
}
