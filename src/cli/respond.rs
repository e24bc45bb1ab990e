//! `vitrine respond`: one turn without a server.

use crate::app;
use crate::cli::Context;
use crate::config::Override;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondRequest;
use std::path::PathBuf;

/// Answer one turn and print it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the customer wrote
    text: String,
    /// The conversation; without it a new one is opened
    #[arg(long, value_name = "ID")]
    thread: Option<String>,
    /// whatsapp, instagram, rcs, apple, sms or webchat
    #[arg(long, default_value = "webchat")]
    channel: String,
    /// Locale such as fr-FR
    #[arg(long)]
    locale: Option<String>,
    /// A shop's folder; its vitrine.toml is used when no --config is given
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// The text is the id of a tapped option
    #[arg(long)]
    tap: bool,
}

pub(super) fn run(arguments: Arguments, context: &Context) -> anyhow::Result<()> {
    let settings =
        context.settings_of_shop(arguments.catalog.as_deref(), &flags(&arguments.catalog))?;
    context.start_log(&settings);
    let spinner = context.spinner("loading models");
    let gateway = app::Gateway::open(&settings)?;
    spinner.finish_and_clear();
    let (text, option_id) = match arguments.tap {
        true => (None, Some(arguments.text)),
        false => (Some(arguments.text), None),
    };
    let request = RespondRequest {
        thread_id: arguments.thread,
        customer_id: None,
        channel: arguments.channel,
        message: MessageBody { id: None, text, sent_at: None, option_id },
        locale: arguments.locale,
        customer: None,
        cart: None,
        deadline_ms: None,
        sender: None,
        debounce: false,
        stream: false,
    };
    let answer = gateway.respond(request)?;
    if context.json {
        return context.print_json(&answer);
    }
    context.print(serde_json::to_string_pretty(&answer)?)
}

/// A folder without a configuration still serves as catalogue.
pub(super) fn flags(catalog: &Option<PathBuf>) -> Vec<Override> {
    let Some(folder) = catalog else { return Vec::new() };
    if folder.join(crate::config::DEFAULT_FILE).is_file() {
        return Vec::new();
    }
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
    let file = |name: &str| absolute.join(name);
    [
        ("catalog.path", "catalog.ndjson"),
        ("catalog.facets", "facets.toml"),
        ("offers.baskets", "baskets.csv"),
        ("shop.policies", "policies.toml"),
    ]
    .into_iter()
    .filter(|(_, name)| file(name).is_file())
    .map(|(key, name)| Override { key, value: file(name).display().to_string() })
    .collect()
}
