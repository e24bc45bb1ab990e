//! `vitrine respond`: answers one customer message without a server.

use crate::app;
use crate::cli::Context;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondRequest;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct RespondArguments {
    /// Customer's message; with --tap, the id of an option
    text: String,
    /// Id of a conversation to continue [default: a new conversation]
    #[arg(long, value_name = "ID")]
    thread: Option<String>,
    /// Channel: whatsapp, instagram, rcs, apple, sms or webchat
    #[arg(long, default_value = "webchat")]
    channel: String,
    /// Customer's locale, such as fr-FR; decides the reply's language if the message does not
    #[arg(long)]
    locale: Option<String>,
    /// Shop folder or file of products: the folder's vitrine.toml is used unless --config is given;
    /// otherwise its catalog.ndjson or catalog.csv, facets.toml, baskets.csv and policies.toml are
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
    /// Treat the text as the id of a tapped option, such as feel=comfort
    #[arg(long)]
    tap: bool,
}

pub(super) fn run(arguments: RespondArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings_of_shop(arguments.catalog.as_deref())?;
    context.start_log(&settings);
    let spinner = context.spinner("loading models");
    let gateway = app::LocalGateway::open(&settings)?;
    spinner.finish_and_clear();
    let (text, option_id) = match arguments.tap {
        true => (None, Some(arguments.text)),
        false => (Some(arguments.text), None),
    };
    let request = RespondRequest {
        thread_id: arguments.thread,
        customer_id: None,
        channel: arguments.channel,
        message: MessageBody { text, option_id, ..MessageBody::default() },
        locale: arguments.locale,
        customer: None,
        cart: None,
        deadline_ms: None,
        sender: None,
        debounce: None,
        stream: None,
    };
    let answer = gateway.respond(request)?;
    if context.json {
        return context.print_json(&answer);
    }
    context.print(serde_json::to_string_pretty(&answer)?)
}
