//! The official `openai` client for Python, unmodified, works against the gateway.
//!
//! Installs the client from PyPI into an environment of its own under `target/`, once. Where Python
//! or PyPI is not there, it says so and passes.

use crate::server::Gateway;
use crate::server::root;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

/// The client's version: its requests are part of what is tested.
const CLIENT: &str = "openai==3.57.0";

const KEY: &str = "a-key-for-the-client";

/// Prompt tokens that may wait: few, so that a burst meets the limit.
const WAITING_PROMPT_TOKENS_MAX: &str = "2048";

/// Says why nothing was tested, past the harness, which hides what a passing test prints.
fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped the openai client: {reason}");
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{command:?}: {last}"))
}

/// A Python that has the client.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(CLIENT.replace("==", "-"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if !ready.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT];
        run(Command::new(&python).args(pip))?;
        std::fs::write(&ready, "").map_err(|error| error.to_string())?;
    }
    Ok(python)
}

#[test]
fn the_official_python_client_works_unmodified() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => return skip(&reason),
    };
    let keys = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(keys.path(), KEY).expect("written");
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS_FILE", keys.path().to_str().expect("UTF-8")),
        ("VITRINE_ENGINE__WAITING_PROMPT_TOKENS_MAX", WAITING_PROMPT_TOKENS_MAX),
        ("VITRINE_ENGINE__SEQUENCES_MAX", "2"),
    ]);
    let output = Command::new(python)
        .arg(root().join("tests/clients/openai_client.py"))
        .args([gateway.url.as_str(), KEY])
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    assert!(said.contains("11 checks"), "{said}");
}
