//! Retention by tenant and purpose, of profiles, and of tombstones.

use crate::CommitOutcome;
use crate::ConsentChange;
use crate::ConversationKey;
use crate::ConversationStore;
use crate::CustomerKey;
use crate::CustomerRecord;
use crate::CustomerStore;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::HotOptions;
use crate::Identity;
use crate::IdentityKey;
use crate::IdentityProof;
use crate::KnownFact;
use crate::Purpose;
use crate::RetentionPeriods;
use crate::StoreError;
use crate::SweepCursor;
use crate::Swept;
use crate::TurnCommit;
use crate::UpkeepOptions;
use crate::samples;
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::TenantId;

fn kept(conversations: i64, personalisation: i64, outreach: i64) -> RetentionPeriods {
    RetentionPeriods {
        conversations: SignedDuration::from_secs(conversations),
        profiles: SignedDuration::from_secs(1000),
        personalisation: SignedDuration::from_secs(personalisation),
        outreach: SignedDuration::from_secs(outreach),
    }
}

fn options(kept: RetentionPeriods) -> UpkeepOptions {
    UpkeepOptions {
        messages_kept: SignedDuration::from_secs(1000),
        tombstones_kept: SignedDuration::from_secs(1000),
        kept,
        tenants_kept: BTreeMap::new(),
        step: Duration::from_secs(1),
        step_entries_max: 2,
        rewrite: Duration::from_secs(1),
    }
}

/// Sweeps the whole store once, at the given second.
async fn round(store: &EmbeddedStore, options: &UpkeepOptions, second: i64) -> Swept {
    let (sweep, mut cursor) = (options.sweep(samples::at(second)), SweepCursor::default());
    let mut steps = 0;
    while cursor.rounds == 0 {
        store.sweep(&sweep, &mut cursor).await.unwrap();
        steps += 1;
        assert!(steps < 100, "the sweep does not end");
    }
    cursor.swept
}

/// Stores a conversation last changed at second 50, with facts for every purpose, learnt at seconds
/// 10 and 30.
async fn put(store: &EmbeddedStore, key: &ConversationKey) {
    let mut conversation = samples::full_conversation("t");
    let goal = conversation.facts.remove("goal").unwrap();
    for purpose in Purpose::ALL {
        for learnt in [10, 30] {
            let fact = KnownFact { purpose, learnt_at: samples::at(learnt), ..goal.clone() };
            conversation.facts.insert(format!("{} {learnt}", purpose.name()), fact);
        }
    }
    conversation.updated_at = samples::at(50);
    let commit = TurnCommit { key: key.clone(), conversation, turn: None, jobs: Vec::new() };
    store.commit(commit).await.unwrap();
}

/// Keys of the remaining facts.
async fn facts(store: &EmbeddedStore, key: &ConversationKey) -> Vec<String> {
    let conversation = store.load(key).await.unwrap().unwrap();
    assert_eq!(conversation.updated_at, samples::at(50), "a sweep must not renew the conversation");
    conversation.facts.keys().cloned().collect()
}

#[tokio::test]
async fn each_tenant_has_its_own_retention_by_purpose() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let strict = TenantId::new("strict").unwrap();
    let (ours, theirs) = (samples::conversation_key("t"), samples::conversation_key("t"));
    let theirs = ConversationKey { tenant: strict.clone(), ..theirs };
    put(&store, &ours).await;
    put(&store, &theirs).await;
    let options = UpkeepOptions {
        tenants_kept: [(strict, kept(100, 60, 100))].into(),
        step_entries_max: 1,
        ..options(kept(100, 100, 80))
    };
    assert_eq!(round(&store, &options, 100).await.trimmed, 2);
    let assisting = ["assistance 10", "assistance 30"];
    let left = ["outreach 30", "personalisation 10", "personalisation 30"];
    assert_eq!(facts(&store, &ours).await, [&assisting[..], &left].concat());
    let left = ["outreach 10", "outreach 30"];
    assert_eq!(facts(&store, &theirs).await, [&assisting[..], &left].concat());
    let again = round(&store, &options, 100).await;
    assert_eq!(again, Swept::default(), "the remaining facts are not due");
    let last = round(&store, &options, 151).await;
    assert_eq!(last, Swept { conversations: 2, ..Swept::default() }, "assistance facts remain");
}

#[tokio::test]
async fn expired_records_are_deleted_and_the_rest_stays() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    for conversation in 0..30 {
        let mut turn = samples::turn(&format!("m-{conversation}"), "hello");
        turn.answered_at = samples::at(conversation * 10);
        let mut commit = samples::commit(&format!("t-{conversation}"), None, Some(turn));
        commit.conversation.updated_at = samples::at(conversation * 10);
        store.commit(commit).await.unwrap();
    }
    let options = UpkeepOptions {
        messages_kept: SignedDuration::from_secs(800),
        step_entries_max: 7,
        ..options(kept(900, 1000, 1000))
    };
    let swept = round(&store, &options, 1000).await;
    for conversation in 0..30 {
        let key = samples::conversation_key(&format!("t-{conversation}"));
        assert_eq!(
            store.load(&key).await.unwrap().is_some(),
            conversation >= 10,
            "t-{conversation}"
        );
        let message = store.replay(&samples::message_key(&format!("m-{conversation}"))).await;
        // A message of an erased conversation stays known as erased until it is forgotten as well.
        assert_eq!(
            matches!(message, Ok(Some(_))),
            conversation >= 20,
            "m-{conversation}: {message:?}"
        );
    }
    assert_eq!((swept.conversations, swept.messages), (10, 20));
}

/// A customer record with a name and an address.
fn customer(name: &str) -> CustomerRecord {
    let mut record = CustomerRecord::new(CustomerId::new(name).unwrap(), samples::at(0));
    record.profile.name = Some("Philippine".to_owned());
    record.identities.push(Identity {
        channel: ChannelKind::Whatsapp,
        address: format!("+33-{name}"),
        proof: IdentityProof::VerifiedCustomer,
        linked_at: samples::at(0),
    });
    record
}

fn customer_key(name: &str) -> CustomerKey {
    CustomerKey { tenant: samples::tenant(), customer: CustomerId::new(name).unwrap() }
}

fn address(name: &str) -> IdentityKey {
    let (tenant, channel) = (samples::tenant(), ChannelKind::Whatsapp);
    IdentityKey { tenant, channel, address: format!("+33-{name}") }
}

/// A message of a customer in a conversation, sent at the given second.
fn message_commit(customer: &str, conversation: &str, message: &str, second: i64) -> TurnCommit {
    let mut turn = samples::turn(message, "hello");
    turn.sent_at = samples::at(second);
    turn.received_at = samples::at(second);
    let mut commit = samples::commit(conversation, None, Some(turn));
    commit.conversation.customer_id = CustomerId::new(customer).ok();
    commit.conversation.updated_at = samples::at(second);
    commit
}

#[tokio::test]
async fn a_profile_expires_without_a_conversation_and_a_live_consent() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(samples::options(folder.path())).unwrap();
    let consent = |purpose| ConsentChange {
        purpose,
        channel: None,
        wording_version: "1".to_owned(),
        source_message: None,
    };
    let mut agreed = customer("agreed");
    agreed.grant(consent(Purpose::Outreach), samples::at(0));
    let mut withdrew = customer("withdrew");
    withdrew.grant(consent(Purpose::Outreach), samples::at(0));
    withdrew.stop_outreach(None, samples::at(1));
    let mut lately = customer("lately");
    lately.updated_at = samples::at(60);
    let all = [customer("talks"), agreed, withdrew, lately, customer("alone")];
    for record in all {
        let key = customer_key(record.customer_id.as_str());
        store.put_customer(&key, record).await.unwrap();
    }
    store.commit(message_commit("talks", "t", "m", 90)).await.unwrap();

    let kept =
        RetentionPeriods { profiles: SignedDuration::from_secs(50), ..kept(1000, 1000, 1000) };
    let swept = round(&store, &options(kept), 100).await;
    assert_eq!(swept, Swept { profiles: 2, ..Swept::default() });
    for (name, stays) in
        [("talks", true), ("agreed", true), ("lately", true), ("withdrew", false), ("alone", false)]
    {
        let found = store.customer(&customer_key(name)).await.unwrap();
        assert_eq!(found.is_some(), stays, "{name}");
        let identified = store.identified(&address(name)).await.unwrap();
        assert_eq!(identified.is_some(), stays, "the address of {name}");
    }
    store.rewrite().await.unwrap();
    let bytes = std::fs::read(folder.path().join("threads.redb")).unwrap();
    assert!(!bytes.windows(9).any(|window| window == b"+33-alone"), "bytes of it are left");
    // The profile left no tombstone: even a delayed message is accepted.
    assert!(store.commit(message_commit("alone", "t-2", "m-2", 10)).await.is_ok());
}

#[tokio::test]
async fn a_profile_expires_once_its_conversation_belongs_to_another_customer() {
    let kept =
        RetentionPeriods { profiles: SignedDuration::from_secs(50), ..kept(1000, 1000, 1000) };
    // With the conversation cached, and without: the writer then reads the stored record.
    for conversations_max in [64, 0] {
        let hot = HotOptions { conversations_max, bytes_max: 1 << 20 };
        let options_of_store = EmbeddedOptions { hot, ..samples::options("".as_ref()) };
        let store = EmbeddedStore::in_memory(options_of_store).unwrap();
        for name in ["first", "second"] {
            store.put_customer(&customer_key(name), customer(name)).await.unwrap();
        }
        store.commit(message_commit("first", "t", "m-1", 80)).await.unwrap();
        let key = samples::conversation_key("t");
        let conversations = async |name: &str| {
            store.customer_conversations(&customer_key(name), None, 9).await.unwrap().len()
        };
        assert_eq!((conversations("first").await, conversations("second").await), (1, 0));

        let change_customer = async |customer: Option<&str>| {
            let current = store.load(&key).await.unwrap();
            let mut change = samples::commit("t", current.as_deref(), None);
            change.conversation.customer_id =
                customer.map(|customer| CustomerId::new(customer).unwrap());
            let outcome = store.commit(change).await.unwrap();
            assert!(matches!(outcome, CommitOutcome::Recorded(_)), "{outcome:?}");
        };
        change_customer(Some("second")).await;
        assert_eq!((conversations("first").await, conversations("second").await), (0, 1));
        let swept = round(&store, &options(kept), 100).await;
        assert_eq!(swept, Swept { profiles: 1, ..Swept::default() });
        assert!(store.customer(&customer_key("first")).await.unwrap().is_none());
        assert!(store.customer(&customer_key("second")).await.unwrap().is_some());

        change_customer(None).await;
        assert_eq!(conversations("second").await, 0);
        assert_eq!(round(&store, &options(kept), 100).await.profiles, 1);
    }
}

#[tokio::test]
async fn an_erasure_refuses_late_messages_until_it_expires() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let options = UpkeepOptions {
        messages_kept: SignedDuration::from_secs(8),
        tombstones_kept: SignedDuration::from_secs(30),
        ..options(kept(1000, 1000, 1000))
    };
    let key = customer_key("gone");
    store.put_customer(&key, customer("gone")).await.unwrap();
    store.commit(message_commit("gone", "t", "m", 0)).await.unwrap();
    store.erase_customer(&key, samples::at(10)).await.unwrap();

    for second in [11, 19, 40] {
        round(&store, &options, second).await;
        // The same conversation, and another one under the same customer id.
        for late in
            [message_commit("gone", "t", "m-9", 10), message_commit("gone", "t-9", "m-9", 10)]
        {
            let refused = store.commit(late).await;
            assert!(matches!(refused, Err(StoreError::Erased { .. })), "{second}: {refused:?}");
        }
        let known = store.address_erased_at(&address("gone")).await.unwrap();
        assert_eq!(known, Some(samples::at(10)), "{second}");
    }
    assert_eq!(store.statistics().await.unwrap().tombstones, 3);
    let swept = round(&store, &options, 41).await;
    assert_eq!(swept, Swept { tombstones: 3, ..Swept::default() });
    assert_eq!(store.statistics().await.unwrap().tombstones, 0);
    assert_eq!(store.customer_erased_at(&key).await.unwrap(), None);
}

#[tokio::test]
async fn an_erasure_renewed_while_the_sweep_looks_stays() {
    let store = EmbeddedStore::in_memory(samples::options("".as_ref())).unwrap();
    let key = customer_key("gone");
    store.erase_customer(&key, samples::at(10)).await.unwrap();
    store.erase_customer(&key, samples::at(50)).await.unwrap();
    let hashed = key.hashed();
    let before = samples::at(40).as_microsecond();
    let forgotten =
        store.table_write(move |tables| tables.forget(&[hashed], before)).await.unwrap();
    assert_eq!(forgotten, 0);
    assert_eq!(store.customer_erased_at(&key).await.unwrap(), Some(samples::at(50)));
}
