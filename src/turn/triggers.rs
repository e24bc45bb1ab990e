//! Hand-offs that the shop configures whatever the decision: amounts above a limit, topics reserved
//! for humans, channels that the bot does not serve.
//!
//! Pure. Invariants
//! - An action that closes the conversation, such as the confirmation of a STOP, never becomes a
//!   hand-off; a decision that hands off keeps its reason.
//!
//! Sources: hand-off triggers of deployed products (regulated topics, channels without support,
//! refunds above an amount), and Apple's rule that a customer must always be able to reach a human.

use crate::turn::action::ActionKind;
use crate::turn::action::HandoffReason;
use crate::turn::dialogue::Decision;
use crate::turn::understand::Understood;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use vitrine_base::channel::ChannelKind;
use vitrine_dialogue::plan;

/// What is always handed off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Triggers {
    /// Intents and policy topics.
    pub(crate) topics: BTreeSet<String>,
    /// Channels.
    pub(crate) channels: BTreeSet<ChannelKind>,
    /// Largest amount that an intent of [`MONEY_INTENTS`] may be about, in whatever currency the
    /// customer names; `None` for no limit.
    pub(crate) amount_max: Option<Decimal>,
}

/// Intents by which a customer wants money back, or disputes a payment.
const MONEY_INTENTS: [&str; 9] = [
    "complaint",
    "delivery_problem",
    "damaged_item",
    "payment_problem",
    "cancel_order",
    "change_order",
    "return_exchange",
    "refund_status",
    "warranty",
];

impl Triggers {
    /// Why the turn must be handed off, if it must and `decision` does not do so already.
    pub(crate) fn reason(
        &self,
        channel: ChannelKind,
        understood: &Understood,
        decision: &Decision,
    ) -> Option<HandoffReason> {
        let closes = decision.action.kind == ActionKind::Said(plan::ActionKind::Close);
        if decision.handoff.is_some() || closes {
            return None;
        }
        if self.channels.contains(&channel) {
            return Some(HandoffReason::Channel);
        }
        let reading = &understood.reading;
        let named = (!reading.abstained).then_some(reading.label.as_str());
        let about = named.into_iter().chain(decision.action.topic.as_deref());
        if about.clone().any(|topic| self.topics.contains(topic)) {
            return Some(HandoffReason::Topic);
        }
        let above = |amount_max| {
            vitrine_catalog::largest_amount(&understood.text).is_some_and(|a| a > amount_max)
        };
        let of_money = named.is_some_and(|label| MONEY_INTENTS.contains(&label));
        (of_money && self.amount_max.is_some_and(above)).then_some(HandoffReason::Amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::action::Action;
    use crate::turn::understand::IntentReading;
    use vitrine_base::language::DetectedLanguage;
    use vitrine_base::language::Language;
    use vitrine_dialogue::reader::Evidence;

    fn triggers() -> Triggers {
        Triggers {
            topics: ["warranty", "customs"].map(str::to_owned).into(),
            channels: [ChannelKind::Sms].into(),
            amount_max: Some(Decimal::from(200)),
        }
    }

    fn said(text: &str, label: &str) -> Understood {
        Understood {
            language: Language::EN,
            tongue: DetectedLanguage::En,
            reading: IntentReading {
                label: label.to_owned(),
                abstained: false,
                ..IntentReading::none()
            },
            evidence: Evidence::default(),
            entities: Vec::new(),
            tap: None,
            text: text.to_owned(),
            source: None,
        }
    }

    /// A decision of this kind, about `topic` if given.
    fn decided(kind: plan::ActionKind, topic: Option<&str>) -> Decision {
        let action =
            Action { topic: topic.map(str::to_owned), ..Action::of(ActionKind::Said(kind)) };
        Decision { action, handoff: None, turned: None, text: String::new(), options: Vec::new() }
    }

    fn reason(understood: &Understood, decision: &Decision) -> Option<HandoffReason> {
        triggers().reason(ChannelKind::Whatsapp, understood, decision)
    }

    #[test]
    fn refunds_and_complaints_above_the_limit_need_a_human() {
        let answer = decided(plan::ActionKind::Answer, None);
        for label in MONEY_INTENTS {
            for (text, expected) in [
                ("I want my 200.01 euros back", Some(HandoffReason::Amount)),
                ("rendez-moi mes 1 200 €", Some(HandoffReason::Amount)),
                ("$1,299.90 for this, and 3 pounds more", Some(HandoffReason::Amount)),
                ("I want my 200 euros back", None),
                ("order 482910 never came", None),
            ] {
                // A reserved topic takes precedence over the amount.
                let expected = match label {
                    "warranty" => Some(HandoffReason::Topic),
                    _ => expected,
                };
                assert_eq!(reason(&said(text, label), &answer), expected, "{label}: {text}");
            }
        }
        for label in ["product_search", "price_question", "checkout", "praise"] {
            let understood = said("something for 900 euros", label);
            assert_eq!(reason(&understood, &answer), None, "{label} asks for no money back");
        }
        let unlimited = Triggers { amount_max: None, ..triggers() };
        let refund = said("900 euros", "refund_status");
        assert_eq!(unlimited.reason(ChannelKind::Whatsapp, &refund, &answer), None);
    }

    #[test]
    fn a_topic_that_the_shop_keeps_for_people_goes_to_people() {
        let answer = decided(plan::ActionKind::Answer, None);
        let customs = decided(plan::ActionKind::Answer, Some("customs"));
        let unsure = |label: &str| {
            let mut understood = said("hm", label);
            understood.reading.abstained = true;
            understood
        };
        let topic = Some(HandoffReason::Topic);
        for (understood, decision, expected) in [
            (said("is it still under warranty?", "warranty"), &answer, topic),
            (said("what about customs?", "policy_question"), &customs, topic),
            (unsure("something"), &customs, topic),
            (said("when are you open?", "opening_hours"), &answer, None),
            (unsure("warranty"), &answer, None),
        ] {
            let label = understood.reading.label.clone();
            assert_eq!(reason(&understood, decision), expected, "{label}");
        }
    }

    #[test]
    fn a_stop_and_a_decided_handoff_stay_what_they_are() {
        let everything = said("give me 900 euros back", "warranty");
        let close = decided(plan::ActionKind::Close, Some("customs"));
        let mut handed = decided(plan::ActionKind::Handoff, Some("customs"));
        handed.handoff = Some(HandoffReason::Said(plan::HandoffReason::Complaint));
        for decision in [close, handed] {
            let found = triggers().reason(ChannelKind::Sms, &everything, &decision);
            assert_eq!(found, None, "{decision:?}");
        }
        let answer = decided(plan::ActionKind::Answer, None);
        let found = triggers().reason(ChannelKind::Sms, &everything, &answer);
        assert_eq!(
            found,
            Some(HandoffReason::Channel),
            "the channel takes precedence over topic and amount"
        );
    }
}
