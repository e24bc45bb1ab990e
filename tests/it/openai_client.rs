//! The official, unmodified `openai` Python client works against the gateway.
//!
//! The first run installs the client from PyPI into a virtual environment under `target/`. Without
//! Python or PyPI the test fails. Where `VITRINE_TESTS_OFFLINE` is 1 and `CI` is not set, it prints
//! that it did not run, and passes.

use crate::server::Gateway;
use crate::server::root;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

/// The client's version, pinned because its requests are what the test checks.
const CLIENT: &str = "openai==3.57.0";

const KEY: &str = "a-key-for-the-client";

/// Limit on waiting prompt tokens; small, so that a burst of requests exceeds it.
const WAITING_PROMPT_TOKENS_MAX: &str = "2048";

/// Allows the test to be left out on a machine without a network, if it is 1.
const OFFLINE_VARIABLE: &str = "VITRINE_TESTS_OFFLINE";

/// Leaves the test out if that is allowed.
///
/// # Panics
/// If it is not allowed, with the reason.
fn leave_out(reason: &str) {
    #[expect(clippy::disallowed_methods, reason = "settings of the test run, not of the program")]
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let allowed = variable(OFFLINE_VARIABLE) == "1" && variable("CI").is_empty();
    assert!(
        allowed,
        "{CLIENT} is not available ({OFFLINE_VARIABLE}=1 without CI leaves it out): {reason}"
    );
    // Written to stderr directly, because the harness hides the output of passing tests.
    let _ = writeln!(std::io::stderr(), "DID NOT RUN: the openai client: {reason}");
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

/// Path of a Python interpreter with the client installed.
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
        Err(reason) => return leave_out(&reason),
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
