//! `vitrine test`: plays conversation tests against the configuration, in this process.

use crate::app::LocalGateway;
use crate::cli::context::Context;
use crate::cli::context::UsageError;
use crate::config::Override;
use crate::config::Settings;
use anyhow::Context as _;
use clap::ValueEnum;
use std::path::PathBuf;
use vitrine_base::causes::chain;
use vitrine_judge::Comparison;
use vitrine_judge::Outcome;

/// The reader that is compared with the others.
const MODEL: &str = "model";

/// Runs of a comparison.
const COMPARED_RUNS: u64 = 3;

#[derive(Debug, clap::Args)]
pub(super) struct TestArguments {
    /// Files of conversation tests, one JSON object per line [default: tests.files]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What reads the messages: auto, fast or model. `model` plays the files with each reader, all
    /// replies worded by templates, and prints a comparison [default: understand.reader]
    #[arg(long, value_name = "READER")]
    reader: Option<String>,
    /// Model that drafts the replies and may read the messages: a name under models.dir, or a path
    /// [default: draft.model]
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Smallest share of turns, and of goals, that must pass, 0 to 1 [default: tests.floor if no
    /// FILE is given, else none]
    #[arg(long, value_name = "SHARE")]
    floor: Option<f64>,
    /// Write a page with the words exchanged, failed conversations first
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Play only the conversations with this tag, or the one with this id
    #[arg(long, value_name = "TAG|ID")]
    only: Option<String>,
    /// Conversations to print with the words exchanged
    #[arg(long, value_enum, default_value_t = Shown::Failed)]
    show: Shown,
}

/// Which conversations are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Failed,
    All,
    None,
}

pub(super) fn run(arguments: TestArguments, context: &Context) -> anyhow::Result<()> {
    if let Some(floor) = arguments.floor.filter(|floor| !(0.0..=1.0).contains(floor)) {
        let reason = format!("--floor is {floor}; allowed: a number, 0 to 1");
        return Err(UsageError(reason).into());
    }
    let settings = context.settings(&overrides(&arguments))?;
    context.start_log(&settings);
    let (files, floor) = match arguments.files.is_empty() {
        true => (&settings.tests.files, arguments.floor.or(Some(settings.tests.floor))),
        false => (&arguments.files, arguments.floor),
    };
    if files.is_empty() {
        let reason = "no FILE is given, and the configuration names no tests.files";
        return Err(UsageError(reason.to_owned()).into());
    }
    let spinner = context.spinner("loading models");
    let gateway = LocalGateway::open_in_memory(&settings)?;
    spinner.finish_and_clear();
    let mut suite = gateway.tests(files).map_err(|error| UsageError(chain(&error)))?;
    if let Some(only) = &arguments.only {
        suite.retain(only);
    }
    if suite.len() == 0 {
        let only = arguments.only.unwrap_or_default();
        return Err(UsageError(format!("no conversation has the tag or id `{only}`")).into());
    }
    let compares = arguments.reader.as_deref() == Some(MODEL);
    if compares && !gateway.has_reading_model() {
        let draft = &settings.models.draft;
        let reason = format!("--reader model: `{draft}` cannot read messages; --model names one");
        return Err(UsageError(reason).into());
    }
    let runs = if compares { COMPARED_RUNS } else { 1 };
    let bar = context.late_bar(suite.len() as u64 * runs, "playing");
    let comparison =
        compares.then(|| gateway.compare(&settings, &suite, &|| bar.advance())).transpose()?;
    let outcome = match &comparison {
        Some(comparison) => comparison.model.clone(),
        None => gateway.play(&suite, &|| bar.advance()),
    };
    bar.finish();
    if let Some(report) = &arguments.report {
        let page = vitrine_judge::page(&outcome, &title(files, &settings));
        std::fs::write(report, page)
            .with_context(|| format!("cannot write the report {}", report.display()))?;
    }
    print(&outcome, comparison.as_ref(), arguments.show, context)?;
    let share = outcome.share();
    match floor.filter(|floor| share < *floor) {
        Some(floor) => {
            anyhow::bail!("{share:.3} of the turns or goals passed; the floor is {floor}")
        }
        None => Ok(()),
    }
}

/// Keys that the arguments set, and what a test never does: hold offers back from some customers.
fn overrides(arguments: &TestArguments) -> Vec<Override> {
    let set = |key, value: &Option<String>| {
        value.as_ref().map(|value| Override { key, value: value.clone() })
    };
    let offers = Override { key: "offers.holdout_share", value: "0".to_owned() };
    [
        set("understand.reader", &arguments.reader),
        set("draft.model", &arguments.model),
        Some(offers),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The files, the reader and the model of a run.
fn title(files: &[PathBuf], settings: &Settings) -> String {
    let names = files.iter().filter_map(|file| file.file_name());
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    let reader = settings.reader.map_or("auto", |reader| reader.name());
    format!("{} (reader {reader}, model {})", names.join(", "), settings.models.draft)
}

fn print(
    outcome: &Outcome,
    comparison: Option<&Comparison>,
    shown: Shown,
    context: &Context,
) -> anyhow::Result<()> {
    if context.json {
        let mut document = vitrine_judge::document(outcome);
        if let Some(comparison) = comparison {
            document["comparison"] = comparison.json();
        }
        return context.print_json(&document);
    }
    for played in outcome.played() {
        if shown == Shown::All || (shown == Shown::Failed && !played.passed()) {
            context.print(vitrine_judge::exchanges(played))?;
        }
    }
    context.print(vitrine_judge::table(outcome).trim_end())?;
    match comparison {
        Some(comparison) => context.print(format_args!("\n{}", comparison.table().trim_end())),
        None => Ok(()),
    }
}
