//! Customers across channels: one conversation, linked by proof; a STOP that applies everywhere.

use crate::turn::Content;
use crate::turn::Triggers;
use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::TurnRequest;
use crate::turn::suggest::Asked;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::tenant;
use crate::turn::tests::harness::words;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::Clock;
use vitrine_base::ids::CustomerId;
use vitrine_conversations::ConsentChange;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::JobKind;
use vitrine_conversations::JobStore;
use vitrine_conversations::KnownFact;
use vitrine_conversations::Purpose;
use vitrine_conversations::StoreError;
use vitrine_conversations::TurnCommit;
use vitrine_conversations::samples;

fn customer() -> CustomerKey {
    CustomerKey { tenant: tenant(), customer: CustomerId::new("c-42").unwrap() }
}

fn known(request: TurnRequest) -> TurnRequest {
    TurnRequest { customer_id: Some(customer().customer), ..request }
}

/// A message from an address, without a conversation.
fn from(address: &str, text: &str) -> TurnRequest {
    TurnRequest {
        thread_id: None,
        channel: ChannelKind::Sms,
        sender: Some(address.to_owned()),
        ..words("unused", text)
    }
}

async fn grant_outreach(pipeline: &TurnPipeline) {
    let change = ConsentChange {
        purpose: Purpose::Outreach,
        channel: Some(ChannelKind::Sms),
        wording_version: "1".to_owned(),
        source_message: None,
    };
    let now = pipeline.parts.clock.now();
    pipeline.change_customer(&customer(), |c| c.grant(change.clone(), now)).await.unwrap();
}

#[tokio::test]
async fn ids_of_turns_and_conversations_hold_the_time_of_the_injected_clock() {
    let harness = Harness::open();
    harness.permit_drafts(9);
    harness.clock.advance(Duration::from_millis(5));
    let answer = harness.say(known(from("+336", "what a lovely day it is"))).await;
    let conversations = harness.store.customer_conversations(&customer(), None, 9).await.unwrap();
    for id in [answer["turn_id"].as_str().unwrap(), conversations[0].as_str()] {
        let id = uuid::Uuid::parse_str(id).unwrap();
        let (seconds, nanoseconds) = id.get_timestamp().unwrap().to_unix();
        let expected = harness.clock.now();
        assert_eq!(i64::try_from(seconds).unwrap(), expected.as_second());
        assert_eq!(nanoseconds, 5_000_000, "milliseconds are kept");
        assert_eq!(id.get_version_num(), 7);
    }
}

#[tokio::test]
async fn a_stop_on_one_channel_ends_outreach_on_all() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    grant_outreach(&harness.pipeline).await;
    let answer = harness.say(known(message("t", "m-1", "Arrêt !"))).await;
    assert_eq!(answer["action"], "close");
    let kept = harness.store.customer(&customer()).await.unwrap().unwrap();
    assert!(!kept.allows(Purpose::Outreach, ChannelKind::Sms));
    assert_eq!(kept.consents[0].withdrawn_at, kept.outreach_stopped_at);
    assert!(kept.outreach_stopped_at.is_some());
}

#[tokio::test]
async fn an_address_joins_a_customers_thread_only_with_the_token_that_came_back() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    harness.say(known(words("t", "what a lovely day it is"))).await;
    let stranger = harness.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(harness.turns("t").await.len(), 1, "an address alone proves nothing");
    let (token, _) = harness.pipeline.offer_link(&customer(), ChannelKind::Sms).await.unwrap();
    harness.say(from("+336", &format!("my code is {token}"))).await;
    assert_eq!(harness.turns("t").await.len(), 2, "the token leads to the customer's conversation");
    harness.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(harness.turns("t").await.len(), 3, "and so does the address from then on");
    let conversation = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(conversation.channels, [ChannelKind::Whatsapp, ChannelKind::Sms]);
    assert_eq!(conversation.channel(), ChannelKind::Sms);
    harness.say(from("+337", &format!("my code is {token}"))).await;
    assert_eq!(harness.turns("t").await.len(), 3, "a token is good once");
    assert_ne!(stranger["text"], "");

    let unlink = |c: &mut vitrine_conversations::CustomerRecord| c.identities.clear();
    harness.pipeline.change_customer(&customer(), unlink).await.unwrap();
    harness.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(harness.turns("t").await.len(), 3, "unlinked");
}

#[tokio::test]
async fn an_erased_customer_is_gone_and_a_late_webhook_does_not_bring_them_back() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    harness.say(known(message("t-1", "m-1", "what a lovely day it is"))).await;
    harness.say(known(message("t-2", "m-2", "I want to talk to a human"))).await;
    assert_eq!(harness.store.waiting(9).await.unwrap().len(), 1, "a hand-off packet is queued");
    let erased = harness.pipeline.erase_customer(&customer()).await.unwrap().unwrap();
    assert_eq!((erased.conversations, erased.turns), (2, 2));
    assert!(harness.store.waiting(9).await.unwrap().is_empty(), "the packet is erased too");
    for request in [message("t-1", "m-1", "what a lovely day it is"), message("t-9", "m-9", "late")]
    {
        let refused = harness.respond(known(request)).await;
        assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
    }
    assert!(harness.pipeline.erase_customer(&customer()).await.unwrap().is_none());
    harness.clock.advance(std::time::Duration::from_secs(1));
    harness.say(known(message("t-9", "m-10", "what a lovely day it is"))).await;
}

#[tokio::test]
async fn a_handoff_is_told_once() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    for number in 0..3 {
        let id = format!("m-{number}");
        let answer = harness.say(message("t", &id, "I want to talk to a human")).await;
        assert_eq!(answer["action"], "handoff");
    }
    let jobs = harness.store.waiting(9).await.unwrap();
    assert_eq!(jobs.len(), 1, "one packet for one handoff");
    assert_eq!(jobs[0].1.kind, JobKind::Handoff);
    let packet: serde_json::Value = serde_json::from_str(&jobs[0].1.body).unwrap();
    assert_eq!(packet["thread_id"], "t");
    assert_eq!(packet["reason"], "requested");
    assert_eq!(packet["epoch"], 2);
}

#[tokio::test]
async fn a_late_message_without_ids_is_refused_by_its_senders_address() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    harness.say(known(words("t", "what a lovely day it is"))).await;
    let (token, _) = harness.pipeline.offer_link(&customer(), ChannelKind::Sms).await.unwrap();
    harness.say(from("+336", &format!("my code is {token}"))).await;
    harness.pipeline.erase_customer(&customer()).await.unwrap().unwrap();
    let sent = |request| TurnRequest { sent_at: Some(harness.now().into()), ..request };
    let refused = harness.respond(sent(from("+336", "late"))).await;
    assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
    harness.respond(sent(from("+337", "what a lovely day it is"))).await.unwrap();
    harness.clock.advance(std::time::Duration::from_secs(1));
    let anew =
        TurnRequest { sent_at: Some(harness.now().into()), ..from("+336", "what a lovely day") };
    harness.respond(anew).await.unwrap();
    assert!(harness.turns("t").await.is_empty(), "nothing leads to the erased conversation");
}

#[tokio::test]
async fn customers_who_said_stop_get_no_offer_until_they_grant_outreach_again() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    grant_outreach(&harness.pipeline).await;
    let verdict = async || {
        let asked = Asked { customer: Some(customer().customer), ..Asked::default() };
        harness.pipeline.suggest(&tenant(), asked).await.unwrap().withheld
    };
    let open = verdict().await;
    assert_ne!(open.as_deref(), Some("stopped"));
    harness.say(known(message("t", "m-1", "stop"))).await;
    assert_eq!(verdict().await.as_deref(), Some("stopped"));
    let stranger = harness.pipeline.suggest(&tenant(), Asked::default()).await.unwrap();
    assert_eq!(stranger.withheld, open, "a STOP applies to its own customer only");
    grant_outreach(&harness.pipeline).await;
    assert_eq!(verdict().await, open);
}

#[tokio::test]
async fn facts_go_with_the_purpose_they_were_kept_for() {
    // What was stated for assistance is what the state of the dialogue holds.
    let stored = |purpose: Purpose| match purpose {
        Purpose::Assistance => "category".to_owned(),
        other => other.name().to_owned(),
    };
    let keep = async |harness: &Harness| {
        let mut conversation = samples::full_conversation("t");
        let goal = conversation.facts.remove("goal").unwrap();
        for purpose in Purpose::ALL {
            conversation.facts.insert(stored(purpose), KnownFact { purpose, ..goal.clone() });
        }
        conversation.customer_id = Some(customer().customer);
        let commit = TurnCommit { key: key("t"), conversation, turn: None, jobs: Vec::new() };
        harness.store.commit(commit).await.unwrap();
    };
    let kept = async |harness: &Harness| {
        let conversation = harness.store.load(&key("t")).await.unwrap().unwrap();
        let kept = |purpose: &Purpose| conversation.facts.contains_key(&stored(*purpose));
        Purpose::ALL.into_iter().filter(kept).map(Purpose::name).collect::<Vec<_>>()
    };
    let harness = Harness::open();
    harness.permit_drafts(99);
    keep(&harness).await;
    harness.pipeline.forget_facts(&customer(), Purpose::Personalisation).await.unwrap();
    assert_eq!(kept(&harness).await, ["assistance", "outreach"]);
    // A STOP in another conversation, then one in the conversation itself.
    harness.say(known(words("elsewhere", "stop"))).await;
    assert_eq!(kept(&harness).await, ["assistance"]);
    let harness = Harness::open();
    harness.permit_drafts(99);
    keep(&harness).await;
    assert_eq!(harness.say(known(words("t", "stop"))).await["action"], "close");
    assert_eq!(kept(&harness).await, ["assistance", "personalisation"]);
}

#[tokio::test]
async fn a_customer_who_withdraws_assistance_loses_the_dialogue_state_with_the_facts() {
    let harness = Harness::open();
    let mut conversation = samples::full_conversation("t");
    conversation.customer_id = Some(customer().customer);
    let commit = TurnCommit { key: key("t"), conversation, turn: None, jobs: Vec::new() };
    harness.store.commit(commit).await.unwrap();
    harness.pipeline.forget_facts(&customer(), Purpose::Outreach).await.unwrap();
    let kept = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert!(kept.dialogue.is_some());
    harness.pipeline.forget_facts(&customer(), Purpose::Assistance).await.unwrap();
    let kept = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert!(kept.dialogue.is_none() && kept.facts.is_empty());
}

#[tokio::test]
async fn a_withdrawal_reaches_every_conversation_however_many_there_are() {
    let harness = Harness::open();
    let conversations = crate::turn::consent::CUSTOMER_CONVERSATIONS_MAX + 1;
    for number in 0..conversations {
        let name = format!("t-{number:05}");
        let mut conversation = samples::full_conversation(&name);
        conversation.customer_id = Some(customer().customer);
        for fact in conversation.facts.values_mut() {
            fact.purpose = Purpose::Personalisation;
        }
        let commit = TurnCommit { key: key(&name), conversation, turn: None, jobs: Vec::new() };
        harness.store.commit(commit).await.unwrap();
    }
    harness.pipeline.forget_facts(&customer(), Purpose::Personalisation).await.unwrap();
    for number in [0, conversations / 2, conversations - 1] {
        let record = harness.store.load(&key(&format!("t-{number:05}"))).await.unwrap().unwrap();
        assert!(record.facts.is_empty(), "{number}");
    }
}

#[tokio::test]
async fn customers_who_said_stop_get_no_offer_in_any_conversation() {
    let tap = |request: TurnRequest| TurnRequest {
        content: Content::Tap { option_id: "feel=comfort".to_owned(), text: String::new() },
        ..request
    };
    // For a customer with an id, the ledger stores the STOP; without an id, the conversation does.
    for (stops, knows) in [(false, false), (true, false), (false, true), (true, true)] {
        let harness = Harness::with_example_shop();
        harness.permit_drafts(99);
        let of = |request: TurnRequest| if knows { known(request) } else { request };
        if stops {
            // A customer with an id says STOP in another conversation.
            harness.say(of(words(if knows { "elsewhere" } else { "t" }, "stop"))).await;
        }
        let need = "I'm looking for running shoes for a marathon";
        let shown = harness.say(of(words("t", need))).await;
        assert_eq!(shown["action"], "recommend", "{shown}");
        assert_eq!(shown["suggestion"].is_null(), stops, "known: {knows}: {shown}");
        let tapped = harness.say(of(tap(words("t", "")))).await;
        assert!(!stops || tapped["suggestion"].is_null(), "known: {knows}: {tapped}");
        assert!(stops || tapped["suggestion"] != shown["suggestion"], "none is offered twice");
    }
}

#[tokio::test]
async fn a_channel_that_the_shop_keeps_for_people_goes_to_people() {
    for (channel, reason) in [(ChannelKind::Whatsapp, Some("channel")), (ChannelKind::Sms, None)] {
        let harness = Harness::with(Triggers { channels: [channel].into(), ..Triggers::default() });
        harness.permit_drafts(99);
        let answer = harness.say(words("t", "do you sell running shoes?")).await;
        assert_eq!(answer["action"] == "handoff", reason.is_some(), "{answer}");
        let jobs = harness.store.waiting(9).await.unwrap();
        let packet = jobs.first().map(|(_, job)| {
            serde_json::from_str::<serde_json::Value>(&job.body).unwrap()["reason"].clone()
        });
        assert_eq!(packet, reason.map(Into::into));
        let stop = harness.say(words("t", "stop")).await;
        assert_eq!(stop["action"], "close", "a STOP is never a handoff");
    }
}
