//! Searching, showing, comparing and criticising products.

use super::apply::CATEGORY;
use super::cards;
use super::choose::Turn;
use super::search;
use crate::command::Command;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::Availability;
use crate::plan::GivenUp;
use crate::plan::Lead;
use crate::plan::Move;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::shop::QuestionOptions;
use crate::state::Focus;
use crate::state::Need;
use crate::state::Pending;
use crate::state::Topic;
use std::collections::BTreeMap;

/// Most products shown at once.
pub(super) const SHOWN_AT_ONCE: usize = 3;

/// Most products that titles are compared of.
const FOUND_MAX: usize = 48;

/// Matching products from which a need is too wide to show any before a question.
const WIDE_MIN: usize = 6;

/// Wishes from which a need is specific: one product is shown, not a choice.
const SPECIFIC_MIN: usize = 3;

/// When a question on a facet is worth a customer's turn.
const QUESTIONS: QuestionOptions =
    QuestionOptions { candidates_min: 4, options_max: 5, coverage_min: 0.4, gain_bits_min: 0.3 };

impl<'a> Turn<'a> {
    /// Shows products for the need, or asks for what narrows it most.
    pub(super) fn search(&mut self, lead: Lead) {
        self.open(Topic::Purchase);
        self.no_offer |= false;
        let need = self.state.need.clone();
        if !search::searchable(&need) {
            let said = self.moves.len();
            self.ask_need();
            return self.say_size(&need, said);
        }
        if self.is_only_words(&need) && !search::says(self.context, &need) {
            return self.nothing(&need);
        }
        let strict = search::strict(self.context, &need, &self.state.rejected);
        let strict = search::titled(self.context, &need, strict);
        if !self.changes.indifferent {
            let said = self.moves.len();
            if need.category.is_none() && kinds(&strict) > 1 && self.ask_kind() {
                return self.say_size(&need, said);
            }
            if self.asks_first(&need, strict.len()) && self.ask_facet() {
                return self.say_size(&need, said);
            }
        }
        // The customer insists, and nothing new was understood: another product is shown.
        let insists = lead == Lead::First
            && need == self.before.need
            && self.before.focus.is_some()
            && self.state.later.is_empty()
            && !self.changes.indifferent;
        if insists && !self.reading.refuses && self.names_focus() && self.show(&[Reference::Focus])
        {
            return;
        }
        // "no, a leather one": what was offered is not shown again.
        let refused = lead == Lead::First
            && self.before.focus.is_some()
            && self.has(|command| matches!(command, Command::Deny));
        let insists = insists || refused;
        self.present(&need, if insists { Lead::Another } else { lead });
    }

    /// Says first what a size of another system is in the shop's, if this message named it: it may
    /// have asked for just that.
    fn say_size(&mut self, need: &Need, place: usize) {
        let Some(said) = need.size_said.clone().filter(|_| self.changes.sized) else { return };
        let sizes = need.options.get("size").cloned().unwrap_or_default();
        if !sizes.is_empty() {
            self.moves.insert(place, Move::SizeMapped { said, sizes });
        }
    }

    /// Whether a need is only words that no rule explains.
    fn is_only_words(&self, need: &Need) -> bool {
        need.category.is_none()
            && !need.words.is_empty()
            && need.facets.values().all(|wish| wish.must.is_empty())
    }

    /// Whether the message only names the kind under discussion, or what it has: "the dumbbells
    /// then".
    fn names_focus(&self) -> bool {
        let catalog = self.context.catalog;
        let focus = self.before.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
        let Some(product) = focus else { return false };
        let talk = |command: &Command| {
            matches!(command, Command::Confirm | Command::Thank | Command::Greet | Command::Browse)
        };
        self.reading.commands.iter().all(|said| match &said.command {
            Command::Seek { category, .. } => catalog.is_within(&product.category, category),
            Command::Constrain { facet, value, polarity } => {
                let has = super::references::has_value(product, facet, value);
                has == (*polarity != crate::command::Polarity::MustNot)
            }
            command => talk(command),
        })
    }

    /// Whether a question comes before products: the need is wide, and little was asked yet.
    fn asks_first(&self, need: &Need, matching: usize) -> bool {
        let vague = need.category.is_none();
        // "the cheapest one" can be shown at once.
        if need.low_price && !vague && !self.before.need.low_price {
            return false;
        }
        let specific = search::wishes(need) >= SPECIFIC_MIN;
        matching > WIDE_MIN
            && (!specific || vague)
            && self.state.asked.len()
                < self.context.rules.questions_max.min(if vague { usize::MAX } else { 1 })
    }

    /// Asks for the kind of product; false if that was asked before.
    pub(super) fn ask_kind(&mut self) -> bool {
        if self.state.asked.iter().any(|key| key == CATEGORY) {
            return false;
        }
        let facets = self.context.catalog.facets().iter().map(|facet| facet.key.clone());
        self.ask(facets.collect())
    }

    /// Asks for the facet that narrows the need most; false if there is none.
    fn ask_facet(&mut self) -> bool {
        let need = &self.state.need;
        let mut asked = self.state.asked.clone();
        asked.extend(need.facets.iter().filter(|(_, wish)| wish.any).map(|(key, _)| key.clone()));
        self.ask(asked)
    }

    /// Asks for the best facet that is not among `asked`.
    fn ask(&mut self, mut asked: Vec<String>) -> bool {
        // What is looked for was just asked: asking for the kind would be the same question.
        if self.before.pending == Some(Pending::Need) {
            asked.push(CATEGORY.to_owned());
        }
        let need = &self.state.need;
        let query = search::query(self.context, need, &[]);
        let catalog = self.context.catalog;
        let question = catalog.question(&query, &asked, &QUESTIONS);
        let Some(question) = question else { return false };
        let language = self.context.language;
        let Some(text) = catalog.question_text(&question.key, language) else { return false };
        for choice in &question.options {
            self.button(choice.to_string(), catalog.label(choice, language));
        }
        self.state.asked.push(question.key.clone());
        self.state.pending = Some(Pending::Facet { facet: question.key.clone() });
        let label = catalog.key_label(&question.key, language);
        self.action = Action { facet: Some(question.key), ..Action::of(ActionKind::Ask) };
        self.moves.push(Move::AskFacet { question: text, label });
        true
    }

    /// Asks what is looked for.
    pub(super) fn ask_need(&mut self) {
        if self.state.asked.is_empty() && self.ask_facet() {
            return;
        }
        self.state.pending = Some(Pending::Need);
        self.action = Action::of(ActionKind::Ask);
        self.moves.push(Move::AskNeed);
    }

    /// Shows the products that fit best.
    pub(super) fn present(&mut self, need: &Need, lead: Lead) {
        let without = self.left_out(need, lead);
        let (mut products, mut given_up, mut matching) =
            search::find(self.context, need, &without, FOUND_MAX);
        if products.is_empty() {
            return self.nothing(need);
        }
        if let Some((kept, lost)) = self.within_kind(need, &without, &given_up) {
            (products, given_up) = (kept, lost);
        }
        if lead != Lead::Another {
            let all = products.len();
            products = search::titled(self.context, need, products);
            if products.len() < all {
                matching = products.len();
            }
        }
        products.truncate(SHOWN_AT_ONCE);
        let specific = search::wishes(need) >= SPECIFIC_MIN || !given_up.is_empty();
        if specific || matching <= SHOWN_AT_ONCE || lead != Lead::First {
            products.truncate(1);
        }
        self.exact = Some(given_up.is_empty());
        // The word for a kind may stand for another one, too: what was meant is shown.
        let given_up: Vec<_> =
            given_up.into_iter().filter(|wish| !matches!(wish, GivenUp::Category(_))).collect();
        let given_up = self.announced(given_up);
        let again = lead == Lead::First
            && products.first().is_some_and(|product| {
                self.before.last_shown.first().is_some_and(|sku| sku == product.sku.as_str())
            });
        let lead = if again { Lead::Updated } else { lead };
        self.show_products(&products, lead, given_up);
    }

    /// Products that are not shown now: those refused and, where another one is wanted, those shown
    /// before; at least the last ones, if nothing else fits as well.
    fn left_out(&self, need: &Need, lead: Lead) -> Vec<String> {
        let refused = self.state.rejected.clone();
        if lead != Lead::Another {
            return refused;
        }
        let last = [refused.clone(), self.before.last_shown.clone()].concat();
        let all = [refused, self.before.shown.clone()].concat();
        let found = |without: &[String]| search::find(self.context, need, without, 1);
        let (fresh, given_up, _) = found(&all);
        let as_good = !fresh.is_empty() && given_up.len() <= found(&last).1.len();
        if as_good { all } else { last }
    }

    /// A new wish that nothing of the kind looked for meets is given up before the kind is.
    fn within_kind(
        &self,
        need: &Need,
        without: &[String],
        given_up: &[GivenUp],
    ) -> Option<(Vec<&'a Product>, Vec<GivenUp>)> {
        let left = given_up.iter().any(|wish| matches!(wish, GivenUp::Category(_)));
        if !left || self.changes.sought || need.category != self.before.need.category {
            return None;
        }
        let mut kept = need.clone();
        kept.facets.clone_from(&self.before.need.facets);
        let (products, others, _) = search::find(self.context, &kept, without, SHOWN_AT_ONCE);
        if products.is_empty() || others.iter().any(|wish| matches!(wish, GivenUp::Category(_))) {
            return None;
        }
        let before = &self.before.need.facets;
        let new = need.facets.iter().flat_map(|(key, wish)| {
            let known = before.get(key).map(|wish| wish.must.as_slice()).unwrap_or_default();
            let fresh = wish.must.iter().filter(|value| !known.contains(value));
            fresh.map(|value| FacetChoice::new(key.as_str(), value.as_str()))
        });
        let labels = new.map(|choice| self.context.catalog.label(&choice, self.context.language));
        Some((products, labels.map(GivenUp::Value).chain(others).collect()))
    }

    /// Says that nothing fits, and keeps the conversation going.
    pub(super) fn nothing(&mut self, need: &Need) {
        let wanted = need.category.as_ref().map(|category| {
            let choice = FacetChoice::new("category", category);
            self.context.catalog.label(&choice, self.context.language)
        });
        self.exact = Some(false);
        self.moves.push(Move::NothingFound { wanted: wanted.unwrap_or_default() });
        self.action = Action::of(ActionKind::Ask);
        self.moves.push(Move::AskNeed);
        self.state.pending = Some(Pending::Need);
        self.state.need.words.clear();
    }

    /// Shows products: the first comes into focus, and one question follows.
    pub(super) fn show_products(
        &mut self,
        products: &[&Product],
        lead: Lead,
        given_up: Vec<GivenUp>,
    ) {
        let need = self.state.need.clone();
        let kept = self.state.focus.take();
        self.products.clear();
        for product in products {
            let before = kept.as_ref().filter(|focus| focus.sku == product.sku.as_str());
            let before = before.map(|focus| focus.options.clone()).unwrap_or_default();
            let options = cards::chosen(product, &need, &before);
            self.products.push(cards::shown(self.context, &need, product, options));
        }
        let cards = self.products.iter().map(|shown| shown.card.clone()).collect();
        self.moves.push(Move::Present { cards, lead, given_up });
        let Some(first) = self.products.first().cloned() else { return };
        self.action =
            Action { sku: Some(first.card.sku.clone()), ..Action::of(ActionKind::Recommend) };
        self.state.focus =
            Some(Focus { sku: first.card.sku.clone(), options: first.options, pieces: Vec::new() });
        self.open(Topic::Purchase);
        match products {
            [product] => self.ask_to_buy(product),
            _ => self.ask_to_pick(products),
        }
    }

    /// Asks which of several.
    fn ask_to_pick(&mut self, products: &[&Product]) {
        for product in products {
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        self.state.pending = Some(Pending::Pick);
        self.moves.push(Move::AskPick);
    }

    /// Asks for the size of the product in focus, else whether it is wanted.
    pub(super) fn ask_to_buy(&mut self, product: &Product) {
        let sku = product.sku.as_str().to_owned();
        let options = self.state.focus.as_ref().map(|focus| focus.options.clone());
        let options = options.unwrap_or_default();
        if let Some(key) = cards::missing(product, &options) {
            if self.explain_size(product, key) {
                return;
            }
            return self.ask_option(product, key, &options);
        }
        self.button(format!("take={sku}"), "");
        self.button(format!("other={sku}"), "");
        self.state.pending = Some(Pending::Buy { sku });
        self.moves.push(Move::AskBuy);
    }

    /// Asks for one option of a product, with the values that can be had.
    pub(super) fn ask_option(
        &mut self,
        product: &Product,
        key: &str,
        options: &BTreeMap<String, String>,
    ) {
        let values: Vec<String> =
            cards::to_be_had(product, key, options).into_iter().map(str::to_owned).collect();
        let question = self.context.catalog.question_text(key, self.context.language);
        for value in &values {
            let label = cards::option_label(self.context, key, value);
            self.button(format!("{key}={value}"), label);
        }
        let values = self.option_labels(key, &values);
        let facet = key.to_owned();
        if self.action.kind != ActionKind::Recommend || self.action.facet.is_none() {
            self.action.facet = Some(facet.clone());
        }
        self.state.pending = Some(Pending::Option { facet, sku: product.sku.as_str().to_owned() });
        let question = question.unwrap_or_default();
        let label = self.context.catalog.key_label(key, self.context.language);
        self.moves.push(Move::AskOption { question, label, values });
    }

    /// How the values of an option are called.
    pub(super) fn option_labels(&self, key: &str, values: &[String]) -> Vec<String> {
        values.iter().map(|value| cards::option_label(self.context, key, value)).collect()
    }

    /// Shows the products that references mean; false if nothing fits.
    pub(super) fn show(&mut self, references: &[Reference]) -> bool {
        let mut skus: Vec<String> = Vec::new();
        for sku in references.iter().flat_map(|reference| self.resolve(reference)) {
            if !skus.contains(&sku) && skus.len() < SHOWN_AT_ONCE {
                skus.push(sku);
            }
        }
        let catalog = self.context.catalog;
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        if products.is_empty() {
            return false;
        }
        let known = products
            .iter()
            .all(|product| self.before.last_shown.iter().any(|sku| sku == product.sku.as_str()));
        let lead = if known { Lead::Back } else { Lead::Named };
        let unavailable = products.len() == 1 && self.unavailable(products[0]);
        if !unavailable {
            self.show_products(&products, lead, Vec::new());
        }
        true
    }

    /// Answers that a product cannot be had in the options wanted, if so, with those that can.
    pub(super) fn unavailable(&mut self, product: &Product) -> bool {
        let need = self.state.need.clone();
        let focus = self.state.focus.as_ref().filter(|focus| focus.sku == product.sku.as_str());
        let stated = focus.map(|focus| focus.options.clone()).unwrap_or_default();
        let options = cards::chosen(product, &need, &stated);
        let availability = cards::availability(product, &options);
        let can_be_had = matches!(
            availability,
            crate::plan::Availability::InStock | crate::plan::Availability::Preorder
        );
        if can_be_had {
            return false;
        }
        self.not_in_stock(product, options);
        true
    }

    /// Behind the word that a product is not made in a size: another one of those looked for that
    /// is, and meets every wish.
    pub(super) fn instead(&mut self, product: &Product) {
        let [Move::Stock { card, .. }] = &self.moves[..] else { return };
        let need = self.state.need.clone();
        let without = [self.state.rejected.clone(), vec![product.sku.to_string()]].concat();
        let (found, given_up, _) = search::find(self.context, &need, &without, 1);
        let [other] = found[..] else { return };
        let unmade = card.availability == Availability::NotMade;
        if !unmade || !given_up.is_empty() || need.category.is_none() {
            return;
        }
        if let Some(Move::Stock { sizes, .. }) = self.moves.first_mut() {
            sizes.clear();
        }
        self.options.clear();
        self.show_products(&[other], Lead::Another, Vec::new());
    }

    /// Says what cannot be had, and what can.
    pub(super) fn not_in_stock(&mut self, product: &Product, options: BTreeMap<String, String>) {
        let need = self.state.need.clone();
        let key = open_key(product, &options);
        let shown = cards::shown(self.context, &need, product, options.clone());
        let sizes: Vec<String> = key
            .as_deref()
            .map(|key| cards::to_be_had(product, key, &options))
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect();
        self.action =
            Action { sku: Some(shown.card.sku.clone()), ..Action::of(ActionKind::Answer) };
        let named = self.option_labels(key.as_deref().unwrap_or_default(), &sizes);
        self.moves.push(Move::Stock { card: shown.card.clone(), sizes: named });
        let mut left = options;
        if let Some(key) = &key {
            left.remove(key);
        }
        self.state.focus =
            Some(Focus { sku: shown.card.sku.clone(), options: left, pieces: Vec::new() });
        self.products.push(shown);
        match key {
            Some(key) if !sizes.is_empty() => {
                for value in &sizes {
                    let label = cards::option_label(self.context, &key, value);
                    self.button(format!("{key}={value}"), label);
                }
                let sku = product.sku.as_str().to_owned();
                self.state.pending = Some(Pending::Option { facet: key, sku });
            }
            _ => self.state.pending = None,
        }
        self.button(format!("other={}", product.sku), "");
    }
}

/// The option that stands in the way of options that cannot be had: one in which the product is not
/// made, else one that others can be chosen for.
fn open_key(product: &Product, options: &BTreeMap<String, String>) -> Option<String> {
    let stated = || product.options.iter().filter(|key| options.contains_key(*key));
    let unmade = stated().find(|key| !product.option_values(key).contains(&options[*key].as_str()));
    let open = || stated().find(|key| !cards::to_be_had(product, key, options).is_empty());
    unmade.or_else(open).or_else(|| stated().next()).cloned()
}

/// How many kinds some products are of.
fn kinds(products: &[&Product]) -> usize {
    let mut kinds: Vec<&str> = products.iter().map(|product| product.category.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len()
}
