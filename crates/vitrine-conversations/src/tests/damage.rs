//! Truncated, altered, foreign or locked files cause errors with a reason, never a panic.

use crate::CommitOutcome;
use crate::ConversationStore;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::StoreError;
use crate::layout::CUSTOMER_CONVERSATIONS;
use crate::layout::CUSTOMERS;
use crate::layout::DEAD_JOBS;
use crate::layout::FILE_FORMAT;
use crate::layout::FORMAT_ENTRY;
use crate::layout::IDENTITIES;
use crate::layout::JOBS;
use crate::layout::LINKS;
use crate::layout::META;
use crate::layout::TURNS;
use crate::samples;
use std::fs;
use std::path::Path;

/// Writes a store with 20 conversations and returns the bytes of its file.
async fn written(folder: &Path) -> Vec<u8> {
    let options = samples::options(folder);
    let store = EmbeddedStore::open(options.clone()).unwrap();
    for conversation in 0..20 {
        let name = format!("t-{conversation}");
        let turn = samples::turn(&format!("m-{conversation}"), &"words ".repeat(100));
        let outcome = store.commit(samples::commit(&name, None, Some(turn))).await.unwrap();
        assert!(matches!(outcome, CommitOutcome::Recorded(_)));
    }
    drop(store);
    fs::read(&options.path).unwrap()
}

/// Opens the file in `folder` and uses the store; returns the number of failed calls.
async fn exercise_store(folder: &Path) -> Result<usize, StoreError> {
    let store = EmbeddedStore::open(samples::options(folder))?;
    let mut failures = 0;
    for conversation in 0..20 {
        let key = samples::conversation_key(&format!("t-{conversation}"));
        failures += usize::from(store.load(&key).await.is_err());
        failures += usize::from(store.turns(&key, 9).await.is_err());
        let message = samples::message_key(&format!("m-{conversation}"));
        failures += usize::from(store.replay(&message).await.is_err());
    }
    failures += usize::from(store.statistics().await.is_err());
    let turn = samples::turn("m-new", "hello");
    failures += usize::from(store.commit(samples::commit("new", None, Some(turn))).await.is_err());
    let erased = store.delete(&samples::conversation_key("t-3"), samples::at(99)).await;
    Ok(failures + usize::from(erased.is_err()))
}

#[tokio::test]
async fn a_file_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = written(folder.path()).await;
    let path = samples::options(folder.path()).path;
    for cut in [0, 1, 9, 63, 64, 320, 4095, 4096, 4097, 40_000, 65_536, 100_000, bytes.len() - 1] {
        fs::write(&path, &bytes[..cut.min(bytes.len() - 1)]).unwrap();
        let used = exercise_store(folder.path()).await;
        assert!(!matches!(used, Ok(0)), "cut at {cut} of {} went unnoticed", bytes.len());
    }
    fs::write(&path, &bytes).unwrap();
    assert_eq!(exercise_store(folder.path()).await.unwrap(), 0);
}

#[tokio::test]
async fn altered_bytes_never_crash_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = written(folder.path()).await;
    let path = samples::options(folder.path()).path;
    let pages = bytes.len() / 4096;
    for round in 0..60_usize {
        let mut altered = bytes.clone();
        let page = round * 7 % pages * 4096;
        let from = page + round * 131 % 3000;
        altered[from..from + 40].iter_mut().for_each(|byte| *byte ^= 0xA5);
        fs::write(&path, &altered).unwrap();
        // Altered bytes in a free page do no harm; the claim is only that no call panics.
        let _ = exercise_store(folder.path()).await;
    }
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let options = samples::options(folder.path());
    let text = b"This is a shopping list, and a long one at that. ".repeat(200);
    fs::write(&options.path, &text).unwrap();
    let refused = EmbeddedStore::open(options.clone()).unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused:?}");
    assert_eq!(fs::read(&options.path).unwrap(), text);

    fs::remove_file(&options.path).unwrap();
    let other: redb::TableDefinition<'_, u64, u64> = redb::TableDefinition::new("other");
    let database = redb::Database::create(&options.path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(other).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = EmbeddedStore::open(options).unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_file_of_a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).await;
    let options = samples::options(folder.path());
    let database = redb::Database::open(&options.path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert(FORMAT_ENTRY, FILE_FORMAT + 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let refused = EmbeddedStore::open(options).unwrap_err();
    assert!(matches!(refused, StoreError::Format { found: 4, supported: 3 }), "{refused:?}");
}

#[tokio::test]
async fn a_file_of_the_first_format_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).await;
    let options = samples::options(folder.path());
    let database = redb::Database::open(&options.path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(META).unwrap().insert(FORMAT_ENTRY, 1).unwrap();
    transaction.delete_table(CUSTOMERS).unwrap();
    transaction.delete_table(CUSTOMER_CONVERSATIONS).unwrap();
    transaction.delete_table(IDENTITIES).unwrap();
    transaction.delete_table(LINKS).unwrap();
    transaction.delete_table(JOBS).unwrap();
    transaction.delete_table(DEAD_JOBS).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert_eq!(exercise_store(folder.path()).await.unwrap(), 0);
    let database = redb::Database::open(&options.path).unwrap();
    let transaction = redb::ReadableDatabase::begin_read(&database).unwrap();
    let meta = transaction.open_table(META).unwrap();
    assert_eq!(meta.get(FORMAT_ENTRY).unwrap().unwrap().value(), FILE_FORMAT);
}

/// Overwrites the first turn of a conversation with bytes that do not decode.
fn damage_first_turn(options: &EmbeddedOptions, conversation: &str) {
    let database = redb::Database::open(&options.path).unwrap();
    let transaction = database.begin_write().unwrap();
    let key = samples::conversation_key(conversation).stored();
    let damaged = transaction
        .open_table(TURNS)
        .unwrap()
        .insert((key.as_str(), 0), &[0xFF; 9][..])
        .unwrap()
        .is_some();
    assert!(damaged, "there was such a turn");
    transaction.commit().unwrap();
}

#[tokio::test]
async fn an_erased_conversation_with_an_undecodable_turn_leaves_no_message_behind() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path()).await;
    let options = samples::options(folder.path());
    damage_first_turn(&options, "t-3");
    let store = EmbeddedStore::open(options).unwrap();
    let erased = store.delete(&samples::conversation_key("t-3"), samples::at(99)).await.unwrap();
    assert_eq!((erased.conversations, erased.turns), (1, 1));
    let replayed = store.replay(&samples::message_key("m-3")).await;
    assert!(matches!(replayed, Err(StoreError::Erased { .. })), "{replayed:?}");
    store.intake().unwrap();
    let other = store.replay(&samples::message_key("m-4")).await.unwrap();
    assert!(other.is_some(), "messages of other conversations stay");
    let turn = samples::turn("m-new", "hello");
    assert!(store.commit(samples::commit("new", None, Some(turn))).await.is_ok());
}

#[tokio::test]
async fn a_file_that_is_open_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = samples::options(folder.path());
    let store = EmbeddedStore::open(options.clone()).unwrap();
    let refused = EmbeddedStore::open(options.clone()).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }), "{refused:?}");
    drop(store);
    EmbeddedStore::open(options).unwrap();
}

#[tokio::test]
async fn a_path_below_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let refused = EmbeddedStore::open(samples::options(&file)).unwrap_err();
    assert!(matches!(refused, StoreError::Open { .. }), "{refused:?}");
}
