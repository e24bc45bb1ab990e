//! Buying: the product meant, its options, the pieces, the cart, the link.

use super::cards;
use super::choose::Turn;
use super::references;
use super::sizes;
use super::taken::PIECES_MAX;
use crate::command::Command;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Availability;
use crate::plan::HandoffReason;
use crate::plan::Lead;
use crate::plan::LineText;
use crate::plan::Move;
use crate::shop;
use crate::shop::Catalog;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::Focus;
use crate::state::LINES_MAX;
use crate::state::Line;
use crate::state::Need;
use crate::state::Pending;
use crate::state::Topic;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Bytes of a link's value that stand for themselves; all others are percent-encoded.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

/// A value as part of an address.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

impl<'a> Turn<'a> {
    /// Goes on with a purchase: what is still open is asked, else the link is sent.
    pub(super) fn buying(&mut self) {
        self.open(Topic::Purchase);
        self.take_out();
        if self.left_open() {
            return self.ask_which();
        }
        let skus = self.bought();
        self.take_value(&skus);
        let products = skus.iter().filter_map(|sku| self.context.catalog.product(sku));
        let products: Vec<&Product> = products.collect();
        if !matches!(self.before.pending, Some(Pending::Option { .. })) {
            self.state.to_buy.clear();
        }
        match products[..] {
            [] if !self.state.cart.is_empty() => self.checkout(),
            [] if !self.moves.is_empty() => self.after_answers(),
            [] => self.search(Lead::First),
            [product] => self.buy(product),
            _ => self.buy_several(&products),
        }
    }

    /// The products that the message buys.
    fn bought(&self) -> Vec<String> {
        let mut skus: Vec<String> = Vec::new();
        for said in &self.reading.commands {
            if let Command::Choose { reference, .. } = &said.command {
                for sku in self.resolve(reference) {
                    if !skus.contains(&sku) {
                        skus.push(sku);
                    }
                }
            }
        }
        let pays = self.has(|command| matches!(command, Command::Checkout));
        let focus = references::focus(&self.state);
        let in_cart = self.state.cart.iter().any(|line| Some(&line.sku) == focus.as_ref());
        let settled = self.state.link.is_none() || in_cart;
        if skus.is_empty() && pays && !self.state.cart.is_empty() && settled {
            return skus;
        }
        if let Some(all) = self.summed(&skus) {
            return all;
        }
        if skus.is_empty() {
            skus.extend(match &self.before.pending {
                Some(Pending::Buy { sku } | Pending::Option { sku, .. }) => Some(sku.clone()),
                _ => references::focus(&self.state),
            });
        }
        skus
    }

    /// Buys one product.
    pub(super) fn buy(&mut self, product: &'a Product) {
        let sku = product.sku.as_str().to_owned();
        if !self.state.need.pieces.is_empty() {
            return self.buy_pieces(product);
        }
        let need = self.state.need.clone();
        let focus = self.state.focus.as_ref().filter(|focus| focus.sku == sku);
        let stated = focus.map(|focus| focus.options.clone());
        let stated = stated.unwrap_or_else(|| self.options_in_cart(&sku));
        let options = cards::chosen(product, &need, &stated);
        self.state.focus =
            Some(Focus { sku: sku.clone(), options: options.clone(), pieces: Vec::new() });
        if cards::availability(product, &options) == Availability::SoldOut {
            return self.not_in_stock(product, options);
        }
        if let Some(key) = cards::missing(product, &options) {
            return self.option_open(product, &key.clone(), &options);
        }
        // "yes", of what is in the cart: as many as were ordered.
        let same = |line: &&Line| line.sku == sku && line.options == options;
        let ordered = self.state.cart.iter().find(same).map(|line| line.quantity);
        let quantity = self.state.need.quantity.or(ordered).unwrap_or(1).clamp(1, PIECES_MAX);
        self.put(product, &self.with_those_counted(product, (quantity, options)));
        self.buy_waiting();
    }

    /// Several sizes of one product: a line each.
    fn buy_pieces(&mut self, product: &Product) {
        let need = self.state.need.clone();
        let mut lines = Vec::new();
        for (pieces, size) in need.pieces.clone() {
            let mut stated = BTreeMap::new();
            let key = size.as_deref().and_then(|size| sized_by(product, size));
            if let (Some(size), Some(key)) = (&size, key) {
                if let [one] = sizes::of_product(product, key, size)[..] {
                    stated.insert(key.clone(), one.to_owned());
                } else {
                    let options = [(key.clone(), size.clone())].into();
                    return self.not_in_stock(product, options);
                }
            }
            let options = cards::chosen(product, &need, &stated);
            if cards::availability(product, &options) == Availability::SoldOut {
                return self.not_in_stock(product, options);
            }
            lines.push((pieces.clamp(1, PIECES_MAX), options));
        }
        let last = lines.last().map(|(_, options)| options.clone()).unwrap_or_default();
        let sku = product.sku.as_str().to_owned();
        self.state.focus = Some(Focus { sku, options: last, pieces: Vec::new() });
        self.put(product, &lines);
        self.checkout();
    }

    /// Several products: each in the options and pieces that the message states. Those that need
    /// nothing more are put into the cart; the first with an open option is asked for, the others
    /// wait.
    fn buy_several(&mut self, products: &[&'a Product]) {
        let said = self.stated_of_each();
        let counted = said.values().any(|one| one.pieces.is_some());
        let mut open: Vec<(&Product, BTreeMap<String, String>, String)> = Vec::new();
        let mut last = None;
        for product in products {
            let stated = said.get(product.sku.as_str());
            let need =
                stated.map_or_else(|| self.state.need.clone(), |one| one.over(&self.state.need));
            let options = cards::chosen(product, &need, &self.known_options(product));
            if cards::availability(product, &options) == Availability::SoldOut {
                return self.not_in_stock(product, options);
            }
            if let Some(key) = cards::missing(product, &options).cloned() {
                open.push((product, options, key));
                continue;
            }
            let pieces = stated.and_then(|one| one.pieces);
            let quantity = pieces.or(need.quantity.filter(|_| !counted)).unwrap_or(1);
            self.put(product, &[(quantity.clamp(1, PIECES_MAX), options.clone())]);
            last = Some((product.sku.as_str().to_owned(), options));
        }
        let mut open = open.into_iter();
        let Some((product, options, key)) = open.next() else {
            if let Some((sku, options)) = last {
                self.state.focus = Some(Focus { sku, options, pieces: Vec::new() });
            }
            return self.checkout();
        };
        self.state.to_buy = open.map(|(product, ..)| product.sku.as_str().to_owned()).collect();
        let sku = product.sku.as_str().to_owned();
        self.state.need.quantity =
            said.get(&sku).map_or(self.state.need.quantity, |one| one.pieces);
        self.state.focus = Some(Focus { sku, options: options.clone(), pieces: Vec::new() });
        if last.is_some() {
            let (lines, _) = cart_lines(self.context.catalog, &self.state.cart, self.context);
            self.moves.push(Move::Added { lines });
        }
        let card = cards::card(self.context, &self.state.need.clone(), product, &options);
        let (cards, given_up) = (vec![card], Vec::new());
        self.moves.push(Move::Present { cards, lead: Lead::Named, given_up });
        self.option_open(product, &key, &options);
    }

    /// Goes on with the products taken together with the one just settled.
    fn buy_waiting(&mut self) {
        let skus = std::mem::take(&mut self.state.to_buy);
        let catalog = self.context.catalog;
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        if products.is_empty() { self.checkout() } else { self.buy_several(&products) }
    }

    /// Asks for an option of the product that is bought; a size that the customer said in another
    /// system, or between two, is explained first.
    pub(super) fn option_open(
        &mut self,
        product: &'a Product,
        key: &str,
        options: &BTreeMap<String, String>,
    ) {
        let need = self.state.need.clone();
        let shown = cards::shown(self.context, &need, product, options.clone());
        self.action = Action {
            sku: Some(shown.card.sku.clone()),
            facet: Some(key.to_owned()),
            ..Action::of(ActionKind::Ask)
        };
        // What comes later only is said before a version of it is chosen.
        if shown.card.availability == Availability::Preorder
            && product.matching(options).all(|one| one.availability == shop::Availability::Preorder)
        {
            self.moves.push(Move::Stock { card: shown.card.clone(), sizes: Vec::new() });
        }
        self.products.push(shown);
        if self.explain_size(product, key) {
            return;
        }
        if let Some(value) = self.left_to_us(product, key, options) {
            let sku = product.sku.as_str().to_owned();
            let options = options.clone().into_iter().chain([(key.to_owned(), value)]).collect();
            self.state.focus = Some(Focus { sku, options, pieces: Vec::new() });
            self.products.clear();
            self.action = Action::of(ActionKind::Clarify);
            return self.buy(product);
        }
        let wanted = need.options.get(key).cloned().unwrap_or_default();
        let made = wanted.iter().any(|said| !sizes::of_product(product, key, said).is_empty());
        if let Some(said) = wanted.first().filter(|_| !made) {
            let said = [(key.to_owned(), said.clone())].into();
            self.products.clear();
            return self.not_in_stock(product, said);
        }
        self.ask_option(product, key, options);
    }

    /// A colour or the like that the customer was asked for and did not choose, but took the
    /// product all the same: the first one in stock, once the question was asked twice in vain. A
    /// size is never chosen for a customer.
    fn left_to_us(
        &self,
        product: &Product,
        key: &str,
        options: &BTreeMap<String, String>,
    ) -> Option<String> {
        let asked = matches!(&self.before.pending, Some(Pending::Option { facet, sku })
            if facet == key && sku == product.sku.as_str())
            && self.before.same_question > 0;
        let values = cards::to_be_had(product, key, options);
        let named = |value: &&str| {
            value.chars().any(char::is_lowercase) && !value.chars().any(|c| c.is_ascii_digit())
        };
        let first =
            values.first().filter(|_| asked && key != "size" && values.iter().all(named))?;
        Some((*first).to_owned())
    }

    /// Explains a size that the customer said in another system, or between two of the product's,
    /// and asks which; false if the size needs no explanation.
    pub(super) fn explain_size(&mut self, product: &Product, key: &str) -> bool {
        let need = self.state.need.clone();
        let wanted = need.options.get(key).cloned().unwrap_or_default();
        let made: Vec<String> = wanted
            .iter()
            .flat_map(|said| sizes::of_product(product, key, said))
            .map(str::to_owned)
            .collect();
        if let Some(said) = need.size_said.clone().filter(|_| key == "size" && !made.is_empty()) {
            for value in &made {
                self.button(format!("{key}={value}"), value.clone());
            }
            let sku = product.sku.as_str().to_owned();
            self.state.pending = Some(Pending::Option { facet: key.to_owned(), sku });
            self.moves.push(Move::SizeMapped { said, sizes: made });
            return true;
        }
        let said = wanted.first().filter(|_| made.is_empty());
        let between = said.and_then(|said| sizes::between(product, key, said));
        if let (Some(said), Some((smaller, larger))) = (said, between) {
            for value in [&larger, &smaller] {
                self.button(format!("{key}={value}"), value.clone());
            }
            let sku = product.sku.as_str().to_owned();
            self.state.pending = Some(Pending::Option { facet: key.to_owned(), sku });
            self.moves.push(Move::SizeBetween { said: said.clone(), larger, smaller });
            return true;
        }
        false
    }

    /// Puts lines into the cart, in place of the product's lines that the last link was for, or of
    /// the same variant.
    fn put(&mut self, product: &Product, lines: &[(u32, BTreeMap<String, String>)]) {
        let sku = product.sku.as_str();
        let corrected = self.before.link.is_some()
            && self.before.focus.as_ref().is_some_and(|focus| focus.sku == sku);
        // "no, L for the jacket": in place of the one ordered.
        let corrected = corrected || self.reading.refuses;
        if (corrected || lines.len() > 1) && !self.reading.adds {
            self.state.cart.retain(|line| line.sku != sku);
        }
        for (quantity, options) in lines {
            let Some(variant) = cards::variant(product, options) else { continue };
            let variant = variant.sku.as_str().to_owned();
            let quantity = self.with_those_before((&variant, options), *quantity);
            self.state.cart.retain(|line| line.variant != variant || line.options != *options);
            if self.state.cart.len() < LINES_MAX {
                self.state.cart.push(Line {
                    sku: sku.to_owned(),
                    variant,
                    options: options.clone(),
                    quantity,
                });
            }
        }
        self.state.need.quantity = None;
        self.state.need.pieces.clear();
    }

    /// Sends the link for the cart.
    pub(super) fn checkout(&mut self) {
        let focus = self.state.focus.as_ref().map(|focus| focus.sku.clone());
        let known = |line: &&Line| self.context.catalog.product(&line.sku).is_some();
        let last = self.state.cart.iter().rev().find(known);
        let sku = focus.or_else(|| last.map(|line| line.sku.clone()));
        self.show_cart();
        if let Some(sku) = &sku
            && let Some(place) = self.products.iter().position(|shown| shown.card.sku == *sku)
        {
            self.products.swap(0, place);
        }
        self.state.pending = None;
        self.action = Action { sku: sku.clone(), ..Action::of(ActionKind::Checkout) };
        // Lines and links in one order; the action's link is that of the product it names.
        let (lines, total) = cart_lines(self.context.catalog, &self.state.cart, self.context);
        let links = links(self.context, &self.state.cart);
        let place =
            self.state.cart.iter().filter(known).position(|line| Some(&line.sku) == sku.as_ref());
        let own = place.and_then(|place| links.get(place)).or(links.first());
        let Some(first) = own.cloned() else {
            self.moves.push(Move::CheckoutByPerson);
            self.handoff = Some(HandoffReason::Requested);
            return;
        };
        self.state.link = Some(first.clone());
        self.action.link = Some(first);
        self.moves.push(Move::Checkout { lines, total, link: links.join("\n") });
        let tier = self.context.customer.tier.as_deref().unwrap_or_default();
        if self.context.shop.personal_tiers.iter().any(|personal| personal == tier) {
            self.handoff = Some(HandoffReason::VipBuying);
        }
    }

    /// Removes a line of the cart; false if the message does not ask for it.
    pub(super) fn removes(&mut self) -> bool {
        if !self.take_out() {
            return false;
        }
        self.state.link = None;
        self.action = Action::of(ActionKind::Answer);
        if self.state.cart.is_empty() {
            self.moves.push(Move::AskAnything);
            self.state.pending = Some(Pending::Anything);
        } else {
            let (lines, total) = cart_lines(self.context.catalog, &self.state.cart, self.context);
            self.moves.push(Move::Cart { lines, total });
            self.show_cart();
        }
        true
    }
}

/// The pieces of several sizes that a need states, with the options of each, as far as they are
/// made.
pub(super) fn lines(product: &Product, need: &Need) -> Vec<(u32, BTreeMap<String, String>)> {
    let mut found = Vec::new();
    for (pieces, size) in &need.pieces {
        let Some(size) = size else { continue };
        let Some(key) = sized_by(product, size) else { continue };
        let made = sizes::of_product(product, key, size).first().copied();
        let stated = made.map(|made| (key.clone(), made.to_owned()));
        let stated: BTreeMap<String, String> = stated.into_iter().collect();
        let pieces = (*pieces).clamp(1, PIECES_MAX);
        found.push((pieces, cards::chosen(product, need, &stated)));
    }
    found
}

/// The option of a product that has a value, else its first one.
fn sized_by<'a>(product: &'a Product, size: &str) -> Option<&'a String> {
    let made = |key: &&String| !sizes::of_product(product, key, size).is_empty();
    product.options.iter().find(made).or(product.options.first())
}

/// The cart's lines as said, with their sum; `None` for the sum if a price is unknown. A product
/// that the catalogue does not have is said by its code; a code of several words is left out: it
/// may be a sentence.
pub(super) fn cart_lines(
    catalog: &Catalog,
    cart: &[Line],
    context: &super::Context<'_>,
) -> (Vec<LineText>, Option<Money>) {
    let mut lines = Vec::new();
    let mut sum: Option<Money> = None;
    let mut complete = true;
    for line in cart {
        let product = catalog.product(&line.sku);
        let variant = product.and_then(|product| cards::variant(product, &line.options));
        let (Some(product), Some(variant)) = (product, variant) else {
            complete = false;
            if product.is_none() && is_code(&line.sku) {
                let (quantity, name) = (line.quantity, line.sku.clone());
                lines.push(LineText { quantity, name, options: Vec::new(), total: None });
            }
            continue;
        };
        let amount = variant.price.amount.saturating_mul(Decimal::from(line.quantity));
        let total = Money { amount, currency: variant.price.currency };
        sum = Some(Money {
            amount: sum.map_or(Decimal::ZERO, |sum| sum.amount).saturating_add(amount),
            currency: total.currency,
        });
        let labelled = line.options.iter().filter(|(key, _)| product.option_values(key).len() > 1);
        lines.push(LineText {
            quantity: line.quantity,
            name: product.name.clone(),
            options: labelled
                .map(|(key, value)| {
                    let label = catalog.key_label(key, context.language);
                    (label, cards::option_label(context, key, value))
                })
                .collect(),
            total: Some(total),
        });
    }
    (lines, sum.filter(|_| complete))
}

/// Whether an sku is a code, which may be said, and no sentence.
fn is_code(sku: &str) -> bool {
    sku.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
}

/// The checkout links of a cart: one if the shop's link takes several lines, else one a line.
fn links(context: &super::Context<'_>, cart: &[Line]) -> Vec<String> {
    let form = context.shop.checkout_url.as_str();
    if form.is_empty() {
        return Vec::new();
    }
    let known = |line: &&Line| context.catalog.product(&line.sku).is_some();
    let lines: Vec<&Line> = cart.iter().filter(known).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let fill = |line: &Line| {
        let size = line.options.get("size").or(line.options.values().next());
        form.replace("{sku}", &encoded(&line.variant))
            .replace("{product}", &encoded(&line.sku))
            .replace("{size}", &encoded(size.map_or("", String::as_str)))
            .replace("{quantity}", &line.quantity.to_string())
            .replace("{thread}", &encoded(context.thread))
    };
    if form.contains("{lines}") {
        let all: Vec<String> = lines
            .iter()
            .map(|line| format!("{}:{}", encoded(&line.variant), line.quantity))
            .collect();
        return vec![fill(lines[0]).replace("{lines}", &all.join(","))];
    }
    lines.into_iter().map(fill).collect()
}
