//! Actions that are not about choosing a product: greeting, orders, policies, people.

use crate::base::language::Language;
use crate::turn::decide::Action;
use crate::turn::decide::ActionKind;
use crate::turn::decide::Decision;
use crate::turn::decide::HandoffReason;
use crate::turn::decide::PlannedOption;
use crate::turn::decide::Situation;
use crate::turn::decide::labels;
use crate::turn::decide::labels::ids;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::FactKey;
use crate::turn::message::Order;

/// Intents that a greeting offers.
const GREETING_INTENTS: [&str; 2] = ["product_search", "order_status"];

pub(super) fn greet(situation: &Situation<'_>) -> Decision {
    let language = situation.style.language;
    let introduces = situation.record.disclosed_at.is_none();
    let brief = Brief::new(Case::Greet, situation.style)
        .with(FactKey::Shop, &situation.shop.name)
        .maybe(FactKey::Name, situation.customer.name.as_deref())
        .maybe(FactKey::Assistant, introduces.then(|| labels::assistant(language)));
    let options = GREETING_INTENTS
        .iter()
        .filter_map(|label| {
            let words = labels::intent(label, language)?;
            Some(PlannedOption::new(format!("{}={label}", ids::INTENT), words))
        })
        .collect();
    Decision::new(situation, Action::of(ActionKind::Greet), brief).offering(options)
}

pub(super) fn close(situation: &Situation<'_>) -> Decision {
    let brief = Brief::new(Case::CloseThanks, situation.style)
        .with(FactKey::Shop, &situation.shop.name)
        .maybe(FactKey::Name, situation.customer.name.as_deref());
    Decision::new(situation, Action::of(ActionKind::Close), brief)
}

/// What a STOP is answered with, once.
const STOPPED_EN: &str = "You will get no more messages from us unless you write to us first.";
const STOPPED_FR: &str =
    "Vous ne recevrez plus de messages de notre part, sauf si vous nous écrivez.";

pub(super) fn stop(situation: &Situation<'_>) -> Decision {
    let (topic, text) = match situation.style.language {
        Language::En => ("messages", STOPPED_EN),
        Language::Fr => ("messages", STOPPED_FR),
    };
    let brief = Brief::new(Case::AnswerPolicy, situation.style)
        .with(FactKey::Topic, topic)
        .with(FactKey::Policy, text);
    let action = Action { topic: Some("stop".to_owned()), ..Action::of(ActionKind::Close) };
    Decision::new(situation, action, brief)
}

pub(super) fn deflect(situation: &Situation<'_>) -> Decision {
    let brief = Brief::new(Case::DeflectScope, situation.style)
        .with(FactKey::Shop, &situation.shop.name)
        .with(FactKey::Topic, situation.shop.about.get(situation.style.language));
    Decision::new(situation, Action::of(ActionKind::Deflect), brief)
}

pub(super) fn handoff(situation: &Situation<'_>, reason: HandoffReason) -> Decision {
    let language = situation.style.language;
    let (case, name) = match reason {
        HandoffReason::Requested
        | HandoffReason::VipBuying
        | HandoffReason::Topic
        | HandoffReason::Channel
        | HandoffReason::HumanOwned => (Case::HandoffRequested, situation.customer.name.as_deref()),
        HandoffReason::Complaint | HandoffReason::Amount => {
            (Case::HandoffComplaint, situation.customer.name.as_deref())
        }
        HandoffReason::Unsure | HandoffReason::Loop => (Case::HandoffUnsure, None),
    };
    let brief = Brief::new(case, situation.style)
        .maybe(FactKey::Name, name)
        .with(FactKey::Team, situation.shop.team.get(language))
        .with(FactKey::Hours, situation.shop.hours.get(language));
    let mut decision = Decision::new(situation, Action::of(ActionKind::Handoff), brief);
    decision.handoff = Some(reason);
    decision.unsure = reason == HandoffReason::Unsure;
    decision
}

/// Answers with the shop's own words; a question without a policy goes to a human.
pub(super) fn policy(situation: &Situation<'_>, intent: &str) -> Decision {
    let language = situation.style.language;
    let Some(topic) = situation.policies.for_intent(intent, &situation.understood.text) else {
        return handoff(situation, HandoffReason::Requested);
    };
    let brief = Brief::new(Case::AnswerPolicy, situation.style)
        .with(FactKey::Topic, topic.label.get(language))
        .with(FactKey::Policy, topic.text.get(language));
    let action = Action { topic: Some(topic.id.clone()), ..Action::of(ActionKind::Answer) };
    Decision::new(situation, action, brief)
}

/// The order's state from the profile; without a profile, its number is asked for, once.
pub(super) fn order_status(situation: &Situation<'_>) -> Decision {
    let text = &situation.understood.text;
    let orders = &situation.customer.orders;
    let named = orders.iter().find(|order| text.contains(&order.id));
    match named.or(orders.first()) {
        Some(order) => known_order(situation, order),
        None if holds_a_number(text) => handoff(situation, HandoffReason::Requested),
        None => {
            let brief = Brief::new(Case::OrderStatusMissing, situation.style);
            let action = Action::of(ActionKind::OrderStatus);
            Decision::new(situation, action, brief)
        }
    }
}

/// Fewest digits that make an order number rather than a quantity or a year.
const ORDER_DIGITS_MIN: usize = 5;

fn holds_a_number(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| word.chars().filter(char::is_ascii_digit).count() >= ORDER_DIGITS_MIN)
}

fn known_order(situation: &Situation<'_>, order: &Order) -> Decision {
    let brief = Brief::new(Case::OrderStatusKnown, situation.style)
        .with(FactKey::Order, &order.id)
        .with(FactKey::Status, &order.status)
        .maybe(FactKey::Date, order.date.as_deref())
        .maybe(FactKey::Link, order.link.as_deref());
    let action = Action { link: order.link.clone(), ..Action::of(ActionKind::OrderStatus) };
    Decision::new(situation, action, brief)
}
