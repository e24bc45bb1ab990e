//! Prints the commands of messages, one a line on standard input.
//!
//! `read --shop examples/shop [--language fr] [--shown SKU,SKU] [--pending size|facet:KEY|buy|…] [--answered INTENT] [--order ID]
//! [--brief]`;
//! the first product shown is in focus.

#[path = "../tests/brief/mod.rs"]
mod brief;

use std::io::BufRead;
use std::io::Write;
use std::path::Path;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::reader::Evidence;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::read;
use vitrine_dialogue::shop::Catalog;
use vitrine_dialogue::shop::Language;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Focus;
use vitrine_dialogue::state::Pending;

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

fn pending(text: &str, sku: &str) -> Option<Pending> {
    let sku = sku.to_owned();
    Some(match text.split_once(':').unwrap_or((text, "")) {
        ("size", _) => Pending::Option { facet: "size".to_owned(), sku },
        ("facet", key) => Pending::Facet { facet: key.to_owned() },
        ("buy", _) => Pending::Buy { sku },
        ("pick", _) => Pending::Pick,
        ("order", _) => Pending::OrderId,
        ("need", _) => Pending::Need,
        ("anything", _) => Pending::Anything,
        _ => return None,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shop = argument("--shop").unwrap_or_else(|| "examples/shop".to_owned());
    let shop = Path::new(&shop);
    let catalog = Catalog::open(shop, &vitrine_catalog::CatalogLimits::GATEWAY)?;
    let mut locales = Locales::shipped(Language::EN)?;
    if let Some(folder) = std::env::var_os("LOCALES") {
        locales = locales.with_folder(Path::new(&folder))?;
    }
    let policies = std::fs::read_to_string(shop.join("policies.toml"))?;
    let policies = Policies::parse(&policies, &locales)?;
    let language = argument("--language").and_then(|code| Language::from_locale(&code));
    let mut state = DialogueState::default();
    if let Some(shown) = argument("--shown") {
        state.last_shown = shown.split(',').map(str::to_owned).collect();
        state.shown = state.last_shown.clone();
        let sku = state.last_shown.first().cloned().unwrap_or_default();
        state.focus = Some(Focus { sku, options: Default::default(), pieces: Vec::new() });
    }
    let focus = state.focus.as_ref().map(|focus| focus.sku.clone()).unwrap_or_default();
    state.pending = argument("--pending").and_then(|text| pending(&text, &focus));
    state.answered = argument("--answered");
    state.order = argument("--order");
    let evidence = Evidence::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let text = line?;
        let input = ReaderInput {
            text: &text,
            tapped: None,
            language: language.unwrap_or(Language::EN),
            state: &state,
            catalog: &catalog,
            policies: &policies,
            locales: &locales,
            evidence: &evidence,
            today: jiff::civil::date(2026, 12, 1),
        };
        let reading = read(&input);
        if std::env::args().any(|argument| argument == "--brief") {
            let all: Vec<String> =
                reading.commands.iter().map(|said| brief::brief(&said.command)).collect();
            writeln!(out, "{text} => {}", all.join(", "))?;
            continue;
        }
        writeln!(out, "{text}")?;
        for said in reading.commands {
            writeln!(out, "    {:?}  « {} »", said.command, said.source)?;
        }
        if reading.angry || reading.sarcastic {
            writeln!(out, "    angry {} sarcastic {}", reading.angry, reading.sarcastic)?;
        }
        writeln!(out, "    words {:?}", reading.words)?;
    }
    Ok(())
}
