//! Commands in few characters, for tables of messages.

use vitrine_dialogue::command::Command;
use vitrine_dialogue::command::Polarity;
use vitrine_dialogue::command::Question;
use vitrine_dialogue::command::Reference;

fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Must => "",
        Polarity::MustNot => "!",
        Polarity::Prefer => "~",
    }
}

fn reference(reference: &Reference) -> String {
    match reference {
        Reference::Product(sku) => sku.clone(),
        Reference::Ordinal(place) => format!("#{place}"),
        Reference::Focus => "it".to_owned(),
        Reference::Other => "other".to_owned(),
        Reference::Both => "both".to_owned(),
        Reference::Cheapest => "cheapest".to_owned(),
        Reference::Dearest => "dearest".to_owned(),
        Reference::Price(price) => format!("at {price}"),
        Reference::Facet { facet, value } => format!("{facet}={value}"),
    }
}

fn question(question: &Question) -> String {
    match question {
        Question::Topic { intent, topics } => {
            let best = topics.first().map(|topic| format!("/{topic}")).unwrap_or_default();
            format!("{intent}{best}")
        }
        Question::Attribute { key, value: Some(value) } => format!("{key}={value}"),
        Question::Attribute { key, value: None } => format!("attribute {key}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// A command in few characters.
pub(crate) fn brief(command: &Command) -> String {
    match command {
        Command::Seek { category, polarity: how } => format!("seek {}{category}", polarity(*how)),
        Command::Constrain { facet, value, polarity: how } => {
            format!("{}{facet}={value}", polarity(*how))
        }
        Command::NoPreference { facet } => {
            format!("any {}", facet.as_deref().unwrap_or_default()).trim_end().to_owned()
        }
        Command::PriceLimit { min, max } => {
            let side = |value: &Option<_>| value.map(|v: _| format!("{v}")).unwrap_or_default();
            format!("price {}..{}", side(min), side(max))
        }
        Command::ForeignLimit { amount, currency } => format!("price {amount} {currency}"),
        Command::Size { values, system, polarity: how, .. } => {
            let system = format!("{system:?}").to_lowercase();
            let system = if system == "shop" { String::new() } else { format!(" {system}") };
            format!("size {}{}{system}", polarity(*how), values.join("/"))
        }
        Command::Quantity { pieces, size: Some(size) } => format!("{pieces}x{size}"),
        Command::Quantity { pieces, size: None } => format!("{pieces}x"),
        Command::Choose { reference: one, buys: true } => format!("take {}", reference(one)),
        Command::Choose { reference: one, buys: false } => format!("name {}", reference(one)),
        Command::Show { reference: one } => format!("show {}", reference(one)),
        Command::Reject { reference: one, .. } => format!("reject {}", reference(one)),
        Command::Compare { references } => {
            let all: Vec<String> = references.iter().map(reference).collect();
            format!("compare {}", all.join("+"))
        }
        Command::Remove { reference: one } => format!("remove {}", reference(one)),
        Command::Ask { question: asked, about } => {
            let about = about.as_ref().map(|one| format!(" of {}", reference(one)));
            format!("ask {}{}", question(asked), about.unwrap_or_default())
        }
        Command::Order { id } => {
            format!("order {}", id.as_deref().unwrap_or_default()).trim_end().to_owned()
        }
        Command::Complain { about, angry } => {
            let loud = if *angry { "!" } else { "" };
            format!("complain {}{loud}", format!("{about:?}").to_lowercase())
        }
        Command::Contact { value } => format!("contact {value}"),
        other => format!("{other:?}").to_lowercase(),
    }
}
