//! `vitrine serve`: runs the gateway.

use crate::app;
use crate::cli::Context;
use crate::config::Override;
use vitrine_base::log_queue;

#[derive(Debug, clap::Args)]
pub(super) struct ServeArguments {
    /// Address and port to listen on; other than loopback needs server.api_keys_file [default:
    /// server.bind, by default 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    bind: Option<String>,
}

pub(super) fn run(arguments: ServeArguments, context: &Context) -> anyhow::Result<()> {
    let flags: Vec<Override> =
        arguments.bind.map(|value| Override { key: "server.bind", value }).into_iter().collect();
    let settings = context.settings(&flags)?;
    log_queue::start();
    context.start_log(&settings);
    app::serve(&settings)
}
