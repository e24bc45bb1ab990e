//! Sums: of the cart, of several products, of several sizes of one.

use super::buying;
use super::cards;
use super::choose::Turn;
use super::references;
use super::taken;
use super::taken::PIECES_MAX;
use crate::command::Question;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Move;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Focus;
use crate::state::Line;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

impl Turn<'_> {
    /// What is left of a cart is to be paid by another link than the one sent before.
    pub(super) fn pay_again(&mut self) {
        if self.before.link.is_some() && !self.state.cart.is_empty() {
            self.moves.retain(|said| !matches!(said, Move::Cart { .. }));
            let focus = self.state.focus.take();
            let kept = |focus: &Focus| self.state.cart.iter().any(|line| line.sku == focus.sku);
            self.state.focus = focus.filter(kept);
            self.checkout();
        }
    }

    /// Keeps what is added up, so that a yes orders it with its pieces.
    fn sum_up(&mut self, product: &Product, options: &BTreeMap<String, String>, of: Option<u32>) {
        let sku = product.sku.as_str().to_owned();
        let variant = cards::variant(product, options).map(|one| one.sku.to_string());
        self.state.summed.retain(|line| line.sku != sku);
        self.state.summed.push(Line {
            variant: variant.unwrap_or_else(|| sku.clone()),
            sku,
            options: options.clone(),
            quantity: of.unwrap_or(1).clamp(1, PIECES_MAX),
        });
    }

    /// Prices of several products, with their sum.
    pub(super) fn prices(&mut self, about: &Reference) {
        let catalog = self.context.catalog;
        self.state.summed.clear();
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
            self.sum_up(product, &options, need.quantity);
            let pieces = Decimal::from(need.quantity.unwrap_or(1));
            let Some(price) = cards::one_price(product, &options) else {
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

    /// The prices of the products that a message lists, with their sum.
    fn sum_of(&mut self, listed: BTreeMap<String, taken::Stated>) {
        let catalog = self.context.catalog;
        let mut sum: Option<Money> = None;
        self.state.summed.clear();
        self.state.pending = None;
        for (sku, stated) in listed {
            let Some(product) = catalog.product(&sku) else { continue };
            self.state.need.quantity = stated.pieces;
            let need = stated.over(&self.state.need);
            let options = cards::chosen(product, &need, &self.known_options(product));
            self.price_of(product, &options);
            self.sum_up(product, &options, stated.pieces);
            let price = cards::variant(product, &options).map_or(product.price, |one| one.price);
            let pieces = Decimal::from(stated.pieces.unwrap_or(1));
            let before = sum.map_or(Decimal::ZERO, |sum| sum.amount);
            let amount = before.saturating_add(price.amount.saturating_mul(pieces));
            sum = Some(Money { amount, currency: price.currency });
            self.products.push(cards::shown(self.context, &need, product, options));
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        self.state.need.quantity = None;
        let first = self.products.first().map(|shown| shown.card.sku.clone());
        if let Some(shown) = self.products.first().cloned() {
            let (sku, options) = (shown.card.sku, shown.options);
            self.state.focus = Some(Focus { sku, options, pieces: Vec::new() });
        }
        self.action = Action { sku: first, ..Action::of(ActionKind::Answer) };
        if let Some(total) = sum.filter(|_| self.products.len() > 1) {
            self.moves.push(Move::Sum { total });
        }
    }

    /// The sum: of the products meant, else of the cart, else of what is under discussion.
    pub(super) fn total(&mut self, about: Option<&Reference>) {
        // "2 of these and 1 of those, how much is that?"
        let listed = taken::of_each(&self.reading.commands);
        if about.is_none() && listed.len() > 1 {
            return self.sum_of(listed);
        }
        // "so how much is that now?", of what was added up before.
        if about.is_none() && self.state.cart.is_empty() && !self.before.summed.is_empty() {
            let all = self.stated_of_each();
            let named = |sku: &String| listed.is_empty() || listed.contains_key(sku);
            return self.sum_of(all.into_iter().filter(|(sku, _)| named(sku)).collect());
        }
        // "2 of the Dorane, what do I pay?"
        if about.is_none() && listed.values().any(|one| one.pieces.is_some()) {
            return self.sum_of(listed);
        }
        let open = about.is_none() && self.state.cart.is_empty() && self.several_open();
        let about = if open { Some(&Reference::Both) } else { about };
        let meant = about.map(|reference| self.resolve(reference)).unwrap_or_default();
        let bought = |sku: &String| self.state.cart.iter().any(|line| line.sku == *sku);
        if let Some(about) = about.filter(|_| meant.len() > 1 && !meant.iter().all(bought)) {
            return self.prices(about);
        }
        if let [sku] = &meant[..]
            && !bought(sku)
        {
            return self.about_product(&Question::Price, about);
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
            let Some(price) = cards::one_price(product, &options) else {
                complete = false;
                continue;
            };
            let card = cards::card(self.context, &need, product, &options);
            let amount = price.amount.saturating_mul(Decimal::from(pieces));
            let currency = price.currency;
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

    /// Shows the products of the cart.
    pub(super) fn show_cart(&mut self) {
        let need = self.state.need.clone();
        for line in &self.state.cart {
            if let Some(product) = self.context.catalog.product(&line.sku) {
                let shown = cards::shown(self.context, &need, product, line.options.clone());
                if self.products.iter().all(|known| known != &shown) {
                    self.products.push(shown);
                }
            }
        }
    }

    /// What was taken out of the cart is not under discussion any more.
    pub(super) fn leave(&mut self, sku: &str) {
        if self.state.focus.as_ref().is_none_or(|focus| focus.sku == sku) {
            self.state.focus = self.state.cart.last().map(|line| Focus {
                sku: line.sku.clone(),
                options: line.options.clone(),
                pieces: Vec::new(),
            });
        }
        self.state.discussed.retain(|known| known != sku);
        self.state.last_shown.retain(|known| known != sku);
        self.state.pending = None;
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
