//! Wishes relative to what was shown: cheaper, another, something better, what goes with it.

use super::cards;
use super::choose::Turn;
use super::references;
use super::search;
use super::selling::SHOWN_AT_ONCE;
use crate::command::Command;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Lead;
use crate::plan::Move;
use crate::shop::Lookups;
use crate::shop::Missing;
use crate::shop::Product;
use crate::state::Focus;
use crate::state::Need;
use std::collections::BTreeMap;

impl Turn<'_> {
    /// Whether another product than the one shown is wanted: "something cheaper in 41" takes
    /// nothing.
    pub(super) fn criticises(&self) -> bool {
        self.has(|command| {
            matches!(
                command,
                Command::Cheaper
                    | Command::Dearer
                    | Command::Another
                    | Command::Compare { .. }
                    | Command::Reject { .. }
            )
        })
    }

    /// "cheaper", "another", "something better", "what goes with it": relative to what was shown.
    pub(super) fn critique(&mut self) -> bool {
        let cheaper = self.has(|command| {
            matches!(command, Command::Cheaper)
                || matches!(
                    command,
                    Command::Reject { why: crate::command::RejectReason::Price, .. }
                )
        });
        let dearer = self.has(|command| matches!(command, Command::Dearer));
        let another =
            self.has(|command| matches!(command, Command::Another | Command::Reject { .. }));
        let kind = self.changes.sought;
        if !kind && self.has(|command| matches!(command, Command::Accessories)) {
            self.accessories();
            return true;
        }
        let focus = references::focus(&self.state);
        let product = focus.and_then(|sku| self.context.catalog.product(&sku));
        if let Some(product) = product
            && self.state.need.category.is_none()
            && (cheaper || dearer || another)
        {
            self.state.need.category = Some(product.category.clone());
        }
        let lead = match (cheaper, dearer, another) {
            (true, _, _) => Lead::Cheaper,
            (_, true, _) => Lead::Dearer,
            (_, _, true) => Lead::Another,
            _ => return false,
        };
        let Some(product) = product else {
            if lead == Lead::Cheaper {
                self.state.need.low_price = true;
            }
            self.search(Lead::First);
            return true;
        };
        self.relative(product, lead);
        true
    }

    pub(super) fn relative(&mut self, product: &Product, lead: Lead) {
        let price = product.price.amount;
        // What is relative to a product is of its kind.
        if self.state.need.category.is_none() {
            self.state.need.category = Some(product.category.clone());
        }
        match lead {
            Lead::Cheaper => self.state.need.below = Some(price),
            Lead::Dearer => {
                self.state.need.above = Some(price);
                self.state.need.below = None;
            }
            _ => self.reject(product.sku.as_str()),
        }
        let need = self.state.need.clone();
        let mut without = self.state.rejected.clone();
        without.push(product.sku.as_str().to_owned());
        let shown: Vec<String> = without.iter().chain(&self.state.shown).cloned().collect();
        let fresh = search::strict(self.context, &need, &shown);
        let found =
            if fresh.is_empty() { search::strict(self.context, &need, &without) } else { fresh };
        match found.first() {
            Some(found) => {
                self.exact = Some(true);
                self.show_products(&[found], lead, Vec::new());
            }
            None => self.no_other(product, lead),
        }
    }

    /// There is no other product with these wishes: says so, and offers what comes nearest.
    pub(super) fn no_other(&mut self, product: &Product, lead: Lead) {
        let mut need = self.state.need.clone();
        let mut without = self.state.rejected.clone();
        without.push(product.sku.as_str().to_owned());
        let limit = need.price_max;
        if lead == Lead::Dearer {
            need.price_max = None;
        }
        let (found, given_up, _) = search::find(self.context, &need, &without, 1);
        let useful = found.first().filter(|found| match lead {
            Lead::Cheaper => found.price.amount < product.price.amount,
            Lead::Dearer => found.price.amount > product.price.amount,
            _ => true,
        });
        let same_kind = useful.filter(|found| {
            need.category
                .as_deref()
                .is_none_or(|kind| self.context.catalog.is_within(&found.category, kind))
        });
        // "the cheapest one" is the cheapest that does what was asked.
        let superlative = lead == Lead::Cheaper && self.has(|one| *one == Command::LowPrice);
        if let Some(found) = same_kind.filter(|_| !superlative || given_up.is_empty()) {
            let _ = limit;
            self.exact = Some(given_up.is_empty());
            return self.show_products(&[found], lead, given_up);
        }
        self.state.need.below = None;
        self.state.need.above = None;
        self.state.rejected.retain(|sku| sku != product.sku.as_str());
        let options = cards::chosen(product, &need, &BTreeMap::new());
        let shown = cards::shown(self.context, &need, product, options.clone());
        self.action =
            Action { sku: Some(shown.card.sku.clone()), ..Action::of(ActionKind::Answer) };
        self.moves.push(Move::NoOther { card: Some(shown.card.clone()), lead });
        self.state.focus = Some(Focus { sku: shown.card.sku.clone(), options, pieces: Vec::new() });
        self.products.push(shown);
        self.ask_to_buy(product);
    }

    /// Records that a product was refused.
    pub(super) fn reject(&mut self, sku: &str) {
        if !self.state.rejected.iter().any(|known| known == sku) {
            self.state.rejected.push(sku.to_owned());
        }
    }

    /// What goes with the product bought or discussed: other kinds with the same leading facet.
    pub(super) fn accessories(&mut self) {
        let focus = references::focus(&self.state);
        let Some(product) = focus.and_then(|sku| self.context.catalog.product(&sku)) else {
            return self.search(Lead::First);
        };
        let leading = self.context.catalog.leading_facet();
        let mut need = Need { quantity: None, ..Need::default() };
        if let Some(facet) = leading
            && let Some(values) = product.facets.get(&facet.key)
        {
            let wish = need.facets.entry(facet.key.clone()).or_default();
            wish.must.clone_from(values);
        }
        for facet in
            self.context.catalog.facets().iter().filter(|facet| facet.missing == Missing::Matches)
        {
            if let Some(wish) = self.state.need.facets.get(&facet.key) {
                need.facets.insert(facet.key.clone(), wish.clone());
            }
        }
        let kinds = |found: &&Product| found.category != product.category;
        let all = search::strict(self.context, &need, &self.state.shown);
        let mut found: Vec<&Product> = Vec::new();
        for candidate in all.into_iter().filter(kinds) {
            if found.iter().all(|known| known.category != candidate.category) {
                found.push(candidate);
            }
        }
        found.truncate(SHOWN_AT_ONCE);
        if found.is_empty() {
            return self.ask_need();
        }
        self.state.need = need;
        self.state.asked.clear();
        self.show_products(&found, Lead::Accessory, Vec::new());
    }
}
