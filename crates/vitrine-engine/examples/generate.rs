//! Loads a model and generates text from a prompt, printed as it is decoded.
//!
//! ```sh
//! cargo run --release -p vitrine-engine --example generate -- [MODEL] [PROMPT]
//! ```
//!
//! MODEL is a GGUF file or a folder of safetensors; by default the small drafter of this
//! repository. PROMPT is a message for the model; the drafter expects a brief, like the default.

#![expect(clippy::print_stdout, reason = "the example prints its result")]

use anyhow::Context;
use std::io::Write;
use vitrine_engine::EngineOptions;
use vitrine_engine::GenerationEvent;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Sampling;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::Special;

/// The repository's drafter: 6.7 million parameters, English and French.
const DRAFTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/drafter/drafter.gguf");

/// The drafter turns a brief, one `key: value` a line, into the wording of a reply.
const BRIEF: &str = "action: recommend.product\n\
                     style: en webchat warm you long plain\n\
                     product: Vélance Isolde\n\
                     price: €149.00\n\
                     feature: soft sole\n\
                     reply:";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| DRAFTER.to_owned());
    let prompt = arguments.next().unwrap_or_else(|| BRIEF.to_owned());

    // Reads the weights, the tokenizer and the chat template, and starts the engine's thread.
    let model = GenerationModel::open(&path, EngineOptions::default())
        .with_context(|| format!("cannot open {path}"))?;
    // Optional: runs two small steps, so that the first request does not pay for page faults.
    model.warm_up()?;

    // The engine works on token ids. An instruct model brings a chat template, which adds the
    // special tokens around the message; other models continue the text as it is.
    let prompt_token_ids = if model.has_chat_template() {
        model.encode_chat(&[ChatMessage::new("user", prompt)])?
    } else {
        model.tokenizer().encode(&prompt, Special::Add)?
    };

    // Greedy decoding is the default. Sampling with a seed gives the same text every time.
    let mut request = GenerationRequest::new(prompt_token_ids, 128);
    request.sampling = Sampling { temperature: 0.7, top_p: 0.9, seed: 1, ..Sampling::GREEDY };

    // `submit` returns at once. Dropping the generation would cancel it.
    let mut generation = model.engine().submit(request)?;
    while let Some(event) = generation.next_blocking() {
        match event? {
            GenerationEvent::Token { text, .. } => {
                print!("{text}");
                std::io::stdout().flush()?;
            }
            GenerationEvent::Done { reason, usage, timings } => {
                println!("\n\n{reason:?} after {} tokens", usage.output_tokens);
                println!("prefill {:?}, decode {:?}", timings.prefill, timings.decode);
            }
        }
    }
    Ok(())
}
