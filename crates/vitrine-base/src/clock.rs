//! Access to time. Only this module reads the system clocks; all other code receives a [`Clock`].

use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::watch;

/// A future that completes when the requested time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Wall time, monotonic time and timers.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall time, for records and timestamps.
    fn now(&self) -> Timestamp;
    /// Monotonic time, for deadlines and durations.
    fn instant(&self) -> Instant;
    /// Waits for `duration`. [`SystemClock`] requires a tokio runtime.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// A clock shared between threads.
pub type SharedClock = Arc<dyn Clock>;

/// The clocks of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A test clock that advances only by [`advance`](ManualClock::advance) and then completes the
/// sleeps that are due.
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    wall: Timestamp,
    elapsed: watch::Sender<Duration>,
}

impl ManualClock {
    /// Creates a clock whose wall time is `wall`.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { start: SystemClock.instant(), wall, elapsed: watch::Sender::new(Duration::ZERO) }
    }

    /// Advances wall time and monotonic time.
    pub fn advance(&self, by: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.wall + *self.elapsed.borrow()
    }

    fn instant(&self) -> Instant {
        self.start + *self.elapsed.borrow()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut elapsed = self.elapsed.subscribe();
        let end = *elapsed.borrow() + duration;
        Box::pin(async move {
            if elapsed.wait_for(|elapsed| *elapsed >= end).await.is_err() {
                // The clock was dropped: its time never advances again.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Milliseconds rounded to one decimal, as used in API responses.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
