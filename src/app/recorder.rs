//! The recorder of metrics: buckets and descriptions from the table in `vitrine_base::telemetry`.

use anyhow::Context;
use metrics_exporter_prometheus::Matcher;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;
use metrics_exporter_prometheus::PrometheusRecorder;
use vitrine_base::telemetry::Kind;
use vitrine_base::telemetry::METRICS;

/// Installs the recorder for the process and describes every metric.
///
/// # Errors
/// If a histogram has no bounds, which is a bug.
pub(super) fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    // Fails only if a recorder is already installed, which happens in tests; that one stays.
    let _ = metrics::set_global_recorder(recorder);
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
    Ok(handle)
}

fn recorder() -> anyhow::Result<PrometheusRecorder> {
    let mut builder = PrometheusBuilder::new();
    for metric in METRICS {
        if let Kind::Histogram(bounds) = metric.kind {
            builder = builder
                .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
                .with_context(|| format!("bounds of {} (a bug in vitrine)", metric.name))?;
        }
    }
    Ok(builder.build_recorder())
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::with_local_recorder;
    use std::process::Command;
    use vitrine_base::memory;
    use vitrine_base::telemetry;

    /// Resident memory that a million samples may add, in bytes: they would take 8 MB if they were
    /// kept.
    const GROWTH_MAX: u64 = 4 << 20;

    #[test]
    #[ignore = "run by the next test in a process of its own"]
    fn child_records_a_million_samples() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        let resident = || memory::resident().expect("a system that tells").0;
        let samples = |count: u32| {
            for at in 0..count {
                let seconds = f64::from(at % 1000) / 1000.0;
                metrics::histogram!(telemetry::TURN_SECONDS).record(seconds);
                if at % 10_000 == 0 {
                    handle.run_upkeep();
                }
            }
        };
        with_local_recorder(&recorder, || {
            samples(100_000);
            let before = resident();
            samples(1_000_000);
            let growth = resident().saturating_sub(before);
            assert!(growth < GROWTH_MAX, "{growth} bytes");
        });
        assert!(handle.render().contains("vitrine_turn_seconds_count 1100000"));
    }

    /// Method: a child process, because other tests change the memory of this one.
    #[test]
    fn a_million_samples_that_nobody_reads_leave_memory_flat() {
        let child = "app::recorder::tests::child_records_a_million_samples";
        let test = std::env::current_exe().unwrap();
        let output = Command::new(test).args(["--exact", child, "--ignored"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
