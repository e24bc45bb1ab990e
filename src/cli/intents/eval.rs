//! `vitrine intents eval`: evaluates an intent head on labelled examples and draws charts.

use crate::cli::Context;
use crate::cli::intents::charts;
use crate::cli::intents::figures::figures;
use crate::cli::intents::figures::print_figures;
use crate::cli::intents::figures::rounded;
use crate::cli::intents::open_encoder;
use anyhow::Context as _;
use serde_json::json;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_intent::Head;
use vitrine_intent::IntentClassifier;
use vitrine_intent::IntentPrediction;
use vitrine_intent::curves;
use vitrine_intent::curves::Confusion;
use vitrine_intent::evaluation::EvaluatedExample;
use vitrine_intent::evaluation::Evaluation;
use vitrine_intent::evaluation::evaluate;
use vitrine_intent::examples;
use vitrine_intent::training;

/// Most texts classified one at a time to measure the latency of a single text.
const SINGLE_TEXTS_MAX: usize = 200;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct IntentsEvalArguments {
    /// Intent head to evaluate
    #[arg(long, value_name = "FILE")]
    head: PathBuf,
    /// Files of labelled examples: JSON lines with "text" and "intent", or .csv files with the
    /// columns text,intent; every label must be one of the head's or oos
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    examples: Vec<PathBuf>,
    /// Sentence encoder that the head was trained with: a name under models.dir or a folder
    /// [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
    /// Folder to draw confusion.svg, calibration.svg and coverage.svg into; created if missing
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
}

pub(super) fn run(arguments: IntentsEvalArguments, context: &Context) -> anyhow::Result<()> {
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
    let judged = judged(&examples, &predictions);
    let evaluation = evaluate(&judged);
    if let Some(folder) = &arguments.svg {
        draw(folder, &judged, &evaluation)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "example counts are small")]
    let rate = evaluation.examples as f64 / bar.elapsed().as_secs_f64().max(1e-9);
    let (p50, p99) = single_text_ms(&classifier, &texts)?;
    if context.json {
        let mut all = figures(&evaluation, Some(rate));
        all["lone_ms_p50"] = json!(rounded(p50));
        all["lone_ms_p99"] = json!(rounded(p99));
        return context.print_json(&all);
    }
    print_figures(&evaluation, context)?;
    context.print(format_args!("sequences/s      {rate:.1}"))?;
    context.print(format_args!("single text      p50 {p50:.2} ms, p99 {p99:.2} ms"))?;
    for one in &evaluation.per_intent {
        let confused = one
            .confused_with
            .as_ref()
            .map_or_else(String::new, |(label, count)| format!("predicted {label} {count} times"));
        context.print(format_args!(
            "  {:<20} n {:>4}  f1 {:.3}  recall {:.3}  {confused}",
            one.intent, one.examples, one.f1, one.recall
        ))?;
    }
    Ok(())
}

/// Latency of single texts, encoder and head together, in milliseconds: p50 and p99.
fn single_text_ms(classifier: &IntentClassifier, texts: &[&str]) -> anyhow::Result<(f64, f64)> {
    let mut times = Vec::new();
    for text in texts.iter().take(SINGLE_TEXTS_MAX) {
        let began = SystemClock.instant();
        classifier.classify_blocking(&[text], |_| ())?;
        times.push((SystemClock.instant() - began).as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Ok((at(50), at(99)))
}

/// Writes the three charts.
fn draw(
    folder: &Path,
    judged: &[EvaluatedExample<'_>],
    evaluation: &Evaluation,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create chart folder {}", folder.display()))?;
    let bins = curves::reliability(judged);
    let curve = curves::coverage_curve(judged);
    let pictures = [
        ("confusion.svg", charts::confusion(&Confusion::of(judged))),
        ("calibration.svg", charts::calibration(&bins, evaluation.ece)),
        ("coverage.svg", charts::coverage(&curve, evaluation.coverage)),
    ];
    for (name, picture) in pictures {
        let path = folder.join(name);
        std::fs::write(&path, picture)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn judged<'a>(
    examples: &'a [examples::Example],
    predictions: &'a [IntentPrediction],
) -> Vec<EvaluatedExample<'a>> {
    let pairs = examples.iter().zip(predictions);
    pairs
        .map(|(example, prediction)| EvaluatedExample {
            expected: &example.intent,
            label: &prediction.label,
            confidence: prediction.confidence,
            in_scope: prediction.in_scope,
            abstained: prediction.abstained,
        })
        .collect()
}
