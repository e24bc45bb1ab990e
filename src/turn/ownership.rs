//! Ownership: a human is requested, takes a conversation, writes in it, and releases it; each
//! change is one commit.
//!
//! Invariants
//! - Each change is computed from the latest record; a change that lost a race is computed again.
//! - Once a human's message is acknowledged, no turn that started before it sends a reply.

use crate::turn::EncodedAnswer;
use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::message::SentAt;
use crate::turn::record;
use crate::turn::replayed;
use crate::turn::seal::new_turn_id;
use jiff::Timestamp;
use std::sync::Arc;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TurnId;
use vitrine_conversations::BodyHash;
use vitrine_conversations::CommitOutcome;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::MessageKey;
use vitrine_conversations::OwnerEvent;
use vitrine_conversations::OwnerState;
use vitrine_conversations::RequestHash;
use vitrine_conversations::TurnCommit;
use vitrine_conversations::TurnKind;
use vitrine_conversations::TurnRecord;

/// Most attempts at a change; an attempt is repeated when the conversation changed under it. Only
/// its one running turn and other humans can interfere.
const TRIES_MAX: u32 = 16;

/// A change of owner, requested by a human or by the shop's system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnerChange {
    /// A human is requested; the bot continues until one takes over.
    Offer,
    /// A human takes the conversation over, without a message yet.
    Take,
    /// The human returns it; the bot waits for the customer's next message.
    Release(Resolution),
}

/// Whether a release closes the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// The conversation continues where it was.
    Open,
    /// The matter is closed: the next message starts from an empty state.
    Resolved,
}

/// A human's message to the customer. The caller delivers it; this module only records it.
#[derive(Debug, Clone)]
pub(crate) struct HumanMessage {
    pub(crate) key: ConversationKey,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) hash: RequestHash,
    pub(crate) text: String,
    pub(crate) sent_at: Option<SentAt>,
}

/// Encodes a human's recorded turn as a response body. If it fails, the message is not recorded.
pub(crate) type HumanEncoder = fn(&TurnId, &ConversationRecord) -> serde_json::Result<Vec<u8>>;

impl TurnPipeline {
    /// Changes the owner of a conversation. If `epoch` is given, the conversation must be at it.
    ///
    /// # Errors
    /// [`TurnError::NoConversation`], [`TurnError::EpochChanged`], [`TurnError::Contended`], or
    /// store errors.
    pub(crate) async fn change_owner(
        &self,
        key: &ConversationKey,
        change: OwnerChange,
        epoch: Option<u64>,
    ) -> Result<Arc<ConversationRecord>, TurnError> {
        for _ in 0..TRIES_MAX {
            let stored = self.parts.store.load(key).await?.ok_or(TurnError::NoConversation)?;
            let found = stored.ownership.epoch;
            if let Some(expected) = epoch.filter(|expected| *expected != found) {
                return Err(TurnError::EpochChanged { found, expected });
            }
            let Some(commit) = self.owner_commit(key, &stored, change) else { return Ok(stored) };
            match self.parts.store.commit(commit).await? {
                CommitOutcome::Recorded(record) => {
                    if record.ownership.state == OwnerState::Human {
                        self.parts.gate.interrupt(key).await;
                    }
                    return Ok(record);
                }
                CommitOutcome::Stale(_) | CommitOutcome::AlreadyRecorded(_) => {}
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }

    /// The change as a commit; `None` if nothing would change.
    fn owner_commit(
        &self,
        key: &ConversationKey,
        stored: &ConversationRecord,
        change: OwnerChange,
    ) -> Option<TurnCommit> {
        let now = self.parts.clock.now();
        let event = match change {
            OwnerChange::Offer => OwnerEvent::HandoffOffered,
            OwnerChange::Take => OwnerEvent::HumanSpoke,
            OwnerChange::Release(_) => OwnerEvent::Released,
        };
        let ownership = stored.ownership.after(event, now);
        let resolved = change == OwnerChange::Release(Resolution::Resolved);
        if ownership == stored.ownership && !resolved {
            return None;
        }
        let mut conversation = stored.clone();
        conversation.ownership = ownership;
        conversation.updated_at = now;
        let turn = resolved.then(|| {
            record::restart(&mut conversation);
            marker(stored, TurnKind::Resolved, now)
        });
        Some(TurnCommit { key: key.clone(), conversation, turn, jobs: Vec::new() })
    }

    /// Records a human's message. The human owns the conversation from then on.
    ///
    /// # Errors
    /// [`TurnError::NoConversation`], [`TurnError::EmptyText`], [`TurnError::TextTooLong`],
    /// [`TurnError::Contended`], [`TurnError::Encode`], a message id used for another body, or
    /// store errors.
    pub(crate) async fn human_message(
        &self,
        message: &HumanMessage,
        encode: HumanEncoder,
    ) -> Result<EncodedAnswer, TurnError> {
        self.check_text(&message.text)?;
        if let Some(id) = &message.message_id {
            let key = MessageKey { tenant: message.key.tenant.clone(), message: id.clone() };
            if let Some(stored) = self.parts.store.replay(&key).await? {
                return Ok(replayed(&stored.for_request(message.hash)?));
            }
        }
        for _ in 0..TRIES_MAX {
            let stored =
                self.parts.store.load(&message.key).await?.ok_or(TurnError::NoConversation)?;
            let now = self.parts.clock.now();
            let mut conversation = (*stored).clone();
            conversation.ownership = conversation.ownership.after(OwnerEvent::HumanSpoke, now);
            conversation.updated_at = now;
            // A human who writes has read the unanswered messages.
            conversation.unanswered.clear();
            let mut turn = marker(&stored, TurnKind::Human, now);
            turn.message_id.clone_from(&message.message_id);
            turn.body_hash = message.hash.meaning;
            turn.reply_text.clone_from(&message.text);
            let sent_at = message.sent_at.and_then(|sent_at| sent_at.bounded(now));
            turn.sent_at = sent_at.map_or(now, |sent_at| sent_at.at);
            let body: Arc<[u8]> = encode(&turn.turn_id, &conversation)?.into();
            turn.answer = Arc::clone(&body);
            let commit = TurnCommit {
                key: message.key.clone(),
                conversation,
                turn: Some(turn),
                jobs: Vec::new(),
            };
            match self.parts.store.commit(commit).await? {
                CommitOutcome::Recorded(_) => {
                    self.parts.gate.interrupt(&message.key).await;
                    return Ok(EncodedAnswer { body, replayed: false });
                }
                CommitOutcome::AlreadyRecorded(stored) => return Ok(replayed(&stored)),
                CommitOutcome::Stale(_) => {}
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }
}

/// A turn that no customer message started, on the conversation's last channel.
fn marker(conversation: &ConversationRecord, kind: TurnKind, now: Timestamp) -> TurnRecord {
    TurnRecord {
        turn_id: new_turn_id(now),
        kind,
        message_id: None,
        body_hash: BodyHash::of(&[]),
        channel: conversation.channel(),
        user_text: String::new(),
        option_id: None,
        reply_text: String::new(),
        action: String::new(),
        attachments: Vec::new(),
        sent_at: now,
        sent_on: None,
        received_at: now,
        answered_at: now,
        sequence: 0,
        answer: Arc::from(&[][..]),
    }
}
