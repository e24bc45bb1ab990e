//! Bursts: messages in quick succession are answered once, in the order they were sent, and never
//! with a stale draft.

use crate::turn::Content;
use crate::turn::DebounceMode;
use crate::turn::TurnRequest;
use crate::turn::tests::harness::BURST_MAX;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::WINDOW;
use crate::turn::tests::harness::WINDOW_SMS;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::tenant;
use crate::turn::tests::harness::words;
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinHandle;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::samples;

/// Sends a request, and lets its turn run until it drafts or waits for another turn.
async fn send(harness: &Harness, request: TurnRequest) -> JoinHandle<Value> {
    let task = tokio::spawn({
        let harness = harness.clone();
        async move { harness.say(request).await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    task
}

fn sent(second: i64, request: TurnRequest) -> TurnRequest {
    TurnRequest { sent_at: Some(samples::at(second).into()), ..request }
}

#[tokio::test]
async fn newer_words_take_over_the_older_ones_and_the_stale_draft_is_dropped() {
    let harness = Harness::open();
    let first = send(&harness, message("t", "m-1", "are you open on")).await;
    harness.begun(1).await;
    let second = send(&harness, message("t", "m-2", "sunday mornings or so")).await;
    let first = first.await.unwrap();
    assert_eq!((&first["action"], &first["text"]), (&"superseded".into(), &"".into()));
    harness.begun(2).await;
    harness.permit_drafts(2);
    let second = second.await.unwrap();
    assert_eq!(first["superseded_by"], second["turn_id"]);
    assert_eq!(second["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_ne!(second["text"], "");
    assert_eq!(harness.asked().last().unwrap(), "are you open on\nsunday mornings or so");
    assert_eq!((harness.drafts().finished, harness.drafts().abandoned), (1, 1));

    let again = harness.say(message("t", "m-1", "are you open on")).await;
    assert_eq!(again, first, "a redelivery gets what the first delivery got");
    assert!(harness.store.load(&key("t")).await.unwrap().unwrap().unanswered.is_empty());
    assert_eq!(harness.turns("t").await.len(), 2);
}

#[tokio::test]
async fn words_are_answered_in_the_order_they_were_sent() {
    let harness = Harness::open();
    let late = send(&harness, sent(5, words("t", "on sunday mornings"))).await;
    harness.begun(1).await;
    let early = send(&harness, sent(2, words("t", "are you open"))).await;
    late.await.unwrap();
    harness.permit_drafts(9);
    early.await.unwrap();
    assert_eq!(harness.asked().last().unwrap(), "are you open\non sunday mornings");
    let conversation = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(
        conversation.last_customer_message_at,
        Some(samples::at(0)),
        "a clock that is ahead keeps the window open no longer"
    );
}

#[tokio::test]
async fn a_run_of_messages_that_does_not_end_is_answered_all_the_same() {
    let harness = Harness::open();
    let mut turns = Vec::new();
    for number in 0..2 * BURST_MAX {
        turns.push(send(&harness, words("t", &format!("and one more thing {number}"))).await);
    }
    harness.permit_drafts(99);
    let mut answers = Vec::new();
    for turn in turns {
        answers.push(turn.await.unwrap());
    }
    let spoken: Vec<bool> = answers.iter().map(|answer| answer["text"] != "").collect();
    assert_eq!(spoken, [false, false, true, false, false, true]);
    let covered = answers[2]["supersedes"].as_array().unwrap();
    assert_eq!(covered, &[answers[0]["turn_id"].clone(), answers[1]["turn_id"].clone()]);
}

#[tokio::test]
async fn a_tap_is_a_choice_of_its_own() {
    let harness = Harness::open();
    let tap = |id: &str| TurnRequest {
        content: Content::Tap { option_id: id.to_owned(), text: String::new() },
        ..words("t", "")
    };
    let first = send(&harness, words("t", "something for the rain")).await;
    harness.begun(1).await;
    let tapped = send(&harness, tap("intent=order_status")).await;
    harness.permit_drafts(1);
    let first = first.await.unwrap();
    assert_eq!(first["superseded_by"], Value::Null);
    harness.begun(2).await;
    let words = send(&harness, words("t", "something for the snow")).await;
    harness.permit_drafts(9);
    let tapped = tapped.await.unwrap();
    assert_eq!(tapped["superseded_by"], Value::Null);
    assert_eq!(words.await.unwrap()["supersedes"], serde_json::json!([]));
}

#[tokio::test]
async fn a_stop_within_a_burst_counts_and_is_confirmed_whatever_comes_around_it() {
    let customer = CustomerId::new("c-7").unwrap();
    let ledger = CustomerKey { tenant: tenant(), customer: customer.clone() };
    for debounce_mode in [DebounceMode::None, DebounceMode::Debounce] {
        for place in 0..3 {
            let harness = Harness::open();
            let mut texts = vec!["are you open on", "sunday mornings or so"];
            texts.insert(place, " Stop! ");
            let mut turns = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                let request = message("t", &format!("m-{number}"), text);
                let customer_id = Some(customer.clone());
                turns.push(
                    send(&harness, TurnRequest { debounce_mode, customer_id, ..request }).await,
                );
            }
            harness.permit_drafts(9);
            harness.clock.advance(WINDOW);
            let mut answers = Vec::new();
            for turn in turns {
                answers.push(turn.await.unwrap());
            }
            let stop = answers.remove(place);
            assert_eq!((&stop["action"], &stop["superseded_by"]), (&"close".into(), &Value::Null));
            assert_ne!(stop["text"], "", "the STOP is confirmed");
            assert_eq!(stop["supersedes"], serde_json::json!([]));
            let asked = harness.asked().into_iter().filter(|text| text.contains("open on"));
            assert!(asked.clone().count() > 0, "the question is answered as well");
            for text in asked {
                assert!(!text.to_lowercase().contains("stop"), "merged into {text}");
            }
            let conversation = harness.store.load(&key("t")).await.unwrap().unwrap();
            assert!(
                conversation.outreach_stopped_at.is_some() && conversation.unanswered.is_empty()
            );
            let kept = harness.store.customer(&ledger).await.unwrap().unwrap();
            assert!(kept.has_stopped(), "at {place} of the burst with {debounce_mode:?}");
        }
    }
}

#[tokio::test]
async fn superseded_messages_are_answered_when_the_newer_one_is_redelivered() {
    let harness = Harness::open();
    let first = send(&harness, message("t", "m-1", "are you open on")).await;
    harness.begun(1).await;
    let second = send(&harness, message("t", "m-2", "sunday mornings")).await;
    let first = first.await.unwrap();
    harness.begun(2).await;
    // The second message's caller disconnects before its answer; the channel delivers it again.
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    harness.permit_drafts(9);
    let again = harness.say(message("t", "m-2", "sunday mornings")).await;
    assert_eq!(again["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_eq!(harness.asked().last().unwrap(), "are you open on\nsunday mornings");
}

#[tokio::test]
async fn a_caller_that_can_wait_waits_the_channels_window_and_no_longer() {
    let harness = Harness::open();
    harness.permit_drafts(99);
    let patient = |request| TurnRequest { debounce_mode: DebounceMode::Debounce, ..request };
    let first = send(&harness, patient(words("t", "are you open on"))).await;
    harness.clock.advance(WINDOW - Duration::from_millis(1));
    let second = send(&harness, patient(words("t", "sunday mornings"))).await;
    let first = first.await.unwrap();
    assert_eq!(first["action"], "superseded", "before its window had passed");
    harness.clock.advance(WINDOW - Duration::from_millis(1));
    assert!(futures::poll!(Box::pin(harness.begun(1))).is_pending(), "drafted too early");
    harness.clock.advance(Duration::from_millis(1));
    let second = second.await.unwrap();
    assert_eq!(second["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_eq!(harness.drafts().begun, 1);

    // The clock does not move: a turn without debouncing must not wait for it.
    assert_ne!(harness.say(words("t", "and what about mondays")).await["text"], "");
}

#[tokio::test]
async fn each_channel_waits_its_own_window() {
    for (channel, window) in [(ChannelKind::Sms, WINDOW_SMS), (ChannelKind::Rcs, WINDOW)] {
        let harness = Harness::open();
        harness.permit_drafts(9);
        let debounce_mode = DebounceMode::Debounce;
        let turn = TurnRequest { channel, debounce_mode, ..words("t", "are you open") };
        let turn = send(&harness, turn).await;
        harness.clock.advance(window - Duration::from_millis(1));
        assert!(futures::poll!(Box::pin(harness.begun(1))).is_pending(), "{channel:?} too early");
        harness.clock.advance(Duration::from_millis(1));
        assert_ne!(turn.await.unwrap()["text"], "");
    }
}
