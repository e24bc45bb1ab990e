//! The life of one turn in its conversation. Acquires the conversation, debounces, answers and
//! commits; yields to newer messages and restarts after a human message.
//!
//! Invariants
//! - Only one turn of a conversation holds its permit. All deliveries of the message get the answer
//!   before the permit is released.
//! - A draft may be dropped at any time; a commit that has started always completes.

use crate::turn::EncodedAnswer;
use crate::turn::ProgressSender;
use crate::turn::Recorded;
use crate::turn::RunningTurn;
use crate::turn::TRIES_MAX;
use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::answer::TurnTimings;
use crate::turn::burst;
use crate::turn::message::DebounceMode;
use crate::turn::message::TurnRequest;
use crate::turn::new_conversation_id;
use crate::turn::record;
use crate::turn::seal;
use std::time::Instant;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::Flight;
use vitrine_conversations::Interruption;
use vitrine_conversations::TurnInput;
use vitrine_conversations::TurnPermit;

impl TurnPipeline {
    /// Runs the turn until its answer is committed, and hands the answer to all deliveries of the
    /// same message.
    ///
    /// # Errors
    /// Errors of each stage, and [`TurnError::Contended`].
    pub(super) async fn answer(
        &self,
        request: &TurnRequest,
        progress: &ProgressSender,
        arrived: Instant,
        flight: Option<Flight>,
    ) -> Result<EncodedAnswer, TurnError> {
        let now = self.parts.clock.now();
        let conversation = request.thread_id.clone().unwrap_or_else(|| new_conversation_id(now));
        let key = ConversationKey { tenant: request.tenant.clone(), conversation };
        let id = seal::new_turn_id(now);
        let sort = burst::sort(request);
        let mut permit = self.parts.gate.enter(&key, &id, sort).await?;
        let began = self.debounce(request, &permit, arrived).await;
        let mut timings = TurnTimings { queue: self.since(arrived), ..TurnTimings::default() };
        for _ in 0..TRIES_MAX {
            permit.ignore_earlier_takeovers();
            let reading = self.parts.clock.instant();
            let (record, cart_changed) = self.open(&key, request).await?;
            timings.record = self.since(reading);
            if !burst::may_be_superseded(&record, request, &self.options.bursts) {
                permit.ignore_newer_text();
            }
            let turn = RunningTurn {
                id: &id,
                request,
                progress,
                key: &key,
                arrived,
                began,
                timings,
                cart_changed,
            };
            if let Some(recorded) = self.attempt(turn, record, &permit).await? {
                // Other deliveries of the message get the answer before the conversation is
                // released. A human message waits for the end of the turn, and therefore for them
                // too.
                let answered = recorded.answered();
                if let Some(flight) = flight {
                    flight.finish(recorded.stored);
                }
                return Ok(answered);
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }

    /// Waits for the channel's debounce window, if the caller asked for it and the message can be
    /// merged with later ones. Returns when the time for the answer starts.
    async fn debounce(
        &self,
        request: &TurnRequest,
        permit: &TurnPermit,
        arrived: Instant,
    ) -> Instant {
        let alone = burst::sort(request) == TurnInput::Choice;
        if request.debounce_mode == DebounceMode::None || alone {
            return arrived;
        }
        let window = self.options.bursts.window(request.channel);
        let rest = window.saturating_sub(self.since(arrived));
        tokio::select! {
            () = self.parts.clock.sleep(rest) => {}
            _ = permit.interrupted() => {}
        }
        self.parts.clock.instant()
    }

    /// One attempt at the turn; a human or a newer message interrupts it. `None` if the
    /// conversation changed meanwhile and the turn must be tried again.
    async fn attempt(
        &self,
        turn: RunningTurn<'_>,
        record: ConversationRecord,
        permit: &TurnPermit,
    ) -> Result<Option<Recorded>, TurnError> {
        let stopped_before = record.outreach_stopped_at;
        let (next, answer) = tokio::select! {
            biased;
            interruption = permit.interrupted() => {
                return self.yield_turn(&turn, record, interruption).await;
            }
            prepared = self.prepare(turn, record.clone()) => prepared?,
        };
        if let Some(newer) = permit.superseded_by() {
            return self.yield_turn(&turn, record, Interruption::Newer(newer)).await;
        }
        // The turn recorded a STOP in the conversation; record it in the customer's ledger as well.
        if let Some(customer) = next.customer_id.clone()
            && next.outreach_stopped_at != stopped_before
        {
            let key = CustomerKey { tenant: turn.request.tenant.clone(), customer };
            self.stop_outreach(&key, turn.request).await?;
        }
        // Not cancelled from here on: the store completes a commit even if its caller is gone.
        self.commit(&turn, next, answer).await
    }

    async fn yield_turn(
        &self,
        turn: &RunningTurn<'_>,
        mut record: ConversationRecord,
        interruption: Interruption,
    ) -> Result<Option<Recorded>, TurnError> {
        match interruption {
            Interruption::HumanSpoke => Ok(None),
            Interruption::Newer(newer) => {
                burst::keep_unanswered(&mut record, turn.id, turn.request, self.parts.clock.now());
                let answer = self.seal_superseded(turn, &record, newer);
                self.commit(turn, record, answer).await
            }
        }
    }

    /// The conversation with the request applied, and whether the request reports another cart.
    async fn open(
        &self,
        key: &ConversationKey,
        request: &TurnRequest,
    ) -> Result<(ConversationRecord, bool), TurnError> {
        let now = self.parts.clock.now();
        let stored = self.parts.store.load(key).await?;
        let language = request.language_hint.unwrap_or(self.options.style.language);
        let mut record = stored.map_or_else(
            || ConversationRecord::open(key.conversation.clone(), language, now),
            |record| (*record).clone(),
        );
        let cart = record.cart.clone();
        record::apply_request(&mut record, request, now);
        let cart_changed = request.cart.is_some() && record.cart != cart;
        Ok((record, cart_changed))
    }
}
