//! Retention by tenant and purpose.

use crate::base::ids::TenantId;
use crate::threads::EmbeddedStore;
use crate::threads::Kept;
use crate::threads::KnownFact;
use crate::threads::Purpose;
use crate::threads::SweepCursor;
use crate::threads::ThreadKey;
use crate::threads::ThreadStore;
use crate::threads::TurnCommit;
use crate::threads::UpkeepOptions;
use crate::threads::tests::samples;
use jiff::SignedDuration;
use std::time::Duration;

fn kept(threads: i64, personalisation: i64, outreach: i64) -> Kept {
    Kept {
        threads: SignedDuration::from_secs(threads),
        personalisation: SignedDuration::from_secs(personalisation),
        outreach: SignedDuration::from_secs(outreach),
    }
}

/// A thread that changed at second 50, with facts for every purpose, learnt at 10 and at 30.
async fn put(store: &EmbeddedStore, key: &ThreadKey) {
    let mut thread = samples::full_thread("t");
    let goal = thread.facts.remove("goal").unwrap();
    for purpose in Purpose::ALL {
        for learnt in [10, 30] {
            let fact = KnownFact { purpose, learnt_at: samples::at(learnt), ..goal.clone() };
            thread.facts.insert(format!("{} {learnt}", purpose.name()), fact);
        }
    }
    thread.updated_at = samples::at(50);
    let commit = TurnCommit { key: key.clone(), thread, turn: None, jobs: Vec::new() };
    store.commit(commit).await.unwrap();
}

/// The keys of the facts that are left.
async fn facts(store: &EmbeddedStore, key: &ThreadKey) -> Vec<String> {
    let thread = store.load(key).await.unwrap().unwrap();
    assert_eq!(thread.updated_at, samples::at(50), "a sweep is no change of the customer's");
    thread.facts.keys().cloned().collect()
}

#[tokio::test]
async fn each_tenant_keeps_threads_and_facts_by_purpose_as_long_as_it_says() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let strict = TenantId::new("strict").unwrap();
    let (ours, theirs) = (samples::thread_key("t"), samples::thread_key("t"));
    let theirs = ThreadKey { tenant: strict.clone(), ..theirs };
    put(&store, &ours).await;
    put(&store, &theirs).await;
    let options = UpkeepOptions {
        messages_kept: SignedDuration::from_secs(1000),
        kept: kept(100, 100, 80),
        tenants_kept: [(strict, kept(100, 60, 100))].into(),
        step: Duration::from_secs(1),
        step_entries_max: 1,
        rewrite: Duration::from_secs(1),
    };
    let sweep_at = async |second: i64| {
        let (sweep, mut cursor) = (options.sweep(samples::at(second)), SweepCursor::default());
        while cursor.rounds == 0 {
            store.sweep(&sweep, &mut cursor).await.unwrap();
        }
        cursor
    };
    assert_eq!(sweep_at(100).await.trimmed, 2);
    let assisting = ["assistance 10", "assistance 30"];
    let left = ["outreach 30", "personalisation 10", "personalisation 30"];
    assert_eq!(facts(&store, &ours).await, [&assisting[..], &left].concat());
    let left = ["outreach 10", "outreach 30"];
    assert_eq!(facts(&store, &theirs).await, [&assisting[..], &left].concat());
    assert_eq!(sweep_at(100).await.trimmed, 0, "what is left is not due");
    let cursor = sweep_at(151).await;
    assert_eq!((cursor.removed, cursor.trimmed), ((0, 2), 0), "assistance ends with the thread");
}
