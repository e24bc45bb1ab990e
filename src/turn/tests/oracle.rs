//! Random days at the desk: words, bursts, redeliveries, taps, humans, releases and erasures in any
//! order, many in flight at once. Whatever the order, the promises hold.
//!
//! Method: each history is a list of steps over few threads and few messages, so that they collide;
//! runs of steps are in flight together on one runtime thread, with random yields between. What was
//! said is noted as it leaves; afterwards the notes and the store are held against the promises.

use crate::base::ids::MessageId;
use crate::threads::BodyHash;
use crate::threads::ThreadStore;
use crate::threads::TurnKind;
use crate::threads::tests::samples;
use crate::turn::Content;
use crate::turn::HumanMessage;
use crate::turn::OwnerChange;
use crate::turn::Resolution;
use crate::turn::TurnRequest;
use crate::turn::tests::desk::Desk;
use crate::turn::tests::desk::key;
use crate::turn::tests::desk::message;
use crate::turn::tests::desk::read;
use proptest::prelude::*;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tokio::task::LocalSet;
use tokio::task::yield_now;

const THREADS: usize = 2;
const MESSAGES: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The customer writes, or the channel delivers it again.
    Say {
        thread: usize,
        message: usize,
    },
    Tap {
        thread: usize,
        message: usize,
    },
    Human {
        thread: usize,
        message: usize,
    },
    Release {
        thread: usize,
        resolved: bool,
    },
    Erase {
        thread: usize,
    },
    /// Everything in flight ends.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..THREADS, 0..MESSAGES).prop_map(|(thread, message)| Step::Say { thread, message }),
        2 => (0..THREADS, 0..MESSAGES).prop_map(|(thread, message)| Step::Tap { thread, message }),
        2 => (0..THREADS, 0..3_usize).prop_map(|(thread, message)| Step::Human { thread, message }),
        1 => (0..THREADS, any::<bool>())
            .prop_map(|(thread, resolved)| Step::Release { thread, resolved }),
        1 => (0..THREADS).prop_map(|thread| Step::Erase { thread }),
        3 => Just(Step::Settle),
    ]
}

/// What left the gateway, in its order.
#[derive(Debug, Clone)]
enum Note {
    Answer { message: String, body: Value, replayed: bool },
    HumanSpoke { thread: usize },
    Released { thread: usize },
    Erased { thread: usize },
}

type Notes = Rc<RefCell<Vec<Note>>>;

fn request(step: Step) -> Option<(String, TurnRequest)> {
    let (thread, message_number, tap) = match step {
        Step::Say { thread, message } => (thread, message, false),
        Step::Tap { thread, message } => (thread, message, true),
        _ => return None,
    };
    // Words and taps have ids of their own, so that a redelivery has the same body.
    let kind = if tap { "tap" } else { "words" };
    let id = format!("{kind}-{thread}-{message_number}");
    let text = format!("what a lovely day it is {message_number}");
    let mut request = message(&format!("t-{thread}"), &id, &text);
    request.sent_at = Some(samples::at(i64::try_from(message_number).unwrap() + 1));
    if tap {
        let (option_id, text) = (format!("feel=soft{message_number}"), String::new());
        request.content = Content::Tap { option_id, text };
    }
    Some((id, request))
}

async fn perform(desk: Desk, step: Step, yields: usize, notes: Notes) {
    for _ in 0..yields {
        yield_now().await;
    }
    if let Some((message, request)) = request(step) {
        // An erased message, and a thread that people keep changing, are refused with a reason.
        if let Ok(answered) = desk.respond(request).await {
            let (body, replayed) = (read(&answered), answered.replayed);
            notes.borrow_mut().push(Note::Answer { message, body, replayed });
        }
        return;
    }
    match step {
        Step::Human { thread, message } => {
            let text = format!("human {message}");
            let message = HumanMessage {
                key: key(&format!("t-{thread}")),
                message_id: MessageId::new(format!("h-{thread}-{message}")).ok(),
                body_hash: BodyHash::of(text.as_bytes()),
                text,
                sent_at: None,
            };
            let spoke = desk.gateway.human_message(&message, |turn, _| turn.as_str().into()).await;
            if spoke.is_ok_and(|answered| !answered.replayed) {
                notes.borrow_mut().push(Note::HumanSpoke { thread });
            }
        }
        Step::Release { thread, resolved } => {
            let how = if resolved { Resolution::Resolved } else { Resolution::Open };
            let key = key(&format!("t-{thread}"));
            // Noted before and after: it takes effect in between, and a human may speak as well.
            notes.borrow_mut().push(Note::Released { thread });
            let _ = desk.gateway.change_owner(&key, OwnerChange::Release(how), None).await;
            notes.borrow_mut().push(Note::Released { thread });
        }
        Step::Erase { thread } => {
            notes.borrow_mut().push(Note::Erased { thread });
            let key = key(&format!("t-{thread}"));
            desk.store.delete(&key, samples::at(0)).await.unwrap();
            notes.borrow_mut().push(Note::Erased { thread });
        }
        Step::Say { .. } | Step::Tap { .. } | Step::Settle => {}
    }
}

/// No bot message leaves after a human spoke, before the thread was released or erased.
fn humans_have_the_last_word(notes: &[Note]) {
    let mut human_owned = [false; THREADS];
    for note in notes {
        match note {
            Note::HumanSpoke { thread } => human_owned[*thread] = true,
            Note::Released { thread } | Note::Erased { thread } => human_owned[*thread] = false,
            Note::Answer { message, body, replayed } => {
                let thread = message.split('-').nth(1).and_then(|t| t.parse::<usize>().ok());
                let owned = human_owned[thread.unwrap()];
                assert!(!owned || *replayed || body["text"] == "", "{message}: {body}");
            }
        }
    }
}

/// A message gets one answer, whatever how often it is delivered, until its thread is erased.
fn answers_never_change(notes: &[Note]) {
    let mut first: BTreeMap<&str, &Value> = BTreeMap::new();
    for note in notes {
        if let Note::Answer { message, body, .. } = note {
            let known = first.entry(message.as_str()).or_insert(body);
            assert_eq!(*known, body, "{message}");
        }
    }
}

/// Superseded words are covered by the turn that answered, or wait in the thread for the next.
async fn no_words_are_lost(desk: &Desk) {
    for thread in 0..THREADS {
        let name = format!("t-{thread}");
        let turns = desk.turns(&name).await;
        let Some(record) = desk.store.load(&key(&name)).await.unwrap() else { continue };
        let mut covered: Vec<String> =
            record.unanswered.iter().map(|words| words.turn_id.to_string()).collect();
        let mut after_human = Vec::new();
        for turn in &turns {
            match turn.kind {
                TurnKind::Customer => {
                    let body: Value = serde_json::from_slice(&turn.answer).unwrap();
                    let ids = body["supersedes"].as_array().unwrap();
                    covered.extend(ids.iter().filter_map(|id| Some(id.as_str()?.to_owned())));
                    assert_eq!(body["superseded_by"] != Value::Null, turn.action == "superseded");
                }
                // A human who writes, and an end, settle what waited.
                TurnKind::Human | TurnKind::Resolved => after_human.push(turn.sequence),
            }
        }
        for turn in turns.iter().filter(|turn| turn.action == "superseded") {
            let settled = after_human.iter().any(|sequence| *sequence > turn.sequence);
            let id = turn.turn_id.to_string();
            assert!(settled || covered.contains(&id), "{name}: words of {id} are lost");
            assert!(covered.iter().filter(|other| **other == id).count() <= 1, "answered twice");
        }
    }
}

async fn run(steps: Vec<(Step, usize)>) {
    let desk = Desk::open();
    desk.let_drafts_end(100_000);
    let notes = Notes::default();
    let mut flying = Vec::new();
    for (step, yields) in steps.into_iter().chain([(Step::Settle, 0)]) {
        if let Step::Settle = step {
            for task in flying.drain(..) {
                let task: tokio::task::JoinHandle<()> = task;
                task.await.unwrap();
            }
            no_words_are_lost(&desk).await;
        } else {
            let (desk, notes) = (desk.clone(), Rc::clone(&notes));
            flying.push(tokio::task::spawn_local(perform(desk, step, yields, notes)));
        }
    }
    let notes = notes.borrow();
    humans_have_the_last_word(&notes);
    answers_never_change(&notes);
    let drafts = desk.drafts();
    assert_eq!(drafts.begun, drafts.finished + drafts.abandoned, "a draft was left running");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_at_once_the_promises_hold(
        steps in prop::collection::vec((step(), 0_usize..40), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(LocalSet::new().run_until(run(steps)));
    }
}
