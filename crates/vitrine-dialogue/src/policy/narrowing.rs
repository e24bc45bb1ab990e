//! What a limit, a size or a number of pieces beside a need leads to.

use super::choose::Turn;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::GivenUp;
use crate::plan::Lead;
use crate::plan::Move;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Pending;
use vitrine_base::money::Money;

/// Longest wish that is said again in the customer's words.
const SAID_WORDS_MAX: usize = 3;

impl Turn<'_> {
    /// What is given up, in the customer's words; what was said in an earlier message of the same
    /// search was announced then.
    pub(super) fn announced(&self, given_up: Vec<GivenUp>) -> Vec<GivenUp> {
        let catalog = self.context.catalog;
        let said = |label: &str| {
            self.reading.commands.iter().find_map(|said| match &said.command {
                Command::Constrain { facet, value, polarity: Polarity::Must } => {
                    let choice = FacetChoice::new(facet.as_str(), value.as_str());
                    let own = catalog.label(&choice, self.context.language);
                    (label == own).then(|| said.source.trim().to_lowercase())
                }
                _ => None,
            })
        };
        let first = self.before.last_shown.is_empty() || self.changes.sought;
        let words = given_up.into_iter().filter_map(|wish| {
            let GivenUp::Value(label) = wish else { return Some(wish) };
            let plain = |text: &String| {
                text.split_whitespace().count() <= SAID_WORDS_MAX
                    && !text.is_empty()
                    && !text.contains(|c: char| c.is_ascii_digit())
            };
            match said(&label) {
                Some(text) if plain(&text) => Some(GivenUp::Value(text)),
                None if !first && !label.contains(" / ") => None,
                _ => Some(GivenUp::Value(label)),
            }
        });
        words.collect()
    }

    /// Asks for a limit in the shop's currency, where one in another was stated: nothing can be
    /// shown as fitting it.
    pub(super) fn foreign_limit(&mut self) -> bool {
        let stated = self.find(|command| match command {
            Command::ForeignLimit { amount, currency } => {
                Some(Money { amount: *amount, currency: currency.parse().ok()? })
            }
            _ => None,
        });
        let (Some(limit), Some(own)) = (stated, self.context.catalog.currency()) else {
            return false;
        };
        let currency = own.code().to_owned();
        self.moves.push(Move::ForeignCurrency { limit, currency });
        self.state.pending = Some(Pending::Need);
        self.action = Action::of(ActionKind::Ask);
        true
    }

    /// Whether a size narrows the search rather than completing a purchase: something else was
    /// asked, or the product under discussion comes in no sizes.
    pub(super) fn size_narrows(&self) -> bool {
        if self.before.link.is_some() {
            return false;
        }
        let focus = self.state.focus.as_ref().map(|focus| focus.sku.as_str());
        let product = focus.and_then(|sku| self.context.catalog.product(sku));
        let sized = product.is_none_or(|product| {
            self.state.need.options.keys().any(|key| product.options.contains(key))
        });
        matches!(self.before.pending, Some(Pending::Facet { .. } | Pending::Need)) || !sized
    }

    /// Whether terms for large orders are asked: the goods are named for them, and not yet chosen.
    pub(super) fn asks_terms(&self) -> bool {
        self.has(|command| {
            matches!(command, Command::Ask { question: Question::Topic { intent, .. }, .. }
                if intent == "bulk_order")
        })
    }

    /// A size or a number of pieces without anything else.
    pub(super) fn size_or_quantity(&mut self) {
        let focus = self.state.focus.as_ref().map(|focus| focus.sku.clone());
        let product: Option<&Product> = focus.and_then(|sku| self.context.catalog.product(&sku));
        match product {
            Some(product) if self.before.link.is_some() || self.changes.quantity.is_some() => {
                self.buy(product);
            }
            Some(product) => {
                if self.unavailable(product) {
                    self.instead(product);
                } else {
                    self.buy(product);
                }
            }
            None => self.search(Lead::Updated),
        }
    }
}
