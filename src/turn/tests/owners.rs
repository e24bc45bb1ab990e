//! Humans and the bot in one conversation: the bot never speaks after a human did.
//!
//! The runtime of these tests has one thread, so an answer is noted before anything else happens:
//! the notes are in the order in which answers are returned.

use crate::turn::HumanMessage;
use crate::turn::OwnerChange;
use crate::turn::Resolution;
use crate::turn::TurnError;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::read;
use crate::turn::tests::harness::words;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::task::JoinSet;
use tokio::task::yield_now;
use vitrine_base::ids::MessageId;
use vitrine_conversations::BodyHash;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::OwnerState;
use vitrine_conversations::TurnKind;

const SCOPE_QUESTION: &str = "what a lovely day it is";

#[tokio::test]
async fn a_humans_message_during_a_hundred_running_drafts_is_the_last_word() {
    let harness = Harness::open();
    harness.permit_drafts(100);
    for thread in 0..100 {
        harness.say(words(&format!("t-{thread}"), SCOPE_QUESTION)).await;
    }
    let mut turns = JoinSet::new();
    for thread in 0..100 {
        let harness = harness.clone();
        turns
            .spawn(async move { harness.say(words(&format!("t-{thread}"), SCOPE_QUESTION)).await });
    }
    harness.begun(200).await;
    for thread in 0..100 {
        let acknowledged = harness.human(&format!("t-{thread}"), "I am here").await.unwrap();
        assert_eq!(read(&acknowledged)["epoch"], 2);
    }
    assert_eq!(harness.drafts().abandoned, 100, "every running draft was dropped");
    harness.permit_drafts(100);
    while let Some(answer) = turns.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer["source"], "human", "{answer}");
        assert_eq!(answer["text"], "", "{answer}");
        assert_eq!(answer["epoch"], 2);
    }
    assert_eq!(harness.drafts().finished, 100, "none of the second hundred was finished");
    for thread in 0..100 {
        let turns = harness.turns(&format!("t-{thread}")).await;
        let kinds: Vec<TurnKind> = turns.iter().map(|turn| turn.kind).collect();
        assert_eq!(kinds, [TurnKind::Customer, TurnKind::Human, TurnKind::Customer]);
        assert_eq!(turns[1].reply_text, "I am here");
        assert_eq!(turns[2].reply_text, "", "the bot spoke after the human");
    }
}

#[tokio::test]
async fn no_bot_message_leaves_after_a_human_spoke_whatever_the_moment() {
    let mut chance = ChaCha8Rng::seed_from_u64(6);
    for _ in 0..20 {
        let harness = Harness::open();
        harness.permit_drafts(100_000);
        harness.say(words("t", SCOPE_QUESTION)).await;
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        for _ in 0..6 {
            let (harness, log, yields) =
                (harness.clone(), Arc::clone(&log), chance.random_range(0..60));
            tasks.spawn(async move {
                for _ in 0..yields {
                    yield_now().await;
                }
                let answer = harness.say(words("t", SCOPE_QUESTION)).await;
                log.lock().unwrap().push(if answer["text"] == "" { "silence" } else { "bot" });
            });
        }
        let (yields, noted) = (chance.random_range(0..80), Arc::clone(&log));
        tasks.spawn(async move {
            for _ in 0..yields {
                yield_now().await;
            }
            harness.human("t", "I am here").await.unwrap();
            noted.lock().unwrap().push("human");
        });
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let log = log.lock().unwrap();
        let human = log.iter().position(|event| *event == "human").unwrap();
        assert!(!log[human..].contains(&"bot"), "{log:?}");
    }
}

#[tokio::test]
async fn a_released_thread_waits_for_the_customer_and_a_resolved_one_starts_anew() {
    let harness = Harness::open();
    harness.permit_drafts(100);
    harness.say(words("t", "I want to talk to a human")).await;
    let thread = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(thread.ownership.state, OwnerState::Offered);
    assert!(!thread.intents.is_empty());
    harness.human("t", "hello").await.unwrap();
    let silent = harness.say(words("t", SCOPE_QUESTION)).await;
    assert_eq!((&silent["source"], &silent["epoch"]), (&"human".into(), &3.into()));

    let release = OwnerChange::Release(Resolution::Resolved);
    let stale = harness.pipeline.change_owner(&key("t"), release, Some(2)).await;
    assert!(matches!(stale, Err(TurnError::EpochChanged { found: 3, expected: 2 })));
    let thread = harness.pipeline.change_owner(&key("t"), release, Some(3)).await.unwrap();
    assert_eq!((thread.ownership.state, thread.ownership.epoch), (OwnerState::Released, 4));
    assert!(thread.intents.is_empty(), "the subject is cleared");
    assert_eq!(harness.turns("t").await.last().unwrap().kind, TurnKind::Resolved);
    let release = OwnerChange::Release(Resolution::Open);
    let again = harness.pipeline.change_owner(&key("t"), release, None).await.unwrap();
    assert_eq!(again.version, thread.version, "nothing to release");

    let anew = harness.say(words("t", SCOPE_QUESTION)).await;
    assert_eq!(anew["epoch"], 5);
    assert_ne!(anew["text"], "");
}

#[tokio::test]
async fn a_humans_message_delivered_twice_is_recorded_once() {
    let harness = Harness::open();
    harness.permit_drafts(100);
    harness.say(message("t", "m-1", SCOPE_QUESTION)).await;
    let human = |text: &str| HumanMessage {
        key: key("t"),
        message_id: Some(MessageId::new("h-1").unwrap()),
        hash: BodyHash::of(text.as_bytes()).into(),
        text: text.to_owned(),
        sent_at: None,
    };
    let encode = |turn: &vitrine_base::ids::TurnId,
                  _: &vitrine_conversations::ConversationRecord| {
        Ok(turn.as_str().as_bytes().to_vec())
    };
    let first = harness.pipeline.human_message(&human("hello"), encode).await.unwrap();
    let second = harness.pipeline.human_message(&human("hello"), encode).await.unwrap();
    assert_eq!(first.body, second.body);
    assert!(second.replayed && !first.replayed);
    assert!(harness.pipeline.human_message(&human("bye"), encode).await.is_err());
    assert!(harness.pipeline.human_message(&human("  "), encode).await.is_err());
    assert_eq!(harness.turns("t").await.len(), 2);
}
