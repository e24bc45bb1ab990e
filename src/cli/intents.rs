//! `vitrine intents`: trains heads from examples, and measures them.

use crate::cli::Context;
use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::Task;
use crate::intent::BatchLimits;
use crate::intent::Embedder;
use crate::intent::EmbedderOptions;
use crate::intent::Head;
use crate::intent::IntentClassifier;
use crate::intent::IntentPrediction;
use crate::intent::NgramSpec;
use crate::intent::evaluation::Evaluation;
use crate::intent::evaluation::IntentFigures;
use crate::intent::evaluation::Judged;
use crate::intent::evaluation::evaluate;
use crate::intent::examples;
use crate::intent::training;
use crate::intent::training::Trained;
use crate::intent::training::TrainingOptions;
use crate::intent::training::TrainingProgress;
use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Text beyond this many bytes is cut before it is tokenized: twice what 256 tokens take.
const TEXT_BYTES_MAX: usize = 8_192;
/// Texts of one forward pass; its tokens usually end a batch earlier.
const BATCH_TEXTS_MAX: usize = 64;
/// Places that n-grams are hashed into: 28 labels then take 470 KiB.
const BUCKETS: usize = 8_192;
/// Shortest and longest character n-gram.
const NGRAM_CHARACTERS: (usize, usize) = (2, 4);
/// Pulls to zero that cross-validation chooses from.
const L2_GRID: [f32; 3] = [0.01, 0.03, 0.1];
/// Weights of n-grams against the embedding that cross-validation chooses from.
const NGRAM_WEIGHT_GRID: [f32; 3] = [0.5, 1.0, 1.5];
/// Share of in-scope examples whose right answer abstaining may cost.
const ACCURACY_COST_MAX: f64 = 0.02;
/// Suspicious examples that are shown.
const SUSPECTS_SHOWN: usize = 10;

/// Train and evaluate intent heads.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Train a head from labelled examples
    Train(TrainArguments),
    /// Measure a head on labelled examples
    Eval(EvalArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct TrainArguments {
    /// JSON lines {"text","intent"} or CSV text,intent; the label `oos` means out of scope
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    examples: Vec<PathBuf>,
    /// Where to write the head
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Sentence encoder [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
    /// Decides folds and shuffles
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, clap::Args)]
pub(super) struct EvalArguments {
    /// The head to measure
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// JSON lines {"text","intent"} or CSV text,intent
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    examples: Vec<PathBuf>,
    /// Sentence encoder [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
}

pub(super) fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Train(arguments) => train(arguments, context),
        Command::Eval(arguments) => eval(arguments, context),
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

fn train(arguments: TrainArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    crate::app::use_threads(settings.engine_threads)?;
    let examples = examples::read_all(&arguments.examples)?;
    let embedder = open_encoder(&settings, arguments.encoder.as_deref())?;
    let (characters_min, characters_max) = NGRAM_CHARACTERS;
    let options = TrainingOptions {
        seed: arguments.seed,
        threads: NonZeroUsize::new(settings.engine_threads).unwrap_or(NonZeroUsize::MIN),
        ngrams: NgramSpec { buckets: BUCKETS, characters_min, characters_max },
        l2_grid: L2_GRID.to_vec(),
        ngram_weight_grid: NGRAM_WEIGHT_GRID.to_vec(),
        accuracy_cost_max: ACCURACY_COST_MAX,
    };
    let bar = context.bar(examples.len() as u64, "embedding");
    let listener = |progress| {
        let (message, done, total) = match progress {
            TrainingProgress::Embedding { done, total } => ("embedding", done, total),
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
    arguments: &TrainArguments,
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
    context.print("cross-validated on those examples, each predicted by a head without it:")?;
    print_figures(held_out, context)?;
    if !trained.suspects.is_empty() {
        context.print("labels worth a second look (label, predicted, confidence, text):")?;
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

fn eval(arguments: EvalArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    crate::app::use_threads(settings.engine_threads)?;
    let head = Head::open(&arguments.head)?;
    let examples = examples::read_all(&arguments.examples)?;
    let labels = head.labels().to_vec();
    training::check_labels(&examples, &labels)?;
    let embedder = open_encoder(&settings, arguments.encoder.as_deref())?;
    let classifier = IntentClassifier::new(Arc::new(embedder), head)?;
    let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
    let bar = context.bar(texts.len() as u64, "classifying");
    let predictions = classifier.classify_blocking(&texts, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let evaluation = evaluate(&judged(&examples, &predictions));
    #[expect(clippy::cast_precision_loss, reason = "example counts are small")]
    let rate = evaluation.examples as f64 / bar.elapsed().as_secs_f64().max(1e-9);
    if context.json {
        return context.print_json(&figures(&evaluation, Some(rate)));
    }
    print_figures(&evaluation, context)?;
    context.print(format_args!("sequences/s      {rate:.1}"))?;
    for one in &evaluation.per_intent {
        let confused = one
            .confused_with
            .as_ref()
            .map_or_else(String::new, |(label, count)| format!("taken for {label} {count} times"));
        context.print(format_args!(
            "  {:<20} n {:>4}  f1 {:.3}  recall {:.3}  {confused}",
            one.intent, one.examples, one.f1, one.recall
        ))?;
    }
    Ok(())
}

fn judged<'a>(
    examples: &'a [examples::Example],
    predictions: &'a [IntentPrediction],
) -> Vec<Judged<'a>> {
    let pairs = examples.iter().zip(predictions);
    pairs
        .map(|(example, prediction)| Judged {
            expected: &example.intent,
            label: &prediction.label,
            confidence: prediction.confidence,
            abstained: prediction.abstained,
        })
        .collect()
}

/// Four decimals, as figures are quoted.
fn rounded(figure: f64) -> f64 {
    (figure * 10_000.0).round() / 10_000.0
}

fn figures(evaluation: &Evaluation, rate: Option<f64>) -> Value {
    json!({
        "examples": evaluation.examples,
        "accuracy": evaluation.accuracy.map(rounded),
        "accuracy_forced": evaluation.accuracy_forced.map(rounded),
        "macro_f1": evaluation.macro_f1.map(rounded),
        "ece": evaluation.ece.map(rounded),
        "oos_recall": evaluation.oos_recall.map(rounded),
        "oos_precision": evaluation.oos_precision.map(rounded),
        "auroc": evaluation.auroc.map(rounded),
        "coverage": evaluation.coverage.map(rounded),
        "abstained": evaluation.abstained,
        "per_intent": evaluation.per_intent.iter().map(intent_figures).collect::<Vec<_>>(),
        "sequences_per_second": rate.map(rounded),
    })
}

fn intent_figures(one: &IntentFigures) -> Value {
    json!({
        "intent": one.intent,
        "examples": one.examples,
        "precision": one.precision.map(rounded),
        "recall": rounded(one.recall),
        "f1": rounded(one.f1),
        "confused_with": one.confused_with.as_ref().map(|(label, count)| {
            json!({"intent": label, "examples": count})
        }),
    })
}

fn print_figures(evaluation: &Evaluation, context: &Context) -> anyhow::Result<()> {
    context.print(format_args!("examples         {}", evaluation.examples))?;
    let rows = [
        ("accuracy", evaluation.accuracy),
        ("accuracy forced", evaluation.accuracy_forced),
        ("macro F1", evaluation.macro_f1),
        ("ECE", evaluation.ece),
        ("oos recall", evaluation.oos_recall),
        ("oos precision", evaluation.oos_precision),
        ("AUROC", evaluation.auroc),
        ("coverage", evaluation.coverage),
    ];
    for (name, figure) in rows {
        let figure = figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.4}"));
        context.print(format_args!("{name:<16} {figure}"))?;
    }
    Ok(())
}
