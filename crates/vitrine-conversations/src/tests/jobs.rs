//! The signal for stored jobs: given once the jobs are on disk, and for nothing else.

use crate::CommitOutcome;
use crate::ConversationStore;
use crate::EmbeddedStore;
use crate::JobKey;
use crate::JobKind;
use crate::JobOutcome;
use crate::JobStore;
use crate::StoredJob;
use crate::TurnCommit;
use crate::samples;
use std::path::Path;
use uuid::Uuid;

fn job() -> StoredJob {
    StoredJob::new(JobKind::Handoff, "{}".to_owned(), samples::at(0))
}

fn with_job(commit: TurnCommit) -> TurnCommit {
    TurnCommit { jobs: vec![job()], ..commit }
}

#[tokio::test]
async fn new_jobs_are_signalled_and_other_writes_are_not() {
    let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
    let mut stored = store.watch_stored();
    let mut signalled = || {
        let changed = stored.has_changed().unwrap();
        stored.mark_unchanged();
        changed
    };
    store.commit(samples::commit("a", None, None)).await.unwrap();
    assert!(!signalled(), "a commit without jobs");
    let recorded = store.commit(with_job(samples::commit("b", None, None))).await.unwrap();
    assert!(matches!(recorded, CommitOutcome::Recorded(_)));
    assert!(signalled(), "a commit with a job");
    let stale = store.commit(with_job(samples::commit("b", None, None))).await.unwrap();
    assert!(matches!(stale, CommitOutcome::Stale(_)));
    assert!(!signalled(), "a commit that was not written");

    let conversation = samples::conversation_key("c");
    let key = JobKey { conversation, id: Uuid::from_u128(1) };
    store.enqueue(key.clone(), job(), 9).await.unwrap();
    assert!(signalled(), "a job without a commit");
    store.enqueue(key.clone(), job(), 9).await.unwrap();
    assert!(!signalled(), "a job that was stored before");
    store.settle(key.clone(), JobOutcome::Again(job())).await.unwrap();
    store.settle(key, JobOutcome::Done).await.unwrap();
    assert!(!signalled(), "outcomes of attempts");
}
