//! `vitrine bench`: dispatches to the benchmarks, and measures raw engine throughput.

use crate::app;
use crate::cli::Context;
use crate::cli::bench_constraints;
use crate::cli::bench_engine;
use crate::cli::bench_engine::BenchOptions;
use crate::cli::bench_http;
use crate::cli::bench_mixed;
use clap::Subcommand;
use serde_json::json;
use std::num::NonZeroUsize;

/// Benchmarks.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Measure prefill and decode tokens per second by batch size
    ///
    /// Drives the forward pass directly, without scheduler and sampler, like llama-batched-bench.
    /// Prompts are random tokens.
    ///
    /// Example: vitrine bench engine --model drafter --batch 1,8
    Engine(BenchEngineArguments),
    /// Measure the time between two tokens, without and with long prompts arriving
    ///
    /// Each number of streams is measured twice: alone, then while long prompts arrive one after
    /// the other. Prints gap percentiles in milliseconds. Speculation is off.
    ///
    /// Example: vitrine bench mixed --model drafter --streams 4 --prompt-tokens 1000
    Mixed(bench_mixed::BenchMixedArguments),
    /// Measure the time that constrained decoding adds to a step
    ///
    /// Compares unconstrained decoding, a JSON schema and the facts of a brief. Prints step and
    /// mask times in microseconds; each figure is the median of 3 runs.
    ///
    /// Example: vitrine bench constraints --model drafter --batch 1,8
    Constraints(bench_constraints::BenchConstraintsArguments),
    /// Measure latency and throughput of a running server under load
    ///
    /// Works with vitrine and with any OpenAI-compatible server. In the open loop, latency counts
    /// from the time a request was due, so a slow server cannot hide its delays.
    ///
    /// Example: vitrine bench http --url http://127.0.0.1:8080 --rate 20 --duration 30
    Http(bench_http::BenchHttpArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct BenchEngineArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// Prompt length of each sequence, in tokens
    #[arg(long, default_value_t = 64, value_name = "N")]
    prompt_tokens: usize,
    /// Tokens to generate for each sequence
    #[arg(long, default_value_t = 32, value_name = "N")]
    output_tokens: usize,
    /// Batch sizes (sequences per step), separated by commas; each is measured on its own
    #[arg(long, default_value = "1,8,32,64", value_delimiter = ',', value_name = "N,N")]
    batch: Vec<usize>,
    /// Give all sequences the same prompt, so that its whole KV pages are computed only once
    #[arg(long)]
    shared_prompt: bool,
    /// Number of compute threads [default: engine.threads; by default all cores]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

pub(super) fn run(command: BenchCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        BenchCommand::Engine(arguments) => engine(arguments, context),
        BenchCommand::Mixed(arguments) => bench_mixed::run(arguments, context),
        BenchCommand::Constraints(arguments) => bench_constraints::run(arguments, context),
        BenchCommand::Http(arguments) => bench_http::run(arguments, context),
    }
}

fn engine(arguments: BenchEngineArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let threads = arguments.threads.unwrap_or(settings.engine_threads);
    app::use_threads(threads)?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let bar = context.bar(arguments.batch.len() as u64, "measuring");
    let rows = bench_engine::bench(
        &path,
        &BenchOptions {
            prompt_tokens: arguments.prompt_tokens,
            output_tokens: arguments.output_tokens,
            batches: arguments.batch,
            tier: Some(settings.tier),
            kv_type: settings.engine.kv_type,
            shared_prompt: arguments.shared_prompt,
        },
        |_| bar.inc(1),
    )?;
    bar.finish_and_clear();
    if context.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "batch": row.batch,
                    "prompt_tokens": row.prompt_tokens,
                    "output_tokens": row.output_tokens,
                    "prefill_tokens_per_second": row.prefill_tokens_per_second,
                    "decode_tokens_per_second": row.decode_tokens_per_second,
                    "seconds": row.seconds,
                })
            })
            .collect();
        let document = json!({ "model": arguments.model, "threads": threads, "rows": rows });
        return context.print_json(&document);
    }
    context.print("batch  prompt  output  prefill tokens/s  decode tokens/s  seconds")?;
    for row in rows {
        context.print(format_args!(
            "{:>5}  {:>6}  {:>6}  {:>16.1}  {:>15.1}  {:>7.2}",
            row.batch,
            row.prompt_tokens,
            row.output_tokens,
            row.prefill_tokens_per_second,
            row.decode_tokens_per_second,
            row.seconds,
        ))?;
    }
    Ok(())
}
