//! Sample conversations, turns and commits for the tests of this folder.

use crate::base::channel::ChannelKind;
use crate::base::ids::CustomerId;
use crate::base::ids::MessageId;
use crate::base::ids::Sku;
use crate::base::ids::TenantId;
use crate::base::ids::ThreadId;
use crate::base::ids::TurnId;
use crate::base::language::Language;
use crate::threads::BodyHash;
use crate::threads::CartLine;
use crate::threads::DeclinedOffer;
use crate::threads::EmbeddedOptions;
use crate::threads::FactKind;
use crate::threads::HotOptions;
use crate::threads::KnownFact;
use crate::threads::MessageKey;
use crate::threads::OfferedOption;
use crate::threads::OpenCheck;
use crate::threads::PendingQuestion;
use crate::threads::Purpose;
use crate::threads::Recovery;
use crate::threads::SeenIntent;
use crate::threads::ThreadKey;
use crate::threads::ThreadRecord;
use crate::threads::TurnCommit;
use crate::threads::TurnKind;
use crate::threads::TurnRecord;
use crate::threads::Unanswered;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("shop").unwrap()
}

pub(crate) fn thread_key(thread: &str) -> ThreadKey {
    ThreadKey { tenant: tenant(), thread: ThreadId::new(thread).unwrap() }
}

pub(crate) fn message_key(message: &str) -> MessageKey {
    MessageKey { tenant: tenant(), message: MessageId::new(message).unwrap() }
}

pub(crate) fn options(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        path: folder.join("threads.redb"),
        cache_bytes: 8 << 20,
        queue_writes_max: 1024,
        group_writes_max: 256,
        thread_bytes_max: 64 << 10,
        turn_bytes_max: 256 << 10,
        hot: HotOptions { threads_max: 64, bytes_max: 1 << 20 },
        open_check: OpenCheck::AfterCrash,
        recovery: Recovery::Quick,
    }
}

pub(crate) fn thread(name: &str) -> ThreadRecord {
    ThreadRecord::open(ThreadId::new(name).unwrap(), Language::Fr, at(0))
}

pub(crate) fn full_thread(name: &str) -> ThreadRecord {
    let mut thread = thread(name);
    let message = MessageId::new("wamid.A1").unwrap();
    let sku = Sku::new("SOCK-01").unwrap();
    thread.customer_id = Some(CustomerId::new("c-42").unwrap());
    thread.channels = vec![ChannelKind::Whatsapp, ChannelKind::Webchat];
    let fact = KnownFact {
        value: "marathon".to_owned(),
        kind: FactKind::Stated,
        source: Some(message),
        verbatim: Some("pour un marathon".to_owned()),
        purpose: Purpose::Assistance,
        confidence: 1.0,
        learnt_at: at(1),
    };
    thread.facts.insert("goal".to_owned(), fact);
    thread.pending = Some(PendingQuestion {
        facet: "feel".to_owned(),
        options: vec![OfferedOption {
            id: "feel=comfort".to_owned(),
            title: "Confort 👟".to_owned(),
        }],
        product: Some(sku.clone()),
        size_candidates: vec!["42".to_owned(), "43".to_owned()],
        asked_at: at(2),
    });
    thread.product_in_focus = Some(sku.clone());
    thread.cart = vec![CartLine { sku: sku.clone(), quantity: 2 }];
    thread.intents =
        vec![SeenIntent { label: "product_search".to_owned(), confidence: 0.94, seen_at: at(1) }];
    thread.declined_offers = vec![DeclinedOffer { sku, declined_at: at(3) }];
    thread.unanswered = vec![Unanswered {
        turn_id: TurnId::new("turn-0").unwrap(),
        text: "et des chaussettes".to_owned(),
        sent_at: at(4),
    }];
    thread.counters.low_confidence_in_a_row = 1;
    thread.last_customer_message_at = Some(at(1));
    thread.disclosed_at = Some(at(1));
    thread
}

pub(crate) fn turn(message: &str, text: &str) -> TurnRecord {
    TurnRecord {
        turn_id: TurnId::new(format!("turn-{message}")).unwrap(),
        kind: TurnKind::Customer,
        message_id: Some(MessageId::new(message).unwrap()),
        body_hash: BodyHash::of(text.as_bytes()),
        channel: ChannelKind::Whatsapp,
        user_text: text.to_owned(),
        option_id: None,
        reply_text: "Bien sûr".to_owned(),
        action: "ask".to_owned(),
        sent_at: at(10),
        received_at: at(11),
        answered_at: at(12),
        sequence: 0,
        answer: answer(message, text),
    }
}

/// Answer bytes of [`turn`].
pub(crate) fn answer(message: &str, text: &str) -> Arc<[u8]> {
    Arc::from(format!("{{\"turn_id\":\"turn-{message}\",\"text\":{text:?}}}").into_bytes())
}

/// A commit on top of `current`, or of a new conversation if it is `None`.
pub(crate) fn commit(
    name: &str,
    current: Option<&ThreadRecord>,
    turn: Option<TurnRecord>,
) -> TurnCommit {
    let thread = current.cloned().unwrap_or_else(|| thread(name));
    TurnCommit { key: thread_key(name), thread, turn, jobs: Vec::new() }
}
