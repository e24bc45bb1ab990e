//! Sums: of the cart, of several products, of several sizes of one.

use super::buying;
use super::cards;
use super::choose::Turn;
use super::references;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Move;
use crate::shop::Lookups;
use crate::shop::Product;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

impl Turn<'_> {
    /// Prices of several products, with their sum.
    pub(super) fn prices(&mut self, about: &Reference) {
        let catalog = self.context.catalog;
        let skus = self.resolve(about);
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        let mut sum: Option<Money> = None;
        let mut complete = true;
        let need = self.state.need.clone();
        for product in &products {
            let focus = self.state.focus.as_ref().filter(|one| one.sku == product.sku.as_str());
            let stated = focus.map(|focus| focus.options.clone()).unwrap_or_default();
            let options = cards::chosen(product, &need, &stated);
            self.price_of(product, &options);
            let pieces = Decimal::from(need.quantity.unwrap_or(1));
            let exact = cards::missing(product, &options).is_none();
            let variant = cards::variant(product, &options).filter(|_| exact);
            let price = variant.map(|variant| variant.price);
            let Some(price) = price else {
                complete = false;
                continue;
            };
            let amount = price.amount.saturating_mul(pieces);
            let before = sum.map_or(Decimal::ZERO, |sum| sum.amount);
            sum = Some(Money { amount: before.saturating_add(amount), currency: price.currency });
            let shown = cards::shown(self.context, &need, product, options);
            if self.products.iter().all(|known| known.card.sku != shown.card.sku) {
                self.products.push(shown);
            }
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        let first = products.first().map(|product| product.sku.as_str().to_owned());
        self.action = Action { sku: first, ..Action::of(ActionKind::Answer) };
        if let Some(total) = sum.filter(|_| products.len() > 1 && complete) {
            self.moves.push(Move::Sum { total });
        }
    }

    /// The sum: of the products meant, else of the cart, else of what is under discussion.
    pub(super) fn total(&mut self, about: Option<&Reference>) {
        let open = about.is_none() && self.state.cart.is_empty() && self.several_open();
        let about = if open { Some(&Reference::Both) } else { about };
        let meant = about.map(|reference| self.resolve(reference)).unwrap_or_default();
        let bought = |sku: &String| self.state.cart.iter().any(|line| line.sku == *sku);
        if let Some(about) = about.filter(|_| meant.len() > 1 && !meant.iter().all(bought)) {
            return self.prices(about);
        }
        if let [sku] = &meant[..]
            && let Some(product) = self.context.catalog.product(sku).filter(|_| !bought(sku))
        {
            let options = cards::chosen(product, &self.state.need.clone(), &BTreeMap::new());
            self.action.kind = ActionKind::Answer;
            return self.price_of(product, &options);
        }
        let focus = references::focus(&self.state);
        let product = focus.and_then(|sku| self.context.catalog.product(&sku));
        if let Some(product) = product.filter(|_| !self.state.need.pieces.is_empty()) {
            return self.total_of_pieces(product);
        }
        self.cart();
    }

    /// The price of several sizes of one product, with their sum.
    pub(super) fn total_of_pieces(&mut self, product: &Product) {
        let need = self.state.need.clone();
        let lines = buying::lines(product, &need);
        let mut sum: Option<Money> = None;
        let mut complete = true;
        for (pieces, options) in lines {
            // A version that is still open has no price to add, and a sum leaves nothing out.
            if cards::missing(product, &options).is_some() {
                complete = false;
                continue;
            }
            let card = cards::card(self.context, &need, product, &options);
            let Some(variant) = cards::variant(product, &options) else { continue };
            let amount = variant.price.amount.saturating_mul(Decimal::from(pieces));
            let currency = variant.price.currency;
            self.moves
                .push(Move::PriceOf { card, pieces: Some((pieces, Money { amount, currency })) });
            let before = sum.map_or(Decimal::ZERO, |sum| sum.amount);
            sum = Some(Money { amount: before.saturating_add(amount), currency });
        }
        if self.moves.is_empty() {
            self.price_of(product, &BTreeMap::new());
        }
        let sku = Some(product.sku.as_str().to_owned());
        self.action = Action { sku, ..Action::of(ActionKind::Answer) };
        if let Some(total) = sum.filter(|_| complete) {
            self.moves.push(Move::Sum { total });
        }
        self.keep_buying(product);
    }

    pub(super) fn cart(&mut self) {
        let context = self.context;
        // "both together under 200": nothing was chosen yet, the search answers.
        if self.state.cart.is_empty() && self.changes.sought {
            return;
        }
        if self.state.cart.is_empty()
            && let Some(product) =
                references::focus(&self.state).and_then(|sku| context.catalog.product(&sku))
        {
            let need = self.state.need.clone();
            let options = cards::chosen(product, &need, &BTreeMap::new());
            self.action = Action {
                sku: Some(product.sku.as_str().to_owned()),
                ..Action::of(ActionKind::Answer)
            };
            return self.price_of(product, &options);
        }
        let (lines, total) = buying::cart_lines(context.catalog, &self.state.cart, context);
        if lines.is_empty() && !self.state.cart.is_empty() {
            // Nothing in it can be named: it is not said to be empty.
            self.moves.push(Move::NoPolicy);
            self.button("intent=human_agent".to_owned(), "");
        } else {
            self.moves.push(Move::Cart { lines, total });
        }
        self.action = Action { topic: Some("cart".to_owned()), ..Action::of(ActionKind::Answer) };
    }
}
