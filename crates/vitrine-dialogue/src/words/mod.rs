//! Words a plan in a language: whole-message templates, filled with the plan's facts.
//!
//! Invariants
//! - Every figure, name, size and link of a reply is one of the plan; `Worded::facts` says where.
//! - A reply asks at most one question.
//! - A variant used in the last replies is chosen only if no other one is left.
//!
//! `templates` are a language's variants, `keys` their names and placeholders, `writer` chooses and
//! fills them, `products`, `answers` and `service` word the statements, `repeats` finds a reply
//! that says the same words twice, which is then worded otherwise.

pub mod keys;
pub mod numbers;
pub mod templates;
pub mod titles;

mod answers;
mod piece;
mod products;
mod properties;
mod repeats;
mod service;
mod wording;
mod writer;

pub use wording::Address;
pub use wording::Worded;
pub use wording::WordingInput;

use crate::plan::Card;
use crate::plan::Move;
use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::piece::Piece;
use crate::words::writer::Attempt;
use crate::words::writer::Slots;
use crate::words::writer::Writer;

/// Choices of variants that are tried for a reply that repeats itself, before its reasons and
/// features are left out.
const ATTEMPTS_MAX: u64 = 6;

/// Words a plan.
#[must_use]
pub fn render(input: &WordingInput<'_>) -> Worded {
    let names = names(&input.plan.moves);
    let attempts = (0..ATTEMPTS_MAX).map(|offset| Attempt { offset, plain: false });
    let attempts = attempts.chain(std::iter::once(Attempt { offset: 0, plain: true }));
    let mut worded = Worded::default();
    for attempt in attempts {
        let mut writer = Writer::new(input, attempt);
        let piece = reply(&mut writer, &input.plan.moves);
        worded = Worded { text: piece.text, facts: piece.facts, keys: writer.keys, titles: vec![] };
        if !repeats::repeats(&worded.text, &names) {
            break;
        }
    }
    worded.titles = titles::titles(&input.plan.options, &input.locale.templates);
    worded
}

fn reply(writer: &mut Writer<'_>, moves: &[Move]) -> Piece {
    let mut piece = Piece::default();
    let mut asked = false;
    for each in moves {
        if asks(each) {
            if asked {
                continue;
            }
            asked = true;
        }
        let greets_alone = matches!(each, Move::Greet { short: false, .. }) && moves.len() == 1;
        let said = if greets_alone { greet(writer, each) } else { statement(writer, each) };
        piece.push_statement(&said);
    }
    piece
}

/// Whether a statement asks the customer something.
fn asks(statement: &Move) -> bool {
    matches!(
        statement,
        Move::AskOrderId
            | Move::AskFacet { .. }
            | Move::AskOption { .. }
            | Move::AskNeed
            | Move::AskBuy
            | Move::AskPick
            | Move::AskResume { .. }
            | Move::AskTopic
            | Move::AskAnything
            | Move::AskContact
    )
}

/// A greeting that is the whole reply.
fn greet(writer: &mut Writer<'_>, greeting: &Move) -> Piece {
    let Move::Greet { name, shop, .. } = greeting else { return Piece::default() };
    let slots =
        Slots::new().text(Slot::Name, name.as_deref().unwrap_or_default()).text(Slot::Shop, shop);
    writer.say(Key::GreetAlone, &slots)
}

/// Words one statement.
fn statement(writer: &mut Writer<'_>, statement: &Move) -> Piece {
    match statement {
        Move::Present { cards, lead, given_up } => {
            products::present(writer, cards, *lead, given_up)
        }
        Move::NoOther { card, lead } => products::no_other(writer, card.as_ref(), *lead),
        Move::Describe { card, description } => products::describe(writer, card, description),
        Move::Compare { cards, rows } => products::compare(writer, cards, rows),
        Move::Which { card, cheapest } => answers::which(writer, card, *cheapest),
        Move::Verdict { card, label, value, others } => {
            answers::verdict(writer, card, (label, value), others)
        }
        Move::Sum { total } => service::total(writer, *total),
        Move::PriceOf { card, pieces } => answers::price_of(writer, card, *pieces),
        Move::Stock { card, sizes } => answers::stock(writer, card, sizes),
        Move::Sizes { card, sizes } => answers::sizes(writer, card, sizes),
        Move::Attribute { card, label, value } => answers::attribute(writer, card, label, value),
        Move::SizeMapped { said, sizes } => answers::size_mapped(writer, said, sizes),
        Move::Sheet { name, rows } => answers::sheet(writer, name, rows),
        Move::SizeBetween { said, larger, smaller } => {
            answers::size_between(writer, said, larger, smaller)
        }
        Move::ForeignCurrency { limit, currency } => {
            answers::foreign_currency(writer, *limit, currency)
        }
        Move::Policy(policy) => service::policy(writer, policy),
        Move::OrderStatus { id, status, date, link } => {
            service::order_status(writer, (id, status), date.as_deref(), link.as_deref())
        }
        Move::AskFacet { question, label } => service::ask(writer, question, label, &[]),
        Move::AskOption { question, label, values } => {
            service::ask(writer, question, label, values)
        }
        Move::Added { lines } => service::added(writer, lines),
        Move::Cart { lines, total } => service::cart(writer, lines, *total),
        Move::Checkout { lines, total, link } => service::checkout(writer, lines, *total, link),
        Move::RestockNoted { name, contact } => service::restock(writer, name, contact.as_deref()),
        Move::Sorry { about, angry } => service::sorry(writer, *about, *angry),
        Move::Handoff { team, hours, again } => service::handoff(writer, team, hours, *again),
        other => {
            let (key, slots) = simple(other);
            writer.say(key, &slots)
        }
    }
}

/// Statements of one template with at most one placeholder.
fn simple(statement: &Move) -> (Key, Slots) {
    let slots = Slots::new();
    match statement {
        Move::Greet { name, .. } => {
            (Key::GreetShort, slots.text(Slot::Name, name.as_deref().unwrap_or_default()))
        }
        Move::NothingFound { wanted } => (Key::NothingFound, slots.text(Slot::Wanted, wanted)),
        Move::OrderUnknown { id } => {
            (Key::OrderUnknown, slots.with(Slot::Id, Piece::fact(id.as_str(), "order", id)))
        }
        Move::AskResume { name } => (Key::AskResume, slots.with(Slot::Name, products::name(name))),
        Move::Removed { name } => (Key::Removed, slots.with(Slot::Name, products::name(name))),
        Move::Abilities { about } => (Key::Abilities, slots.text(Slot::About, about)),
        Move::Deflect { about } => (Key::Deflect, slots.text(Slot::About, about)),
        Move::Noted { what } if what.trim().is_empty() => (Key::Noted, slots),
        Move::Noted { what } => (Key::NotedWhat, slots.text(Slot::What, what)),
        Move::Unclear { times } if *times > 1 => (Key::UnclearAgain, slots),
        Move::Unclear { .. } => (Key::UnclearFirst, slots),
        Move::AskOrderId => (Key::AskOrderId, slots),
        Move::AskBuy => (Key::AskBuy, slots),
        Move::AskPick => (Key::AskPick, slots),
        Move::AskTopic => (Key::AskTopic, slots),
        Move::AskAnything => (Key::AskAnything, slots),
        Move::AskContact => (Key::AskContact, slots),
        Move::CheckoutByPerson => (Key::CheckoutPerson, slots),
        Move::NoPolicy => (Key::NoPolicy, slots),
        Move::Bot => (Key::Bot, slots),
        Move::Stopped => (Key::Stopped, slots),
        Move::Started => (Key::Started, slots),
        Move::Welcome => (Key::Welcome, slots),
        Move::Bye => (Key::Bye, slots),
        // The remaining statements are worded by `statement`.
        _ => (Key::AskNeed, slots),
    }
}

/// Names of all products of a reply.
fn names(moves: &[Move]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for each in moves {
        let cards: &[Card] = match each {
            Move::Present { cards, .. } | Move::Compare { cards, .. } => cards,
            Move::NoOther { card: Some(card), .. }
            | Move::Describe { card, .. }
            | Move::Which { card, .. }
            | Move::Verdict { card, .. }
            | Move::PriceOf { card, .. }
            | Move::Stock { card, .. }
            | Move::Sizes { card, .. }
            | Move::Attribute { card, .. } => std::slice::from_ref(card),
            Move::Added { lines } | Move::Cart { lines, .. } | Move::Checkout { lines, .. } => {
                names.extend(lines.iter().map(|line| line.name.as_str()));
                &[]
            }
            Move::AskResume { name }
            | Move::Removed { name }
            | Move::RestockNoted { name, .. }
            | Move::Sheet { name, .. } => {
                names.push(name);
                &[]
            }
            _ => &[],
        };
        names.extend(cards.iter().map(|card| card.name.as_str()));
    }
    names
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests;
