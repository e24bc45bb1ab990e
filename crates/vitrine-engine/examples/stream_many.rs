//! Runs many sequences at once and streams them side by side.
//!
//! ```sh
//! cargo run --release -p vitrine-engine --example stream_many -- [MODEL] [PROMPT…]
//! ```
//!
//! MODEL is a GGUF file or a folder of safetensors; by default the small drafter of this
//! repository. Without prompts, the drafter words eight replies. Each line of output starts with
//! the number of its sequence; the numbers alternate because all sequences advance together.

#![expect(clippy::print_stdout, reason = "the example prints its result")]

use anyhow::Context;
use tokio::task::JoinSet;
use vitrine_engine::EngineOptions;
use vitrine_engine::Generation;
use vitrine_engine::GenerationEvent;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::text::Special;

/// The repository's drafter: 6.7 million parameters, English and French.
const DRAFTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/drafter/drafter.gguf");

/// Text is printed in pieces of at least this many bytes.
const PIECE_BYTES_MIN: usize = 24;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| DRAFTER.to_owned());
    let mut prompts: Vec<String> = arguments.collect();
    if prompts.is_empty() {
        prompts = briefs();
    }

    // Up to `sequences_max` sequences share each step; further ones wait in the queue. The queue is
    // bounded too: a full one makes `submit` return `EngineError::Full` instead of waiting.
    let options = EngineOptions { sequences_max: 32, ..EngineOptions::default() };
    let model =
        GenerationModel::open(&path, options).with_context(|| format!("cannot open {path}"))?;

    // All requests go to the same engine. Models and handles are cheap to clone, so a server would
    // submit from each of its tasks.
    let mut streams = JoinSet::new();
    for (number, prompt) in prompts.into_iter().enumerate() {
        let prompt_token_ids = model.tokenizer().encode(&prompt, Special::Add)?;
        let generation = model.engine().submit(GenerationRequest::new(prompt_token_ids, 96))?;
        streams.spawn(print_stream(number, generation));
    }
    while let Some(ended) = streams.join_next().await {
        ended??;
    }

    // Without batching, every token would take a step of its own.
    let stats = model.engine().stats();
    println!("{} tokens in {} steps, {:?}", stats.output_tokens, stats.steps, stats.step_time);
    Ok(())
}

/// Prints one generation as it is decoded.
async fn print_stream(number: usize, mut generation: Generation) -> anyhow::Result<()> {
    let mut piece = String::new();
    while let Some(event) = generation.next().await {
        match event? {
            GenerationEvent::Token { text, .. } => piece.push_str(&text),
            GenerationEvent::Done { reason, usage, .. } => {
                println!("{number:>2} | {piece:?}");
                println!("{number:>2} | {reason:?} after {} tokens", usage.output_tokens);
            }
        }
        if piece.len() >= PIECE_BYTES_MIN {
            println!("{number:>2} | {piece:?}");
            piece.clear();
        }
    }
    Ok(())
}

/// Briefs for the drafter: one `key: value` a line, the last line opens the reply.
fn briefs() -> Vec<String> {
    let products = ["Vélance Isolde", "Vélance Lorande", "Ravigo Marathane", "Foulée Kilane"];
    let languages = ["en webchat warm you long plain", "fr webchat warm vous long plain"];
    let brief = |product: &str, style: &str| {
        format!(
            "action: recommend.product\nstyle: {style}\nproduct: {product}\nprice: €149.00\nreply:"
        )
    };
    languages
        .iter()
        .flat_map(|style| products.iter().map(move |product| brief(product, style)))
        .collect()
}
