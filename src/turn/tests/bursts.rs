//! Bursts: messages in quick succession are answered once, in the order they were sent, and never
//! with a stale draft.

use crate::turn::Content;
use crate::turn::Patience;
use crate::turn::TurnRequest;
use crate::turn::tests::desk::BURST_MAX;
use crate::turn::tests::desk::Desk;
use crate::turn::tests::desk::WINDOW;
use crate::turn::tests::desk::WINDOW_SMS;
use crate::turn::tests::desk::key;
use crate::turn::tests::desk::message;
use crate::turn::tests::desk::tenant;
use crate::turn::tests::desk::words;
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinHandle;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::ThreadStore;
use vitrine_conversations::samples;

/// Sends a request, and lets its turn run until it drafts or waits for another turn.
async fn send(desk: &Desk, request: TurnRequest) -> JoinHandle<Value> {
    let task = tokio::spawn({
        let desk = desk.clone();
        async move { desk.say(request).await }
    });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    task
}

fn sent(second: i64, request: TurnRequest) -> TurnRequest {
    TurnRequest { sent_at: Some(samples::at(second)), ..request }
}

#[tokio::test]
async fn newer_words_take_over_the_older_ones_and_the_stale_draft_is_dropped() {
    let desk = Desk::open();
    let first = send(&desk, message("t", "m-1", "are you open on")).await;
    desk.begun(1).await;
    let second = send(&desk, message("t", "m-2", "sunday mornings or so")).await;
    let first = first.await.unwrap();
    assert_eq!((&first["action"], &first["text"]), (&"superseded".into(), &"".into()));
    desk.begun(2).await;
    desk.let_drafts_end(2);
    let second = second.await.unwrap();
    assert_eq!(first["superseded_by"], second["turn_id"]);
    assert_eq!(second["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_ne!(second["text"], "");
    assert_eq!(desk.asked().last().unwrap(), "are you open on\nsunday mornings or so");
    assert_eq!((desk.drafts().finished, desk.drafts().abandoned), (1, 1));

    let again = desk.say(message("t", "m-1", "are you open on")).await;
    assert_eq!(again, first, "a redelivery gets what the first delivery got");
    assert!(desk.store.load(&key("t")).await.unwrap().unwrap().unanswered.is_empty());
    assert_eq!(desk.turns("t").await.len(), 2);
}

#[tokio::test]
async fn words_are_answered_in_the_order_they_were_sent() {
    let desk = Desk::open();
    let late = send(&desk, sent(5, words("t", "on sunday mornings"))).await;
    desk.begun(1).await;
    let early = send(&desk, sent(2, words("t", "are you open"))).await;
    late.await.unwrap();
    desk.let_drafts_end(9);
    early.await.unwrap();
    assert_eq!(desk.asked().last().unwrap(), "are you open\non sunday mornings");
    let thread = desk.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(thread.last_customer_message_at, Some(samples::at(5)));
}

#[tokio::test]
async fn a_run_of_messages_that_does_not_end_is_answered_all_the_same() {
    let desk = Desk::open();
    let mut turns = Vec::new();
    for number in 0..2 * BURST_MAX {
        turns.push(send(&desk, words("t", &format!("and one more thing {number}"))).await);
    }
    desk.let_drafts_end(99);
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
    let desk = Desk::open();
    let tap = |id: &str| TurnRequest {
        content: Content::Tap { option_id: id.to_owned(), text: String::new() },
        ..words("t", "")
    };
    let first = send(&desk, words("t", "something for the rain")).await;
    desk.begun(1).await;
    let tapped = send(&desk, tap("feel=comfort")).await;
    desk.let_drafts_end(1);
    let first = first.await.unwrap();
    assert_eq!(first["superseded_by"], Value::Null);
    desk.begun(2).await;
    let words = send(&desk, words("t", "something for the snow")).await;
    desk.let_drafts_end(9);
    let tapped = tapped.await.unwrap();
    assert_eq!(tapped["superseded_by"], Value::Null);
    assert_eq!(words.await.unwrap()["supersedes"], serde_json::json!([]));
}

#[tokio::test]
async fn a_stop_within_a_burst_counts_and_is_confirmed_whatever_comes_around_it() {
    let customer = CustomerId::new("c-7").unwrap();
    let ledger = CustomerKey { tenant: tenant(), customer: customer.clone() };
    for patience in [Patience::None, Patience::Debounce] {
        for place in 0..3 {
            let desk = Desk::open();
            let mut texts = vec!["are you open on", "sunday mornings or so"];
            texts.insert(place, " Stop! ");
            let mut turns = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                let request = message("t", &format!("m-{number}"), text);
                let customer_id = Some(customer.clone());
                turns.push(send(&desk, TurnRequest { patience, customer_id, ..request }).await);
            }
            desk.let_drafts_end(9);
            desk.clock.advance(WINDOW);
            let mut answers = Vec::new();
            for turn in turns {
                answers.push(turn.await.unwrap());
            }
            let stop = answers.remove(place);
            assert_eq!((&stop["action"], &stop["superseded_by"]), (&"close".into(), &Value::Null));
            assert_ne!(stop["text"], "", "the STOP is confirmed");
            assert_eq!(stop["supersedes"], serde_json::json!([]));
            let asked = desk.asked().into_iter().filter(|text| text.contains("open on"));
            assert!(asked.clone().count() > 0, "the question is answered as well");
            for text in asked {
                assert!(!text.to_lowercase().contains("stop"), "merged into {text}");
            }
            let thread = desk.store.load(&key("t")).await.unwrap().unwrap();
            assert!(thread.outreach_stopped_at.is_some() && thread.unanswered.is_empty());
            let kept = desk.store.customer(&ledger).await.unwrap().unwrap();
            assert!(kept.has_stopped(), "at {place} of the burst with {patience:?}");
        }
    }
}

#[tokio::test]
async fn words_whose_newer_ones_never_came_are_answered_with_the_next() {
    let desk = Desk::open();
    let first = send(&desk, message("t", "m-1", "are you open on")).await;
    desk.begun(1).await;
    let second = send(&desk, message("t", "m-2", "sunday mornings")).await;
    let first = first.await.unwrap();
    desk.begun(2).await;
    // The second message's caller disconnects before its answer; the channel delivers it again.
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    desk.let_drafts_end(9);
    let again = desk.say(message("t", "m-2", "sunday mornings")).await;
    assert_eq!(again["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_eq!(desk.asked().last().unwrap(), "are you open on\nsunday mornings");
}

#[tokio::test]
async fn a_caller_that_can_wait_waits_the_channels_window_and_no_longer() {
    let desk = Desk::open();
    desk.let_drafts_end(99);
    let patient = |request| TurnRequest { patience: Patience::Debounce, ..request };
    let first = send(&desk, patient(words("t", "are you open on"))).await;
    desk.clock.advance(WINDOW - Duration::from_millis(1));
    let second = send(&desk, patient(words("t", "sunday mornings"))).await;
    let first = first.await.unwrap();
    assert_eq!(first["action"], "superseded", "before its window had passed");
    desk.clock.advance(WINDOW - Duration::from_millis(1));
    assert!(futures::poll!(Box::pin(desk.begun(1))).is_pending(), "drafted too early");
    desk.clock.advance(Duration::from_millis(1));
    let second = second.await.unwrap();
    assert_eq!(second["supersedes"], serde_json::json!([first["turn_id"]]));
    assert_eq!(desk.drafts().begun, 1);

    // The clock does not move: a turn without debouncing must not wait for it.
    assert_ne!(desk.say(words("t", "and what about mondays")).await["text"], "");
}

#[tokio::test]
async fn each_channel_waits_its_own_window() {
    for (channel, window) in [(ChannelKind::Sms, WINDOW_SMS), (ChannelKind::Rcs, WINDOW)] {
        let desk = Desk::open();
        desk.let_drafts_end(9);
        let patience = Patience::Debounce;
        let turn = TurnRequest { channel, patience, ..words("t", "are you open") };
        let turn = send(&desk, turn).await;
        desk.clock.advance(window - Duration::from_millis(1));
        assert!(futures::poll!(Box::pin(desk.begun(1))).is_pending(), "{channel:?} too early");
        desk.clock.advance(Duration::from_millis(1));
        assert_ne!(turn.await.unwrap()["text"], "");
    }
}
