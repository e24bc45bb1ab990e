//! The turn pipeline: understand → dialogue → reword → suggest → record.
//!
//! `TurnPipeline::respond` runs one turn from the customer's message to the encoded answer. It
//! reads from top to bottom, and each stage is a sibling module.
//!
//! Invariants
//! - An answer is durable before it is returned, and a message id is answered once.
//! - One turn of a conversation runs at a time; different conversations run concurrently.
//! - A conversation that a human owns gets no draft. If a human takes it over while a turn runs,
//!   that turn's draft is discarded.
//! - A draft made stale by a newer message of the customer is discarded before it is returned.

pub(crate) mod action;
pub(crate) mod answer;
pub(crate) mod arrival;
mod attachments;
pub(crate) mod burst;
pub(crate) mod consent;
pub(crate) mod dialogue;
pub(crate) mod draft;
mod entities;
mod error;
pub(crate) mod grounding;
mod handoff;
mod identity;
mod lifecycle;
mod message;
pub(crate) mod model_reader;
mod options;
mod ownership;
mod record;
mod seal;
mod segments;
mod short_answers;
pub(crate) mod state;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;
mod triggers;
mod understand;
pub(crate) mod usage;

pub(crate) use answer::DialogueAnswer;
pub(crate) use answer::Handoff;
pub(crate) use answer::Recording;
pub(crate) use answer::Suggestion;
pub(crate) use answer::TurnAnswer;
pub(crate) use answer::TurnReply;
pub(crate) use answer::TurnTimings;
pub(crate) use dialogue::CHECKOUT_PLACEHOLDERS;
pub(crate) use dialogue::ShopProfile;
pub(crate) use error::TurnError;
pub(crate) use message::Content;
pub(crate) use message::Customer;
pub(crate) use message::DebounceMode;
pub(crate) use message::Order;
pub(crate) use message::SentAt;
pub(crate) use message::TurnRequest;
pub(crate) use ownership::HumanMessage;
pub(crate) use ownership::OwnerChange;
pub(crate) use ownership::Resolution;
pub(crate) use suggest::CatalogLookup;
pub(crate) use triggers::Triggers;
pub(crate) use understand::IntentReading;

use crate::offers::Offers;
use burst::BurstLimits;
use dialogue::Decision;
use dialogue::DialogueRules;
use dialogue::Situation;
use draft::Budget;
use draft::Drafter;
use draft::DrafterSlot;
use draft::HistoryLine;
use draft::Style;
use draft::compose::ComposedReply;
use draft::compose::Terms;
use draft::compose::compose;
use grounding::GroundingVocabulary;
use handoff::PacketInputs;
use jiff::Timestamp;
use model_reader::ModelReader;
use model_reader::ReadBudget;
use model_reader::ReadBy;
use model_reader::ReadError;
use model_reader::ReadOutcome;
use model_reader::ReaderMode;
use model_reader::ReaderSlot;
use seal::DecidedTurn;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use suggest::OfferSources;
use tokio::sync::mpsc;
use understand::UnderstandInputs;
use understand::Understood;
use vitrine_base::causes::chain;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::TurnId;
use vitrine_base::ids::time_ordered_id;
use vitrine_base::language::Language;
use vitrine_base::telemetry;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::JobKind;
use vitrine_conversations::OwnerState;
use vitrine_conversations::StoredAnswer;
use vitrine_conversations::StoredJob;
use vitrine_conversations::TurnGate;
use vitrine_dialogue::command;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::plan::Move;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::reader::model::merged;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::words::templates::FixedTexts;
use vitrine_engine::CacheOwner;
use vitrine_engine::Priority;
use vitrine_intent::IntentClassifier;
use vitrine_intent::OUT_OF_SCOPE;

/// Most attempts at one turn; an attempt is repeated when the conversation changed under it. Only a
/// human can change it then, and no human writes as fast as a turn without a draft is decided.
const TRIES_MAX: u32 = 8;

/// Part of the deadline reserved for the grounding check, the offer and the commit.
const RESERVE: Duration = Duration::from_millis(40);

/// Confidence of an intent that the words of a message tell, where the classifier sees another one.
const READ_CONFIDENCE: f32 = 0.75;

/// Encodes an answer as a response body. The `http` layer supplies it, because it owns the wire
/// format. If it fails, the turn fails and is not recorded.
pub(crate) type AnswerEncoder = fn(&TurnAnswer) -> serde_json::Result<Vec<u8>>;

/// Settings that apply to every turn.
#[derive(Debug, Clone)]
pub(crate) struct TurnOptions {
    /// Voice, form of address, length and emoji. Language and channel are set for each turn.
    pub(crate) style: Style,
    pub(crate) rules: DialogueRules,
    /// Time for one answer, unless the request sets its own.
    pub(crate) deadline: Duration,
    /// Most tokens of one draft.
    pub(crate) output_tokens_max: usize,
    /// Longest message, in characters.
    pub(crate) text_chars_max: usize,
    /// Most earlier turns passed to the drafter.
    pub(crate) history_turns_max: usize,
    /// Most tokens of earlier turns in a prompt.
    pub(crate) history_tokens_max: usize,
    pub(crate) bursts: BurstLimits,
    pub(crate) handoff: HandoffDelivery,
    pub(crate) triggers: Triggers,
    /// What reads messages.
    pub(crate) reader: ReaderMode,
    /// Longest wait for a model's reading of a message.
    pub(crate) reading_max: Duration,
}

/// Whether a hand-off is sent anywhere besides the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandoffDelivery {
    /// Only the response reports the hand-off.
    AnswerOnly,
    /// A packet is also sent to the shop's webhook.
    Webhook,
}

/// The services that a turn uses.
#[derive(Debug, Clone)]
pub(crate) struct PipelineParts {
    pub(crate) classifier: Arc<IntentClassifier>,
    pub(crate) drafter: Arc<DrafterSlot>,
    /// The model that reads messages; empty where the rules read alone.
    pub(crate) reader: Arc<ReaderSlot>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) offers: Arc<Offers>,
    pub(crate) policies: Policies,
    /// The words of each language.
    pub(crate) locales: Locales,
    pub(crate) shop: ShopProfile,
    pub(crate) store: Arc<dyn ConversationStore>,
    pub(crate) customers: Arc<dyn CustomerStore>,
    pub(crate) gate: TurnGate,
    pub(crate) clock: SharedClock,
    pub(crate) encode: AnswerEncoder,
}

/// What a pipeline on trial has of its own.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) drafter: Arc<DrafterSlot>,
    pub(crate) reader: Arc<ReaderSlot>,
    /// What reads messages.
    pub(crate) mode: ReaderMode,
    pub(crate) conversations: Arc<dyn ConversationStore>,
    pub(crate) customers: Arc<dyn CustomerStore>,
    pub(crate) gate: TurnGate,
}

/// Answers customer messages, and applies changes of owner, consent and identity.
#[derive(Debug)]
pub(crate) struct TurnPipeline {
    parts: PipelineParts,
    options: TurnOptions,
    /// Lower-case words of all product names and brands: a draft may contain one only if its facts
    /// do.
    catalog_names: BTreeSet<String>,
}

/// A committed answer, encoded as the response body.
#[derive(Debug, Clone)]
pub(crate) struct EncodedAnswer {
    pub(crate) body: Arc<[u8]>,
    /// Whether an earlier delivery of the same message produced it.
    pub(crate) replayed: bool,
}

/// An answer that the store has committed.
#[derive(Debug, Clone)]
struct Recorded {
    stored: StoredAnswer,
    replayed: bool,
}

impl Recorded {
    fn answered(&self) -> EncodedAnswer {
        if self.replayed {
            return replayed(&self.stored);
        }
        EncodedAnswer { body: Arc::clone(&self.stored.answer), replayed: false }
    }
}

/// What a streaming caller receives before the answer.
#[derive(Debug, Clone)]
pub(crate) enum TurnEvent {
    Understood(Language, IntentReading),
    Decided(action::Action),
}

/// Where to send progress events; `None` if the caller does not stream.
pub(crate) type ProgressSender = Option<mpsc::Sender<TurnEvent>>;

impl TurnPipeline {
    /// Builds the pipeline, and collects the words of the catalogue's names.
    pub(crate) fn new(parts: PipelineParts, options: TurnOptions) -> Self {
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

    /// The model that reads messages, if there is one.
    pub(crate) fn reader(&self) -> &Arc<ReaderSlot> {
        &self.parts.reader
    }

    /// The same pipeline with other models and another place for its conversations, to try the
    /// models out: its offers reach every customer.
    pub(crate) fn on_trial(&self, trial: Trial) -> Self {
        let parts = PipelineParts {
            drafter: trial.drafter,
            reader: trial.reader,
            store: trial.conversations,
            customers: trial.customers,
            gate: trial.gate,
            offers: Arc::new(self.parts.offers.without_holdout()),
            ..self.parts.clone()
        };
        let options = TurnOptions { reader: trial.mode, ..self.options.clone() };
        Self { parts, options, catalog_names: self.catalog_names.clone() }
    }

    /// Runs the stages before the commit: understand, decide, draft, suggest. Returns the record to
    /// commit and the answer.
    async fn prepare(
        &self,
        mut turn: RunningTurn<'_>,
        mut record: ConversationRecord,
    ) -> Result<(ConversationRecord, TurnAnswer), TurnError> {
        let request = turn.request;
        let budget = self.budget(request, turn.began);
        let burst = burst::gather(&record, request, self.parts.clock.now());

        let started = self.parts.clock.instant();
        let mut state = dialogue::recall(&record);
        if let Some(cart) = request.cart.as_ref().filter(|_| turn.cart_changed) {
            state.cart = dialogue::reported_cart(&self.parts, cart);
            state.link = None;
        }
        let mut understood = self.understand(request, &burst.content, &record, &state).await?;
        let situation = self.situation(request, &record, &state, &understood);
        let (decision, read_by) = self.read_and_decide(&situation, budget).await;
        settle(&mut understood, &decision);
        turn.timings.understand = self.since(started);
        let event = TurnEvent::Understood(understood.language, understood.reading.clone());
        send_event(turn.progress, event).await;
        send_event(turn.progress, TurnEvent::Decided(decision.action.clone())).await;

        let started = self.parts.clock.instant();
        let drafter = self.parts.drafter.current();
        let wanted = drafter.wants_history();
        let history = self.history(turn.key, &decision, wanted, record.turns_recorded).await?;
        let draft_inputs = DraftInputs { drafter: &*drafter, history: &history, budget };
        let composed = self.reword(&burst.content, &decision, &understood, draft_inputs).await;
        turn.timings.draft = self.since(started);

        let started = self.parts.clock.instant();
        let suggestion = self.offer(request, &record, &understood, &decision);
        turn.timings.suggest = self.since(started);

        let started = self.parts.clock.instant();
        let now = self.parts.clock.now();
        let fresh = record.disclosed_at.is_none();
        let handed = decision.handoff;
        let summary =
            handed.map(|_| record::summary(&record, &understood, &history, &request.customer));
        let bot_owned = record.ownership.state == OwnerState::Bot;
        record::remember(&mut record, &understood, &decision, self.parts.catalog.currency(), now);
        burst::clear_unanswered(&mut record, request);
        if let Some(offer) = &suggestion {
            record::remember_offer(&mut record, offer.sku.clone());
        }
        let (supersedes, before) = (burst.supersedes, &state);
        let understood = &understood;
        let drafted = DecidedTurn { understood, before, read_by, decision, composed, supersedes };
        let mut answer = self.seal(&turn, &record, drafted);
        if let (Some(reason), Some(summary)) = (handed, summary) {
            if bot_owned && self.options.handoff == HandoffDelivery::Webhook {
                let (record, history) = (&record, &history[..]);
                let (customer, reply) = (&request.customer, answer.reply.text.as_str());
                let summary = summary.as_str();
                let fixed = self.fixed(record.language);
                let facts = PacketInputs {
                    reason,
                    record,
                    understood,
                    history,
                    customer,
                    reply,
                    summary,
                    fixed,
                };
                answer.jobs.push(StoredJob::new(JobKind::Handoff, handoff::packet(facts), now));
            }
            answer.handoff = Some(Handoff { reason: reason.name(), summary });
        }
        answer.suggestion = suggestion;
        answer.disclosure = fresh;
        answer.timings.record += self.since(started);
        answer.timings.total = self.since(turn.arrived);
        Ok((record, answer))
    }

    /// The texts of a language beside the replies of the dialogue.
    fn fixed(&self, language: Language) -> &FixedTexts {
        &self.parts.locales.get(language).templates.fixed
    }

    /// The offer beside the reply, unless the customer said STOP.
    fn offer(
        &self,
        request: &TurnRequest,
        record: &ConversationRecord,
        understood: &Understood,
        decision: &Decision,
    ) -> Option<Suggestion> {
        let sources = OfferSources {
            offers: &self.parts.offers,
            catalog: &self.parts.catalog,
            tenant: &request.tenant,
            fixed: self.fixed(understood.language),
        };
        let stopped = request.customer.stopped.unwrap_or(record.outreach_stopped_at.is_some());
        if stopped { None } else { suggest::suggest(sources, record, understood, decision) }
    }

    /// Reads one message; one without text needs no model.
    async fn understand(
        &self,
        request: &TurnRequest,
        content: &Content,
        record: &ConversationRecord,
        state: &DialogueState,
    ) -> Result<Understood, TurnError> {
        let inputs = UnderstandInputs {
            classifier: &self.parts.classifier,
            tenant: &request.tenant,
            locales: &self.parts.locales,
            catalog: &self.parts.catalog,
            state,
            language_default: self.options.style.language,
            today: request.local_date(self.parts.clock.now()),
        };
        let mut understood = match attachments::alone(content) {
            true => understand::unread(request, record, inputs.language_default),
            false => understand::understand(content, request.language_hint, record, inputs).await?,
        };
        understood.source.clone_from(&request.message_id);
        Ok(understood)
    }

    fn situation<'a>(
        &'a self,
        request: &'a TurnRequest,
        record: &'a ConversationRecord,
        state: &'a DialogueState,
        understood: &'a Understood,
    ) -> Situation<'a> {
        Situation {
            parts: &self.parts,
            request,
            record,
            state,
            understood,
            style: Style { channel: request.channel, ..self.options.style },
            rules: self.options.rules,
            today: request.local_date(self.parts.clock.now()),
        }
    }

    async fn read_and_decide(
        &self,
        situation: &Situation<'_>,
        budget: Budget,
    ) -> (Decision, ReadBy) {
        let (reading, read_by) = self.read(situation, budget).await;
        (self.decide(situation, reading), read_by)
    }

    /// Reads a message by the rules, and by a model where one is asked. Without a reading there is
    /// nothing to read, or nobody to answer it.
    async fn read(&self, situation: &Situation<'_>, budget: Budget) -> (Reading, ReadBy) {
        let Situation { record, understood, .. } = *situation;
        let silent = !record.ownership.bot_may_reply() || dialogue::is_foreign(situation);
        if silent || (understood.text.is_empty() && understood.tap.is_none()) {
            return (Reading::default(), ReadBy::rules());
        }
        let fast = dialogue::read(situation);
        let model = self.parts.reader.current();
        let (reading, read_by) = match model.filter(|_| dialogue::tapped(situation).is_none()) {
            Some(model) => self.read_by_model(&*model, situation, fast, budget).await,
            None => (fast, ReadBy::rules()),
        };
        read_by.count();
        (reading, read_by)
    }

    /// Lets a model read where it is asked to. The reading of the rules stands if the model is not
    /// ready in time, fails, or makes no sense of the message.
    async fn read_by_model(
        &self,
        model: &dyn ModelReader,
        situation: &Situation<'_>,
        fast: Reading,
        budget: Budget,
    ) -> (Reading, ReadBy) {
        let text = situation.understood.text.as_str();
        let asked = self.options.reader.asks(&fast, text, model.worth());
        let mut read_by = ReadBy { doubt: asked.doubt, ..ReadBy::rules() };
        if !asked.model {
            return (fast, read_by);
        }
        let latest = self.parts.clock.instant() + self.options.reading_max;
        let deadline = budget.deadline.min(latest);
        let budget = ReadBudget { cache_owner: budget.cache_owner, deadline };
        let reading = model.read(dialogue::reader_input(situation, None), &fast, budget);
        let in_time = tokio::time::timeout_at(tokio::time::Instant::from_std(deadline), reading);
        match in_time.await {
            Ok(Ok(read)) => {
                read_by.usage = read.usage;
                let told = read.commands.iter().any(|command| *command != Command::Unclear);
                read_by.outcome = if told { ReadOutcome::Read } else { ReadOutcome::Unclear };
                let reading = if told { merged(&fast, read.commands, text) } else { fast };
                return (reading, read_by);
            }
            Ok(Err(ReadError::Late)) | Err(_) => read_by.outcome = ReadOutcome::Late,
            Ok(Err(ReadError::Refused(refusal))) => {
                tracing::debug!(%refusal, "a reading was refused");
                read_by.outcome = ReadOutcome::Refused;
            }
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), "reading with the model failed");
                read_by.outcome = ReadOutcome::Failed;
            }
        }
        (fast, read_by)
    }

    fn decide(&self, situation: &Situation<'_>, reading: Reading) -> Decision {
        let Situation { request, record, understood, .. } = *situation;
        if !record.ownership.bot_may_reply() {
            return dialogue::silent();
        }
        let decision = match understood.text.is_empty() && understood.tap.is_none() {
            true => dialogue::unread(self.fixed(understood.language)),
            false => dialogue::decide(situation, reading),
        };
        match self.options.triggers.reason(request.channel, understood, &decision) {
            Some(reason) => dialogue::hand_off(situation, reason),
            None => decision,
        }
    }

    /// The words of the reply: a model may reword what the templates say.
    async fn reword(
        &self,
        content: &Content,
        decision: &Decision,
        understood: &Understood,
        draft_inputs: DraftInputs<'_>,
    ) -> ComposedReply {
        let style = Style { language: understood.language, ..self.options.style };
        let customer = content.option_id().is_none().then(|| content.text().to_owned());
        let brief = dialogue::brief(decision, style, customer);
        // What the law or a promise is about stays word for word.
        let promise = |said: &Move| {
            matches!(said, Move::Stopped | Move::Started | Move::Bot | Move::Handoff { .. })
        };
        let fixed = decision.plan().is_none_or(|plan| plan.moves.iter().any(promise));
        if fixed {
            return draft::compose::fixed(&brief);
        }
        let known = GroundingVocabulary { lexicon: None, catalog_names: Some(&self.catalog_names) };
        let shown = if draft_inputs.drafter.wants_history() { draft_inputs.history } else { &[] };
        let terms = Terms { budget: draft_inputs.budget, known };
        compose(draft_inputs.drafter, &brief, shown, terms).await
    }

    fn budget(&self, request: &TurnRequest, began: Instant) -> Budget {
        let allowed = request.deadline.unwrap_or(self.options.deadline);
        let deadline = began + allowed.saturating_sub(RESERVE);
        Budget {
            cache_owner: CacheOwner::of(&request.tenant),
            priority: Priority::Live,
            deadline,
            output_tokens_max: self.options.output_tokens_max,
            history_tokens_max: self.options.history_tokens_max,
        }
    }

    fn since(&self, earlier: Instant) -> Duration {
        self.parts.clock.instant().saturating_duration_since(earlier)
    }
}

/// One turn in progress.
#[derive(Debug, Clone, Copy)]
struct RunningTurn<'a> {
    id: &'a TurnId,
    request: &'a TurnRequest,
    progress: &'a ProgressSender,
    key: &'a ConversationKey,
    arrived: Instant,
    /// When the time for the answer started: at arrival, or at the end of the debounce window.
    began: Instant,
    timings: TurnTimings,
    /// Whether the request reports another cart than the one reported last.
    cart_changed: bool,
}

/// The drafter of one turn, the history it gets, and its limits.
#[derive(Debug, Clone, Copy)]
struct DraftInputs<'a> {
    drafter: &'a dyn Drafter,
    history: &'a [HistoryLine],
    budget: Budget,
}

/// The intent that the answer reports: what the message was understood as, else what the classifier
/// found. Where they agree, the classifier's confidence stands. What is none of a shop's matters
/// has no intent: the reading abstains.
fn settle(understood: &mut Understood, decision: &Decision) {
    let turned = decision.turned.as_ref().filter(|_| understood.tap.is_none());
    let Some(turned) = turned else { return };
    let commands = &turned.reading.commands;
    let reading = &mut understood.reading;
    // A sign or a word that means nothing is no yes, whatever the classifier sees in it.
    reading.abstained |= commands.iter().all(|said| said.command == Command::Unclear);
    let Some(label) = command::intent_label(commands) else { return };
    if label == OUT_OF_SCOPE {
        reading.abstained = true;
        return;
    }
    if reading.label == label {
        reading.abstained = false;
        return;
    }
    let before = std::mem::replace(&mut reading.label, label.to_owned());
    let found = reading.alternatives.iter().position(|(other, _)| other == label);
    let likelihood = found.map_or(0.0, |place| reading.alternatives.remove(place).1);
    if !before.is_empty() {
        reading.alternatives.insert(0, (before, reading.confidence));
    }
    reading.confidence = likelihood.max(READ_CONFIDENCE);
    reading.abstained = false;
}

fn replayed(stored: &StoredAnswer) -> EncodedAnswer {
    metrics::counter!(telemetry::REPLAYS_TOTAL).increment(1);
    EncodedAnswer { body: Arc::clone(&stored.answer), replayed: true }
}

async fn send_event(progress: &ProgressSender, event: TurnEvent) {
    if let Some(listener) = progress {
        // The caller is gone; its request handler deals with that.
        let _ = listener.send(event).await;
    }
}

fn new_conversation_id(now: Timestamp) -> ConversationId {
    ConversationId::new(time_ordered_id(now).to_string())
        .unwrap_or_else(|_| unreachable!("a UUID is a valid id"))
}
