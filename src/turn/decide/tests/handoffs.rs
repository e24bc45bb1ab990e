//! When a turn is handed off, and what the customer is told then.

use super::*;

#[test]
fn complaints_and_requests_reach_a_human() {
    let mut talk = TestConversation::new(Language::EN);
    for (label, reason) in [
        ("complaint", HandoffReason::Complaint),
        ("delivery_problem", HandoffReason::Complaint),
        ("payment_problem", HandoffReason::Complaint),
        ("damaged_item", HandoffReason::Complaint),
        ("human_agent", HandoffReason::Requested),
    ] {
        assert_eq!(talk.says("…", label).handoff, Some(reason), "{label}");
    }
}

#[test]
fn two_unclear_messages_in_a_row_are_handed_off() {
    let mut talk = TestConversation::new(Language::EN);
    let first = talk.says_unsurely("hm well", "refund_status", 0.4, true);
    assert_eq!(first.action.kind, ActionKind::Clarify);
    let ids: Vec<_> = first.options.iter().map(|option| option.id.as_str()).collect();
    assert_eq!(ids, ["intent=refund_status", "intent=order_status"]);
    let second = talk.says_unsurely("you know", "refund_status", 0.4, true);
    assert_eq!(second.handoff, Some(HandoffReason::Unsure));
}

#[test]
fn a_clear_message_between_two_unclear_ones_prevents_a_handoff() {
    let mut talk = TestConversation::new(Language::EN);
    talk.says_unsurely("hm well", "refund_status", 0.4, true);
    talk.says("hello", "greet");
    let again = talk.says_unsurely("you know", "refund_status", 0.4, true);
    assert_eq!((again.action.kind, again.handoff), (ActionKind::Clarify, None));
}

#[test]
fn a_question_that_goes_round_in_circles_reaches_a_human() {
    let mut talk = TestConversation::new(Language::EN);
    talk.says(MARATHON[0].1, "product_search");
    let first = talk.taps("feel=comfort");
    let asked = |decision: &Decision| {
        decision.options.iter().map(|option| option.id.clone()).collect::<Vec<_>>()
    };
    // Asked once, then repeated twice; the next repetition is a hand-off.
    for _ in 0..2 {
        let again = talk.says("yes I want it", "confirm");
        assert_eq!((asked(&again), again.handoff), (asked(&first), None));
    }
    assert_eq!(talk.says("yes I want it", "confirm").handoff, Some(HandoffReason::Loop));
}

#[test]
fn a_vip_who_is_ready_to_buy_gets_the_link_and_a_human() {
    for (tier, reason) in [("vip", Some(HandoffReason::VipBuying)), ("gold", None), ("", None)] {
        let mut talk = TestConversation::new(Language::EN);
        talk.customer.tier = Some(tier.to_owned());
        assert_eq!(talk.says(MARATHON[0].1, "product_search").handoff, None, "only looking");
        let show = talk.taps("feel=comfort");
        assert_eq!(show.handoff, None, "only choosing");
        let pay = talk.taps(&show.options[0].id.clone());
        assert_eq!((pay.action.kind, pay.handoff), (ActionKind::Checkout, reason), "{tier}");
        assert!(pay.action.link.is_some(), "paying does not wait for the human");
    }
}

#[test]
fn a_language_that_is_none_of_ours_is_answered_or_handed_off_as_the_shop_wants() {
    let mut talk = TestConversation::new(Language::EN);
    talk.tongue = DetectedLanguage::De;
    let answered = talk.says("wo ist mein Paket", "order_status");
    assert_eq!(answered.action.kind, ActionKind::OrderStatus);
    assert_eq!(
        (talk.record.language, talk.record.tongue),
        (Language::EN, Some(DetectedLanguage::De))
    );
    talk.foreign = ForeignWords::HandOff;
    let handed = talk.says("wo ist mein Paket", "order_status");
    assert_eq!(handed.handoff, Some(HandoffReason::Language));
}
