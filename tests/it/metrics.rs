//! Metrics: the table in `vitrine_base::telemetry` is the only source of names. The code, the
//! gateway's answer, `docs/metrics.md` and the dashboards are checked against it.

use crate::server::Gateway;
use crate::server::root;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use vitrine_base::telemetry;
use vitrine_base::telemetry::Kind;
use vitrine_base::telemetry::METRICS;
use vitrine_base::telemetry::Metric;

/// The page, from the root of the repository.
const PAGE: &str = "docs/metrics.md";

/// Setting this variable makes the test write the page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

const INTRODUCTION: &str = "\
# Metrics

<!-- Generated from crates/vitrine-base/src/telemetry.rs; after a change there run
UPDATE_DOCS=1 cargo test --test it metrics_page -->

`GET /metrics` answers in the Prometheus text format. Its key needs the scope `operate`; no request
slot is taken. While the gateway drains it answers 503. A metric appears once it has a value.
`ops/grafana/vitrine.json` is a dashboard of them for Grafana.

- Histograms have buckets. Those of the engine have the bounds of vLLM's
  (`vllm/v1/metrics/loggers.py`), so that dashboards can show both.
- The engine's metrics also appear under vLLM's names, with the label `model_name` in place of
  `model`.
- Labels are bounded: models and tenants are the loaded and configured ones, routes are patterns
  such as `/v1/customers/{id}`, all others have a fixed set of values. No label holds a word or an
  id of a customer.
";

fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

fn page() -> String {
    let mut page = format!("{INTRODUCTION}\n## Names\n\n");
    page.push_str("| name | kind | unit | labels | meaning | vLLM's name |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    let mut bounds: Vec<(&[f64], Vec<&str>)> = Vec::new();
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = labels.join(", ");
        let vllm = metric.vllm.map(|name| format!("`{name}`")).unwrap_or_default();
        let Metric { name, unit, help, .. } = metric;
        let kind = kind(metric);
        let _ = writeln!(page, "| `{name}` | {kind} | {unit} | {labels} | {help} | {vllm} |");
        if let Kind::Histogram(found) = metric.kind {
            match bounds.iter_mut().find(|(known, _)| *known == found) {
                Some((_, names)) => names.push(name),
                None => bounds.push((found, vec![name])),
            }
        }
    }
    page.push_str("\n## Bounds\n\n| bounds of the buckets | histograms |\n|---|---|\n");
    for (bounds, names) in bounds {
        let bounds: Vec<String> = bounds.iter().map(ToString::to_string).collect();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| {} | {} |", bounds.join(", "), names.join(", "));
    }
    page
}

#[test]
fn the_metrics_page_is_current() {
    let path = root().join(PAGE);
    if std::env::vars().any(|(name, _)| name == UPDATE) {
        std::fs::write(&path, page()).expect("written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page(), "{PAGE} is out of date; its head says how to rewrite it");
}

#[test]
fn names_are_unique_and_follow_the_conventions_of_prometheus() {
    let mut names = BTreeSet::new();
    for metric in METRICS {
        assert!(names.insert(metric.name), "{} twice", metric.name);
        assert!(metric.vllm.is_none_or(|name| names.insert(name)), "{:?} twice", metric.vllm);
        let counts = metric.name.ends_with("_total");
        assert_eq!(counts, metric.kind == Kind::Counter, "{}", metric.name);
        assert!(metric.help.ends_with('.') && metric.name.starts_with("vitrine_"), "{metric:?}");
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{}", metric.name);
        }
    }
}

fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.display().to_string(), text));
        }
    }
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.starts_with("vitrine_") || word.starts_with("vllm:"))
        .collect()
}

/// The metric with this name, also of one line of a histogram.
fn metric(name: &str) -> Option<&'static Metric> {
    let named =
        |name: &str| METRICS.iter().find(|metric| metric.name == name || metric.vllm == Some(name));
    let of_histogram = || {
        let ends = ["_bucket", "_sum", "_count"];
        let whole = ends.iter().find_map(|end| name.strip_suffix(end))?;
        named(whole).filter(|metric| matches!(metric.kind, Kind::Histogram(_)))
    };
    named(name).or_else(of_histogram)
}

#[test]
fn the_code_records_every_metric_of_the_table_and_no_other() {
    let mut sources = Vec::new();
    files(&root().join("src"), &mut sources);
    files(&root().join("crates"), &mut sources);
    sources.retain(|(path, _)| path.ends_with(".rs") && !path.ends_with("base/src/telemetry.rs"));
    let table = root().join("crates/vitrine-base/src/telemetry.rs");
    let table = std::fs::read_to_string(table).expect("the table");
    let constants = table.lines().filter_map(|line| line.strip_suffix(" =")).map(str::trim);
    let is_name = |word: &&str| word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let constants: Vec<&str> = constants.filter(is_name).collect();
    assert_eq!(constants.len(), METRICS.len());
    for constant in constants {
        let used = format!("telemetry::{constant}");
        assert!(sources.iter().any(|(_, text)| text.contains(&used)), "{constant} is not recorded");
    }
    for (path, text) in &sources {
        for (at, _) in text.match_indices("metrics::") {
            let call = &text[at..];
            let macros = ["metrics::counter!(", "metrics::gauge!(", "metrics::histogram!("];
            let Some(call) = macros.iter().find_map(|start| call.strip_prefix(start)) else {
                continue;
            };
            assert!(!call.trim_start().starts_with('"'), "{path}: a name outside the table");
        }
    }
}

#[test]
fn dashboards_use_known_metrics_and_labels() {
    let mut dashboards = Vec::new();
    files(&root().join("ops/grafana"), &mut dashboards);
    assert!(!dashboards.is_empty());
    for (path, text) in dashboards {
        let dashboard: Value = serde_json::from_str(&text).expect("JSON");
        let mut queries = Vec::new();
        for panel in dashboard["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().into_iter().flatten() {
                queries.push(target["expr"].as_str().expect("a query").to_owned());
            }
        }
        for variable in dashboard["templating"]["list"].as_array().expect("variables") {
            queries.extend(variable["query"].as_str().map(str::to_owned));
        }
        assert!(queries.len() > 20, "{path}");
        for query in queries {
            for name in names(&query) {
                let Some(metric) = metric(name) else { panic!("{path}: {name} is unknown") };
                for label in ["model", "route", "tenant", "action", "source", "reason"] {
                    let by = query.contains(&format!("by ({label}"));
                    let used = by && query.matches("by (").count() == 1;
                    assert!(!used || metric.labels.contains(&label), "{path}: {name} by {label}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_running_gateway_shows_described_metrics_with_buckets_and_vllm_names() {
    let gateway = Gateway::start(&[]);
    let turn = json!({ "channel": "sms", "message": { "text": "hello" } });
    assert_eq!(gateway.post("/respond", &turn).await.0, 200);
    let completion = json!({ "model": "drafter", "prompt": "a b", "max_tokens": 4 });
    assert_eq!(gateway.post("/v1/completions", &completion).await.0, 200);
    let (_, text) = gateway.get("/metrics").await;
    let mut described = BTreeSet::new();
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, found) = line.split_once(' ').expect("a type");
            let Some(metric) = metric(name) else { panic!("{name} is not in the table") };
            assert_eq!(found, kind(metric), "{name}");
            assert!(text.contains(&format!("# HELP {name} {}", metric.help)), "{name}");
            assert!(described.insert(name.to_owned()), "{name} appears in two places");
        }
    }
    for name in [
        telemetry::TIME_TO_FIRST_TOKEN_SECONDS,
        telemetry::TURN_SECONDS,
        telemetry::HTTP_REQUEST_SECONDS,
        telemetry::GENERATION_SECONDS,
        telemetry::REQUEST_PROMPT_TOKENS,
        telemetry::LOG_LINES_DROPPED_TOTAL,
        "vllm:num_requests_running",
        "vllm:time_to_first_token_seconds",
        "vllm:e2e_request_latency_seconds",
        "vllm:generation_tokens_total",
    ] {
        assert!(described.contains(name), "{name} is missing");
    }
    for line in [
        "vitrine_time_to_first_token_seconds_bucket{model=\"drafter\",le=\"2560\"}",
        "vllm:time_to_first_token_seconds_bucket{model_name=\"drafter\",le=\"2560\"}",
        "vllm:time_to_first_token_seconds_bucket{model_name=\"drafter\",le=\"+Inf\"}",
        "vitrine_http_requests_total{route=\"/respond\",status=\"200\"} 1",
        "vitrine_store_writable 1",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    for metric in METRICS {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, labels) = line.split_once('{').unwrap_or((line, ""));
            if name != metric.name {
                continue;
            }
            for label in labels.split("\",").filter_map(|label| label.split_once("=\"")) {
                assert!(metric.labels.contains(&label.0), "{name} has the label {}", label.0);
            }
        }
    }
}
