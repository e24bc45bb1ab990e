//! The engine thread: receives messages, plans a step, runs it, chooses tokens, sends events.
//!
//! One thread owns the scheduler, the pages and the model. All other code sends it messages.
//!
//! Invariants
//! - The thread never waits for a consumer. It parks only while there are no sequences.
//! - Cancellations and deadlines are checked before every step, for waiting sequences too.
//! - A failed step ends only its own sequences. [`FAILED_STEPS_MAX`] failures in a row stop the
//!   engine, and so does a panic, because after one no state can be trusted.
//! - Speculative tokens are verified in one step. Each is accepted only if the model chooses it
//!   anyway.
//! - Every accepted request gets exactly one final event, or its channel closes after the fatal
//!   error was published. It never hangs.

mod outcome;
mod step_metrics;

use crate::engine::admission::Admission;
use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::ConstraintState;
use crate::engine::constraint::forward_with_masks;
use crate::engine::error::EngineError;
use crate::engine::error::FatalError;
use crate::engine::finish::FinishReason;
use crate::engine::options::PrefixCaching;
use crate::engine::options::Speculation;
use crate::engine::parts::EngineParts;
use crate::engine::sampler::Sampler;
use crate::engine::scheduler::NewSequence;
use crate::engine::scheduler::Scheduler;
use crate::engine::scheduler::SchedulerLimits;
use crate::engine::scheduler::StepSchedule;
use crate::engine::scheduler::Tokens;
use crate::engine::sequence::AdmittedRequest;
use crate::engine::sequence::Sequence;
use crate::engine::stats::EngineShared;
use crate::engine::stats::count_time;
use crate::engine::step_cost::StepCostModel;
use crate::engine::step_cost::StepWork;
use crate::engine::step_loop::step_metrics::StepMetrics;
use crate::engine::step_loop::step_metrics::count;
use crate::engine::vocabulary::TokenVocabulary;
use crate::model::Forward;
use crate::model::Logits;
use crate::model::ModelError;
use crate::model::StepInput;
use crate::model::Wanted;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Instant;
use tokio::sync::watch;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::SequenceId;
use vitrine_base::telemetry;

/// Failed steps in a row that stop the engine. A second failure may come from a bad sequence that
/// was scheduled again; a third means that the device or the weights are unusable.
const FAILED_STEPS_MAX: u32 = 3;

/// Settings of the engine thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepOptions {
    /// Must agree with the model's page size and count.
    pub(crate) scheduler: SchedulerLimits,
    pub(crate) prefix_cache: PrefixCaching,
    pub(crate) speculation: Speculation,
    pub(crate) decode_gap_percent: usize,
}

/// How an engine shuts down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Finishes the requests that it accepted.
    Drain,
    /// Ends every generation with [`EngineError::Closing`] before its next step.
    Drop,
}

/// Messages of the control channel, which are handled before any work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Control {
    Shutdown(Shutdown),
}

/// The engine thread's ends of its channels.
#[derive(Debug)]
pub(crate) struct EngineChannels {
    pub(crate) control: Receiver<Control>,
    pub(crate) work: Receiver<AdmittedRequest>,
    /// Dropped when the thread ends, which wakes everything that waits for the engine's end.
    #[expect(dead_code, reason = "dropping it signals the end of the thread")]
    pub(crate) closed: watch::Sender<()>,
}

/// What one iteration of the loop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Ran a step.
    Stepped,
    /// There are no sequences.
    Idle,
    /// There are no sequences and the engine is shutting down.
    Closed,
}

/// The engine thread's state.
pub(crate) struct StepLoop {
    name: String,
    metrics: StepMetrics,
    model: Box<dyn Forward>,
    vocabulary: Arc<dyn TokenVocabulary>,
    clock: SharedClock,
    channels: EngineChannels,
    shared: Arc<EngineShared>,
    admission: Arc<Admission>,
    step_options: StepOptions,
    scheduler: Scheduler,
    step_cost: StepCostModel,
    sequences: HashMap<SequenceId, Sequence>,
    sampler: Sampler,
    next_id: u64,
    step: u64,
    failed_steps: u32,
    shutdown: Option<Shutdown>,
    input: StepInput,
    /// Buffer for the tokens of one sequence's rows.
    rows: Vec<u32>,
}

impl Tokens for HashMap<SequenceId, Sequence> {
    fn known(&self, id: SequenceId) -> &[u32] {
        self.get(&id).map_or(&[], |sequence| &sequence.token_ids)
    }

    fn speculative_count(&self, id: SequenceId) -> usize {
        self.get(&id).map_or(0, |sequence| sequence.speculative_token_ids.len())
    }
}

impl StepLoop {
    /// Creates a loop without sequences.
    pub(crate) fn new(
        parts: EngineParts,
        step_options: StepOptions,
        channels: EngineChannels,
        shared: Arc<EngineShared>,
        admission: Arc<Admission>,
    ) -> Self {
        Self {
            metrics: StepMetrics::of(&parts.name),
            name: parts.name,
            model: parts.model,
            vocabulary: parts.vocabulary,
            clock: parts.clock,
            channels,
            shared,
            admission,
            step_options,
            scheduler: Scheduler::new(step_options.scheduler),
            step_cost: StepCostModel::default(),
            sequences: HashMap::new(),
            sampler: Sampler::default(),
            next_id: 0,
            step: 0,
            failed_steps: 0,
            shutdown: None,
            input: StepInput::default(),
            rows: Vec::new(),
        }
    }

    /// Runs until shutdown or a fatal error. Parks while idle, so a sender must unpark the thread.
    pub(crate) fn run(mut self) {
        loop {
            let cause = match catch_unwind(AssertUnwindSafe(|| self.tick())) {
                Ok(Ok(Tick::Stepped)) => continue,
                Ok(Ok(Tick::Idle)) => {
                    std::thread::park();
                    continue;
                }
                Ok(Ok(Tick::Closed)) => return,
                Ok(Err(cause)) => cause,
                Err(panic) => FatalError::Panic { message: panic_message(panic.as_ref()) },
            };
            return self.fail_engine(cause);
        }
    }

    /// One iteration: receive messages, end cancelled and expired sequences, run a step.
    ///
    /// # Errors
    /// If [`FAILED_STEPS_MAX`] steps failed in a row. The engine must then stop.
    pub(crate) fn tick(&mut self) -> Result<Tick, FatalError> {
        self.receive_messages();
        self.end_expired();
        let tick = if !self.scheduler.is_idle() {
            self.step()?;
            Tick::Stepped
        } else if self.shutdown.is_some() {
            Tick::Closed
        } else {
            Tick::Idle
        };
        self.publish();
        Ok(tick)
    }

    /// Ends every generation with the fatal error `cause`.
    pub(crate) fn fail_engine(mut self, cause: FatalError) {
        tracing::error!(
            model = self.name,
            step = self.step,
            cause = &cause as &dyn std::error::Error,
            "engine stopped after a fatal error"
        );
        // Set first, so that a consumer that sees its channel close can read the cause.
        let _first = self.shared.fatal.set((self.step, Arc::new(cause)));
        self.shared.closing.store(true, Ordering::Release);
        self.fail_all();
    }

    fn receive_messages(&mut self) {
        while let Ok(Control::Shutdown(how)) = self.channels.control.try_recv() {
            self.shared.closing.store(true, Ordering::Release);
            self.shutdown = Some(how);
        }
        if self.shutdown == Some(Shutdown::Drop) {
            return self.fail_all();
        }
        while let Ok(work) = self.channels.work.try_recv() {
            self.accept(work);
        }
        // Erasures come after new requests, so that work queued before an erasure is covered by it.
        let scheduler = &mut self.scheduler;
        self.shared.erasures.carry_out(|owner| {
            let pages = scheduler.forget_owner(owner);
            tracing::debug!(pages, "removed a tenant's pages from the prefix cache");
        });
    }

    fn accept(&mut self, work: AdmittedRequest) {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let prompt_tokens = work.prompt_token_ids.len();
        let arrival = NewSequence {
            id,
            prompt_tokens,
            tokens_max: prompt_tokens + work.output_tokens_max,
            cache: match self.step_options.prefix_cache {
                PrefixCaching::On => work.cache,
                PrefixCaching::Off => CacheScope::Nobody,
            },
            priority: work.priority,
        };
        let sequence = Sequence::new(id, work);
        match self.scheduler.add(arrival) {
            Ok(()) => {
                self.sequences.insert(id, sequence);
            }
            // The handle already refuses such requests. If one slips through, it alone fails.
            Err(never) => {
                let prompt_tokens_max = never.page_count * self.model.limits().page_tokens;
                sequence.fail(EngineError::PromptTooLong { prompt_tokens, prompt_tokens_max });
            }
        }
    }

    /// Ends cancelled sequences and those past their deadline.
    fn end_expired(&mut self) {
        let now = self.clock.instant();
        let ended: Vec<(SequenceId, FinishReason)> = self
            .sequences
            .values()
            .filter_map(|sequence| Some((sequence.id, sequence.end_reason(now)?)))
            .collect();
        for (id, reason) in ended {
            self.finish(id, reason, now);
        }
    }

    fn step(&mut self) -> Result<(), FatalError> {
        let before = self.clock.instant();
        let decoding = self.scheduler.decoding_count();
        self.propose(decoding);
        let prompt_rows_max =
            self.step_cost.prompt_rows(decoding, self.step_options.decode_gap_percent);
        let plan = self.scheduler.plan(&self.sequences, prompt_rows_max);
        assert!(!plan.rows.is_empty(), "sequences exist but none can run");
        count(&self.shared.preemptions, &self.metrics.preemptions, plan.preempted);
        let mut work = self.pack(&plan, before);
        self.step += 1;
        let logits = match self.forward() {
            Ok(logits) => logits,
            Err(cause) => return self.fail_step(&plan, cause),
        };
        self.failed_steps = 0;
        let after = self.clock.instant();
        let time = after.saturating_duration_since(before);
        count_time(&self.shared.step_ns, time);
        self.metrics.step.record(time.as_secs_f64());
        work.output_tokens = self.apply(&plan, &logits, after);
        self.step_cost.learn(work, time, &self.admission.estimates);
        Ok(())
    }

    /// Runs the model. Constraint masks are computed meanwhile on other threads.
    fn forward(&mut self) -> Result<Logits, ModelError> {
        let constraint_states: Vec<&mut ConstraintState> =
            self.sequences.values_mut().filter_map(Sequence::constraint_to_prepare).collect();
        if constraint_states.is_empty() {
            return self.model.forward(&self.input);
        }
        let (model, input) = (&mut self.model, &self.input);
        let (logits, spent) =
            forward_with_masks(constraint_states, &self.clock, || model.forward(input));
        count_time(&self.shared.mask_ns, spent);
        self.metrics.masks.record(spent.as_secs_f64());
        logits
    }

    /// Lets sequences propose speculative tokens if few run and none waits.
    fn propose(&mut self, decoding: usize) {
        let Speculation { draft_tokens_max, sequences_max } = self.step_options.speculation;
        if draft_tokens_max == 0 {
            return;
        }
        let few = self.scheduler.running_count() <= sequences_max;
        let tokens_max = if few && self.scheduler.waiting_count() == 0 {
            self.step_cost.speculation(decoding).min(draft_tokens_max)
        } else {
            0
        };
        for sequence in self.sequences.values_mut() {
            sequence.propose(tokens_max);
        }
    }

    /// Builds the model's input from a plan; returns the number of rows by kind.
    fn pack(&mut self, plan: &StepSchedule, now: Instant) -> StepWork {
        self.input.clear();
        let mut work = StepWork::default();
        let mut prompt_tokens = 0;
        for rows in &plan.rows {
            let Some(sequence) = self.sequences.get_mut(&rows.id) else {
                unreachable!("a planned sequence exists");
            };
            if let (true, Some(constraint_state)) =
                (rows.reaches_end, &mut sequence.constraint_state)
            {
                constraint_state.request_mask();
            }
            if let Some(queued) = sequence.start(now, rows.first_position) {
                self.metrics.queue.record(queued.as_secs_f64());
                let (shared, metrics) = (&self.shared, &self.metrics);
                count(&shared.prefix_queries, &metrics.prefix_queries, sequence.prompt_tokens);
                count(&shared.prefix_hits, &metrics.prefix_hits, rows.first_position);
                let computed = sequence.prompt_tokens.saturating_sub(rows.first_position);
                self.admission.estimates.learn_prompt(sequence.prompt_tokens, computed);
            }
            let range = rows.first_position..rows.first_position + rows.row_count;
            prompt_tokens += range.end.min(sequence.prompt_tokens).saturating_sub(range.start);
            if rows.reaches_end && rows.row_count == 1 {
                work.decode_rows += 1;
            } else {
                work.prompt_rows += rows.row_count;
            }
            work.speculative_rows += rows.speculative_count;
            let pages = self.scheduler.pages(rows.id);
            let wanted = match (rows.reaches_end, rows.speculative_count) {
                (false, _) => Wanted::Nothing,
                (true, 0) if sequence.is_plain_greedy() => Wanted::Likeliest,
                (true, 0) => Wanted::Last,
                (true, _) if sequence.is_plain_greedy() => Wanted::AllLikeliest,
                (true, _) => Wanted::All,
            };
            self.rows.clear();
            self.rows.extend_from_slice(&sequence.token_ids[range]);
            self.rows.extend_from_slice(&sequence.speculative_token_ids[..rows.speculative_count]);
            self.input.push(&self.rows, rows.first_position, pages, wanted);
        }
        count(&self.shared.prompt_tokens, &self.metrics.prompt_tokens, prompt_tokens);
        work
    }

    fn finish(&mut self, id: SequenceId, reason: FinishReason, now: Instant) {
        if let Some(sequence) = self.forget(id) {
            let tokens = (sequence.prompt_tokens, sequence.output_tokens());
            self.metrics.finished(reason, sequence.age(now).as_secs_f64(), tokens);
            if reason != FinishReason::Cancelled {
                self.admission.estimates.learn_output(sequence.output_tokens());
            }
            sequence.finish(reason, now);
        }
    }

    fn fail(&mut self, id: SequenceId, error: EngineError) {
        if let Some(sequence) = self.forget(id) {
            sequence.fail(error);
        }
    }

    /// Removes a sequence and frees its pages before its consumer receives the final event.
    fn forget(&mut self, id: SequenceId) -> Option<Sequence> {
        self.scheduler.remove(id);
        self.shared.finished.fetch_add(1, Ordering::Relaxed);
        self.store_counts();
        self.sequences.remove(&id)
    }

    fn fail_all(&mut self) {
        let ids: Vec<SequenceId> = self.sequences.keys().copied().collect();
        for id in ids {
            self.fail(id, self.shared.end_error());
        }
        while let Ok(work) = self.channels.work.try_recv() {
            work.refuse(self.shared.end_error());
        }
    }

    /// Publishes the numbers of sequences and pages.
    fn store_counts(&self) {
        self.shared.running.store(self.scheduler.running_count(), Ordering::Relaxed);
        self.shared.preempted.store(self.scheduler.preempted_count(), Ordering::Relaxed);
        self.shared.pages_used.store(self.scheduler.pages_taken(), Ordering::Relaxed);
        self.shared.pages_cached.store(self.scheduler.pages_cached(), Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges need no exact values")]
    fn publish(&self) {
        self.store_counts();
        self.shared.steps.store(self.step, Ordering::Relaxed);
        let waiting = self.scheduler.preempted_count() + self.admission.waiting();
        let page_count = self.model.limits().page_count.max(1);
        let usage = self.scheduler.pages_taken() as f64 / page_count as f64;
        let known = self.scheduler.pages_cached() as f64 / page_count as f64;
        let gauges = [
            (telemetry::SEQUENCES_RUNNING, self.scheduler.running_count() as f64),
            (telemetry::SEQUENCES_WAITING, waiting as f64),
            (telemetry::KV_CACHE_USAGE, usage),
            (telemetry::KV_CACHE_REGISTERED, known),
        ];
        for (name, value) in gauges {
            metrics::gauge!(name, "model" => self.name.clone()).set(value);
        }
    }

    /// Checks the scheduler's invariants, and that it is idle exactly if there are no sequences.
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        self.scheduler.check_integrity();
        assert_eq!(self.scheduler.is_idle(), self.sequences.is_empty());
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests;
