//! The engine thread: hears its lanes, plans a step, runs it, chooses tokens, tells the consumers.
//!
//! One thread owns the scheduler, the pages and the model; everybody else sends messages.
//!
//! Invariants
//! - The thread never waits for a consumer; it parks only when no sequence exists.
//! - Cancels and deadlines are noticed before every step, in the waiting line too.
//! - Every accepted request ends with exactly one event, or its channel closes after the cause of
//!   death was published: never a hang.

use crate::base::clock::SharedClock;
use crate::base::ids::SequenceId;
use crate::base::telemetry;
use crate::engine::admission::Admission;
use crate::engine::constraint::Advance;
use crate::engine::constraint::Guard;
use crate::engine::constraint::prepare_beside;
use crate::engine::error::Death;
use crate::engine::error::EngineError;
use crate::engine::generation::FinishReason;
use crate::engine::handle::EngineParts;
use crate::engine::request::EndOfText;
use crate::engine::sampler::Sampler;
use crate::engine::scheduler::Scheduler;
use crate::engine::scheduler::SchedulerLimits;
use crate::engine::scheduler::StepPlan;
use crate::engine::sequence::Sequence;
use crate::engine::sequence::Work;
use crate::engine::stats::Shared;
use crate::engine::stats::count;
use crate::engine::stats::count_time;
use crate::engine::vocabulary::Vocabulary;
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

/// How the engine stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Finishes what it accepted.
    Drain,
    /// Ends every generation with [`EngineError::Closing`] before its next step.
    Drop,
}

/// What the control lane carries: heard before any work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Control {
    /// Stop.
    Shutdown(Shutdown),
}

/// The engine thread's ends of its channels.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) control: Receiver<Control>,
    pub(crate) work: Receiver<Work>,
    /// Closes when the thread ends.
    #[expect(dead_code, reason = "dropping it is its message")]
    pub(crate) closed: watch::Sender<()>,
}

/// What one turn of the loop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Ran a step.
    Stepped,
    /// Nobody to run.
    Idle,
    /// Nobody to run, and nobody will come.
    Closed,
}

/// The engine thread's state.
pub(crate) struct StepLoop {
    name: String,
    model: Box<dyn Forward>,
    vocabulary: Arc<dyn Vocabulary>,
    clock: SharedClock,
    lanes: Lanes,
    shared: Arc<Shared>,
    admission: Arc<Admission>,
    scheduler: Scheduler,
    sequences: HashMap<SequenceId, Sequence>,
    sampler: Sampler,
    next_id: u64,
    step: u64,
    shutdown: Option<Shutdown>,
    input: StepInput,
}

impl StepLoop {
    /// A loop of nobody. `limits` agree with the model's.
    pub(crate) fn new(
        parts: EngineParts,
        limits: SchedulerLimits,
        lanes: Lanes,
        shared: Arc<Shared>,
        admission: Arc<Admission>,
    ) -> Self {
        Self {
            name: parts.name,
            model: parts.model,
            vocabulary: parts.vocabulary,
            clock: parts.clock,
            lanes,
            shared,
            admission,
            scheduler: Scheduler::new(limits),
            sequences: HashMap::new(),
            sampler: Sampler::default(),
            next_id: 0,
            step: 0,
            shutdown: None,
            input: StepInput::default(),
        }
    }

    /// Runs until shutdown or death; parks while idle, so whoever sends must unpark.
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
                Err(panic) => Death::Panic { message: panic_message(panic.as_ref()) },
            };
            return self.die(cause);
        }
    }

    /// One turn: hear, sweep, step.
    ///
    /// # Errors
    /// If the forward pass fails; the engine is of no use then.
    pub(crate) fn tick(&mut self) -> Result<Tick, Death> {
        self.hear();
        self.sweep();
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

    /// Ends every generation with the cause, for good.
    pub(crate) fn die(mut self, cause: Death) {
        tracing::error!(
            model = self.name,
            step = self.step,
            cause = &cause as &dyn std::error::Error,
            "engine died"
        );
        // Published before anything ends: whoever sees the end can read the cause.
        let _first = self.shared.death.set((self.step, Arc::new(cause)));
        self.shared.closing.store(true, Ordering::Release);
        self.fail_all();
    }

    fn hear(&mut self) {
        while let Ok(Control::Shutdown(how)) = self.lanes.control.try_recv() {
            self.shared.closing.store(true, Ordering::Release);
            self.shutdown = Some(how);
        }
        if self.shutdown == Some(Shutdown::Drop) {
            return self.fail_all();
        }
        while let Ok(work) = self.lanes.work.try_recv() {
            self.accept(work);
        }
    }

    fn accept(&mut self, work: Work) {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let sequence = Sequence::new(id, work);
        let prompt_tokens = sequence.prompt_tokens;
        let tokens_max = prompt_tokens + sequence.output_tokens_max;
        match self.scheduler.add(id, prompt_tokens, tokens_max) {
            Ok(()) => {
                self.sequences.insert(id, sequence);
            }
            // The handle refuses these already; here it costs one sequence, not the engine.
            Err(never) => {
                let prompt_tokens_max = never.page_count * self.model.limits().page_tokens;
                sequence.fail(EngineError::PromptTooLong { prompt_tokens, prompt_tokens_max });
            }
        }
    }

    /// Ends what was cancelled or is late.
    fn sweep(&mut self) {
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

    fn step(&mut self) -> Result<(), Death> {
        let before = self.clock.instant();
        let plan = self.scheduler.plan();
        assert!(!plan.rows.is_empty(), "sequences exist but nobody can move");
        self.pack(&plan, before);
        self.step += 1;
        let logits = self.forward().map_err(Death::Forward)?;
        let after = self.clock.instant();
        let step_time = after.saturating_duration_since(before);
        count_time(&self.shared.step_ns, step_time);
        metrics::histogram!(telemetry::STEP_SECONDS).record(step_time.as_secs_f64());
        count(&self.shared.preemptions, plan.preempted);
        self.apply(&plan, &logits, after);
        Ok(())
    }

    /// Runs the model; what the constraints allow is found out meanwhile.
    fn forward(&mut self) -> Result<Logits, ModelError> {
        let guards: Vec<&mut Guard> =
            self.sequences.values_mut().filter_map(Sequence::wanted_guard).collect();
        if guards.is_empty() {
            return self.model.forward(&self.input);
        }
        let (model, input) = (&mut self.model, &self.input);
        let (logits, spent) = prepare_beside(guards, &self.clock, || model.forward(input));
        count_time(&self.shared.mask_ns, spent);
        metrics::histogram!(telemetry::MASK_SECONDS).record(spent.as_secs_f64());
        logits
    }

    /// Turns a plan into the model's input.
    fn pack(&mut self, plan: &StepPlan, now: Instant) {
        self.input.clear();
        let mut prompt_rows = 0;
        for rows in &plan.rows {
            let Some(sequence) = self.sequences.get_mut(&rows.id) else {
                unreachable!("a planned sequence exists");
            };
            sequence.start(now);
            if let (true, Some(guard)) = (rows.reaches_end, &mut sequence.guard) {
                guard.want();
            }
            let range = rows.first_position..rows.first_position + rows.row_count;
            let prompt_end = range.end.min(sequence.prompt_tokens);
            prompt_rows += prompt_end.saturating_sub(range.start);
            let wanted = if rows.reaches_end { Wanted::Last } else { Wanted::Nothing };
            let pages = self.scheduler.pages(rows.id);
            self.input.push(&sequence.token_ids[range], rows.first_position, pages, wanted);
        }
        count(&self.shared.prompt_tokens, prompt_rows);
        metrics::counter!(telemetry::PROMPT_TOKENS_TOTAL)
            .increment(u64::try_from(prompt_rows).unwrap_or(u64::MAX));
    }

    /// Records what the step computed and chooses a token for each sequence that reached its end.
    fn apply(&mut self, plan: &StepPlan, logits: &Logits, now: Instant) {
        let mut logit_rows = logits.rows();
        let wanted = plan.rows.iter().filter(|rows| rows.reaches_end).count();
        assert_eq!(logit_rows.len(), wanted, "the model answers every wanted row");
        for rows in &plan.rows {
            self.scheduler.advance(rows);
            if !rows.reaches_end {
                continue;
            }
            let Some(row) = logit_rows.next() else { unreachable!("the counts agree") };
            self.choose(rows.id, row, now);
        }
    }

    fn choose(&mut self, id: SequenceId, logits: &[f32], now: Instant) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        let token_id = match sequence.choose(&mut self.sampler, logits) {
            Ok(token_id) => token_id,
            Err(error) => return self.fail(id, error),
        };
        let ends = self.vocabulary.is_end_of_generation(token_id);
        if ends && (sequence.end_of_text == EndOfText::Stop || sequence.guard.is_some()) {
            return self.finish(id, FinishReason::Stop, now);
        }
        let advance = match sequence.advance_guard(token_id) {
            Ok(advance) => advance,
            Err(error) => return self.fail(id, error),
        };
        let first_token_after = sequence.push(token_id, now);
        let is_last = sequence.output_tokens() >= sequence.output_tokens_max;
        count(&self.shared.output_tokens, 1);
        metrics::counter!(telemetry::GENERATION_TOKENS_TOTAL).increment(1);
        if let Some(after) = first_token_after {
            metrics::histogram!(telemetry::TIME_TO_FIRST_TOKEN_SECONDS).record(after.as_secs_f64());
        }
        if advance == Advance::Complete {
            self.finish(id, FinishReason::Stop, now);
        } else if is_last {
            self.finish(id, FinishReason::Length, now);
        } else {
            self.scheduler.grow(id);
        }
    }

    fn finish(&mut self, id: SequenceId, reason: FinishReason, now: Instant) {
        if let Some(sequence) = self.forget(id) {
            sequence.finish(reason, now);
        }
    }

    fn fail(&mut self, id: SequenceId, error: EngineError) {
        if let Some(sequence) = self.forget(id) {
            sequence.fail(error);
        }
    }

    /// Takes a sequence out; its pages are free before its consumer hears of the end.
    fn forget(&mut self, id: SequenceId) -> Option<Sequence> {
        self.scheduler.remove(id);
        count(&self.shared.finished, 1);
        self.store_counts();
        self.sequences.remove(&id)
    }

    fn fail_all(&mut self) {
        let ids: Vec<SequenceId> = self.sequences.keys().copied().collect();
        for id in ids {
            self.fail(id, self.shared.end_error());
        }
        while let Ok(work) = self.lanes.work.try_recv() {
            work.refuse(self.shared.end_error());
        }
    }

    /// Shows how many run and wait, and the pages they own.
    fn store_counts(&self) {
        self.shared.running.store(self.scheduler.running_count(), Ordering::Relaxed);
        self.shared.preempted.store(self.scheduler.preempted_count(), Ordering::Relaxed);
        self.shared.pages_used.store(self.scheduler.pages_taken(), Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges are for people")]
    fn publish(&self) {
        self.store_counts();
        self.shared.steps.store(self.step, Ordering::Relaxed);
        let waiting = self.scheduler.preempted_count() + self.admission.waiting();
        let page_count = self.model.limits().page_count.max(1);
        let usage = self.scheduler.pages_taken() as f64 / page_count as f64;
        metrics::gauge!(telemetry::SEQUENCES_RUNNING, "model" => self.name.clone())
            .set(self.scheduler.running_count() as f64);
        metrics::gauge!(telemetry::SEQUENCES_WAITING, "model" => self.name.clone())
            .set(waiting as f64);
        metrics::gauge!(telemetry::KV_CACHE_USAGE, "model" => self.name.clone()).set(usage);
    }

    /// Checks the scheduler's invariants and that it knows the same sequences.
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
