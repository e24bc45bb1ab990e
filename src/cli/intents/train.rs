//! `vitrine intents train`: trains an intent head from labelled examples.

use crate::cli::Context;
use crate::cli::intents::figures::figures;
use crate::cli::intents::figures::print_figures;
use crate::cli::intents::figures::rounded;
use crate::cli::intents::open_encoder;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_intent::examples;
use vitrine_intent::training;
use vitrine_intent::training::Trained;
use vitrine_intent::training::TrainingOptions;
use vitrine_intent::training::TrainingProgress;

/// Possible labelling errors printed; `--json` lists all.
const SUSPECTS_SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct IntentsTrainArguments {
    /// Files of labelled examples: JSON lines with "text" and "intent", or .csv files with the
    /// columns text,intent; the intent oos marks texts that are out of scope
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    examples: Vec<PathBuf>,
    /// File to write the head to
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Sentence encoder: a name under models.dir or a folder [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
    /// Also fine-tune the encoder's last three layers, if that predicts held-out examples better:
    /// takes minutes instead of seconds, helps most with few examples, adds 11 MB to the head
    #[arg(long)]
    adapt: bool,
    /// Keep no examples in the head: the file is smaller and classification faster, but less
    /// accurate if there are many examples
    #[arg(long)]
    compact: bool,
    /// Seed of the cross-validation folds and shuffles
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: IntentsTrainArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    crate::app::use_threads(settings.engine_threads)?;
    let examples = examples::read_all(&arguments.examples)?;
    let embedder = open_encoder(&settings, arguments.encoder.as_deref())?;
    let options = TrainingOptions {
        seed: arguments.seed,
        threads: settings.engine_threads,
        keep_examples: !arguments.compact,
        adapt: arguments.adapt,
        ..TrainingOptions::default()
    };
    let bar = context.bar(examples.len() as u64, "embedding");
    let listener = |progress| {
        let (message, done, total) = match progress {
            TrainingProgress::Embedding { done, total } => ("embedding", done, total),
            TrainingProgress::Adapting { done, total } => ("adapting the encoder", done, total),
            TrainingProgress::Fitting { done, total } => ("fitting", done, total),
        };
        bar.set_message(message);
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let trained = training::train(&examples, &embedder, &options, &listener)?;
    bar.finish_and_clear();
    trained.head.save(&arguments.out)?;
    report_training(&trained, &arguments, bar.elapsed(), context)
}

fn report_training(
    trained: &Trained,
    arguments: &IntentsTrainArguments,
    elapsed: Duration,
    context: &Context,
) -> anyhow::Result<()> {
    let (head, held_out) = (&trained.head, &trained.held_out);
    let bytes = std::fs::metadata(&arguments.out).map_or(0, |found| found.len());
    if context.json {
        let suspects = trained.suspects.iter().map(|suspect| {
            json!({
                "text": suspect.example.text,
                "intent": suspect.example.intent,
                "predicted": suspect.predicted,
                "confidence": rounded(f64::from(suspect.confidence)),
            })
        });
        return context.print_json(&json!({
            "out": arguments.out,
            "bytes": bytes,
            "encoder": head.encoder().name,
            "labels": head.labels(),
            "threshold": rounded(f64::from(head.threshold())),
            "adapted": head.adapts_encoder(),
            "seconds": rounded(elapsed.as_secs_f64()),
            "held_out": figures(held_out, None),
            "suspects": suspects.collect::<Vec<_>>(),
        }));
    }
    context.print(format_args!(
        "{}: {} labels from {} examples, {bytes} bytes, {:.1} s",
        arguments.out.display(),
        head.labels().len(),
        head.training().examples,
        elapsed.as_secs_f64()
    ))?;
    if arguments.adapt && !head.adapts_encoder() {
        context.print("the encoder is unchanged: fine-tuning it did not predict better")?;
    }
    context.print("cross-validation (each example predicted by a head trained without it):")?;
    print_figures(held_out, context)?;
    if !trained.suspects.is_empty() {
        context.print("possible labelling errors (label, predicted, confidence, text):")?;
    }
    for suspect in trained.suspects.iter().take(SUSPECTS_SHOWN) {
        let (example, predicted) = (&suspect.example, &suspect.predicted);
        context.print(format_args!(
            "  {:<18} {predicted:<18} {:.2}  {}",
            example.intent, suspect.confidence, example.text
        ))?;
    }
    Ok(())
}
