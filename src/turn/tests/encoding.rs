//! An answer that cannot be encoded is an error: nothing is recorded, and a redelivery is answered.

use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::read;
use crate::turn::tests::harness::words;
use serde::ser::Error as _;
use std::sync::Arc;
use vitrine_conversations::BodyHash;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::OwnerState;

fn unencodable() -> serde_json::Result<Vec<u8>> {
    Err(serde_json::Error::custom("a value that JSON cannot hold"))
}

fn pipeline(harness: &mut Harness) -> &mut TurnPipeline {
    Arc::get_mut(&mut harness.pipeline).unwrap()
}

#[tokio::test]
async fn an_answer_that_cannot_be_encoded_is_not_recorded() {
    let mut harness = Harness::open();
    harness.permit_drafts(9);
    let encode = pipeline(&mut harness).parts.encode;
    pipeline(&mut harness).parts.encode = |_| unencodable();
    let refused = harness.respond(message("t-1", "m-1", "hello")).await;
    assert!(matches!(refused, Err(TurnError::Encode(_))), "{refused:?}");
    assert!(harness.store.load(&key("t-1")).await.unwrap().is_none());
    assert!(harness.turns("t-1").await.is_empty());

    pipeline(&mut harness).parts.encode = encode;
    let answered = harness.respond(message("t-1", "m-1", "hello")).await.unwrap();
    assert!(!answered.replayed, "the failed turn left no answer behind");
    assert!(read(&answered)["turn_id"].is_string());
    assert_eq!(harness.turns("t-1").await.len(), 1);
}

#[tokio::test]
async fn a_human_message_whose_acknowledgement_cannot_be_encoded_is_not_recorded() {
    let harness = Harness::open();
    harness.permit_drafts(9);
    harness.say(words("t-1", "hello")).await;
    let message = crate::turn::HumanMessage {
        key: key("t-1"),
        message_id: None,
        hash: BodyHash::of(b"I am here").into(),
        text: "I am here".to_owned(),
        sent_at: None,
    };
    let refused = harness.pipeline.human_message(&message, |_, _| unencodable()).await;
    assert!(matches!(refused, Err(TurnError::Encode(_))), "{refused:?}");
    assert_eq!(harness.turns("t-1").await.len(), 1, "the customer's turn only");
    let record = harness.store.load(&key("t-1")).await.unwrap().unwrap();
    assert_eq!(record.ownership.state, OwnerState::Bot);
}
