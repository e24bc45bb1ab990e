//! Load generator: sends requests open loop, at a rate, or closed loop, from a number of clients.
//!
//! Invariants
//! - In the open loop each request has a due time that does not depend on earlier requests, and its
//!   latency counts from that time, so a slow server cannot hide its delays (no coordinated
//!   omission).
//! - No request is due after the run's duration; requests in flight at the end are awaited.

use super::exchange::Call;
use super::exchange::Exchange;
use super::exchange::exchange;
use super::scenario::RequestIds;
use super::scenario::Scenario;
use super::tally::LatencyGoals;
use super::tally::LoadTally;
use indicatif::ProgressBar;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use reqwest::Client;
use std::time::Duration;
use std::time::Instant;
use tokio::task::JoinSet;
use vitrine_base::clock::SharedClock;

/// How requests arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Arrivals {
    /// Open loop: a Poisson process of `rate` requests per second. A request that is due while
    /// `in_flight_max` are in flight counts as not sent.
    Poisson { rate: f64, in_flight_max: usize },
    /// Closed loop: each client sends its next request as soon as its previous answer arrives.
    Closed { clients: usize },
}

/// The server under test and the requests to send to it.
#[derive(Debug, Clone)]
pub(super) struct LoadTarget {
    pub(super) client: Client,
    pub(super) url: String,
    pub(super) api_key: Option<String>,
    pub(super) scenario: Scenario,
    pub(super) timeout: Duration,
    pub(super) clock: SharedClock,
    /// Number in every conversation id; keeps the conversations of different runs apart.
    pub(super) run: u64,
}

impl LoadTarget {
    /// Builds one request; its latency counts from `due`.
    pub(super) fn call(&self, ids: RequestIds, due: Instant) -> Call {
        let scenario = &self.scenario;
        let mut request = self.post(&scenario.path).json(&scenario.body(ids));
        for (name, value) in &scenario.headers {
            request = request.header(name, value);
        }
        let (kind, stream) = (scenario.kind(), scenario.stream);
        Call { request, kind, stream, due, timeout: self.timeout }
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.url));
        match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }
}

/// Parameters of one measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadRun {
    pub(super) arrivals: Arrivals,
    pub(super) duration: Duration,
    pub(super) seed: u64,
    pub(super) goals: LatencyGoals,
}

/// Runs one measurement. Returns the counts, and the time from the start to the last answer.
pub(super) async fn drive(
    target: &LoadTarget,
    run: LoadRun,
    bar: &ProgressBar,
) -> anyhow::Result<(LoadTally, Duration)> {
    let started = target.clock.instant();
    let mut in_flight = InFlight { target, tasks: JoinSet::new(), number: 0 };
    let mut tally = LoadTally::new(run.goals)?;
    let record = |tally: &mut LoadTally, exchange: &Exchange| {
        tally.count(exchange);
        let elapsed = target.clock.instant().saturating_duration_since(started);
        bar.set_position(elapsed.min(run.duration).as_secs());
        bar.set_message(format!("{} answered, {} failed", tally.done(), tally.failed()));
    };
    let end = started + run.duration;
    match run.arrivals {
        Arrivals::Closed { clients } => {
            (0..clients).for_each(|client| in_flight.send(client, started));
            while let Some((client, exchange)) = in_flight.next().await {
                record(&mut tally, &exchange);
                let now = target.clock.instant();
                if now < end {
                    in_flight.send(client, now);
                }
            }
        }
        Arrivals::Poisson { rate, in_flight_max } => {
            for due in poisson(rate, run.seed, run.duration).map(|after| started + after) {
                let until_due = tokio::time::sleep_until(tokio::time::Instant::from_std(due));
                tokio::pin!(until_due);
                loop {
                    tokio::select! {
                        biased;
                        () = &mut until_due => break,
                        Some((_, exchange)) = in_flight.next() => record(&mut tally, &exchange),
                    }
                }
                if in_flight.tasks.len() < in_flight_max {
                    in_flight.send(in_flight.number % in_flight_max, due);
                } else {
                    record(&mut tally, &Exchange::not_sent());
                }
            }
            while let Some((_, exchange)) = in_flight.next().await {
                record(&mut tally, &exchange);
            }
        }
    }
    Ok((tally, target.clock.instant().saturating_duration_since(started)))
}

struct InFlight<'a> {
    target: &'a LoadTarget,
    tasks: JoinSet<(usize, Exchange)>,
    number: usize,
}

impl InFlight<'_> {
    fn send(&mut self, client: usize, due: Instant) {
        let ids = RequestIds { number: self.number, client, run: self.target.run };
        self.number += 1;
        let call = self.target.call(ids, due);
        let (http, clock) = (self.target.client.clone(), self.target.clock.clone());
        self.tasks.spawn(async move { (client, exchange(http, call, clock).await) });
    }

    /// Waits for the next finished request; `None` when none is in flight.
    async fn next(&mut self) -> Option<(usize, Exchange)> {
        loop {
            // A panic is our bug. The request is logged and missing from the counts.
            match self.tasks.join_next().await? {
                Ok(ended) => return Some(ended),
                Err(error) => tracing::error!(%error, "request task panicked, not counted"),
            }
        }
    }
}

/// Arrival times of a Poisson process of `rate` per second, up to `duration`: exponential gaps.
fn poisson(rate: f64, seed: u64, duration: Duration) -> impl Iterator<Item = Duration> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut at = 0.0_f64;
    std::iter::from_fn(move || {
        // 1 - u is in (0, 1], so its logarithm is finite.
        let u: f64 = random.random();
        at -= (1.0 - u).ln() / rate;
        Duration::try_from_secs_f64(at).ok().filter(|at| *at < duration)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "arrival counts are small")]
    fn arrivals_are_poisson_and_seeded() {
        let second = Duration::from_secs(1);
        let arrivals: Vec<Duration> = poisson(50.0, 7, 200 * second).collect();
        let again: Vec<Duration> = poisson(50.0, 7, 200 * second).collect();
        assert_eq!(arrivals, again);
        assert_ne!(arrivals, poisson(50.0, 8, 200 * second).collect::<Vec<_>>());
        assert!(arrivals.is_sorted() && arrivals.last().is_some_and(|last| *last < 200 * second));
        // 10,000 are expected; the standard deviation is 100.
        assert!((9_600..10_400).contains(&arrivals.len()), "{}", arrivals.len());
        // In a Poisson process the variance of counts equals their mean.
        let counts: Vec<f64> = (0..200)
            .map(|at| arrivals.iter().filter(|time| time.as_secs() == at).count() as f64)
            .collect();
        let mean = counts.iter().sum::<f64>() / 200.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 200.0;
        assert!((0.7..1.4).contains(&(variance / mean)), "{variance} for {mean}");
    }
}
