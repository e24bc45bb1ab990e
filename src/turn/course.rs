//! One turn's course through its thread: it enters, waits where it may, and is taken, given up to
//! newer words, or taken anew after a human has spoken.
//!
//! Invariants
//! - Only one turn of a thread is between entering and leaving; its answer is handed to all who
//!   wait for it before it leaves.
//! - A draft may be dropped at any moment; a write, once begun, never is.

use crate::turn::Answered;
use crate::turn::Gateway;
use crate::turn::Progress;
use crate::turn::Recorded;
use crate::turn::TRIES_MAX;
use crate::turn::Turn;
use crate::turn::TurnError;
use crate::turn::answer::Timings;
use crate::turn::burst;
use crate::turn::message::Patience;
use crate::turn::message::TurnRequest;
use crate::turn::new_thread_id;
use crate::turn::record;
use crate::turn::seal;
use std::time::Instant;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::Flight;
use vitrine_conversations::Interruption;
use vitrine_conversations::ThreadKey;
use vitrine_conversations::ThreadRecord;
use vitrine_conversations::TurnPermit;
use vitrine_conversations::TurnSort;

impl Gateway {
    /// Runs the turn to its recorded answer, and gives that to everybody who waits for it.
    ///
    /// # Errors
    /// Those of every verb, and [`TurnError::Contended`].
    pub(super) async fn answer(
        &self,
        request: &TurnRequest,
        progress: &Progress,
        arrived: Instant,
        flight: Option<Flight>,
    ) -> Result<Answered, TurnError> {
        let thread = request.thread_id.clone().unwrap_or_else(new_thread_id);
        let key = ThreadKey { tenant: request.tenant.clone(), thread };
        let id = seal::new_turn_id();
        let sort = burst::sort(&request.content);
        let mut permit = self.parts.gate.enter(&key, &id, sort).await?;
        let began = self.debounce(request, &permit, arrived).await;
        let mut timings = Timings { queue: self.since(arrived), ..Timings::default() };
        for _ in 0..TRIES_MAX {
            permit.heed_humans();
            let reading = self.parts.clock.instant();
            let record = self.open(&key, request).await?;
            timings.record = self.since(reading);
            if !burst::may_yield(&record, request, &self.options.bursts) {
                permit.ignore_newer_words();
            }
            let turn = Turn { id: &id, request, progress, key: &key, arrived, began, timings };
            if let Some(recorded) = self.take(turn, record, &permit).await? {
                // Everybody who waits for the same message has its answer before the thread is
                // free: a human who waits for the turn's end waits for these as well.
                let answered = recorded.answered();
                if let Some(flight) = flight {
                    flight.finish(recorded.stored);
                }
                return Ok(answered);
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
    }

    /// Lets the channel's window pass where the caller asked for it and more words would count,
    /// and tells when the time for the answer begins.
    async fn debounce(
        &self,
        request: &TurnRequest,
        permit: &TurnPermit,
        arrived: Instant,
    ) -> Instant {
        let alone = burst::sort(&request.content) == TurnSort::Choice;
        if request.patience == Patience::None || alone {
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

    /// Answers the turn, unless a human or newer words come first. `None` if the thread changed
    /// meanwhile and the turn must be taken again.
    async fn take(
        &self,
        turn: Turn<'_>,
        record: ThreadRecord,
        permit: &TurnPermit,
    ) -> Result<Option<Recorded>, TurnError> {
        let stopped_before = record.outreach_stopped_at;
        let (next, answer) = tokio::select! {
            biased;
            interruption = permit.interrupted() => {
                return self.give_way(&turn, record, interruption).await;
            }
            prepared = self.prepare(turn, record.clone()) => prepared?,
        };
        if let Some(newer) = permit.superseded_by() {
            return self.give_way(&turn, record, Interruption::Newer(newer)).await;
        }
        // The turn has written a STOP into the thread: the customer's own ledger follows.
        if let Some(customer) = next.customer_id.clone()
            && next.outreach_stopped_at != stopped_before
        {
            let key = CustomerKey { tenant: turn.request.tenant.clone(), customer };
            self.stop_outreach(&key, turn.request.message_id.as_ref()).await?;
        }
        // Not to be abandoned from here on: a write that is not waited for happens all the same.
        self.commit(&turn, next, answer).await
    }

    async fn give_way(
        &self,
        turn: &Turn<'_>,
        mut record: ThreadRecord,
        interruption: Interruption,
    ) -> Result<Option<Recorded>, TurnError> {
        match interruption {
            Interruption::HumanSpoke => Ok(None),
            Interruption::Newer(newer) => {
                burst::leave(&mut record, turn.id, turn.request, self.parts.clock.now());
                let answer = self.seal_superseded(turn, &record, newer);
                self.commit(turn, record, answer).await
            }
        }
    }

    async fn open(
        &self,
        key: &ThreadKey,
        request: &TurnRequest,
    ) -> Result<ThreadRecord, TurnError> {
        let now = self.parts.clock.now();
        let stored = self.parts.store.load(key).await?;
        let language = request.language_hint.unwrap_or(self.options.style.language);
        let mut record = stored.map_or_else(
            || ThreadRecord::open(key.thread.clone(), language, now),
            |record| (*record).clone(),
        );
        record::admit(&mut record, request, now);
        Ok(record)
    }
}
