//! The only place that reads the time; everything else is handed a [`Clock`].

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

/// Tells the time of day and a monotonic time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall time, for records that people read.
    fn now(&self) -> Timestamp;
    /// Monotonic time, for deadlines and durations.
    fn instant(&self) -> Instant;
}

/// A clock that many threads share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    wall: Timestamp,
    elapsed: Mutex<Duration>,
}

impl ManualClock {
    /// Starts at `wall`.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { start: SystemClock.instant(), wall, elapsed: Mutex::new(Duration::ZERO) }
    }

    /// Moves both times forward.
    pub fn advance(&self, by: Duration) {
        *self.lock() += by;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.elapsed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.wall + *self.lock()
    }

    fn instant(&self) -> Instant {
        self.start + *self.lock()
    }
}

/// Milliseconds as the wire shows them: one decimal.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
