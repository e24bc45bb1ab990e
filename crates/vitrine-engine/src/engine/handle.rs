//! The handle to an engine: validates a request, admits it and sends it to the engine thread.
//!
//! Invariants
//! - A request that can never run is refused here, before it costs anything. Of the refusals, only
//!   `Full`, `Overloaded` and `DeadlineUnreachable` are temporary.
//! - When the last handle is dropped, the engine finishes the requests it accepted, then its thread
//!   ends.

use crate::engine::admission::Admission;
use crate::engine::admission::AdmissionLimits;
use crate::engine::admission::Applicant;
use crate::engine::cache_scope::CacheOwner;
use crate::engine::error::EngineError;
use crate::engine::generation::Generation;
use crate::engine::generation::GenerationParts;
use crate::engine::options::EngineOptions;
use crate::engine::parts::EngineParts;
use crate::engine::request::GenerationRequest;
use crate::engine::scheduler::SchedulerLimits;
use crate::engine::sequence::AdmittedRequest;
use crate::engine::sequence::event_channel_capacity;
use crate::engine::stats::EngineShared;
use crate::engine::stats::EngineStats;
use crate::engine::step_loop::Control;
use crate::engine::step_loop::EngineChannels;
use crate::engine::step_loop::Shutdown;
use crate::engine::step_loop::StepLoop;
use crate::engine::step_loop::StepOptions;
use crate::engine::vocabulary::TokenVocabulary;
use crate::model::ForwardLimits;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread::Thread;
use std::time::Duration;
use tokio::sync::watch;
use vitrine_base::clock::SharedClock;
use vitrine_base::telemetry;

/// Capacity of the control channel. The thread drains it before every step; a message that finds it
/// full is dropped, because the queued ones already request a shutdown.
const CONTROL_CHANNEL_CAPACITY: usize = 16;

/// Handle to a running engine. Clones share the engine.
#[derive(Debug, Clone)]
pub struct EngineHandle {
    inner: Arc<EngineInner>,
}

#[derive(Debug)]
struct EngineInner {
    control: SyncSender<Control>,
    work: SyncSender<AdmittedRequest>,
    /// Unset only in tests, which drive the loop themselves.
    thread: OnceLock<Thread>,
    closed: watch::Receiver<()>,
    shared: Arc<EngineShared>,
    admission: Arc<Admission>,
    vocabulary: Arc<dyn TokenVocabulary>,
    clock: SharedClock,
    model_limits: ForwardLimits,
    context_tokens_max: usize,
    output_tokens_max: usize,
}

impl EngineHandle {
    /// Starts an engine thread for a model. `page_tokens` and `kv_bytes_max` are not read here:
    /// they already took effect when the model was loaded.
    ///
    /// # Errors
    /// If an option is out of range or the thread cannot be started.
    pub fn start(parts: EngineParts, options: EngineOptions) -> Result<Self, EngineError> {
        let thread_name = format!("engine {}", parts.name);
        let (handle, step_loop) = Self::assemble(parts, options)?;
        let thread = std::thread::Builder::new()
            .name(thread_name)
            .spawn(move || step_loop.run())
            .map_err(|cause| EngineError::Thread { cause })?;
        handle.inner.thread.get_or_init(|| thread.thread().clone());
        Ok(handle)
    }

    /// Builds a handle and its step loop without starting a thread.
    pub(crate) fn assemble(
        parts: EngineParts,
        options: EngineOptions,
    ) -> Result<(Self, StepLoop), EngineError> {
        options.check()?;
        let model_limits = parts.model.limits();
        let context_tokens_max = options.context_tokens(model_limits)?;
        let (control, control_receiver) = sync_channel(CONTROL_CHANNEL_CAPACITY);
        let (work, work_receiver) = sync_channel(options.waiting_max);
        let (closed_sender, closed) = watch::channel(());
        let shared = Arc::new(EngineShared::default());
        let admission = Admission::new(AdmissionLimits {
            waiting_max: options.waiting_max,
            prompt_tokens_max: options.waiting_prompt_tokens_max,
            delay_max: options.waiting_time_max,
            sequences_max: options.sequences_max,
        });
        let inner = EngineInner {
            control,
            work,
            thread: OnceLock::new(),
            closed,
            shared: Arc::clone(&shared),
            admission: Arc::clone(&admission),
            vocabulary: Arc::clone(&parts.vocabulary),
            clock: Arc::clone(&parts.clock),
            model_limits,
            context_tokens_max,
            output_tokens_max: options.output_tokens_max,
        };
        let step_options = StepOptions {
            scheduler: SchedulerLimits {
                step_tokens_max: options.step_tokens_max,
                sequences_max: options.sequences_max,
                page_tokens: model_limits.page_tokens,
                page_count: model_limits.page_count,
            },
            prefix_cache: options.prefix_cache,
            speculation: options.speculation,
            decode_gap_percent: options.decode_gap_percent,
        };
        let channels = EngineChannels {
            control: control_receiver,
            work: work_receiver,
            closed: closed_sender,
        };
        let step_loop = StepLoop::new(parts, step_options, channels, shared, admission);
        Ok((Self { inner: Arc::new(inner) }, step_loop))
    }

    /// Validates a request and adds it to the waiting queue. Never blocks.
    ///
    /// # Errors
    /// If the request can never run ([`EngineError::EmptyPrompt`], [`EngineError::PromptTooLong`]
    /// and the like), if the queue is full ([`EngineError::Full`]), if the requests ahead would
    /// delay it too long ([`EngineError::Overloaded`]), if its deadline cannot be met
    /// ([`EngineError::DeadlineUnreachable`]), or if the engine is shutting down or has stopped.
    pub fn submit(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let inner = &self.inner;
        let output_tokens_max = self.check(&request)?;
        if inner.shared.closing.load(Ordering::Acquire) {
            return Err(inner.shared.end_error());
        }
        let prompt_tokens = request.prompt_token_ids.len();
        let submitted = inner.clock.instant();
        let applicant = Applicant {
            prompt_tokens,
            priority: request.priority,
            time_left: request
                .deadline
                .map(|deadline| deadline.saturating_duration_since(submitted)),
            now: submitted,
        };
        let permit = inner.admission.enter(applicant).inspect_err(count_refusal)?;
        let capacity = event_channel_capacity(output_tokens_max);
        let (events, receiver) = tokio::sync::mpsc::channel(capacity);
        let cancelled = Arc::new(AtomicBool::new(false));
        let work = AdmittedRequest {
            prompt_token_ids: request.prompt_token_ids,
            output_tokens_max,
            sampling: request.sampling,
            end_of_text: request.end_of_text,
            cache: request.cache,
            priority: request.priority,
            constraint: request.constraint,
            deadline: request.deadline,
            submitted,
            events,
            cancelled: Arc::clone(&cancelled),
            permit,
        };
        // An admitted request always finds room in the channel, so this fails only after the thread
        // ended.
        inner.work.try_send(work).map_err(|_| inner.shared.end_error())?;
        inner.wake();
        Ok(Generation::new(GenerationParts {
            events: receiver,
            cancelled,
            detokenizer: inner.vocabulary.detokenizer(),
            stop: request.stop,
            shared: Arc::clone(&inner.shared),
            prompt_tokens,
        }))
    }

    /// Validates a request; returns its output limit, capped by the context left after the prompt.
    fn check(&self, request: &GenerationRequest) -> Result<usize, EngineError> {
        let prompt_tokens = request.prompt_token_ids.len();
        if prompt_tokens == 0 {
            return Err(EngineError::EmptyPrompt);
        }
        let prompt_tokens_max = self.prompt_tokens_max();
        if prompt_tokens > prompt_tokens_max {
            return Err(EngineError::PromptTooLong { prompt_tokens, prompt_tokens_max });
        }
        let vocabulary_size = self.inner.model_limits.vocabulary_size;
        let strange = |token: &&u32| **token as usize >= vocabulary_size;
        if let Some(token) = request.prompt_token_ids.iter().find(strange) {
            return Err(EngineError::Token { token: *token, vocabulary_size });
        }
        let output_tokens = request.output_tokens_max;
        let output_tokens_max = self.inner.output_tokens_max;
        if output_tokens == 0 || output_tokens > output_tokens_max {
            return Err(EngineError::OutputTokens { output_tokens, output_tokens_max });
        }
        request.check_stop()?;
        request.sampling.check()?;
        Ok(output_tokens.min(self.inner.context_tokens_max - prompt_tokens))
    }

    /// A snapshot of the engine's counters.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let shared = &self.inner.shared;
        EngineStats {
            running: shared.running.load(Ordering::Relaxed),
            waiting: shared.preempted.load(Ordering::Relaxed) + self.inner.admission.waiting(),
            waiting_prompt_tokens: self.inner.admission.prompt_tokens(),
            pages_used: shared.pages_used.load(Ordering::Relaxed),
            pages_cached: shared.pages_cached.load(Ordering::Relaxed),
            pages_total: self.inner.model_limits.page_count,
            steps: shared.steps.load(Ordering::Relaxed),
            prompt_tokens: shared.prompt_tokens.load(Ordering::Relaxed),
            prefix_queries: shared.prefix_queries.load(Ordering::Relaxed),
            prefix_hits: shared.prefix_hits.load(Ordering::Relaxed),
            output_tokens: shared.output_tokens.load(Ordering::Relaxed),
            speculative_tokens: shared.speculative_tokens.load(Ordering::Relaxed),
            speculative_tokens_accepted: shared.speculative_tokens_accepted.load(Ordering::Relaxed),
            preemptions: shared.preemptions.load(Ordering::Relaxed),
            finished: shared.finished.load(Ordering::Relaxed),
            step_time: Duration::from_nanos(shared.step_ns.load(Ordering::Relaxed)),
            mask_time: Duration::from_nanos(shared.mask_ns.load(Ordering::Relaxed)),
        }
    }

    /// Longest prompt accepted, in tokens: the context must leave room for one output token.
    #[must_use]
    pub(crate) fn prompt_tokens_max(&self) -> usize {
        self.inner.context_tokens_max - 1
    }

    /// Maximum length of prompt and output together, in tokens.
    #[must_use]
    pub(crate) fn context_tokens_max(&self) -> usize {
        self.inner.context_tokens_max
    }

    /// Most output tokens that a request may ask for.
    #[must_use]
    pub(crate) fn output_tokens_max(&self) -> usize {
        self.inner.output_tokens_max
    }

    /// Most output tokens that a request can get after a prompt of `prompt_tokens`: what the
    /// context leaves, at most [`EngineOptions::output_tokens_max`]. 0 if the prompt is too long.
    #[must_use]
    pub fn output_room(&self, prompt_tokens: usize) -> usize {
        let left = self.inner.context_tokens_max.saturating_sub(prompt_tokens);
        left.min(self.inner.output_tokens_max)
    }

    /// The output limit to submit for a caller who wants at most `wanted` tokens: lowered to
    /// [`output_room`](Self::output_room), and all of that room where `wanted` is `None`.
    ///
    /// A prompt that leaves no room gets the limit 1, so that [`submit`](Self::submit) refuses it
    /// as [`EngineError::PromptTooLong`] rather than for its output limit.
    #[must_use]
    pub fn output_limit(&self, prompt_tokens: usize, wanted: Option<usize>) -> usize {
        let room = self.output_room(prompt_tokens).max(1);
        wanted.unwrap_or(room).min(room)
    }

    /// The limits of the loaded model, such as its page count and context length.
    #[must_use]
    pub fn model_limits(&self) -> ForwardLimits {
        self.inner.model_limits
    }

    /// Whether the engine accepts requests.
    ///
    /// # Errors
    /// [`EngineError::Dead`] with its cause after a fatal error, [`EngineError::Closing`] during
    /// shutdown.
    pub fn check_alive(&self) -> Result<(), EngineError> {
        if self.inner.shared.closing.load(Ordering::Acquire) {
            return Err(self.inner.shared.end_error());
        }
        Ok(())
    }

    /// Removes an owner's pages from the prefix cache and stops caching those of its present
    /// generations. Returns when this is done, which is before the next step or at the engine's
    /// end.
    pub async fn forget_cached(&self, owner: CacheOwner) {
        let erasures = &self.inner.shared.erasures;
        let order = erasures.ask(owner);
        self.inner.wake();
        tokio::select! {
            () = erasures.done(order) => {}
            () = self.closed() => {}
        }
    }

    /// Refuses new requests from now on and requests the thread's end. Does not wait for it.
    pub fn shutdown(&self, how: Shutdown) {
        self.inner.shared.closing.store(true, Ordering::Release);
        self.inner.send_control(Control::Shutdown(how));
    }

    /// Waits until the engine thread has ended. The future does not keep the engine alive.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closed = self.inner.closed.clone();
        async move { while closed.changed().await.is_ok() {} }
    }
}

impl EngineInner {
    fn send_control(&self, message: Control) {
        // A full or closed channel means that the thread is about to stop anyway.
        let _stopping = self.control.try_send(message).is_err();
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

fn count_refusal(error: &EngineError) {
    let reason = match error {
        EngineError::DeadlineUnreachable { .. } => "deadline",
        EngineError::Overloaded { .. } => "delay",
        _ => "full",
    };
    metrics::counter!(telemetry::GENERATIONS_REFUSED_TOTAL, "reason" => reason).increment(1);
}

impl Drop for EngineInner {
    fn drop(&mut self) {
        self.send_control(Control::Shutdown(Shutdown::Drain));
    }
}
