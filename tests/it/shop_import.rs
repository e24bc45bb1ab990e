//! `vitrine shop import` with the real program: what it writes, keeps, refuses and reports.

use crate::server::root;
use crate::server::vitrine;
use serde_json::Value;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = vitrine(folder);
    command.env_remove("VITRINE_CONFIG").env("VITRINE_MODELS__DIR", root().join("models"));
    command.args(["--quiet"]).args(arguments).output().expect("the program runs")
}

fn export(name: &str) -> String {
    root().join("examples").join(name).join("products.csv").display().to_string()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn both_example_exports_become_shops_that_would_start_from_any_folder() {
    for (name, language, products) in [("houseplants", "en", 108), ("papeterie", "fr", 107)] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("shop");
        let place = out.to_str().expect("UTF-8");
        let output = run(&folder, &["--json", "shop", "import", &export(name), "--out", place]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["products"], products);
        assert_eq!(report["languages"][0], language);
        assert_eq!(report["errors"], 0);
        let page = text(&out.join("report.html"));
        assert!(page.contains("<svg") && !page.contains("src=") && !page.contains("href="));
        let configuration = out.join("vitrine.toml");
        let configuration = configuration.to_str().expect("UTF-8");
        let output = run(&folder, &["--json", "doctor", "--config", configuration]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["would_start"], true, "{report}");
    }
}

#[test]
fn with_errors_nothing_is_written_unless_lenient() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.csv");
    let rows = "Handle,Title,Variant Price,Type\na,Alba,9.00,Beds\nb,Brume,call us,Beds\n";
    std::fs::write(&file, rows).expect("written");
    let (file, out) = (file.display().to_string(), folder.path().join("shop"));
    let place = out.display().to_string();
    let output = run(&folder, &["shop", "import", &file, "--out", &place]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("error     bad.csv, line 3, column `Variant Price`: amount `call us`"),
        "{told}"
    );
    assert!(!out.exists());
    let output = run(&folder, &["shop", "import", &file, "--out", &place, "--lenient"]);
    assert!(output.status.success());
    assert_eq!(text(&out.join("catalog.ndjson")).lines().count(), 1);
}

#[test]
fn arguments_are_checked_before_anything_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("shop").display().to_string();
    for (more, told) in [
        (&["none.csv"][..], "cannot read none.csv"),
        (&[&export("papeterie"), "--currency", "euro"], "--currency is `euro`"),
        (&[&export("papeterie"), "--language", "french"], "--language is `french`"),
        (&[&export("papeterie"), "--shop-url", "shop"], "--shop-url is `shop`"),
    ] {
        let arguments = [&["shop", "import", "--out", &out][..], more].concat();
        let output = run(&folder, &arguments);
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(told), "{error}");
    }
}
