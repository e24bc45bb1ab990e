//! The only place that reads the time; everything else is handed a [`Clock`].

use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::watch;

/// Ends when the time has passed.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time of day and a monotonic time, and waits for it to pass.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall time, for records that people read.
    fn now(&self) -> Timestamp;
    /// Monotonic time, for deadlines and durations.
    fn instant(&self) -> Instant;
    /// Waits; must run inside a tokio runtime.
    fn sleep(&self, duration: Duration) -> Sleep;
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

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until a test moves it, and wakes those who wait for it then.
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    wall: Timestamp,
    elapsed: watch::Sender<Duration>,
}

impl ManualClock {
    /// Starts at `wall`.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { start: SystemClock.instant(), wall, elapsed: watch::Sender::new(Duration::ZERO) }
    }

    /// Moves both times forward.
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
                // A clock that is gone stands still for ever.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Milliseconds as the wire shows them: one decimal.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
