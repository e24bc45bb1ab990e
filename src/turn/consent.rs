//! Consent and erasure: recognises STOP, changes the customer's ledger, deletes facts whose purpose
//! was withdrawn, and erases customers.
//!
//! Invariants
//! - A STOP is in the customer's ledger before the turn that confirms it is committed.
//! - An erasure is one transaction. What began before it is refused when it wants to write.

use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::action::ids;
use crate::turn::message::Customer;
use crate::turn::message::TurnRequest;
use crate::turn::short_answers;
use crate::turn::understand::Understood;
use jiff::Timestamp;
use std::sync::Arc;
use vitrine_base::channel::ChannelKind;
use vitrine_conversations::CommitOutcome;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::CustomerOutcome;
use vitrine_conversations::CustomerRecord;
use vitrine_conversations::Erasure;
use vitrine_conversations::Purpose;
use vitrine_conversations::StoreError;
use vitrine_conversations::TurnCommit;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::command::Said;

/// Most attempts at a change; an attempt is repeated when the customer or conversation changed.
const TRIES_MAX: u32 = 16;

/// Most conversations of one customer that are listed at once.
pub(crate) const CUSTOMER_CONVERSATIONS_MAX: usize = 1000;

/// Label of the opt-out intent.
const STOP_INTENT: &str = "stop_messages";

/// Confidence from which the classifier alone recognises an opt-out, where no word tells anything
/// else.
const STOP_CONFIDENCE_MIN: f32 = 0.8;

/// Whether a message opts out: by a STOP word, by the opt-out button, by a phrase that the
/// dialogue's reader knows, or, where no word tells anything else, by the classifier.
pub(crate) fn stops(
    understood: &Understood,
    record: &ConversationRecord,
    commands: &[Said],
) -> bool {
    if let Some(choice) = &understood.tap {
        return choice.key == ids::INTENT && choice.value == STOP_INTENT;
    }
    let says_so = commands.iter().any(|said| said.command == Command::Stop);
    let channel = record.channel_last.unwrap_or(ChannelKind::Webchat);
    let reading = &understood.reading;
    let sure = reading.label == STOP_INTENT
        && !reading.abstained
        && reading.confidence >= STOP_CONFIDENCE_MIN;
    let nothing_else = commands
        .iter()
        .all(|said| matches!(said.command, Command::Unclear | Command::OutOfScope | Command::Deny));
    says_so || short_answers::is_stop(&understood.text, channel) || (sure && nothing_else)
}

impl TurnPipeline {
    /// Completes the request from the stored profile. Values that the caller sent take precedence,
    /// except for consents, which come from the ledger.
    pub(super) async fn with_profile(
        &self,
        mut request: TurnRequest,
    ) -> Result<TurnRequest, StoreError> {
        let Some(customer) = &request.customer_id else { return Ok(request) };
        let key = CustomerKey { tenant: request.tenant.clone(), customer: customer.clone() };
        if let Some(known) = self.parts.customers.customer(&key).await? {
            let profile = known.profile.clone();
            request.customer.consents.clone_from(&known.consents);
            request.customer.stopped = Some(known.has_stopped());
            let Customer { name, tier, last_purchase, .. } = &mut request.customer;
            *name = name.take().or(profile.name);
            *tier = tier.take().or(profile.tier);
            *last_purchase = last_purchase.take().or(profile.last_purchase);
        }
        Ok(request)
    }

    /// Changes a customer's record, creating it if needed. Repeats the change until no concurrent
    /// write interferes.
    ///
    /// # Errors
    /// Store errors, or [`TurnError::Contended`].
    pub(crate) async fn change_customer(
        &self,
        key: &CustomerKey,
        change: impl Fn(&mut CustomerRecord) + Send,
    ) -> Result<Arc<CustomerRecord>, TurnError> {
        self.change_customer_since(key, self.parts.clock.now(), change).await
    }

    /// As [`TurnPipeline::change_customer`], for a change that began at `began`: if the customer
    /// was erased since, no new record is made.
    pub(super) async fn change_customer_since(
        &self,
        key: &CustomerKey,
        began: Timestamp,
        change: impl Fn(&mut CustomerRecord) + Send,
    ) -> Result<Arc<CustomerRecord>, TurnError> {
        for _ in 0..TRIES_MAX {
            let now = self.parts.clock.now();
            let stored = self.parts.customers.customer(key).await?;
            let fresh = || CustomerRecord::new(key.customer.clone(), began);
            let mut record = stored.map_or_else(fresh, |stored| (*stored).clone());
            record.updated_at = now;
            change(&mut record);
            match self.parts.customers.put_customer(key, record).await? {
                CustomerOutcome::Stored(record) => return Ok(record),
                CustomerOutcome::Stale(_) => {}
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }

    /// Records a STOP in the customer's ledger, and deletes the facts kept for outreach. Called
    /// before the turn that confirms the STOP is committed.
    pub(super) async fn stop_outreach(
        &self,
        key: &CustomerKey,
        request: &TurnRequest,
    ) -> Result<(), TurnError> {
        let now = self.parts.clock.now();
        let source = request.message_id.clone();
        let stop = |customer: &mut CustomerRecord| customer.stop_outreach(source.clone(), now);
        self.change_customer_since(key, request.began(now), stop).await?;
        self.forget_facts(key, Purpose::Outreach).await
    }

    /// Deletes the facts kept for a purpose that the customer has withdrawn.
    ///
    /// # Errors
    /// Store errors, or [`TurnError::Contended`].
    pub(crate) async fn forget_facts(
        &self,
        key: &CustomerKey,
        purpose: Purpose,
    ) -> Result<(), TurnError> {
        let mut last = None;
        loop {
            let page = CUSTOMER_CONVERSATIONS_MAX;
            let customers = &self.parts.customers;
            let found = customers.customer_conversations(key, last.as_ref(), page).await?;
            let Some(end) = found.last().cloned() else { return Ok(()) };
            for conversation in found {
                let conversation = ConversationKey { tenant: key.tenant.clone(), conversation };
                self.forget_conversation_facts(&conversation, purpose).await?;
            }
            last = Some(end);
        }
    }

    async fn forget_conversation_facts(
        &self,
        key: &ConversationKey,
        purpose: Purpose,
    ) -> Result<(), TurnError> {
        for _ in 0..TRIES_MAX {
            let Some(stored) = self.parts.store.load(key).await? else { return Ok(()) };
            let mut conversation = (*stored).clone();
            conversation.facts.retain(|_, fact| fact.purpose != purpose);
            if purpose == Purpose::Assistance {
                conversation.dialogue = None;
            }
            if conversation == *stored {
                return Ok(());
            }
            let commit =
                TurnCommit { key: key.clone(), conversation, turn: None, jobs: Vec::new() };
            match self.parts.store.commit(commit).await? {
                CommitOutcome::Recorded(_) => return Ok(()),
                CommitOutcome::Stale(_) | CommitOutcome::AlreadyRecorded(_) => {}
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }

    /// Erases a customer with their conversations and everything that waits for them. `None` if
    /// there was nothing to erase.
    ///
    /// # Errors
    /// Store errors; nothing is erased then.
    pub(crate) async fn erase_customer(
        &self,
        key: &CustomerKey,
    ) -> Result<Option<Erasure>, TurnError> {
        Ok(self.parts.customers.erase_customer(key, self.parts.clock.now()).await?)
    }
}
