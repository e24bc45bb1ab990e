//! Shared by all commands: global options, configuration, logging, output and progress bars.

use crate::config::LogFormat;
use crate::config::Override;
use crate::config::Settings;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use vitrine_base::log_queue::LogWriter;

/// The reader of stdout is gone, such as `head` after its last line: the command ends quietly.
#[derive(Debug, thiserror::Error)]
#[error("standard output is closed")]
pub(crate) struct OutputClosed;

/// Invalid arguments; the process exits with code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Work that takes less shows no [`LateBar`].
const LATE_BAR_AFTER: Duration = Duration::from_secs(2);

/// Files of a shop's folder, with the keys that name them; of several files of a key the first one
/// that exists counts.
const SHOP_FILES: [(&str, &[&str]); 4] = [
    ("catalog.path", &["catalog.ndjson", "catalog.csv"]),
    ("catalog.facets", &["facets.toml"]),
    ("offers.baskets", &["baskets.csv"]),
    ("shop.policies", &["policies.toml"]),
];

/// Configuration overrides for the shop in a folder, or beside a file of products.
fn shop_files(place: &Path) -> Result<Vec<Override>, UsageError> {
    let usage = |reason: &str| UsageError(format!("--catalog {}: {reason}", place.display()));
    let absolute = std::path::absolute(place).map_err(|cause| usage(&cause.to_string()))?;
    let products = absolute.is_file().then(|| absolute.clone());
    let folder = products.as_deref().and_then(Path::parent).unwrap_or(&absolute);
    if !folder.is_dir() {
        return Err(usage("no such file or folder"));
    }
    let mut found = Vec::new();
    for (key, names) in SHOP_FILES {
        let file = names.iter().map(|name| folder.join(name)).find(|file| file.is_file());
        let file = products.clone().filter(|_| key == SHOP_FILES[0].0).or(file);
        found.extend(file.map(|file| Override { key, value: file.display().to_string() }));
    }
    if found.is_empty() {
        let names = SHOP_FILES.map(|(_, names)| names.join(", ")).join(", ");
        return Err(usage(&format!("the folder holds none of {names}")));
    }
    Ok(found)
}

/// A progress bar that short work never shows.
#[derive(Debug)]
pub(crate) struct LateBar {
    bar: ProgressBar,
    quiet: bool,
}

impl LateBar {
    /// Counts one more item.
    pub(crate) fn advance(&self) {
        if !self.quiet && self.bar.is_hidden() && self.bar.elapsed() >= LATE_BAR_AFTER {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Global options of the command line.
#[derive(Debug)]
pub(crate) struct Context {
    config: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Context {
    pub(super) fn new(config: Option<PathBuf>, json: bool, quiet: bool) -> Self {
        Self { config, json, quiet }
    }

    /// Loads the configuration; `flags` override the file and the environment.
    pub(crate) fn settings(&self, flags: &[Override]) -> anyhow::Result<Settings> {
        Ok(Settings::load(self.config.as_deref(), flags)?)
    }

    /// As [`Self::settings`], for the shop in `place`, the value of `--catalog`.
    ///
    /// Without `--config`, `place/vitrine.toml` is read if it exists. Otherwise the shop's files in
    /// the folder override the configuration; `place` may also be a file of products.
    pub(crate) fn settings_of_shop(&self, place: Option<&Path>) -> anyhow::Result<Settings> {
        let Some(place) = place else { return self.settings(&[]) };
        let own = place.join(crate::config::DEFAULT_FILE);
        if self.config.is_none() && own.is_file() {
            return Ok(Settings::load(Some(&own), &[])?);
        }
        self.settings(&shop_files(place)?)
    }

    /// Starts logging to stderr, at `log.level` or, with `--quiet`, errors only.
    pub(crate) fn start_log(&self, settings: &Settings) {
        let level = if self.quiet { "error" } else { settings.log.filter.as_str() };
        let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            // It would report its own failures with `eprintln!`, which panics where they matter.
            .log_internal_errors(false)
            .with_writer(|| LogWriter);
        // Fails if the process (a test) has a log already; that log stays.
        let _ = match settings.log.format {
            LogFormat::Json => log.json().try_init(),
            LogFormat::Text => log.with_target(false).try_init(),
        };
    }

    /// Writes one line to stdout.
    ///
    /// # Errors
    /// [`OutputClosed`] if the reader of stdout is gone.
    pub(crate) fn print(&self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        self.write(&format!("{line}\n"))
    }

    /// Writes text to stdout at once.
    ///
    /// # Errors
    /// As for [`Self::print`].
    pub(crate) fn write(&self, text: &str) -> anyhow::Result<()> {
        let mut output = std::io::stdout().lock();
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => {
                Err(OutputClosed.into())
            }
            written => Ok(written?),
        }
    }

    /// Writes one JSON document to stdout, indented.
    pub(crate) fn print_json(&self, value: &serde_json::Value) -> anyhow::Result<()> {
        self.print(serde_json::to_string_pretty(value)?)
    }

    /// Progress bar on stderr for `length` items; hidden with `--quiet`.
    pub(crate) fn bar(&self, length: u64, what: &str) -> ProgressBar {
        let bar = self.hidden_or(ProgressBar::new(length));
        let style = "{msg} {wide_bar} {pos}/{len} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }

    /// As [`Self::bar`], shown only once the work has taken [`LATE_BAR_AFTER`].
    pub(crate) fn late_bar(&self, length: u64, what: &str) -> LateBar {
        let bar = self.bar(length, what);
        bar.set_draw_target(ProgressDrawTarget::hidden());
        LateBar { bar, quiet: self.quiet }
    }

    /// Progress bar on stderr for a download, in bytes; hidden with `--quiet`.
    pub(crate) fn transfer_bar(&self, what: &str) -> ProgressBar {
        let bar = self.hidden_or(ProgressBar::new(0));
        let style = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }

    /// Writes one line to stderr above a progress bar; nothing with `--quiet`.
    pub(crate) fn note(&self, bar: &ProgressBar, line: impl std::fmt::Display) {
        if !self.quiet {
            // A closed stderr must not abort the command.
            bar.suspend(|| drop(writeln!(std::io::stderr().lock(), "{line}")));
        }
    }

    /// Spinner on stderr for work of unknown length; hidden with `--quiet`.
    pub(crate) fn spinner(&self, what: &str) -> ProgressBar {
        let bar = self.hidden_or(ProgressBar::new_spinner());
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    fn hidden_or(&self, bar: ProgressBar) -> ProgressBar {
        if self.quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar
    }
}
