//! `vitrine intents`: checks examples, trains heads from them, and measures heads.

mod charts;
mod check;
mod eval;
mod figures;
mod train;

use crate::app;
use crate::cli::Context;
use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::Task;
use anyhow::Context as _;
use vitrine_intent::Embedder;

/// Check examples, train intent heads and evaluate them.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say what to fix in labelled examples before training
    Check(check::Arguments),
    /// Train a head from labelled examples
    Train(train::Arguments),
    /// Measure a head on labelled examples
    Eval(eval::Arguments),
}

pub(super) fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Check(arguments) => check::run(arguments, context),
        Command::Train(arguments) => train::run(arguments, context),
        Command::Eval(arguments) => eval::run(arguments, context),
    }
}

/// Loads a sentence encoder by name or path; the configured one when none is named.
pub(super) fn open_encoder(settings: &Settings, name: Option<&str>) -> anyhow::Result<Embedder> {
    let name = name.unwrap_or(&settings.raw.intent.encoder);
    let files = layout::resolve(&settings.models_dir(), name)
        .and_then(|files| files.require(Task::Embed))
        .context("encoder; `scripts/fetch-encoder` lays the default one")?;
    Ok(Embedder::open(files.entrance(), app::embedder_options(settings))?)
}
