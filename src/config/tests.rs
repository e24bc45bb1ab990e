//! Tests of the whole configuration: file and environment to finished options.

mod bounds;
mod forms;
mod keys_file;
mod refusals;

use crate::config::ConfigError;
use crate::config::Settings;
use crate::config::raw::Raw;
use crate::config::source;
use crate::turn::draft::Voice;
use std::path::Path;
use vitrine_base::units::Bytes;
use vitrine_engine::EngineOptions;
use vitrine_engine::Tier;
use vitrine_intent::BatchLimits;

/// Loads a file and environment variables.
pub(crate) fn load_file(
    file: &Path,
    environment: &[(&str, &str)],
) -> Result<Settings, ConfigError> {
    let variables =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let values = source::read(&Raw::keys(), Some(file), variables, &[])?;
    Settings::finish(values, file.parent().unwrap())
}

/// Loads a file with this text, called `vitrine.toml`, and environment variables.
fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.toml");
    std::fs::write(&file, text).unwrap();
    load_file(&file, environment)
}

/// The message for a file and variables that are refused.
fn refusal(text: &str, environment: &[(&str, &str)]) -> String {
    load(text, environment).unwrap_err().to_string()
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let settings = load("", &[]).unwrap();
    assert_eq!(settings.server.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.models.draft, "drafter");
    assert_eq!(settings.turn.style.voice, Voice::Warm);
    assert_eq!(settings.tier, Tier::detect());
    assert_eq!(settings.warnings, Vec::<String>::new());
}

#[test]
fn the_engine_defaults_equal_the_configured_ones() {
    let settings = load("", &[]).unwrap();
    let expected = EngineOptions { tier: settings.engine.tier, ..EngineOptions::default() };
    assert_eq!(settings.engine, expected);
    let limits = BatchLimits::default();
    let configured = settings.classifier.embedder.limits;
    assert_eq!(configured.waiting_texts_max, limits.waiting_texts_max);
    assert_eq!(configured.batch_tokens_max, limits.batch_tokens_max);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let error = refusal("[server]\nbnid = \"x\"", &[]);
    assert!(error.contains("unknown key `server.bnid`"), "{error}");
    assert!(error.contains("`server.bind`"), "{error}");
    let error = refusal("[sever]\nbind = \"x\"", &[]);
    assert!(error.contains("unknown key `sever`"), "{error}");
    let error = refusal("", &[("VITRINE_DRAFT__MODLE", "x")]);
    assert!(error.contains("`draft.model`"), "{error}");
    assert!(error.contains("environment variable VITRINE_DRAFT__MODLE"), "{error}");
}

#[test]
fn the_environment_overrides_the_file() {
    let settings =
        load("[draft]\nvoice = \"formal\"", &[("VITRINE_DRAFT__VOICE", "direct")]).unwrap();
    assert_eq!(settings.turn.style.voice, Voice::Direct);
    let settings = load("", &[("VITRINE_ENGINE__KV_BYTES_MAX", "64 MiB")]).unwrap();
    assert_eq!(settings.engine.kv_bytes_max, Bytes(64 << 20));
}

#[test]
fn an_empty_variable_unsets_what_the_file_sets() {
    let file = "[memory]\ngrammars_bytes_max = 1000\n[turn]\npersonal_tiers = [\"gold\"]\n\
        [shop]\ncheckout_url = \"https://shop.example/pay\"";
    let is_set = |settings: &Settings| {
        let limit = settings.memory_limits.iter().any(|l| l.key == "memory.grammars_bytes_max");
        (limit, settings.shop.personal_tiers.len(), settings.shop.checkout_url.is_empty())
    };
    assert_eq!(is_set(&load(file, &[]).unwrap()), (true, 1, false));
    let variables = [
        ("VITRINE_MEMORY__GRAMMARS_BYTES_MAX", ""),
        ("VITRINE_TURN__PERSONAL_TIERS", ""),
        ("VITRINE_SHOP__CHECKOUT_URL", ""),
    ];
    let settings = load(file, &variables).unwrap();
    assert_eq!(is_set(&settings), (false, 0, true));
    assert_eq!(settings.warnings, Vec::<String>::new());
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.toml");
    let text = "[catalog]\npath = \"a.csv\"\nfacets = \"b.toml\"\n[intent]\nsignals = \"heads\"";
    std::fs::write(&file, text).unwrap();
    let settings = load_file(&file, &[]).unwrap();
    assert_eq!(settings.files.catalog, Some(folder.path().join("a.csv")));
    assert_eq!(settings.files.facets, Some(folder.path().join("b.toml")));
    let heads = crate::config::SignalSource::Folder(folder.path().join("heads"));
    assert_eq!(settings.classifier.signals, heads);
    assert_eq!(settings.store.path, folder.path().join("./data/threads.redb"));
}
