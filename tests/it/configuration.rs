//! The configuration of the running program: old forms are reported, the facets file is read.

use crate::server::Gateway;
use crate::server::vitrine;
use serde_json::Value;
use std::process::Output;

/// Runs `vitrine --json doctor` with an environment variable.
fn doctor((name, value): (&str, &str)) -> (Output, Value) {
    let data = tempfile::tempdir().expect("a folder");
    let output = vitrine(&data)
        .args(["--json", "--quiet", "doctor"])
        .env(name, value)
        .output()
        .expect("the program runs");
    let report = serde_json::from_slice(&output.stdout).expect("one JSON document on stdout");
    (output, report)
}

#[test]
fn the_gateway_logs_each_old_form_once_when_it_starts() {
    let data = tempfile::tempdir().expect("a folder");
    let old_name = "VITRINE_ENGINE__DRAFT_TOKENS_MAX";
    let old_list = ("VITRINE_TURN__HANDOFF_TOPICS", "warranty,complaint");
    let mut starting = Gateway::begin(data, &[(old_name, "3"), old_list]);
    // The program replaces itself once, to set the number of its compute threads.
    starting.until("loading models");
    for (key, present) in [
        (old_name, "VITRINE_ENGINE__SPECULATIVE_TOKENS_MAX"),
        ("turn.handoff_topics", r#"VITRINE_TURN__HANDOFF_TOPICS=["warranty", "complaint"]"#),
    ] {
        let warnings: Vec<&String> =
            starting.log().iter().filter(|line| line.contains(key)).collect();
        assert_eq!(warnings.len(), 1, "{:?}", starting.log());
        assert!(warnings[0].contains("WARN") && warnings[0].contains(present), "{warnings:?}");
    }
    let (code, _) = starting.until_ready().terminate();
    assert_eq!(code, Some(0));
}

#[test]
fn doctor_reports_old_forms_of_a_configuration_that_would_start() {
    let (output, report) = doctor(("VITRINE_TURN__PERSONAL_TIERS", "vip,gold"));
    assert!(output.status.success(), "{report}");
    assert_eq!(report["would_start"], true, "{report}");
    let warnings = report["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1, "{report}");
    let warning = warnings[0].as_str().expect("text");
    assert!(warning.contains("turn.personal_tiers"), "{warning}");
    assert!(warning.contains(r#"VITRINE_TURN__PERSONAL_TIERS=["vip", "gold"]"#), "{warning}");
}

#[test]
fn a_topic_that_no_message_can_have_is_reported_with_the_nearest() {
    let topics = ("VITRINE_TURN__HANDOFF_TOPICS", r#"["complaint", "complaimt", "returns"]"#);
    let (output, report) = doctor(topics);
    assert!(output.status.success(), "{report}");
    let warnings = report["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1, "{report}");
    let warning = warnings[0].as_str().expect("text");
    assert!(warning.contains("turn.handoff_topics: `complaimt` is neither"), "{warning}");
    assert!(warning.contains("did you mean `complaint`"), "{warning}");
}

#[test]
fn an_intent_of_a_policy_that_no_message_can_have_is_reported_with_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policies.toml");
    let policy = |id: &str, intent: &str| {
        format!(
            "[[policy]]\nid = \"{id}\"\nintents = [\"{intent}\"]\n\
             label = {{ en = \"{id}\" }}\ntext = {{ en = \"See our site.\" }}\n"
        )
    };
    let text = policy("returns", "return_exchange") + &policy("points", "loyalty_point");
    std::fs::write(&path, text).expect("a file");
    let (output, report) = doctor(("VITRINE_SHOP__POLICIES", path.to_str().expect("a path")));
    assert!(output.status.success(), "{report}");
    let warnings = report["warnings"].as_array().expect("warnings");
    assert_eq!(warnings.len(), 1, "{report}");
    let warning = warnings[0].as_str().expect("text");
    assert!(
        warning.contains("policies.toml: policy `points` answers `loyalty_point`"),
        "{warning}"
    );
    assert!(warning.contains("did you mean `loyalty_points`"), "{warning}");
}

#[test]
fn doctor_says_that_a_missing_facets_file_prevents_the_start() {
    let (output, report) = doctor(("VITRINE_CATALOG__FACETS", "/no/such/facets.toml"));
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert_eq!(report["would_start"], false, "{report}");
    let reason = report["reason"].as_str().expect("a reason");
    assert!(reason.contains("catalog.facets"), "{reason}");
    assert!(reason.contains("/no/such/facets.toml"), "{reason}");
}
