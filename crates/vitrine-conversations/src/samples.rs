//! Sample conversations, turns and commits for the tests of this crate and of its users.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "constants of tests")]

use crate::body_hash::BodyHash;
use crate::commit::TurnCommit;
use crate::customer::Purpose;
use crate::hot::HotOptions;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::MessageKey;
use crate::open::EmbeddedOptions;
use crate::open::OpenCheck;
use crate::open::Recovery;
use crate::record::CartLine;
use crate::record::ConversationRecord;
use crate::record::DeclinedOffer;
use crate::record::FactKind;
use crate::record::KnownFact;
use crate::record::OfferedOption;
use crate::record::PendingQuestion;
use crate::record::SeenIntent;
use crate::record::TurnKind;
use crate::record::TurnRecord;
use crate::record::UnansweredMessage;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::TurnId;
use vitrine_base::language::Language;

/// A time, `second` seconds after a fixed start.
#[must_use]
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// The tenant of every sample.
#[must_use]
pub fn tenant() -> TenantId {
    TenantId::new("shop").unwrap()
}

/// The key of the tenant's conversation with this id.
#[must_use]
pub fn conversation_key(conversation: &str) -> ConversationKey {
    ConversationKey { tenant: tenant(), conversation: ConversationId::new(conversation).unwrap() }
}

/// The key of the tenant's message with this id.
#[must_use]
pub fn message_key(message: &str) -> MessageKey {
    MessageKey { tenant: tenant(), message: MessageId::new(message).unwrap() }
}

/// The key of the tenant's customer with this id.
#[must_use]
pub fn customer_key(customer: &str) -> CustomerKey {
    CustomerKey { tenant: tenant(), customer: CustomerId::new(customer).unwrap() }
}

/// Options of a small store whose file lies in `folder`.
#[must_use]
pub fn options(folder: &Path) -> EmbeddedOptions {
    EmbeddedOptions {
        path: folder.join("threads.redb"),
        cache_bytes: 8 << 20,
        queue_writes_max: 1024,
        group_writes_max: 256,
        conversation_bytes_max: 64 << 10,
        turn_bytes_max: 256 << 10,
        hot: HotOptions { conversations_max: 64, bytes_max: 1 << 20 },
        open_check: OpenCheck::AfterCrash,
        recovery: Recovery::Quick,
    }
}

/// A new, empty conversation.
#[must_use]
pub fn conversation(name: &str) -> ConversationRecord {
    ConversationRecord::open(ConversationId::new(name).unwrap(), Language::FR, at(0))
}

/// A dialogue state; the store keeps any text.
const DIALOGUE: &str = r#"{"version":1,"need":{"category":"running_shoes","words":["léger"]}}"#;

/// A conversation in which every field holds something.
#[must_use]
pub fn full_conversation(name: &str) -> ConversationRecord {
    let mut conversation = conversation(name);
    let message = MessageId::new("wamid.A1").unwrap();
    let sku = Sku::new("SOCK-01").unwrap();
    conversation.customer_id = Some(CustomerId::new("c-42").unwrap());
    conversation.channels = vec![ChannelKind::Whatsapp, ChannelKind::Webchat];
    let fact = KnownFact {
        value: "marathon".to_owned(),
        kind: FactKind::Stated,
        source: Some(message),
        verbatim: Some("pour un marathon".to_owned()),
        purpose: Purpose::Assistance,
        confidence: 1.0,
        learnt_at: at(1),
    };
    conversation.facts.insert("goal".to_owned(), fact);
    conversation.pending = Some(PendingQuestion {
        facet: "feel".to_owned(),
        options: vec![OfferedOption {
            id: "feel=comfort".to_owned(),
            title: "Confort 👟".to_owned(),
        }],
        product: Some(sku.clone()),
        size_candidates: vec!["42".to_owned(), "43".to_owned()],
        asked_at: at(2),
    });
    conversation.product_in_focus = Some(sku.clone());
    conversation.cart = vec![CartLine { sku: sku.clone(), quantity: 2 }];
    conversation.intents =
        vec![SeenIntent { label: "product_search".to_owned(), confidence: 0.94, seen_at: at(1) }];
    conversation.declined_offers = vec![DeclinedOffer { sku, declined_at: at(3) }];
    conversation.unanswered = vec![UnansweredMessage {
        turn_id: TurnId::new("turn-0").unwrap(),
        text: "et des chaussettes".to_owned(),
        sent_at: at(4),
    }];
    conversation.counters.low_confidence_in_a_row = 1;
    conversation.last_customer_message_at = Some(at(1));
    conversation.disclosed_at = Some(at(1));
    conversation.dialogue = Some(DIALOGUE.to_owned());
    conversation
}

/// A customer's turn that answers `message`.
#[must_use]
pub fn turn(message: &str, text: &str) -> TurnRecord {
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
        attachments: Vec::new(),
        sent_at: at(10),
        sent_on: None,
        received_at: at(11),
        answered_at: at(12),
        sequence: 0,
        answer: answer(message, text),
    }
}

/// The answer bytes of [`turn`].
#[must_use]
pub fn answer(message: &str, text: &str) -> Arc<[u8]> {
    Arc::from(format!("{{\"turn_id\":\"turn-{message}\",\"text\":{text:?}}}").into_bytes())
}

/// A commit of the conversation `name`, made from `current`, or from a new one.
#[must_use]
pub fn commit(
    name: &str,
    current: Option<&ConversationRecord>,
    turn: Option<TurnRecord>,
) -> TurnCommit {
    let conversation = current.cloned().unwrap_or_else(|| conversation(name));
    TurnCommit { key: conversation_key(name), conversation, turn, jobs: Vec::new() }
}
