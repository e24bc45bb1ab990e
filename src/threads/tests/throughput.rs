//! How many durable turns a second the disk under the test folder allows; numbers, no claims.

use crate::base::clock::Clock;
use crate::base::clock::SystemClock;
use crate::threads::CommitOutcome;
use crate::threads::EmbeddedOptions;
use crate::threads::EmbeddedStore;
use crate::threads::Recovery;
use crate::threads::ThreadStore;
use crate::threads::tests::samples;
use std::sync::Arc;
use std::time::Duration;

const RUN: Duration = Duration::from_secs(3);

async fn measure(concurrent: usize, recovery: Recovery) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let options = EmbeddedOptions { recovery, ..samples::options(folder.path()) };
    let store = Arc::new(EmbeddedStore::open(options).unwrap());
    let start = SystemClock.instant();
    let mut tasks = tokio::task::JoinSet::new();
    for thread in 0..concurrent {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("t-{thread}");
            let mut current = Some(samples::full_thread(&name));
            let mut waits = Vec::new();
            while SystemClock.instant() - start < RUN {
                let sent = SystemClock.instant();
                let turn = samples::turn(&format!("m-{thread}-{}", waits.len()), &"w".repeat(400));
                let commit = samples::commit(&name, current.as_ref(), Some(turn));
                let CommitOutcome::Recorded(record) = store.commit(commit).await.unwrap() else {
                    unreachable!("nobody else writes this thread")
                };
                current = Some((*record).clone());
                waits.push(SystemClock.instant() - sent);
            }
            waits
        });
    }
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let seconds = (SystemClock.instant() - start).as_secs_f64();
    waits.sort();
    let groups = store.statistics().await.unwrap().groups_written;
    #[expect(clippy::cast_precision_loss, reason = "a printed figure")]
    let turns_per_second = waits.len() as f64 / seconds;
    let p99 = waits[waits.len() * 99 / 100];
    let bytes = store.statistics().await.unwrap().file_bytes;
    eprintln!(
        "{concurrent} concurrent, {recovery:?}: {turns_per_second:.0} turns/s, {groups} syncs, \
         p50 {:?}, p99 {p99:?}, {bytes} bytes",
        waits[waits.len() / 2],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test --lib threads::tests::throughput -- --ignored --nocapture"]
async fn durable_turns_per_second() {
    for recovery in [Recovery::Walk, Recovery::Quick] {
        for concurrent in [1, 64, 1024] {
            measure(concurrent, recovery).await;
        }
    }
}
