//! A process killed in the middle of its writes loses nothing that it had acknowledged.
//!
//! Method: this test binary starts itself as a child. The child commits turns of several
//! conversations concurrently and prints each acknowledgement. It is killed with SIGKILL at a
//! random moment under load. Then every acknowledged turn must be stored once, in its position,
//! with its answer and owner; every other turn must be complete or absent; every acknowledged
//! consent must be stored in order. The next child continues with the same file.

use crate::CommitOutcome;
use crate::ConsentChange;
use crate::ConversationRecord;
use crate::ConversationStore;
use crate::CustomerKey;
use crate::CustomerOutcome;
use crate::CustomerRecord;
use crate::CustomerStore;
use crate::EmbeddedStore;
use crate::Purpose;
use crate::samples;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use vitrine_base::ids::CustomerId;

/// Tells the child its folder.
const FOLDER_VARIABLE: &str = "VITRINE_CRASH_TEST_FOLDER";
const CHILD: &str = "tests::crash::child_commits_until_it_is_killed";
const KILLS: u64 = 5;
const KILLS_LONG: u64 = 200;
const CONVERSATIONS: usize = 8;
/// Most rows kept in a customer's consent ledger in this test.
const CONSENTS_MAX: usize = 100;

fn message(conversation: usize, position: u64) -> String {
    format!("m-{conversation}-{position}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by killed_processes_lose_no_acknowledged_turn in a process of its own"]
async fn child_commits_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "the variable marks the child of this test")]
    let folder = std::env::var(FOLDER_VARIABLE).unwrap();
    let store = Arc::new(EmbeddedStore::open(samples::options(Path::new(&folder))).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for conversation in 0..CONVERSATIONS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("t-{conversation}");
            let mut current = store.load(&samples::conversation_key(&name)).await.unwrap();
            loop {
                let position = current.as_ref().map_or(0, |record| record.turns_recorded);
                let text = "x".repeat(usize::try_from(position % 97).unwrap() * 20);
                let turn = samples::turn(&message(conversation, position), &text);
                let mut commit = samples::commit(&name, current.as_deref(), Some(turn));
                commit.conversation.ownership.epoch = position + 1;
                let outcome = store.commit(commit).await.unwrap();
                let CommitOutcome::Recorded(record) = outcome else { unreachable!("{outcome:?}") };
                current = Some(record);
                let line = format!("ack {conversation} {position}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                if position % 4 == 0 {
                    let consents = consent_to_more(&store, conversation).await;
                    let line = format!("consent {conversation} {consents}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
}

fn customer_key(conversation: usize) -> CustomerKey {
    let customer = CustomerId::new(format!("c-{conversation}")).unwrap();
    CustomerKey { tenant: samples::tenant(), customer }
}

/// Adds a row to a customer's consent ledger; returns the number of rows.
async fn consent_to_more(store: &EmbeddedStore, conversation: usize) -> usize {
    let key = customer_key(conversation);
    let known = store.customer(&key).await.unwrap();
    let mut customer = known.map_or_else(
        || CustomerRecord::new(key.customer.clone(), samples::at(0)),
        |known| (*known).clone(),
    );
    let change = ConsentChange {
        purpose: Purpose::Outreach,
        channel: None,
        wording_version: customer.consents.len().to_string(),
        source_message: None,
    };
    customer.grant(change, samples::at(1));
    // Keeps the record small over many children.
    let excess = customer.consents.len().saturating_sub(CONSENTS_MAX);
    customer.consents.truncate(customer.consents.len() - excess);
    let stored = store.put_customer(&key, customer).await.unwrap();
    let CustomerOutcome::Stored(customer) = stored else { unreachable!("{stored:?}") };
    customer.consents.len()
}

/// What the child acknowledged for one conversation.
#[derive(Debug, Clone, Copy, Default)]
struct ChildAcknowledgements {
    last_turn: Option<u64>,
    consents: usize,
}

/// Runs one child until it has acknowledged `acknowledgements_max` turns, kills it, and adds its
/// acknowledgements to `known`.
fn kill_a_child(
    folder: &Path,
    acknowledgements_max: u64,
    known: &mut BTreeMap<usize, ChildAcknowledgements>,
) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    // Lines still in the pipe when the child died count as well: they were acknowledged.
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let Some(at) = line.find("ack ").or(line.find("consent ")) else { continue };
        let words: Vec<&str> = line[at..].split(' ').collect();
        let [kind, conversation, number] = words[..] else { continue };
        let conversation = known.entry(conversation.parse().unwrap()).or_default();
        if kind == "consent" {
            conversation.consents = number.parse().unwrap();
            continue;
        }
        conversation.last_turn = Some(number.parse().unwrap());
        acknowledged += 1;
        if acknowledged == acknowledgements_max {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged >= acknowledgements_max, "the child ended before it was killed");
}

async fn check(folder: &Path, known: &BTreeMap<usize, ChildAcknowledgements>) {
    let store = EmbeddedStore::open(samples::options(folder)).unwrap();
    let mut turns_stored = 0;
    for conversation in 0..CONVERSATIONS {
        let name = format!("t-{conversation}");
        let key = samples::conversation_key(&name);
        let record: Option<Arc<ConversationRecord>> = store.load(&key).await.unwrap();
        let turns = store.turns(&key, usize::MAX).await.unwrap();
        let recorded = record.as_ref().map_or(0, |record| record.turns_recorded);
        assert_eq!(turns.len() as u64, recorded, "record and turns disagree");
        let epoch = record.map_or(0, |record| record.ownership.epoch);
        assert_eq!(epoch, recorded, "record and owner disagree");
        let known = known.get(&conversation).copied().unwrap_or_default();
        if let Some(last) = known.last_turn {
            assert!(recorded > last, "lost turn {last} of {name}, which has {recorded}");
        }
        let customer = store.customer(&customer_key(conversation)).await.unwrap();
        let rows = customer.map(|customer| customer.consents.clone()).unwrap_or_default();
        assert!(rows.len() >= known.consents, "lost a consent of customer {conversation}");
        for (position, row) in rows.iter().enumerate() {
            assert_eq!(row.wording_version, position.to_string());
        }
        for (position, turn) in turns.iter().enumerate() {
            let position = position as u64;
            let name = message(conversation, position);
            assert_eq!(turn.sequence, position);
            assert_eq!(turn.message_id.as_ref().unwrap().as_str(), name);
            let answer = store.replay(&samples::message_key(&name)).await.unwrap().unwrap();
            assert_eq!(answer.answer, samples::answer(&name, &turn.user_text));
            assert_eq!(answer.sequence, position);
        }
        turns_stored += recorded;
        let next = samples::message_key(&message(conversation, recorded));
        assert!(store.replay(&next).await.unwrap().is_none(), "half a turn");
    }
    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.turns, turns_stored);
    assert_eq!(statistics.messages, turns_stored);
}

async fn kill_again_and_again(kills: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut known = BTreeMap::new();
    for kill in 0..kills {
        // The number of turns varies by a fixed pattern; the moment within a write is random
        // anyway.
        kill_a_child(folder.path(), 20 + kill * 61 % 150, &mut known);
        check(folder.path(), &known).await;
    }
}

#[tokio::test]
async fn killed_processes_lose_no_acknowledged_turn() {
    kill_again_and_again(KILLS).await;
}

#[tokio::test]
#[ignore = "minutes: cargo test -p vitrine-conversations --lib killed_200_times -- --ignored"]
async fn killed_200_times() {
    kill_again_and_again(KILLS_LONG).await;
}
