//! Tests: a refusal names the key, where it is set, the value found and the values allowed.

use crate::config::tests::load;
use crate::config::tests::refusal;
use vitrine_engine::Tier;

/// Checks that a file with one section is refused with these parts in the message.
fn refused(file: &str, parts: &[&str]) {
    let error = refusal(file, &[]);
    assert!(error.contains("vitrine.toml"), "{error}");
    for part in parts {
        assert!(error.contains(part), "{file}: {error}");
    }
}

#[test]
fn a_kernel_tier_is_one_of_this_machine() {
    assert_eq!(load("", &[]).unwrap().tier, Tier::detect());
    let scalar = load("", &[("VITRINE_KERNELS__TIER", "scalar")]).unwrap();
    assert_eq!(scalar.tier, Tier::Scalar);
    let missing = Tier::ALL.into_iter().find(|tier| !tier.is_available()).unwrap();
    for name in [missing.name(), "mmx"] {
        let error = refusal(&format!("[kernels]\ntier = \"{name}\""), &[]);
        assert!(error.contains("kernels.tier") && error.contains("auto, scalar"), "{error}");
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
}

#[test]
fn a_wrong_type_names_the_key_and_its_file_or_variable() {
    let error = refusal("[server]\nthreads = \"two\"", &[]);
    assert!(error.contains("server.threads"), "{error}");
    assert!(error.contains("vitrine.toml is `two`; allowed: a whole number"), "{error}");
    let error = refusal("[server]\nthreads = 2", &[("VITRINE_SERVER__THREADS", "two")]);
    assert!(error.contains("server.threads") && error.contains("two"), "{error}");
    assert!(error.contains("environment variable VITRINE_SERVER__THREADS"), "{error}");
    assert!(!error.contains("vitrine.toml"), "{error}");
    for (name, text, key) in [
        ("VITRINE_DRAFT__EMOJI", "yes", "draft.emoji"),
        ("VITRINE_OFFERS__LIFT_MIN", "high", "offers.lift_min"),
        ("VITRINE_ENGINE__KV_BYTES_MAX", "12 miles", "engine.kv_bytes_max"),
        ("VITRINE_TURN__HANDOFF_TOPICS", "[1]", "turn.handoff_topics[0]"),
        ("VITRINE_DRAFT__VOICE", "loud", "draft.voice"),
    ] {
        let error = refusal("", &[(name, text)]);
        let start = format!("key `{key}` in environment variable {name} is `");
        assert!(error.starts_with(&start) && error.contains("allowed: "), "{error}");
    }
}

#[test]
fn a_section_must_be_a_table() {
    refused("server = 5", &["key `server`", "is `5`", "allowed: a table"]);
}

#[test]
fn an_open_bind_without_keys_is_refused() {
    let error = refusal("[server]\nbind = \"0.0.0.0:80\"", &[]);
    assert!(error.contains("server.bind") && error.contains("api_keys_file"), "{error}");
    assert!(error.contains("`0.0.0.0:80`"), "{error}");
    let keys = ("VITRINE_SERVER__API_KEYS", r#"[{ key = "k" }]"#);
    assert!(load("[server]\nbind = \"0.0.0.0:80\"", &[keys]).is_ok());
}

#[test]
fn limits_of_zero_are_refused() {
    for key in [
        "server.threads",
        "server.requests_in_flight_max",
        "server.tenant_requests_burst",
        "models.loaded_max",
        "engine.page_tokens",
        "engine.step_tokens_max",
        "engine.sequences_max",
        "engine.waiting_max",
        "engine.waiting_prompt_tokens_max",
        "engine.context_tokens_max",
        "engine.output_tokens_max",
        "draft.output_tokens_max",
        "intent.batch_tokens_max",
        "intent.waiting_texts_max",
        "intent.request_texts_max",
        "turn.text_chars_max",
        "turn.thread_waiting_max",
        "turn.burst_messages_max",
        "retention.messages_days",
        "retention.tombstones_days",
        "retention.threads_days",
        "retention.profiles_days",
        "retention.personalisation_days",
        "retention.outreach_days",
        "retention.sweep_ms",
        "retention.sweep_entries_max",
        "callbacks.attempts_max",
        "callbacks.timeout_ms",
        "callbacks.running_max",
        "callbacks.waiting_max",
        "threads.writes_waiting_max",
        "threads.writes_per_commit_max",
        "offers.together_min",
    ] {
        let (section, name) = key.split_once('.').unwrap();
        let file = format!("[{section}]\n{name} = 0");
        refused(&file, &[&format!("key `{key}`"), "is `0`", "allowed: a whole number, "]);
    }
}

#[test]
fn limits_that_depend_on_each_other_are_checked_where_they_are_set() {
    refused(
        "[draft]\ndeadline_ms = 9000\ndeadline_ms_max = 8000",
        &["`draft.deadline_ms`", "`9000`", "at most draft.deadline_ms_max (8000)"],
    );
    refused(
        "[engine]\nsequences_max = 600",
        &["`engine.sequences_max`", "`600`", "at most engine.step_tokens_max (512)"],
    );
    let error = refusal("[engine]\nstep_tokens_max = 32", &[]);
    assert!(error.contains("`engine.sequences_max` in the defaults is `64`"), "{error}");
}

#[test]
fn numbers_outside_their_range_are_refused() {
    for (file, parts) in [
        ("[offers]\nlift_min = -0.5", ["`offers.lift_min`", "`-0.5`", "0 to 1000000"]),
        ("[offers]\nlift_min = inf", ["`offers.lift_min`", "`inf`", "0 to 1000000"]),
        ("[offers]\nconfidence_min = 1.5", ["`offers.confidence_min`", "`1.5`", "0 to 1"]),
        ("[offers]\nholdout_share = 2", ["`offers.holdout_share`", "`2`", "0 to 1"]),
        ("[offers]\nprice_share_max = nan", ["`offers.price_share_max`", "`nan`", "0 to 1"]),
        ("[offers]\ntogether_min = -1", ["`offers.together_min`", "`-1`", "1 to 10000000"]),
        ("[retention]\ntombstones_days = 7", ["`retention.tombstones_days`", "`7`", "8 to 36500"]),
        (
            "[retention]\nthreads_days = 5000000000",
            ["`retention.threads_days`", "`5000000000`", "1 to 36500"],
        ),
        (
            "[server]\ntenant_requests_per_second = 0.0001",
            ["`server.tenant_requests_per_second`", "`0.0001`", "0.001 to 1000000"],
        ),
        (
            "[engine]\ndecode_gap_percent = 99",
            ["`engine.decode_gap_percent`", "`99`", "none, a whole number, 100 to 100000"],
        ),
        (
            "[engine]\ncontext_tokens_max = 1",
            ["`engine.context_tokens_max`", "`1`", "2 to 16777216"],
        ),
    ] {
        refused(file, &parts);
    }
}

#[test]
fn a_word_outside_its_set_is_refused_with_the_set() {
    for (key, allowed) in [
        ("engine.kv_type", "f16, f32"),
        ("draft.quantize", "none, q8_0, q6_k, q5_k, q4_k, q4_0"),
        ("draft.voice", "warm, formal, playful, direct"),
        ("draft.address", "vous, tu"),
        ("draft.length", "short, long"),
        ("intent.precision", "auto, int8, int16, f32"),
        ("server.unknown_fields", "refuse, warn"),
        ("threads.recovery", "quick, walk"),
        ("shop.language", "en, fr"),
        ("shop.other_languages", "reply, handoff"),
        ("log.format", "text, json"),
    ] {
        let (section, name) = key.split_once('.').unwrap();
        for found in ["loud", ""] {
            let file = format!("[{section}]\n{name} = \"{found}\"");
            let found = format!("is `{found}`; allowed: {allowed}");
            refused(&file, &[&format!("key `{key}`"), &found]);
        }
    }
    let channels = "[turn]\nhandoff_channels = [\"sms\", \"fax\"]";
    refused(channels, &["`turn.handoff_channels[1]`", "`fax`", "allowed: whatsapp, instagram"]);
    let old = "[turn]\nhandoff_channels = \"sms,fax\"";
    refused(old, &["`turn.handoff_channels[1]`", "`fax`", "allowed: whatsapp, instagram"]);
}

#[test]
fn texts_with_a_form_are_refused_with_the_form() {
    for (file, parts) in [
        ("[server]\nbind = \"here\"", ["`server.bind`", "`here`", "such as 127.0.0.1:8080"]),
        (
            "[callbacks]\nturns_url = \"ftp://a\"",
            ["turns_url`", "`ftp://a`", "http:// or https://"],
        ),
        ("[callbacks]\nhandoff_url = \"a\"", ["handoff_url`", "`a`", "http:// or https://"]),
        ("[turn]\nhandoff_amount_max = \"lots\"", ["amount_max`", "`lots`", "\"250.00\""]),
        ("[catalog]\npath = 3", ["`catalog.path`", "`3`", "a path"]),
        ("[models]\nload = 3", ["`models.load`", "`3`", "an array"]),
    ] {
        refused(file, &parts);
    }
}

#[test]
fn a_file_that_a_key_names_is_not_called_the_configuration_file() {
    for (file, key) in [
        ("[server]\napi_keys_file = \"no-keys\"", "server.api_keys_file"),
        ("[callbacks]\nsecret_file = \"no-secret\"", "callbacks.secret_file"),
    ] {
        let error = anyhow::Error::from(load(file, &[]).unwrap_err());
        let error = format!("{error:#}");
        assert!(error.starts_with(&format!("file of key `{key}`: cannot read /")), "{error}");
        assert!(error.contains("/no-") && error.contains("No such file"), "{error}");
    }
}

#[test]
fn a_file_without_keys_or_secret_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "# none\n").unwrap();
    let path = empty.display().to_string();
    let error = refusal("", &[("VITRINE_SERVER__API_KEYS_FILE", &path)]);
    assert!(error.contains("server.api_keys_file") && error.contains(&path), "{error}");
    std::fs::write(&empty, " \n").unwrap();
    let error = refusal("", &[("VITRINE_CALLBACKS__SECRET_FILE", &path)]);
    assert!(error.contains("callbacks.secret_file") && error.contains(&path), "{error}");
}

#[test]
fn secrets_are_never_shown() {
    for (name, text) in [
        ("VITRINE_SERVER__API_KEYS", r#"["s3cret"]"#),
        ("VITRINE_SERVER__API_KEYS", r#"[{ key = "s3cret""#),
        ("VITRINE_SERVER__API_KEYS", r#"[{ s3cret = "key" }]"#),
        ("VITRINE_SERVER__API_KEYS", r#"[{ key = "sha256:s3cret" }]"#),
        ("VITRINE_SERVER__API_KEYS", r#"[{ key = "s3cret", scopes = ["all"] }]"#),
    ] {
        let error = refusal("", &[(name, text)]);
        assert!(error.contains("server.api_keys") && error.contains("allowed: "), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let error = refusal("[callbacks]\nsecret = 734", &[]);
    assert!(error.contains("callbacks.secret") && !error.contains("734"), "{error}");
    let settings = load("", &[("VITRINE_CALLBACKS__SECRET", "s3cret")]).unwrap();
    assert_eq!(settings.callbacks.secret.as_deref(), Some("s3cret"));
    assert!(!format!("{settings:?}").contains("s3cret"));
}
