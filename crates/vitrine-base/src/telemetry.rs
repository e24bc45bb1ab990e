//! Every metric, defined once: its name for the code, and the table from which `docs/metrics.md` is
//! made and against which dashboards are checked.
//!
//! Labels are bounded: tenants and models are the configured or loaded ones, routes are patterns,
//! all others have a fixed set of values. No label holds a word or an id of a customer.

/// What a metric measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution, with the upper bounds of its buckets.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Unit of its values.
    pub unit: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it measures, in one sentence.
    pub help: &'static str,
    /// The name under which vLLM has it, for dashboards made for vLLM.
    pub vllm: Option<&'static str>,
}

/// Bounds for the time to the first token, in seconds. Source: vLLM, `vllm/v1/metrics/loggers.py`,
/// as are the three that follow.
pub const FIRST_TOKEN_BOUNDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0, 160.0, 640.0, 2560.0,
];

/// Bounds for the time between two tokens, in seconds.
pub const NEXT_TOKEN_BOUNDS: &[f64] = &[
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0,
    40.0, 80.0,
];

/// Bounds for times of whole generations, in seconds.
pub const GENERATION_BOUNDS: &[f64] = &[
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0,
    480.0, 960.0, 1920.0, 7680.0,
];

/// Bounds for numbers of tokens. vLLM ends them at the model's context; these serve any model.
pub const TOKENS_BOUNDS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5];

/// Bounds for turns and HTTP requests, in seconds: from answers without a model to long streams.
pub const REQUEST_BOUNDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0,
    60.0, 300.0,
];

/// Bounds for parts of a step, in seconds.
pub const STEP_BOUNDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// Defines the names and the table.
macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $constant:ident =
        $kind:expr, $name:literal, $unit:literal, [$($label:literal),*] $(, $vllm:literal)?;)*
    ) => {
        $($(#[doc = $help])+ pub const $constant: &str = $name;)*

        /// Every metric.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: $kind,
            unit: $unit,
            labels: &[$($label),*],
            help: concat!($($help),+).trim_ascii_start(),
            vllm: [$(Some($vllm),)? None][0],
        },)*];
    };
}

use Kind::Counter;
use Kind::Gauge;
use Kind::Histogram;

metrics! {
    /// Turns answered.
    TURNS_TOTAL =
        Counter, "vitrine_turns_total", "turns", ["source", "action"];
    /// Repeated requests answered with the stored reply instead of a new turn.
    REPLAYS_TOTAL =
        Counter, "vitrine_replays_total", "requests", [];
    /// A turn from arrival to committed reply.
    TURN_SECONDS =
        Histogram(REQUEST_BOUNDS), "vitrine_turn_seconds", "seconds", [];
    /// Messages by the reader whose commands were taken, and by what became of them at the model.
    READINGS_TOTAL =
        Counter, "vitrine_readings_total", "messages", ["reader", "outcome"];
    /// Drafts rejected by grounding or policy and replaced by a template.
    DRAFTS_REJECTED_TOTAL =
        Counter, "vitrine_drafts_rejected_total", "drafts", ["reason"];
    /// HTTP responses.
    HTTP_REQUESTS_TOTAL =
        Counter, "vitrine_http_requests_total", "responses", ["route", "status"];
    /// An HTTP request from its headers to the end of its answer.
    HTTP_REQUEST_SECONDS =
        Histogram(REQUEST_BOUNDS), "vitrine_http_request_duration_seconds", "seconds", ["route"];
    /// Log lines that could not be written.
    LOG_LINES_DROPPED_TOTAL =
        Counter, "vitrine_log_lines_dropped_total", "lines", [];
    /// Records of the audit log that could not be written.
    AUDIT_RECORDS_DROPPED_TOTAL =
        Counter, "vitrine_audit_records_dropped_total", "records", [];
    /// Whether the conversation store accepts writes.
    STORE_WRITABLE =
        Gauge, "vitrine_store_writable", "0 or 1", [];
    /// Attempts to deliver a reply or a hand-off packet.
    DELIVERIES_TOTAL =
        Counter, "vitrine_deliveries_total", "attempts", ["kind", "outcome"];
    /// HTTP requests refused by the tenant's rate limit.
    RATE_LIMITED_TOTAL =
        Counter, "vitrine_rate_limited_total", "requests", ["tenant"];
    /// Running sequences, which own KV pages.
    SEQUENCES_RUNNING =
        Gauge, "vitrine_num_requests_running", "sequences", ["model"],
        "vllm:num_requests_running";
    /// Sequences that are preempted or not yet admitted.
    SEQUENCES_WAITING =
        Gauge, "vitrine_num_requests_waiting", "sequences", ["model"],
        "vllm:num_requests_waiting";
    /// KV pages in use.
    KV_CACHE_USAGE =
        Gauge, "vitrine_kv_cache_usage_perc", "0 to 1", ["model"],
        "vllm:kv_cache_usage_perc";
    /// Memory granted by the memory ledger.
    MEMORY_TAKEN_BYTES =
        Gauge, "vitrine_memory_taken_bytes", "bytes", ["account"];
    /// Limits of the memory ledger, by configuration key.
    MEMORY_LIMIT_BYTES =
        Gauge, "vitrine_memory_limit_bytes", "bytes", ["limit"];
    /// Resident memory of the process.
    RESIDENT_BYTES =
        Gauge, "vitrine_resident_bytes", "bytes", [];
    /// Prompt tokens computed.
    PROMPT_TOKENS_TOTAL =
        Counter, "vitrine_prompt_tokens_total", "tokens", ["model"],
        "vllm:prompt_tokens_total";
    /// Tokens generated.
    GENERATION_TOKENS_TOTAL =
        Counter, "vitrine_generation_tokens_total", "tokens", ["model"],
        "vllm:generation_tokens_total";
    /// Prompt tokens of a finished generation.
    REQUEST_PROMPT_TOKENS =
        Histogram(TOKENS_BOUNDS), "vitrine_request_prompt_tokens", "tokens", ["model"],
        "vllm:request_prompt_tokens";
    /// Tokens that a finished generation produced.
    REQUEST_GENERATION_TOKENS =
        Histogram(TOKENS_BOUNDS), "vitrine_request_generation_tokens", "tokens", ["model"],
        "vllm:request_generation_tokens";
    /// Generations that ended without an error.
    GENERATIONS_FINISHED_TOTAL =
        Counter, "vitrine_request_success_total", "generations", ["model", "finished_reason"],
        "vllm:request_success_total";
    /// Time from submission to the first token.
    TIME_TO_FIRST_TOKEN_SECONDS =
        Histogram(FIRST_TOKEN_BOUNDS), "vitrine_time_to_first_token_seconds", "seconds", ["model"],
        "vllm:time_to_first_token_seconds";
    /// Time between two tokens of a sequence.
    INTER_TOKEN_SECONDS =
        Histogram(NEXT_TOKEN_BOUNDS), "vitrine_inter_token_latency_seconds", "seconds", ["model"],
        "vllm:inter_token_latency_seconds";
    /// Time from submission to the first step.
    QUEUE_SECONDS =
        Histogram(GENERATION_BOUNDS), "vitrine_request_queue_time_seconds", "seconds", ["model"],
        "vllm:request_queue_time_seconds";
    /// Time from submission to the end of the generation.
    GENERATION_SECONDS =
        Histogram(GENERATION_BOUNDS), "vitrine_e2e_request_latency_seconds", "seconds", ["model"],
        "vllm:e2e_request_latency_seconds";
    /// One forward pass.
    STEP_SECONDS =
        Histogram(STEP_BOUNDS), "vitrine_step_seconds", "seconds", ["model"];
    /// Processor time that one step spends computing constraint masks.
    MASK_SECONDS =
        Histogram(STEP_BOUNDS), "vitrine_mask_seconds", "seconds", ["model"];
    /// Compiling one grammar.
    GRAMMAR_COMPILE_SECONDS =
        Histogram(STEP_BOUNDS), "vitrine_grammar_compile_seconds", "seconds", [];
    /// Memory of the cached compiled grammars.
    GRAMMAR_BYTES =
        Gauge, "vitrine_grammar_bytes", "bytes", [];
    /// Texts classified by the model.
    TEXTS_CLASSIFIED_TOTAL =
        Counter, "vitrine_texts_classified_total", "texts", [];
    /// Texts answered from the classification cache.
    TEXTS_CACHE_HITS_TOTAL =
        Counter, "vitrine_texts_remembered_total", "texts", [];
    /// Prompt tokens looked up in the prefix cache when a sequence starts.
    PREFIX_CACHE_QUERIES_TOTAL =
        Counter, "vitrine_prefix_cache_queries_total", "tokens", ["model"],
        "vllm:prefix_cache_queries_total";
    /// Prompt tokens found in the prefix cache.
    PREFIX_CACHE_HITS_TOTAL =
        Counter, "vitrine_prefix_cache_hits_total", "tokens", ["model"],
        "vllm:prefix_cache_hits_total";
    /// KV pages registered in the prefix cache, in use or not.
    KV_CACHE_REGISTERED =
        Gauge, "vitrine_kv_cache_known_perc", "0 to 1", ["model"];
    /// Preempted sequences, whose pages went to another sequence.
    PREEMPTIONS_TOTAL =
        Counter, "vitrine_num_preemptions_total", "sequences", ["model"],
        "vllm:num_preemptions_total";
    /// Generations refused by admission control.
    GENERATIONS_REFUSED_TOTAL =
        Counter, "vitrine_requests_refused_total", "generations", ["reason"];
    /// Speculative tokens verified.
    SPECULATIVE_TOKENS_TOTAL =
        Counter, "vitrine_spec_decode_num_draft_tokens_total", "tokens", ["model"],
        "vllm:spec_decode_num_draft_tokens_total";
    /// Speculative tokens accepted.
    ACCEPTED_TOKENS_TOTAL =
        Counter, "vitrine_spec_decode_num_accepted_tokens_total", "tokens", ["model"],
        "vllm:spec_decode_num_accepted_tokens_total";
    /// Forward passes that failed.
    STEPS_FAILED_TOTAL =
        Counter, "vitrine_steps_failed_total", "steps", ["model"];
}
