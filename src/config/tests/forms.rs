//! Tests: names and forms of earlier versions give the same configuration as the present ones, in
//! the file and in variables, with a warning that names the key and the present form.

use crate::config::Settings;
use crate::config::tests::load;
use crate::config::tests::refusal;

/// The whole configuration as text, to compare; the folder of the file and the warnings left out.
fn shown(settings: &Settings, folder: &str) -> String {
    let without_warnings = Settings { warnings: Vec::new(), ..settings.clone() };
    format!("{without_warnings:?}").replace(folder, "")
}

/// Splits `section.key`.
fn split(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap()
}

fn variable(key: &str) -> String {
    format!("VITRINE_{}", key.to_uppercase().replace('.', "__"))
}

/// Loads one key from a file.
fn from_file(key: &str, toml: &str) -> (String, Vec<String>) {
    let (section, name) = split(key);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.toml");
    std::fs::write(&file, format!("[{section}]\n{name} = {toml}\n")).unwrap();
    let settings = crate::config::tests::load_file(&file, &[]);
    let settings = settings.unwrap_or_else(|error| panic!("{key} = {toml}: {error}"));
    (shown(&settings, &folder.path().display().to_string()), settings.warnings)
}

/// Loads one key from an environment variable.
fn from_variable(key: &str, text: &str) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vitrine.toml");
    std::fs::write(&file, "").unwrap();
    let settings = crate::config::tests::load_file(&file, &[(&variable(key), text)]);
    let settings = settings.unwrap_or_else(|error| panic!("{key} as {text}: {error}"));
    (shown(&settings, &folder.path().display().to_string()), settings.warnings)
}

fn defaults() -> String {
    from_file("log.level", "\"info\"").0
}

/// Text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Values with an older form: key, older text, present form.
const FORMS: &[(&str, &str, &str)] = &[
    ("models.load", "small, large", r#"["small", "large"]"#),
    ("turn.personal_tiers", "vip,gold", r#"["vip", "gold"]"#),
    ("turn.handoff_topics", "warranty, customs", r#"["warranty", "customs"]"#),
    ("turn.handoff_channels", "sms,apple", r#"["sms", "apple"]"#),
    ("server.api_keys", "0123456789abcdef", r#"[{ key = "0123456789abcdef" }]"#),
    (
        "server.api_keys",
        "0123456789abcdef tenant=b scopes=turns,models;fedcba9876543210",
        r#"[{ key = "0123456789abcdef", tenant = "b", scopes = ["turns", "models"] },
            { key = "fedcba9876543210" }]"#,
    ),
    (
        "retention.tenants",
        "a threads_days=30 outreach_days=7; b",
        "{ a = { threads_days = 30, outreach_days = 7 }, b = {} }",
    ),
];

#[test]
fn the_older_form_of_a_list_gives_the_same_value_with_a_warning() {
    for (key, old, present) in FORMS {
        let (expected, none) = from_file(key, present);
        assert_eq!(none, Vec::<String>::new(), "{key}");
        assert_ne!(expected, defaults(), "{key} changes nothing");
        assert_eq!(from_variable(key, present), (expected.clone(), Vec::new()), "{key}");
        for (shown, warnings) in [from_file(key, &quoted(old)), from_variable(key, old)] {
            assert_eq!(shown, expected, "{key}");
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains(&format!("key `{key}`")), "{warnings:?}");
        }
    }
}

#[test]
fn the_form_that_a_warning_recommends_gives_the_same_value_without_a_warning() {
    for (key, old, _) in FORMS.iter().filter(|(key, ..)| *key != "server.api_keys") {
        let recommended = |warnings: Vec<String>| {
            warnings[0].split("write `").nth(1).unwrap().trim_end_matches('`').to_owned()
        };
        let (expected, warnings) = from_file(key, &quoted(old));
        let written = recommended(warnings);
        let value = written.strip_prefix(&format!("{} = ", split(key).1)).unwrap();
        assert_eq!(from_file(key, value), (expected.clone(), Vec::new()), "{written}");
        let written = recommended(from_variable(key, old).1);
        let value = written.strip_prefix(&format!("{}=", variable(key))).unwrap();
        assert_eq!(from_variable(key, value), (expected, Vec::new()), "{written}");
    }
}

/// Keys that 0 or an empty text used to leave unset: key, old value in TOML, a value that is set.
const ABSENT: &[(&str, &str, &str)] = &[
    ("server.api_keys_file", "\"\"", ""),
    ("server.tenant_requests_per_second", "0", "5.5"),
    ("server.tenant_requests_per_second", "0.0", "5.5"),
    ("models.max_bytes", "0", "\"1 GiB\""),
    ("models.max_bytes", "\"0 MiB\"", "\"1 GiB\""),
    ("memory.max_bytes", "0", "\"1 GiB\""),
    ("memory.weights_bytes_max", "0", "1000"),
    ("memory.packed_copies_bytes_max", "0", "1000"),
    ("memory.kv_pages_bytes_max", "0", "1000"),
    ("memory.grammars_bytes_max", "0", "1000"),
    ("engine.threads", "0", "33"),
    ("engine.waiting_ms_max", "0", "50"),
    ("intent.prefix", "\"\"", "\"query: \""),
    ("intent.head", "\"\"", "\"a.head\""),
    ("intent.signals", "\"\"", "\"heads\""),
    ("turn.handoff_amount_max", "\"\"", "\"250.00\""),
    ("callbacks.turns_url", "\"\"", "\"http://shop/turns\""),
    ("callbacks.handoff_url", "\"\"", "\"http://shop/handoffs\""),
    ("callbacks.secret_file", "\"\"", ""),
    ("catalog.path", "\"\"", "\"a.csv\""),
    ("catalog.facets", "\"\"", "\"a.toml\""),
    ("offers.baskets", "\"\"", "\"a.csv\""),
    ("shop.hours_en", "\"\"", "\"9 to 5\""),
    ("shop.hours_fr", "\"\"", "\"9 h à 17 h\""),
    ("shop.policies", "\"\"", "\"a.toml\""),
    ("shop.checkout_url", "\"\"", "\"https://shop/{sku}\""),
    ("locales.dir", "\"\"", "\"languages\""),
];

#[test]
fn zero_and_empty_text_still_leave_a_key_unset_with_a_warning() {
    for (key, old, set) in ABSENT {
        let (shown, warnings) = from_file(key, old);
        assert_eq!(shown, defaults(), "{key} = {old}");
        assert!(warnings[0].contains(&format!("key `{key}`")), "{warnings:?}");
        assert!(warnings[0].ends_with("leave the key out instead"), "{warnings:?}");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        // An empty variable is the present form, so only 0 is reported.
        let (shown, warnings) = from_variable(key, old.trim_matches('"'));
        assert_eq!(shown, defaults(), "{key} = {old}");
        assert_eq!(warnings.len(), usize::from(*old != "\"\""), "{warnings:?}");
        assert_eq!(from_variable(key, ""), (defaults(), Vec::new()), "{key}");
        if !set.is_empty() {
            let (from_file, from_variable) =
                (from_file(key, set), from_variable(key, set.trim_matches('"')));
            assert_ne!(from_file.0, defaults(), "{key} = {set}");
            assert_eq!(from_file, from_variable, "{key} = {set}");
            assert_eq!(from_file.1, Vec::<String>::new(), "{key} = {set}");
        }
    }
}

#[test]
fn an_empty_text_empties_a_list_with_a_warning_and_an_empty_variable_without_one() {
    for (key, empty) in [
        ("models.load", "[]"),
        ("turn.personal_tiers", "[]"),
        ("turn.handoff_topics", "[]"),
        ("turn.handoff_channels", "[]"),
        ("server.api_keys", "[]"),
        ("retention.tenants", "{}"),
    ] {
        let expected = from_file(key, empty);
        assert_eq!(expected.1, Vec::<String>::new(), "{key}");
        let (shown, warnings) = from_file(key, "\"\"");
        assert_eq!(shown, expected.0, "{key}");
        assert!(warnings[0].contains(&format!("key `{key}`")), "{warnings:?}");
        assert_eq!(from_variable(key, ""), expected, "{key}");
    }
    assert_ne!(from_file("turn.personal_tiers", "[]").0, defaults());
}

#[test]
fn other_older_words_give_the_same_value_with_a_warning() {
    for (key, old, present, shown_present) in [
        ("engine.decode_gap_percent", "0", "\"none\"", "none"),
        ("shop.language", "\"fr-FR\"", "\"fr\"", "fr"),
    ] {
        let (expected, none) = from_file(key, present);
        assert_eq!(none, Vec::<String>::new(), "{key}");
        assert_ne!(expected, defaults(), "{key}");
        let (shown, warnings) = from_file(key, old);
        assert_eq!(shown, expected, "{key}");
        let write = format!("write `{} = {present}`", split(key).1);
        assert!(warnings[0].ends_with(&write), "{warnings:?}");
        let (shown, warnings) = from_variable(key, old.trim_matches('"'));
        assert_eq!(shown, expected, "{key}");
        let write = format!("write `{}={shown_present}`", variable(key));
        assert!(warnings[0].ends_with(&write), "{warnings:?}");
        assert_eq!(from_variable(key, shown_present), (expected, Vec::new()), "{key}");
    }
}

#[test]
fn the_old_name_of_a_key_sets_the_renamed_key_with_a_warning() {
    for (old, present) in [
        ("engine.draft_tokens_max", "engine.speculative_tokens_max"),
        ("engine.draft_sequences_max", "engine.speculative_sequences_max"),
    ] {
        let expected = from_file(present, "3");
        assert_eq!(from_variable(present, "3"), expected);
        assert_ne!(expected.0, defaults(), "{present}");
        let (shown, warnings) = from_file(old, "3");
        assert_eq!(shown, expected.0, "{old}");
        let mentions = |warnings: &[String], name: &str| {
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains(name), "{warnings:?}");
        };
        mentions(&warnings, old);
        mentions(&warnings, &format!("write `{present}`"));
        let (shown, warnings) = from_variable(old, "3");
        assert_eq!(shown, expected.0, "{old}");
        mentions(&warnings, &variable(old));
        mentions(&warnings, &format!("set {} instead", variable(present)));
    }
}

#[test]
fn both_names_of_a_key_are_refused_in_one_source_but_not_in_two() {
    let error = refusal("[engine]\ndraft_tokens_max = 1\nspeculative_tokens_max = 2", &[]);
    assert!(error.contains("`engine.speculative_tokens_max` is set twice in /"), "{error}");
    assert!(error.contains("`engine.draft_tokens_max`"), "{error}");
    let old = ("VITRINE_ENGINE__DRAFT_TOKENS_MAX", "1");
    let error = refusal("", &[("VITRINE_ENGINE__SPECULATIVE_TOKENS_MAX", "2"), old]);
    assert!(error.contains("is set twice in the environment"), "{error}");
    let settings = load("[engine]\nspeculative_tokens_max = 2", &[old]).unwrap();
    assert_eq!(settings.engine.speculation.draft_tokens_max, 1);
}

#[test]
fn warnings_never_show_a_secret() {
    let (_, warnings) = from_variable("server.api_keys", "s3cret tenant=shop");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.contains("server.api_keys")), "{warnings:?}");
    assert!(!warnings.iter().any(|warning| warning.contains("s3cret")), "{warnings:?}");
    let settings = load("[callbacks]\nsecret = \"\"", &[]).unwrap();
    assert_eq!(settings.callbacks.secret, None);
    assert!(settings.warnings[0].contains("callbacks.secret"), "{:?}", settings.warnings);
}
