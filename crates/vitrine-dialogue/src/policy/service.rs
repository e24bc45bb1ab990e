//! Everything that is not selling: greetings, the shop's texts, orders, trouble, hand-offs, short
//! answers.

use super::choose::SEARCH_OPTION;
use super::choose::Turn;
use super::references;
use crate::command::Command;
use crate::command::Complaint;
use crate::command::Question;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::HandoffReason;
use crate::plan::Lead;
use crate::plan::Move;
use crate::plan::PolicyText;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use crate::state::Topic;
use crate::state::Trouble;

/// Words from which a message that was not understood is a remark, not noise.
const REMARK_WORDS_MIN: usize = 4;

/// Most texts of the shop for one question.
const TEXTS_MAX: usize = 1;

impl<'a> Turn<'a> {
    /// Greets, and asks what is looked for.
    pub(super) fn greet(&mut self) {
        if let Some(trouble) = self.state.trouble.filter(|trouble| trouble.handed_over) {
            let _ = trouble;
            return self.still_troubled();
        }
        self.moves.push(Move::Greet {
            name: self.context.customer.name.clone(),
            shop: self.context.shop.name.clone(),
            short: false,
        });
        self.action = Action::of(ActionKind::Greet);
        self.state.pending = Some(Pending::Need);
        self.button(SEARCH_OPTION.to_owned(), "");
        self.button("intent=order_status".to_owned(), "");
        self.no_offer = true;
    }

    /// No more messages.
    pub(super) fn stop(&mut self) {
        self.state.stopped = true;
        self.state.pending = None;
        self.no_offer = true;
        self.moves.push(Move::Stopped);
        self.action = Action { topic: Some("stop".to_owned()), ..Action::of(ActionKind::Close) };
        for said in &self.reading.commands {
            if let Command::Ask { question: Question::Topic { intent, topics }, .. } = &said.command
                && intent == "privacy_request"
            {
                self.moves.extend(self.texts(intent, topics).into_iter().map(Move::Policy));
            }
        }
    }

    /// Messages again.
    pub(super) fn start(&mut self) {
        self.state.stopped = false;
        self.moves.push(Move::Started);
        self.action = Action { topic: Some("start".to_owned()), ..Action::of(ActionKind::Answer) };
        self.no_offer = true;
    }

    /// A person was asked for.
    pub(super) fn person(&mut self) {
        self.open(Topic::Human);
        let complaint = self.reading.commands.iter().find_map(|said| match &said.command {
            Command::Complain { about, .. } => Some(*about),
            _ => None,
        });
        let angry = self.reading.angry || self.reading.sarcastic;
        let about = complaint.or(self.state.trouble.map(|trouble| trouble.about));
        if (complaint.is_some() || angry)
            && self.before.trouble.is_none_or(|trouble| !trouble.handed_over)
        {
            let about = about.unwrap_or(Complaint::Service);
            self.moves.push(Move::Sorry { about, angry });
        }
        let about = about.unwrap_or(Complaint::Service);
        let reason = complaint.map_or(HandoffReason::Requested, |_| HandoffReason::Complaint);
        self.hand_over(reason);
        self.state.trouble = Some(Trouble { about, turns: 0, handed_over: true });
        self.also_answer();
        self.also_search(angry);
    }

    /// A product that is looked for in the same message waits behind a button; a customer who is
    /// angry is not shown one.
    fn also_search(&mut self, angry: bool) {
        if self.changes.sought && !angry {
            self.button(SEARCH_OPTION.to_owned(), "");
        }
    }

    /// Questions in the same message are answered too.
    fn also_answer(&mut self) {
        let (action, count) = (self.action.clone(), self.moves.len());
        let topics: Vec<_> = self
            .reading
            .commands
            .iter()
            .filter_map(|said| match &said.command {
                Command::Ask { question: Question::Topic { intent, topics }, .. } => {
                    Some((intent.clone(), topics.clone()))
                }
                _ => None,
            })
            .collect();
        for (intent, topics) in topics {
            let texts = self.texts(&intent, &topics);
            let known = |text: &PolicyText| self.moves.contains(&Move::Policy(text.clone()));
            let fresh: Vec<_> = texts.into_iter().filter(|text| !known(text)).collect();
            for text in fresh.into_iter().rev() {
                self.moves.insert(count.saturating_sub(1), Move::Policy(text));
            }
        }
        self.action = action;
    }

    /// Asks a person in.
    pub(super) fn hand_over(&mut self, reason: HandoffReason) {
        self.moves.push(Move::Handoff {
            team: self.context.shop.team.clone(),
            hours: self.context.shop.hours.clone(),
            again: self.before.trouble.is_some_and(|trouble| trouble.handed_over),
        });
        self.action = Action::of(ActionKind::Handoff);
        self.handoff = Some(reason);
        self.no_offer = true;
        self.state.pending = None;
    }

    /// An apology, what the shop promises, and a person.
    pub(super) fn complaint(&mut self, about: Complaint, angry: bool) {
        self.open(Topic::Complaint);
        let handed_over = self.before.trouble.is_some_and(|trouble| trouble.handed_over);
        self.moves.push(Move::Sorry { about, angry });
        let intent = match about {
            Complaint::Delivery => Some("delivery_problem"),
            Complaint::Damaged => Some("damaged_item"),
            Complaint::Fault => Some("warranty"),
            Complaint::Payment => Some("payment_problem"),
            Complaint::Refund => Some("refund_status"),
            Complaint::Service => None,
        };
        let same = self.before.trouble.is_some_and(|trouble| trouble.about == about);
        let order = self.known_order();
        if let Some(order) = order.filter(|_| about == Complaint::Delivery && !same) {
            self.moves.push(order);
        }
        if let Some(intent) = intent.filter(|_| !same) {
            let texts = self.texts(intent, &[]).into_iter().take(1).map(Move::Policy);
            self.moves.extend(texts);
        }
        self.hand_over(HandoffReason::Complaint);
        let _ = handed_over;
        self.state.trouble = Some(Trouble { about, turns: 0, handed_over: true });
        self.also_answer();
        self.also_search(angry);
    }

    /// A complaint is open, and the message adds nothing that can be answered here.
    pub(super) fn still_troubled(&mut self) {
        let Some(trouble) = self.state.trouble else { return self.unclear() };
        let angry = self.reading.angry || self.reading.sarcastic;
        if angry {
            self.moves.push(Move::Sorry { about: trouble.about, angry });
        } else {
            self.moves.push(Move::Noted { what: String::new() });
        }
        self.hand_over(HandoffReason::Complaint);
        self.state.trouble = Some(Trouble { handed_over: true, ..trouble });
    }

    /// The statement of the customer's order, if the caller reported one.
    fn known_order(&self) -> Option<Move> {
        let named = self.state.order.as_deref();
        let orders = &self.context.customer.orders;
        let named = orders.iter().find(|order| Some(order.id.as_str()) == named);
        let order = named.or(orders.first())?;
        Some(Move::OrderStatus {
            id: order.id.clone(),
            status: order.status.clone(),
            date: order.date.clone(),
            link: order.link.clone(),
        })
    }

    /// Where an order is.
    pub(super) fn order(&mut self, id: Option<String>) {
        self.open(Topic::Order);
        self.no_offer = true;
        self.action = Action::of(ActionKind::OrderStatus);
        self.state.pending = None;
        if let Some(id) = &id {
            self.state.order = Some(id.clone());
            let known = self.context.customer.orders.iter().any(|order| order.id == *id);
            if !known {
                self.moves.push(Move::OrderUnknown { id: id.clone() });
                self.hand_over(HandoffReason::Requested);
                self.action = Action::of(ActionKind::OrderStatus);
                return;
            }
        }
        match self.known_order() {
            Some(Move::OrderStatus { id, status, date, link }) => {
                self.state.order = Some(id.clone());
                self.action.link.clone_from(&link);
                self.moves.push(Move::OrderStatus { id, status, date, link });
                self.questions();
                self.action = Action {
                    link: self.action.link.clone(),
                    ..Action::of(ActionKind::OrderStatus)
                };
            }
            _ => {
                self.moves.push(Move::AskOrderId);
                self.state.pending = Some(Pending::OrderId);
            }
        }
    }

    /// The shop's texts on a matter: those that the reader chose, else the general one.
    pub(super) fn texts(&self, intent: &str, topics: &[String]) -> Vec<PolicyText> {
        let policies = self.context.policies;
        let chosen = topics.iter().filter_map(|id| policies.get(id)).take(TEXTS_MAX);
        let mut found: Vec<_> = chosen.collect();
        if found.is_empty() {
            let general = policies
                .of_intent(intent)
                .find(|topic| topic.words.iter().all(|(_, words)| words.is_empty()));
            found.extend(general.or_else(|| policies.of_intent(intent).next()));
        }
        let language = self.context.language;
        found
            .into_iter()
            .filter_map(|topic| {
                let text = topic.text.or_fallback(language, &[])?.clone();
                Some(PolicyText { id: topic.id.clone(), text })
            })
            .collect()
    }

    /// Answers with the shop's texts.
    pub(super) fn topic(&mut self, intent: &str, topics: &[String]) {
        // Another question of the message may have the same best answer.
        let used = |id: &String| {
            self.moves.iter().any(|said| matches!(said, Move::Policy(text) if text.id == *id))
        };
        let open: Vec<String> = topics.iter().filter(|id| !used(id)).cloned().collect();
        let repeated = open.is_empty() && !topics.is_empty();
        let fresh: Vec<_> = if repeated { Vec::new() } else { self.texts(intent, &open) };
        let fresh: Vec<_> = fresh
            .into_iter()
            .filter(|text| !self.moves.contains(&Move::Policy(text.clone())))
            .collect();
        if fresh.is_empty() {
            if self.moves.is_empty() {
                self.moves.push(Move::NoPolicy);
                self.button("intent=human_agent".to_owned(), "");
                self.action = Action::of(ActionKind::Answer);
            }
            return;
        }
        let topic = fresh.first().map(|text| text.id.clone());
        self.turn_to_kind(topic.as_deref().unwrap_or_default());
        self.action = Action { topic, ..Action::of(ActionKind::Answer) };
        self.moves.extend(fresh.into_iter().map(Move::Policy));
        let service = matches!(
            intent,
            "return_exchange"
                | "refund_status"
                | "damaged_item"
                | "warranty"
                | "delivery_problem"
                | "payment_problem"
                | "cancel_order"
                | "change_order"
                | "privacy_request"
        );
        self.no_offer |= service;
        self.resume();
    }

    /// "how do your gift cards work?": where the matter is a kind of product of the shop, and
    /// nothing else is looked for, that kind is.
    fn turn_to_kind(&mut self, topic: &str) {
        let Some(topic) = self.context.policies.get(topic) else { return };
        let open = self.state.focus.is_none() && self.state.need.category.is_none();
        let Some(label) = topic.label.get(self.context.language).filter(|_| open) else { return };
        let found = self.context.catalog.mentions(label, &[self.context.language]);
        let whole = found.into_iter().find_map(|one| match one.target {
            MentionTarget::Category(kind) if one.span.len() == label.len() => Some(kind),
            _ => None,
        });
        self.state.need.category = whole.map(|kind| kind.as_str().to_owned());
    }

    /// An answer in the middle of a purchase leads back to it.
    fn resume(&mut self) {
        let focus = self.before.focus.as_ref();
        let product = focus.and_then(|focus| self.context.catalog.product(&focus.sku));
        let Some(product) = product.filter(|_| self.before.link.is_none()) else { return };
        let sku = product.sku.as_str().to_owned();
        self.button(format!("take={sku}"), "");
        self.button(format!("other={sku}"), "");
        self.state.pending.clone_from(&self.before.pending);
    }

    /// Who answers.
    pub(super) fn bot(&mut self) {
        self.moves.push(Move::Bot);
        let topic = Some("bot_question".to_owned());
        self.action = Action { topic, ..Action::of(ActionKind::Answer) };
        self.button("intent=human_agent".to_owned(), "");
        self.no_offer = true;
    }

    /// What the assistant can do.
    pub(super) fn abilities(&mut self) {
        self.moves.push(Move::Abilities { about: self.context.shop.about.clone() });
        self.action = Action::of(ActionKind::Answer);
    }

    /// Declines what a shop does not answer.
    pub(super) fn deflect(&mut self) {
        self.moves.push(Move::Deflect { about: self.context.shop.about.clone() });
        self.action = Action::of(ActionKind::Deflect);
        self.no_offer = true;
    }

    /// The same as last time: the product that the caller names as bought last; a person if only
    /// an order is known; else the number of the order is asked for.
    pub(super) fn reorder(&mut self) {
        let last = self.context.customer.last_purchase.as_deref().unwrap_or_default();
        if let Some(product) = self.named_by_caller(last) {
            return self.buy(product);
        }
        if self.context.customer.orders.is_empty() && last.is_empty() {
            self.moves.push(Move::AskOrderId);
            self.action = Action::of(ActionKind::OrderStatus);
            self.state.pending = Some(Pending::OrderId);
            return;
        }
        self.hand_over(HandoffReason::Requested);
    }

    /// The product in a text of the caller.
    fn named_by_caller(&self, text: &str) -> Option<&'a Product> {
        let catalog = self.context.catalog;
        let mentioned = || {
            let found = catalog.mentions(text, &[self.context.language]);
            found.into_iter().find_map(|one| match one.target {
                MentionTarget::Product(sku) => catalog.product(sku.as_str()),
                _ => None,
            })
        };
        catalog.product(text).or_else(mentioned)
    }

    /// An address for a message.
    pub(super) fn contact(&mut self) {
        let value = self.reading.commands.iter().find_map(|said| match &said.command {
            Command::Contact { value } => Some(value.clone()),
            _ => None,
        });
        let waits = match &self.before.pending {
            Some(Pending::Contact { sku }) => Some(sku.clone()),
            _ => self.state.waits_for.last().cloned(),
        };
        let product = waits.and_then(|sku| self.context.catalog.product(&sku));
        self.action = Action::of(ActionKind::Answer);
        self.state.pending = None;
        match product {
            Some(product) => {
                self.moves.push(Move::RestockNoted { name: product.name.clone(), contact: value })
            }
            None => self.moves.push(Move::Noted { what: value.unwrap_or_default() }),
        }
    }

    /// Yes.
    pub(super) fn confirm(&mut self) {
        match self.before.pending.clone() {
            Some(Pending::Facet { .. }) => {
                self.changes.indifferent = true;
                self.search(Lead::First);
            }
            Some(Pending::OrderId) => {
                self.moves.push(Move::AskOrderId);
                self.action = Action::of(ActionKind::OrderStatus);
            }
            Some(Pending::Contact { sku }) if !sku.is_empty() => {
                self.moves.push(Move::AskContact);
                self.action = Action::of(ActionKind::Ask);
            }
            Some(Pending::Contact { .. }) => self.person(),
            Some(Pending::Anything | Pending::Need | Pending::Topic) => self.ask_need(),
            Some(Pending::Buy { .. } | Pending::Option { .. } | Pending::Pick) => self.buying(),
            None if self.state.focus.is_some() => self.buying(),
            None if self.before.topics.is_empty() => self.ask_need(),
            None => self.thanked(),
        }
    }

    /// No.
    pub(super) fn deny(&mut self) {
        match self.before.pending.clone() {
            Some(Pending::Facet { facet }) => {
                let wish = self.state.need.facets.entry(facet).or_default();
                wish.any = true;
                self.changes.indifferent = true;
                self.search(Lead::First);
            }
            Some(Pending::Buy { sku } | Pending::Option { sku, .. }) => {
                self.reject(&sku);
                if self.before.focus.is_some() && self.state.need.category.is_none() {
                    let product = self.context.catalog.product(&sku);
                    self.state.need.category = product.map(|product| product.category.clone());
                }
                self.search(Lead::Another);
            }
            Some(Pending::Pick) => self.search(Lead::Another),
            // Without its number, a person finds the order; it may still be said later.
            Some(Pending::OrderId) => {
                self.hand_over(HandoffReason::Requested);
                self.state.pending = Some(Pending::OrderId);
            }
            _ => self.bye(),
        }
    }

    /// Thanks.
    pub(super) fn thanked(&mut self) {
        self.moves.push(Move::Welcome);
        self.action = Action::of(ActionKind::Close);
        self.no_offer = true;
        let open = references::focus(&self.state).is_some() && self.before.link.is_none();
        if open {
            self.state.pending.clone_from(&self.before.pending);
        }
    }

    /// A farewell.
    pub(super) fn bye(&mut self) {
        self.moves.push(Move::Bye);
        self.action = Action::of(ActionKind::Close);
        self.state.pending = None;
        self.no_offer = true;
        self.close(Topic::Purchase);
    }

    /// Words that mean nothing here: asks again in other words, then a person.
    pub(super) fn unclear(&mut self) {
        self.no_offer = true;
        // A remark beside the question ("it's for me, I'm an adult") leads back to the product.
        let remark = self.reading.commands.iter().any(|said| {
            matches!(said.command, Command::Unclear)
                && said.source.split_whitespace().count() >= REMARK_WORDS_MIN
                && !said.source.contains('?')
        });
        let focus = self.before.focus.as_ref();
        let product = focus.and_then(|focus| self.context.catalog.product(&focus.sku));
        if let Some(product) = product.filter(|_| remark && self.before.unclear == 0) {
            self.state.unclear = 1;
            return self.show_products(&[product], crate::plan::Lead::Back, Vec::new());
        }
        self.state.unclear = self.state.unclear.saturating_add(1);
        if self.state.unclear > self.context.rules.unclear_max {
            self.state.unclear = 0;
            return self.hand_over(HandoffReason::Unsure);
        }
        self.moves.push(Move::Unclear { times: self.state.unclear });
        self.action = Action::of(ActionKind::Clarify);
        self.state.pending.clone_from(&self.before.pending);
        for (id, title) in self.before.options.clone() {
            self.button(id, title);
        }
    }
}
