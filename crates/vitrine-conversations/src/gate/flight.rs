//! Deliveries of one message: the first answers, the others wait for its answer.

use crate::BodyHash;
use crate::MessageKey;
use crate::StoredAnswer;
use crate::gate::GateError;
use crate::gate::Seat;
use crate::gate::TurnGate;
use dashmap::Entry;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// One message that is being answered.
#[derive(Debug)]
pub(super) struct FlightEntry {
    body_hash: BodyHash,
    answer: watch::Receiver<Option<StoredAnswer>>,
    waiting: Arc<AtomicUsize>,
}

/// What a message's arrival comes to.
#[derive(Debug)]
pub enum Arrival {
    /// It is the first: answer it, then [`Flight::finish`].
    First(Flight),
    /// It was being answered already, with this answer.
    Answered(StoredAnswer),
}

/// The duty to answer a message; dropped unfinished, it passes to one of those who wait.
#[derive(Debug)]
pub struct Flight {
    key: MessageKey,
    answer: watch::Sender<Option<StoredAnswer>>,
    seat: Seat,
}

impl TurnGate {
    /// Announces a message: the first delivery gets the duty to answer it, a further one waits for
    /// that answer.
    ///
    /// # Errors
    /// [`GateError::BodyDiffers`], [`GateError::MessageFull`] or [`GateError::Full`], at once.
    pub async fn arrive(&self, key: &MessageKey, body: BodyHash) -> Result<Arrival, GateError> {
        loop {
            let (mut answer, _place) = match self.join_flight(key, body)? {
                Joined::Leads(flight) => return Ok(Arrival::First(flight)),
                Joined::Follows { answer, place } => (answer, place),
            };
            if let Ok(answer) = answer.wait_for(Option::is_some).await
                && let Some(answer) = &*answer
            {
                return Ok(Arrival::Answered(answer.clone()));
            }
            // The leader gave up: one of those who waited leads now.
        }
    }

    fn join_flight(&self, key: &MessageKey, body_hash: BodyHash) -> Result<Joined, GateError> {
        let seat = self.sit()?;
        let waiting_max = self.inner.options.waiting_per_message_max;
        match self.inner.flights.entry(key.clone()) {
            Entry::Vacant(vacant) => {
                let (sender, answer) = watch::channel(None);
                let waiting = Arc::new(AtomicUsize::new(0));
                vacant.insert(FlightEntry { body_hash, answer, waiting });
                Ok(Joined::Leads(Flight { key: key.clone(), answer: sender, seat }))
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
                let place = Place { waiting: Arc::clone(&flight.waiting), _seat: seat };
                Ok(Joined::Follows { answer: flight.answer.clone(), place })
            }
        }
    }
}

impl Flight {
    /// Gives the answer to everybody who waits for it.
    pub fn finish(self, answer: StoredAnswer) {
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // The entry goes before the sender does: who is woken by that finds the message free.
        self.seat.inner.flights.remove(&self.key);
    }
}

enum Joined {
    Leads(Flight),
    Follows { answer: watch::Receiver<Option<StoredAnswer>>, place: Place },
}

/// One caller, counted at a message it waits for.
struct Place {
    waiting: Arc<AtomicUsize>,
    _seat: Seat,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
