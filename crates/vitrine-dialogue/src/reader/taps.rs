//! Options that were tapped, and options named by their title or number.

use super::draft::Draft;
use super::input::ReaderInput;
use super::spelling::same_words;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::command::SizeSystem;
use crate::shop::Lookups;
use crate::state::Pending;

/// The command of an option, such as `take=RUN-001`.
pub(crate) fn command(input: &ReaderInput<'_>, id: &str) -> Option<Command> {
    let (key, value) = id.split_once('=')?;
    let value = value.to_owned();
    let product = |sku: String| input.catalog.product(&sku).map(|_| Reference::Product(sku));
    match key {
        "take" | "confirm" => {
            product(value).map(|reference| Command::Choose { reference, buys: true })
        }
        "other" => Some(Command::Another),
        "show" => product(value).map(|reference| Command::Show { reference }),
        "intent" => Some(of_intent(input, &value)),
        "category" => Some(Command::Seek { category: value, polarity: Polarity::Must }),
        "size" => Some(size(key, value)),
        key => {
            let facet = input.catalog.facet(key);
            if facet.is_none() && super::spelling::find_option(input.catalog, &value).is_some() {
                return Some(size(key, value));
            }
            let any = value.is_empty() || value == "any";
            if any {
                return Some(Command::NoPreference { facet: Some(key.to_owned()) });
            }
            facet?;
            let facet = key.to_owned();
            Some(Command::Constrain { facet, value, polarity: Polarity::Must })
        }
    }
}

fn size(option: &str, value: String) -> Command {
    Command::Size {
        option: option.to_owned(),
        values: vec![value],
        system: SizeSystem::Shop,
        polarity: Polarity::Must,
    }
}

/// The command of an intent label.
pub(crate) fn of_intent(input: &ReaderInput<'_>, label: &str) -> Command {
    let focus = input.state.focus.is_some() || !input.state.last_shown.is_empty();
    let about = || focus.then_some(Reference::Focus);
    let ask = |question: Question| Command::Ask { question, about: about() };
    let free = |question: Question| Command::Ask { question, about: None };
    let complain = |about| Command::Complain { about, angry: false };
    match label {
        "greet" => Command::Greet,
        "thanks_bye" | "praise" => Command::Thank,
        "product_search" => Command::Browse,
        "add_to_cart" => Command::Choose { reference: Reference::Focus, buys: true },
        "checkout" => Command::Checkout,
        "compare_products" => Command::Compare { references: vec![Reference::Both] },
        "confirm" => Command::Confirm,
        "reject" => Command::Deny,
        "human_agent" => Command::Human,
        "stop_messages" => Command::Stop,
        "price_question" => ask(Question::Price),
        "product_question" => ask(Question::Details),
        "stock_question" => ask(Question::Stock),
        "restock_alert" => ask(Question::Restock),
        "order_status" => Command::Order { id: None },
        "delivery_problem" => complain(crate::command::Complaint::Delivery),
        "damaged_item" => complain(crate::command::Complaint::Damaged),
        "payment_problem" => complain(crate::command::Complaint::Payment),
        "complaint" => complain(crate::command::Complaint::Service),
        "view_cart" => free(Question::Cart),
        "reorder" => free(Question::Reorder),
        "bot_question" => free(Question::Bot),
        "remove_from_cart" => Command::Remove { reference: Reference::Focus },
        "oos" => Command::OutOfScope,
        label => free(Question::Topic { intent: label.to_owned(), topics: Vec::new() }),
    }
}

/// The option that the message names by its title, or by its number if products do not have that
/// place.
pub(crate) fn named(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let state = scene.input.state;
    let said: Vec<usize> = (0..scene.tokens.len())
        .filter(|at| {
            let text = &scene.tokens[*at].text;
            text.chars().any(char::is_alphanumeric) && !scene.cues.is_skipped(text)
        })
        .collect();
    let (Some(first), Some(last)) = (said.first(), said.last()) else { return false };
    let place = *first..last + 1;
    let bare = scene.text_of(&place);
    let titled = state.options.iter().filter(|(_, title)| {
        !title.is_empty() && (same_words(title, scene.input.text) || same_words(title, &bare))
    });
    let mut titled: Vec<&(String, String)> = titled.collect();
    titled.dedup_by_key(|(id, _)| id.clone());
    let numbered = || {
        let [figure] = &scene.figures[..] else { return None };
        let only = figure.tokens.len() >= said.len() && figure.tokens.contains(first);
        let sized = matches!(state.pending, Some(Pending::Option { .. }))
            && scene.is_size(figure.values[0]);
        let cued = figure.role == super::figure::Role::Place;
        let sole = figure.digits && figure.role != super::figure::Role::Other;
        let at = usize::try_from(figure.count()?).ok()?.checked_sub(1)?;
        // Where products were shown in the same order, the number is a place among them.
        let choices = state.options.iter().all(|(id, _)| !id.starts_with("take="));
        (only && (cued || sole) && !sized && choices).then(|| state.options.get(at)).flatten()
    };
    let option = match titled[..] {
        [one] => Some(one),
        _ => numbered(),
    };
    let Some(command) = option.and_then(|(id, _)| command(scene.input, id)) else { return false };
    draft.add(place, command);
    true
}
