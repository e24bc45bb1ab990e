//! `vitrine bench http`: load test of a running gateway or of any OpenAI-compatible server.

mod chart;
mod drive;
mod exchange;
mod prepare;
mod scenario;
mod tally;

use crate::cli::Context;
use crate::cli::UsageError;
use anyhow::Context as _;
use chart::Point;
use drive::Arrivals;
use drive::LoadRun;
use drive::LoadTarget;
use exchange::Ending;
use exchange::exchange;
use scenario::RequestIds;
use scenario::Scenario;
use serde_json::Value;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tally::LatencyGoals;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;

/// Default limit of requests in flight in the open loop.
const IN_FLIGHT_MAX: usize = 4096;

/// Default number of clients in the closed loop.
const CLIENTS: usize = 16;

/// Highest load accepted, in requests per second: far above what one sending thread can reach.
const RATE_MAX: f64 = 100_000.0;

/// Longest run at one load, in seconds: one day.
const DURATION_MAX: f64 = 86_400.0;

/// How requests arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ArrivalKind {
    /// Open loop: requests start at random times at the given rate, whatever the server does
    Poisson,
    /// Closed loop: each client sends its next request when its previous answer arrives
    Closed,
}

#[derive(Debug, clap::Args)]
pub(super) struct BenchHttpArguments {
    /// Base URL of the server, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    url: String,
    /// Average requests per second in the open loop; required unless --sweep or --arrivals closed
    /// is given
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// Seconds during which requests are sent; requests still in flight then are awaited
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    duration: f64,
    /// How requests arrive
    #[arg(long, value_enum, default_value_t = ArrivalKind::Poisson)]
    arrivals: ArrivalKind,
    /// Closed loop: number of clients [default: 16]; open loop: most requests in flight, beyond
    /// which requests count as not sent [default: 4096]
    #[arg(long, value_name = "N")]
    concurrency: Option<usize>,
    /// Scenario file, TOML or JSON: path, body, prompts and headers of the requests; see
    /// benches/http for examples [default: short streamed chats]
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Latency goal in milliseconds; only answers that are complete by then count towards goodput
    /// [default: none]
    #[arg(long, value_name = "MS")]
    slo_ms: Option<u64>,
    /// First-token goal in milliseconds; only answers whose first text arrives by then count
    /// towards goodput [default: none]
    #[arg(long, value_name = "MS")]
    slo_first_token_ms: Option<u64>,
    /// Abandon a request after this many milliseconds
    #[arg(long, default_value_t = 60_000, value_name = "MS")]
    timeout_ms: u64,
    /// Seed of the arrival times; the same seed gives the same arrivals
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Requests to send one at a time before the measurement; they are not counted
    #[arg(long, default_value_t = 0, value_name = "N")]
    warmup: usize,
    /// Loads to measure one after the other, such as 5,10,20: requests per second, or numbers of
    /// clients in the closed loop
    #[arg(long, value_delimiter = ',', value_name = "R,R")]
    sweep: Vec<f64>,
    /// Draw latency over the loads of --sweep into this SVG file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// File that holds the server's API key, sent as a bearer token
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
}

pub(super) fn run(arguments: BenchHttpArguments, context: &Context) -> anyhow::Result<()> {
    let loads = loads(&arguments)?;
    let mut target = target(&arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(prepare::prepare(&mut target))?;
    runtime.block_on(warm_up(&target, arguments.warmup))?;
    let duration = Duration::from_secs_f64(arguments.duration);
    let millis = |limit: Option<u64>| limit.map(Duration::from_millis);
    let goals = LatencyGoals {
        latency_max: millis(arguments.slo_ms),
        first_text_max: millis(arguments.slo_first_token_ms),
    };
    let (mut rows, mut points, mut answered) = (Vec::new(), Vec::new(), 0);
    for (number, arrivals) in loads.iter().enumerate() {
        // Each load opens its own conversations.
        target.run += 1;
        let run = LoadRun { arrivals: *arrivals, duration, seed: arguments.seed, goals };
        let bar = context.bar(duration.as_secs().max(1), "sending");
        let (tally, wall) = runtime.block_on(drive::drive(&target, run, &bar))?;
        bar.finish_and_clear();
        answered += tally.done();
        if let Some(latency_ms) = tally.latency_percentiles() {
            points.push(Point { load: load_of(*arrivals), latency_ms });
        }
        let mut row = run_parameters(*arrivals, &arguments);
        merge(&mut row, tally.report(wall));
        if !context.json {
            show(context, &row, number == 0)?;
        }
        rows.push(row);
    }
    if let Some(path) = &arguments.svg {
        let name = match arguments.arrivals {
            ArrivalKind::Poisson => "requests a second",
            ArrivalKind::Closed => "clients",
        };
        std::fs::write(path, chart::svg(&points, name))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if context.json {
        context.print_json(&document(&target, &arguments, rows))?;
    }
    anyhow::ensure!(answered > 0, "{} returned no complete answer", target.url);
    Ok(())
}

/// Loads to measure, in order.
fn loads(arguments: &BenchHttpArguments) -> Result<Vec<Arrivals>, UsageError> {
    let usage = |message: String| Err(UsageError(message));
    let duration = arguments.duration;
    if !(duration > 0.0 && duration <= DURATION_MAX) {
        return usage(format!("--duration is {duration}; allowed: more than 0, up to 86400"));
    }
    if arguments.concurrency == Some(0) {
        return usage("--concurrency is 0; allowed: 1 or more".to_owned());
    }
    if arguments.svg.is_some() && arguments.sweep.is_empty() {
        return usage("--svg draws a sweep; add --sweep R,R".to_owned());
    }
    let closed = arguments.arrivals == ArrivalKind::Closed;
    let loads = if !arguments.sweep.is_empty() {
        arguments.sweep.clone()
    } else if closed {
        let clients = u32::try_from(arguments.concurrency.unwrap_or(CLIENTS)).unwrap_or(u32::MAX);
        vec![f64::from(clients)]
    } else {
        match arguments.rate {
            Some(rate) => vec![rate],
            None => {
                return usage("no load; add --rate R, --sweep R,R or --arrivals closed".to_owned());
            }
        }
    };
    let in_flight_max = arguments.concurrency.unwrap_or(IN_FLIGHT_MAX);
    loads
        .into_iter()
        .map(|load| {
            if !(load > 0.0 && load <= RATE_MAX) {
                return Err(UsageError(format!(
                    "load {load}; allowed: more than 0, up to {RATE_MAX}"
                )));
            }
            if !closed {
                return Ok(Arrivals::Poisson { rate: load, in_flight_max });
            }
            if load.fract() != 0.0 {
                return Err(UsageError(format!("{load} clients; allowed: a whole number")));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked above: a whole number from 1 to RATE_MAX"
            )]
            let clients = load as usize;
            Ok(Arrivals::Closed { clients })
        })
        .collect()
}

fn target(arguments: &BenchHttpArguments) -> anyhow::Result<LoadTarget> {
    let url = arguments.url.trim_end_matches('/').to_owned();
    let parsed = reqwest::Url::parse(&url).map_err(|error| {
        UsageError(format!("--url `{url}`: {error}; try http://127.0.0.1:8080"))
    })?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(
            UsageError(format!("--url `{url}`: it must begin with http:// or https://")).into()
        );
    }
    let scenario = match &arguments.scenario {
        Some(path) => Scenario::read(path)?,
        None => Scenario::default(),
    };
    let api_key = match &arguments.api_key_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Some(text.trim().to_owned())
        }
        None => None,
    };
    // Bypass proxies: only the server is measured.
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    let clock = Arc::new(SystemClock);
    // The start time keeps conversation ids distinct from those of earlier runs.
    let run = u64::try_from(clock.now().as_microsecond()).unwrap_or_default();
    let timeout = Duration::from_millis(arguments.timeout_ms);
    Ok(LoadTarget { client, url, api_key, scenario, timeout, clock, run })
}

async fn warm_up(target: &LoadTarget, requests: usize) -> anyhow::Result<()> {
    for number in 0..requests {
        let ids = RequestIds { number, client: 0, run: target.run };
        let call = target.call(ids, target.clock.instant());
        let answer = exchange(target.client.clone(), call, target.clock.clone()).await;
        let error = answer.ending.error_name().unwrap_or_default();
        anyhow::ensure!(answer.ending == Ending::Done, "warm-up request {number}: {error}");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "client counts are small")]
fn load_of(arrivals: Arrivals) -> f64 {
    match arrivals {
        Arrivals::Poisson { rate, .. } => rate,
        Arrivals::Closed { clients } => clients as f64,
    }
}

/// Parameters of a measurement, which head its report.
fn run_parameters(arrivals: Arrivals, arguments: &BenchHttpArguments) -> Value {
    let (kind, rate, concurrency) = match arrivals {
        Arrivals::Poisson { rate, in_flight_max } => ("poisson", Some(rate), in_flight_max),
        Arrivals::Closed { clients } => ("closed", None, clients),
    };
    json!({
        "arrivals": kind,
        "rate": rate,
        "concurrency": concurrency,
        "duration_seconds": arguments.duration,
        "slo_ms": arguments.slo_ms,
        "slo_first_token_ms": arguments.slo_first_token_ms,
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// The JSON report: flat for a single measurement, with one entry of `rows` per load for a sweep.
fn document(target: &LoadTarget, arguments: &BenchHttpArguments, mut rows: Vec<Value>) -> Value {
    let mut head = json!({
        "url": target.url,
        "path": target.scenario.path,
        "model": target.scenario.model,
        "seed": arguments.seed,
    });
    match (arguments.sweep.is_empty(), rows.pop()) {
        (true, Some(only)) => merge(&mut head, only),
        (_, last) => {
            rows.extend(last);
            head["rows"] = Value::Array(rows);
        }
    }
    head
}

fn show(context: &Context, row: &Value, first: bool) -> anyhow::Result<()> {
    if first {
        context.print(
            "load      answered  failed  requests/s  good/s  tokens/s  latency ms p50 / p90 / p95 \
             / p99      first token ms p50 / p99  token ms p50 / p99",
        )?;
    }
    let number = |value: &Value| value.as_f64().map_or("-".to_owned(), |n| format!("{n:.1}"));
    let times = |name: &str, percentiles: &[&str]| {
        let times = &row[name];
        percentiles.iter().map(|p| number(&times[*p])).collect::<Vec<_>>().join(" / ")
    };
    let load = match row["rate"].as_f64() {
        Some(rate) => format!("{rate}/s"),
        None => format!("{} clients", row["concurrency"]),
    };
    context.print(format_args!(
        "{load:<9} {:>8}  {:>6}  {:>10}  {:>6}  {:>8}  {:<36} {:<24}  {}",
        row["succeeded"],
        row["failed"],
        number(&row["requests_per_second"]),
        number(&row["goodput_per_second"]),
        number(&row["output_tokens_per_second"]),
        times("latency_ms", &["p50", "p90", "p95", "p99"]),
        times("time_to_first_token_ms", &["p50", "p99"]),
        times("time_per_output_token_ms", &["p50", "p99"]),
    ))?;
    for (name, count) in row["errors"].as_object().into_iter().flatten() {
        context.print(format_args!("          {name}: {count}"))?;
    }
    if row["refusal_ms"].is_object() {
        let refusals = times("refusal_ms", &["p50", "p99"]);
        context.print(format_args!("          refusal latency ms p50 / p99: {refusals}"))?;
    }
    Ok(())
}
