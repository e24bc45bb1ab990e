//! What a message that takes several products states of each: "a lamp in red and two white cables".

use crate::command::Command;
use crate::command::Polarity;
use crate::command::Reference;
use crate::command::Said;
use crate::state::Need;
use std::collections::BTreeMap;

/// What is stated of one product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stated {
    /// Pieces.
    pub(super) pieces: Option<u32>,
    /// Facet values and option values, by key.
    values: Vec<(String, String)>,
}

impl Stated {
    /// The need of the message, as far as it is about this product.
    pub(super) fn over(&self, need: &Need) -> Need {
        let mut need = need.clone();
        for (key, value) in &self.values {
            need.options.remove(key);
            let wish = need.facets.entry(key.clone()).or_default();
            wish.must = vec![value.clone()];
        }
        need
    }
}

/// The value that a command states, by its key.
fn value(command: &Command) -> Option<(String, String)> {
    match command {
        Command::Constrain { facet, value, polarity: Polarity::Must } => {
            Some((facet.clone(), value.clone()))
        }
        Command::Size { option, values, polarity: Polarity::Must, .. } => match &values[..] {
            [value] => Some((option.clone(), value.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// What the commands of a message state of each product that it names. A number of pieces belongs to
/// the product behind it, else to the one before. Values stand behind the products if one stands
/// behind the last of them ("the lamp in red"), else before them ("a red lamp").
pub(super) fn of_each(commands: &[Said]) -> BTreeMap<String, Stated> {
    let named = |command: &Command| match command {
        Command::Choose { reference: Reference::Product(sku), .. } => Some(sku.clone()),
        _ => None,
    };
    let last = commands.iter().rposition(|said| named(&said.command).is_some());
    let behind = commands.iter().skip(last.unwrap_or_default());
    let behind = behind.clone().any(|said| value(&said.command).is_some());
    let mut found: BTreeMap<String, Stated> = BTreeMap::new();
    let mut waiting = Stated::default();
    let mut current: Option<String> = None;
    for said in commands {
        if let Some(sku) = named(&said.command) {
            found.insert(sku.clone(), std::mem::take(&mut waiting));
            current = Some(sku);
        } else if let Command::Quantity { pieces, size: None } = said.command {
            waiting.pieces = Some(pieces);
        } else if let Some(value) = value(&said.command) {
            match current.as_ref().filter(|_| behind).and_then(|sku| found.get_mut(sku)) {
                Some(own) => own.values.push(value),
                None => waiting.values.push(value),
            }
        }
    }
    let own = current.and_then(|sku| found.get_mut(&sku));
    if let Some(own) = own.filter(|own| own.pieces.is_none()) {
        own.pieces = waiting.pieces;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(command: Command) -> Said {
        Said { command, source: String::new() }
    }

    fn take(sku: &str) -> Said {
        said(Command::Choose { reference: Reference::Product(sku.to_owned()), buys: true })
    }

    fn colour(value: &str) -> Said {
        let (facet, value) = ("colour".to_owned(), value.to_owned());
        said(Command::Constrain { facet, value, polarity: Polarity::Must })
    }

    fn pieces(pieces: u32) -> Said {
        said(Command::Quantity { pieces, size: None })
    }

    fn stated(pieces: Option<u32>, colour: &str) -> Stated {
        Stated { pieces, values: vec![("colour".to_owned(), colour.to_owned())] }
    }

    #[test]
    fn pieces_and_values_belong_to_the_product_that_they_stand_by() {
        let behind = [take("LAMP"), colour("red"), pieces(2), take("CABLE"), colour("white")];
        let before = [colour("red"), take("LAMP"), pieces(2), colour("white"), take("CABLE")];
        for commands in [&behind, &before] {
            let found = of_each(commands);
            assert_eq!(found["LAMP"], stated(None, "red"));
            assert_eq!(found["CABLE"], stated(Some(2), "white"));
        }
    }
}
