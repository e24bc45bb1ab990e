//! Random histories of a whole pipeline, compared with an oracle that stores only what callers
//! received.
//!
//! Goal: in any order of events, no answer is lost or given twice, no message goes unanswered, the
//! bot does not speak over a human, and erased conversations stay erased.
//! Method: messages (new, redelivered, with another body, late), human messages, releases,
//! erasures, finished drafts and crashes, in random order over two conversations. Turns run
//! concurrently until the history settles. A crash drops them all and opens the file again. The
//! runtime has one thread, so answers are noted in the order in which they are returned.

use crate::turn::EncodedAnswer;
use crate::turn::OwnerChange;
use crate::turn::Resolution;
use crate::turn::TurnError;
use crate::turn::TurnRequest;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::message;
use crate::turn::tests::harness::read;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::task::yield_now;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::OwnerState;
use vitrine_conversations::StoreError;
use vitrine_conversations::TurnKind;
use vitrine_conversations::TurnRecord;
use vitrine_conversations::samples;

const THREADS: usize = 2;
const MESSAGES: usize = 6;

/// Yields after which every task waits for something else.
const YIELDS: usize = 20;

#[derive(Debug, Clone)]
enum Event {
    /// A delivery: conversation, message, body, and when it was sent in seconds from now.
    Say(usize, usize, u8, i64),
    /// Number of drafts that may finish.
    Draft(usize),
    Human(usize),
    Release(usize, Resolution),
    Erase(usize),
    Settle,
    Crash,
}

fn step() -> impl Strategy<Value = Event> {
    let thread = 0..THREADS;
    let resolution = prop_oneof![Just(Resolution::Open), Just(Resolution::Resolved)];
    let body = prop_oneof![6 => Just(0_u8), 1 => Just(1_u8)];
    prop_oneof![
        10 => (thread.clone(), 0..MESSAGES, body, -2..3_i64)
            .prop_map(|(thread, message, body, sent)| Event::Say(thread, message, body, sent)),
        4 => (1..3_usize).prop_map(Event::Draft),
        2 => thread.clone().prop_map(Event::Human),
        2 => (thread.clone(), resolution).prop_map(|(thread, as_)| Event::Release(thread, as_)),
        1 => thread.prop_map(Event::Erase),
        3 => Just(Event::Settle),
        1 => Just(Event::Crash),
    ]
}

/// Answers by conversation and message: body sent, and bytes returned.
type Answers = BTreeMap<(usize, usize), (u8, Arc<[u8]>)>;

/// What callers received.
#[derive(Debug, Default)]
struct HistoryOracle {
    /// The answer of each message; it never changes.
    answers: Answers,
    /// The bodies that each message was sent with.
    bodies: BTreeMap<(usize, usize), BTreeSet<u8>>,
    threads: [ExpectedConversation; THREADS],
}

#[derive(Debug, Default)]
struct ExpectedConversation {
    /// Messages answered since the last erasure.
    answered_messages: BTreeSet<usize>,
    humans: usize,
    resolved: usize,
    /// The epoch at which a human took over, while one owns the conversation.
    human: Option<u64>,
    was_erased: bool,
    epoch: u64,
}

impl HistoryOracle {
    fn note_answer(
        &mut self,
        at: (usize, usize),
        body: u8,
        answered: Result<EncodedAnswer, TurnError>,
    ) {
        let (number, message) = at;
        let thread = &mut self.threads[number];
        let EncodedAnswer { body: bytes, replayed } = match answered {
            Ok(answered) => answered,
            Err(TurnError::Store(StoreError::Erased { .. })) => {
                assert!(thread.was_erased, "{at:?} was refused as erased without an erasure");
                return;
            }
            Err(TurnError::Store(StoreError::BodyDiffers) | TurnError::Gate(_)) => {
                assert!(self.bodies[&at].len() > 1, "{at:?} had one body only");
                return;
            }
            Err(cause) => unreachable!("{at:?}: {cause:?}"),
        };
        if let Some((first, known)) = self.answers.get(&at) {
            assert_eq!((*first, known), (body, &bytes), "{at:?} was answered twice");
            return;
        }
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        let epoch = answer["epoch"].as_u64().unwrap();
        // An answer that was committed before a crash and replayed after it may be of an older
        // epoch. The component that delivers answers drops such an answer.
        assert!(replayed || epoch >= thread.epoch, "{answer} is older than {}", thread.epoch);
        thread.epoch = thread.epoch.max(epoch);
        if let Some(human) = thread.human.filter(|_| answer["text"] != "") {
            assert!(replayed && epoch < human, "{answer} after a human spoke");
        }
        thread.answered_messages.insert(message);
        self.answers.insert(at, (body, bytes));
    }

    /// The store must hold each answer that a caller received, complete and once.
    async fn compare(&self, store: &EmbeddedStore) {
        for (number, thread) in self.threads.iter().enumerate() {
            let key = key(&format!("t-{number}"));
            let turns = store.turns(&key, usize::MAX).await.unwrap();
            let count = |kind| turns.iter().filter(|turn| turn.kind == kind).count();
            assert_eq!(count(TurnKind::Human), thread.humans);
            assert_eq!(count(TurnKind::Resolved), thread.resolved);
            let mut by_message: BTreeMap<&str, &TurnRecord> = BTreeMap::new();
            for turn in turns.iter().filter(|turn| turn.kind == TurnKind::Customer) {
                let answer: Value = serde_json::from_slice(&turn.answer).unwrap();
                assert_eq!(answer["turn_id"], turn.turn_id.as_str(), "a turn is not whole");
                let id = turn.message_id.as_ref().unwrap().as_str();
                assert!(by_message.insert(id, turn).is_none(), "{id} is recorded twice");
            }
            for message in &thread.answered_messages {
                let id = name(number, *message);
                let (_, bytes) = &self.answers[&(number, *message)];
                match by_message.get(id.as_str()) {
                    Some(turn) => assert_eq!(&turn.answer, bytes),
                    // Returned after an erasure of the conversation it was committed to.
                    None => {
                        let replay = store.replay(&samples::message_key(&id)).await;
                        let erased = matches!(replay, Err(StoreError::Erased { .. }));
                        assert!(thread.was_erased && erased, "{id} was lost: {replay:?}");
                    }
                }
            }
            let Some(record) = store.load(&key).await.unwrap() else {
                assert!(turns.is_empty());
                continue;
            };
            assert!(record.ownership.epoch >= thread.epoch);
            let owned = record.ownership.state == OwnerState::Human;
            assert_eq!(thread.human.is_some(), owned);
            let waiting = record.unanswered.iter().map(|words| words.turn_id.as_str());
            covered(&turns, &waiting.collect());
        }
    }
}

/// Each superseded message is waiting, was read by a human or resolved, or is answered by exactly
/// one turn.
fn covered(turns: &[TurnRecord], waiting: &BTreeSet<&str>) {
    let answers: Vec<(usize, Value)> = turns
        .iter()
        .enumerate()
        .filter(|(_, turn)| turn.kind == TurnKind::Customer)
        .map(|(at, turn)| (at, serde_json::from_slice(&turn.answer).unwrap()))
        .collect();
    for (at, older) in answers.iter().filter(|(_, answer)| answer["action"] == "superseded") {
        let id = &older["turn_id"];
        let covers = |answer: &Value| answer["supersedes"].as_array().unwrap().contains(id);
        let covering = answers.iter().filter(|(_, answer)| covers(answer)).count();
        let read = turns[*at..].iter().any(|turn| turn.kind != TurnKind::Customer);
        let waits = waiting.contains(id.as_str().unwrap());
        assert!(covering <= 1, "{older} was answered by {covering} turns");
        assert!(covering == 1 || read || waits, "{older} was never answered");
    }
}

fn name(thread: usize, message: usize) -> String {
    format!("m-{thread}-{message}")
}

/// Opens the file's store; tasks that a crash dropped may hold its lock a moment longer.
async fn open(folder: &Path) -> Arc<EmbeddedStore> {
    loop {
        match EmbeddedStore::open(samples::options(folder)) {
            Err(StoreError::Locked { .. }) => yield_now().await,
            opened => return Arc::new(opened.unwrap()),
        }
    }
}

/// A pipeline, its running turns, and what they returned.
struct History {
    harness: Harness,
    turns: JoinSet<()>,
    oracle: Arc<Mutex<HistoryOracle>>,
}

impl History {
    fn say(&mut self, at: (usize, usize), body: u8, sent: i64) {
        let (thread, number) = at;
        let text = format!("what a lovely day it is {body}");
        let sent_at = self.harness.now() + SignedDuration::from_secs(sent);
        let request = TurnRequest {
            sent_at: Some(sent_at.into()),
            ..message(&format!("t-{thread}"), &name(thread, number), &text)
        };
        let (harness, oracle) = (self.harness.clone(), Arc::clone(&self.oracle));
        oracle.lock().unwrap().bodies.entry(at).or_default().insert(body);
        self.turns.spawn(async move {
            let answered = harness.respond(request).await;
            oracle.lock().unwrap().note_answer(at, body, answered);
        });
    }

    async fn human(&self, thread: usize) {
        match self.harness.human(&format!("t-{thread}"), "I am here").await {
            Ok(answered) => {
                let thread = &mut self.oracle.lock().unwrap().threads[thread];
                let epoch = read(&answered)["epoch"].as_u64().unwrap();
                thread.humans += 1;
                thread.human = Some(epoch);
                thread.epoch = thread.epoch.max(epoch);
            }
            Err(cause) => assert!(matches!(cause, TurnError::NoConversation), "{cause:?}"),
        }
    }

    async fn release(&self, thread: usize, resolution: Resolution) {
        let change = OwnerChange::Release(resolution);
        match self.harness.pipeline.change_owner(&key(&format!("t-{thread}")), change, None).await {
            Ok(_) => {
                let thread = &mut self.oracle.lock().unwrap().threads[thread];
                thread.resolved += usize::from(resolution == Resolution::Resolved);
                thread.human = None;
            }
            Err(cause) => assert!(matches!(cause, TurnError::NoConversation), "{cause:?}"),
        }
    }

    async fn erase(&self, thread: usize) {
        let key = key(&format!("t-{thread}"));
        // Set first: a turn may be refused because of the erasure before the deletion returns here.
        self.oracle.lock().unwrap().threads[thread].was_erased = true;
        self.harness.store.delete(&key, self.harness.now()).await.unwrap();
        let erased = ExpectedConversation { was_erased: true, ..ExpectedConversation::default() };
        self.oracle.lock().unwrap().threads[thread] = erased;
        self.harness.clock.advance(Duration::from_secs(1));
    }

    async fn settle(&mut self) {
        self.harness.permit_drafts(1000);
        while let Some(turn) = self.turns.join_next().await {
            turn.unwrap();
        }
        self.harness.withdraw_permits();
    }
}

async fn run(steps: Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let harness = Harness::on(open(folder.path()).await);
    let mut history = History { harness, turns: JoinSet::new(), oracle: Arc::default() };
    for step in steps.into_iter().chain([Event::Settle]) {
        match step {
            Event::Say(thread, message, body, sent) => history.say((thread, message), body, sent),
            Event::Draft(drafts) => history.harness.permit_drafts(drafts),
            Event::Human(thread) => history.human(thread).await,
            Event::Release(thread, resolution) => history.release(thread, resolution).await,
            Event::Erase(thread) => history.erase(thread).await,
            Event::Settle => {
                history.settle().await;
                // No turn is running now, so the notes can be taken out and compared.
                let told = std::mem::take(&mut *history.oracle.lock().unwrap());
                told.compare(&history.harness.store).await;
                *history.oracle.lock().unwrap() = told;
            }
            Event::Crash => {
                let History { harness, mut turns, oracle } = history;
                turns.shutdown().await;
                let now = harness.now();
                drop(harness);
                let harness = Harness::on(open(folder.path()).await);
                harness.clock.advance(now.duration_since(harness.now()).unsigned_abs());
                history = History { harness, turns, oracle };
            }
        }
        for _ in 0..YIELDS {
            yield_now().await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn every_history_matches_the_oracle(steps in prop::collection::vec(step(), 0..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Spawned, so that it is scheduled like the turns; `block_on` would poll it first.
        runtime.block_on(async { tokio::spawn(run(steps)).await.unwrap() });
    }
}
