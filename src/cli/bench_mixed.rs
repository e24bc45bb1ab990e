//! `vitrine bench mixed`: the time between tokens of decoding sequences while long prompts arrive.

use crate::app;
use crate::cli::Context;
use crate::cli::bench_gaps;
use crate::cli::bench_gaps::MixedOptions;
use crate::cli::bench_gaps::MixedRow;
use serde_json::json;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_engine::Speculation;

#[derive(Debug, clap::Args)]
pub(super) struct BenchMixedArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// Numbers of decoding sequences, separated by commas; each is measured on its own
    #[arg(long, default_value = "1,4,16", value_delimiter = ',', value_name = "N,N")]
    streams: Vec<usize>,
    /// Tokens to generate for each decoding sequence, 10 or more; the first 8 are not measured
    #[arg(long, default_value_t = 200, value_name = "N")]
    output_tokens: usize,
    /// Length of each long prompt, in tokens
    #[arg(long, default_value_t = 400, value_name = "N")]
    prompt_tokens: usize,
}

pub(super) fn run(arguments: BenchMixedArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    app::use_threads(settings.engine_threads)?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let clock: SharedClock = Arc::new(SystemClock);
    // Random tokens hold no repetition, so speculative tokens would only add noise.
    let options = vitrine_engine::EngineOptions {
        speculation: Speculation::OFF,
        ..app::batch_engine_options(&settings)
    };
    let model = vitrine_engine::open(&path, &arguments.model, options, Arc::clone(&clock))?;
    let bar = context.bar(arguments.streams.len() as u64, "measuring");
    let mut rows = Vec::new();
    for streams in arguments.streams {
        let options = MixedOptions {
            streams,
            output_tokens: arguments.output_tokens,
            prompt_tokens: arguments.prompt_tokens,
        };
        let [without, with] = bench_gaps::bench_mixed(&model, options, &clock)?;
        rows.extend([(streams, "none", without), (streams, "long", with)]);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if context.json {
        let rows = rows.iter().map(|(streams, prompts, row)| {
            json!({
                "streams": streams,
                "prompts": prompts,
                "gaps": row.gaps,
                "gap_ms_p50": milliseconds(row.gap_p50),
                "gap_ms_p99": milliseconds(row.gap_p99),
                "gap_ms_max": milliseconds(row.gap_max),
                "prompts_answered": row.prompts,
                "seconds": row.time.as_secs_f64(),
            })
        });
        let rows: Vec<_> = rows.collect();
        return context.print_json(&json!({ "model": arguments.model, "rows": rows }));
    }
    context.print("streams  prompts  gap p50 ms  gap p99 ms  gap max ms  answered  seconds")?;
    for (streams, prompts, row) in rows {
        print_row(context, streams, prompts, &row)?;
    }
    Ok(())
}

fn print_row(
    context: &Context,
    streams: usize,
    prompts: &str,
    row: &MixedRow,
) -> anyhow::Result<()> {
    context.print(format_args!(
        "{streams:>7}  {prompts:>7}  {:>10.2}  {:>10.2}  {:>10.2}  {:>8}  {:>7.2}",
        milliseconds(row.gap_p50),
        milliseconds(row.gap_p99),
        milliseconds(row.gap_max),
        row.prompts,
        row.time.as_secs_f64(),
    ))
}

fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
