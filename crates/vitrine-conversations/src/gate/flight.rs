//! Concurrent deliveries of one message: the first is answered, the others wait for that answer.

use crate::body_hash::BodyHash;
use crate::commit::StoredAnswer;
use crate::gate::state::CallerPermit;
use crate::gate::state::FlightEntry;
use crate::gate::state::GateError;
use crate::gate::state::TurnGate;
use crate::keys::MessageKey;
use dashmap::Entry;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// Outcome of [`TurnGate::arrive`].
#[derive(Debug)]
pub enum MessageArrival {
    /// The first delivery: answer the message, then call [`Flight::finish`].
    First(Flight),
    /// The message was being answered already; this is the answer.
    Answered(StoredAnswer),
}

/// The duty to answer a message. If it is dropped unfinished, a waiting delivery takes over.
#[derive(Debug)]
pub struct Flight {
    key: MessageKey,
    answer: watch::Sender<Option<StoredAnswer>>,
    caller: CallerPermit,
}

impl TurnGate {
    /// Registers a delivery of a message. The first one returns at once with the duty to answer; a
    /// later one waits for that answer.
    ///
    /// # Errors
    /// [`GateError::BodyDiffers`], [`GateError::MessageFull`] or [`GateError::Full`], without
    /// waiting.
    pub async fn arrive(
        &self,
        key: &MessageKey,
        body: BodyHash,
    ) -> Result<MessageArrival, GateError> {
        loop {
            let (mut answer, _counted) = match self.join_flight(key, body)? {
                Joined::Leads(flight) => return Ok(MessageArrival::First(flight)),
                Joined::Follows { answer, counted } => (answer, counted),
            };
            if let Ok(answer) = answer.wait_for(Option::is_some).await
                && let Some(answer) = &*answer
            {
                return Ok(MessageArrival::Answered(answer.clone()));
            }
            // The leader was dropped without an answer: try again, one waiting delivery becomes
            // leader.
        }
    }

    fn join_flight(&self, key: &MessageKey, body_hash: BodyHash) -> Result<Joined, GateError> {
        let caller = self.count_caller()?;
        let waiting_max = self.state.options.waiting_per_message_max;
        match self.state.flights.entry(key.clone()) {
            Entry::Vacant(vacant) => {
                let (sender, answer) = watch::channel(None);
                let waiting = Arc::new(AtomicUsize::new(0));
                vacant.insert(FlightEntry { body_hash, answer, waiting });
                Ok(Joined::Leads(Flight { key: key.clone(), answer: sender, caller }))
            }
            Entry::Occupied(entry) => {
                let flight = entry.get();
                if flight.body_hash != body_hash {
                    return Err(GateError::BodyDiffers);
                }
                if flight.waiting.load(Ordering::Acquire) >= waiting_max {
                    return Err(GateError::MessageFull { waiting_max });
                }
                flight.waiting.fetch_add(1, Ordering::AcqRel);
                let counted =
                    WaitingDelivery { waiting: Arc::clone(&flight.waiting), _caller: caller };
                Ok(Joined::Follows { answer: flight.answer.clone(), counted })
            }
        }
    }
}

impl Flight {
    /// Sends the answer to every waiting delivery.
    pub fn finish(self, answer: StoredAnswer) {
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // Removes the entry before the sender is dropped, so that a delivery woken by the drop can
        // become leader.
        self.caller.state.flights.remove(&self.key);
    }
}

enum Joined {
    Leads(Flight),
    Follows { answer: watch::Receiver<Option<StoredAnswer>>, counted: WaitingDelivery },
}

/// A delivery counted as waiting for the answer; dropping it releases the count.
struct WaitingDelivery {
    waiting: Arc<AtomicUsize>,
    _caller: CallerPermit,
}

impl Drop for WaitingDelivery {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
