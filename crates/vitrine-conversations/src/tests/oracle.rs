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
use crate::ConversationStore;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::HotOptions;
use crate::OwnerEvent;
use crate::StoreError;
use crate::TurnCommit;
use crate::samples;
use futures::future::join_all;
use proptest::prelude::*;
use std::collections::BTreeMap;

const CONVERSATIONS: usize = 3;
const MESSAGES: usize = 6;

#[derive(Debug, Clone)]
enum HistoryStep {
    /// A turn in a conversation. `sent` is the time of the message in seconds; `age` is the number
    /// of versions that the draft is behind.
    Turn {
        conversation: usize,
        message: usize,
        body: u8,
        sent: i64,
        age: u64,
    },
    /// A human takes over the conversation.
    Human {
        conversation: usize,
    },
    Erase {
        conversation: usize,
        at: i64,
    },
    /// Ends the burst: awaits all writes and compares the outcomes.
    Settle,
    /// Ends the burst, then closes and reopens the store.
    Restart,
}

fn step() -> impl Strategy<Value = HistoryStep> {
    prop_oneof![
        8 => (
            0..CONVERSATIONS,
            0..MESSAGES,
            0..2_u8,
            0..40_i64,
            prop_oneof![4 => Just(0), 1 => 1..3_u64],
        )
            .prop_map(|(conversation, message, body, sent, age)| {
                HistoryStep::Turn { conversation, message, body, sent, age }
            }),
        2 => (0..CONVERSATIONS).prop_map(|conversation| HistoryStep::Human { conversation }),
        1 => (0..CONVERSATIONS, 0..40_i64)
            .prop_map(|(conversation, at)| HistoryStep::Erase { conversation, at }),
        3 => Just(HistoryStep::Settle),
        1 => Just(HistoryStep::Restart),
    ]
}

#[derive(Debug, Default)]
struct OracleConversation {
    version: u64,
    epoch: u64,
    turns: Vec<(usize, u8)>,
}

/// Where a message was answered: conversation, position and body; `None` once erased.
type OracleMessage = Option<(usize, usize, u8)>;

#[derive(Debug, Default)]
struct StoreOracle {
    conversations: BTreeMap<usize, OracleConversation>,
    messages: BTreeMap<usize, OracleMessage>,
    tombstones: BTreeMap<usize, i64>,
}

#[derive(Debug, PartialEq, Eq)]
enum OracleOutcome {
    Recorded { version: u64, turns: usize },
    Already { message: usize, body: u8 },
    Stale { version: u64 },
    BodyDiffers,
    Erased,
    Removed { conversations: usize, turns: usize },
}

impl StoreOracle {
    fn turn(&mut self, step: (usize, usize, u8), sent: i64, version: u64) -> OracleOutcome {
        let (conversation, message, body) = step;
        match self.messages.get(&message) {
            Some(None) => return OracleOutcome::Erased,
            Some(Some((_, _, other))) if *other != body => return OracleOutcome::BodyDiffers,
            Some(Some(_)) => return OracleOutcome::Already { message, body },
            None => {}
        }
        let known =
            self.conversations.get(&conversation).map_or(0, |conversation| conversation.version);
        if known != version {
            return OracleOutcome::Stale { version: known };
        }
        if known == 0 && self.tombstones.get(&conversation).is_some_and(|erased| sent <= *erased) {
            return OracleOutcome::Erased;
        }
        let record =
            self.conversations.entry(conversation).or_insert_with(OracleConversation::open);
        self.messages.insert(message, Some((conversation, record.turns.len(), body)));
        record.turns.push((message, body));
        record.version += 1;
        OracleOutcome::Recorded { version: record.version, turns: record.turns.len() }
    }

    fn human(&mut self, conversation: usize) -> OracleOutcome {
        let Some(record) = self.conversations.get_mut(&conversation) else {
            return OracleOutcome::Erased;
        };
        record.version += 1;
        record.epoch = 2;
        OracleOutcome::Recorded { version: record.version, turns: record.turns.len() }
    }

    fn erase(&mut self, conversation: usize, at: i64) -> OracleOutcome {
        let removed = self.conversations.remove(&conversation);
        let turns = removed.as_ref().map_or(0, |record| record.turns.len());
        for (message, _) in removed.iter().flat_map(|record| &record.turns) {
            self.messages.insert(*message, None);
        }
        let erased = self.tombstones.entry(conversation).or_insert(at);
        *erased = at.max(*erased);
        OracleOutcome::Removed { conversations: usize::from(removed.is_some()), turns }
    }
}

impl OracleConversation {
    fn open() -> Self {
        Self { epoch: 1, ..Self::default() }
    }
}

fn conversation_name(conversation: usize) -> String {
    format!("t-{conversation}")
}

fn body_text(body: u8) -> String {
    format!("body {body}")
}

/// A commit made from `version` of the conversation, with the owner that the oracle has.
fn commit(oracle: &StoreOracle, conversation: usize, version: u64) -> TurnCommit {
    let name = conversation_name(conversation);
    let mut commit = samples::commit(&name, None, None);
    commit.conversation.version = version;
    if oracle.conversations.get(&conversation).is_some_and(|record| record.epoch == 2) {
        let owner = commit.conversation.ownership;
        commit.conversation.ownership = owner.after(OwnerEvent::HumanSpoke, samples::at(1));
    }
    commit
}

enum Sent {
    Commit(Box<TurnCommit>),
    Erase { conversation: usize, at: i64 },
}

/// The write of a step and its expected outcome.
fn prepare(oracle: &mut StoreOracle, step: &HistoryStep) -> Option<(Sent, OracleOutcome)> {
    match *step {
        HistoryStep::Turn { conversation, message, body, sent, age } => {
            let known = oracle.conversations.get(&conversation).map_or(0, |record| record.version);
            let version = known.saturating_sub(age);
            let mut commit = commit(oracle, conversation, version);
            let mut turn = samples::turn(&format!("m-{message}"), &body_text(body));
            turn.sent_at = samples::at(sent);
            turn.received_at = samples::at(sent);
            commit.turn = Some(turn);
            let outcome = oracle.turn((conversation, message, body), sent, version);
            Some((Sent::Commit(Box::new(commit)), outcome))
        }
        HistoryStep::Human { conversation } => {
            let version = oracle.conversations.get(&conversation)?.version;
            let outcome = oracle.human(conversation);
            Some((Sent::Commit(Box::new(commit(oracle, conversation, version))), outcome))
        }
        HistoryStep::Erase { conversation, at } => {
            Some((Sent::Erase { conversation, at }, oracle.erase(conversation, at)))
        }
        HistoryStep::Settle | HistoryStep::Restart => None,
    }
}

async fn send(store: &EmbeddedStore, sent: Sent) -> OracleOutcome {
    let result = match sent {
        Sent::Commit(commit) => store.commit(*commit).await,
        Sent::Erase { conversation, at } => {
            let key = samples::conversation_key(&conversation_name(conversation));
            let erasure = store.delete(&key, samples::at(at)).await.unwrap();
            let count = |number| usize::try_from(number).unwrap();
            return OracleOutcome::Removed {
                conversations: count(erasure.conversations),
                turns: count(erasure.turns),
            };
        }
    };
    match result {
        Ok(CommitOutcome::Recorded(record)) => OracleOutcome::Recorded {
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
            OracleOutcome::Already { message, body }
        }
        Ok(CommitOutcome::Stale(current)) => {
            OracleOutcome::Stale { version: current.map_or(0, |record| record.version) }
        }
        Err(StoreError::BodyDiffers) => OracleOutcome::BodyDiffers,
        Err(StoreError::Erased { .. }) => OracleOutcome::Erased,
        Err(cause) => unreachable!("{cause:?}"),
    }
}

async fn compare(store: &EmbeddedStore, oracle: &StoreOracle) {
    for conversation in 0..CONVERSATIONS {
        let key = samples::conversation_key(&conversation_name(conversation));
        let expected = oracle.conversations.get(&conversation);
        let loaded = store.load(&key).await.unwrap();
        assert_eq!(
            loaded.map(|record| (record.version, record.ownership.epoch)),
            expected.map(|record| (record.version, record.epoch)),
        );
        let turns = store.turns(&key, usize::MAX).await.unwrap();
        let none = Vec::new();
        let expected = expected.map_or(&none, |record| &record.turns);
        assert_eq!(turns.len(), expected.len());
        for (position, (turn, (message, body))) in turns.iter().zip(expected).enumerate() {
            assert_eq!(turn.sequence, position as u64);
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
            Some(Some((conversation, position, body))) => {
                let answer = replay.unwrap().unwrap();
                assert_eq!(answer.answer, samples::answer(&name, &body_text(*body)));
                assert_eq!(answer.body_hash, BodyHash::of(body_text(*body).as_bytes()));
                assert_eq!(
                    answer.conversation,
                    samples::conversation_key(&conversation_name(*conversation))
                );
                assert_eq!(answer.sequence, *position as u64);
            }
        }
    }
}

async fn run(steps: Vec<HistoryStep>, group_writes_max: usize) {
    let folder = tempfile::tempdir().unwrap();
    let hot = HotOptions { conversations_max: 2, bytes_max: 1 << 20 };
    let options = EmbeddedOptions { hot, group_writes_max, ..samples::options(folder.path()) };
    let mut store = EmbeddedStore::open(options.clone()).unwrap();
    let mut oracle = StoreOracle::default();
    let mut burst = Vec::new();
    for step in steps.iter().chain([&HistoryStep::Settle]) {
        burst.extend(prepare(&mut oracle, step));
        if !matches!(step, HistoryStep::Settle | HistoryStep::Restart) {
            continue;
        }
        let (sent, expected): (Vec<Sent>, Vec<OracleOutcome>) = burst.drain(..).unzip();
        let outcomes = join_all(sent.into_iter().map(|sent| send(&store, sent))).await;
        assert_eq!(outcomes, expected);
        if matches!(step, HistoryStep::Restart) {
            drop(store);
            store = EmbeddedStore::open(options.clone()).unwrap();
        }
        compare(&store, &oracle).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_matches_the_oracle(
        steps in prop::collection::vec(step(), 0..60),
        group_writes_max in 1_usize..20,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps, group_writes_max));
    }
}
