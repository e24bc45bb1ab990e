//! What a message that takes several products states of each: "a lamp in red and two white cables".

use super::cards;
use super::choose::Turn;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::command::Said;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Move;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Line;
use crate::state::Need;
use crate::state::Pending;
use std::collections::BTreeMap;

/// Most pieces of one line.
pub(super) const PIECES_MAX: u32 = 999;

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

/// What the commands of a message state of each product that it names. A number of pieces belongs
/// to the product behind it, else to the one before. Values stand behind the products if one stands
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

impl Turn<'_> {
    /// "I'll have it", of several that were just shown and none of them meant more than the others.
    pub(super) fn left_open(&self) -> bool {
        let mut taken = self.reading.commands.iter().filter_map(|said| match &said.command {
            Command::Choose { reference, buys: true } => Some(reference),
            _ => None,
        });
        let focus = taken.next().is_some_and(|one| *one == Reference::Focus);
        let named = self.has(|command| matches!(command, Command::Constrain { .. }));
        self.several_open()
            && focus
            && taken.next().is_none()
            && self.before.focus.is_none()
            && self.state.cart.is_empty()
            && !named
    }

    /// Asks which of those shown is taken.
    pub(super) fn ask_which(&mut self) {
        let skus = self.before.last_shown.clone();
        let need = self.state.need.clone();
        for product in skus.iter().filter_map(|sku| self.context.catalog.product(sku)) {
            let options = cards::chosen(product, &need, &BTreeMap::new());
            self.products.push(cards::shown(self.context, &need, product, options));
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        self.moves.push(Move::AskPick);
        self.action = Action::of(ActionKind::Ask);
        self.state.pending = Some(Pending::Pick);
    }

    /// "and the black one in L?": of a product that comes in black, that version is asked about.
    pub(super) fn name_version(&mut self, asked: &[(Question, Option<Reference>)]) {
        let focus = self.state.focus.as_ref().map(|focus| focus.sku.clone());
        let product = focus.and_then(|sku| self.context.catalog.product(&sku));
        let Some(product) = product else { return };
        for (_, about) in asked {
            if let Some(Reference::Facet { facet, value }) = about {
                self.mean_version(product, facet, value);
            }
        }
    }

    /// A value that a product comes in is that of the version meant from here on.
    fn mean_version(&mut self, product: &Product, facet: &str, value: &str) {
        if product.option_values(facet).contains(&value) {
            self.state.need.options.insert(facet.to_owned(), vec![value.to_owned()]);
            if let Some(focus) = &mut self.state.focus {
                focus.options.remove(facet);
            }
        }
    }

    /// "the red one": of a product that comes in red, that version is taken.
    pub(super) fn take_value(&mut self, skus: &[String]) {
        let [sku] = skus else { return };
        let Some(product) = self.context.catalog.product(sku) else { return };
        for said in &self.reading.commands {
            if let Command::Choose { reference: Reference::Facet { facet, value }, .. } =
                &said.command
            {
                self.mean_version(product, facet, value);
            }
        }
    }

    /// Takes out of the cart what the message removes; false if that is nothing of it.
    pub(super) fn take_out(&mut self) -> bool {
        let commands = self.reading.commands.iter();
        let references = commands.filter_map(|said| match &said.command {
            Command::Remove { reference } => Some(reference),
            _ => None,
        });
        let mut removed: Vec<String> = Vec::new();
        for reference in references {
            let skus = match reference {
                Reference::Both => self.state.cart.iter().map(|line| line.sku.clone()).collect(),
                other => self.resolve(other),
            };
            let ordered = |sku: &String| self.state.cart.iter().any(|line| line.sku == *sku);
            let fresh = skus.into_iter().filter(|sku| ordered(sku) && !removed.contains(sku));
            removed.extend(fresh.collect::<Vec<_>>());
        }
        for sku in &removed {
            self.state.cart.retain(|line| line.sku != *sku);
            self.leave(sku);
            let name = self.context.catalog.product(sku).map(|product| product.name.clone());
            self.moves.push(Move::Removed { name: name.unwrap_or_else(|| sku.clone()) });
        }
        !removed.is_empty()
    }

    /// The options of a product's line in the cart, without those that the message states anew.
    pub(super) fn options_in_cart(&self, sku: &str) -> BTreeMap<String, String> {
        let line = self.state.cart.iter().rev().find(|line| line.sku == sku);
        let mut options = line.map(|line| line.options.clone()).unwrap_or_default();
        options.retain(|key, _| !self.state.need.options.contains_key(key));
        options
    }

    /// "deal", after a sum: all that was added up is taken.
    pub(super) fn summed(&self, skus: &[String]) -> Option<Vec<String>> {
        let lines = &self.before.summed;
        let named = self.has(|command| {
            matches!(command, Command::Choose { reference, .. }
                if !matches!(reference, Reference::Focus | Reference::Both))
        });
        let part = skus.iter().all(|sku| lines.iter().any(|line| line.sku == *sku));
        // The last reply was that sum, and not one on a product of it.
        let offered = lines.iter().all(|line| {
            let id = format!("take={}", line.sku);
            self.before.options.iter().any(|(known, _)| *known == id)
        });
        let told = self.changes.narrowed || self.changes.sized;
        let all = || lines.iter().map(|line| line.sku.clone()).collect();
        (!lines.is_empty() && !named && part && offered && !told).then(all)
    }

    /// What the message states of each product, else what was added up of it.
    pub(super) fn stated_of_each(&self) -> BTreeMap<String, Stated> {
        let mut said = of_each(&self.reading.commands);
        for line in &self.before.summed {
            let known = said.entry(line.sku.clone()).or_default();
            known.pieces = known.pieces.or(Some(line.quantity));
        }
        said
    }

    /// The options that a product was discussed or added up in.
    pub(super) fn known_options(&self, product: &Product) -> BTreeMap<String, String> {
        let sku = product.sku.as_str();
        let focus = self.state.focus.as_ref().filter(|focus| focus.sku == sku);
        let line = self.before.summed.iter().find(|line| line.sku == sku);
        let options = line.map(|line| &line.options).or(focus.map(|focus| &focus.options));
        options.cloned().unwrap_or_default()
    }

    /// "12 of the 1 l, how much?", then "plus 6 of the half litre ones": the pieces counted before,
    /// in their version, are part of the order.
    pub(super) fn with_those_counted(
        &self,
        product: &Product,
        now: (u32, BTreeMap<String, String>),
    ) -> Vec<(u32, BTreeMap<String, String>)> {
        let sku = product.sku.as_str();
        let focus = self.before.focus.as_ref().filter(|focus| focus.sku == sku);
        let ordered = self.state.cart.iter().any(|line| line.sku == sku);
        let pieces = self.before.need.quantity.filter(|_| self.reading.adds && !ordered);
        let before = focus.zip(pieces).filter(|(focus, _)| {
            cards::missing(product, &focus.options).is_none() && focus.options != now.1
        });
        let before = before.map(|(focus, pieces)| (pieces.min(PIECES_MAX), focus.options.clone()));
        before.into_iter().chain([now]).collect()
    }

    /// "plus 6 of the small ones": as many as are in the cart already, and these.
    pub(super) fn with_those_before(
        &self,
        (variant, options): (&str, &BTreeMap<String, String>),
        quantity: u32,
    ) -> u32 {
        let same = |line: &&Line| line.variant == variant && line.options == *options;
        let known = self.state.cart.iter().find(same).filter(|_| self.reading.adds);
        known.map_or(0, |line| line.quantity).saturating_add(quantity).min(PIECES_MAX)
    }
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
