//! `vitrine bench http` counts correctly, against the gateway and against a stub that misbehaves.

use crate::server::shared;
use crate::server::vitrine;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::Semaphore;

/// Runs the program without blocking the runtime that serves the stub.
async fn bench(arguments: Vec<String>) -> Output {
    let run = move || {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = vitrine(&data);
        command.args(["--json", "--quiet", "bench", "http"]).args(arguments);
        command.output().expect("the program runs")
    };
    tokio::task::spawn_blocking(run).await.expect("the program does not panic")
}

async fn report(arguments: &[&str]) -> Value {
    let output = bench(arguments.iter().map(|text| (*text).to_owned()).collect()).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

/// State of the stub server.
struct Stub {
    /// Requests received.
    seen: AtomicUsize,
    /// Closed until `opens_at` requests have arrived.
    gate: Semaphore,
    opens_at: usize,
}

async fn serve(opens_at: usize) -> (String, Arc<Stub>) {
    let stub = Arc::new(Stub { seen: AtomicUsize::new(0), gate: Semaphore::new(0), opens_at });
    let router = Router::new()
        .route("/v1/chat/completions", post(misbehave))
        .route("/gated", post(gated))
        .with_state(Arc::clone(&stub));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, stub)
}

/// Answers six of every ten requests; each of the other four fails in a different way.
async fn misbehave(State(stub): State<Arc<Stub>>) -> Response {
    let event = |payload: &str| format!("data: {payload}\n\n");
    let text =
        |text: &str| event(&json!({ "choices": [{ "delta": { "content": text } }] }).to_string());
    let number = stub.seen.fetch_add(1, Ordering::SeqCst);
    match number % 10 {
        6 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "full").into_response(),
        7 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        // Ends in the middle of the stream.
        8 => Body::from(text("half")).into_response(),
        9 => std::future::pending().await,
        _ => {
            let usage = json!({ "choices": [], "usage": { "completion_tokens": 5,
                "prompt_tokens": 11, "prompt_tokens_details": { "cached_tokens": 8 } } });
            let whole =
                [text(""), text("a"), text("b"), event(&usage.to_string()), event("[DONE]")];
            Body::from(whole.concat()).into_response()
        }
    }
}

/// Answers no request before the gate is open.
async fn gated(State(stub): State<Arc<Stub>>) -> Response {
    if stub.seen.fetch_add(1, Ordering::SeqCst) + 1 == stub.opens_at {
        stub.gate.add_permits(1_000_000);
    }
    let _open = stub.gate.acquire().await;
    axum::Json(json!({ "results": [] })).into_response()
}

#[tokio::test]
async fn every_way_to_fail_is_counted_under_its_name() {
    let (url, stub) = serve(0).await;
    let found = report(&[
        "--url",
        &url,
        "--rate",
        "60",
        "--duration",
        "1.5",
        "--timeout-ms",
        "1500",
        "--slo-ms",
        "1400",
    ])
    .await;
    let seen = stub.seen.load(Ordering::SeqCst);
    let of_kind = |kind: usize| (0..seen).filter(|number| number % 10 == kind).count();
    let errors = [("429", 6), ("500", 7), ("broken_answer", 8), ("timeout", 9)];
    let errors: Value = errors
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!(of_kind(*kind))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let succeeded = (0..seen).filter(|number| number % 10 < 6).count();
    assert!(seen > 50, "about 90 requests are due: {seen}");
    assert_eq!((&found["sent"], &found["errors"]), (&json!(seen), &errors));
    assert_eq!(found["succeeded"], succeeded);
    assert_eq!(found["output_tokens"], 5 * succeeded);
    assert_eq!(found["cached_tokens"], 8 * succeeded);
    assert_eq!(found["refusal_ms"]["count"], of_kind(6) + of_kind(7));
    assert_eq!(found["time_to_first_token_ms"]["count"], succeeded);
    assert!(found["goodput_per_second"].as_f64() > Some(0.0));
}

/// Goal: the open loop sends on schedule whatever the server does. Method: the stub answers nothing
/// before twenty requests have arrived; a loop that waits for responses would never send the
/// second.
#[tokio::test]
async fn the_open_loop_does_not_wait_for_answers_and_counts_the_wait() {
    let (url, _) = serve(20).await;
    let scenario = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
    let body = json!({ "path": "/gated", "stream": false, "body": { "q": "{{prompt}}" } });
    std::fs::write(scenario.path(), body.to_string()).expect("written");
    let path = scenario.path().display().to_string();
    let found =
        report(&["--url", &url, "--rate", "40", "--duration", "1", "--scenario", &path]).await;
    assert!(found["sent"].as_u64() >= Some(20), "{found}");
    assert_eq!(found["failed"], 0, "{found}");
    // The first request waited until the twentieth arrived, at forty a second.
    assert!(found["latency_ms"]["max"].as_f64() > Some(100.0), "{found}");
    let bounded = report(&[
        "--url",
        &url,
        "--rate",
        "200",
        "--duration",
        "0.5",
        "--scenario",
        &path,
        "--concurrency",
        "1000",
        "--sweep",
        "100,200",
    ])
    .await;
    assert_eq!(bounded["rows"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_gateway_is_measured_in_a_closed_loop_and_a_sweep_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("shared.toml");
    let text =
        "path = \"/v1/completions\"\nsystem_tokens = 96\nmax_tokens = 6\nignore_eos = true\n";
    std::fs::write(&scenario, text).expect("written");
    let (scenario, chart) = (scenario.display().to_string(), folder.path().join("chart.svg"));
    let chart_path = chart.display().to_string();
    let found = report(&[
        "--url",
        &shared().url,
        "--arrivals",
        "closed",
        "--duration",
        "1",
        "--scenario",
        &scenario,
        "--sweep",
        "1,3",
        "--svg",
        &chart_path,
    ])
    .await;
    assert_eq!(found["model"], "drafter", "{found}");
    for row in found["rows"].as_array().expect("rows") {
        let count = row["succeeded"].as_u64().expect("a count");
        assert!(count > 0, "{row}");
        assert_eq!(row["failed"], 0, "{row}");
        assert_eq!(row["output_tokens"].as_u64(), Some(6 * count), "{row}");
        let prompt_tokens = row["prompt_tokens"].as_u64().expect("a count") / count;
        assert!((96..140).contains(&prompt_tokens), "{row}");
        let p50 = |name: &str| row[name]["p50"].as_f64().expect("a time");
        assert!(p50("time_to_first_token_ms") <= p50("latency_ms"), "{row}");
    }
    let drawing = std::fs::read_to_string(chart).expect("a drawing");
    assert_eq!(drawing.matches("<polyline").count(), 3);

    let respond = folder.path().join("respond.toml");
    std::fs::write(&respond, "path = \"/respond\"\nthreads = \"per_client\"\n").expect("written");
    let respond = respond.display().to_string();
    let found = report(&[
        "--url",
        &shared().url,
        "--arrivals",
        "closed",
        "--concurrency",
        "2",
        "--duration",
        "1",
        "--scenario",
        &respond,
    ])
    .await;
    assert_eq!(found["failed"], 0, "{found}");
    assert!(found["time_to_first_token_ms"]["count"].as_u64() > Some(0), "{found}");
}

#[tokio::test]
async fn usage_errors_exit_with_two_and_a_silent_server_with_one() {
    let nobody = "http://127.0.0.1:9";
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--url", "nonsense", "--rate", "1"], 2, "--url"),
        (&["--url", nobody], 2, "--rate"),
        (&["--url", nobody, "--rate", "0"], 2, "load 0"),
        (&["--url", nobody, "--rate", "1", "--svg", "x.svg"], 2, "--sweep"),
        (&["--url", nobody, "--arrivals", "closed", "--sweep", "1.5"], 2, "whole number"),
        (&["--url", nobody, "--rate", "5", "--duration", "0.5"], 1, "does not answer"),
    ];
    for (arguments, code, named) in cases {
        let output = bench(arguments.iter().map(|text| (*text).to_owned()).collect()).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}
