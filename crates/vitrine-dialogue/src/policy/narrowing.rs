//! What a limit, a size or a number of pieces beside a need leads to.

use super::choose::Turn;
use crate::command::Command;
use crate::command::Question;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Lead;
use crate::plan::Move;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Pending;
use vitrine_base::money::Money;

impl Turn<'_> {
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
