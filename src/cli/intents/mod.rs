//! `vitrine intents`: checks labelled examples, trains intent heads and evaluates them.

mod charts;
mod check;
mod eval;
mod figures;
mod train;

use crate::cli::Context;
use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::ModelTask;
use anyhow::Context as _;
use vitrine_intent::Embedder;

#[derive(Debug, clap::Subcommand)]
pub(super) enum IntentsCommand {
    /// Find problems in labelled examples before training
    ///
    /// Reports texts with several intents, repeated texts, near-identical texts with different
    /// intents (cosine 0.95 or more), intents with fewer than 10 examples and texts without words.
    ///
    /// Example: vitrine intents check --examples train.jsonl
    Check(check::IntentsCheckArguments),
    /// Train an intent head from labelled examples
    ///
    /// Prints cross-validated figures and possible labelling errors. To use the head, set
    /// intent.head in the configuration to the file.
    ///
    /// Example: vitrine intents train --examples train.jsonl --out shop.head
    Train(train::IntentsTrainArguments),
    /// Evaluate an intent head on labelled examples
    ///
    /// Prints accuracy with and without abstention, macro F1, calibration error (ECE),
    /// out-of-scope recall and precision, AUROC, coverage and speed, then figures per intent.
    ///
    /// Example: vitrine intents eval --head shop.head --examples heldout.jsonl --svg charts
    Eval(eval::IntentsEvalArguments),
}

pub(super) fn run(command: IntentsCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        IntentsCommand::Check(arguments) => check::run(arguments, context),
        IntentsCommand::Train(arguments) => train::run(arguments, context),
        IntentsCommand::Eval(arguments) => eval::run(arguments, context),
    }
}

/// Loads a sentence encoder by name or path; `None` means `intent.encoder`.
pub(super) fn open_encoder(settings: &Settings, name: Option<&str>) -> anyhow::Result<Embedder> {
    let name = name.unwrap_or(&settings.classifier.encoder);
    let files = layout::resolve(&settings.models.dir, name)
        .and_then(|files| files.require(ModelTask::Embed))
        .context("cannot open the encoder; `scripts/fetch-encoder` fetches the default one")?;
    Ok(Embedder::open(files.load_path(), settings.classifier.embedder.clone())?)
}
