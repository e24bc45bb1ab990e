//! The command-line interface: parses the arguments and dispatches to one module per command.
//!
//! Exit codes: 0 success, 1 the command failed, 2 invalid arguments or configuration. A command
//! whose output is cut off, as by `head`, succeeds. With `--json`
//! stdout holds one JSON document and nothing else (`chat`: one per turn); logs and progress go to
//! stderr.

mod bench;
mod bench_constraints;
mod bench_engine;
mod bench_gaps;
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
mod shop;
mod svg;
mod test;
mod tokenize;

pub(crate) use context::Context;
pub(crate) use context::UsageError;

use crate::cli::context::OutputClosed;
use crate::config::ConfigError;
use clap::Parser;
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use vitrine_base::log_queue;

/// Longest wait for the log at the end of the process: its reader may have stopped.
const LOG_FLUSH_MAX: Duration = Duration::from_secs(1);

/// Self-hosted gateway that understands a customer's message, drafts the reply and suggests what
/// else to buy.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    /// Configuration file, TOML [default: ./vitrine.toml if it exists, else built-in defaults]
    ///
    /// Relative paths in the file start at the file's folder. Environment variables override the
    /// file: VITRINE_SERVER__BIND sets server.bind. Options of a command override both.
    #[arg(long, global = true, value_name = "FILE", env = "VITRINE_CONFIG")]
    config: Option<PathBuf>,
    /// Print one JSON document on stdout (chat: one per turn); logs and progress go to stderr
    #[arg(long, global = true)]
    json: bool,
    /// Hide progress bars and log errors only
    #[arg(long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: CliCommand,
}

const EXAMPLES: &str = "Examples:
  vitrine respond --catalog examples/shop \"I'm looking for running shoes for a marathon\"
  vitrine chat --catalog examples/shop
  vitrine serve --config examples/shop/vitrine.toml
  vitrine generate --model models/drafter --raw --prompt \"action: close.thanks\"";

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the HTTP gateway until SIGTERM or Ctrl-C
    ///
    /// On shutdown, running requests get up to server.drain_ms (default 10000 ms) to finish.
    ///
    /// Example: vitrine serve --config examples/shop/vitrine.toml
    Serve(serve::ServeArguments),
    /// Answer one customer message without a server, and print the answer as JSON
    ///
    /// Loads the models and opens the conversation store, then answers as POST /respond would.
    ///
    /// Example: vitrine respond --catalog examples/shop "Do you have trail shoes in 43?"
    Respond(respond::RespondArguments),
    /// Chat with the gateway in the terminal
    ///
    /// Type messages as a customer would. A number picks one of the options shown, /channel NAME
    /// changes the channel, Ctrl-D ends. Messages can also be piped in, one per line.
    ///
    /// Example: vitrine chat --catalog examples/shop
    Chat(chat::ChatArguments),
    /// Generate text with a model
    ///
    /// Streams the text to stdout. With --json, prints it at the end together with token ids,
    /// finish reason and timings in milliseconds. Decoding is greedy unless --temperature is set.
    ///
    /// Example: vitrine generate --model drafter --raw --prompt "action: close.thanks"
    Generate(generate::GenerateArguments),
    /// Print the token ids and token texts of a text
    ///
    /// Example: vitrine tokenize --model drafter "where is my order"
    Tokenize(tokenize::TokenizeArguments),
    /// Download, list, verify and remove models
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Check labelled examples, train intent heads and evaluate them
    #[command(subcommand)]
    Intents(intents::IntentsCommand),
    /// Compute sentence embeddings for a file of texts
    ///
    /// Prints the number of texts, the dimensions and the texts per second.
    ///
    /// Example: vitrine embed --input texts.txt --output texts.f32
    Embed(embed::EmbedArguments),
    /// Make a shop's folder from a merchant's export files
    #[command(subcommand)]
    Shop(shop::ShopCommand),
    /// Play conversation tests and judge every answer
    ///
    /// Plays the customers of the files against the configuration, in this process and without
    /// storing anything, and prints the shares of turns, conversations and goals that passed, by
    /// tag and language. Exit code 1 if the share of turns passed or of goals won is below the
    /// floor.
    ///
    /// Example: vitrine test tests.jsonl --config shop/vitrine.toml --floor 0.9 --report tests.html
    Test(test::TestArguments),
    /// Measure speed, latency and draft quality
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Report this machine's resources and check that the gateway would start
    ///
    /// Prints cores, memory, instruction sets, devices, installed models and the memory that the
    /// configuration would take. Loads everything but does not listen. Exit code 0 if the gateway
    /// would start, 1 if not, 2 if the configuration is invalid.
    Doctor,
}

/// Parses the process arguments, runs the command and returns the exit code: 0, 1 or 2, as defined
/// in the module header.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::from(error.use_stderr()) * 2;
            // clap prints help and version to stdout, errors to stderr. A closed pipe is fine.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let context = Context::new(cli.config, cli.json, cli.quiet);
    let code = match dispatch(cli.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<OutputClosed>() => ExitCode::SUCCESS,
        Err(error) => {
            log_queue::say(format_args!("vitrine: {error:#}"));
            let usage =
                error.chain().any(|cause| cause.is::<ConfigError>() || cause.is::<UsageError>());
            ExitCode::from(if usage { 2 } else { 1 })
        }
    };
    log_queue::flush(LOG_FLUSH_MAX);
    code
}

fn dispatch(command: CliCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        CliCommand::Serve(arguments) => serve::run(arguments, context),
        CliCommand::Respond(arguments) => respond::run(arguments, context),
        CliCommand::Chat(arguments) => chat::run(arguments, context),
        CliCommand::Generate(arguments) => generate::run(arguments, context),
        CliCommand::Tokenize(arguments) => tokenize::run(arguments, context),
        CliCommand::Models(command) => models::run(command, context),
        CliCommand::Intents(command) => intents::run(command, context),
        CliCommand::Embed(arguments) => embed::run(arguments, context),
        CliCommand::Shop(command) => shop::run(command, context),
        CliCommand::Test(arguments) => test::run(arguments, context),
        CliCommand::Bench(command) => bench::run(command, context),
        CliCommand::Doctor => doctor::run(context),
    }
}
