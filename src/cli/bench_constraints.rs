//! `vitrine bench constraints`: the share of step time that constraint masks take, for a JSON
//! schema and for the facts of a brief.

use crate::app;
use crate::cli::Context;
use crate::turn::draft::Fact;
use crate::turn::draft::FactKey;
use crate::turn::grounding::Grounder;
use anyhow::Context as _;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_engine::CacheScope;
use vitrine_engine::Constraint;
use vitrine_engine::EndOfText;
use vitrine_engine::Generation;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Grammar;
use vitrine_engine::Priority;
use vitrine_engine::Sampling;
use vitrine_engine::text::Special;

/// Runs of each measurement; the run with the median mask share is reported.
const REPETITIONS: usize = 3;

/// Fact constraints built to average the time of one build.
const BUILDS: u32 = 200;

#[derive(Debug, clap::Args)]
pub(super) struct BenchConstraintsArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// Tokens to generate for each sequence
    #[arg(long, default_value_t = 48, value_name = "N")]
    output_tokens: usize,
    /// Batch sizes (concurrent sequences), separated by commas; each is measured on its own
    #[arg(long, default_value = "1,8,32", value_delimiter = ',', value_name = "N,N")]
    batch: Vec<usize>,
}

/// Engine times of one run of one batch.
#[derive(Debug, Clone, Copy)]
struct BatchRun {
    /// Total time of all steps.
    step: Duration,
    /// Processor time spent on constraint masks in those steps.
    mask: Duration,
    steps: u32,
}

impl BatchRun {
    fn share(&self) -> f64 {
        self.mask.as_secs_f64() / self.step.as_secs_f64()
    }
}

pub(super) fn run(arguments: BenchConstraintsArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    context.start_log(&settings);
    app::use_threads(settings.engine_threads)?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let options = app::batch_engine_options(&settings);
    let model = vitrine_engine::open(&path, &arguments.model, options, Arc::clone(&clock))?;
    let before = clock.instant();
    let schema = model.constrain_blocking(&Grammar::JsonSchema(schema()))?;
    let compile_first = clock.instant() - before;
    let grounder = Grounder::new(&model, None)?;
    let facts = facts();
    let before = clock.instant();
    for _ in 0..BUILDS {
        drop(grounder.constraint(&facts));
    }
    let build_facts = (clock.instant() - before) / BUILDS;
    let kinds =
        [("free", None), ("schema", Some(schema)), ("facts", Some(grounder.constraint(&facts)))];
    let prompt = model.tokenizer().encode(PROMPT, Special::Add)?;
    let mut rows = Vec::new();
    for batch in &arguments.batch {
        for (kind, constraint) in &kinds {
            let measure =
                || run_batch(&model, &prompt, *batch, constraint, arguments.output_tokens);
            measure()?;
            let mut runs =
                (0..REPETITIONS).map(|_| measure()).collect::<anyhow::Result<Vec<BatchRun>>>()?;
            runs.sort_by(|left, right| left.share().total_cmp(&right.share()));
            rows.push((*kind, *batch, runs[REPETITIONS / 2]));
        }
    }
    show(context, &arguments.model, (compile_first, build_facts), &rows)
}

/// Runs `batch` sequences of `output_tokens` tokens, each with its own seed, and returns the engine
/// times they took.
fn run_batch(
    model: &GenerationModel,
    prompt: &[u32],
    batch: usize,
    constraint: &Option<Constraint>,
    output_tokens: usize,
) -> anyhow::Result<BatchRun> {
    let before = model.engine().stats();
    let generations = (0..batch as u64)
        .map(|seed| {
            model.engine().submit(GenerationRequest {
                prompt_token_ids: prompt.to_vec(),
                output_tokens_max: output_tokens,
                sampling: Sampling { temperature: 0.8, top_p: 1.0, seed, ..Sampling::GREEDY },
                stop: Vec::new(),
                deadline: None,
                end_of_text: EndOfText::Ignore,
                constraint: constraint.clone(),
                cache: CacheScope::Nobody,
                priority: Priority::Live,
            })
        })
        .collect::<Result<Vec<Generation>, _>>()?;
    for generation in generations {
        generation.collect_blocking()?;
    }
    let after = model.engine().stats();
    Ok(BatchRun {
        step: after.step_time - before.step_time,
        mask: after.mask_time - before.mask_time,
        steps: u32::try_from(after.steps - before.steps).context("too many steps")?,
    })
}

/// A list of at least 100 objects with mixed value types: too long for a sequence to complete it.
fn schema() -> Value {
    json!({
        "type": "array", "minItems": 100,
        "items": {
            "type": "object",
            "properties": {
                "sku": {"type": "string", "pattern": "^[A-Z]{2,4}-[0-9]{2,5}$"},
                "name": {"type": "string", "maxLength": 60},
                "price": {"type": "number", "minimum": 0},
                "sizes": {"type": "array", "items": {"type": "integer"}, "maxItems": 9},
                "colour": {"enum": ["red", "green", "blue", "black", "white"]},
                "note": {"type": ["string", "null"]},
            },
            "required": ["sku", "name", "price", "sizes", "colour", "note"],
            "additionalProperties": false,
        },
    })
}

/// What the sequences continue; the text does not matter, its length is that of a short reply.
const PROMPT: &str =
    "I'd suggest Gel Horizon 3, running shoes, at €129.00. Which size would you like?";

fn facts() -> Vec<Fact> {
    let facts = [
        (FactKey::Product, "Gel Horizon 3"),
        (FactKey::Price, "€129.00"),
        (FactKey::Words, "running shoes with an 8 mm drop and a soft sole, 4 left"),
        (FactKey::Link, "https://shop.example/p/gel-horizon-3"),
    ];
    facts.map(|(key, value)| Fact { key, value: value.to_owned() }).into()
}

fn show(
    context: &Context,
    model: &str,
    (compile_first, build_facts): (Duration, Duration),
    rows: &[(&str, usize, BatchRun)],
) -> anyhow::Result<()> {
    let micros = |time: Duration, by: u32| (time / by.max(1)).as_secs_f64() * 1e6;
    if context.json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(kind, batch, run)| {
                json!({
                    "kind": kind,
                    "batch": batch,
                    "step_us": micros(run.step, run.steps),
                    "mask_us": micros(run.mask, run.steps),
                    "mask_share": run.share(),
                })
            })
            .collect();
        return context.print_json(&json!({
            "model": model,
            "schema_compile_first_us": micros(compile_first, 1),
            "facts_build_us": micros(build_facts, 1),
            "rows": rows,
        }));
    }
    context.print(format_args!(
        "first compilation (vocabulary and schema) {:.0} µs; facts constraint {:.1} µs",
        micros(compile_first, 1),
        micros(build_facts, 1)
    ))?;
    context.print("kind    batch  step µs  masks µs  share")?;
    for (kind, batch, run) in rows {
        context.print(format_args!(
            "{kind:<6}  {batch:>5}  {:>7.0}  {:>8.1}  {:>4.1} %",
            micros(run.step, run.steps),
            micros(run.mask, run.steps),
            run.share() * 100.0
        ))?;
    }
    Ok(())
}
