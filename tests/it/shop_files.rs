//! The shop's files, the configuration and the API keys as people write them, with the real
//! program: what is read, what is refused and how the refusal names its place.

use crate::server::Gateway;
use crate::server::client;
use crate::server::root;
use crate::server::vitrine;
use serde_json::Value;
use serde_json::json;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use tempfile::TempDir;

/// A shop of its own: two products, with the models of the repository.
struct Shop(TempDir);

const CATALOG: &str = "sku,name,category,price,currency,stock\n\
    RUN-012,Endora,shoes,129.00,EUR,5\n\
    GEL-05,Gel,food,12.00,EUR,50\n";

impl Shop {
    fn new() -> Self {
        let shop = Self(tempfile::tempdir().expect("a folder"));
        shop.write("vitrine.toml", shop.configuration("").as_bytes());
        shop.write("catalog.csv", CATALOG.as_bytes());
        shop
    }

    fn configuration(&self, more: &str) -> String {
        let models = root().join("models");
        format!(
            "{more}\n[models]\ndir = \"{}\"\n[catalog]\npath = \"catalog.csv\"\n",
            models.display()
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = vitrine(&self.0);
        for variable in ["VITRINE_DATA__DIR", "VITRINE_CONFIG", "VITRINE_DRAFT__DEADLINE_MS"] {
            command.env_remove(variable);
        }
        command.args(["--config", self.path("vitrine.toml").to_str().expect("UTF-8")]);
        command.args(arguments).output().expect("the program runs")
    }

    /// The exit code and the report of `doctor`.
    fn doctor(&self) -> (Option<i32>, Value) {
        let output = self.run(&["--json", "--quiet", "doctor"]);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report)
    }

    /// Why `doctor` says that the gateway would not start.
    fn refusal(&self) -> String {
        let (code, report) = self.doctor();
        assert_eq!((code, &report["would_start"]), (Some(1), &json!(false)), "{report}");
        report["reason"].as_str().expect("a reason").to_owned()
    }

    /// What `doctor` warns of in a shop that would start.
    fn warnings(&self) -> Vec<String> {
        let (code, report) = self.doctor();
        assert_eq!((code, &report["would_start"]), (Some(0), &json!(true)), "{report}");
        let warnings = report["warnings"].as_array().expect("warnings").iter();
        warnings.map(|warning| warning.as_str().expect("text").to_owned()).collect()
    }
}

#[test]
fn values_that_cannot_work_end_every_command_with_two_and_name_the_key() {
    let shop = Shop::new();
    for (section, line, named) in [
        ("draft", "deadline_ms = 0", "draft.deadline_ms"),
        ("server", "body_bytes_max = 0", "server.body_bytes_max"),
        ("engine", "threads = 100000", "engine.threads"),
        ("shop", "checkout_url = \"javascript:alert(1)\"", "shop.checkout_url"),
        ("shop", "checkout_url = \"https://shop.example/{skuu}\"", "shop.checkout_url"),
        ("log", "level = \"loud\"", "log.level"),
    ] {
        let text = shop.configuration(&format!("[{section}]\n{line}"));
        shop.write("vitrine.toml", text.as_bytes());
        let value = line.split(" = ").nth(1).expect("a value").trim_matches('"');
        for arguments in [
            &["doctor"][..],
            &["serve", "--bind", "127.0.0.1:0"],
            &["models", "list"],
            &["tokenize", "--model", "drafter", "hello"],
            &["respond", "hello"],
        ] {
            let output = shop.run(arguments);
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
            assert!(error.contains(&format!("key `{named}`")), "{error}");
            assert!(error.contains(&format!("is `{value}`; allowed: ")), "{error}");
        }
    }
}

#[test]
fn a_fault_in_a_catalogue_is_named_by_file_line_column_and_value() {
    let shop = Shop::new();
    for (from, to, told) in [
        ("129.00", "\"129,00\"", "line 2, column `price`: amount `129,00` has a comma"),
        ("129.00", "129,00", "line 2, column `price`: amount `129,00` has a decimal comma"),
        ("129.00", "12.005", "line 2, column `price`: amount `12.005` has more decimals"),
        ("129.00", "-1", "line 2, column `price`: -1.00 EUR is negative"),
        ("GEL-05", "RUN-012", "line 3, column `sku`: repeats sku RUN-012 of line 2"),
        ("name", "nom", "line 1: the header names the column `nom`"),
        ("Endora", "\"Endora", "line 2, column 9: the quote"),
    ] {
        shop.write("catalog.csv", CATALOG.replacen(from, to, 1).as_bytes());
        let refusal = shop.refusal();
        assert!(refusal.contains(&format!("/catalog.csv: {told}")), "{refusal}");
    }
    let bytes = CATALOG.replace("Endora", "End~ra").into_bytes();
    let windows: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'~' { 0xf4 } else { *byte }).collect();
    shop.write("catalog.csv", &windows);
    let refusal = shop.refusal();
    assert!(refusal.contains("/catalog.csv: line 2, column 12: byte 0xF4"), "{refusal}");
    assert!(refusal.contains("save the file as UTF-8"), "{refusal}");
}

#[test]
fn a_catalogue_as_excel_saves_it_is_read_and_slips_are_reported() {
    let shop = Shop::new();
    let excel = "\u{feff}SKU;Name;Category;Price;Currency;Stock;;\r\n\
        RUN-012;\"Endora\r\n2026\";shoes;1 129,00 €;eur;5;;\r\n\
        GEL-05;Gel;food;12,00;EUR;50;;\r\n;;;;;;;\r\n";
    shop.write("catalog.csv", excel.as_bytes());
    assert_eq!(shop.warnings(), Vec::<String>::new());
    let slips = CATALOG.replace("129.00", "0").replace("GEL-05", "GEL/5");
    shop.write("catalog.csv", slips.as_bytes());
    let warnings = shop.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("catalog.csv: 1 product with a price of 0: `RUN-012` (line 2)"));
    assert!(warnings[1].contains("`GEL/5` (line 3)"), "{warnings:?}");
}

#[test]
fn baskets_that_give_no_offer_are_reported_with_the_reason() {
    let shop = Shop::new();
    let text = shop.configuration("[offers]\nbaskets = \"baskets.csv\"");
    shop.write("vitrine.toml", text.as_bytes());
    let others = "MAT-01,SOCK-01\n".repeat(100);
    // One product more, so that the pair is likelier than by chance.
    for baskets in ["RUN-012;GEL-05\r\n", "run-012;gel-05\r\n", "RUN-012\tGEL-05\n"] {
        let separator = if baskets.contains(';') { ";" } else { "\t" };
        let mut file = baskets.repeat(200);
        file.push_str(&others.replace(',', separator));
        shop.write("baskets.csv", file.as_bytes());
        let warnings = shop.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let unknown = "2 of 4 codes are not in the catalogue: `MAT-01` (line 201)";
        assert!(warnings[0].contains(unknown), "{warnings:?}");
    }
    for (baskets, reason) in [
        ("XYZ-1;XYZ-2\n".repeat(200), "2 of 2 codes are not in the catalogue: `XYZ-1` (line 1)"),
        ("XYZ-1;XYZ-2\n".repeat(200), "fields are read as separated by semicolons"),
        ("RUN-012|GEL-05\n".repeat(200), "no line holds two articles; fields are read as"),
        ("RUN-012,GEL-05\n".repeat(2), "no pair of articles is in 5 baskets or more"),
        ("\n".to_owned(), "from its 0 baskets: there is no basket in it"),
    ] {
        shop.write("baskets.csv", baskets.as_bytes());
        let warnings = shop.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("/baskets.csv: no offer can be made"), "{warnings:?}");
        assert!(warnings[0].contains(reason), "{warnings:?}");
    }
    shop.write("baskets.csv", b"RUN-012;\"GEL-05\n");
    assert!(shop.refusal().contains("/baskets.csv: line 1, column 9: the quote"));
}

#[test]
fn a_fault_in_facets_or_policies_is_named_by_file_and_line() {
    let shop = Shop::new();
    shop.write("facets.toml", "\u{feff}keep = [\"belle\"]\r\n".as_bytes());
    assert_eq!(shop.warnings(), Vec::<String>::new());
    shop.write(
        "facets.toml",
        b"keep = []\n[[category]]\nid = \"Two words\"\n\
        label = { en = \"a\", fr = \"b\" }\n",
    );
    let refusal = shop.refusal();
    assert!(
        refusal.contains("/facets.toml: line 3: `Two words` is not an identifier"),
        "{refusal}"
    );
    shop.write("facets.toml", b"");
    let text = shop.configuration("[shop]\npolicies = \"policies.toml\"");
    shop.write("vitrine.toml", text.as_bytes());
    shop.write("policies.toml", b"[[policy]]\nid = \"a\"\ntext = 3\n");
    let refusal = shop.refusal();
    assert!(refusal.contains("/policies.toml: line 3"), "{refusal}");
}

#[test]
fn keys_that_protect_too_little_are_reported_and_repeated_ones_refused() {
    let shop = Shop::new();
    let text = shop.configuration("[server]\napi_keys_file = \"keys\"");
    shop.write("vitrine.toml", text.as_bytes());
    shop.write("keys", b"\xef\xbb\xbfk\r\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(shop.path("keys"), mode).expect("permissions");
    let warnings = shop.warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("/keys, line 1: the API key is so short"), "{warnings:?}");
    assert!(warnings[1].contains("may be read by other users"), "{warnings:?}");
    shop.write("keys", b"one tenant=a\none tenant=b\n");
    let output = shop.run(&["doctor"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("/keys, line 2: the key repeats that of line 1"), "{error}");
}

#[tokio::test]
async fn a_key_file_and_baskets_from_windows_serve_their_shop() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, baskets) = (folder.path().join("keys"), folder.path().join("baskets.csv"));
    std::fs::write(&keys, b"\xef\xbb\xbfk-one\r\nk-two tenant=b \r\n").expect("written");
    let mut text = "run-012;gel-05\r\n".repeat(200);
    text.push_str(&"MAT-01;SOCK-01\r\n".repeat(200));
    std::fs::write(&baskets, format!("\u{feff}{text}")).expect("written");
    let path = |path: &Path| path.display().to_string();
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS_FILE", &path(&keys)),
        ("VITRINE_OFFERS__BASKETS", &path(&baskets)),
        ("VITRINE_OFFERS__HOLDOUT_SHARE", "0"),
    ]);
    for (key, status) in [("k-one", 200), ("k-two", 200), ("k-three", 401)] {
        let answer = client().get(format!("{}/v1/models", gateway.url)).bearer_auth(key).send();
        assert_eq!(answer.await.expect("an answer").status().as_u16(), status, "{key}");
    }
    let body = json!({ "customer_id": "cu1", "cart": [{ "sku": "RUN-012", "quantity": 1 }] });
    let answer = client().post(format!("{}/v1/suggest", gateway.url)).bearer_auth("k-one");
    let answer: Value =
        answer.json(&body).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(answer["suggestions"][0]["sku"], "GEL-05", "{answer}");
}

/// Every file and folder below `folder`.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        found.push(entry.path());
        if entry.path().is_dir() {
            found.extend(tree(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn commands_that_only_look_write_nothing() {
    let shop = Shop::new();
    shop.write("examples.jsonl", b"{\"text\":\"hi\",\"intent\":\"greet\"}\n");
    let examples = shop.path("examples.jsonl").display().to_string();
    let before = tree(shop.0.path());
    for arguments in [
        &["doctor"][..],
        &["--json", "doctor"],
        &["models", "list"],
        &["models", "verify", "drafter"],
        &["tokenize", "--model", "drafter", "hello"],
        &["generate", "--model", "drafter", "--prompt", "hello", "--max-tokens", "2"],
        &["embed", "--input", &examples],
        &["intents", "check", "--examples", &examples],
    ] {
        let output = shop.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
        assert_eq!(tree(shop.0.path()), before, "{arguments:?}");
    }
}

#[test]
fn the_example_shop_keeps_its_conversations_outside_the_source_tree() {
    let home = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let mut command = vitrine(&home);
        command.env_remove("VITRINE_DATA__DIR").env("HOME", home.path());
        let output = command.args(arguments).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["--quiet", "doctor"]);
    assert_eq!(tree(home.path()), Vec::<PathBuf>::new());
    run(&["--quiet", "respond", "bonjour"]);
    assert!(home.path().join(".local/state/vitrine/shop/threads.redb").is_file());
}

#[test]
fn doctor_looks_at_a_store_that_a_running_gateway_uses() {
    let gateway = Gateway::start(&[]);
    let file = gateway.data.path().join("threads.redb");
    let doctor = vitrine(&gateway.data).args(["--json", "--quiet", "doctor"]).output();
    let doctor = doctor.expect("the program runs");
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("a report");
    assert_eq!(doctor.status.code(), Some(0), "{report}");
    assert!(report["warnings"][0].as_str().is_some_and(|text| text.contains("in use")), "{report}");
    let (code, data) = gateway.terminate();
    assert_eq!(code, Some(0));
    let before = std::fs::read(&file).expect("the store");
    let doctor = vitrine(&data).args(["--json", "--quiet", "doctor"]).output();
    let doctor = doctor.expect("the program runs");
    let report: Value = serde_json::from_slice(&doctor.stdout).expect("a report");
    assert_eq!(report["warnings"], json!([]), "{report}");
    assert_eq!(std::fs::read(&file).expect("the store"), before);
}
