//! Customers and jobs in the store: concurrent changes conflict, an address has one owner, and
//! erasure leaves no byte behind.

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
use crate::PendingLink;
use crate::StoreError;
use crate::StoredJob;
use crate::samples;
use std::fs;
use std::path::Path;
use uuid::Uuid;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;

fn customer_key(name: &str) -> CustomerKey {
    CustomerKey { tenant: samples::tenant(), customer: CustomerId::new(name).unwrap() }
}

fn customer(name: &str, address: &str) -> CustomerRecord {
    let mut record = CustomerRecord::new(CustomerId::new(name).unwrap(), samples::at(0));
    record.profile.name = Some("Philippine".to_owned());
    record.identities.push(Identity {
        channel: ChannelKind::Whatsapp,
        address: address.to_owned(),
        proof: IdentityProof::VerifiedCustomer,
        linked_at: samples::at(0),
    });
    record
}

fn identity(address: &str) -> IdentityKey {
    IdentityKey {
        tenant: samples::tenant(),
        channel: ChannelKind::Whatsapp,
        address: address.to_owned(),
    }
}

/// Adds a turn and a job to a conversation of a customer.
async fn add_turn(
    store: &EmbeddedStore,
    customer: &str,
    conversation: &str,
    message: &str,
    text: &str,
) {
    let current = store.load(&samples::conversation_key(conversation)).await.unwrap();
    let turn = samples::turn(message, text);
    let mut commit = samples::commit(conversation, current.as_deref(), Some(turn));
    commit.conversation.customer_id = CustomerId::new(customer).ok();
    commit.jobs.push(StoredJob::new(
        JobKind::Handoff,
        format!("{{\"text\":\"{text}\"}}"),
        samples::at(0),
    ));
    let outcome = store.commit(commit).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Recorded(_)));
}

fn bytes_hold(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn a_change_made_from_an_old_customer_is_refused() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let key = customer_key("c-1");
    let record = customer("c-1", "+33600000001");
    let stored = store.put_customer(&key, record.clone()).await.unwrap();
    let CustomerOutcome::Stored(first) = stored else { unreachable!("{stored:?}") };
    assert_eq!(first.version, 1);
    let stale = store.put_customer(&key, record).await.unwrap();
    assert_eq!(stale, CustomerOutcome::Stale(Some(first.clone())));
    let again = store.put_customer(&key, (*first).clone()).await.unwrap();
    assert!(matches!(again, CustomerOutcome::Stored(second) if second.version == 2));
}

#[tokio::test]
async fn an_address_is_one_customers_until_it_is_unlinked() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let (one, two) = (customer_key("c-1"), customer_key("c-2"));
    store.put_customer(&one, customer("c-1", "+33600000001")).await.unwrap();
    let taken = store.put_customer(&two, customer("c-2", "+33600000001")).await;
    assert!(matches!(taken, Err(StoreError::IdentityTaken)));
    let whose = store.identified(&identity("+33600000001")).await.unwrap();
    assert_eq!(whose, Some(one.customer.clone()));
    let mut unlinked = (*store.customer(&one).await.unwrap().unwrap()).clone();
    unlinked.identities.clear();
    store.put_customer(&one, unlinked).await.unwrap();
    assert_eq!(store.identified(&identity("+33600000001")).await.unwrap(), None);
    store.put_customer(&two, customer("c-2", "+33600000001")).await.unwrap();
}

#[tokio::test]
async fn a_link_token_is_good_once_on_its_channel_and_in_its_time() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let (channel, expires_at) = (ChannelKind::Sms, samples::at(100));
    let link = PendingLink { customer: customer_key("c-1"), channel, expires_at };
    store.offer_link([7; 32], link.clone()).await.unwrap();
    let take = |channel, at| store.take_link([7; 32], channel, samples::at(at));
    assert_eq!(take(ChannelKind::Rcs, 1).await.unwrap(), None);
    assert_eq!(take(channel, 100).await.unwrap(), None);
    assert_eq!(take(channel, 99).await.unwrap(), Some(link));
    assert_eq!(take(channel, 99).await.unwrap(), None);
}

#[tokio::test]
async fn after_an_erasure_no_byte_of_the_customer_is_left_and_late_messages_stay_away() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    let key = customer_key("c-42");
    store.put_customer(&key, customer("c-42", "+33612345678")).await.unwrap();
    store.put_customer(&customer_key("c-43"), customer("c-43", "+33698765432")).await.unwrap();
    for round in 0..5 {
        for conversation in ["t-1", "t-2"] {
            let message = format!("{conversation}-{round}");
            add_turn(&store, "c-42", conversation, &message, "mes genoux me font souffrir").await;
        }
        add_turn(&store, "c-43", "t-3", &format!("t-3-{round}"), "il me faut un sac").await;
    }
    assert_eq!(store.customer_conversations(&key, None, 9).await.unwrap().len(), 2);
    let secrets = ["mes genoux me font", "+33612345678", "c-42"];
    for secret in &secrets[..2] {
        assert!(bytes_hold(folder.path(), secret), "{secret} was never written");
    }

    let erased_at = samples::at(1000);
    let erased = store.erase_customer(&key, erased_at).await.unwrap().unwrap();
    assert_eq!((erased.conversations, erased.turns), (2, 10));
    assert!(store.customer_conversations(&key, None, 9).await.unwrap().is_empty());
    assert!(
        store.waiting(99).await.unwrap().iter().all(|(key, _)| key
            .conversation
            .conversation
            .as_str()
            == "t-3")
    );
    store.rewrite().await.unwrap();
    for secret in secrets {
        assert!(!bytes_hold(folder.path(), secret), "{secret} is still in the folder");
    }
    assert!(bytes_hold(folder.path(), "il me faut un sac"), "erased another customer's messages");

    // Delayed messages, in a new conversation under the erased customer's id.
    let mut late = samples::commit("t-9", None, Some(samples::turn("late", "encore moi")));
    late.conversation.customer_id = Some(key.customer.clone());
    assert!(matches!(store.commit(late.clone()).await, Err(StoreError::Erased { .. })));
    drop(store);
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    assert!(matches!(store.commit(late.clone()).await, Err(StoreError::Erased { .. })));
    assert_eq!(store.customer_erased_at(&key).await.unwrap(), Some(erased_at));
    late.turn.as_mut().unwrap().sent_at = samples::at(1001);
    // An accepted turn that was sent later by its own clock, and arrived before the erasure.
    assert!(matches!(store.commit(late.clone()).await, Err(StoreError::Erased { .. })));
    late.turn.as_mut().unwrap().received_at = samples::at(1001);
    assert!(matches!(store.commit(late).await, Ok(CommitOutcome::Recorded(_))));
    assert_eq!(store.turns(&samples::conversation_key("t-3"), 99).await.unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewrite_under_load_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(EmbeddedStore::open(samples::options(folder.path())).unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for conversation in 0..8 {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            for turn in 0..30 {
                let (name, message) =
                    (format!("t-{conversation}"), format!("m-{conversation}-{turn}"));
                add_turn(&store, "c-1", &name, &message, "words").await;
            }
        });
    }
    for round in 0..5 {
        let name = format!("gone-{round}");
        add_turn(&store, "c-2", &name, &name, "words").await;
        store.delete(&samples::conversation_key(&name), samples::at(99)).await.unwrap();
        store.rewrite().await.unwrap();
    }
    tasks.join_all().await;
    drop(store);
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    for conversation in 0..8 {
        let key = samples::conversation_key(&format!("t-{conversation}"));
        assert_eq!(store.turns(&key, 99).await.unwrap().len(), 30);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "a rewrite leaves more than one file");
}

#[tokio::test]
async fn jobs_wait_are_tried_again_and_are_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    let key = |conversation: &str, id: u128| JobKey {
        conversation: samples::conversation_key(conversation),
        id: Uuid::from_u128(id),
    };
    let job = |due: i64| StoredJob {
        due_at: samples::at(due),
        ..StoredJob::new(JobKind::Turn, "{}".to_owned(), samples::at(0))
    };
    for (conversation, id, due) in [("b", 1, 30), ("a", 2, 20), ("a", 3, 10)] {
        store.enqueue(key(conversation, id), job(due), 3).await.unwrap();
        store.enqueue(key(conversation, id), job(99), 3).await.unwrap();
    }
    let full = store.enqueue(key("c", 4), job(1), 3).await;
    assert!(matches!(full, Err(StoreError::JobsFull { waiting_max: 3 })));
    drop(store);
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    let ids = |jobs: Vec<(JobKey, StoredJob)>| -> Vec<u128> {
        jobs.iter().map(|(key, _)| key.id.as_u128()).collect()
    };
    assert_eq!(ids(store.waiting(9).await.unwrap()), [3, 2, 1]);
    store.settle(key("a", 3), JobOutcome::Done).await.unwrap();
    store.settle(key("a", 2), JobOutcome::Again(job(40))).await.unwrap();
    assert_eq!(ids(store.waiting(9).await.unwrap()), [1, 2]);
    store.settle(key("a", 2), JobOutcome::Dead(job(40))).await.unwrap();
    assert_eq!(ids(store.dead(&samples::tenant(), 9).await.unwrap()), [2]);
    let other = vitrine_base::ids::TenantId::new("shopkeeper").unwrap();
    assert!(store.dead(&other, 9).await.unwrap().is_empty());
    store.delete(&samples::conversation_key("a"), samples::at(99)).await.unwrap();
    assert!(store.dead(&samples::tenant(), 9).await.unwrap().is_empty());
    store.settle(key("a", 2), JobOutcome::Again(job(1))).await.unwrap();
    assert_eq!(ids(store.waiting(9).await.unwrap()), [1], "an erased job came back");
}
