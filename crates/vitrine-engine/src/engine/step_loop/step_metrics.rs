//! The metrics of one model's steps, looked up once: a step records several for every token.

use crate::engine::finish::FinishReason;
use crate::engine::sequence::TokenTime;
use metrics::Counter;
use metrics::Histogram;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use vitrine_base::telemetry;

/// Handles of the metrics, labelled with the model's name.
#[derive(Clone)]
pub(super) struct StepMetrics {
    pub(super) preemptions: Counter,
    pub(super) prompt_tokens: Counter,
    pub(super) output_tokens: Counter,
    pub(super) prefix_queries: Counter,
    pub(super) prefix_hits: Counter,
    pub(super) speculative_tokens: Counter,
    pub(super) accepted_tokens: Counter,
    pub(super) steps_failed: Counter,
    pub(super) step: Histogram,
    pub(super) masks: Histogram,
    pub(super) queue: Histogram,
    generation: Histogram,
    first_token: Histogram,
    next_token: Histogram,
    request_prompt_tokens: Histogram,
    request_output_tokens: Histogram,
    model: String,
}

impl std::fmt::Debug for StepMetrics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("StepMetrics").field("model", &self.model).finish_non_exhaustive()
    }
}

impl StepMetrics {
    /// The metrics of the model with this name, in the recorder installed at this time.
    pub(super) fn of(model: &str) -> Self {
        let counter = |name: &'static str| metrics::counter!(name, "model" => model.to_owned());
        let histogram = |name: &'static str| metrics::histogram!(name, "model" => model.to_owned());
        Self {
            preemptions: counter(telemetry::PREEMPTIONS_TOTAL),
            prompt_tokens: counter(telemetry::PROMPT_TOKENS_TOTAL),
            output_tokens: counter(telemetry::GENERATION_TOKENS_TOTAL),
            prefix_queries: counter(telemetry::PREFIX_CACHE_QUERIES_TOTAL),
            prefix_hits: counter(telemetry::PREFIX_CACHE_HITS_TOTAL),
            speculative_tokens: counter(telemetry::SPECULATIVE_TOKENS_TOTAL),
            accepted_tokens: counter(telemetry::ACCEPTED_TOKENS_TOTAL),
            steps_failed: counter(telemetry::STEPS_FAILED_TOTAL),
            step: histogram(telemetry::STEP_SECONDS),
            masks: histogram(telemetry::MASK_SECONDS),
            queue: histogram(telemetry::QUEUE_SECONDS),
            generation: histogram(telemetry::GENERATION_SECONDS),
            first_token: histogram(telemetry::TIME_TO_FIRST_TOKEN_SECONDS),
            next_token: histogram(telemetry::INTER_TOKEN_SECONDS),
            request_prompt_tokens: histogram(telemetry::REQUEST_PROMPT_TOKENS),
            request_output_tokens: histogram(telemetry::REQUEST_GENERATION_TOKENS),
            model: model.to_owned(),
        }
    }

    /// A token was chosen.
    pub(super) fn token(&self, time: TokenTime) {
        match time {
            TokenTime::First(time) => self.first_token.record(time.as_secs_f64()),
            TokenTime::Next(time) => self.next_token.record(time.as_secs_f64()),
        }
    }

    /// A generation ended without an error.
    #[expect(clippy::cast_precision_loss, reason = "histograms need no exact counts")]
    pub(super) fn finished(&self, reason: FinishReason, seconds: f64, tokens: (usize, usize)) {
        let (prompt_tokens, output_tokens) = tokens;
        self.generation.record(seconds);
        self.request_prompt_tokens.record(prompt_tokens as f64);
        self.request_output_tokens.record(output_tokens as f64);
        let name = telemetry::GENERATIONS_FINISHED_TOTAL;
        let (model, reason) = (self.model.clone(), reason_name(reason));
        metrics::counter!(name, "model" => model, "finished_reason" => reason).increment(1);
    }
}

fn reason_name(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::Deadline => "deadline",
        FinishReason::Cancelled => "abort",
    }
}

/// Adds to a counter of the engine and to the metric of the same meaning.
pub(super) fn count(number: &AtomicU64, metric: &Counter, by: usize) {
    let by = u64::try_from(by).unwrap_or(u64::MAX);
    number.fetch_add(by, Ordering::Relaxed);
    metric.increment(by);
}
