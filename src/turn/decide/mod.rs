//! Picks the next best action: pure, so that the same turn is always decided alike.
//!
//! An action is worded by one or two briefs (a recommendation and the question of the size, say),
//! drafted apart and sent as one message. Clocks, models and stores stay outside.
//!
//! Invariants
//! - Every fact of a brief comes from the catalogue, the policies, the profile or the
//!   configuration; none from the customer's text.
//! - The ids of the options are self-contained: `key=value` says all that a tap means.

mod basket;
mod labels;
mod selling;
mod service;

use crate::catalog::Catalog;
use crate::catalog::FacetChoice;
use crate::catalog::Understanding;
use crate::turn::consent;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::Style;
use crate::turn::message::Customer;
use crate::turn::policies::Policies;
use crate::turn::understand::Understood;
use vitrine_base::ids::Sku;
use vitrine_conversations::KeptIntent;
use vitrine_conversations::ThreadRecord;
use vitrine_conversations::VERBATIM_CHARS_MAX;

pub(crate) use labels::ids;

/// What the brand says of itself in one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct ShopProfile {
    pub(crate) name: String,
    /// What the shop is about.
    pub(crate) about: vitrine_base::localized::Localized<String>,
    /// Who takes over from the bot.
    pub(crate) team: vitrine_base::localized::Localized<String>,
    /// When they answer; empty: not said.
    pub(crate) hours: vitrine_base::localized::Localized<String>,
    /// Tiers of customers whose purchases a human accompanies.
    pub(crate) personal_tiers: Vec<String>,
    /// Checkout link template; empty: no checkout.
    pub(crate) checkout_url: String,
}

/// Limits of guided selling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Facet questions before a product is shown.
    pub(crate) questions_max: usize,
    /// Unsure answers in a row before a human is asked in.
    pub(crate) unsure_max: u32,
    /// Times that the same question is asked again before a human is asked in.
    pub(crate) repeats_max: u32,
    pub(crate) foreign: ForeignWords,
}

/// What becomes of a message in a language that we do not answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ForeignWords {
    /// It is answered as well as it is understood, in the thread's language.
    Reply,
    /// A human is asked in.
    HandOff,
}

/// Buttons of one message: what WhatsApp shows without a list.
const BUTTONS_MAX: usize = 3;

/// Turns during which a second intent is offered; later it is stale.
const KEPT_TURNS_MAX: u32 = 3;

/// Everything that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub(crate) record: &'a ThreadRecord,
    pub(crate) understood: &'a Understood,
    /// What is known of the customer's need, this message included.
    pub(crate) need: &'a Understanding,
    pub(crate) catalog: &'a Catalog,
    pub(crate) policies: &'a Policies,
    pub(crate) shop: &'a ShopProfile,
    pub(crate) customer: &'a Customer,
    pub(crate) style: Style,
    pub(crate) rules: Rules,
}

/// The wire's action kinds.
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
    /// Newer words of the customer came first: nothing is said, their turn answers.
    Superseded,
}

impl ActionKind {
    /// The wire name.
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

/// What is done, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) kind: ActionKind,
    pub(crate) facet: Option<String>,
    pub(crate) sku: Option<Sku>,
    pub(crate) topic: Option<String>,
    pub(crate) link: Option<String>,
}

impl Action {
    /// An action about nothing in particular.
    pub(crate) fn of(kind: ActionKind) -> Self {
        Self { kind, facet: None, sku: None, topic: None, link: None }
    }
}

/// Why a human is asked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffReason {
    Requested,
    Complaint,
    Unsure,
    /// The same question went unanswered too often.
    Loop,
    /// The customer writes a language that the shop wants a human for.
    Language,
    /// A customer whom the shop serves in person is about to buy.
    VipBuying,
    /// A complaint or a refund is about more money than the bot may deal with.
    Amount,
    /// The shop wants people for this topic.
    Topic,
    /// The shop wants people on this channel.
    Channel,
    HumanOwned,
}

impl HandoffReason {
    /// The wire name.
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

/// A button to be: its id and the words it is offered with.
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

/// What is decided: the action, the words to be found for it, and what the thread remembers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    /// One or two; the last one carries the options.
    pub(crate) briefs: Vec<Brief>,
    pub(crate) options: Vec<PlannedOption>,
    /// The need as the thread shall remember it.
    pub(crate) need: Understanding,
    /// The product talked about from now on.
    pub(crate) focus: Option<Sku>,
    /// A product that the customer turned down in this turn.
    pub(crate) rejected: Option<Sku>,
    /// What the customer also wants and is not answered yet.
    pub(crate) kept: Option<KeptIntent>,
    pub(crate) handoff: Option<HandoffReason>,
    /// Whether this turn was not understood.
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

    /// Adds options: as buttons, and as facts of the last brief.
    fn offering(mut self, options: Vec<PlannedOption>) -> Self {
        use crate::turn::draft::FactKey;
        if let Some(brief) = self.briefs.pop() {
            let labels = options.iter().map(|option| option.label.as_str());
            self.briefs.push(brief.each(FactKey::Option, labels));
        }
        self.options = options;
        self
    }

    /// Adds buttons that the words do not speak of.
    fn with_buttons(mut self, options: impl IntoIterator<Item = PlannedOption>) -> Self {
        self.options.extend(options);
        self
    }
}

/// Decides one turn of a thread that the bot owns.
pub(crate) fn decide(situation: &Situation<'_>) -> Decision {
    if consent::stops(situation.understood) {
        return with_kept(situation, service::stop(situation));
    }
    let decision = with_kept(situation, by_content(situation));
    if is_loop(situation, &decision) {
        return with_kept(situation, service::handoff(situation, HandoffReason::Loop));
    }
    with_personal_service(situation, decision)
}

/// Remembers what else was asked for, and offers it where a button is free.
fn with_kept(situation: &Situation<'_>, mut decision: Decision) -> Decision {
    let Understood { reading, tap, .. } = situation.understood;
    let chosen = tap.as_ref().filter(|choice| choice.key == ids::INTENT);
    let answered = |label: &str| reading.label == label || chosen.is_some_and(|c| c.value == label);
    let fresh = reading.second.as_ref().map(|second| KeptIntent {
        label: second.label.clone(),
        text: second.text.chars().take(VERBATIM_CHARS_MAX).collect(),
        turns: 0,
    });
    let older = situation.record.kept.as_ref().filter(|kept| kept.turns < KEPT_TURNS_MAX);
    let older = older.map(|kept| KeptIntent { turns: kept.turns + 1, ..kept.clone() });
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

/// Whether the question that was asked again and again would be asked once more.
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

/// A customer of rank who is about to pay gets the link, and a human as well.
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
    let foreign = situation.understood.tongue.spoken().is_none();
    if foreign && situation.rules.foreign == ForeignWords::HandOff {
        return service::handoff(situation, HandoffReason::Language);
    }
    if reading.abstained {
        return unsure(situation);
    }
    either(situation).unwrap_or_else(|| by_intent(situation, &reading.label))
}

/// The question which of two intents is meant, when they are too close to choose; once, and only
/// where the answers would differ.
fn either(situation: &Situation<'_>) -> Option<Decision> {
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

/// The decision to ask a human in, for a reason that the decision itself did not see.
pub(crate) fn hand_off(situation: &Situation<'_>, reason: HandoffReason) -> Decision {
    service::handoff(situation, reason)
}

/// The decision of a thread that a human owns: nothing is said.
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

/// Whether the message says what the pending question asked: a facet value or a size.
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
        "reorder" => basket::again(situation),
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

/// Messages of at most this many words are asked about rather than deflected.
const TERSE_WORDS_MAX: usize = 2;

/// A message that the head would rather not name: a product need in other words, one of two
/// intents, too short to tell, or none of our business.
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

/// Asks which of the likely intents is meant, or for other words where none is.
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

/// Share of probability that the first two intents must have together to be worth offering.
const CLARIFY_SHARE_MIN: f32 = 0.5;

/// The two intents that it probably is, as buttons; none when nothing stands out.
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
