//! Random histories against an oracle: a model of the store that is simple enough to be obviously
//! correct.
//!
//! Method: histories of commits (fresh, stale, repeated, with other bodies), owner changes,
//! erasures and restarts, over few conversations and few message ids so that they collide. Each
//! history is split into bursts; the writes of a burst are in flight together and take effect in
//! the order sent. After each burst, every outcome, conversation, turn and replay must equal the
//! oracle's.

use crate::BodyHash;
use crate::CommitOutcome;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::HotOptions;
use crate::OwnerEvent;
use crate::StoreError;
use crate::ThreadStore;
use crate::TurnCommit;
use crate::samples;
use futures::future::join_all;
use proptest::prelude::*;
use std::collections::BTreeMap;

const THREADS: usize = 3;
const MESSAGES: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    /// A turn in a conversation. `sent` is the time of the message in seconds; `age` is the number
    /// of versions that the draft is behind.
    Turn {
        thread: usize,
        message: usize,
        body: u8,
        sent: i64,
        age: u64,
    },
    /// A human takes over the conversation.
    Human {
        thread: usize,
    },
    Erase {
        thread: usize,
        at: i64,
    },
    /// Ends the burst: awaits all writes and compares the outcomes.
    Settle,
    /// Ends the burst, then closes and reopens the store.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (
            0..THREADS,
            0..MESSAGES,
            0..2_u8,
            0..40_i64,
            prop_oneof![4 => Just(0), 1 => 1..3_u64],
        )
            .prop_map(|(thread, message, body, sent, age)| {
                Step::Turn { thread, message, body, sent, age }
            }),
        2 => (0..THREADS).prop_map(|thread| Step::Human { thread }),
        1 => (0..THREADS, 0..40_i64)
            .prop_map(|(thread, at)| Step::Erase { thread, at }),
        3 => Just(Step::Settle),
        1 => Just(Step::Restart),
    ]
}

#[derive(Debug, Default)]
struct OracleThread {
    version: u64,
    epoch: u64,
    turns: Vec<(usize, u8)>,
}

/// Where a message was answered: conversation, position and body; `None` once erased.
type OracleMessage = Option<(usize, usize, u8)>;

#[derive(Debug, Default)]
struct Oracle {
    threads: BTreeMap<usize, OracleThread>,
    messages: BTreeMap<usize, OracleMessage>,
    tombstones: BTreeMap<usize, i64>,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Recorded { version: u64, turns: usize },
    Already { message: usize, body: u8 },
    Stale { version: u64 },
    BodyDiffers,
    Erased,
    Removed { threads: usize, turns: usize },
}

impl Oracle {
    fn turn(&mut self, step: (usize, usize, u8), sent: i64, version: u64) -> Outcome {
        let (thread, message, body) = step;
        match self.messages.get(&message) {
            Some(None) => return Outcome::Erased,
            Some(Some((_, _, other))) if *other != body => return Outcome::BodyDiffers,
            Some(Some(_)) => return Outcome::Already { message, body },
            None => {}
        }
        let known = self.threads.get(&thread).map_or(0, |thread| thread.version);
        if known != version {
            return Outcome::Stale { version: known };
        }
        if known == 0 && self.tombstones.get(&thread).is_some_and(|erased| sent <= *erased) {
            return Outcome::Erased;
        }
        let record = self.threads.entry(thread).or_insert_with(OracleThread::open);
        self.messages.insert(message, Some((thread, record.turns.len(), body)));
        record.turns.push((message, body));
        record.version += 1;
        Outcome::Recorded { version: record.version, turns: record.turns.len() }
    }

    fn human(&mut self, thread: usize) -> Outcome {
        let Some(record) = self.threads.get_mut(&thread) else { return Outcome::Erased };
        record.version += 1;
        record.epoch = 2;
        Outcome::Recorded { version: record.version, turns: record.turns.len() }
    }

    fn erase(&mut self, thread: usize, at: i64) -> Outcome {
        let removed = self.threads.remove(&thread);
        let turns = removed.as_ref().map_or(0, |record| record.turns.len());
        for (message, _) in removed.iter().flat_map(|record| &record.turns) {
            self.messages.insert(*message, None);
        }
        let erased = self.tombstones.entry(thread).or_insert(at);
        *erased = at.max(*erased);
        Outcome::Removed { threads: usize::from(removed.is_some()), turns }
    }
}

impl OracleThread {
    fn open() -> Self {
        Self { epoch: 1, ..Self::default() }
    }
}

fn thread_name(thread: usize) -> String {
    format!("t-{thread}")
}

fn body_text(body: u8) -> String {
    format!("body {body}")
}

/// A commit made from `version` of the conversation, with the owner that the oracle has.
fn commit(oracle: &Oracle, thread: usize, version: u64) -> TurnCommit {
    let name = thread_name(thread);
    let mut commit = samples::commit(&name, None, None);
    commit.thread.version = version;
    if oracle.threads.get(&thread).is_some_and(|record| record.epoch == 2) {
        let owner = commit.thread.ownership;
        commit.thread.ownership = owner.after(OwnerEvent::HumanSpoke, samples::at(1));
    }
    commit
}

enum Sent {
    Commit(Box<TurnCommit>),
    Erase { thread: usize, at: i64 },
}

/// The write of a step and its expected outcome.
fn prepare(oracle: &mut Oracle, step: &Step) -> Option<(Sent, Outcome)> {
    match *step {
        Step::Turn { thread, message, body, sent, age } => {
            let known = oracle.threads.get(&thread).map_or(0, |record| record.version);
            let version = known.saturating_sub(age);
            let mut commit = commit(oracle, thread, version);
            let mut turn = samples::turn(&format!("m-{message}"), &body_text(body));
            turn.sent_at = samples::at(sent);
            commit.turn = Some(turn);
            let outcome = oracle.turn((thread, message, body), sent, version);
            Some((Sent::Commit(Box::new(commit)), outcome))
        }
        Step::Human { thread } => {
            let version = oracle.threads.get(&thread)?.version;
            let outcome = oracle.human(thread);
            Some((Sent::Commit(Box::new(commit(oracle, thread, version))), outcome))
        }
        Step::Erase { thread, at } => Some((Sent::Erase { thread, at }, oracle.erase(thread, at))),
        Step::Settle | Step::Restart => None,
    }
}

async fn send(store: &EmbeddedStore, sent: Sent) -> Outcome {
    let result = match sent {
        Sent::Commit(commit) => store.commit(*commit).await,
        Sent::Erase { thread, at } => {
            let key = samples::thread_key(&thread_name(thread));
            let erasure = store.delete(&key, samples::at(at)).await.unwrap();
            let count = |number| usize::try_from(number).unwrap();
            return Outcome::Removed {
                threads: count(erasure.threads),
                turns: count(erasure.turns),
            };
        }
    };
    match result {
        Ok(CommitOutcome::Recorded(record)) => Outcome::Recorded {
            version: record.version,
            turns: usize::try_from(record.turns_recorded).unwrap(),
        },
        Ok(CommitOutcome::AlreadyRecorded(answer)) => {
            let found = (0..MESSAGES).flat_map(|message| [(message, 0), (message, 1)]).find(
                |(message, body)| {
                    answer.answer == samples::answer(&format!("m-{message}"), &body_text(*body))
                },
            );
            let (message, body) = found.unwrap();
            Outcome::Already { message, body }
        }
        Ok(CommitOutcome::Stale(current)) => {
            Outcome::Stale { version: current.map_or(0, |record| record.version) }
        }
        Err(StoreError::BodyDiffers) => Outcome::BodyDiffers,
        Err(StoreError::Erased { .. }) => Outcome::Erased,
        Err(cause) => unreachable!("{cause:?}"),
    }
}

async fn compare(store: &EmbeddedStore, oracle: &Oracle) {
    for thread in 0..THREADS {
        let key = samples::thread_key(&thread_name(thread));
        let expected = oracle.threads.get(&thread);
        let loaded = store.load(&key).await.unwrap();
        assert_eq!(
            loaded.map(|record| (record.version, record.ownership.epoch)),
            expected.map(|record| (record.version, record.epoch)),
        );
        let turns = store.turns(&key, usize::MAX).await.unwrap();
        let none = Vec::new();
        let expected = expected.map_or(&none, |record| &record.turns);
        assert_eq!(turns.len(), expected.len());
        for (place, (turn, (message, body))) in turns.iter().zip(expected).enumerate() {
            assert_eq!(turn.sequence, place as u64);
            assert_eq!(turn.user_text, body_text(*body));
            assert_eq!(turn.message_id.as_ref().unwrap().as_str(), format!("m-{message}"));
        }
    }
    for message in 0..MESSAGES {
        let name = format!("m-{message}");
        let replay = store.replay(&samples::message_key(&name)).await;
        match oracle.messages.get(&message) {
            None => assert!(matches!(replay, Ok(None))),
            Some(None) => assert!(matches!(replay, Err(StoreError::Erased { .. }))),
            Some(Some((thread, place, body))) => {
                let answer = replay.unwrap().unwrap();
                assert_eq!(answer.answer, samples::answer(&name, &body_text(*body)));
                assert_eq!(answer.body_hash, BodyHash::of(body_text(*body).as_bytes()));
                assert_eq!(answer.thread, samples::thread_key(&thread_name(*thread)));
                assert_eq!(answer.sequence, *place as u64);
            }
        }
    }
}

async fn run(steps: Vec<Step>, group_writes_max: usize) {
    let folder = tempfile::tempdir().unwrap();
    let hot = HotOptions { threads_max: 2, bytes_max: 1 << 20 };
    let options = EmbeddedOptions { hot, group_writes_max, ..samples::options(folder.path()) };
    let mut store = EmbeddedStore::open(options.clone()).unwrap();
    let mut oracle = Oracle::default();
    let mut burst = Vec::new();
    for step in steps.iter().chain([&Step::Settle]) {
        burst.extend(prepare(&mut oracle, step));
        if !matches!(step, Step::Settle | Step::Restart) {
            continue;
        }
        let (sent, expected): (Vec<Sent>, Vec<Outcome>) = burst.drain(..).unzip();
        let outcomes = join_all(sent.into_iter().map(|sent| send(&store, sent))).await;
        assert_eq!(outcomes, expected);
        if matches!(step, Step::Restart) {
            drop(store);
            store = EmbeddedStore::open(options.clone()).unwrap();
        }
        compare(&store, &oracle).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_as_the_oracle_says(
        steps in prop::collection::vec(step(), 0..60),
        group_writes_max in 1_usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps, group_writes_max));
    }
}
