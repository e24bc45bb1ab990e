//! `vitrine chat`: a conversation in the terminal; options are picked by number.

use crate::app;
use crate::cli::Context;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondRequest;
use serde_json::Value;
use std::io::BufRead;
use std::io::IsTerminal;
use std::path::PathBuf;
use vitrine_base::language::Language;
use vitrine_base::log_queue;
use vitrine_base::money::Money;
use vitrine_dialogue::locale::Locales;

#[derive(Debug, clap::Args)]
pub(super) struct ChatArguments {
    /// Channel: whatsapp, instagram, rcs, apple, sms or webchat; /channel NAME changes it later
    #[arg(long, default_value = "webchat")]
    channel: String,
    /// Id of a conversation to continue [default: a new conversation]
    #[arg(long, value_name = "ID")]
    thread: Option<String>,
    /// Customer's locale, such as fr-FR; decides the reply's language if the messages do not
    #[arg(long)]
    locale: Option<String>,
    /// Shop folder or file of products: the folder's vitrine.toml is used unless --config is given;
    /// otherwise its catalog.ndjson or catalog.csv, facets.toml, baskets.csv and policies.toml are
    #[arg(long, value_name = "DIR")]
    catalog: Option<PathBuf>,
}

/// State of a chat session.
struct ChatSession {
    thread: Option<String>,
    channel: String,
    locale: Option<String>,
    /// Ids and titles of the options shown last.
    options: Vec<(String, String)>,
}

pub(super) fn run(arguments: ChatArguments, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings_of_shop(arguments.catalog.as_deref())?;
    let spinner = context.spinner("loading models");
    let gateway = app::LocalGateway::open(&settings)?;
    spinner.finish_and_clear();
    let locales = app::locales(&settings)?;
    let mut session = ChatSession {
        thread: arguments.thread,
        channel: arguments.channel,
        locale: arguments.locale,
        options: Vec::new(),
    };
    let interactive = std::io::stdin().is_terminal();
    if interactive && !context.quiet {
        log_queue::say(
            "Type a message as a customer would; a number picks an option; Ctrl-D ends.",
        );
    }
    let mut lines = std::io::stdin().lock().lines();
    loop {
        if interactive {
            log_queue::write(b"you> ");
        }
        let Some(line) = lines.next() else { return Ok(()) };
        let line = line?;
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Some(channel) = line.strip_prefix("/channel ") {
            session.channel = channel.trim().to_owned();
            if !context.json {
                context.print(format_args!("-- channel: {}", session.channel))?;
            }
            continue;
        }
        let message = session.message(line);
        if !interactive && !context.json {
            context.print(format_args!("you> {}", session.shown(&message)))?;
        }
        match gateway.respond(session.request(message)) {
            Ok(answer) => show(&mut session, &answer, &locales, context)?,
            Err(error) => log_queue::say(format_args!("{error:#}")),
        }
    }
}

impl ChatSession {
    /// Reads the number of a shown option as a tap on it, and anything else as text.
    fn message(&self, line: &str) -> MessageBody {
        let chosen = line
            .parse::<usize>()
            .ok()
            .and_then(|number| self.options.get(number.checked_sub(1)?))
            .map(|(id, _)| id.clone());
        let text = chosen.is_none().then(|| line.to_owned());
        MessageBody { text, option_id: chosen, ..MessageBody::default() }
    }

    fn shown(&self, message: &MessageBody) -> String {
        match &message.option_id {
            Some(id) => {
                let title = self.options.iter().find(|(option, _)| option == id);
                format!("[{}]", title.map_or(id.as_str(), |(_, title)| title))
            }
            None => message.text.clone().unwrap_or_default(),
        }
    }

    fn request(&self, message: MessageBody) -> RespondRequest {
        RespondRequest {
            thread_id: self.thread.clone(),
            customer_id: None,
            channel: self.channel.clone(),
            message,
            locale: self.locale.clone(),
            customer: None,
            cart: None,
            deadline_ms: None,
            sender: None,
            debounce: None,
            stream: None,
        }
    }
}

fn show(
    session: &mut ChatSession,
    answer: &Value,
    locales: &Locales,
    context: &Context,
) -> anyhow::Result<()> {
    if context.json {
        context.print(answer)?;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    session.thread = Some(text(&answer["thread_id"]));
    session.options = answer["reply"]["options"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|option| (text(&option["id"]), text(&option["title"])))
        .collect();
    if context.json {
        return Ok(());
    }
    context.print(format_args!("bot> {}", text(&answer["reply"]["text"])))?;
    for (number, (_, title)) in (1..).zip(&session.options) {
        context.print(format_args!("     {number}. {title}"))?;
    }
    if let Some(name) = answer["suggestion"]["name"].as_str() {
        let price = &answer["suggestion"]["price"];
        let price = Money::parse(&text(&price["amount"]), &text(&price["currency"]))?;
        let language = Language::from_locale(&text(&answer["language"])).unwrap_or(Language::EN);
        let price = locales.get(language).templates.money(price);
        context.print(format_args!("     + {name}, {price}"))?;
    }
    Ok(())
}
