//! A process killed in the middle of its writes loses nothing that it had acknowledged.
//!
//! Method: this test binary starts itself again; the child commits turns of several threads at
//! once and prints each acknowledgement; SIGKILL comes at a random moment under load. Then every
//! acknowledged turn must be there once, in its place, with its answer, and every other turn
//! whole or absent. The next child goes on with the same file.

use crate::threads::CommitOutcome;
use crate::threads::EmbeddedStore;
use crate::threads::ThreadRecord;
use crate::threads::ThreadStore;
use crate::threads::tests::samples;
use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

/// Where the child finds its folder; without it, the child's half does nothing.
const FOLDER_VARIABLE: &str = "VITRINE_CRASH_TEST_FOLDER";
const CHILD: &str = "threads::tests::crash::child_commits_until_it_is_killed";
const KILLS: u64 = 5;
const KILLS_LONG: u64 = 200;
const THREADS: usize = 8;

fn message(thread: usize, place: u64) -> String {
    format!("m-{thread}-{place}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_commits_until_it_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "tells the child of this test from the parent")]
    let Ok(folder) = std::env::var(FOLDER_VARIABLE) else { return };
    let store = Arc::new(EmbeddedStore::open(samples::options(Path::new(&folder))).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for thread in 0..THREADS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("t-{thread}");
            let mut current = store.load(&samples::thread_key(&name)).await.unwrap();
            loop {
                let place = current.as_ref().map_or(0, |record| record.turns_recorded);
                let text = "x".repeat(usize::try_from(place % 97).unwrap() * 20);
                let turn = samples::turn(&message(thread, place), &text);
                let commit = samples::commit(&name, current.as_deref(), Some(turn));
                let outcome = store.commit(commit).await.unwrap();
                let CommitOutcome::Recorded(record) = outcome else { unreachable!("{outcome:?}") };
                current = Some(record);
                let line = format!("ack {thread} {place}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// Runs one child until it has acknowledged `acknowledgements_max` turns, kills it, and notes the
/// last acknowledged place of each thread.
fn kill_a_child(folder: &Path, acknowledgements_max: u64, last: &mut BTreeMap<usize, u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = 0;
    // Lines that were on their way when the child died count as well: they were acknowledged.
    for line in BufReader::new(child.stdout.take().unwrap()).split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let Some(at) = line.find("ack ") else { continue };
        let mut words = line[at..].split(' ').skip(1);
        let (Some(thread), Some(place)) = (words.next(), words.next()) else { continue };
        last.insert(thread.parse().unwrap(), place.parse().unwrap());
        acknowledged += 1;
        if acknowledged == acknowledgements_max {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged >= acknowledgements_max, "the child ended by itself");
}

async fn check(folder: &Path, last: &BTreeMap<usize, u64>) {
    let store = EmbeddedStore::open(samples::options(folder)).unwrap();
    let mut turns_stored = 0;
    for thread in 0..THREADS {
        let name = format!("t-{thread}");
        let key = samples::thread_key(&name);
        let record: Option<Arc<ThreadRecord>> = store.load(&key).await.unwrap();
        let turns = store.turns(&key, usize::MAX).await.unwrap();
        let recorded = record.map_or(0, |record| record.turns_recorded);
        assert_eq!(turns.len() as u64, recorded, "thread and turns disagree");
        if let Some(last) = last.get(&thread) {
            assert!(recorded > *last, "lost turn {last} of thread {thread}, has {recorded}");
        }
        for (place, turn) in turns.iter().enumerate() {
            let place = place as u64;
            let name = message(thread, place);
            assert_eq!(turn.sequence, place);
            assert_eq!(turn.message_id.as_ref().unwrap().as_str(), name);
            let answer = store.replay(&samples::message_key(&name)).await.unwrap().unwrap();
            assert_eq!(answer.answer, samples::answer(&name, &turn.user_text));
            assert_eq!(answer.sequence, place);
        }
        turns_stored += recorded;
        let next = samples::message_key(&message(thread, recorded));
        assert!(store.replay(&next).await.unwrap().is_none(), "half a turn");
    }
    let statistics = store.statistics().await.unwrap();
    assert_eq!(statistics.turns, turns_stored);
    assert_eq!(statistics.messages, turns_stored);
}

async fn kill_again_and_again(kills: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut last = BTreeMap::new();
    for kill in 0..kills {
        // Spread by a fixed pattern; the moment within a write is chance all the same.
        kill_a_child(folder.path(), 20 + kill * 61 % 150, &mut last);
        check(folder.path(), &last).await;
    }
}

#[tokio::test]
async fn killed_processes_lose_no_acknowledged_turn() {
    kill_again_and_again(KILLS).await;
}

#[tokio::test]
#[ignore = "long form, minutes: cargo test --lib killed_200_times -- --ignored"]
async fn killed_200_times() {
    kill_again_and_again(KILLS_LONG).await;
}
