//! Constrains an answer to a JSON schema.
//!
//! ```sh
//! cargo run --release -p vitrine-engine --example json_schema -- [MODEL] [PROMPT]
//! ```
//!
//! MODEL is a GGUF file or a folder of safetensors; by default the small drafter of this
//! repository. The schema decides the form of the answer, whatever the model; how sensible the
//! values are depends on the model, and the drafter has never seen JSON.

#![expect(clippy::print_stdout, reason = "the example prints its result")]

use anyhow::Context;
use serde_json::Value;
use serde_json::json;
use vitrine_engine::EngineOptions;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Grammar;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::Special;

/// The repository's drafter: 6.7 million parameters, English and French.
const DRAFTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/drafter/drafter.gguf");

const PROMPT: &str =
    "Describe a pair of running shoes as JSON: category, price, sizes, waterproof.";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| DRAFTER.to_owned());
    let prompt = arguments.next().unwrap_or_else(|| PROMPT.to_owned());
    let model = GenerationModel::open(&path, EngineOptions::default())
        .with_context(|| format!("cannot open {path}"))?;
    let prompt_token_ids = if model.has_chat_template() {
        model.encode_chat(&[ChatMessage::new("user", prompt)])?
    } else {
        model.tokenizer().encode(&prompt, Special::Add)?
    };

    // Compiled once for the model's vocabulary and cached: the next request with the same schema
    // reuses it. `Grammar` also takes regular expressions and Lark grammars. In async code,
    // `constrain` compiles on a thread that may block.
    let grammar = Grammar::JsonSchema(schema());
    let constraint = model.constrain_blocking(&grammar).context("the schema is refused")?;

    // In every step, tokens that would leave the schema are masked out before one is chosen.
    let mut request = GenerationRequest::new(prompt_token_ids, 200);
    request.constraint = Some(constraint);
    let completion = model.engine().submit(request)?.collect_blocking()?;

    // The output limit can cut an answer short; only a complete one is certain to be valid JSON.
    anyhow::ensure!(!completion.ran_out(), "the answer did not end within 200 tokens");
    let answer: Value = serde_json::from_str(&completion.text)?;
    println!("{answer}");
    println!("category {}, price {}", answer["category"], answer["price"]);
    Ok(())
}

/// Bounds on lengths and numbers keep even a weak model from running on.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "category": {"enum": ["running shoes", "trail shoes", "hiking boots"]},
            "price": {"type": "string", "pattern": "^[1-9][0-9]{1,2}\\.[0-9]{2} EUR$"},
            "sizes": {
                "type": "array", "minItems": 1, "maxItems": 3,
                "items": {"type": "integer", "minimum": 36, "maximum": 48},
            },
            "waterproof": {"type": "boolean"},
        },
        "required": ["category", "price", "sizes", "waterproof"],
        "additionalProperties": false,
    })
}
