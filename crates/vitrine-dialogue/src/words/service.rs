//! Words everything that is not about a product: orders, the cart, trouble, the assistant itself.

use crate::command::Complaint;
use crate::plan::LineText;
use crate::plan::PolicyText;
use crate::words::answers::quantity;
use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::piece::Piece;
use crate::words::products::name;
use crate::words::products::options;
use crate::words::writer::Slots;
use crate::words::writer::Writer;
use vitrine_base::money::Money;

/// One of the shop's own texts, whole.
pub(crate) fn policy(writer: &mut Writer<'_>, policy: &PolicyText) -> Piece {
    let before = writer.repeated(format!("topic:{}", policy.id));
    let key = if before { Key::PolicyAgain } else { Key::Policy };
    let text = policy.text.trim();
    writer.say(key, &Slots::new().with(Slot::Text, Piece::fact(text, "policy", text)))
}

/// A question of the shop, with the values that can be chosen. Asked again, it is only said what is
/// still open: nobody likes the same question twice.
pub(crate) fn ask(
    writer: &mut Writer<'_>,
    question: &str,
    label: &str,
    values: &[String],
) -> Piece {
    let before = writer.repeated(format!("question:{question}"));
    let key = if values.is_empty() { Key::AskFacet } else { Key::AskOption };
    if before && !label.trim().is_empty() {
        let values = writer.format().size_choice(values);
        let slots = Slots::new().with(Slot::Values, values).text(Slot::Label, label);
        return writer.say(Key::AskAgain, &slots);
    }
    let values = writer.format().size_ranges(values);
    let slots = Slots::new().with(Slot::Values, values).text(Slot::Question, question);
    writer.say(key, &slots)
}

/// Where an order is.
pub(crate) fn order_status(
    writer: &mut Writer<'_>,
    (id, status): (&str, &str),
    date: Option<&str>,
    link: Option<&str>,
) -> Piece {
    let templates = &writer.input.locale.templates;
    let code = status.trim().to_lowercase().replace([' ', '-'], "_");
    let status = templates.status.get(&code).map_or(status, String::as_str);
    let date = date.map(|date| writer.format().date(date)).unwrap_or_default();
    let link = link.unwrap_or_default();
    let slots = Slots::new()
        .with(Slot::Id, Piece::fact(id, "order", id))
        .with(Slot::Status, Piece::fact(status.trim(), "status", status.trim()))
        .with(Slot::Date, Piece::fact(date.trim(), "date", date.trim()))
        .with(Slot::Link, Piece::fact(link, "link", link));
    writer.say(Key::OrderStatus, &slots)
}

/// What was put in the cart.
pub(crate) fn added(writer: &mut Writer<'_>, lines: &[LineText]) -> Piece {
    lines_after(writer, lines, Key::AddedOne, Key::AddedMany)
}

/// What is in the cart.
pub(crate) fn cart(writer: &mut Writer<'_>, lines: &[LineText], total: Option<Money>) -> Piece {
    if lines.is_empty() {
        return writer.say(Key::CartEmpty, &Slots::new());
    }
    let mut piece = lines_after(writer, lines, Key::CartOne, Key::CartMany);
    piece.push_statement(&sum(writer, lines, total));
    piece
}

/// The checkout link, with what is paid.
pub(crate) fn checkout(
    writer: &mut Writer<'_>,
    lines: &[LineText],
    total: Option<Money>,
    link: &str,
) -> Piece {
    let mut piece = lines_after(writer, lines, Key::CheckoutOne, Key::CheckoutMany);
    piece.push_statement(&sum(writer, lines, total));
    let links: Vec<&str> = link.lines().collect();
    let links = if links.len() > 1 && links.len() == lines.len() {
        named_links(lines, &links)
    } else {
        Piece::fact(link, "link", link)
    };
    piece.push_statement(&writer.say(Key::Pay, &Slots::new().with(Slot::Link, links)));
    piece
}

/// A link for each line, behind its name: the shop's address takes one article at a time.
fn named_links(lines: &[LineText], links: &[&str]) -> Piece {
    let mut piece = Piece::default();
    for (line, link) in lines.iter().zip(links) {
        piece.text.push_str("\n• ");
        piece.push(&name(&line.name));
        piece.text.push_str(": ");
        piece.push(&Piece::fact(*link, "link", link));
    }
    piece
}

fn lines_after(writer: &mut Writer<'_>, lines: &[LineText], one: Key, many: Key) -> Piece {
    match lines {
        [] => Piece::default(),
        [only] => {
            let only = line(writer, only);
            writer.say(one, &Slots::new().with(Slot::Line, only))
        }
        several => {
            let mut piece = writer.say(many, &Slots::new());
            for each in several {
                piece.text.push_str("\n• ");
                piece.push(&line(writer, each));
            }
            piece
        }
    }
}

fn line(writer: &Writer<'_>, line: &LineText) -> Piece {
    let count = if line.quantity > 1 { quantity(line.quantity) } else { Piece::default() };
    let Some(total) = line.total else {
        let mut piece = quantity(line.quantity);
        piece.text.push_str(" × ");
        piece.push(&name(&line.name));
        return piece;
    };
    let slots = Slots::new()
        .with(Slot::Count, count)
        .with(Slot::Name, name(&line.name))
        .with(Slot::Options, options(writer, &line.options))
        .with(Slot::Total, writer.format().money(total));
    writer.part(Key::Line, &slots)
}

/// The sum, unless the only line says it.
fn sum(writer: &mut Writer<'_>, lines: &[LineText], total: Option<Money>) -> Piece {
    let Some(total) = total else { return Piece::default() };
    if matches!(lines, [only] if only.total == Some(total)) {
        return Piece::default();
    }
    self::total(writer, total)
}

/// A sum.
pub(crate) fn total(writer: &mut Writer<'_>, total: Money) -> Piece {
    let total = writer.format().money(total);
    writer.say(Key::Total, &Slots::new().with(Slot::Total, total))
}

/// A message will follow when a product is back.
pub(crate) fn restock(writer: &mut Writer<'_>, product: &str, contact: Option<&str>) -> Piece {
    let contact = contact.map(str::trim).filter(|contact| !contact.is_empty());
    let key = if contact.is_some() { Key::RestockContact } else { Key::RestockHere };
    let slots = Slots::new()
        .with(Slot::Name, name(product))
        .text(Slot::Contact, contact.unwrap_or_default());
    writer.say(key, &slots)
}

/// An apology.
pub(crate) fn sorry(writer: &mut Writer<'_>, about: Complaint, angry: bool) -> Piece {
    let mut piece = Piece::default();
    if angry {
        piece = writer.say(Key::Angry, &Slots::new());
    }
    let key = match about {
        Complaint::Delivery => Key::SorryDelivery,
        Complaint::Damaged => Key::SorryDamaged,
        Complaint::Fault => Key::SorryFault,
        Complaint::Payment => Key::SorryPayment,
        Complaint::Refund => Key::SorryRefund,
        Complaint::Service => Key::SorryService,
    };
    piece.push_statement(&writer.say(key, &Slots::new()));
    piece
}

/// A person takes over.
pub(crate) fn handoff(writer: &mut Writer<'_>, team: &str, hours: &str, again: bool) -> Piece {
    let key = match (again, team.trim().is_empty()) {
        (true, _) => Key::HandoffAgain,
        (false, true) => Key::HandoffBare,
        (false, false) => Key::Handoff,
    };
    let slots = Slots::new()
        .text(Slot::Team, team)
        .with(Slot::Hours, Piece::fact(hours.trim(), "hours", hours.trim()));
    writer.say(key, &slots)
}
