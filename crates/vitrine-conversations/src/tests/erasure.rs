//! An erasure wins over work that was accepted before it, whatever step a crash interrupts.
//!
//! Method of the crash test: this test binary starts itself as a child, which takes one step after
//! the other on a store with a customer's words and prints each. The parent kills it with SIGKILL
//! after a chosen step, opens the file again, rewrites it and searches every file of the folder.

use crate::CommitOutcome;
use crate::ConversationStore;
use crate::CustomerKey;
use crate::CustomerOutcome;
use crate::CustomerRecord;
use crate::CustomerStore;
use crate::EmbeddedStore;
use crate::Identity;
use crate::IdentityKey;
use crate::IdentityProof;
use crate::JobKey;
use crate::JobKind;
use crate::JobOutcome;
use crate::JobStore;
use crate::StoreError;
use crate::StoredJob;
use crate::samples;
use redb::Database;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use uuid::Uuid;
use vitrine_base::channel::ChannelKind;

/// A word without repetition: compression leaves it as it is.
const WORD: &str = "quixotomic-Zqx9Kvw7Jpr3Wm";

/// The same, in the dialogue state only.
const WISH: &str = "feuillemorte-Hd4Tz8LqWb2Xn";

/// Tells the child its folder.
const FOLDER_VARIABLE: &str = "VITRINE_ERASURE_TEST_FOLDER";
const CHILD: &str = "tests::erasure::child_erases_step_by_step";
const STEPS: [&str; 5] = ["written", "queued", "thread-erased", "erased", "rewritten"];

fn in_memory() -> EmbeddedStore {
    EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap()
}

fn customer() -> CustomerKey {
    samples::customer_key("c-1")
}

fn identity(address: &str) -> IdentityKey {
    let (tenant, channel) = (samples::tenant(), ChannelKind::Whatsapp);
    IdentityKey { tenant, channel, address: address.to_owned() }
}

fn record(name: &str, addresses: &[(&str, i64)]) -> CustomerRecord {
    let key = samples::customer_key(name);
    let mut record = CustomerRecord::new(key.customer, samples::at(0));
    let proof = IdentityProof::VerifiedCustomer;
    record.identities.extend(addresses.iter().map(|(address, linked)| Identity {
        channel: ChannelKind::Whatsapp,
        address: (*address).to_owned(),
        proof,
        linked_at: samples::at(*linked),
    }));
    record
}

fn job_key(conversation: &str) -> JobKey {
    let conversation = samples::conversation_key(conversation);
    JobKey { conversation, id: Uuid::from_u128(7) }
}

/// An accepted turn of the customer, which arrived at this second.
fn accepted(second: i64) -> StoredJob {
    StoredJob {
        customer: Some(customer().customer),
        message: Some(samples::message_key("m-7").message),
        meaning: Some("0a".to_owned()),
        ..StoredJob::new(JobKind::Turn, format!("{{\"text\":\"{WORD}\"}}"), samples::at(second))
    }
}

fn holds(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn an_accepted_turn_is_erased_with_its_customer_before_its_conversation_is_opened() {
    let store = in_memory();
    store.enqueue(job_key("t"), accepted(5), 9).await.unwrap();
    assert!(store.is_waiting(&job_key("t")).await.unwrap());
    let erased = store.erase_customer(&customer(), samples::at(10)).await.unwrap().unwrap();
    assert_eq!((erased.conversations, erased.turns, erased.jobs), (0, 0, 1));
    assert!(!store.is_waiting(&job_key("t")).await.unwrap());
    assert!(store.waiting(9).await.unwrap().is_empty());
    store.settle(job_key("t"), JobOutcome::Again(accepted(5))).await.unwrap();
    assert!(store.waiting(9).await.unwrap().is_empty(), "a failed attempt came back");
    let again = store.replay(&samples::message_key("m-7")).await;
    assert!(matches!(again, Err(StoreError::Erased { .. })), "a redelivery: {again:?}");
    assert_eq!(store.erase_customer(&customer(), samples::at(11)).await.unwrap(), None);
    // A turn that was being accepted when the customer was erased.
    let late = store.enqueue(job_key("t-2"), accepted(10), 9).await;
    assert!(matches!(late, Err(StoreError::Erased { .. })), "{late:?}");
    store.enqueue(job_key("t-3"), accepted(12), 9).await.unwrap();
}

#[tokio::test]
async fn an_accepted_turn_is_erased_with_its_thread() {
    let store = in_memory();
    store.enqueue(job_key("t"), accepted(5), 9).await.unwrap();
    let thread = samples::conversation_key("t");
    assert_eq!(store.delete(&thread, samples::at(10)).await.unwrap().jobs, 1);
    assert_eq!(store.last_conversation(&customer()).await.unwrap(), None, "a dangling link");
    let late = store.enqueue(job_key("t"), accepted(9), 9).await;
    assert!(matches!(late, Err(StoreError::Erased { .. })), "{late:?}");
}

#[tokio::test]
async fn a_message_joins_the_thread_of_an_accepted_turn_until_that_turn_fails() {
    let store = in_memory();
    store.enqueue(job_key("t"), accepted(5), 9).await.unwrap();
    let last = async || store.last_conversation(&customer()).await.unwrap();
    assert_eq!(last().await, Some(samples::conversation_key("t").conversation));
    store.settle(job_key("t"), JobOutcome::Done).await.unwrap();
    assert_eq!(last().await, None);
}

#[tokio::test]
async fn the_last_conversation_is_the_most_recently_changed_of_any_number() {
    let store = in_memory();
    for number in 0..70 {
        let name = format!("t-{number:02}");
        let mut commit = samples::commit(&name, None, None);
        commit.conversation.customer_id = Some(customer().customer);
        // The third newest id changed last.
        commit.conversation.updated_at = samples::at(if number == 67 { 1000 } else { number });
        assert!(matches!(store.commit(commit).await.unwrap(), CommitOutcome::Recorded(_)));
    }
    let last = store.last_conversation(&customer()).await.unwrap();
    assert_eq!(last, Some(samples::conversation_key("t-67").conversation));
    let after = samples::conversation_key("t-65").conversation;
    let rest = store.customer_conversations(&customer(), Some(&after), 99).await.unwrap();
    assert_eq!(rest.len(), 4);
}

#[tokio::test]
async fn a_turn_accepted_again_in_another_spelling_is_the_same_job() {
    let store = in_memory();
    store.enqueue(job_key("t"), accepted(5), 9).await.unwrap();
    let spelled = StoredJob { body: "{ \"text\" : \"…\" }".to_owned(), ..accepted(6) };
    store.enqueue(job_key("t"), spelled, 9).await.unwrap();
    assert_eq!(store.waiting(9).await.unwrap().len(), 1);
    let other = StoredJob { meaning: Some("0b".to_owned()), ..accepted(6) };
    let refused = store.enqueue(job_key("t"), other, 9).await;
    assert!(matches!(refused, Err(StoreError::BodyDiffers)));
}

#[tokio::test]
async fn a_record_made_by_work_that_began_before_the_erasure_is_refused() {
    let store = in_memory();
    store.put_customer(&customer(), record("c-1", &[])).await.unwrap();
    store.erase_customer(&customer(), samples::at(10)).await.unwrap();
    let refused = store.put_customer(&customer(), record("c-1", &[])).await;
    assert!(matches!(refused, Err(StoreError::Erased { .. })), "{refused:?}");
    let later = CustomerRecord { created_at: samples::at(11), ..record("c-1", &[]) };
    let stored = store.put_customer(&customer(), later).await.unwrap();
    assert!(matches!(stored, CustomerOutcome::Stored(_)));
}

#[tokio::test]
async fn every_spelling_of_a_linked_address_leads_to_its_customer_and_to_its_erasure() {
    let store = in_memory();
    store.put_customer(&customer(), record("c-1", &[("+33612345678", 1)])).await.unwrap();
    let spellings = ["+33 6 12 34 56 78", "whatsapp:+33612345678", "0033612345678", "33612345678"];
    for spelling in spellings {
        let found = store.identified(&identity(spelling)).await.unwrap();
        assert_eq!(found, Some(customer().customer), "{spelling}");
        let other = record("c-2", &[(spelling, 2)]);
        let taken = store.put_customer(&samples::customer_key("c-2"), other).await;
        assert!(matches!(taken, Err(StoreError::IdentityTaken)), "{spelling}: {taken:?}");
    }
    store.erase_customer(&customer(), samples::at(10)).await.unwrap();
    for spelling in spellings {
        let erased = store.address_erased_at(&identity(spelling)).await.unwrap();
        assert_eq!(erased, Some(samples::at(10)), "{spelling}");
    }
}

/// Undoes the migration: stores links and an erasure as older versions did.
fn age(folder: &Path) {
    use crate::layout::ADDRESSES_ENTRY;
    use crate::layout::IDENTITIES;
    use crate::layout::META;
    use crate::layout::TOMBSTONES;
    let database = Database::open(samples::options(folder).path).unwrap();
    let writing = database.begin_write().unwrap();
    {
        writing.open_table(META).unwrap().remove(ADDRESSES_ENTRY).unwrap();
        let mut links = writing.open_table(IDENTITIES).unwrap();
        links.retain(|_, _| false).unwrap();
        for (address, customer) in [("+33 6 12 34 56 78", "c-1"), ("Lea@A.fr", "c-2")] {
            links.insert(identity(address).hashed_as_spelled(), customer).unwrap();
        }
        let gone = identity("+33 6 99 99 99 99").hashed_as_spelled();
        let erased_at = samples::at(7).as_microsecond();
        writing.open_table(TOMBSTONES).unwrap().insert(gone, erased_at).unwrap();
    }
    writing.commit().unwrap();
}

#[tokio::test]
async fn links_and_erasures_of_older_versions_are_found_under_every_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (customer(), samples::customer_key("c-2"));
    {
        let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
        let first = record("c-1", &[("+33 6 12 34 56 78", 5), ("+33612345678 ", 6)]);
        store.put_customer(&one, first).await.unwrap();
        store.put_customer(&two, record("c-2", &[("Lea@A.fr", 1)])).await.unwrap();
    }
    age(folder.path());
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    for (spelling, owner) in [("+33612345678", &one), ("lea@a.FR", &two)] {
        let found = store.identified(&identity(spelling)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&owner.customer), "{spelling}");
    }
    let kept = store.customer(&one).await.unwrap().unwrap();
    let addresses: Vec<&str> = kept.identities.iter().map(|one| one.address.as_str()).collect();
    assert_eq!(addresses, ["+33612345678"], "two spellings of one address");
    let gone = store.address_erased_at(&identity("+33 6 99 99 99 99")).await.unwrap();
    assert_eq!(gone, Some(samples::at(7)));
    // The customers can still be changed.
    let stored = store.put_customer(&one, (*kept).clone()).await.unwrap();
    assert!(matches!(stored, CustomerOutcome::Stored(_)));
}

#[tokio::test]
#[ignore = "run by an_erasure_survives_a_kill_after_every_step in a process of its own"]
async fn child_erases_step_by_step() {
    #[expect(clippy::disallowed_methods, reason = "the variable marks the child of this test")]
    let folder = std::env::var(FOLDER_VARIABLE).unwrap();
    let store = EmbeddedStore::open(samples::options(Path::new(&folder))).unwrap();
    for step in STEPS {
        match step {
            "written" => {
                let mut stored = record("c-1", &[("+33612345678", 1)]);
                stored.profile.name = Some(WORD.to_owned());
                store.put_customer(&customer(), stored).await.unwrap();
                for name in ["t-1", "t-2", "t-3"] {
                    let turn = samples::turn(name, &format!("{WORD} {name}"));
                    let mut commit = samples::commit(name, None, Some(turn));
                    commit.conversation.dialogue = Some(format!("{{\"words\":[\"{WISH}\"]}}"));
                    commit.conversation.customer_id = Some(customer().customer);
                    commit.jobs.push(accepted(1));
                    store.commit(commit).await.unwrap();
                }
            }
            "queued" => store.enqueue(job_key("t-9"), accepted(5), 99).await.unwrap(),
            "thread-erased" => {
                store.delete(&samples::conversation_key("t-1"), samples::at(20)).await.unwrap();
            }
            "erased" => {
                store.erase_customer(&customer(), samples::at(30)).await.unwrap();
            }
            _ => store.rewrite().await.unwrap(),
        }
        writeln!(std::io::stdout().lock(), "step {step}").unwrap();
    }
    // Waits to be killed.
    std::future::pending::<()>().await;
}

/// Runs the child in a folder and kills it once it has printed this step.
fn kill_after(folder: &Path, step: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER_VARIABLE, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wanted = format!("step {step}");
    let reached = lines.map_while(Result::ok).any(|line| line.ends_with(&wanted));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(reached, "the child ended before {step}");
}

#[tokio::test]
async fn an_erasure_survives_a_kill_after_every_step() {
    for (at, step) in STEPS.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        kill_after(folder.path(), step);
        // A rewrite that a crash interrupted leaves its incomplete file.
        let leftover = folder.path().join("threads.redb.new-99999");
        fs::write(&leftover, WORD).unwrap();
        let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
        assert!(!leftover.exists(), "{step}: the leftover stays");
        if at < 3 {
            // The erasure never answered: the words are still there, and the next one erases them.
            assert!(holds(folder.path(), WORD), "{step}: nothing was written");
            assert!(holds(folder.path(), WISH), "{step}: no dialogue state was written");
            store.erase_customer(&customer(), samples::at(30)).await.unwrap().unwrap();
        }
        store.rewrite().await.unwrap();
        assert!(!holds(folder.path(), WORD), "{step}: the words are still there");
        assert!(!holds(folder.path(), WISH), "{step}: the wishes are still there");
        assert!(store.waiting(9).await.unwrap().is_empty(), "{step}");
        assert!(store.erase_customer(&customer(), samples::at(40)).await.unwrap().is_none());
        // The first one arrives late, the second one is new.
        for (second, refused) in [(40, true), (41, false)] {
            let mut turn = samples::turn("late", "back again");
            turn.received_at = samples::at(second);
            turn.sent_at = samples::at(second);
            let mut commit = samples::commit("t-9", None, Some(turn));
            commit.conversation.customer_id = Some(customer().customer);
            let outcome = store.commit(commit).await;
            let is_refused = matches!(outcome, Err(StoreError::Erased { .. }));
            assert_eq!(is_refused, refused, "{step}: {outcome:?}");
        }
    }
}
