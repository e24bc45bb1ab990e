//! The consumer's side of a generation. Token ids become text here, not on the engine thread.
//!
//! Invariants
//! - The events are tokens, followed by exactly one end (`Done` or an error), then nothing.
//! - The concatenated texts of the tokens are the output. They contain whole characters only (an
//!   incomplete last character is dropped) and no part of a stop string.
//! - Dropping a generation cancels it; the engine notices before its next step.

use crate::engine::error::EngineError;
use crate::engine::finish::FinishReason;
use crate::engine::finish::GenerationTimings;
use crate::engine::finish::GenerationUsage;
use crate::engine::sequence::EngineEvent;
use crate::engine::stats::EngineShared;
use crate::engine::stop_text::StopSearch;
use crate::engine::stop_text::StopText;
use crate::engine::stop_text::TokenText;
use crate::engine::vocabulary::Detokenizer;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// An event of a generation.
#[derive(Debug)]
pub enum GenerationEvent {
    /// An output token. Delayed while it may belong to a stop string.
    Token {
        /// The token id.
        id: u32,
        /// The text completed by this token; may be empty.
        text: String,
    },
    /// The generation ended normally.
    Done {
        /// Why it ended.
        reason: FinishReason,
        /// Token counts.
        usage: GenerationUsage,
        /// Durations of its phases.
        timings: GenerationTimings,
    },
}

/// The complete result of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The output text.
    pub text: String,
    /// The output tokens; the last ones may belong to the stop string that ended the text.
    pub token_ids: Vec<u32>,
    /// Why it ended.
    pub reason: FinishReason,
    /// Token counts.
    pub usage: GenerationUsage,
    /// Durations of its phases.
    pub timings: GenerationTimings,
}

impl Completion {
    /// Whether the deadline cut it short.
    #[must_use]
    pub fn finished_late(&self) -> bool {
        self.reason == FinishReason::Deadline
    }

    /// Whether the output limit or the end of the context cut it short.
    #[must_use]
    pub fn ran_out(&self) -> bool {
        self.reason == FinishReason::Length
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GenerationState {
    Open,
    /// A stop string was found; the engine has not confirmed the end yet.
    Stopped,
    Ended,
}

/// A generation in progress. Dropping it cancels it.
#[derive(Debug)]
pub struct Generation {
    events: mpsc::Receiver<EngineEvent>,
    cancelled: Arc<AtomicBool>,
    detokenizer: Box<dyn Detokenizer>,
    stop: StopText,
    shared: Arc<EngineShared>,
    outbox: VecDeque<Result<GenerationEvent, EngineError>>,
    prompt_tokens: usize,
    output_tokens: usize,
    state: GenerationState,
}

/// The parts that connect a generation to its sequence.
pub(crate) struct GenerationParts {
    pub(crate) events: mpsc::Receiver<EngineEvent>,
    pub(crate) cancelled: Arc<AtomicBool>,
    pub(crate) detokenizer: Box<dyn Detokenizer>,
    pub(crate) stop: Vec<String>,
    pub(crate) shared: Arc<EngineShared>,
    pub(crate) prompt_tokens: usize,
}

impl Generation {
    pub(crate) fn new(parts: GenerationParts) -> Self {
        Self {
            events: parts.events,
            cancelled: parts.cancelled,
            detokenizer: parts.detokenizer,
            stop: StopText::new(parts.stop),
            shared: parts.shared,
            outbox: VecDeque::new(),
            prompt_tokens: parts.prompt_tokens,
            output_tokens: 0,
            state: GenerationState::Open,
        }
    }

    /// Returns the next event; `None` after the end. Cancel safe: dropping the future loses no
    /// event.
    ///
    /// # Errors
    /// The error that ended the generation, returned once as its last event.
    pub async fn next(&mut self) -> Option<Result<GenerationEvent, EngineError>> {
        loop {
            if let Some(event) = self.outbox.pop_front() {
                return Some(event);
            }
            if self.state == GenerationState::Ended {
                return None;
            }
            let event = self.events.recv().await;
            self.take(event);
        }
    }

    /// Returns the next event; `None` after the end. Blocks the thread.
    ///
    /// # Errors
    /// The error that ended the generation, returned once as its last event.
    ///
    /// # Panics
    /// On a thread of an async runtime, which must not be blocked.
    pub fn next_blocking(&mut self) -> Option<Result<GenerationEvent, EngineError>> {
        loop {
            if let Some(event) = self.outbox.pop_front() {
                return Some(event);
            }
            if self.state == GenerationState::Ended {
                return None;
            }
            let event = self.events.blocking_recv();
            self.take(event);
        }
    }

    /// Waits for the end and returns the whole output.
    ///
    /// # Errors
    /// The error that ended the generation.
    pub async fn collect(mut self) -> Result<Completion, EngineError> {
        let mut gathered = Gathered::default();
        while let Some(event) = self.next().await {
            if let Some(completion) = gathered.take(event?) {
                return Ok(completion);
            }
        }
        Err(self.shared.end_error())
    }

    /// [`collect`](Self::collect) for a thread outside any async runtime. Blocks the thread.
    ///
    /// # Errors
    /// The error that ended the generation.
    ///
    /// # Panics
    /// On a thread of an async runtime.
    pub fn collect_blocking(mut self) -> Result<Completion, EngineError> {
        let mut gathered = Gathered::default();
        while let Some(event) = self.next_blocking() {
            if let Some(completion) = gathered.take(event?) {
                return Ok(completion);
            }
        }
        Err(self.shared.end_error())
    }

    /// Requests cancellation. The remaining events still arrive; the last one has
    /// [`FinishReason::Cancelled`] unless the generation ended before.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    fn take(&mut self, event: Option<EngineEvent>) {
        match (event, self.state) {
            (Some(EngineEvent::Token(token_id)), GenerationState::Open) => {
                self.take_token(token_id)
            }
            (Some(EngineEvent::Token(_)), GenerationState::Stopped | GenerationState::Ended) => {}
            (Some(EngineEvent::Done(reason, usage, timings)), _) => {
                self.end(reason, usage, timings);
            }
            // The text was already complete when the engine failed.
            (Some(EngineEvent::Failed(_)) | None, GenerationState::Stopped) => {
                let usage = GenerationUsage {
                    prompt_tokens: self.prompt_tokens,
                    ..GenerationUsage::default()
                };
                self.end(FinishReason::Stop, usage, GenerationTimings::default());
            }
            (Some(EngineEvent::Failed(error)), _) => self.fail(error),
            (None, _) => self.fail(self.shared.end_error()),
        }
    }

    fn take_token(&mut self, token_id: u32) {
        let text = self.detokenizer.push(token_id);
        let mut released = Vec::new();
        if self.stop.push(TokenText { token_id, text }, &mut released) == StopSearch::Hit {
            self.state = GenerationState::Stopped;
            self.cancel();
        }
        self.put_out(released);
    }

    fn end(&mut self, reason: FinishReason, usage: GenerationUsage, timings: GenerationTimings) {
        self.flush();
        let stopped = self.state == GenerationState::Stopped;
        let reason = if stopped { FinishReason::Stop } else { reason };
        // Tokens chosen by the engine after the stop string were never delivered.
        let usage = GenerationUsage { output_tokens: self.output_tokens, ..usage };
        self.outbox.push_back(Ok(GenerationEvent::Done { reason, usage, timings }));
        self.state = GenerationState::Ended;
    }

    fn fail(&mut self, error: EngineError) {
        self.flush();
        self.outbox.push_back(Err(error));
        self.state = GenerationState::Ended;
    }

    fn flush(&mut self) {
        let mut released = Vec::new();
        self.stop.finish(&mut released);
        self.put_out(released);
    }

    fn put_out(&mut self, released: Vec<TokenText>) {
        self.output_tokens += released.len();
        self.outbox.extend(
            released
                .into_iter()
                .map(|token| Ok(GenerationEvent::Token { id: token.token_id, text: token.text })),
        );
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.cancel();
    }
}

#[derive(Debug, Default)]
struct Gathered {
    text: String,
    token_ids: Vec<u32>,
}

impl Gathered {
    fn take(&mut self, event: GenerationEvent) -> Option<Completion> {
        match event {
            GenerationEvent::Token { id, text } => {
                self.token_ids.push(id);
                self.text.push_str(&text);
                None
            }
            GenerationEvent::Done { reason, usage, timings } => {
                let text = std::mem::take(&mut self.text);
                let token_ids = std::mem::take(&mut self.token_ids);
                Some(Completion { text, token_ids, reason, usage, timings })
            }
        }
    }
}
