//! `vitrine intents`: checks examples, trains heads from them, and measures heads.

mod charts;
mod check;
mod eval;
mod figures;
mod train;

use crate::cli::Context;
use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::Task;
use crate::intent::BatchLimits;
use crate::intent::Embedder;
use crate::intent::EmbedderOptions;
use anyhow::Context as _;

/// Text beyond this many bytes is cut before it is tokenized: twice what 256 tokens take.
const TEXT_BYTES_MAX: usize = 8_192;
/// Texts of one forward pass; its tokens usually end a batch earlier.
const BATCH_TEXTS_MAX: usize = 64;

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
    let intent = &settings.raw.intent;
    let name = name.unwrap_or(&intent.encoder);
    let files = layout::resolve(&settings.models_dir(), name)
        .and_then(|files| files.require(Task::Embed))
        .context("encoder; `scripts/fetch-encoder` lays the default one")?;
    let limits = BatchLimits {
        waiting_texts_max: intent.waiting_texts_max,
        batch_texts_max: BATCH_TEXTS_MAX,
        batch_tokens_max: intent.batch_tokens_max,
    };
    let prefix = settings.raw.intent.prefix.clone();
    let options = EmbedderOptions {
        limits,
        text_bytes_max: TEXT_BYTES_MAX,
        prefix,
        compute: settings.encoder,
    };
    Ok(Embedder::open(files.entrance(), options)?)
}
