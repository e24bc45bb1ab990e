//! Counts and latency histograms of one run, and the JSON report made from them.

use super::exchange::Ending;
use super::exchange::Exchange;
use hdrhistogram::Histogram;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Highest time of a histogram, in microseconds: one hour; longer times are recorded as this.
const MICROSECONDS_MAX: u64 = 3_600_000_000;

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 3;

/// Latency goals that an answer must meet to count towards goodput; `None`: no goal.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LatencyGoals {
    /// Longest time to the complete answer.
    pub(super) latency_max: Option<Duration>,
    /// Longest time to the first text, or to the complete answer if it has no text.
    pub(super) first_text_max: Option<Duration>,
}

impl LatencyGoals {
    fn is_met(self, exchange: &Exchange) -> bool {
        let within = |found: Duration, max: Option<Duration>| max.is_none_or(|max| found <= max);
        within(exchange.latency, self.latency_max)
            && within(exchange.first_text.unwrap_or(exchange.latency), self.first_text_max)
    }
}

/// Histogram of times, in microseconds.
#[derive(Debug)]
struct Times(Histogram<u64>);

impl Times {
    fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, MICROSECONDS_MAX, DIGITS)?))
    }

    fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// A percentile (0 to 100) in milliseconds; `None` if nothing was recorded.
    fn at(&self, percentile: f64) -> Option<f64> {
        let found = !self.0.is_empty();
        found.then(|| milliseconds(self.0.value_at_percentile(percentile)))
    }

    fn report(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        json!({
            "count": self.0.len(),
            "mean": (self.0.mean() / 10.0).round() / 100.0,
            "p50": self.at(50.0),
            "p90": self.at(90.0),
            "p95": self.at(95.0),
            "p99": self.at(99.0),
            "max": milliseconds(self.0.max()),
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "an hour in microseconds is exact in an f64")]
fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}

/// Counts of one run.
#[derive(Debug)]
pub(super) struct LoadTally {
    goals: LatencyGoals,
    /// Time to the complete answer.
    latency: Times,
    first_text: Times,
    /// Mean time between two tokens of an answer.
    token_gap: Times,
    /// Time to answers with a status other than 2xx.
    refusal: Times,
    /// Delay of the load generator itself.
    lateness: Times,
    sent: u64,
    done: u64,
    good: u64,
    errors: BTreeMap<String, u64>,
    output_tokens: u64,
    prompt_tokens: u64,
    cached_tokens: u64,
}

impl LoadTally {
    pub(super) fn new(goals: LatencyGoals) -> anyhow::Result<Self> {
        Ok(Self {
            goals,
            latency: Times::new()?,
            first_text: Times::new()?,
            token_gap: Times::new()?,
            refusal: Times::new()?,
            lateness: Times::new()?,
            sent: 0,
            done: 0,
            good: 0,
            errors: BTreeMap::new(),
            output_tokens: 0,
            prompt_tokens: 0,
            cached_tokens: 0,
        })
    }

    /// Counts one request.
    pub(super) fn count(&mut self, exchange: &Exchange) {
        if exchange.ending != Ending::NotSent {
            self.sent += 1;
            self.lateness.record(exchange.lateness);
        }
        if let Some(name) = exchange.ending.error_name() {
            *self.errors.entry(name).or_default() += 1;
            if matches!(exchange.ending, Ending::Status(_)) {
                self.refusal.record(exchange.latency);
            }
            return;
        }
        self.done += 1;
        self.good += u64::from(self.goals.is_met(exchange));
        self.latency.record(exchange.latency);
        self.output_tokens += exchange.output_tokens;
        self.prompt_tokens += exchange.prompt_tokens;
        self.cached_tokens += exchange.cached_tokens;
        if let Some(first) = exchange.first_text {
            self.first_text.record(first);
        }
        let gaps = u32::try_from(exchange.output_tokens.saturating_sub(1)).unwrap_or(u32::MAX);
        if gaps > 0 && exchange.first_text.is_some() {
            self.token_gap.record(exchange.decoding / gaps);
        }
    }

    /// Complete answers so far.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Requests that ended in any other way so far, unsent ones included.
    pub(super) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Latency percentiles p50, p95 and p99, in milliseconds; `None` without a complete answer.
    pub(super) fn latency_percentiles(&self) -> Option<[f64; 3]> {
        Some([self.latency.at(50.0)?, self.latency.at(95.0)?, self.latency.at(99.0)?])
    }

    /// Report of a run that took `wall`, from the first due request to the last answer.
    #[expect(clippy::cast_precision_loss, reason = "request and token counts are far below 2^52")]
    pub(super) fn report(&self, wall: Duration) -> Value {
        let per_second = |count: u64| {
            let rate = count as f64 / wall.as_secs_f64().max(1e-9);
            (rate * 1000.0).round() / 1000.0
        };
        json!({
            "wall_seconds": (wall.as_secs_f64() * 1000.0).round() / 1000.0,
            "sent": self.sent,
            "succeeded": self.done,
            "failed": self.failed(),
            "errors": self.errors,
            "latency_ms": self.latency.report(),
            "time_to_first_token_ms": self.first_text.report(),
            "time_per_output_token_ms": self.token_gap.report(),
            "refusal_ms": self.refusal.report(),
            "send_lateness_ms": self.lateness.report(),
            "requests_per_second": per_second(self.done),
            "goodput_per_second": per_second(self.good),
            "output_tokens_per_second": per_second(self.output_tokens),
            "output_tokens": self.output_tokens,
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(milliseconds: u64) -> Exchange {
        Exchange {
            ending: Ending::Done,
            latency: Duration::from_millis(milliseconds),
            first_text: Some(Duration::from_millis(milliseconds / 2)),
            decoding: Duration::from_millis(90),
            output_tokens: 10,
            ..Exchange::not_sent()
        }
    }

    #[test]
    fn endings_and_times_are_counted_apart() {
        let goals = LatencyGoals {
            latency_max: Some(Duration::from_millis(50)),
            ..LatencyGoals::default()
        };
        let mut tally = LoadTally::new(goals).unwrap();
        (1..=100).for_each(|time| tally.count(&done(time)));
        for ending in [Ending::Status(429), Ending::Status(429), Ending::Timeout, Ending::Broken] {
            tally.count(&Exchange { ending, latency: Duration::from_secs(9), ..done(1) });
        }
        tally.count(&Exchange::not_sent());
        let report = tally.report(Duration::from_secs(10));
        let counts = json!({ "429": 2, "timeout": 1, "broken_answer": 1, "not_sent": 1 });
        assert_eq!(report["errors"], counts);
        assert_eq!((&report["sent"], &report["succeeded"]), (&json!(104), &json!(100)));
        assert_eq!(report["requests_per_second"], 10.0);
        assert_eq!(report["goodput_per_second"], 5.0);
        assert_eq!(report["output_tokens_per_second"], 100.0);
        assert_eq!(report["refusal_ms"]["count"], 2);
        let near = |value: &Value, expected: f64| {
            let found = value.as_f64().unwrap();
            assert!((found / expected - 1.0).abs() < 0.002, "{found} for {expected}");
        };
        near(&report["latency_ms"]["p50"], 50.0);
        near(&report["latency_ms"]["p99"], 99.0);
        near(&report["latency_ms"]["max"], 100.0);
        near(&report["time_to_first_token_ms"]["p50"], 25.0);
        near(&report["time_per_output_token_ms"]["p99"], 10.0);
    }

    #[test]
    fn a_run_without_an_answer_has_no_times() {
        let report = LoadTally::new(LatencyGoals::default()).unwrap().report(Duration::ZERO);
        assert_eq!(report["latency_ms"], Value::Null);
        assert_eq!(report["requests_per_second"], 0.0);
    }
}
