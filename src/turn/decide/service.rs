//! Actions other than choosing a product: greetings, orders, policies, hand-offs.

use crate::turn::attachments;
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
use crate::turn::policies::Topic;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;

/// Intents offered as buttons with a greeting.
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

/// Confirmation of a STOP. The words are fixed: they tell what the customer may rely on.
fn stopped(tongue: DetectedLanguage) -> (&'static str, &'static str) {
    match tongue {
        DetectedLanguage::En => {
            ("messages", "You will get no more messages from us unless you write to us first.")
        }
        DetectedLanguage::Fr => (
            "messages",
            "Vous ne recevrez plus de messages de notre part, sauf si vous nous écrivez.",
        ),
        DetectedLanguage::De => (
            "Nachrichten",
            "Sie erhalten keine Nachrichten mehr von uns, außer Sie schreiben uns selbst.",
        ),
        DetectedLanguage::Es => {
            ("mensajes", "No recibirá más mensajes nuestros, salvo que nos escriba usted.")
        }
        DetectedLanguage::It => {
            ("messaggi", "Non riceverà più messaggi da noi, a meno che non ci scriva lei.")
        }
        DetectedLanguage::Pt => {
            ("mensagens", "Não receberá mais mensagens nossas, a não ser que nos escreva.")
        }
    }
}

/// Answer to the question whether a bot is answering: always explicit.
const AUTOMATED: BuiltInText = BuiltInText {
    label: ("who answers", "qui répond"),
    text: (
        "I am an automated assistant, not a person. Someone from our team can take over if you \
         prefer.",
        "Je suis un assistant automatique, pas une personne. Quelqu'un de notre équipe peut \
         prendre le relais si vous préférez.",
    ),
};

/// Answer to a compliment.
const THANKED: BuiltInText = BuiltInText {
    label: ("thanks", "merci"),
    text: (
        "Thank you so much, that means a lot to the whole team.",
        "Merci beaucoup, cela fait très plaisir à toute l'équipe.",
    ),
};

/// A built-in text, used until the shop states its own policy.
struct BuiltInText {
    /// English, French.
    label: (&'static str, &'static str),
    text: (&'static str, &'static str),
}

/// States one text, whose meaning the drafter must keep.
pub(super) fn say(situation: &Situation<'_>, action: Action, label: &str, text: &str) -> Decision {
    let brief = Brief::new(Case::AnswerPolicy, situation.style)
        .with(FactKey::Topic, label)
        .with(FactKey::Policy, text);
    Decision::new(situation, action, brief)
}

fn say_built_in(
    situation: &Situation<'_>,
    kind: ActionKind,
    topic: &str,
    built_in: &BuiltInText,
) -> Decision {
    let (label, text) = match situation.style.language {
        Language::FR => (built_in.label.1, built_in.text.1),
        _ => (built_in.label.0, built_in.text.0),
    };
    let action = Action { topic: Some(topic.to_owned()), ..Action::of(kind) };
    say(situation, action, label, text)
}

pub(super) fn stop(situation: &Situation<'_>) -> Decision {
    let (label, text) = stopped(situation.understood.tongue);
    let action = Action { topic: Some("stop".to_owned()), ..Action::of(ActionKind::Close) };
    say(situation, action, label, text)
}

/// Says that attachments are not read yet, and offers a person. The words are fixed, also in
/// languages that drafts are not written in.
pub(super) fn unread(situation: &Situation<'_>) -> Decision {
    let (text, title) = attachments::words(situation.understood.tongue);
    let id = format!("{}={}", ids::INTENT, attachments::PERSON);
    let topic = Some(attachments::LABEL.to_owned());
    let action = Action { topic, ..Action::of(ActionKind::Answer) };
    say(situation, action, attachments::LABEL, text).with_buttons([PlannedOption::new(id, title)])
}

/// Discloses that a machine answers, in the shop's words if it has any, and offers a human.
pub(super) fn disclose(situation: &Situation<'_>, intent: &str) -> Decision {
    let human = labels::intent("human_agent", situation.style.language);
    let option = |words| PlannedOption::new(format!("{}=human_agent", ids::INTENT), words);
    stated(situation, intent)
        .unwrap_or_else(|| say_built_in(situation, ActionKind::Answer, intent, &AUTOMATED))
        .with_buttons(human.map(option))
}

/// Thanks for a compliment, in the shop's words if it has any.
pub(super) fn thank(situation: &Situation<'_>, intent: &str) -> Decision {
    stated(situation, intent)
        .unwrap_or_else(|| say_built_in(situation, ActionKind::Close, intent, &THANKED))
}

/// A problem: hands off, and states the shop's policy for it.
pub(super) fn trouble(situation: &Situation<'_>, intent: &str) -> Decision {
    let mut decision = handoff(situation, HandoffReason::Complaint);
    if let Some(promise) = stated(situation, intent) {
        decision.action.topic = promise.action.topic;
        decision.briefs.extend(promise.briefs);
    }
    decision
}

pub(super) fn deflect(situation: &Situation<'_>) -> Decision {
    let brief = Brief::new(Case::DeflectScope, situation.style)
        .with(FactKey::Shop, &situation.shop.name)
        .with(FactKey::Topic, situation.shop.about.text(situation.style.language, &[]));
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
        HandoffReason::Unsure | HandoffReason::Loop | HandoffReason::Language => {
            (Case::HandoffUnsure, None)
        }
    };
    let brief = Brief::new(case, situation.style)
        .maybe(FactKey::Name, name)
        .with(FactKey::Team, situation.shop.team.text(language, &[]))
        .with(FactKey::Hours, situation.shop.hours.text(language, &[]));
    let mut decision = Decision::new(situation, Action::of(ActionKind::Handoff), brief);
    decision.handoff = Some(reason);
    decision.unsure = reason == HandoffReason::Unsure;
    decision
}

/// Answers with the shop's policy; a question without one is handed off.
pub(super) fn policy(situation: &Situation<'_>, intent: &str) -> Decision {
    stated(situation, intent).unwrap_or_else(|| handoff(situation, HandoffReason::Requested))
}

/// The answer by the shop's policy; `None` if no topic covers the intent.
pub(super) fn stated(situation: &Situation<'_>, intent: &str) -> Option<Decision> {
    let topic = situation.policies.for_intent(intent, &situation.understood.text)?;
    Some(say_topic(situation, topic))
}

/// States a policy topic as the shop wrote it.
pub(super) fn say_topic(situation: &Situation<'_>, topic: &Topic) -> Decision {
    let language = situation.style.language;
    let action = Action { topic: Some(topic.id.clone()), ..Action::of(ActionKind::Answer) };
    say(situation, action, topic.label(language), topic.text(language))
}

/// States the order's status from the profile. Without a known order, asks for its number; hands
/// off if the message contains one.
pub(super) fn order_status(situation: &Situation<'_>) -> Decision {
    let text = &situation.understood.text;
    let orders = &situation.customer.orders;
    let named = orders.iter().find(|order| text.contains(&order.id));
    match named.or(orders.first()) {
        Some(order) => known_order(situation, order),
        None if names_an_order(situation) => handoff(situation, HandoffReason::Requested),
        None => ask_order(situation),
    }
}

/// Asks for the order number.
pub(super) fn ask_order(situation: &Situation<'_>) -> Decision {
    let brief = Brief::new(Case::OrderStatusMissing, situation.style);
    Decision::new(situation, Action::of(ActionKind::OrderStatus), brief)
}

/// Fewest digits of an order number, as opposed to a quantity or a year.
const ORDER_DIGITS_MIN: usize = 5;

/// Whether the message contains an order number.
pub(super) fn names_an_order(situation: &Situation<'_>) -> bool {
    let words = situation.understood.text.split_whitespace();
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    words.map(digits).any(|digits| digits >= ORDER_DIGITS_MIN)
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
