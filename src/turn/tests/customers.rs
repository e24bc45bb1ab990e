//! Customers across channels: one conversation, linked by proof; a STOP that applies everywhere.

use crate::turn::Content;
use crate::turn::Gateway;
use crate::turn::Triggers;
use crate::turn::TurnError;
use crate::turn::TurnRequest;
use crate::turn::tests::desk::Desk;
use crate::turn::tests::desk::key;
use crate::turn::tests::desk::message;
use crate::turn::tests::desk::tenant;
use crate::turn::tests::desk::words;
use serde_json::Value;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_conversations::ConsentChange;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::JobKind;
use vitrine_conversations::JobStore;
use vitrine_conversations::KnownFact;
use vitrine_conversations::Purpose;
use vitrine_conversations::StoreError;
use vitrine_conversations::ThreadStore;
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

async fn grant_outreach(gateway: &Gateway) {
    let change = ConsentChange {
        purpose: Purpose::Outreach,
        channel: Some(ChannelKind::Sms),
        wording_version: "1".to_owned(),
        source_message: None,
    };
    let now = gateway.parts.clock.now();
    gateway.change_customer(&customer(), |c| c.grant(change.clone(), now)).await.unwrap();
}

#[tokio::test]
async fn a_stop_on_one_channel_ends_outreach_on_all() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    grant_outreach(&desk.gateway).await;
    let answer = desk.say(known(message("t", "m-1", "Arrêt !"))).await;
    assert_eq!(answer["action"], "close");
    let kept = desk.store.customer(&customer()).await.unwrap().unwrap();
    assert!(!kept.allows(Purpose::Outreach, ChannelKind::Sms));
    assert_eq!(kept.consents[0].withdrawn_at, kept.outreach_stopped_at);
    assert!(kept.outreach_stopped_at.is_some());
}

#[tokio::test]
async fn an_address_joins_a_customers_thread_only_with_the_token_that_came_back() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    desk.say(known(words("t", "what a lovely day it is"))).await;
    let stranger = desk.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(desk.turns("t").await.len(), 1, "an address alone proves nothing");
    let (token, _) = desk.gateway.offer_link(&customer(), ChannelKind::Sms).await.unwrap();
    desk.say(from("+336", &format!("my code is {token}"))).await;
    assert_eq!(desk.turns("t").await.len(), 2, "the token leads to the customer's thread");
    desk.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(desk.turns("t").await.len(), 3, "and so does the address from then on");
    let thread = desk.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(thread.channels, [ChannelKind::Whatsapp, ChannelKind::Sms]);
    assert_eq!(thread.channel(), ChannelKind::Sms);
    desk.say(from("+337", &format!("my code is {token}"))).await;
    assert_eq!(desk.turns("t").await.len(), 3, "a token is good once");
    assert_ne!(stranger["text"], "");

    let unlink = |c: &mut vitrine_conversations::CustomerRecord| c.identities.clear();
    desk.gateway.change_customer(&customer(), unlink).await.unwrap();
    desk.say(from("+336", "what a lovely day it is")).await;
    assert_eq!(desk.turns("t").await.len(), 3, "unlinked");
}

#[tokio::test]
async fn an_erased_customer_is_gone_and_a_late_webhook_does_not_bring_them_back() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    desk.say(known(message("t-1", "m-1", "what a lovely day it is"))).await;
    desk.say(known(message("t-2", "m-2", "left please my friend"))).await;
    assert_eq!(desk.store.waiting(9).await.unwrap().len(), 1, "a hand-off packet is queued");
    let erased = desk.gateway.erase_customer(&customer()).await.unwrap().unwrap();
    assert_eq!((erased.threads, erased.turns), (2, 2));
    assert!(desk.store.waiting(9).await.unwrap().is_empty(), "the packet is erased too");
    for request in [message("t-1", "m-1", "what a lovely day it is"), message("t-9", "m-9", "late")]
    {
        let refused = desk.respond(known(request)).await;
        assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
    }
    assert!(desk.gateway.erase_customer(&customer()).await.unwrap().is_none());
    desk.clock.advance(std::time::Duration::from_secs(1));
    desk.say(known(message("t-9", "m-10", "what a lovely day it is"))).await;
}

#[tokio::test]
async fn a_handoff_is_told_once() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    for number in 0..3 {
        let answer = desk.say(message("t", &format!("m-{number}"), "left please my friend")).await;
        assert_eq!(answer["action"], "handoff");
    }
    let jobs = desk.store.waiting(9).await.unwrap();
    assert_eq!(jobs.len(), 1, "one packet for one handoff");
    assert_eq!(jobs[0].1.kind, JobKind::Handoff);
    let packet: serde_json::Value = serde_json::from_str(&jobs[0].1.body).unwrap();
    assert_eq!(packet["thread_id"], "t");
    assert_eq!(packet["reason"], "requested");
    assert_eq!(packet["epoch"], 2);
}

#[tokio::test]
async fn a_late_message_without_ids_is_known_by_its_senders_address_after_an_erasure() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    desk.say(known(words("t", "what a lovely day it is"))).await;
    let (token, _) = desk.gateway.offer_link(&customer(), ChannelKind::Sms).await.unwrap();
    desk.say(from("+336", &format!("my code is {token}"))).await;
    desk.gateway.erase_customer(&customer()).await.unwrap().unwrap();
    let sent = |request| TurnRequest { sent_at: Some(desk.now()), ..request };
    let refused = desk.respond(sent(from("+336", "late"))).await;
    assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
    desk.respond(sent(from("+337", "what a lovely day it is"))).await.unwrap();
    desk.clock.advance(std::time::Duration::from_secs(1));
    let anew = TurnRequest { sent_at: Some(desk.now()), ..from("+336", "what a lovely day") };
    desk.respond(anew).await.unwrap();
    assert!(desk.turns("t").await.is_empty(), "nothing leads to the erased conversation");
}

#[tokio::test]
async fn a_customer_who_said_stop_gets_no_offer_until_outreach_is_granted_anew() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    grant_outreach(&desk.gateway).await;
    let verdict = async || {
        let customer = customer().customer;
        desk.gateway.suggest(&tenant(), Some(&customer), &[]).await.unwrap().withheld
    };
    let open = verdict().await;
    assert_ne!(open.as_deref(), Some("stopped"));
    desk.say(known(message("t", "m-1", "stop"))).await;
    assert_eq!(verdict().await.as_deref(), Some("stopped"));
    let stranger = desk.gateway.suggest(&tenant(), None, &[]).await.unwrap();
    assert_eq!(stranger.withheld, open, "a STOP applies to its own customer only");
    grant_outreach(&desk.gateway).await;
    assert_eq!(verdict().await, open);
}

#[tokio::test]
async fn facts_go_with_the_purpose_they_were_kept_for() {
    let keep = async |desk: &Desk| {
        let mut thread = samples::full_thread("t");
        let goal = thread.facts.remove("goal").unwrap();
        for purpose in Purpose::ALL {
            thread.facts.insert(purpose.name().to_owned(), KnownFact { purpose, ..goal.clone() });
        }
        thread.customer_id = Some(customer().customer);
        let commit = TurnCommit { key: key("t"), thread, turn: None, jobs: Vec::new() };
        desk.store.commit(commit).await.unwrap();
    };
    let kept = async |desk: &Desk| {
        let thread = desk.store.load(&key("t")).await.unwrap().unwrap();
        let names = Purpose::ALL.map(Purpose::name);
        names.into_iter().filter(|name| thread.facts.contains_key(*name)).collect::<Vec<_>>()
    };
    let desk = Desk::open();
    desk.let_drafts_end(99);
    keep(&desk).await;
    desk.gateway.forget_facts(&customer(), Purpose::Personalisation).await.unwrap();
    assert_eq!(kept(&desk).await, ["assistance", "outreach"]);
    // A STOP in another conversation, then one in the conversation itself.
    desk.say(known(words("elsewhere", "stop"))).await;
    assert_eq!(kept(&desk).await, ["assistance"]);
    let desk = Desk::open();
    desk.let_drafts_end(99);
    keep(&desk).await;
    assert_eq!(desk.say(known(words("t", "stop"))).await["action"], "close");
    assert_eq!(kept(&desk).await, ["assistance", "personalisation"]);
}

#[tokio::test]
async fn a_turn_makes_no_offer_to_who_said_stop_in_the_thread_or_anywhere_else() {
    let tap = |request: TurnRequest| TurnRequest {
        content: Content::Tap { option_id: "feel=comfort".to_owned(), text: String::new() },
        ..request
    };
    // For a customer with an id, the ledger stores the STOP; without an id, the conversation does.
    for (stops, knows) in [(false, false), (true, false), (false, true), (true, true)] {
        let desk = Desk::of_the_example_shop();
        desk.let_drafts_end(99);
        let of = |request: TurnRequest| if knows { known(request) } else { request };
        if stops {
            // A customer with an id says STOP in another conversation.
            desk.say(of(words(if knows { "elsewhere" } else { "t" }, "stop"))).await;
        }
        let need = "I'm looking for running shoes for a marathon";
        let asked = desk.say(of(words("t", need))).await;
        assert_eq!((&asked["action"], &asked["suggestion"]), (&"ask".into(), &Value::Null));
        let shown = desk.say(of(tap(words("t", "")))).await;
        assert_eq!(shown["action"], "recommend", "{shown}");
        assert_eq!(shown["suggestion"].is_null(), stops, "known: {knows}: {shown}");
    }
}

#[tokio::test]
async fn a_channel_that_the_shop_keeps_for_people_goes_to_people() {
    for (channel, reason) in [(ChannelKind::Whatsapp, Some("channel")), (ChannelKind::Sms, None)] {
        let desk = Desk::with(Triggers { channels: [channel].into(), ..Triggers::default() });
        desk.let_drafts_end(99);
        let answer = desk.say(words("t", "what a lovely day it is")).await;
        assert_eq!(answer["action"] == "handoff", reason.is_some(), "{answer}");
        let jobs = desk.store.waiting(9).await.unwrap();
        let packet = jobs.first().map(|(_, job)| {
            serde_json::from_str::<serde_json::Value>(&job.body).unwrap()["reason"].clone()
        });
        assert_eq!(packet, reason.map(Into::into));
        let stop = desk.say(words("t", "stop")).await;
        assert_eq!(stop["action"], "close", "a STOP is never a handoff");
    }
}
