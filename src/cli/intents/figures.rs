//! Figures of an evaluation, as a text table and as JSON.

use crate::cli::Context;
use serde_json::Value;
use serde_json::json;
use vitrine_intent::evaluation::Evaluation;
use vitrine_intent::evaluation::IntentFigures;

/// Rounds to four decimals, the precision at which figures are quoted.
pub(super) fn rounded(figure: f64) -> f64 {
    (figure * 10_000.0).round() / 10_000.0
}

pub(super) fn figures(evaluation: &Evaluation, rate: Option<f64>) -> Value {
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

pub(super) fn print_figures(evaluation: &Evaluation, context: &Context) -> anyhow::Result<()> {
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
