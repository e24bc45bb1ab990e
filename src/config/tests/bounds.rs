//! Tests: every key refuses the values that cannot work, by key, value and what is allowed.

use crate::config::raw::Raw;
use crate::config::section::Key;
use crate::config::tests::load;
use std::path::Path;

/// Keys that accept 0, either as a number or as the old form of no value.
const ZERO_ACCEPTED: &[&str] = &[
    "server.tenant_in_flight_max",
    "server.drain_ms",
    "server.tenant_in_flight_max",
    "server.tenant_requests_per_second",
    "models.max_bytes",
    "memory.max_bytes",
    "memory.weights_bytes_max",
    "memory.packed_copies_bytes_max",
    "memory.kv_pages_bytes_max",
    "memory.grammars_bytes_max",
    "engine.threads",
    "engine.decode_gap_percent",
    "engine.waiting_ms_max",
    "engine.speculative_tokens_max",
    "engine.speculative_sequences_max",
    "intent.remembered_texts_max",
    "turn.questions_max",
    "turn.unsure_max",
    "turn.repeats_max",
    "turn.history_turns_max",
    "turn.history_tokens_max",
    "debounce.whatsapp_ms",
    "debounce.instagram_ms",
    "debounce.rcs_ms",
    "debounce.apple_ms",
    "debounce.sms_ms",
    "debounce.webchat_ms",
    "threads.hot_bytes_max",
    "retention.rewrite_hours",
    "callbacks.backoff_ms",
    "callbacks.backoff_ms_max",
    "offers.confidence_min",
    "offers.lift_min",
    "offers.holdout_share",
    "offers.price_share_max",
    "tests.floor",
];

/// Keys that accept an empty text, as the old form of no value or of an empty list.
const EMPTY_ACCEPTED: &[&str] = &[
    "server.api_keys_file",
    "server.api_keys",
    "server.tenant_in_flight_max",
    "server.tenant_requests_per_second",
    "models.max_bytes",
    "models.load",
    "models.load_folders",
    "tests.files",
    "memory.max_bytes",
    "memory.weights_bytes_max",
    "memory.packed_copies_bytes_max",
    "memory.kv_pages_bytes_max",
    "memory.grammars_bytes_max",
    "engine.threads",
    "engine.waiting_ms_max",
    "intent.prefix",
    "intent.head",
    "intent.signals",
    "turn.personal_tiers",
    "turn.handoff_topics",
    "turn.handoff_channels",
    "turn.handoff_amount_max",
    "retention.tenants",
    "callbacks.turns_url",
    "callbacks.handoff_url",
    "callbacks.secret",
    "callbacks.secret_file",
    "catalog.path",
    "catalog.facets",
    "offers.baskets",
    "shop.hours_en",
    "shop.hours_fr",
    "shop.hours_de",
    "shop.hours_es",
    "shop.hours_it",
    "shop.hours_pt",
    "shop.policies",
    "shop.checkout_url",
    "locales.dir",
];

fn set(key: &Key, value: &str) -> String {
    format!("[{}]\n{} = {value}\n", key.section, key.name)
}

/// Checks that a value is refused by key, file, value and what is allowed.
fn refused(key: &Key, value: &str) {
    let name = key.dotted();
    let error = match load(&set(key, value), &[]) {
        Ok(_) => panic!("{name} = {value} is accepted"),
        Err(error) => error.to_string(),
    };
    assert!(error.starts_with(&format!("key `{name}")), "{name} = {value}: {error}");
    assert!(error.contains("vitrine.toml is `"), "{name} = {value}: {error}");
    assert!(error.contains("`; allowed: "), "{name} = {value}: {error}");
}

#[test]
fn every_key_refuses_what_no_key_can_use() {
    let dates_and_tables = ["2026-11-22", "{ colour = 1 }", "[[1]]"];
    let numbers = ["-1", "9223372036854775807", "-0.5", "nan", "inf", "-inf", "1e300"];
    for key in Raw::keys() {
        for value in dates_and_tables.into_iter().chain(numbers) {
            refused(&key, value);
        }
    }
}

#[test]
fn every_key_accepts_or_refuses_zero_as_listed() {
    for key in Raw::keys() {
        let name = key.dotted();
        match ZERO_ACCEPTED.contains(&name.as_str()) {
            true => assert!(load(&set(&key, "0"), &[]).is_ok(), "{name} = 0"),
            false => refused(&key, "0"),
        }
    }
}

#[test]
fn every_key_accepts_or_refuses_an_empty_text_as_listed() {
    for key in Raw::keys() {
        let name = key.dotted();
        match EMPTY_ACCEPTED.contains(&name.as_str()) {
            true => assert!(load(&set(&key, "\"\""), &[]).is_ok(), "{name} is empty"),
            false => refused(&key, "\"\""),
        }
    }
}

#[test]
fn values_that_cannot_work_are_refused_by_their_key() {
    for (section, key, value) in [
        ("draft", "deadline_ms", "0"),
        ("server", "body_bytes_max", "0"),
        ("server", "body_bytes_max", "\"1 B\""),
        ("server", "body_bytes_max", "\"64 GiB\""),
        ("engine", "threads", "100000"),
        ("engine", "kv_bytes_max", "1"),
        ("server", "threads", "100000"),
        ("shop", "checkout_url", "\"javascript:alert(1)\""),
        ("shop", "checkout_url", "\"https://shop.example/{skuu}\""),
        ("callbacks", "turns_url", "\"javascript:alert(1)\""),
        ("callbacks", "handoff_url", "\"https://\""),
        ("log", "level", "\"loud\""),
        ("shop", "name", "\" \""),
        ("shop", "about_en", "\"two\\nlines\""),
        ("draft", "model", "\" \""),
        ("turn", "handoff_amount_max", "\"-250.00\""),
        ("models", "load", "[\"\"]"),
        ("server", "bind", "\"127.0.0.1:99999\""),
        ("server", "bind", "\"127.0.0.1\""),
        ("kernels", "tier", "\"avx9000\""),
        ("retention", "tenants", "{ a = { threads_days = 4000000000 } }"),
        ("draft", "output_tokens_max", "4096"),
    ] {
        let error = load(&format!("[{section}]\n{key} = {value}"), &[]).map(|_| ()).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(&format!("key `{section}.{key}")), "{value}: {error}");
        assert!(error.contains("; allowed: "), "{value}: {error}");
    }
}

#[test]
fn a_data_or_models_folder_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for key in ["data.dir", "models.dir"] {
        let (section, name) = key.split_once('.').unwrap();
        for path in [file.clone(), file.join("below")] {
            let text = format!("[{section}]\n{name} = \"{}\"", path.display());
            let error = load(&text, &[]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("key `{key}`")), "{error}");
            assert!(error.contains("a folder; `") && error.contains("is a file"), "{error}");
        }
    }
    assert!(load("[data]\ndir = \"no/such/folder/yet\"", &[]).is_ok());
}

#[test]
fn a_path_may_start_at_the_home_folder() {
    let settings = load("[data]\ndir = \"~/kept\"", &[]).unwrap();
    let home = std::env::home_dir().unwrap();
    assert_eq!(settings.store.path.parent(), Some(home.join("kept").as_path()));
    assert_eq!(settings.log.audit.unwrap().folder, home.join("kept/audit"));
}

#[test]
fn a_limit_on_loaded_models_that_the_configured_ones_exceed_is_refused() {
    let file = "[models]\nloaded_max = 2\nload = [\"a\", \"b\"]";
    let error = load(file, &[]).unwrap_err().to_string();
    assert!(error.starts_with("key `models.loaded_max`"), "{error}");
    assert!(error.contains("is `2`; allowed: 3 or more"), "{error}");
    assert!(load("[models]\nloaded_max = 2\nload = [\"a\", \"drafter\"]", &[]).is_ok());
}

#[test]
fn the_default_length_of_drafts_gives_way_to_the_engine_s_limit() {
    let settings = load("[engine]\noutput_tokens_max = 64", &[]).unwrap();
    assert_eq!(settings.turn.output_tokens_max, 64);
}

#[test]
fn models_are_loaded_by_name_only_unless_the_configuration_allows_paths() {
    let folders = |text| load(text, &[]).unwrap().models.loading.load_folders;
    assert!(folders("").is_empty());
    assert_eq!(folders("[models]\nload_folders = [\"/srv/models\"]"), [Path::new("/srv/models")]);
    assert_eq!(folders("[models]\nload_paths = true"), [Path::new("/")]);
}

#[test]
fn the_configuration_file_is_read_as_windows_saves_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.toml");
    let text = "[draft]\r\nvoice = \"formal\"\r\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), text.into(), utf16] {
        std::fs::write(&file, bytes).unwrap();
        let settings = crate::config::tests::load_file(&file, &[]).unwrap();
        assert_eq!(settings.turn.style.voice, crate::turn::draft::Voice::Formal);
    }
    std::fs::write(&file, b"[shop]\nname = \"Foul\xe9e\"").unwrap();
    let error = crate::config::tests::load_file(&file, &[]).unwrap_err();
    let error = format!("{:#}", anyhow::Error::from(error));
    assert!(error.contains("vitrine.toml: line 2, column 13: byte 0xE9"), "{error}");
    assert!(error.contains("save the file as UTF-8"), "{error}");
}
