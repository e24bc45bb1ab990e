//! The command line: exit codes, error messages, and nothing but JSON on stdout with `--json`.

use crate::server::root;
use crate::server::vitrine;
use serde_json::Value;
use std::io::Write;
use std::process::Output;
use std::process::Stdio;

fn run(arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().expect("a folder");
    vitrine(&data).args(arguments).output().expect("the program runs")
}

fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("one JSON document on stdout")
}

#[test]
fn respond_prints_the_answer() {
    let answer = json(&run(&["--json", "--quiet", "respond", "bonjour", "--channel", "sms"]));
    assert_eq!(answer["action"]["kind"], "greet", "{answer}");
    assert_eq!(answer["language"], "fr");
}

#[test]
fn chat_plays_a_whole_sale() {
    let data = tempfile::tempdir().expect("a folder");
    let mut child = vitrine(&data)
        .args(["--quiet", "chat", "--channel", "instagram"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let lines = "Je cherche des chaussures de course pour un marathon\n1\n/channel whatsapp\n1\n";
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(lines.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let transcript = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{transcript}");
    assert!(transcript.contains("https://foulee.example/pay/"), "{transcript}");
}

#[test]
fn chat_prints_nothing_but_json_with_json() {
    let data = tempfile::tempdir().expect("a folder");
    let mut child = vitrine(&data)
        .args(["--quiet", "--json", "chat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let lines = "hello\n/channel sms\nthank you\n";
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(lines.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    let turns: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(turns.len(), 2, "{printed}");
    assert!(turns.iter().all(|turn| turn["reply"]["text"].is_string()), "{printed}");
}

#[test]
fn a_shop_folder_brings_its_own_configuration_or_its_files() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let shop = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(shop.path().join(name), text).expect("written");
    };
    write("catalog.csv", "sku,name,category,price,currency,stock\nZAZ-1,Zazou,lamps,10.00,EUR,5\n");
    let folder = shop.path().to_str().expect("UTF-8").to_owned();
    let products = shop.path().join("catalog.csv").to_str().expect("UTF-8").to_owned();
    let ask = |place: &str, config: Option<&str>| {
        let mut command = vitrine(&elsewhere);
        command.env_remove("VITRINE_CONFIG").current_dir(elsewhere.path());
        command.env("VITRINE_MODELS__DIR", root().join("models"));
        if let Some(config) = config {
            command.args(["--config", config]);
        }
        let arguments = ["--json", "--quiet", "respond", "--catalog", place, "Zazou lamp"];
        json(&command.args(arguments).output().expect("the program runs"))
    };
    let example = root().join("examples/shop/vitrine.toml").display().to_string();
    for answer in [ask(&folder, None), ask(&products, None), ask(&folder, Some(&example))] {
        assert!(answer.to_string().contains("Zazou"), "{answer}");
    }
    write("vitrine.toml", "[shop]\nlanguage = \"fr\"\nname = \"Chez Zazou\"\n");
    let answer = ask(&folder, None);
    assert!(
        !answer.to_string().contains("ZAZ-1"),
        "its configuration names no catalogue: {answer}"
    );
    let mut command = vitrine(&elsewhere);
    let nothing = elsewhere.path().to_str().expect("UTF-8");
    let output = command.args(["respond", "--catalog", nothing, "hi"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("the folder holds none of catalog.ndjson, catalog.csv"), "{error}");
}

#[test]
fn a_command_whose_output_is_cut_off_ends_quietly() {
    let data = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["generate", "--model", "drafter", "--prompt", "reply:", "--max-tokens", "64"][..],
        &["tokenize", "--model", "drafter", "where is my order"],
        &["models", "list"],
    ] {
        let mut command = vitrine(&data);
        command.args(["--quiet"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        // The reader of the output is gone before the first byte.
        drop(child.as_mut().expect("the program runs").stdout.take());
        let output = child.and_then(std::process::Child::wait_with_output).expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn generate_and_tokenize_agree_on_the_prompt() {
    let prompt = "action: greet";
    let model = ["--model", "drafter"];
    let tokens = json(&run(&["--json", "tokenize", model[0], model[1], prompt]));
    let generated = json(&run(&[
        "--json",
        "--quiet",
        "generate",
        model[0],
        model[1],
        "--raw",
        "--prompt",
        prompt,
        "--max-tokens",
        "8",
    ]));
    assert_eq!(tokens["token_ids"], generated["prompt_token_ids"]);
    assert!(generated["timings_ms"]["decode"].is_number());
}

#[test]
fn generate_obeys_a_schema_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("schema.json");
    let schema = r#"{"type":"array","items":{"enum":["a",7]},"minItems":2,"maxItems":2}"#;
    std::fs::write(&file, schema).expect("written");
    let generated = json(&run(&[
        "--json",
        "--quiet",
        "generate",
        "--model",
        "drafter",
        "--prompt",
        "reply:",
        "--json-schema",
        file.to_str().expect("a path"),
    ]));
    assert_eq!(generated["finish_reason"], "stop", "{generated}");
    let value: Value = serde_json::from_str(generated["text"].as_str().expect("text"))
        .expect("the output is JSON");
    let items = value.as_array().expect("an array");
    assert_eq!(items.len(), 2, "{value}");
    assert!(items.iter().all(|item| item == "a" || item == 7), "{value}");
}

#[test]
fn usage_errors_exit_with_two_and_name_what_is_allowed() {
    let draft = ["generate", "--model", "drafter", "--prompt", "reply:"];
    let with = |more: [&'static str; 2]| [&draft[..], &more[..]].concat();
    let no_file = with(["--json-schema", "no-such-file.json"]);
    let no_regex = with(["--regex", "("]);
    let cases: [(&[&str], &str); 6] = [
        (&no_file, "no-such-file.json"),
        (&no_regex, "regex: "),
        (&["sing"], "unrecognized subcommand"),
        (&["generate", "--model", "drafter"], "--prompt"),
        (&["doctor", "--config", "no-such-file.toml"], "no-such-file.toml"),
        (&["serve", "--bind", "0.0.0.0:1"], "api_keys_file"),
    ];
    for (arguments, named) in cases {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(named), "{arguments:?}: {error}");
    }
}

#[test]
fn doctor_says_that_the_example_shop_would_start() {
    let report = json(&run(&["--json", "--quiet", "doctor"]));
    assert_eq!(report["would_start"], true, "{report}");
    assert_eq!(report["reader"], "fast: drafter cannot read messages", "{report}");
    assert!(report["cores"].as_u64().is_some_and(|cores| cores > 0));
    let limits = report["ledger"]["limits"].as_array().expect("limits");
    let models = limits.iter().find(|limit| limit["key"] == "models.max_bytes").expect("a limit");
    let taken = models["taken_bytes"].as_u64().expect("bytes");
    let accounts = &report["ledger"]["accounts"];
    let sum: Option<u64> = ["weights", "packed_copies", "kv_pages"]
        .iter()
        .map(|account| accounts[*account].as_u64())
        .sum();
    assert_eq!(sum, Some(taken), "{report}");
    assert!(accounts["weights"].as_u64() > Some(0) && Some(taken) <= models["bytes_max"].as_u64());
}

#[test]
fn help_names_every_command() {
    let help = String::from_utf8_lossy(&run(&["--help"]).stdout).into_owned();
    for command in
        ["serve", "respond", "chat", "generate", "tokenize", "models", "intents", "embed", "bench"]
    {
        assert!(help.contains(command), "{help}");
    }
    assert!(root().join("README.md").is_file());
}

#[test]
fn the_built_in_drafter_matches_its_manifest() {
    let verified = json(&run(&["--json", "models", "verify", "drafter"]));
    assert_eq!(verified["against_manifest"], true, "{verified}");
    assert_eq!(verified["files"][0]["name"], "drafter.gguf", "{verified}");
}

#[test]
fn a_model_is_pulled_from_the_cache_offline_and_works_until_it_is_removed() {
    let (data, models) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir());
    let (models, home) = (models.expect("a folder"), tempfile::tempdir().expect("a folder"));
    let encoder = root().join("tests/golden/encoders/bert");
    let repository = home.path().join("hub/models--owner--tiny-bert");
    let snapshot = repository.join("snapshots/c0ffee");
    let files = [
        "config.json",
        "config_sentence_transformers.json",
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    ];
    std::fs::create_dir_all(repository.join("refs")).expect("a folder");
    std::fs::create_dir_all(snapshot.join("1_Pooling")).expect("a folder");
    std::fs::write(repository.join("refs/main"), "c0ffee").expect("written");
    for file in files {
        std::fs::copy(encoder.join(file), snapshot.join(file)).expect("copied");
    }
    let run = |arguments: &[&str], offline: &str| {
        let mut command = vitrine(&data);
        command.env("VITRINE_MODELS__DIR", models.path()).env("HF_HOME", home.path());
        command.env("HF_HUB_OFFLINE", offline).env("HF_ENDPOINT", "http://127.0.0.1:1");
        command.env_remove("HF_HUB_CACHE").env_remove("HF_TOKEN");
        command.args(arguments).output().expect("the program runs")
    };
    let pull = ["--json", "models", "pull", "owner/tiny-bert", "--as", "tiny"];
    let pulled = json(&run(&pull, "1"));
    assert_eq!((&pulled["id"], &pulled["commit"]), (&"tiny".into(), &"c0ffee".into()));
    let verified = json(&run(&["--json", "models", "verify", "tiny"], "1"));
    assert_eq!(verified["files"].as_array().map(Vec::len), Some(files.len()), "{verified}");

    let input = data.path().join("texts");
    std::fs::write(&input, "where is my parcel\na\n").expect("written");
    let input = input.to_str().expect("UTF-8");
    let embedded =
        ["--json", "embed", "--encoder", "tiny", "--input", input, "--prefix", "query: "];
    let embedded = json(&run(&embedded, "1"));
    assert_eq!((&embedded["sequences"], &embedded["dimensions"]), (&2.into(), &32.into()));

    let taken = run(&pull, "1");
    assert_eq!(taken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&taken.stderr).contains("exists already"));
    json(&run(&["--json", "models", "remove", "tiny"], "1"));
    let listed = json(&run(&["--json", "models", "list"], "1"));
    assert_eq!(listed["models"], Value::Array(Vec::new()));
    let absent = run(&["models", "pull", "owner/other"], "1");
    assert_eq!(absent.status.code(), Some(1));
    let message = String::from_utf8_lossy(&absent.stderr).into_owned();
    assert!(message.contains("HF_HUB_OFFLINE") && message.contains("HF_HOME"), "{message}");
}

#[test]
fn conversation_tests_pass_or_fail_by_the_floor_and_store_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let tests = folder.path().join("tests.jsonl");
    let turn = |action: &str| {
        format!(r#"{{"say": "bonjour", "expect": {{"action": ["{action}"], "language": "fr"}}}}"#)
    };
    let script = |id: &str, action: &str| {
        let turn = turn(action);
        format!(r#"{{"kind": "script", "id": "{id}", "language": "fr", "turns": [{turn}]}}"#)
    };
    let both = format!("{}\n{}\n", script("good", "greet"), script("bad", "handoff"));
    std::fs::write(&tests, both).expect("written");
    let (tests, page) = (tests.display().to_string(), folder.path().join("page.html"));
    let data = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let command = &mut vitrine(&data);
        command.args(["--quiet", "test", &tests]).args(arguments).output().expect("it runs")
    };
    let page_text = page.display().to_string();
    let output = run(&["--json", "--reader", "fast", "--report", &page_text]);
    let summary = &json(&output)["summary"]["all"];
    assert_eq!((&summary["turns"], &summary["turns_passed"]), (&2.into(), &1.into()));
    let written = std::fs::read_to_string(&page).expect("a page");
    assert!(written.contains("Failed conversations (1)"));
    assert_eq!(run(&["--floor", "0.5"]).status.code(), Some(0));
    let below = run(&["--floor", "0.6"]);
    assert_eq!(below.status.code(), Some(1));
    let table = String::from_utf8_lossy(&below.stdout);
    assert!(table.contains("✗  bad (script; webchat; untagged)"), "{table}");
    assert_eq!(run(&["--only", "good", "--floor", "1"]).status.code(), Some(0));
    for wrong in [["--reader", "slow"], ["--floor", "2"], ["--only", "nothing"]] {
        assert_eq!(run(&wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(std::fs::read_dir(data.path()).expect("a folder").count(), 0);
}
