//! Rate limit per tenant: a token bucket each, so that one tenant cannot starve the others.
//!
//! A bucket is stored as the time at which it will be full again, so no timer refills it.
//!
//! Source: the generic cell rate algorithm, ITU-T I.371, in its virtual-scheduling form.

use dashmap::DashMap;
use std::time::Duration;
use std::time::Instant;
use vitrine_base::ids::TenantId;

/// Limits of each tenant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RateOptions {
    /// Sustained requests per second; `None` for no limit.
    pub(crate) per_second: Option<f64>,
    /// Requests at once after a quiet period; 0 counts as 1.
    pub(crate) burst: u32,
}

/// The tenants' buckets. Tenants come from configured keys, which bounds their number.
#[derive(Debug)]
pub(crate) struct RateLimits {
    /// Time in which a bucket gains one request; `None` for no limit.
    interval: Option<Duration>,
    /// Time in which an empty bucket fills up.
    depth: Duration,
    full_at: DashMap<TenantId, Instant>,
}

impl RateLimits {
    /// Creates the limits with full buckets.
    pub(crate) fn new(options: RateOptions) -> Self {
        let interval = options.per_second.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let depth = interval.unwrap_or_default().saturating_mul(options.burst.max(1));
        Self { interval, depth, full_at: DashMap::new() }
    }

    /// Takes one request from a tenant's bucket.
    ///
    /// # Errors
    /// The time until the next request is allowed, if the bucket is empty.
    pub(crate) fn take(&self, tenant: &TenantId, now: Instant) -> Result<(), Duration> {
        let Some(interval) = self.interval else { return Ok(()) };
        let mut full_at = self.full_at.entry(tenant.clone()).or_insert(now);
        let next = (*full_at).max(now) + interval;
        let used = next.saturating_duration_since(now);
        if used > self.depth {
            return Err(used.saturating_sub(self.depth));
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use vitrine_base::clock::Clock;
    use vitrine_base::clock::ManualClock;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[test]
    fn a_burst_passes_then_the_rate_applies_with_a_retry_time() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let limits = RateLimits::new(RateOptions { per_second: Some(4.0), burst: 3 });
        let take = || limits.take(&tenant("a"), clock.instant());
        assert_eq!([take(), take(), take()], [Ok(()), Ok(()), Ok(())]);
        assert_eq!(take(), Err(Duration::from_millis(250)));
        clock.advance(Duration::from_millis(249));
        assert_eq!(take(), Err(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(take(), Ok(()));
        assert!(take().is_err(), "refused requests take nothing from the bucket, granted ones do");
        clock.advance(Duration::from_secs(3600));
        assert_eq!([take(), take(), take()], [Ok(()), Ok(()), Ok(())]);
        assert!(take().is_err(), "a long pause fills the bucket and no more");
    }

    #[test]
    fn tenants_have_buckets_of_their_own() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let limits = RateLimits::new(RateOptions { per_second: Some(1.0), burst: 1 });
        assert!(limits.take(&tenant("a"), clock.instant()).is_ok());
        assert!(limits.take(&tenant("a"), clock.instant()).is_err());
        assert!(limits.take(&tenant("b"), clock.instant()).is_ok());
    }

    #[test]
    fn no_rate_is_no_limit() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let limits = RateLimits::new(RateOptions { per_second: None, burst: 1 });
        assert!((0..10_000).all(|_| limits.take(&tenant("a"), clock.instant()).is_ok()));
    }
}
