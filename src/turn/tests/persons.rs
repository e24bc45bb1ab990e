//! One person, one thread: first messages at the same moment, other spellings of an address, and an
//! erasure while messages are under way.

use crate::turn::Content;
use crate::turn::DebounceMode;
use crate::turn::SentAt;
use crate::turn::TurnError;
use crate::turn::TurnRequest;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::tenant;
use crate::turn::tests::harness::words;
use jiff::tz::Offset;
use std::time::Duration;
use tokio::task::JoinSet;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::Clock;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_conversations::AttachmentKind;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::Identity;
use vitrine_conversations::IdentityProof;
use vitrine_conversations::StoreError;
use vitrine_conversations::StoredAttachment;
use vitrine_conversations::samples;

const SUNNY: &str = "what a lovely day it is";

fn customer(name: &str) -> CustomerKey {
    CustomerKey { tenant: tenant(), customer: CustomerId::new(name).unwrap() }
}

/// A first message: from an address or of a customer, without a conversation.
fn first(id: &str, sender: Option<&str>, of: Option<&str>) -> TurnRequest {
    TurnRequest {
        thread_id: None,
        sender: sender.map(str::to_owned),
        customer_id: of.map(|of| customer(of).customer),
        ..message("unused", id, SUNNY)
    }
}

async fn link(harness: &Harness, name: &str, address: &str) {
    let identity = Identity {
        channel: ChannelKind::Whatsapp,
        address: address.to_owned(),
        proof: IdentityProof::VerifiedCustomer,
        linked_at: harness.clock.now(),
    };
    harness.pipeline.link_identity(&customer(name), identity).await.unwrap();
}

async fn conversations(harness: &Harness, name: &str) -> Vec<ConversationId> {
    harness.store.customer_conversations(&customer(name), None, 99).await.unwrap()
}

/// Waits until a turn has entered its conversation, and with it the wait of its debounce window.
async fn entered(harness: &Harness) {
    while harness.pipeline.parts.gate.occupied().0 == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn first_messages_of_one_customer_at_the_same_moment_open_one_thread() {
    let harness = Harness::open();
    harness.permit_drafts(10_000);
    for round in 0..50 {
        let name = format!("c-{round}");
        let address = format!("+336000000{round:02}");
        link(&harness, &name, &address).await;
        let mut tasks = JoinSet::new();
        for number in 0..4 {
            let harness = harness.clone();
            let (name, address) = (name.clone(), address.clone());
            tasks.spawn(async move {
                let id = format!("w-{name}-{number}");
                let request = match number % 2 {
                    0 => first(&id, Some(&address), None),
                    _ => first(&id, None, Some(&name)),
                };
                harness.say(request).await
            });
        }
        tasks.join_all().await;
        let threads = conversations(&harness, &name).await;
        assert_eq!(threads.len(), 1, "round {round}");
        assert_eq!(harness.turns(threads[0].as_str()).await.len(), 4, "round {round}");
    }
}

#[tokio::test]
async fn an_accepted_message_and_an_answered_one_share_the_customers_thread() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    link(&harness, "c", "+33612345678").await;
    let (accepted, reserved) =
        harness.pipeline.accept(first("a-1", Some("+33 6 12 34 56 78"), None)).await.unwrap();
    let thread = accepted.thread_id.unwrap();
    assert_eq!(accepted.customer_id, Some(customer("c").customer));
    // Before the accepted one is stored.
    harness.say(first("a-2", Some("whatsapp:+33612345678"), None)).await;
    drop(reserved);
    assert_eq!(conversations(&harness, "c").await, std::slice::from_ref(&thread));
    // And the other way round: the open conversation takes the accepted message.
    let (later, _) = harness.pipeline.accept(first("a-3", None, Some("c"))).await.unwrap();
    assert_eq!(later.thread_id, Some(thread));
}

#[tokio::test]
async fn every_spelling_of_an_address_is_the_same_person() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    link(&harness, "c", "whatsapp:+33 (0)6 12 34 56 78").await;
    let kept = harness.store.customer(&customer("c")).await.unwrap().unwrap();
    assert_eq!(kept.identities[0].address, "+33612345678");
    link(&harness, "c", "0033612345678").await;
    let again = harness.store.customer(&customer("c")).await.unwrap().unwrap();
    assert_eq!(again.identities.len(), 1, "another spelling is no second address");
    let spellings =
        ["+33612345678", "0033 6 12 34 56 78", "tel:+33-6-12-34-56-78", "＋３３６１２３４５６７８"];
    for (number, spelling) in spellings.into_iter().enumerate() {
        harness.say(first(&format!("m-{number}"), Some(spelling), None)).await;
    }
    let threads = conversations(&harness, "c").await;
    assert_eq!(threads.len(), 1);
    assert_eq!(harness.turns(threads[0].as_str()).await.len(), spellings.len());
}

#[tokio::test]
async fn a_draft_under_way_writes_nothing_after_the_erasure() {
    for debounce_mode in [DebounceMode::None, DebounceMode::Debounce] {
        let harness = Harness::open();
        link(&harness, "c", "+33612345678").await;
        let task = tokio::spawn({
            let harness = harness.clone();
            let request = first("m-1", Some("+33612345678"), None);
            async move { harness.respond(TurnRequest { debounce_mode, ..request }).await }
        });
        match debounce_mode {
            DebounceMode::None => harness.begun(1).await,
            DebounceMode::Debounce => entered(&harness).await,
        }
        harness.clock.advance(Duration::from_millis(100));
        harness.pipeline.erase_customer(&customer("c")).await.unwrap().unwrap();
        harness.clock.advance(Duration::from_secs(2));
        harness.permit_drafts(9);
        let refused = task.await.unwrap();
        assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
        let statistics = harness.store.statistics().await.unwrap();
        assert_eq!((statistics.conversations, statistics.turns), (0, 0), "{debounce_mode:?}");
        assert!(harness.store.customer(&customer("c")).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_stop_accepted_before_the_erasure_does_not_bring_the_customer_back() {
    let harness = Harness::open();
    harness.pipeline.change_customer(&customer("c"), |_| ()).await.unwrap();
    let received_at = Some(harness.now());
    harness.clock.advance(Duration::from_millis(100));
    harness.pipeline.erase_customer(&customer("c")).await.unwrap().unwrap();
    harness.clock.advance(Duration::from_secs(1));
    let content = Content::Text("stop".to_owned());
    let stop = TurnRequest { content, received_at, ..first("m-1", None, Some("c")) };
    let refused = harness.respond(stop).await;
    assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
    assert!(harness.store.customer(&customer("c")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_message_accepted_before_the_erasure_is_refused_whatever_its_senders_clock_says() {
    let harness = Harness::open();
    harness.permit_drafts(9);
    let received_at = Some(harness.now());
    harness.say(first("m-1", None, Some("c"))).await;
    harness.clock.advance(Duration::from_secs(5));
    harness.pipeline.erase_customer(&customer("c")).await.unwrap().unwrap();
    harness.clock.advance(Duration::from_secs(5));
    let sent_at = Some(SentAt::from(harness.now()));
    let accepted = TurnRequest { received_at, sent_at, ..first("m-2", None, Some("c")) };
    let refused = harness.respond(accepted).await;
    assert!(matches!(refused, Err(TurnError::Store(StoreError::Erased { .. }))), "{refused:?}");
}

#[tokio::test]
async fn a_time_in_the_future_keeps_the_window_open_no_longer() {
    let harness = Harness::open();
    harness.permit_drafts(9);
    let at = |seconds| Some(SentAt::from(samples::at(seconds)));
    for (id, sent_at) in [("m-1", at(86_400)), ("m-2", at(60)), ("m-3", at(-60))] {
        harness.say(TurnRequest { sent_at, ..message("t", id, SUNNY) }).await;
        let record = harness.store.load(&key("t")).await.unwrap().unwrap();
        assert_eq!(record.last_customer_message_at, Some(samples::at(0)), "{id}");
    }
    let turns = harness.turns("t").await;
    let sent: Vec<_> = turns.iter().map(|turn| turn.sent_at).collect();
    assert_eq!(sent, [samples::at(0), samples::at(60), samples::at(-60)]);
}

#[tokio::test]
async fn the_senders_own_day_is_kept() {
    let harness = Harness::open();
    harness.permit_drafts(9);
    harness.clock.advance(Duration::from_secs(86_400 * 400));
    let at = "2026-11-23T00:30:00+01:00".parse().unwrap();
    let sent_at = Some(SentAt { at, offset: Offset::constant(1) });
    let request = TurnRequest { sent_at, ..message("t", "m", SUNNY) };
    assert_eq!(request.local_date(harness.now()).to_string(), "2026-11-23");
    harness.say(request).await;
    let turn = &harness.turns("t").await[0];
    assert_eq!(turn.sent_on.unwrap().to_string(), "2026-11-23");
    assert_eq!(turn.sent_at, at);
}

#[tokio::test]
async fn attachments_alone_get_one_reply_that_offers_a_person() {
    let harness = Harness::open();
    let request = TurnRequest {
        content: Content::Text(String::new()),
        attachments: vec![StoredAttachment {
            kind: AttachmentKind::Audio,
            mime_type: Some("audio/ogg".to_owned()),
        }],
        ..message("t", "m", "unused")
    };
    // No draft is permitted: the words are fixed.
    let answer = harness.say(request.clone()).await;
    assert_eq!((&answer["action"], &answer["source"]), (&"answer".into(), &"template".into()));
    assert!(answer["text"].as_str().unwrap().contains("voice notes"), "{answer}");
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(record.option_ids, ["intent=human_agent"]);
    assert_eq!(harness.turns("t").await[0].attachments, request.attachments);
    harness.permit_drafts(9);
    let person = TurnRequest {
        content: Content::Tap { option_id: "intent=human_agent".to_owned(), text: String::new() },
        ..message("t", "m-2", "unused")
    };
    assert_eq!(harness.say(person).await["action"], "handoff");
}

#[tokio::test]
async fn a_text_after_a_picture_is_answered_once() {
    let harness = Harness::open();
    let picture = TurnRequest {
        content: Content::Text(String::new()),
        attachments: vec![StoredAttachment { kind: AttachmentKind::Image, mime_type: None }],
        debounce_mode: DebounceMode::Debounce,
        ..message("t", "m-1", "unused")
    };
    let task = tokio::spawn({
        let harness = harness.clone();
        async move { harness.say(picture).await }
    });
    entered(&harness).await;
    harness.permit_drafts(9);
    let answer = harness.say(message("t", "m-2", SUNNY)).await;
    assert_eq!(task.await.unwrap()["superseded_by"], answer["turn_id"]);
    assert_eq!(harness.asked(), [SUNNY]);
}

#[tokio::test]
async fn options_that_were_never_offered_are_refused_and_leave_no_fact() {
    let harness = Harness::with_example_shop();
    harness.permit_drafts(99);
    let tap = |id: &str| TurnRequest {
        content: Content::Tap { option_id: id.to_owned(), text: String::new() },
        ..words("t", "")
    };
    harness.say(words("t", "I'm looking for running shoes for a marathon")).await;
    let before = harness.store.load(&key("t")).await.unwrap().unwrap();
    for id in [
        "price=1",
        "discount=100",
        "category=../../x",
        "intent=nosuch",
        "take=NOPE",
        "confirm=SOCK-01",
        "other=SOCK-01",
        "budget_max=1",
        "feel=nothing",
        "colour=<b>",
    ] {
        let refused = harness.respond(tap(id)).await;
        assert!(matches!(refused, Err(TurnError::UnknownOption { .. })), "{id}: {refused:?}");
        // Neither in a conversation that does not exist yet.
        let elsewhere = TurnRequest { thread_id: None, ..tap(id) };
        assert!(matches!(harness.respond(elsewhere).await, Err(TurnError::UnknownOption { .. })));
    }
    let after = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(before.facts, after.facts);
    // A button stays good after others were shown.
    let shown = before.option_ids.clone();
    assert!(!shown.is_empty());
    harness.say(tap(&shown[0])).await;
    harness.say(words("t", SUNNY)).await;
    harness.say(tap(&shown[0])).await;
    // What an advertisement may carry into a first message.
    let ad = TurnRequest { thread_id: None, ..tap("take=RUN-012") };
    harness.respond(ad).await.unwrap();
}
