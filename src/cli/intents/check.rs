//! `vitrine intents check`: finds problems in labelled examples before training.

use crate::cli::Context;
use crate::cli::intents::figures::rounded;
use crate::cli::intents::open_encoder;
use anyhow::bail;
use serde_json::Value;
use serde_json::json;
use std::path::PathBuf;
use vitrine_intent::examples;
use vitrine_intent::inspection;
use vitrine_intent::inspection::Finding;
use vitrine_intent::inspection::Inspection;

/// Findings of one kind that are printed; `--json` lists all.
const FINDINGS_SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 no text has several intents, 1 a text has several intents \
                        or a file cannot be used, 2 the arguments or configuration are invalid.")]
pub(in crate::cli) struct IntentsCheckArguments {
    /// Files of labelled examples: JSON lines with "text" and "intent", or .csv files with the
    /// columns text,intent
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    examples: Vec<PathBuf>,
    /// Sentence encoder that finds near-identical texts: a name under models.dir or a folder
    /// [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
}

pub(super) fn run(arguments: IntentsCheckArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    crate::app::use_threads(settings.engine_threads)?;
    let examples = examples::read_all(&arguments.examples)?;
    let embedder = open_encoder(&settings, arguments.encoder.as_deref())?;
    let bar = context.bar(examples.len() as u64, "embedding");
    let found = inspection::inspect(&examples, &embedder, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    if context.json {
        context.print_json(&as_json(&found))?;
    } else {
        print(&found, context)?;
    }
    let contradictions = found.of(Finding::is_contradiction).count();
    if contradictions > 0 {
        bail!("{contradictions} texts have several intents; keep one for each");
    }
    Ok(())
}

fn as_json(found: &Inspection) -> Value {
    json!({
        "examples": found.examples,
        "intents": found.counts.iter().map(|(intent, examples)| {
            json!({"intent": intent, "examples": examples})
        }).collect::<Vec<_>>(),
        "findings": found.findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &Finding) -> Value {
    match finding {
        Finding::Contradiction { text, intents } => {
            json!({"kind": "contradiction", "text": text, "intents": intents})
        }
        Finding::Duplicate { text, intent, times } => {
            json!({"kind": "duplicate", "text": text, "intent": intent, "times": times})
        }
        Finding::Near { texts, intents, similarity } => json!({
            "kind": "near", "texts": texts, "intents": intents,
            "similarity": rounded(f64::from(*similarity)),
        }),
        Finding::FewExamples { intent, examples } => {
            json!({"kind": "few_examples", "intent": intent, "examples": examples})
        }
        Finding::Wordless { text, intent } => {
            json!({"kind": "wordless", "text": text, "intent": intent})
        }
    }
}

/// Selects one kind of finding.
type IsKind = fn(&Finding) -> bool;

/// Prints the findings grouped by kind, the most serious first.
fn print(found: &Inspection, context: &Context) -> anyhow::Result<()> {
    let labels = found.counts.len();
    context.print(format_args!("{} examples of {labels} intents", found.examples))?;
    let kinds: [(&str, IsKind); 5] = [
        ("contradictions (one text, several intents)", Finding::is_contradiction),
        ("duplicates (the same text repeated)", |one| matches!(one, Finding::Duplicate { .. })),
        ("near-identical texts with different intents", |one| matches!(one, Finding::Near { .. })),
        ("intents with few examples", |one| matches!(one, Finding::FewExamples { .. })),
        ("texts without words", |one| matches!(one, Finding::Wordless { .. })),
    ];
    let mut clean = true;
    for (heading, is_kind) in kinds {
        let count = found.of(is_kind).count();
        if count == 0 {
            continue;
        }
        clean = false;
        context.print(format_args!("\n{count} {heading}:"))?;
        for finding in found.of(is_kind).take(FINDINGS_SHOWN) {
            context.print(format_args!("  {finding}"))?;
        }
        if count > FINDINGS_SHOWN {
            context.print(format_args!("  … {} more, see --json", count - FINDINGS_SHOWN))?;
        }
    }
    if clean {
        context.print("no problems found")?;
    }
    Ok(())
}
