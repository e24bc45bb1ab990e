//! Shared by all commands: global options, configuration, logging, output and progress bars.

use crate::config::LogFormat;
use crate::config::Override;
use crate::config::Settings;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use vitrine_base::log_queue::LogWriter;

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

    /// As [`Self::settings`], but without `--config` reads `folder/vitrine.toml` if it exists.
    pub(crate) fn settings_of_shop(
        &self,
        folder: Option<&std::path::Path>,
        flags: &[Override],
    ) -> anyhow::Result<Settings> {
        let shop = folder.map(|folder| folder.join(crate::config::DEFAULT_FILE));
        match (&self.config, shop) {
            (None, Some(file)) if file.is_file() => Ok(Settings::load(Some(&file), flags)?),
            _ => self.settings(flags),
        }
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
    pub(crate) fn print(&self, line: impl std::fmt::Display) -> anyhow::Result<()> {
        writeln!(std::io::stdout().lock(), "{line}")?;
        Ok(())
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
