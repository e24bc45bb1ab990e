//! The command line: one file a command; this one parses, reads the configuration and dispatches.
//!
//! Exit codes: 0 done, 1 the work failed, 2 the arguments or the configuration are wrong. With
//! `--json` stdout holds one JSON document and nothing else; logs and progress go to stderr.

mod bench;
mod bench_constraints;
mod bench_drafts;
mod bench_http;
mod bench_mixed;
mod chat;
mod context;
mod doctor;
mod embed;
mod generate;
mod intents;
mod models;
mod respond;
mod serve;
mod svg;
mod tokenize;

pub(crate) use context::Context;

use crate::config::ConfigError;
use clap::Parser;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;

/// Understands a customer's message, drafts the reply and suggests what else to buy, on your own
/// machine.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Configuration file [default: vitrine.toml if present]
    #[arg(long, global = true, value_name = "FILE", env = "VITRINE_CONFIG")]
    config: Option<PathBuf>,
    /// Print one JSON document on stdout and nothing else
    #[arg(long, global = true)]
    json: bool,
    /// No progress bars and no log below errors
    #[arg(long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  vitrine respond --catalog examples/shop \"I'm looking for running shoes for a marathon\"
  vitrine chat --catalog examples/shop
  vitrine serve --config examples/shop/vitrine.toml
  vitrine generate --model models/drafter --raw --prompt \"action: close.thanks\"";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM or Ctrl-C
    Serve(serve::Arguments),
    /// Answer one turn without a server
    Respond(respond::Arguments),
    /// Talk to the gateway in the terminal; options are chosen by number
    Chat(chat::Arguments),
    /// Generate text with a model
    Generate(generate::Arguments),
    /// Show the tokens of a text
    Tokenize(tokenize::Arguments),
    /// Download, list, verify and remove models
    #[command(subcommand)]
    Models(models::Command),
    /// Train and evaluate intent heads
    #[command(subcommand)]
    Intents(intents::Command),
    /// Embed a file of texts
    Embed(embed::Arguments),
    /// Measure
    #[command(subcommand)]
    Bench(bench::Command),
    /// Show what this machine offers and whether the configuration would start
    Doctor,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::from(error.use_stderr()) * 2;
            // Help and version go to stdout, mistakes to stderr; a closed pipe is no failure.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let context = Context::new(cli.config, cli.json, cli.quiet);
    match dispatch(cli.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vitrine: {error:#}");
            let usage = error.chain().any(|cause| cause.is::<ConfigError>() || cause.is::<Usage>());
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

/// The arguments make no sense; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

fn dispatch(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => serve::run(arguments, context),
        Command::Respond(arguments) => respond::run(arguments, context),
        Command::Chat(arguments) => chat::run(arguments, context),
        Command::Generate(arguments) => generate::run(arguments, context),
        Command::Tokenize(arguments) => tokenize::run(arguments, context),
        Command::Models(command) => models::run(command, context),
        Command::Intents(command) => intents::run(command, context),
        Command::Embed(arguments) => embed::run(arguments, context),
        Command::Bench(command) => bench::run(command, context),
        Command::Doctor => doctor::run(context),
    }
}
