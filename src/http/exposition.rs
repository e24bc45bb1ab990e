//! The text that `/metrics` answers: the recorder's, and the engine's metrics once more under the
//! names that vLLM gives them, so that dashboards and scalers made for vLLM work.

use std::fmt::Write;
use vitrine_base::telemetry::METRICS;

/// Ends of the names of a histogram's lines.
const HISTOGRAM_ENDS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Appends vLLM's names to a text in the Prometheus format.
pub(super) fn with_vllm_names(mut text: String) -> String {
    let mut added = String::new();
    for line in text.lines() {
        let (before, rest) = match line.strip_prefix("# ").and_then(|line| line.split_once(' ')) {
            Some((word, rest)) => (format!("# {word} "), rest),
            None => (String::new(), line),
        };
        let end = rest.find(['{', ' ']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if let Some((vllm, ending)) = vllm_name(name) {
            let rest = rest.replace("{model=", "{model_name=").replace(",model=", ",model_name=");
            // Writing to a string cannot fail.
            let _ = writeln!(added, "{before}{vllm}{ending}{rest}");
        }
    }
    text.push_str(&added);
    text
}

/// vLLM's name of a metric, and the end of a histogram's line.
fn vllm_name(name: &str) -> Option<(&'static str, &'static str)> {
    let named = |name: &str| METRICS.iter().find(|metric| metric.name == name)?.vllm;
    if let Some(vllm) = named(name) {
        return Some((vllm, ""));
    }
    HISTOGRAM_ENDS.into_iter().find_map(|end| Some((named(name.strip_suffix(end)?)?, end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vllm_names_follow_with_their_own_label() {
        let text = "\
# HELP vitrine_num_requests_running Running.
# TYPE vitrine_num_requests_running gauge
vitrine_num_requests_running{model=\"drafter\"} 1
# TYPE vitrine_time_to_first_token_seconds histogram
vitrine_time_to_first_token_seconds_bucket{model=\"a model=b\",le=\"0.5\"} 2
vitrine_time_to_first_token_seconds_sum{model=\"drafter\"} 0.25
vitrine_turns_total 7
";
        let added = with_vllm_names(text.to_owned());
        let added = added.strip_prefix(text).unwrap();
        let expected = "\
# HELP vllm:num_requests_running Running.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name=\"drafter\"} 1
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{model_name=\"a model=b\",le=\"0.5\"} 2
vllm:time_to_first_token_seconds_sum{model_name=\"drafter\"} 0.25
";
        assert_eq!(added, expected);
    }
}
