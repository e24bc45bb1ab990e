//! Guarantees of the store, one claim per test.

use crate::BodyHash;
use crate::CommitOutcome;
use crate::ConversationKey;
use crate::ConversationRecord;
use crate::ConversationStore;
use crate::DIALOGUE_BYTES_MAX;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::HotOptions;
use crate::MessageKey;
use crate::OpenCheck;
use crate::OwnerEvent;
use crate::Recovery;
use crate::RequestHash;
use crate::StoreError;
use crate::TurnKind;
use crate::samples;
use std::sync::Arc;
use vitrine_base::ids::TenantId;

fn open(folder: &std::path::Path) -> EmbeddedStore {
    EmbeddedStore::open(samples::options(folder)).unwrap()
}

/// Commits a turn on top of the current state and returns the new record.
async fn record(
    store: &EmbeddedStore,
    conversation: &str,
    message: &str,
) -> Arc<ConversationRecord> {
    let current = store.load(&samples::conversation_key(conversation)).await.unwrap();
    let turn = samples::turn(message, "hello");
    match store.commit(samples::commit(conversation, current.as_deref(), Some(turn))).await.unwrap()
    {
        CommitOutcome::Recorded(record) => record,
        other => unreachable!("{other:?}"),
    }
}

async fn texts(store: &EmbeddedStore, conversation: &str, turns_max: usize) -> Vec<String> {
    let turns = store.turns(&samples::conversation_key(conversation), turns_max).await.unwrap();
    turns.into_iter().filter_map(|turn| turn.message_id).map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn commits_survive_closing_and_opening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut conversation = samples::full_conversation("t");
    let turn = samples::turn("m-0", "Je cherche des chaussures");
    let commit = samples::commit("t", Some(&conversation), Some(turn.clone()));
    let outcome = store.commit(commit).await.unwrap();
    conversation.version = 1;
    conversation.turns_recorded = 1;
    assert_eq!(outcome, CommitOutcome::Recorded(Arc::new(conversation.clone())));
    for message in ["m-1", "m-2", "m-3"] {
        record(&store, "t", message).await;
    }
    drop(store);

    let store = open(folder.path());
    let key = samples::conversation_key("t");
    let stored = store.load(&key).await.unwrap().unwrap();
    conversation.version = 4;
    conversation.turns_recorded = 4;
    assert_eq!(*stored, conversation);
    assert_eq!(store.turns(&key, 99).await.unwrap()[0], turn);
    assert_eq!(texts(&store, "t", 99).await, ["m-0", "m-1", "m-2", "m-3"]);
    assert_eq!(texts(&store, "t", 2).await, ["m-2", "m-3"]);
    let replayed = store.replay(&samples::message_key("m-0")).await.unwrap().unwrap();
    assert_eq!(replayed.answer, turn.answer);
    assert_eq!(replayed.sequence, 0);
    assert!(store.replay(&samples::message_key("m-9")).await.unwrap().is_none());
    assert!(store.load(&samples::conversation_key("other")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_message_delivered_again_gets_its_first_answer_and_another_body_is_refused() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let current = record(&store, "t", "m").await;
    let mut again = samples::turn("m", "hello");
    again.answer = Arc::from(&b"a second answer"[..]);
    let outcome = store.commit(samples::commit("t", Some(&current), Some(again))).await.unwrap();
    let CommitOutcome::AlreadyRecorded(first) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!(first.answer, samples::answer("m", "hello"));
    let request = |bytes: &[u8]| RequestHash {
        meaning: BodyHash::of_meaning("another form"),
        bytes: BodyHash::of(bytes),
    };
    // Turns of older versions hold the hash of their bytes.
    assert!(first.clone().for_request(request(b"hello")).is_ok());
    assert!(matches!(first.for_request(request(b"bye")), Err(StoreError::BodyDiffers)));
    let other = samples::turn("m", "bye");
    let refused = store.commit(samples::commit("t", Some(&current), Some(other))).await;
    assert!(matches!(refused, Err(StoreError::BodyDiffers)));
    assert_eq!(texts(&store, "t", 99).await, ["m"]);
}

#[tokio::test]
async fn tenants_share_neither_conversations_nor_message_ids() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    record(&store, "t", "m").await;
    let tenant = TenantId::new("rival").unwrap();
    let key = ConversationKey { tenant: tenant.clone(), ..samples::conversation_key("t") };
    let message = MessageKey { tenant, ..samples::message_key("m") };
    assert!(store.load(&key).await.unwrap().is_none());
    assert!(store.turns(&key, 9).await.unwrap().is_empty());
    assert!(store.replay(&message).await.unwrap().is_none());
    let mut commit = samples::commit("t", None, Some(samples::turn("m", "other words")));
    commit.key = key.clone();
    assert!(matches!(store.commit(commit).await, Ok(CommitOutcome::Recorded(_))));
    let erased = store.delete(&key, samples::at(99)).await.unwrap();
    assert_eq!((erased.conversations, erased.turns), (1, 1));
    assert_eq!(texts(&store, "t", 9).await, ["m"]);
}

#[tokio::test]
async fn a_draft_made_before_a_human_spoke_is_not_recorded() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let before = record(&store, "t", "m-1").await;
    let mut taken = ConversationRecord::clone(&before);
    taken.ownership = taken.ownership.after(OwnerEvent::HumanSpoke, samples::at(20));
    let mut words = samples::turn("human-1", "I will help you");
    words.kind = TurnKind::Human;
    words.message_id = None;
    let outcome = store.commit(samples::commit("t", Some(&taken), Some(words))).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Recorded(_)));

    let draft = samples::commit("t", Some(&before), Some(samples::turn("m-2", "hello")));
    let outcome = store.commit(draft).await.unwrap();
    let CommitOutcome::Stale(Some(current)) = outcome else { unreachable!("{outcome:?}") };
    assert_eq!(current.ownership.epoch, 2);
    assert!(!current.ownership.bot_may_reply());
    assert!(store.replay(&samples::message_key("m-2")).await.unwrap().is_none());
    assert_eq!(store.turns(&samples::conversation_key("t"), 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_erased_conversation_reopens_only_for_a_later_message() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let current = record(&store, "t", "m-1").await;
    let key = samples::conversation_key("t");
    let erased = store.delete(&key, samples::at(100)).await.unwrap();
    assert_eq!((erased.conversations, erased.turns), (1, 1));
    assert!(store.load(&key).await.unwrap().is_none());
    assert!(store.turns(&key, 9).await.unwrap().is_empty());
    let replay = store.replay(&samples::message_key("m-1")).await;
    assert!(matches!(replay, Err(StoreError::Erased { .. })));

    // A draft in progress during the erasure, the old message again, and a delayed message.
    let draft = samples::commit("t", Some(&current), Some(samples::turn("m-2", "hello")));
    assert_eq!(store.commit(draft).await.unwrap(), CommitOutcome::Stale(None));
    for message in ["m-1", "m-2"] {
        let late = samples::commit("t", None, Some(samples::turn(message, "hello")));
        assert!(matches!(store.commit(late).await, Err(StoreError::Erased { .. })));
    }
    drop(store);
    let store = open(folder.path());
    let late = samples::commit("t", None, Some(samples::turn("m-2", "hello")));
    assert!(matches!(store.commit(late).await, Err(StoreError::Erased { .. })));

    let mut later = samples::turn("m-3", "hello");
    later.sent_at = samples::at(101);
    later.received_at = samples::at(101);
    let outcome = store.commit(samples::commit("t", None, Some(later))).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Recorded(record) if record.version == 1));
    let statistics = store.statistics().await.unwrap();
    assert_eq!((statistics.conversations, statistics.turns, statistics.tombstones), (1, 1, 1));
}

#[tokio::test]
async fn records_beyond_the_limits_are_refused_and_the_store_goes_on() {
    let options =
        EmbeddedOptions { conversation_bytes_max: 2000, turn_bytes_max: 3000, ..memory_options() };
    let store = EmbeddedStore::in_memory(options).unwrap();
    let mut large = samples::conversation("t");
    large.product_in_focus = None;
    large.pending = samples::full_conversation("t").pending;
    large.pending.as_mut().unwrap().facet = "x".repeat(3000);
    let refused = store.commit(samples::commit("t", Some(&large), None)).await;
    assert!(matches!(refused, Err(StoreError::ConversationTooLarge { bytes_max: 2000, .. })));
    let mut chatty = samples::conversation("t");
    chatty.dialogue = Some("x".repeat(DIALOGUE_BYTES_MAX + 1));
    let refused = store.commit(samples::commit("t", Some(&chatty), None)).await;
    assert!(matches!(refused, Err(StoreError::DialogueTooLarge { bytes, bytes_max })
        if bytes == bytes_max + 1 && bytes_max == DIALOGUE_BYTES_MAX));
    let turn = samples::turn("m", &"x".repeat(3000));
    let refused = store.commit(samples::commit("t", None, Some(turn))).await;
    assert!(matches!(refused, Err(StoreError::TurnTooLarge { bytes_max: 3000, .. })));
    record(&store, "t", "m").await;
}

fn memory_options() -> EmbeddedOptions {
    samples::options("".as_ref())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_turns_share_syncs_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let hot = HotOptions { conversations_max: 20, bytes_max: 1 << 20 };
    let options = EmbeddedOptions { hot, queue_writes_max: 32, ..samples::options(folder.path()) };
    let store = Arc::new(EmbeddedStore::open(options).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for conversation in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("t-{conversation}");
            for turn in 0..4 {
                record(&store, &name, &format!("m-{conversation}-{turn}")).await;
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    for conversation in 0..100 {
        let expected: Vec<String> = (0..4).map(|turn| format!("m-{conversation}-{turn}")).collect();
        assert_eq!(texts(&store, &format!("t-{conversation}"), 9).await, expected);
    }
    let statistics = store.statistics().await.unwrap();
    assert_eq!((statistics.conversations, statistics.turns, statistics.messages), (100, 400, 400));
    assert_eq!(statistics.writes_done, 400);
    assert!(statistics.groups_written < 200, "{} groups", statistics.groups_written);
    assert!(statistics.hot_conversations <= 20);
    assert!(statistics.file_bytes > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_commits_on_a_version_wins() {
    let store = Arc::new(EmbeddedStore::in_memory(memory_options()).unwrap());
    let current = record(&store, "t", "m").await;
    let mut tasks = tokio::task::JoinSet::new();
    for rival in 0..50 {
        let turn = samples::turn(&format!("rival-{rival}"), "hello");
        let commit = samples::commit("t", Some(&current), Some(turn));
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(commit).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.iter().filter(|outcome| matches!(outcome, CommitOutcome::Recorded(_)));
    assert_eq!(won.count(), 1);
    assert_eq!(store.turns(&samples::conversation_key("t"), 99).await.unwrap().len(), 2);
}

#[tokio::test]
async fn walk_recovery_and_full_checks_give_the_same_guarantees() {
    let folder = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions {
        recovery: Recovery::Walk,
        open_check: OpenCheck::Always,
        ..samples::options(folder.path())
    };
    let store = EmbeddedStore::open(options.clone()).unwrap();
    record(&store, "t", "m-1").await;
    drop(store);
    let store = EmbeddedStore::open(options).unwrap();
    record(&store, "t", "m-2").await;
    assert_eq!(texts(&store, "t", 9).await, ["m-1", "m-2"]);
}

#[tokio::test]
async fn memory_and_file_never_disagree() {
    let folder = tempfile::tempdir().unwrap();
    let hot = HotOptions { conversations_max: 1, bytes_max: 1 << 20 };
    let store =
        EmbeddedStore::open(EmbeddedOptions { hot, ..samples::options(folder.path()) }).unwrap();
    for turn in 0..6 {
        for conversation in ["a", "b", "c"] {
            let after = record(&store, conversation, &format!("{conversation}-{turn}")).await;
            assert_eq!(after.version, turn + 1);
            let loaded =
                store.load(&samples::conversation_key(conversation)).await.unwrap().unwrap();
            assert_eq!(loaded, after);
        }
    }
    store.delete(&samples::conversation_key("a"), samples::at(50)).await.unwrap();
    assert!(store.load(&samples::conversation_key("a")).await.unwrap().is_none());
}
