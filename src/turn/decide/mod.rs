//! Chooses the next action of the bot. Pure: equal inputs give equal decisions.
//!
//! One or two briefs word an action, for example a recommendation and the question of the size.
//! They are drafted independently and sent as one message. Clocks, models and stores stay outside.
//!
//! Invariants
//! - Every fact of a brief comes from the catalogue, the policies, the profile or the
//!   configuration; none comes from the customer's text.
//! - Option ids are self-contained: `key=value` is the complete meaning of a tap.

mod basket;
pub(crate) mod labels;
mod selling;
mod service;

use crate::turn::attachments;
use crate::turn::consent;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::Style;
use crate::turn::message::Customer;
use crate::turn::policies::Policies;
use crate::turn::understand::Understood;
use vitrine_base::ids::Sku;
use vitrine_catalog::Catalog;
use vitrine_catalog::FacetChoice;
use vitrine_catalog::Understanding;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::DeferredIntent;
use vitrine_conversations::VERBATIM_CHARS_MAX;

pub(crate) use labels::ids;

/// What a checkout link template may hold: it is replaced when the link is made.
pub(crate) const CHECKOUT_PLACEHOLDERS: [&str; 6] =
    ["{sku}", "{product}", "{size}", "{quantity}", "{lines}", "{thread}"];

/// The shop's description of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShopProfile {
    pub(crate) name: String,
    /// The shop's subject, such as "sports gear".
    pub(crate) about: vitrine_base::localized::Localized<String>,
    /// The people who take over from the bot.
    pub(crate) team: vitrine_base::localized::Localized<String>,
    /// When they answer; empty if unknown.
    pub(crate) hours: vitrine_base::localized::Localized<String>,
    /// Customer tiers whose purchases a human accompanies.
    pub(crate) personal_tiers: Vec<String>,
    /// Checkout link template with any of [`CHECKOUT_PLACEHOLDERS`]; empty if there is no checkout.
    pub(crate) checkout_url: String,
}

/// Limits of the dialogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialogueRules {
    /// Most facet questions before a product is shown.
    pub(crate) questions_max: usize,
    /// Unclear messages in a row that lead to a hand-off.
    pub(crate) unsure_max: u32,
    /// Most repetitions of the same question; the next one is a hand-off.
    pub(crate) repeats_max: u32,
    pub(crate) foreign: ForeignWords,
}

/// How to treat a message in a language that replies are not written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignWords {
    /// Answer as far as it is understood, in the language of the conversation.
    Reply,
    /// Hand off.
    HandOff,
}

/// Most buttons of one message: WhatsApp shows that many without a list.
const BUTTONS_MAX: usize = 3;

/// Turns for which a second intent is kept; later it is stale.
const KEPT_TURNS_MAX: u32 = 3;

/// All inputs of a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) record: &'a ConversationRecord,
    pub(crate) understood: &'a Understood,
    /// The customer's product need, this message included.
    pub(crate) need: &'a Understanding,
    pub(crate) catalog: &'a Catalog,
    pub(crate) policies: &'a Policies,
    pub(crate) shop: &'a ShopProfile,
    pub(crate) customer: &'a Customer,
    pub(crate) style: Style,
    pub(crate) rules: DialogueRules,
}

/// Kinds of actions on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionKind {
    Greet,
    Ask,
    Recommend,
    Answer,
    Checkout,
    OrderStatus,
    Clarify,
    Deflect,
    Handoff,
    Close,
    /// A newer message came first: the reply is empty, and the newer turn answers.
    Superseded,
}

impl ActionKind {
    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Greet => "greet",
            Self::Ask => "ask",
            Self::Recommend => "recommend",
            Self::Answer => "answer",
            Self::Checkout => "checkout",
            Self::OrderStatus => "order_status",
            Self::Clarify => "clarify",
            Self::Deflect => "deflect",
            Self::Handoff => "handoff",
            Self::Close => "close",
            Self::Superseded => "superseded",
        }
    }
}

/// What the bot does, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) kind: ActionKind,
    pub(crate) facet: Option<String>,
    pub(crate) sku: Option<Sku>,
    pub(crate) topic: Option<String>,
    pub(crate) link: Option<String>,
}

impl Action {
    /// An action without a subject.
    pub(crate) fn of(kind: ActionKind) -> Self {
        Self { kind, facet: None, sku: None, topic: None, link: None }
    }
}

/// Why a turn is handed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffReason {
    Requested,
    Complaint,
    Unsure,
    /// The same question was repeated too often.
    Loop,
    /// The customer writes a language that the shop reserves for humans.
    Language,
    /// A customer of a personal tier is about to buy.
    VipBuying,
    /// A complaint or refund is about more money than the bot may handle.
    Amount,
    /// The shop reserves this topic for humans.
    Topic,
    /// The shop reserves this channel for humans.
    Channel,
    HumanOwned,
}

impl HandoffReason {
    /// Name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Complaint => "complaint",
            Self::Unsure => "unsure",
            Self::Loop => "loop",
            Self::Language => "language",
            Self::VipBuying => "vip_buying",
            Self::Amount => "amount",
            Self::Topic => "topic",
            Self::Channel => "channel",
            Self::HumanOwned => "human_owned",
        }
    }
}

/// A planned button: its id, and its label before drafting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedOption {
    pub(crate) id: String,
    pub(crate) label: String,
}

impl PlannedOption {
    pub(crate) fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into() }
    }
}

/// The action, the briefs that word it, and the changes to the conversation's record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    /// One or two, none if a human owns the conversation; the last one carries the options.
    pub(crate) briefs: Vec<Brief>,
    pub(crate) options: Vec<PlannedOption>,
    /// The need to store.
    pub(crate) need: Understanding,
    /// The product that the conversation is about from now on.
    pub(crate) focus: Option<Sku>,
    /// A product that the customer declined in this turn.
    pub(crate) rejected: Option<Sku>,
    /// A second intent that is not answered yet.
    pub(crate) kept: Option<DeferredIntent>,
    pub(crate) handoff: Option<HandoffReason>,
    /// Whether the message was not understood.
    pub(crate) unsure: bool,
}

impl Decision {
    fn new(situation: &Situation<'_>, action: Action, brief: Brief) -> Self {
        Self {
            action,
            briefs: vec![brief],
            options: Vec::new(),
            need: situation.need.clone(),
            focus: situation.record.product_in_focus.clone(),
            rejected: None,
            kept: None,
            handoff: None,
            unsure: false,
        }
    }

    /// Adds options, both as buttons and as facts of the last brief.
    fn offering(mut self, options: Vec<PlannedOption>) -> Self {
        use crate::turn::draft::FactKey;
        if let Some(brief) = self.briefs.pop() {
            let labels = options.iter().map(|option| option.label.as_str());
            self.briefs.push(brief.each(FactKey::Option, labels));
        }
        self.options = options;
        self
    }

    /// Adds buttons that the text does not mention.
    fn with_buttons(mut self, options: impl IntoIterator<Item = PlannedOption>) -> Self {
        self.options.extend(options);
        self
    }
}

/// Decides one turn of a conversation in which the bot may speak.
pub(crate) fn decide(situation: &Situation<'_>) -> Decision {
    let Understood { reading, text, .. } = situation.understood;
    if reading.label == attachments::LABEL && text.is_empty() {
        return service::unread(situation);
    }
    if consent::stops(situation.understood, situation.record) {
        return with_second_intent(situation, service::stop(situation));
    }
    let decision = with_second_intent(situation, by_content(situation));
    if is_loop(situation, &decision) {
        return with_second_intent(situation, service::handoff(situation, HandoffReason::Loop));
    }
    with_personal_service(situation, decision)
}

/// Keeps the second intent of this message or of an earlier one, and offers it if a button is free.
fn with_second_intent(situation: &Situation<'_>, mut decision: Decision) -> Decision {
    let Understood { reading, tap, .. } = situation.understood;
    let chosen = tap.as_ref().filter(|choice| choice.key == ids::INTENT);
    let answered = |label: &str| reading.label == label || chosen.is_some_and(|c| c.value == label);
    let fresh = reading.second.as_ref().map(|second| DeferredIntent {
        label: second.label.clone(),
        text: second.text.chars().take(VERBATIM_CHARS_MAX).collect(),
        turns: 0,
    });
    let older = situation.record.kept.as_ref().filter(|kept| kept.turns < KEPT_TURNS_MAX);
    let older = older.map(|kept| DeferredIntent { turns: kept.turns + 1, ..kept.clone() });
    let Some(kept) = fresh.or(older).filter(|kept| !answered(&kept.label)) else {
        return decision;
    };
    let id = format!("{}={}", ids::INTENT, kept.label);
    let free = decision.options.len() < BUTTONS_MAX
        && decision.options.iter().all(|option| option.id != id);
    if let Some(words) = labels::intent(&kept.label, situation.style.language).filter(|_| free) {
        decision.options.push(PlannedOption::new(id, words));
    }
    decision.kept = Some(kept);
    decision
}

/// Whether the decision repeats a question that was repeated often enough already.
fn is_loop(situation: &Situation<'_>, decision: &Decision) -> bool {
    let Some(pending) = &situation.record.pending else { return false };
    decision.handoff.is_none()
        && situation.record.counters.same_question_in_a_row + 1 > situation.rules.repeats_max
        && !decision.options.is_empty()
        && decision
            .options
            .iter()
            .map(|option| &option.id)
            .eq(pending.options.iter().map(|option| &option.id))
}

/// Adds a hand-off if a customer of a personal tier is about to pay; the link is sent all the same.
fn with_personal_service(situation: &Situation<'_>, mut decision: Decision) -> Decision {
    let tier = situation.customer.tier.as_deref().unwrap_or_default();
    let buys = decision.action.kind == ActionKind::Checkout;
    if buys && decision.handoff.is_none() && situation.shop.personal_tiers.iter().any(|t| t == tier)
    {
        decision.handoff = Some(HandoffReason::VipBuying);
    }
    decision
}

fn by_content(situation: &Situation<'_>) -> Decision {
    if let Some(choice) = &situation.understood.tap {
        return tapped(situation, choice);
    }
    let reading = &situation.understood.reading;
    if answers_pending(situation) {
        return selling::advance(situation);
    }
    let foreign = situation.understood.tongue.reply_language().is_none();
    if foreign && situation.rules.foreign == ForeignWords::HandOff {
        return service::handoff(situation, HandoffReason::Language);
    }
    if reading.abstained {
        return unsure(situation);
    }
    clarify_close_intents(situation).unwrap_or_else(|| by_intent(situation, &reading.label))
}

/// Asks which of two intents is meant if they are too close to choose. Asks once, and only if the
/// answers would differ.
fn clarify_close_intents(situation: &Situation<'_>) -> Option<Decision> {
    let reading = &situation.understood.reading;
    let (second, confidence) = reading.alternatives.first()?;
    let asked_before = situation.record.counters.low_confidence_in_a_row > 0;
    if asked_before || reading.confidence - confidence >= reading.clarify_margin {
        return None;
    }
    let likely = likely_intents(situation);
    let differ = || by_intent(situation, &reading.label) != by_intent(situation, second);
    (likely.len() == 2 && differ()).then(|| clarify(situation, likely))
}

/// A hand-off for a reason that was found outside the decision, such as a trigger.
pub(crate) fn hand_off(situation: &Situation<'_>, reason: HandoffReason) -> Decision {
    service::handoff(situation, reason)
}

/// The decision for a conversation that a human owns: no reply.
pub(crate) fn silent(situation: &Situation<'_>) -> Decision {
    Decision {
        action: Action::of(ActionKind::Handoff),
        briefs: Vec::new(),
        options: Vec::new(),
        need: situation.need.clone(),
        focus: situation.record.product_in_focus.clone(),
        rejected: None,
        kept: None,
        handoff: Some(HandoffReason::HumanOwned),
        unsure: false,
    }
}

/// Whether the message answers the pending question: with a facet value or a size.
fn answers_pending(situation: &Situation<'_>) -> bool {
    let Some(pending) = &situation.record.pending else { return false };
    situation.understood.said.knows(&pending.facet)
}

fn tapped(situation: &Situation<'_>, choice: &FacetChoice) -> Decision {
    let product = Sku::new(choice.value.clone()).ok();
    let product = product.and_then(|sku| situation.catalog.get(&sku));
    match (choice.key.as_str(), product) {
        (ids::TAKE | ids::CONFIRM, Some(product)) => selling::buy(situation, product),
        (ids::OTHER, Some(product)) => selling::instead_of(situation, product.sku.clone()),
        (ids::INTENT, _) => by_intent(situation, &choice.value),
        (ids::TAKE | ids::CONFIRM | ids::OTHER, None) => unsure(situation),
        _ if situation.need.knows(&choice.key) || choice.key.starts_with("budget_") => {
            selling::advance(situation)
        }
        _ => unsure(situation),
    }
}

fn by_intent(situation: &Situation<'_>, label: &str) -> Decision {
    match label {
        "greet" => service::greet(situation),
        "thanks_bye" => service::close(situation),
        "product_search" => selling::advance(situation),
        "product_question" => selling::describe(situation),
        "price_question" => selling::price(situation),
        "stock_question" => selling::stock(situation),
        "add_to_cart" | "confirm" | "checkout" => selling::accept(situation),
        "reject" => selling::refuse(situation),
        "compare_products" => basket::compare(situation),
        "gift_help" => basket::gift(situation, label),
        "view_cart" => basket::show(situation),
        "reorder" => basket::reorder(situation),
        "order_status" => service::order_status(situation),
        "complaint" | "delivery_problem" | "damaged_item" | "payment_problem" => {
            service::trouble(situation, label)
        }
        "stop_messages" => service::stop(situation),
        "bot_question" => service::disclose(situation, label),
        "praise" => service::thank(situation, label),
        "human_agent" => service::handoff(situation, HandoffReason::Requested),
        "oos" => service::deflect(situation),
        other => service::policy(situation, other),
    }
}

/// Longest message, in words, that is clarified rather than deflected.
const TERSE_WORDS_MAX: usize = 2;

/// Handles a message for which the head abstained. It is a product need in other words, one of two
/// likely intents, too short to tell, or out of scope.
fn unsure(situation: &Situation<'_>) -> Decision {
    let understood = situation.understood;
    if understood.tap.is_none() && understood.said.narrows() {
        return selling::advance(situation);
    }
    let likely = likely_intents(situation);
    let terse = understood.text.split_whitespace().count() <= TERSE_WORDS_MAX;
    if likely.len() < 2 && !terse {
        return service::deflect(situation);
    }
    if situation.record.counters.low_confidence_in_a_row + 1 >= situation.rules.unsure_max {
        return service::handoff(situation, HandoffReason::Unsure);
    }
    clarify(situation, likely)
}

/// Asks which of the likely intents is meant, or for other words if none is likely.
fn clarify(situation: &Situation<'_>, likely: Vec<PlannedOption>) -> Decision {
    let brief = |case| Brief::new(case, situation.style);
    let action = Action::of(ActionKind::Clarify);
    let mut decision = if likely.len() < 2 {
        Decision::new(situation, action, brief(Case::ClarifyOpen))
    } else {
        Decision::new(situation, action, brief(Case::ClarifyOptions)).offering(likely)
    };
    decision.unsure = true;
    decision
}

/// Smallest sum of the first two intents' probabilities at which they are offered.
const CLARIFY_SHARE_MIN: f32 = 0.5;

/// The two most likely intents as buttons; none if they are not likely enough.
fn likely_intents(situation: &Situation<'_>) -> Vec<PlannedOption> {
    let reading = &situation.understood.reading;
    let first = (reading.label.as_str(), reading.confidence);
    let others = reading.alternatives.iter().map(|(label, p)| (label.as_str(), *p));
    let two: Vec<(&str, f32)> = std::iter::once(first).chain(others).take(2).collect();
    let share: f32 = two.iter().map(|(_, confidence)| confidence).sum();
    if share < CLARIFY_SHARE_MIN {
        return Vec::new();
    }
    two.iter()
        .filter_map(|(label, _)| {
            let words = labels::intent(label, situation.style.language)?;
            Some(PlannedOption::new(format!("{}={label}", ids::INTENT), words))
        })
        .collect()
}

#[cfg(test)]
mod tests;
