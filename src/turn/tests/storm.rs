//! Duplicate storm: each message, delivered five times at once and in any order, is drafted once
//! and gets the same bytes each time.

use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::message;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

const DELIVERIES: usize = 5;

async fn storm(messages: usize) {
    let harness = Harness::open();
    harness.permit_drafts(messages * DELIVERIES);
    let mut order: Vec<usize> = (0..messages).flat_map(|number| [number; DELIVERIES]).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(4));
    let mut deliveries = JoinSet::new();
    for number in order {
        let harness = harness.clone();
        deliveries.spawn(async move {
            let text = format!("what a lovely day it is {number}");
            let request = message(&format!("t-{number}"), &format!("m-{number}"), &text);
            (number, harness.respond(request).await.unwrap())
        });
    }
    let mut bodies: BTreeMap<usize, Vec<Arc<[u8]>>> = BTreeMap::new();
    let mut replays = 0;
    while let Some(delivery) = deliveries.join_next().await {
        let (number, answered) = delivery.unwrap();
        replays += usize::from(answered.replayed);
        bodies.entry(number).or_default().push(answered.body);
    }
    assert_eq!(bodies.len(), messages);
    for (number, bodies) in &bodies {
        assert_eq!(bodies.len(), DELIVERIES);
        assert!(bodies.iter().all(|body| *body == bodies[0]), "message {number}");
    }
    assert_eq!(harness.drafts().finished, messages, "one generation a message");
    assert_eq!(replays, messages * (DELIVERIES - 1));
    let distinct: std::collections::BTreeSet<&[u8]> =
        bodies.values().map(|bodies| &*bodies[0]).collect();
    assert_eq!(distinct.len(), messages);
    eprintln!("{messages} messages x {DELIVERIES}: {messages} answers, {replays} replays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_of_a_duplicate_storm_is_answered_once() {
    storm(100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "full size: cargo test -p vitrine --lib duplicate_storm_of_2000 -- --ignored"]
async fn a_duplicate_storm_of_2000_messages_is_answered_once() {
    storm(2000).await;
}
