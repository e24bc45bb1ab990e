//! Metric names, defined once so that code and dashboards cannot diverge.

/// Counter: turns answered, by `source` and `action`.
pub const TURNS_TOTAL: &str = "vitrine_turns_total";
/// Counter: repeated requests answered with the stored reply instead of a new turn.
pub const REPLAYS_TOTAL: &str = "vitrine_replays_total";
/// Histogram, seconds: a turn from arrival to committed reply.
pub const TURN_SECONDS: &str = "vitrine_turn_seconds";
/// Counter: drafts rejected by grounding or policy and replaced by a template, by `reason`.
pub const DRAFTS_REJECTED_TOTAL: &str = "vitrine_drafts_rejected_total";
/// Counter: HTTP responses, by `route` and `status`.
pub const HTTP_REQUESTS_TOTAL: &str = "vitrine_http_requests_total";
/// Histogram, seconds: an HTTP request from its headers to the end of its answer, by `route`.
pub const HTTP_REQUEST_SECONDS: &str = "vitrine_http_request_duration_seconds";
/// Counter: log lines that could not be written.
pub const LOG_LINES_DROPPED_TOTAL: &str = "vitrine_log_lines_dropped_total";
/// Counter: attempts to deliver a reply or a hand-off packet, by `kind` and `outcome`.
pub const DELIVERIES_TOTAL: &str = "vitrine_deliveries_total";
/// Counter: HTTP requests refused by the tenant's rate limit, by `tenant`.
pub const RATE_LIMITED_TOTAL: &str = "vitrine_rate_limited_total";
/// Gauge: running sequences (those that own KV pages), by `model`.
pub const SEQUENCES_RUNNING: &str = "vitrine_num_requests_running";
/// Gauge: sequences that are preempted or not yet admitted, by `model`.
pub const SEQUENCES_WAITING: &str = "vitrine_num_requests_waiting";
/// Gauge, 0 to 1: KV pages in use, by `model`.
pub const KV_CACHE_USAGE: &str = "vitrine_kv_cache_usage_perc";
/// Gauge, bytes: memory granted by the memory ledger, by `account`.
pub const MEMORY_TAKEN_BYTES: &str = "vitrine_memory_taken_bytes";
/// Gauge, bytes: limits of the memory ledger, by `limit` (the configuration key).
pub const MEMORY_LIMIT_BYTES: &str = "vitrine_memory_limit_bytes";
/// Gauge, bytes: resident memory of the process.
pub const RESIDENT_BYTES: &str = "vitrine_resident_bytes";
/// Counter: prompt tokens computed.
pub const PROMPT_TOKENS_TOTAL: &str = "vitrine_prompt_tokens_total";
/// Counter: tokens generated.
pub const GENERATION_TOKENS_TOTAL: &str = "vitrine_generation_tokens_total";
/// Histogram, seconds: time from submission to the first token.
pub const TIME_TO_FIRST_TOKEN_SECONDS: &str = "vitrine_time_to_first_token_seconds";
/// Histogram, seconds: one forward pass.
pub const STEP_SECONDS: &str = "vitrine_step_seconds";
/// Histogram, seconds: processor time that one step spends computing constraint masks.
pub const MASK_SECONDS: &str = "vitrine_mask_seconds";
/// Histogram, seconds: compiling one grammar.
pub const GRAMMAR_COMPILE_SECONDS: &str = "vitrine_grammar_compile_seconds";
/// Gauge, bytes: memory of the cached compiled grammars.
pub const GRAMMAR_BYTES: &str = "vitrine_grammar_bytes";
/// Counter: texts classified by the model.
pub const TEXTS_CLASSIFIED_TOTAL: &str = "vitrine_texts_classified_total";
/// Counter: texts answered from the classification cache.
pub const TEXTS_CACHE_HITS_TOTAL: &str = "vitrine_texts_remembered_total";
/// Counter: prompt tokens looked up in the prefix cache when a sequence starts.
pub const PREFIX_CACHE_QUERIES_TOTAL: &str = "vitrine_prefix_cache_queries_total";
/// Counter: prompt tokens found in the prefix cache.
pub const PREFIX_CACHE_HITS_TOTAL: &str = "vitrine_prefix_cache_hits_total";
/// Gauge, 0 to 1: KV pages registered in the prefix cache, in use or not.
pub const KV_CACHE_REGISTERED: &str = "vitrine_kv_cache_known_perc";
/// Counter: preempted sequences, whose pages went to another sequence.
pub const PREEMPTIONS_TOTAL: &str = "vitrine_num_preemptions_total";
/// Histogram, seconds: time between two tokens of a sequence.
pub const INTER_TOKEN_SECONDS: &str = "vitrine_inter_token_latency_seconds";
/// Histogram, seconds: time from submission to the first step.
pub const QUEUE_SECONDS: &str = "vitrine_request_queue_time_seconds";
/// Histogram, seconds: time from submission to the end of the generation.
pub const GENERATION_SECONDS: &str = "vitrine_e2e_request_latency_seconds";
/// Counter: generations refused by admission control, by `reason`.
pub const GENERATIONS_REFUSED_TOTAL: &str = "vitrine_requests_refused_total";
/// Counter: speculative tokens verified.
pub const SPECULATIVE_TOKENS_TOTAL: &str = "vitrine_spec_decode_num_draft_tokens_total";
/// Counter: speculative tokens accepted.
pub const ACCEPTED_TOKENS_TOTAL: &str = "vitrine_spec_decode_num_accepted_tokens_total";
/// Counter: forward passes that failed.
pub const STEPS_FAILED_TOTAL: &str = "vitrine_steps_failed_total";
