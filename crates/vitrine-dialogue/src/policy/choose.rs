//! Chooses what a message calls for, in order of weight: stop, a person, trouble, orders,
//! questions, buying, showing, searching, short answers, talk.

use super::apply;
use super::apply::Changes;
use super::context::Context;
use super::references;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::HandoffReason;
use crate::plan::Move;
use crate::plan::Plan;
use crate::plan::PlannedOption;
use crate::plan::ShownProduct;
use crate::reader::Reading;
use crate::shop::Lookups;
use crate::state::DialogueState;
use crate::state::Focus;
use crate::state::Pending;
use crate::state::Topic;
use std::collections::BTreeMap;

/// Id of the button of a search.
pub(super) const SEARCH_OPTION: &str = "intent=product_search";

/// Most open matters.
const TOPICS_MAX: usize = 4;

/// One turn while it is decided.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) before: &'a DialogueState,
    pub(super) reading: &'a Reading,
    pub(super) state: DialogueState,
    pub(super) changes: Changes,
    pub(super) action: Action,
    pub(super) moves: Vec<Move>,
    pub(super) options: Vec<PlannedOption>,
    pub(super) products: Vec<ShownProduct>,
    pub(super) exact: Option<bool>,
    pub(super) handoff: Option<HandoffReason>,
    pub(super) no_offer: bool,
    /// Options asked about in the message: "do you have it in red?".
    pub(super) asked_options: BTreeMap<String, String>,
}

impl<'a> Turn<'a> {
    /// Applies the message's wishes to a copy of the state.
    pub(super) fn new(
        context: &'a Context<'a>,
        before: &'a DialogueState,
        reading: &'a Reading,
    ) -> Self {
        let mut state = before.clone();
        state.asked_variant = false;
        let changes = apply::apply(context, &mut state, reading);
        Self {
            context,
            before,
            reading,
            state,
            changes,
            action: Action::of(ActionKind::Clarify),
            moves: Vec::new(),
            options: Vec::new(),
            products: Vec::new(),
            exact: None,
            handoff: None,
            no_offer: false,
            asked_options: BTreeMap::new(),
        }
    }

    /// The state after the turn.
    pub(super) fn into_state(self) -> DialogueState {
        self.state
    }

    pub(super) fn has(&self, wanted: impl Fn(&Command) -> bool) -> bool {
        self.reading.commands.iter().any(|said| wanted(&said.command))
    }

    pub(super) fn find<T>(&self, wanted: impl Fn(&Command) -> Option<T>) -> Option<T> {
        self.reading.commands.iter().find_map(|said| wanted(&said.command))
    }

    /// Products that a reference means.
    pub(super) fn resolve(&self, reference: &Reference) -> Vec<String> {
        references::resolve(self.context.catalog, &self.state, reference)
    }

    /// Decides what the reply says.
    pub(super) fn plan(&mut self) -> Plan {
        self.pass_time();
        self.choose();
        if self.moves.is_empty() {
            self.unclear();
        }
        let understood = !self.has(|command| matches!(command, Command::Unclear));
        if understood {
            self.state.unclear = 0;
        }
        self.end_loops();
        self.options.truncate(super::context::OPTIONS_MAX);
        Plan {
            action: self.action.clone(),
            moves: std::mem::take(&mut self.moves),
            options: std::mem::take(&mut self.options),
            products: std::mem::take(&mut self.products),
            exact: self.exact,
            handoff: self.handoff,
            no_offer: self.no_offer || self.state.trouble.is_some(),
        }
    }

    /// A question that was asked too often in a row becomes a hand-off.
    fn end_loops(&mut self) {
        let asks = matches!(self.action.kind, ActionKind::Ask | ActionKind::Clarify);
        let again =
            asks && self.state.pending.is_some() && self.state.pending == self.before.pending;
        self.state.same_question =
            if again { self.before.same_question.saturating_add(1) } else { 0 };
        if self.state.same_question > self.context.rules.repeats_max {
            self.state.same_question = 0;
            self.moves.clear();
            self.options.clear();
            self.products.clear();
            self.hand_over(HandoffReason::Loop);
        }
    }

    fn pass_time(&mut self) {
        if let Some(trouble) = &mut self.state.trouble {
            trouble.turns = trouble.turns.saturating_add(1);
        }
    }

    fn choose(&mut self) {
        if self.has(|command| matches!(command, Command::Stop)) {
            return self.stop();
        }
        if self.has(|command| matches!(command, Command::Start)) {
            return self.start();
        }
        if self.has(|command| matches!(command, Command::Human)) {
            return self.person();
        }
        if let Some((about, angry)) = self.find(|command| match command {
            Command::Complain { about, angry } => Some((*about, *angry)),
            _ => None,
        }) {
            return self.complaint(about, angry || self.reading.angry || self.reading.sarcastic);
        }
        if self.has(|command| matches!(command, Command::Injection)) {
            self.turn_to_named();
            return self.deflect();
        }
        if let Some(id) = self.find(|command| match command {
            Command::Order { id } => Some(id.clone()),
            _ => None,
        }) {
            return self.order(id);
        }
        if self.troubled() {
            return self.still_troubled();
        }
        if self.state.trouble.is_some() && self.sells() {
            self.state.trouble = None;
        }
        if self.greets_only() {
            return self.greet();
        }
        self.questions();
        if self.foreign_limit() {
            return;
        }
        if self.wants_to_buy() {
            return self.buying();
        }
        if !self.moves.is_empty() && (!self.changes.sought || self.asks_terms()) {
            // "do you ship it to Berlin? the Minutelle then": what is named beside is shown too.
            let named = self.pointed_at();
            let product = |one: &Reference| matches!(one, Reference::Product(_));
            let priced = self
                .moves
                .iter()
                .any(|one| matches!(one, Move::Sum { .. } | Move::PriceOf { pieces: Some(_), .. }));
            if !priced && !named.is_empty() && named.iter().all(product) && self.show(&named) {
                return;
            }
            return self.after_answers();
        }
        self.selling_or_talk();
    }

    /// Takes a product named beside a matter that is declined into focus.
    fn turn_to_named(&mut self) {
        let named = self.find(|command| match command {
            Command::Show { reference } => Some(reference.clone()),
            _ => None,
        });
        if let Some(sku) = named.and_then(|one| self.resolve(&one).into_iter().next()) {
            self.state.focus = Some(Focus { sku, options: BTreeMap::new(), pieces: Vec::new() });
        }
    }

    fn selling_or_talk(&mut self) {
        if self.has(|command| matches!(command, Command::Compare { .. })) {
            return self.compare();
        }
        if self.show(&self.pointed_at()) {
            return;
        }
        let other = self.has(|command| {
            let other = Reference::Other;
            matches!(command, Command::Show { reference } | Command::Choose { reference, .. }
                if *reference == other)
        });
        if other && self.state.focus.is_some() && self.resolve(&Reference::Other).is_empty() {
            return self.search(crate::plan::Lead::Another);
        }
        if self.removes() {
            return self.pay_again();
        }
        if self.critique() {
            return;
        }
        if self.settles_comparison() {
            return;
        }
        let searches = self.changes.sought || self.changes.narrowed || self.changes.indifferent;
        if searches || self.has(|command| matches!(command, Command::Browse)) {
            return self.search(crate::plan::Lead::First);
        }
        if self.changes.sized && (self.several_open() || self.size_narrows()) {
            return self.search(crate::plan::Lead::First);
        }
        if self.changes.sized || self.changes.quantity.is_some() {
            return self.size_or_quantity();
        }
        self.talk();
    }

    /// What the message names or points at without taking it: several products named together, else
    /// the first.
    fn pointed_at(&self) -> Vec<Reference> {
        let all = self.reading.commands.iter().filter_map(|said| match &said.command {
            Command::Show { reference } | Command::Choose { reference, buys: false } => {
                Some(reference.clone())
            }
            _ => None,
        });
        let mut all: Vec<Reference> = all.collect();
        if !all.iter().all(|reference| matches!(reference, Reference::Product(_))) {
            all.truncate(1);
        }
        all
    }

    /// "for trail running", after a comparison: the one of those compared that has it is shown.
    fn settles_comparison(&mut self) -> bool {
        let compared = self.before.compared.clone();
        let open = self.before.pending == Some(Pending::Pick)
            && compared.len() > 1
            && compared == self.before.last_shown;
        if !open || !self.changes.narrowed || self.changes.sought {
            return false;
        }
        let fits: Vec<String> = compared.into_iter().filter(|sku| self.has_all(sku)).collect();
        match &fits[..] {
            [sku] => self.show(&[Reference::Product(sku.clone())]),
            _ => false,
        }
    }

    /// Short answers and talk.
    fn talk(&mut self) {
        let says = |wanted: fn(&Command) -> bool| {
            self.reading.commands.iter().any(|said| wanted(&said.command))
        };
        if says(|command| matches!(command, Command::Contact { .. })) {
            return self.contact();
        }
        if says(|command| matches!(command, Command::Bye)) {
            return self.bye();
        }
        if says(|command| matches!(command, Command::Deny)) {
            return self.deny();
        }
        if says(|command| matches!(command, Command::Confirm)) {
            return self.confirm();
        }
        if says(|command| matches!(command, Command::Thank)) {
            return self.thanked();
        }
        if says(|command| matches!(command, Command::OutOfScope | Command::Injection)) {
            return self.deflect();
        }
        if says(|command| matches!(command, Command::Greet)) {
            return self.greet();
        }
        if !self.reading.words.is_empty() && self.before.need.words != self.state.need.words {
            return self.search(crate::plan::Lead::First);
        }
        self.unclear();
    }

    fn greets_only(&self) -> bool {
        !self.reading.commands.is_empty()
            && self.reading.commands.iter().all(|said| matches!(said.command, Command::Greet))
    }

    /// Whether the message is about buying: it ends an open complaint.
    pub(super) fn sells(&self) -> bool {
        self.taps_search()
            || self.has(|command| {
                matches!(
                    command,
                    Command::Seek { .. }
                        | Command::Show { .. }
                        | Command::Choose { .. }
                        | Command::Compare { .. }
                        | Command::Cheaper
                        | Command::Another
                        | Command::Checkout
                        | Command::Ask {
                            question: Question::Price
                                | Question::Stock
                                | Question::Sizes
                                | Question::Attribute { .. }
                                | Question::Feature { .. },
                            about: Some(Reference::Product(_)),
                        }
                )
            })
    }

    /// Whether the button of a search was tapped, or its title written: not a guess from words.
    fn taps_search(&self) -> bool {
        let button = |text: &str| {
            let mut shown = self.before.options.iter().filter(|(id, _)| id == SEARCH_OPTION);
            text.is_empty() || shown.any(|(_, title)| title.eq_ignore_ascii_case(text))
        };
        let mut commands = self.reading.commands.iter();
        commands.any(|said| said.command == Command::Browse && button(said.source.trim()))
    }

    /// Whether a complaint is open and the message is about nothing else.
    fn troubled(&self) -> bool {
        let other = self.has(|command| {
            matches!(
                command,
                Command::Ask { question: Question::Topic { .. } | Question::Bot, .. }
                    | Command::Bye
                    | Command::Thank
                    | Command::Greet
            )
        });
        self.state.trouble.is_some() && !self.sells() && !other
    }

    fn wants_to_buy(&self) -> bool {
        let pending_buy = matches!(
            self.before.pending,
            Some(Pending::Buy { .. } | Pending::Option { .. } | Pending::Pick)
        );
        let confirms = self.has(|command| matches!(command, Command::Confirm));
        let asks = self.has(|command| matches!(command, Command::Ask { .. }));
        let pays = self.has(|command| matches!(command, Command::Checkout));
        (pays || self.takes())
            || ((self.changes.sized || !self.changes.pieces.is_empty())
                && pending_buy
                && !self.several_open()
                && !self.changes.sought
                && !asks
                && !self.criticises()
                && self.keeps_focus())
            || (confirms
                && !asks
                && !self.changes.moved
                && (!self.changes.narrowed || self.meets_again())
                && self.can_buy())
    }

    /// Whether several products were shown to choose from: a size does not say which is meant.
    pub(super) fn several_open(&self) -> bool {
        self.before.pending == Some(Pending::Pick) && self.before.last_shown.len() > 1
    }

    /// Whether a product is taken. "I want it in green" takes nothing that is not green.
    fn takes(&self) -> bool {
        self.reading.commands.iter().any(|said| match &said.command {
            Command::Choose { buys: true, reference: Reference::Focus }
                if self.changes.narrowed =>
            {
                self.focus_has_all()
            }
            Command::Choose { buys, .. } => *buys,
            _ => false,
        })
    }

    /// Whether the product under discussion has every facet value that the message wants.
    fn focus_has_all(&self) -> bool {
        self.resolve(&Reference::Focus).iter().any(|sku| self.has_all(sku))
    }

    /// Whether a product has every facet value that the message wants.
    fn has_all(&self, sku: &str) -> bool {
        let product = self.context.catalog.product(sku);
        product.is_some_and(|product| {
            self.reading.commands.iter().all(|said| match &said.command {
                Command::Constrain { facet, value, polarity: Polarity::Must } => {
                    references::has_value(product, facet, value)
                }
                _ => true,
            })
        })
    }

    /// Whether the product under discussion can be had in the size just stated.
    fn keeps_focus(&self) -> bool {
        !self.changes.narrowed && self.state.focus.is_some()
    }

    /// Whether the wishes of the message are only those that the product offered meets: "yes, in
    /// pink".
    fn meets_again(&self) -> bool {
        let sku = match &self.before.pending {
            Some(Pending::Buy { sku } | Pending::Option { sku, .. }) => sku,
            _ => return false,
        };
        let wishes = self.reading.commands.iter().all(|said| {
            !matches!(
                said.command,
                Command::Seek { .. }
                    | Command::PriceLimit { .. }
                    | Command::LowPrice
                    | Command::Constrain { polarity: Polarity::MustNot | Polarity::Prefer, .. }
            )
        });
        wishes && self.has_all(sku)
    }

    fn can_buy(&self) -> bool {
        let waits = matches!(
            self.before.pending,
            Some(Pending::Buy { .. } | Pending::Option { .. } | Pending::Pick)
        );
        waits || (self.before.pending.is_none() && self.state.focus.is_some())
    }

    /// Ends a message that was only questions.
    pub(super) fn after_answers(&mut self) {
        if self.action.kind == ActionKind::Clarify {
            self.action.kind = ActionKind::Answer;
        }
    }

    /// Makes a matter the current one.
    pub(super) fn open(&mut self, topic: Topic) {
        self.state.topics.retain(|known| *known != topic);
        self.state.topics.push(topic);
        let excess = self.state.topics.len().saturating_sub(TOPICS_MAX);
        self.state.topics.drain(..excess);
    }

    /// Closes a matter.
    pub(super) fn close(&mut self, topic: Topic) {
        self.state.topics.retain(|known| *known != topic);
    }

    /// Adds a button.
    pub(super) fn button(&mut self, id: String, label: impl Into<String>) {
        if self.options.iter().all(|option| option.id != id) {
            self.options.push(PlannedOption { id, label: label.into() });
        }
    }
}
