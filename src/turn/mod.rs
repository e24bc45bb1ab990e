//! One customer's turn: understand → decide → draft → suggest → record.
//!
//! [`Gateway::respond`] is the whole way of a turn, readable from top to bottom. It asks the
//! siblings below for what they know and hands back one sealed answer.
//!
//! Invariants
//! - The answer is on disk before it leaves; a message id is answered once.
//! - One turn of a thread runs at a time, many threads run at once.
//! - A thread that a human owns gets no draft.

mod answer;
pub(crate) mod decide;
pub(crate) mod draft;
mod error;
pub(crate) mod grounding;
mod message;
mod policies;
mod record;
mod seal;
mod suggest;
mod understand;

pub(crate) use answer::Handoff;
pub(crate) use answer::Reply;
pub(crate) use answer::Suggestion;
pub(crate) use answer::Timings;
pub(crate) use answer::TurnAnswer;
pub(crate) use decide::ShopProfile;
pub(crate) use error::TurnError;
pub(crate) use message::Content;
pub(crate) use message::Customer;
pub(crate) use message::Order;
pub(crate) use message::TurnRequest;
pub(crate) use policies::Policies;
pub(crate) use understand::Reading;

use crate::base::clock::SharedClock;
use crate::base::ids::TenantId;
use crate::base::ids::ThreadId;
use crate::base::language::Language;
use crate::base::telemetry;
use crate::catalog::Catalog;
use crate::engine::CacheOwner;
use crate::engine::Priority;
use crate::intent::IntentClassifier;
use crate::offers::Offers;
use crate::threads::Arrival;
use crate::threads::Flight;
use crate::threads::MessageKey;
use crate::threads::StoredAnswer;
use crate::threads::ThreadKey;
use crate::threads::ThreadRecord;
use crate::threads::ThreadStore;
use crate::threads::TurnGate;
use decide::Decision;
use decide::Rules;
use decide::Situation;
use draft::Budget;
use draft::Drafter;
use draft::DrafterSlot;
use draft::HistoryLine;
use draft::Style;
use draft::compose::Terms;
use draft::compose::Worded;
use draft::compose::compose;
use grounding::Vocabulary;
use seal::Drafted;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use suggest::Desk;
use tokio::sync::mpsc;
use understand::Readers;
use understand::Understood;

/// Times a turn is decided anew when its thread changed under it.
const TRIES_MAX: u32 = 3;

/// Share of the deadline kept for the check, the offer and the write.
const RESERVE: Duration = Duration::from_millis(40);

/// Turns an answer into the bytes that leave; given by the layer that owns the wire.
pub(crate) type AnswerEncoder = fn(&TurnAnswer) -> Vec<u8>;

/// How turns are answered.
#[derive(Debug, Clone)]
pub(crate) struct TurnOptions {
    pub(crate) tenant: TenantId,
    /// Voice, address, length and emoji; language and channel are each turn's own.
    pub(crate) style: Style,
    pub(crate) rules: Rules,
    pub(crate) deadline: Duration,
    pub(crate) output_tokens_max: usize,
    pub(crate) text_chars_max: usize,
    pub(crate) history_turns_max: usize,
}

/// Everybody whom a turn asks.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) classifier: Arc<IntentClassifier>,
    pub(crate) drafter: Arc<DrafterSlot>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) offers: Arc<Offers>,
    pub(crate) policies: Policies,
    pub(crate) shop: ShopProfile,
    pub(crate) store: Arc<dyn ThreadStore>,
    pub(crate) gate: TurnGate,
    pub(crate) clock: SharedClock,
    pub(crate) encode: AnswerEncoder,
}

/// Answers turns.
#[derive(Debug)]
pub(crate) struct Gateway {
    parts: Parts,
    options: TurnOptions,
    /// Words of all product names, folded: what a draft may not say unless its facts do.
    catalog_names: BTreeSet<String>,
}

/// An answer as it leaves.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) body: Arc<[u8]>,
    /// Whether it was recorded before and not made now.
    pub(crate) replayed: bool,
}

/// What a caller that streams hears before the answer.
#[derive(Debug, Clone)]
pub(crate) enum TurnEvent {
    Understood(Language, Reading),
    Decided(decide::Action),
}

/// Where a turn tells how far it is; nobody may be listening.
pub(crate) type Progress = Option<mpsc::Sender<TurnEvent>>;

impl Gateway {
    /// Puts the parts together.
    pub(crate) fn new(parts: Parts, options: TurnOptions) -> Self {
        let catalog_names = parts
            .catalog
            .products()
            .iter()
            .flat_map(|product| product.name.split_whitespace().chain([product.brand.as_str()]))
            .map(str::to_lowercase)
            .filter(|word| word.chars().any(char::is_alphabetic))
            .collect();
        Self { parts, options, catalog_names }
    }

    /// Answers one turn, or gives again the answer that its message got.
    ///
    /// # Errors
    /// If the message cannot be answered, too many wait, or the answer could not be recorded.
    pub(crate) async fn respond(
        &self,
        request: TurnRequest,
        progress: Progress,
    ) -> Result<Answered, TurnError> {
        let arrived = self.parts.clock.instant();
        self.check(&request)?;
        let Some(message) = request.message_id.clone() else {
            return self.answer(&request, &progress, arrived).await;
        };
        let key = MessageKey { tenant: self.options.tenant.clone(), message };
        let flight = match self.parts.gate.arrive(&key, request.body_hash).await? {
            Arrival::First(flight) => flight,
            Arrival::Answered(stored) => return Ok(replayed(&stored)),
        };
        if let Some(stored) = self.parts.store.replay(&key).await? {
            let stored = stored.for_body(request.body_hash)?;
            let answered = replayed(&stored);
            flight.finish(stored);
            return Ok(answered);
        }
        let answered = self.answer(&request, &progress, arrived).await?;
        self.land(flight, &key).await?;
        Ok(answered)
    }

    /// Lets everybody who waits for the same message have its recorded answer.
    async fn land(&self, flight: Flight, key: &MessageKey) -> Result<(), TurnError> {
        if let Some(stored) = self.parts.store.replay(key).await? {
            flight.finish(stored);
        }
        Ok(())
    }

    fn check(&self, request: &TurnRequest) -> Result<(), TurnError> {
        let text = request.content.text();
        let chars = text.chars().count();
        let chars_max = self.options.text_chars_max;
        if chars > chars_max {
            return Err(TurnError::TextTooLong { chars, chars_max });
        }
        match request.content.option_id() {
            Some(id) if crate::catalog::FacetChoice::parse(id).is_none() => {
                Err(TurnError::OptionId { found: id.chars().take(80).collect() })
            }
            None if text.trim().is_empty() => Err(TurnError::EmptyText),
            Some(_) | None => Ok(()),
        }
    }

    async fn answer(
        &self,
        request: &TurnRequest,
        progress: &Progress,
        arrived: Instant,
    ) -> Result<Answered, TurnError> {
        let thread = request.thread_id.clone().unwrap_or_else(new_thread_id);
        let key = ThreadKey { tenant: self.options.tenant.clone(), thread };
        let _turn = self.parts.gate.enter(&key).await?;
        let mut timings = Timings { queue: self.since(arrived), ..Timings::default() };
        for _ in 0..TRIES_MAX {
            let reading = self.parts.clock.instant();
            let record = self.open(&key, request).await?;
            timings.record = self.since(reading);
            let turn = Turn { request, progress, key: &key, arrived, timings };
            if let Some(answered) = self.take(turn, record).await? {
                return Ok(answered);
            }
        }
        Err(TurnError::Contended { tries: TRIES_MAX })
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

    /// The five verbs. `None` if the thread changed meanwhile and the turn must be taken again.
    async fn take(
        &self,
        mut turn: Turn<'_>,
        mut record: ThreadRecord,
    ) -> Result<Option<Answered>, TurnError> {
        let request = turn.request;
        let budget = self.budget(request, turn.arrived);

        let started = self.parts.clock.instant();
        let readers = Readers {
            classifier: &self.parts.classifier,
            catalog: &self.parts.catalog,
            language_default: self.options.style.language,
        };
        let understood =
            understand::understand(&request.content, request.language_hint, &record, readers)
                .await?;
        turn.timings.understand = self.since(started);
        let event = TurnEvent::Understood(understood.language, understood.reading.clone());
        tell(turn.progress, event).await;

        let decision = self.decide(request, &record, &understood);
        tell(turn.progress, TurnEvent::Decided(decision.action.clone())).await;

        let started = self.parts.clock.instant();
        let drafter = self.parts.drafter.current();
        let wanted = drafter.wants_history();
        let history = self.history(turn.key, &decision, wanted, record.turns_recorded).await?;
        let asked = Asked { drafter: &*drafter, history: &history, budget };
        let worded = self.draft(request, &decision, asked).await;
        turn.timings.draft = self.since(started);

        let started = self.parts.clock.instant();
        let desk = Desk {
            offers: &self.parts.offers,
            catalog: &self.parts.catalog,
            tenant: &self.options.tenant,
        };
        let suggestion = suggest::suggest(desk, &record, &understood, &decision);
        turn.timings.suggest = self.since(started);

        let started = self.parts.clock.instant();
        let now = self.parts.clock.now();
        let fresh = record.disclosed_at.is_none();
        let handoff = decision.handoff.map(|reason| Handoff {
            reason: reason.name(),
            summary: record::summary(&record, &understood, &history, &request.customer),
        });
        record::remember(&mut record, &understood, &decision, &worded.options, now);
        if let Some(offer) = &suggestion {
            record::remember_offer(&mut record, offer.sku.clone());
        }
        let drafted = Drafted { understood: &understood, decision, worded };
        let mut answer = self.seal(&turn, &record, drafted);
        answer.suggestion = suggestion;
        answer.handoff = handoff;
        answer.disclosure = fresh;
        answer.timings.record += self.since(started);
        answer.timings.total = self.since(turn.arrived);
        self.commit(&turn, record, answer).await
    }

    fn decide(
        &self,
        request: &TurnRequest,
        record: &ThreadRecord,
        understood: &Understood,
    ) -> Decision {
        let need = record::refine(&record::recall(record), understood);
        let style =
            Style { language: understood.language, channel: request.channel, ..self.options.style };
        let situation = Situation {
            record,
            understood,
            need: &need,
            catalog: &self.parts.catalog,
            policies: &self.parts.policies,
            shop: &self.parts.shop,
            customer: &request.customer,
            style,
            rules: self.options.rules,
        };
        if record.ownership.bot_may_speak() {
            decide::decide(&situation)
        } else {
            decide::silent(&situation)
        }
    }

    async fn draft(&self, request: &TurnRequest, decision: &Decision, asked: Asked<'_>) -> Worded {
        let mut briefs = decision.briefs.clone();
        if request.content.option_id().is_none() {
            for brief in &mut briefs {
                brief.customer = Some(request.content.text().to_owned());
            }
        }
        let known = Vocabulary { lexicon: None, catalog_names: Some(&self.catalog_names) };
        let shown = if asked.drafter.wants_history() { asked.history } else { &[] };
        let terms = Terms { budget: asked.budget, known };
        compose(asked.drafter, &briefs, &decision.options, shown, terms).await
    }

    fn budget(&self, request: &TurnRequest, arrived: Instant) -> Budget {
        let allowed = request.deadline.unwrap_or(self.options.deadline);
        let deadline = arrived + allowed.saturating_sub(RESERVE);
        Budget {
            cache_owner: CacheOwner::of(&self.options.tenant),
            priority: Priority::Live,
            deadline,
            output_tokens_max: self.options.output_tokens_max,
        }
    }

    fn since(&self, earlier: Instant) -> Duration {
        self.parts.clock.instant().saturating_duration_since(earlier)
    }
}

/// One turn under way.
#[derive(Debug, Clone, Copy)]
struct Turn<'a> {
    request: &'a TurnRequest,
    progress: &'a Progress,
    key: &'a ThreadKey,
    arrived: Instant,
    timings: Timings,
}

/// Who drafts a turn, what it is shown and how long it may take.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    drafter: &'a dyn Drafter,
    history: &'a [HistoryLine],
    budget: Budget,
}

fn replayed(stored: &StoredAnswer) -> Answered {
    metrics::counter!(telemetry::REPLAYS_TOTAL).increment(1);
    Answered { body: Arc::clone(&stored.answer), replayed: true }
}

async fn tell(progress: &Progress, event: TurnEvent) {
    if let Some(listener) = progress {
        // A listener that hung up is noticed by its own request.
        let _ = listener.send(event).await;
    }
}

/// A new id that sorts by time. Source: RFC 9562, UUID version 7.
fn fresh_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn new_thread_id() -> ThreadId {
    ThreadId::new(fresh_id()).unwrap_or_else(|_| unreachable!("a UUID is a valid id"))
}
