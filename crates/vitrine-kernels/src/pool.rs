//! Threads that compute one step together; the calling thread is one of them.
//!
//! A region is a number of tasks, cut into one run of neighbours a thread. A thread draws its own
//! run in order and then what is left of the others': neighbours lie beside each other in memory,
//! and a thread that goes on where it stopped finds its next bytes read ahead. A thread that the
//! operating system takes off its core delays only the task it holds: the others draw the rest, and
//! one that comes late finds the region closed and is not waited for. Between regions a worker
//! spins for a moment, then gives its core away, then parks.
//!
//! Several pools may share the same [`Cores`]: each caller computes its own region in any case, and
//! workers help only while fewer threads compute than there are cores. Two models that step at once
//! on two cores get one each, and one that steps alone gets both; nobody waits for a turn.
//!
//! Invariants
//! - A worker begins a region only while fewer threads compute than there are cores, and has given
//!   its core back when the region's caller goes on.
//! - A region's closure is never called after [`Pool::run`] returns: the caller closes the gate and
//!   waits for everybody inside.
//! - A task runs at most once, on one thread; a panic in it ends as [`TaskPanic`], never as a hang.
//! - A pool of one thread calls the tasks in order and touches no atomic.
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

/// Most threads of one pool; beyond it looking through all runs would be the wrong design.
pub const THREADS_MAX: usize = 256;

/// Pauses before a waiting worker starts to give its core away: some 20 µs, longer than the serial
/// part between two regions and shorter than a time slice of a neighbour.
const SPINS: u32 = 1_000;

/// Times that a waiting worker then gives its core away before it parks.
const YIELDS: u32 = 50;

/// The gate's lowest bit: workers may still enter.
const OPEN: u64 = 1;
/// One worker inside, in the bits above.
const INSIDE: u64 = 2;
const INSIDE_MASK: u64 = ((1 << 32) - 1) & !OPEN;
/// The region's number, in the upper half.
const REGION: u64 = 1 << 32;

/// A task of a region panicked; the rest of the region may not have run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a compute task panicked: {message}")]
pub struct TaskPanic {
    /// What it said.
    pub message: String,
}

type Work<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// How many threads compute, of all pools that share the same cores.
#[derive(Debug)]
pub struct Cores {
    count: usize,
    computing: Line<AtomicUsize>,
}

impl Cores {
    /// So many cores, at least 1 and at most [`THREADS_MAX`].
    #[must_use]
    pub fn new(count: usize) -> Arc<Self> {
        let computing = Line(AtomicUsize::new(0));
        Arc::new(Self { count: count.clamp(1, THREADS_MAX), computing })
    }

    /// The number of cores.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// A core for a worker, if one is left.
    fn take_spare(&self) -> Option<Computing<'_>> {
        let more = |computing| (computing < self.count).then_some(computing + 1);
        let taken = self.computing.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        // Made only when taken: one that is dropped gives a core back.
        taken.is_ok().then(|| Computing { cores: self })
    }

    /// A core for a caller, who computes anyhow.
    fn take(&self) -> Computing<'_> {
        self.computing.0.fetch_add(1, Ordering::AcqRel);
        Computing { cores: self }
    }
}

/// One thread that computes.
struct Computing<'a> {
    cores: &'a Cores,
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.cores.computing.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the open region computes.
#[derive(Clone, Copy)]
struct Job {
    work: *const Work<'static>,
    tasks: usize,
}

/// One counter a cache line, so that a cursor's traffic does not slow the gate's readers.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

struct Shared {
    cores: Arc<Cores>,
    /// Region number, workers inside, and whether more may enter.
    gate: Line<AtomicU64>,
    /// The next task of each thread's run.
    cursors: Vec<Line<AtomicUsize>>,
    job: UnsafeCell<Option<Job>>,
    /// Whether each worker sleeps, or is about to.
    parked: Vec<Line<AtomicBool>>,
    panicked: std::sync::Mutex<Option<TaskPanic>>,
    ending: AtomicBool,
}

// SAFETY: `job` is written only by the caller while the gate is closed and nobody is inside, and
// read only by workers that entered an open gate; the gate's release and acquire order the two. The
// pointer in it is to a `Sync` closure that outlives the region.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer is not tied to a thread.
unsafe impl Send for Shared {}

/// Worker threads that wait for regions.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Pool {
    /// Starts `threads - 1` workers, at most [`THREADS_MAX`]` - 1`, on cores of their own.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    #[cfg(test)]
    pub fn start(threads: usize) -> io::Result<Self> {
        Self::start_on(Cores::new(threads))
    }

    /// Starts as many workers as make one thread a core, the caller included.
    ///
    /// # Errors
    /// If the operating system refuses a thread.
    pub fn start_on(cores: Arc<Cores>) -> io::Result<Self> {
        let workers = cores.count() - 1;
        let shared = Arc::new(Shared {
            cores,
            gate: Line(AtomicU64::new(0)),
            cursors: (0..=workers).map(|_| Line(AtomicUsize::new(0))).collect(),
            job: UnsafeCell::new(None),
            parked: (0..workers).map(|_| Line(AtomicBool::new(false))).collect(),
            panicked: std::sync::Mutex::new(None),
            ending: AtomicBool::new(false),
        });
        let mut pool = Self { shared, workers: Vec::with_capacity(workers) };
        for index in 0..workers {
            let shared = Arc::clone(&pool.shared);
            let worker = thread::Builder::new()
                .name(format!("compute-{}", index + 1))
                .spawn(move || shared.serve(index))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Threads that compute, the caller included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work(thread, task)` once for every task below `tasks`; threads count from 0, the
    /// caller. Returns when all are done.
    ///
    /// # Errors
    /// If a task panicked.
    pub fn run(&mut self, tasks: usize, work: &Work<'_>) -> Result<(), TaskPanic> {
        if self.workers.is_empty() {
            return Self::run_alone(tasks, work);
        }
        let _computing = self.shared.cores.take();
        if tasks <= 1 {
            return Self::run_alone(tasks, work);
        }
        let shared = &*self.shared;
        // SAFETY: the closure's lifetime is forgotten, but no call to it outlasts this function:
        // below the gate is closed and everybody inside is waited for before it returns, and
        // nothing in between unwinds.
        let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        let job = Job { work, tasks };
        // SAFETY: the gate is closed and nobody is inside, so nobody reads the job; `&mut self`
        // keeps other callers out.
        unsafe { *shared.job.get() = Some(job) };
        for (thread, cursor) in shared.cursors.iter().enumerate() {
            cursor.0.store(shared.run_of(thread, tasks).start, Ordering::Relaxed);
        }
        let region = shared.gate.0.load(Ordering::Relaxed) & !(REGION - 1);
        shared.gate.0.store(region.wrapping_add(REGION) | OPEN, Ordering::SeqCst);
        self.wake();
        shared.draw(0, job);
        shared.gate.0.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while shared.gate.0.load(Ordering::Acquire) & INSIDE_MASK != 0 {
            wait_briefly(&mut spins);
        }
        let mut panicked =
            shared.panicked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        panicked.take().map_or(Ok(()), Err)
    }

    fn run_alone(tasks: usize, work: &Work<'_>) -> Result<(), TaskPanic> {
        catch_unwind(AssertUnwindSafe(|| (0..tasks).for_each(|task| work(0, task))))
            .map_err(|panic| TaskPanic::of(panic.as_ref()))
    }

    /// Wakes the workers that sleep.
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

impl Shared {
    /// A worker's life.
    fn serve(&self, index: usize) {
        let mut seen = 0;
        while let Some(region) = self.next_region(index, seen) {
            seen = region;
            let spare = self.cores.take_spare();
            if spare.is_some() && self.enter(region) {
                // SAFETY: inside an open gate the caller does not write the job.
                if let Some(job) = unsafe { *self.job.get() } {
                    self.draw(index + 1, job);
                }
                drop(spare);
                self.gate.0.fetch_sub(INSIDE, Ordering::AcqRel);
            }
        }
    }

    /// Waits for an open region other than `seen`; `None` when the pool ends.
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
            // Whoever opens a region after this store sees the flag and unparks us; whoever did so
            // before is seen here.
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

    /// Counts this worker in, unless the region is over.
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

    /// The tasks that thread `thread` draws first.
    fn run_of(&self, thread: usize, tasks: usize) -> Range<usize> {
        let threads = self.cursors.len();
        tasks * thread / threads..tasks * (thread + 1) / threads
    }

    /// Draws and runs tasks until none is left: its own run's, then the others'.
    fn draw(&self, thread: usize, job: Job) {
        // SAFETY: the closure lives until the caller has seen everybody leave, this thread too.
        let work = unsafe { &*job.work };
        let threads = self.cursors.len();
        let done = catch_unwind(AssertUnwindSafe(|| {
            for owner in (thread..threads).chain(0..thread) {
                let (cursor, end) = (&self.cursors[owner].0, self.run_of(owner, job.tasks).end);
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
            // Nobody needs the remaining tasks any more.
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

/// Spins at first, then gives the core away: whoever is waited for may need it.
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
            // It ends only if the worker came.
            meet(&mut pool);
        }
    }

    /// Tasks that wait for each other: they end only on two threads.
    fn meet(pool: &mut Pool) {
        let inside = AtomicUsize::new(0);
        pool.run(2, &|_, _| {
            inside.fetch_add(1, Ordering::SeqCst);
            while inside.load(Ordering::SeqCst) < 2 {
                thread::yield_now();
            }
        })
        .unwrap();
    }

    /// Goal: two models on two cores never compute on more than two threads, and one that is alone
    /// again has both.
    /// Method: a region of the first pool stays open while the second one runs many.
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
                let alone = second.run(64, &|thread, _| assert_eq!(thread, 0, "no core is left"));
                if alone.is_err() {
                    done.store(true, Ordering::SeqCst);
                }
                alone.unwrap();
            }
            done.store(true, Ordering::SeqCst);
        });
        assert_eq!(cores.computing.0.load(Ordering::SeqCst), 0);
        meet(&mut second);
        meet(&mut first);
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
