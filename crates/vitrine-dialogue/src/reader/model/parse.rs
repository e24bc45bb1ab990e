//! Reads the line that a model wrote into commands.

use super::grammar;
use super::notation::COMMANDS_MAX;
use super::scope::Scope;
use crate::command::Command;
use crate::command::Complaint;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::command::RejectReason;
use crate::command::SizeSystem;
use rust_decimal::Decimal;

/// Key of the option that sizes are values of.
const SIZE: &str = "size";

/// Why a model's line is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It holds no command.
    #[error("no command")]
    Empty,
    /// It holds too many.
    #[error("{found} commands, limit is {COMMANDS_MAX}")]
    TooMany {
        /// Number found.
        found: usize,
    },
    /// A part of it is no command, or names something that the shop or the message does not have.
    #[error("`{part}` is no command for this message")]
    Unknown {
        /// The part.
        part: String,
    },
}

/// Reads a model's line. The same command twice counts once.
///
/// # Errors
/// If any part of it is not a command that the message can have.
pub fn parse(line: &str, scope: &Scope<'_>) -> Result<Vec<Command>, Refusal> {
    let line = line.trim();
    if line.is_empty() {
        return Err(Refusal::Empty);
    }
    let parts: Vec<&str> = line.split(", ").collect();
    if parts.len() > COMMANDS_MAX {
        return Err(Refusal::TooMany { found: parts.len() });
    }
    let mut commands = Vec::new();
    for part in parts {
        let unknown = || Refusal::Unknown { part: part.to_owned() };
        let command = command(part, scope).ok_or_else(unknown)?;
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    Ok(commands)
}

fn command(part: &str, scope: &Scope<'_>) -> Option<Command> {
    let Some((verb, rest)) = part.split_once(' ') else {
        return word(part, scope).or_else(|| constrain(part, scope));
    };
    let product = |rest: &str| reference(rest, scope);
    Some(match verb {
        "seek" => {
            let (id, polarity) = negated(rest);
            let category = scope.ids.kinds.iter().find(|kind| *kind == id)?.clone();
            Command::Seek { category, polarity }
        }
        "any" => {
            scope.ids.facet(rest)?;
            Command::NoPreference { facet: Some(rest.to_owned()) }
        }
        "price" => {
            let (min, max) = rest.split_once("..")?;
            let (min, max) = (limit(min, scope)?, limit(max, scope)?);
            // "between 120 and 80" is written either way round.
            let turned = matches!((min, max), (Some(min), Some(max)) if min > max);
            let (min, max) = if turned { (max, min) } else { (min, max) };
            (min.is_some() || max.is_some()).then_some(Command::PriceLimit { min, max })?
        }
        "size" => size(rest, scope)?,
        "pieces" => {
            let pieces = rest.parse().ok().filter(|count| scope.pieces().any(|n| n == *count))?;
            Command::Quantity { pieces, size: None }
        }
        "complain" => {
            let (about, angry) = rest.strip_suffix('!').map_or((rest, false), |one| (one, true));
            Command::Complain { about: complaint(about)?, angry }
        }
        "order" => {
            let id = scope.orders.iter().find(|id| *id == rest)?.clone();
            Command::Order { id: Some(id) }
        }
        "about" => {
            let matter = scope.ids.matters.iter().find(|matter| matter.id == rest)?;
            let topics = matter.has_text.then(|| matter.id.clone()).into_iter().collect();
            let question = Question::Topic { intent: matter.intent.clone(), topics };
            Command::Ask { question, about: None }
        }
        "ask" => ask(rest, scope)?,
        "take" => Command::Choose { reference: product(rest)?, buys: true },
        "name" => Command::Choose { reference: product(rest)?, buys: false },
        "show" => Command::Show { reference: product(rest)? },
        "reject" => Command::Reject { reference: product(rest)?, why: RejectReason::Other },
        "remove" => Command::Remove { reference: product(rest)? },
        "compare" => compare(rest, scope)?,
        _ => return None,
    })
}

/// A command of one word.
fn word(word: &str, scope: &Scope<'_>) -> Option<Command> {
    if grammar::PRODUCT_WORDS.contains(&word) && !scope.has_products() {
        return None;
    }
    Some(match word {
        "greet" => Command::Greet,
        "thanks" => Command::Thank,
        "bye" => Command::Bye,
        "yes" => Command::Confirm,
        "no" => Command::Deny,
        "browse" => Command::Browse,
        "another" => Command::Another,
        "low_price" => Command::LowPrice,
        "human" => Command::Human,
        "out_of_scope" => Command::OutOfScope,
        "unclear" => Command::Unclear,
        "any" => Command::NoPreference { facet: None },
        "cheaper" => Command::Cheaper,
        "dearer" => Command::Dearer,
        "accessories" => Command::Accessories,
        "checkout" => Command::Checkout,
        "order" => Command::Order { id: None },
        _ => return None,
    })
}

/// A facet value, such as `colour=red`, `!colour=red` or `~colour=red`.
fn constrain(part: &str, scope: &Scope<'_>) -> Option<Command> {
    let (value, polarity) = match part.strip_prefix('~') {
        Some(rest) => (rest, Polarity::Prefer),
        None => negated(part),
    };
    let (facet, value) = known_value(value, scope)?;
    Some(Command::Constrain { facet, value, polarity })
}

fn known_value(text: &str, scope: &Scope<'_>) -> Option<(String, String)> {
    let (facet, value) = text.split_once('=')?;
    scope.ids.has_value(facet, value).then(|| (facet.to_owned(), value.to_owned()))
}

fn negated(text: &str) -> (&str, Polarity) {
    text.strip_prefix('!').map_or((text, Polarity::Must), |rest| (rest, Polarity::MustNot))
}

/// A side of a price: `Some(None)` if it is open.
fn limit(text: &str, scope: &Scope<'_>) -> Option<Option<Decimal>> {
    if text.is_empty() {
        return Some(None);
    }
    let value: Decimal = text.parse().ok()?;
    scope.numbers.contains(&value).then_some(Some(value))
}

fn size(rest: &str, scope: &Scope<'_>) -> Option<Command> {
    let (rest, polarity) = negated(rest);
    let known = |values: &str| -> Option<Vec<String>> {
        let values = values.split('/').map(|value| scope.sizes.iter().find(|one| *one == value));
        values.map(Option::<&String>::cloned).collect()
    };
    // A size may hold blanks: `54 cm` is one before it is 54 in a system.
    let (values, system) = match known(rest) {
        Some(values) => (values, SizeSystem::Shop),
        None => {
            let (values, system) = rest.rsplit_once(' ')?;
            (known(values)?, size_system(system)?)
        }
    };
    Some(Command::Size { option: SIZE.to_owned(), values, system, polarity })
}

fn size_system(name: &str) -> Option<SizeSystem> {
    Some(match name {
        "eu" => SizeSystem::Eu,
        "uk" => SizeSystem::Uk,
        "us" => SizeSystem::Us,
        "cm" => SizeSystem::Cm,
        _ => return None,
    })
}

fn complaint(name: &str) -> Option<Complaint> {
    Some(match name {
        "delivery" => Complaint::Delivery,
        "damaged" => Complaint::Damaged,
        "fault" => Complaint::Fault,
        "payment" => Complaint::Payment,
        "refund" => Complaint::Refund,
        "service" => Complaint::Service,
        _ => return None,
    })
}

fn ask(rest: &str, scope: &Scope<'_>) -> Option<Command> {
    let (what, about) = match rest.split_once(" of ") {
        Some((what, of)) => (what, Some(reference(of, scope)?)),
        None => (rest, None),
    };
    let free = about.is_none();
    let question = match what {
        "price" => Question::Price,
        "stock" => Question::Stock,
        "restock" => Question::Restock,
        "sizes" => Question::Sizes,
        "size_advice" => Question::SizeAdvice,
        "details" => Question::Details,
        "why" => Question::Why,
        "total" if free => Question::Total,
        "cart" if free => Question::Cart,
        "bot" if free => Question::Bot,
        "abilities" if free => Question::Abilities,
        "reorder" if free => Question::Reorder,
        "which" if free && scope.has_products() => {
            return Some(Command::Ask { question: Question::Which, about: Some(Reference::Both) });
        }
        key if scope.ids.has_key(key) => Question::Attribute { key: key.to_owned(), value: None },
        value => {
            let (key, value) = known_value(value, scope)?;
            Question::Attribute { key, value: Some(value) }
        }
    };
    // A question on a product without saying which is about the one under discussion.
    let free = grammar::QUESTIONS.contains(&what);
    let in_sight = !free && scope.has_products();
    let about = about.or(in_sight.then_some(Reference::Focus));
    Some(Command::Ask { question, about })
}

fn compare(rest: &str, scope: &Scope<'_>) -> Option<Command> {
    let references = match rest.split_once('+') {
        Some((one, other)) => vec![reference(one, scope)?, reference(other, scope)?],
        None if rest == "both" => vec![reference(rest, scope)?],
        None => return None,
    };
    Some(Command::Compare { references })
}

fn reference(text: &str, scope: &Scope<'_>) -> Option<Reference> {
    let place = |digits: &str, most: usize| {
        digits.parse::<usize>().ok().filter(|place| (1..=most).contains(place))
    };
    if let Some(place) = text.strip_prefix('p').and_then(|digits| place(digits, scope.named.len()))
    {
        return Some(Reference::Product(scope.named.get(place - 1)?.sku.clone()));
    }
    if !scope.has_products() {
        return None;
    }
    if let Some(digits) = text.strip_prefix('#') {
        let place = place(digits, scope.shown.len())?;
        return i32::try_from(place).ok().map(Reference::Ordinal);
    }
    if let Some(price) = text.strip_prefix("at ") {
        let price: Decimal = price.parse().ok()?;
        return scope.numbers.contains(&price).then_some(Reference::Price(price));
    }
    Some(match text {
        "it" => Reference::Focus,
        "other" => Reference::Other,
        "both" => Reference::Both,
        "cheapest" => Reference::Cheapest,
        "dearest" => Reference::Dearest,
        "last" => Reference::Ordinal(-1),
        value => {
            let (facet, value) = known_value(value, scope)?;
            Reference::Facet { facet, value }
        }
    })
}
