//! `vitrine generate`: generates text with a model, without the gateway.

use crate::app;
use crate::cli::Context;
use crate::cli::UsageError;
use serde_json::json;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::SystemClock;
use vitrine_base::clock::milliseconds;
use vitrine_base::text_file;
use vitrine_engine::CacheScope;
use vitrine_engine::Constraint;
use vitrine_engine::EndOfText;
use vitrine_engine::FinishReason;
use vitrine_engine::GenerationEvent;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Grammar;
use vitrine_engine::Priority;
use vitrine_engine::Sampling;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::Special;

/// Largest file of a schema or grammar, in bytes.
const GRAMMAR_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct GenerateArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// Prompt: a user message for the model's chat template, or with --raw the text to continue
    #[arg(long)]
    prompt: String,
    /// Continue the prompt verbatim, without the chat template; models without a template always do
    #[arg(long)]
    raw: bool,
    /// Most tokens to generate
    #[arg(long, default_value_t = 128, value_name = "N")]
    max_tokens: usize,
    /// Sampling temperature: 0 always takes the likeliest token and ignores --top-k, --top-p,
    /// --min-p and --seed; 1 samples from the model's own distribution
    #[arg(long, default_value_t = 0.0, value_name = "F")]
    temperature: f32,
    /// Sample only from this many of the likeliest tokens; 0 keeps all
    #[arg(long, default_value_t = 0, value_name = "N")]
    top_k: usize,
    /// Sample only from the likeliest tokens that together reach this probability, above 0 and at
    /// most 1; 1 keeps all
    #[arg(long, default_value_t = 1.0, value_name = "F")]
    top_p: f32,
    /// Drop tokens less likely than this fraction of the likeliest token's probability, 0 to 1; 0
    /// drops none
    #[arg(long, default_value_t = 0.0, value_name = "F")]
    min_p: f32,
    /// Sampling seed; the same seed, prompt and model give the same text
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Constrain the output to JSON that satisfies the JSON Schema in this file
    #[arg(long, value_name = "FILE", group = "constraint")]
    json_schema: Option<PathBuf>,
    /// Constrain the whole output to match this regular expression, such as "yes|no"
    #[arg(long, value_name = "REGEX", group = "constraint")]
    regex: Option<String>,
    /// Constrain the output to the Lark grammar in this file
    #[arg(long, value_name = "FILE", group = "constraint")]
    lark: Option<PathBuf>,
    /// Stop before this text, which is not printed; may be repeated, at most 16 texts of 256 bytes
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
}

pub(super) fn run(arguments: GenerateArguments, context: &Context) -> anyhow::Result<()> {
    let grammar = grammar(&arguments)?;
    let settings = context.settings(&[])?;
    context.start_log(&settings);
    app::use_threads(settings.engine_threads)?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let spinner = context.spinner("loading model");
    let options = settings.engine;
    let model = vitrine_engine::open(&path, &arguments.model, options, Arc::new(SystemClock))?;
    spinner.finish_and_clear();
    let prompt_token_ids = if arguments.raw || !model.has_chat_template() {
        model.tokenizer().encode(&arguments.prompt, Special::Add)?
    } else {
        model.encode_chat(&[ChatMessage::new("user", arguments.prompt.clone())])?
    };
    let constraint = compile(&model, grammar.as_ref())?;
    let mut generation = model.engine().submit(GenerationRequest {
        output_tokens_max: model
            .engine()
            .output_limit(prompt_token_ids.len(), Some(arguments.max_tokens)),
        prompt_token_ids: prompt_token_ids.clone(),
        sampling: Sampling {
            temperature: arguments.temperature,
            top_k: arguments.top_k,
            top_p: arguments.top_p,
            min_p: arguments.min_p,
            seed: arguments.seed,
        },
        stop: arguments.stop,
        deadline: None,
        end_of_text: EndOfText::Stop,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
        constraint,
    })?;
    let (mut text, mut token_ids) = (String::new(), Vec::new());
    while let Some(event) = generation.next_blocking() {
        match event? {
            GenerationEvent::Token { id, text: part } => {
                token_ids.push(id);
                text.push_str(&part);
                if !context.json {
                    context.write(&part)?;
                }
            }
            GenerationEvent::Done { reason, timings, .. } => {
                if !context.json {
                    return context.print("");
                }
                return context.print_json(&json!({
                    "text": text,
                    "token_ids": token_ids,
                    "prompt_token_ids": prompt_token_ids,
                    "finish_reason": finish_name(reason),
                    "timings_ms": {
                        "queue": milliseconds(timings.queue),
                        "prefill": milliseconds(timings.prefill),
                        "decode": milliseconds(timings.decode),
                    },
                }));
            }
        }
    }
    anyhow::bail!("the engine closed the stream without a finish reason; this is a bug")
}

/// Reads the grammar that the output must match; `None` leaves it unconstrained.
fn grammar(arguments: &GenerateArguments) -> Result<Option<Grammar>, UsageError> {
    let read = |path: &Path| {
        text_file::read(path, GRAMMAR_BYTES_MAX)
            .map_err(|cause| UsageError(format!("{:#}", anyhow::Error::from(cause))))
    };
    if let Some(path) = &arguments.json_schema {
        let schema = serde_json::from_str(&read(path)?).map_err(|cause| {
            UsageError(format!("{} is not valid JSON: {cause}", path.display()))
        })?;
        return Ok(Some(Grammar::JsonSchema(schema)));
    }
    if let Some(path) = &arguments.lark {
        return Ok(Some(Grammar::Lark(read(path)?)));
    }
    Ok(arguments.regex.clone().map(Grammar::Regex))
}

fn compile(
    model: &GenerationModel,
    grammar: Option<&Grammar>,
) -> Result<Option<Constraint>, UsageError> {
    let compiled = grammar.map(|grammar| model.constrain_blocking(grammar)).transpose();
    compiled.map_err(|error| UsageError(error.to_string()))
}

fn finish_name(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::Deadline => "deadline",
        FinishReason::Cancelled => "cancelled",
    }
}
