//! Interleavings at the gate: turns of one conversation never overlap, and no entry is left behind.

use super::*;
use crate::body_hash::BodyHash;
use crate::commit::StoredAnswer;
use crate::samples;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::Ordering;
use tokio::task::JoinSet;
use tokio::task::yield_now;
use vitrine_base::ids::TurnId;

const OPTIONS: GateOptions =
    GateOptions { waiting_per_conversation_max: 3, waiting_per_message_max: 2, inside_max: 64 };

fn body() -> BodyHash {
    BodyHash::of(b"body")
}

fn turn(name: &str) -> TurnId {
    TurnId::new(name).unwrap()
}

async fn enter(gate: &TurnGate, conversation: &str) -> Result<TurnPermit, GateError> {
    gate.enter(&samples::conversation_key(conversation), &turn("turn"), TurnInput::Text).await
}

fn stored() -> StoredAnswer {
    StoredAnswer {
        conversation: samples::conversation_key("t"),
        sequence: 0,
        body_hash: body(),
        answer: samples::answer("m", "hello"),
    }
}

#[tokio::test]
async fn turns_of_a_conversation_run_in_arrival_order_and_never_two_at_once() {
    let options = GateOptions { waiting_per_conversation_max: 1000, inside_max: 1000, ..OPTIONS };
    let gate = TurnGate::new(options);
    let log = Arc::new(StdMutex::new(HashMap::<usize, Vec<usize>>::new()));
    let mut tasks = JoinSet::new();
    for arrival in 0..300_usize {
        let (gate, log) = (gate.clone(), Arc::clone(&log));
        tasks.spawn(async move {
            let conversation = arrival % 7;
            let permit = enter(&gate, &format!("t-{conversation}")).await;
            let before = log.lock().unwrap().entry(conversation).or_default().len();
            for _ in 0..arrival % 5 {
                yield_now().await;
            }
            let mut log = log.lock().unwrap();
            let turns = log.get_mut(&conversation).unwrap();
            assert_eq!(turns.len(), before, "two turns of one conversation ran at once");
            turns.push(arrival);
            drop(permit.unwrap());
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    for turns in log.lock().unwrap().values() {
        assert!(turns.is_sorted(), "{turns:?}");
    }
    assert_eq!(gate.occupied(), (0, 0));
}

#[tokio::test]
async fn a_conversation_limits_its_waiters_and_releases_those_that_leave() {
    let gate = TurnGate::new(OPTIONS);
    let permit = enter(&gate, "t").await.unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(enter(&gate, "t"))).collect();
    for waiter in &mut waiting {
        assert!(futures::poll!(waiter).is_pending());
    }
    assert_eq!(
        enter(&gate, "t").await.unwrap_err(),
        GateError::ConversationFull { waiting_max: 3 }
    );
    drop(waiting.remove(0));
    let mut late = Box::pin(enter(&gate, "t"));
    assert!(futures::poll!(&mut late).is_pending());
    drop(permit);
    assert!(futures::poll!(&mut late).is_pending(), "the late caller overtook two that waited");
    drop(waiting);
    drop(late.await.unwrap());
    assert_eq!(gate.occupied(), (0, 0));
    assert_eq!(gate.state.inside.load(Ordering::Acquire), 0);
}

#[tokio::test]
async fn the_gate_as_a_whole_is_bounded() {
    let gate = TurnGate::new(GateOptions { inside_max: 2, ..OPTIONS });
    let one = enter(&gate, "a").await.unwrap();
    let _two = enter(&gate, "b").await.unwrap();
    let refused = enter(&gate, "c").await.unwrap_err();
    assert_eq!(refused, GateError::Full { inside_max: 2 });
    drop(one);
    enter(&gate, "c").await.unwrap();
}

#[tokio::test]
async fn a_second_delivery_waits_for_the_answer_of_the_first() {
    let gate = TurnGate::new(OPTIONS);
    let key = samples::message_key("m");
    let MessageArrival::First(flight) = gate.arrive(&key, body()).await.unwrap() else {
        unreachable!("there was no earlier delivery")
    };
    let mut second = Box::pin(gate.arrive(&key, body()));
    let mut third = Box::pin(gate.arrive(&key, body()));
    assert!(futures::poll!(&mut second).is_pending());
    assert!(futures::poll!(&mut third).is_pending());
    let fourth = gate.arrive(&key, body()).await.unwrap_err();
    assert_eq!(fourth, GateError::MessageFull { waiting_max: 2 });
    let other = gate.arrive(&key, BodyHash::of(b"other")).await.unwrap_err();
    assert_eq!(other, GateError::BodyDiffers);
    flight.finish(stored());
    for waiter in [second, third] {
        assert!(
            matches!(waiter.await.unwrap(), MessageArrival::Answered(found) if found == stored())
        );
    }
    assert_eq!(gate.occupied(), (0, 0));
}

#[tokio::test]
async fn a_leader_that_fails_passes_its_duty_on() {
    let gate = TurnGate::new(OPTIONS);
    let key = samples::message_key("m");
    let first = gate.arrive(&key, body()).await.unwrap();
    let mut second = Box::pin(gate.arrive(&key, body()));
    let mut third = Box::pin(gate.arrive(&key, body()));
    assert!(futures::poll!(&mut second).is_pending());
    assert!(futures::poll!(&mut third).is_pending());
    drop(first);
    let MessageArrival::First(flight) = second.await.unwrap() else {
        unreachable!("the leader was dropped without an answer")
    };
    assert!(futures::poll!(&mut third).is_pending());
    flight.finish(stored());
    assert!(matches!(third.await.unwrap(), MessageArrival::Answered(_)));
    assert_eq!(gate.occupied(), (0, 0));
    assert_eq!(gate.state.inside.load(Ordering::Acquire), 0);
}

#[tokio::test]
async fn newer_text_interrupts_older_text_and_a_choice_does_not() {
    let gate = TurnGate::new(OPTIONS);
    let key = samples::conversation_key("t");
    let first = gate.enter(&key, &turn("first"), TurnInput::Text).await.unwrap();
    let mut interrupted = Box::pin(first.interrupted());
    assert!(futures::poll!(&mut interrupted).is_pending());
    let (tap_id, second_id) = (turn("tap"), turn("second"));
    let mut tap = Box::pin(gate.enter(&key, &tap_id, TurnInput::Choice));
    assert!(futures::poll!(&mut tap).is_pending());
    assert!(futures::poll!(&mut interrupted).is_pending(), "a tap superseded a text turn");
    let mut second = Box::pin(gate.enter(&key, &second_id, TurnInput::Text));
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(interrupted.await, Interruption::Newer(turn("second")));
    drop(first);
    assert_eq!(tap.await.unwrap().superseded_by(), None);
    assert_eq!(second.await.unwrap().superseded_by(), None);
    assert_eq!(gate.occupied(), (0, 0));
}

#[tokio::test]
async fn a_text_turn_that_leaves_supersedes_nothing() {
    let gate = TurnGate::new(OPTIONS);
    let first = enter(&gate, "t").await.unwrap();
    let mut second = Box::pin(enter(&gate, "t"));
    assert!(futures::poll!(&mut second).is_pending());
    assert!(first.superseded_by().is_some());
    drop(second);
    assert_eq!(first.superseded_by(), None);
}

#[tokio::test]
async fn an_interrupt_waits_for_the_end_of_the_running_turn() {
    let gate = TurnGate::new(OPTIONS);
    let key = samples::conversation_key("t");
    gate.interrupt(&key).await;
    let mut permit = enter(&gate, "t").await.unwrap();
    let mut human = Box::pin(gate.interrupt(&key));
    assert!(futures::poll!(&mut human).is_pending());
    assert_eq!(permit.interrupted().await, Interruption::HumanSpoke);
    permit.ignore_earlier_takeovers();
    assert!(futures::poll!(Box::pin(permit.interrupted())).is_pending());
    assert!(futures::poll!(&mut human).is_pending());
    drop(permit);
    human.await;
    assert_eq!(gate.occupied(), (0, 0));
}

#[test]
fn first_messages_of_one_customer_share_a_reserved_conversation() {
    let gate = TurnGate::new(OPTIONS);
    let customer = samples::customer_key("c");
    let id = |name| vitrine_base::ids::ConversationId::new(name).unwrap();
    let first = gate.reserve(&customer, id("t-1"));
    let second = gate.reserve(&customer, id("t-2"));
    let other = gate.reserve(&samples::customer_key("d"), id("t-3"));
    assert_eq!((first.conversation(), second.conversation()), (&id("t-1"), &id("t-1")));
    assert_eq!(other.conversation(), &id("t-3"));
    drop(first);
    assert_eq!(gate.reserve(&customer, id("t-4")).conversation(), &id("t-1"));
    drop((second, other));
    assert_eq!(gate.reserve(&customer, id("t-5")).conversation(), &id("t-5"));
    assert!(gate.state.reserved.is_empty());
}

fn steps() -> impl Strategy<Value = Vec<(u8, usize, prop::sample::Index)>> {
    prop::collection::vec((0_u8..3, 0_usize..4, any::<prop::sample::Index>()), 0..80)
}

proptest! {
    /// Callers arrive, are polled and leave in any order: turns of one conversation never overlap,
    /// and the gate ends empty.
    #[test]
    fn no_interleaving_leaks_or_overlaps(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let gate = TurnGate::new(OPTIONS);
            let names: Vec<_> = (0..4).map(|t| format!("t-{t}")).collect();
            let mut waiting = Vec::new();
            let mut running: Vec<(usize, TurnPermit)> = Vec::new();
            for (step, conversation, index) in steps {
                match step {
                    0 => waiting.push((conversation, Box::pin(enter(&gate, &names[conversation])))),
                    1 if !waiting.is_empty() => {
                        drop(waiting.remove(index.index(waiting.len())));
                    }
                    _ if !running.is_empty() => {
                        drop(running.remove(index.index(running.len())));
                    }
                    _ => {}
                }
                let mut still = Vec::new();
                for (conversation, mut future) in waiting {
                    match futures::poll!(&mut future) {
                        std::task::Poll::Ready(Ok(permit)) => running.push((conversation, permit)),
                        std::task::Poll::Ready(Err(_)) => {}
                        std::task::Poll::Pending => still.push((conversation, future)),
                    }
                }
                waiting = still;
                for conversation in 0..4 {
                    let inside = running.iter().filter(|(of, _)| *of == conversation).count();
                    assert!(inside <= 1);
                    let behind = waiting.iter().filter(|(of, _)| *of == conversation).count();
                    assert!(inside == 1 || behind == 0, "a free conversation has waiters");
                }
            }
            drop(waiting);
            drop(running);
            assert_eq!(gate.occupied(), (0, 0));
            assert_eq!(gate.state.inside.load(Ordering::Acquire), 0);
        });
    }
}
