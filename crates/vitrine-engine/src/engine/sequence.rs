//! One generation as the engine thread sees it: its tokens, limits and event channel.
//!
//! How far a sequence is computed and which pages it owns is the scheduler's state, not kept here.
//!
//! Invariants
//! - The event channel has `output_tokens_max + 2` slots: one for each token, one for the end and
//!   one spare. So sending never blocks and never fails because the channel is full.

use crate::engine::admission::AdmissionPermit;
use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::Advance;
use crate::engine::constraint::Constraint;
use crate::engine::constraint::ConstraintState;
use crate::engine::error::EngineError;
use crate::engine::finish::FinishReason;
use crate::engine::finish::GenerationTimings;
use crate::engine::finish::GenerationUsage;
use crate::engine::prompt_lookup::PromptLookup;
use crate::engine::request::EndOfText;
use crate::engine::request::Priority;
use crate::engine::request::Sampling;
use crate::engine::sampler::RowOutput;
use crate::engine::sampler::Sampler;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::mpsc;
use vitrine_base::ids::SequenceId;

/// What the engine thread sends to a generation's consumer.
#[derive(Debug)]
pub(crate) enum EngineEvent {
    /// A token was chosen.
    Token(u32),
    /// The generation ended normally.
    Done(FinishReason, GenerationUsage, GenerationTimings),
    Failed(EngineError),
}

/// Capacity of a generation's event channel; see the module's invariant.
pub(crate) fn event_channel_capacity(output_tokens_max: usize) -> usize {
    output_tokens_max.saturating_add(2)
}

/// A validated request on its way to the engine thread.
#[derive(Debug)]
pub(crate) struct AdmittedRequest {
    pub(crate) prompt_token_ids: Vec<u32>,
    pub(crate) output_tokens_max: usize,
    pub(crate) sampling: Sampling,
    pub(crate) end_of_text: EndOfText,
    pub(crate) cache: CacheScope,
    pub(crate) priority: Priority,
    pub(crate) constraint: Option<Constraint>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) submitted: Instant,
    pub(crate) events: mpsc::Sender<EngineEvent>,
    pub(crate) cancelled: Arc<AtomicBool>,
    pub(crate) permit: AdmissionPermit,
}

impl AdmittedRequest {
    /// Sends the consumer an error for a request that never became a sequence.
    pub(crate) fn refuse(self, error: EngineError) {
        let _consumer_left = self.events.try_send(EngineEvent::Failed(error)).is_err();
    }
}

/// One generation as the engine thread sees it.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) id: SequenceId,
    /// The prompt, followed by the generated tokens.
    pub(crate) token_ids: Vec<u32>,
    pub(crate) prompt_tokens: usize,
    pub(crate) output_tokens_max: usize,
    pub(crate) sampling: Sampling,
    pub(crate) random: ChaCha8Rng,
    pub(crate) end_of_text: EndOfText,
    /// Speculative tokens after `token_ids`, verified in the next step.
    pub(crate) speculative_token_ids: Vec<u32>,
    lookup: PromptLookup,
    cached_tokens: usize,
    /// The constraint's state in this generation; preemption does not reset it.
    pub(crate) constraint_state: Option<ConstraintState>,
    deadline: Option<Instant>,
    events: mpsc::Sender<EngineEvent>,
    cancelled: Arc<AtomicBool>,
    /// Counts the request as waiting until its first step, then as running.
    permit: AdmissionPermit,
    submitted: Instant,
    started: Option<Instant>,
    first_token: Option<Instant>,
    last_token: Option<Instant>,
}

/// The latency of one output token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenTime {
    /// Time to first token: since submission.
    First(Duration),
    /// Inter-token time: since the previous token.
    Next(Duration),
}

impl Sequence {
    pub(crate) fn new(id: SequenceId, work: AdmittedRequest) -> Self {
        Self {
            id,
            prompt_tokens: work.prompt_token_ids.len(),
            token_ids: work.prompt_token_ids,
            output_tokens_max: work.output_tokens_max,
            random: ChaCha8Rng::seed_from_u64(work.sampling.seed),
            sampling: work.sampling,
            end_of_text: work.end_of_text,
            speculative_token_ids: Vec::new(),
            lookup: PromptLookup::default(),
            cached_tokens: 0,
            constraint_state: work.constraint.map(|constraint| constraint.start()),
            deadline: work.deadline,
            events: work.events,
            cancelled: work.cancelled,
            permit: work.permit,
            submitted: work.submitted,
            started: None,
            first_token: None,
            last_token: None,
        }
    }

    /// Number of tokens generated.
    pub(crate) fn output_tokens(&self) -> usize {
        self.token_ids.len() - self.prompt_tokens
    }

    /// Returns why the sequence must end before its next step; `None` if it may go on.
    pub(crate) fn end_reason(&self, now: Instant) -> Option<FinishReason> {
        if self.cancelled.load(Ordering::Acquire) {
            return Some(FinishReason::Cancelled);
        }
        let late = self.deadline.is_some_and(|deadline| now >= deadline);
        late.then_some(FinishReason::Deadline)
    }

    /// Returns the constraint if its mask is needed for the coming step and not computed yet.
    pub(crate) fn constraint_to_prepare(&mut self) -> Option<&mut ConstraintState> {
        self.constraint_state.as_mut().filter(|constraint_state| constraint_state.needs_mask())
    }

    /// Whether the sequence needs only the most likely token, not the logits.
    pub(crate) fn is_plain_greedy(&self) -> bool {
        self.constraint_state.is_none() && self.sampling.temperature == 0.0
    }

    /// Chooses the next token from the model's output for one row.
    ///
    /// # Errors
    /// If no logit is usable, or the constraint allows no token.
    pub(crate) fn choose(
        &mut self,
        sampler: &mut Sampler,
        row_output: RowOutput<'_>,
    ) -> Result<u32, EngineError> {
        let position = self.token_ids.len() - 1;
        let chosen = match (row_output, &mut self.constraint_state) {
            (RowOutput::Likeliest(token_id), _) => token_id,
            (RowOutput::Logits(logits), None) => {
                sampler.choose(logits, &self.sampling, &mut self.random)
            }
            (RowOutput::Logits(logits), Some(constraint_state)) => {
                let allowed = constraint_state.allowed(position)?;
                sampler.choose_allowed(logits, allowed, &self.sampling, &mut self.random)
            }
        };
        chosen.ok_or(EngineError::Logits { position })
    }

    /// Advances the constraint, if there is one, by the chosen token.
    ///
    /// # Errors
    /// If the constraint does not accept the token or is too complex to follow.
    pub(crate) fn advance_constraint(&mut self, token_id: u32) -> Result<Advance, EngineError> {
        let position = self.token_ids.len();
        match &mut self.constraint_state {
            None => Ok(Advance::Open),
            Some(constraint_state) => constraint_state.advance(token_id, position),
        }
    }

    /// Records the sequence's first step. `cached_tokens` prompt tokens came from the prefix cache.
    /// Returns the queueing time the first time, `None` when a preempted sequence starts again.
    pub(crate) fn start(&mut self, now: Instant, cached_tokens: usize) -> Option<Duration> {
        if self.started.is_some() {
            return None;
        }
        self.permit.start();
        self.started = Some(now);
        self.cached_tokens = cached_tokens;
        Some(now.saturating_duration_since(self.submitted))
    }

    /// Proposes up to `tokens_max` speculative tokens by prompt lookup. Stops one short of the
    /// output limit: each verified step also yields a token of its own.
    pub(crate) fn propose(&mut self, tokens_max: usize) {
        self.speculative_token_ids.clear();
        if self.first_token.is_some() {
            let left = self.output_tokens_max - self.output_tokens() - 1;
            let speculative_token_ids = self.lookup.propose(&self.token_ids, tokens_max.min(left));
            self.speculative_token_ids.extend_from_slice(speculative_token_ids);
        }
    }

    /// Records that `accepted` of `proposed` verified speculative tokens were accepted.
    pub(crate) fn learn(&mut self, proposed: usize, accepted: usize) {
        self.lookup.learn(proposed, accepted);
    }

    /// Appends a chosen token and sends it to the consumer.
    pub(crate) fn push(&mut self, token_id: u32, now: Instant) -> TokenTime {
        self.token_ids.push(token_id);
        self.send(EngineEvent::Token(token_id));
        self.first_token.get_or_insert(now);
        match self.last_token.replace(now) {
            Some(last) => TokenTime::Next(now.saturating_duration_since(last)),
            None => TokenTime::First(now.saturating_duration_since(self.submitted)),
        }
    }

    /// Time since submission.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.submitted)
    }

    /// Sends the consumer the normal end of the generation.
    pub(crate) fn finish(self, reason: FinishReason, now: Instant) {
        let usage = GenerationUsage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: self.cached_tokens,
            output_tokens: self.output_tokens(),
        };
        let started = self.started.unwrap_or(now);
        let first_token = self.first_token.unwrap_or(now);
        let timings = GenerationTimings {
            queue: started.saturating_duration_since(self.submitted),
            prefill: first_token.saturating_duration_since(started),
            decode: now.saturating_duration_since(first_token),
        };
        self.send(EngineEvent::Done(reason, usage, timings));
    }

    /// Sends the consumer the error that ended the generation.
    pub(crate) fn fail(self, error: EngineError) {
        self.send(EngineEvent::Failed(error));
    }

    fn send(&self, event: EngineEvent) {
        // A closed channel means that the consumer dropped the generation, which also set the
        // cancel flag.
        let _consumer_left = self.events.try_send(event).is_err();
    }
}
