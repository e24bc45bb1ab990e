//! `vitrine tokenize`: prints the tokens of a text.

use crate::app;
use crate::cli::Context;
use serde_json::json;
use vitrine_engine::text::Special;

#[derive(Debug, clap::Args)]
pub(super) struct TokenizeArguments {
    /// Model to load: a name under models.dir, a folder or a GGUF file
    #[arg(long, value_name = "PATH|NAME")]
    model: String,
    /// Text to tokenize
    text: String,
    /// Omit the special tokens added at the beginning and end of a text
    #[arg(long)]
    no_special: bool,
}

pub(super) fn run(arguments: TokenizeArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let path = app::generator_file(&settings, &arguments.model)?;
    let tokenizer = vitrine_engine::open_tokenizer(&path)?;
    let special = if arguments.no_special { Special::Skip } else { Special::Add };
    let token_ids = tokenizer.encode(&arguments.text, special)?;
    let pieces: Vec<String> = token_ids.iter().map(|id| tokenizer.piece(*id)).collect();
    if context.json {
        return context.print_json(&json!({ "token_ids": token_ids, "pieces": pieces }));
    }
    for (id, piece) in token_ids.iter().zip(&pieces) {
        context.print(format_args!("{id:>8}  {piece:?}"))?;
    }
    Ok(())
}
