//! Writes `docs/configuration.md`, the reference of all keys, and checks that it is current. Tests
//! only.

use crate::config::raw::RENAMED;
use crate::config::raw::Raw;
use crate::config::value::reference::KeyReference;
use std::fmt::Write;
use std::path::PathBuf;

/// The page, from the root of the repository.
const PAGE: &str = "docs/configuration.md";

/// Setting this variable makes the test write the page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

/// The command that writes the page.
const COMMAND: &str = "UPDATE_DOCS=1 cargo test --lib configuration_page";

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from src/config/raw; after a change there run
UPDATE_DOCS=1 cargo test --lib configuration_page -->

The gateway reads `vitrine.toml` in the current folder, or the file that `--config` names. Every key
has a default, so the file may be left out. Environment variables override the file:
`VITRINE_SECTION__KEY` sets `section.key`, in capitals. Options of a command override both.
`vitrine doctor` checks a configuration without starting the gateway.

- An unknown key, a value of the wrong type and a value that is not allowed are errors. The message
  names the key, the file or variable that sets it, the value found and the values allowed.
- Relative paths start from the folder of the configuration file, or from the current folder if
  there is no file; `~/` stands for the home folder.
- Text files may be in UTF-8 or UTF-16, with or without a byte-order mark, and with any line ends.
- A size is text such as `512 MiB` (units `B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`) or a number of
  bytes.
- An environment variable holds text, numbers, `true` and `false` without quotes, and arrays and
  tables as TOML: `VITRINE_TURN__HANDOFF_CHANNELS=[\"sms\", \"rcs\"]`. An empty variable leaves a
  key without a default unset, and empties an array or a table.
- Names and forms of earlier versions keep working. The gateway logs a warning at startup, and
  `vitrine doctor` prints it, with the form to write instead.
";

/// An example that sets a key of most sections.
const EXAMPLE: &str = r#"[server]
bind = "0.0.0.0:8080"
api_keys_file = "keys"                  # one key per line, not in version control
tenant_requests_per_second = 20.0

[data]
dir = "/var/lib/vitrine"

[models]
dir = "/srv/models"
max_bytes = "12 GiB"

[engine]
threads = 8

[draft]
model = "Qwen3-0.6B-GGUF"
voice = "formal"
address = "vous"

[turn]
personal_tiers = ["vip", "gold"]
handoff_topics = ["warranty"]
handoff_channels = ["apple"]
handoff_amount_max = "250.00"

[retention]
threads_days = 365

[retention.tenants.outlet]              # this tenant keeps less
threads_days = 90
outreach_days = 30

[callbacks]
turns_url = "https://shop.example/hooks/turns"
handoff_url = "https://shop.example/hooks/handoffs"
secret_file = "callback-secret"

[catalog]
path = "shop/catalog.ndjson"

[offers]
baskets = "shop/baskets.csv"

[shop]
name = "Foulée"
policies = "shop/policies.toml"
checkout_url = "https://shop.example/pay?sku={sku}&size={size}&ref={thread}"
language = "fr"
"#;

fn page() -> String {
    let mut page = format!("{INTRODUCTION}\n## Example\n\n```toml\n{EXAMPLE}```\n");
    for (name, section) in Raw::reference() {
        let about = paragraph(section.about);
        let _ = write!(page, "\n## `[{name}]`\n\n{about}\n\n");
        page.push_str("| key | type | unit | default | allowed | meaning |\n");
        page.push_str("|---|---|---|---|---|---|\n");
        for key in &section.keys {
            page.push_str(&row(key));
        }
    }
    page.push_str("\n## Renamed keys\n\n| old name | present name |\n|---|---|\n");
    for (old, present) in RENAMED {
        let _ = writeln!(page, "| `{old}` | `{present}` |");
    }
    page
}

fn row(key: &KeyReference) -> String {
    let KeyReference { name, kind, unit, default, allowed, meaning } = key;
    let unit = unit.unwrap_or_default();
    let default = default.as_ref().map_or("not set".to_owned(), |default| format!("`{default}`"));
    let meaning = paragraph(meaning);
    let cells = [&format!("`{name}`"), kind, unit, &default, allowed, &meaning];
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

/// The lines of a doc comment as one line.
fn paragraph(comment: &str) -> String {
    comment.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(PAGE)
}

#[test]
fn the_configuration_page_is_current() {
    assert!(INTRODUCTION.contains(COMMAND));
    let page = page();
    if std::env::vars().any(|(name, _)| name == UPDATE) {
        std::fs::write(path(), &page).unwrap();
    }
    let committed = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(committed == page, "{PAGE} is out of date; rewrite it with `{COMMAND}`");
}

#[test]
fn the_configuration_page_describes_every_key_and_its_example_loads() {
    let page = page();
    for key in Raw::keys() {
        assert!(page.contains(&format!("\n## `[{}]`\n", key.section)), "{}", key.section);
        assert!(page.contains(&format!("\n| `{}` | ", key.name)), "{}", key.name);
    }
    for (section, reference) in Raw::reference() {
        assert!(!paragraph(reference.about).is_empty(), "{section}");
        for key in reference.keys {
            assert!(!paragraph(key.meaning).is_empty(), "{section}.{}", key.name);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("vitrine.toml", EXAMPLE), ("keys", "0123456789abcdef\n"), ("callback-secret", "s\n")]
    {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.path().join("keys"), mode).unwrap();
    let settings = crate::config::tests::load_file(&folder.path().join("vitrine.toml"), &[]);
    assert_eq!(settings.unwrap().warnings, Vec::<String>::new());
}
