//! Admission control: bounds the waiting queue by requests, prompt tokens and estimated delay.
//!
//! Invariants
//! - A request gets its permit before it enters the work channel. It counts as waiting until its
//!   first step and as running until its end. So the channel, whose capacity is `waiting_max`, is
//!   never full.
//! - An empty queue accepts any prompt, however long, and an empty engine any request, so none is
//!   refused for ever.
//! - A refusal only takes a lock; it never waits for the engine thread.
//! - A live request is refused for being late, not for waiting: its estimated delay must exceed
//!   half of the time to its deadline. One without a deadline is refused only while requests have
//!   been waiting for a second without a pause and it would wait as long itself, so a burst is
//!   served.
//! - Nothing is refused on an estimate that is not measured.
//!
//! Sources: bounds on requests and on queued prefill tokens as in vLLM (`--max-num-queued-reqs`,
//! `--max-num-queued-tokens`). That a queue is judged by how long it stands, not by its length, is
//! CoDel (Nichols & Jacobson 2012).

use crate::engine::error::EngineError;
use crate::engine::request::Priority;
use crate::engine::step_cost::CostEstimates;
use crate::engine::step_cost::QueueLoad;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// A deadline is unreachable if the estimated queueing time exceeds the remaining time by this
/// factor. Estimates are rough and queued prompts may be found in the prefix cache; refusing a
/// request that could have been served is worse than serving one late.
const LATE_FACTOR: u32 = 2;

/// A live request may be delayed by this part of the time to its deadline; the rest is for its own
/// answer, and for errors of the estimate.
const DEADLINE_PARTS: u32 = 2;

/// How long a live request without a deadline may wait for its first step while the queue stands:
/// about as long as a person waits without a sign of life (Nielsen 1993).
const WAITING_TIME: Duration = Duration::from_secs(1);

/// Limits of admission control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdmissionLimits {
    /// Most requests that wait for their first step.
    pub(crate) waiting_max: usize,
    /// Most prompt tokens of the waiting requests together.
    pub(crate) prompt_tokens_max: usize,
    /// Maximum estimated delay of every live request; `None` means half of the time to the
    /// request's deadline, and [`WAITING_TIME`] for one without.
    pub(crate) delay_max: Option<Duration>,
    /// Most sequences that run at once.
    pub(crate) sequences_max: usize,
}

#[derive(Debug, Default)]
struct QueueCounts {
    waiting: usize,
    prompt_tokens: usize,
    /// Live requests among `waiting`.
    live_waiting: usize,
    /// Their share of `prompt_tokens`.
    live_prompt_tokens: usize,
    running: usize,
    /// Since when live requests have been waiting without a pause; `None` if none waits.
    waiting_since: Option<Instant>,
}

impl QueueCounts {
    /// Whether live requests have been waiting for as long as `time` without a pause.
    fn stands(&self, now: Instant, time: Duration) -> bool {
        self.waiting_since.is_some_and(|since| now.saturating_duration_since(since) >= time)
    }
}

/// Admits or refuses requests; shared by the handles and the engine thread.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: AdmissionLimits,
    line: Mutex<QueueCounts>,
    /// Cost estimates published by the engine thread.
    pub(crate) estimates: CostEstimates,
}

/// A request that asks for admission.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant {
    pub(crate) prompt_tokens: usize,
    pub(crate) priority: Priority,
    /// Time until its deadline; `None` if it has none.
    pub(crate) time_left: Option<Duration>,
    /// When it asks.
    pub(crate) now: Instant,
}

/// An admission permit. Counts its request as waiting, then as running, until it is dropped.
#[derive(Debug)]
pub(crate) struct AdmissionPermit {
    admission: Arc<Admission>,
    prompt_tokens: usize,
    priority: Priority,
    runs: bool,
}

impl Admission {
    /// Creates an empty queue.
    pub(crate) fn new(limits: AdmissionLimits) -> Arc<Self> {
        Arc::new(Self { limits, line: Mutex::default(), estimates: CostEstimates::default() })
    }

    /// Admits a request or refuses it at once.
    ///
    /// # Errors
    /// [`EngineError::Full`] if the queue has no room for it. [`EngineError::Overloaded`] if the
    /// requests ahead would delay it too long. [`EngineError::DeadlineUnreachable`] if even half of
    /// the estimated queueing time exceeds the time until its deadline.
    pub(crate) fn enter(
        self: &Arc<Self>,
        asked: Applicant,
    ) -> Result<AdmissionPermit, EngineError> {
        let Applicant { prompt_tokens, priority, .. } = asked;
        let mut line = self.lock();
        let tokens = line.prompt_tokens.saturating_add(prompt_tokens);
        let too_many_tokens = line.waiting > 0 && tokens > self.limits.prompt_tokens_max;
        if line.waiting >= self.limits.waiting_max || too_many_tokens {
            let everybody = QueueLoad {
                running: line.running,
                waiting: line.waiting,
                prompt_tokens: line.prompt_tokens,
                sequences_max: self.limits.sequences_max,
            };
            return Err(EngineError::Full {
                waiting: line.waiting,
                waiting_max: self.limits.waiting_max,
                prompt_tokens_waiting: line.prompt_tokens,
                prompt_tokens_waiting_max: self.limits.prompt_tokens_max,
                retry_after: self.estimates.time_for(everybody),
            });
        }
        if priority == Priority::Live {
            self.check_delay(&line, &asked)?;
        }
        if let Some(left) = asked.time_left {
            let ahead = match priority {
                Priority::Live => line.live_prompt_tokens,
                Priority::Outreach => line.prompt_tokens,
            };
            let takes = self.estimates.prompts(ahead);
            if takes > left.saturating_mul(LATE_FACTOR) {
                return Err(EngineError::DeadlineUnreachable { left, line: takes });
            }
        }
        line.waiting += 1;
        line.prompt_tokens = tokens;
        if priority == Priority::Live {
            if line.live_waiting == 0 {
                line.waiting_since = Some(asked.now);
            }
            line.live_waiting += 1;
            line.live_prompt_tokens += prompt_tokens;
        }
        Ok(AdmissionPermit { admission: Arc::clone(self), prompt_tokens, priority, runs: false })
    }

    /// Checks the estimated delay of a live request. Waiting outreach is not counted, as it comes
    /// after.
    fn check_delay(&self, line: &QueueCounts, asked: &Applicant) -> Result<(), EngineError> {
        let ahead = QueueLoad {
            running: line.running,
            waiting: line.live_waiting,
            prompt_tokens: line.live_prompt_tokens,
            sequences_max: self.limits.sequences_max,
        };
        if ahead.running + ahead.waiting == 0 {
            return Ok(());
        }
        let delay = || self.estimates.delay_behind(ahead);
        let (delay, delay_max) = match (self.limits.delay_max, asked.time_left) {
            (Some(delay_max), _) => (delay(), delay_max),
            (None, Some(left)) => (delay(), left / DEADLINE_PARTS),
            (None, None) if line.stands(asked.now, WAITING_TIME) => {
                (self.estimates.wait_behind(ahead), WAITING_TIME)
            }
            (None, None) => return Ok(()),
        };
        if delay > delay_max {
            let QueueLoad { running, waiting, .. } = ahead;
            return Err(EngineError::Overloaded { running, waiting, delay, delay_max });
        }
        Ok(())
    }

    /// Number of waiting requests.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    /// Prompt tokens of the waiting requests.
    pub(crate) fn prompt_tokens(&self) -> usize {
        self.lock().prompt_tokens
    }

    fn lock(&self) -> MutexGuard<'_, QueueCounts> {
        // The counts are updated without any call that could panic half way, so poisoning is
        // harmless.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AdmissionPermit {
    /// Counts the request as running from now on.
    pub(crate) fn start(&mut self) {
        if !std::mem::replace(&mut self.runs, true) {
            let mut line = self.admission.lock();
            self.leave(&mut line);
            line.running += 1;
        }
    }

    fn leave(&self, line: &mut QueueCounts) {
        line.waiting -= 1;
        line.prompt_tokens -= self.prompt_tokens;
        if self.priority == Priority::Live {
            line.live_waiting -= 1;
            line.live_prompt_tokens -= self.prompt_tokens;
            if line.live_waiting == 0 {
                line.waiting_since = None;
            }
        }
    }
}

impl Drop for AdmissionPermit {
    fn drop(&mut self) {
        let mut line = self.admission.lock();
        if self.runs {
            line.running -= 1;
        } else {
            self.leave(&mut line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::step_cost::StepCostModel;
    use crate::engine::step_cost::StepWork;
    use jiff::Timestamp;
    use std::collections::VecDeque;
    use vitrine_base::clock::Clock;
    use vitrine_base::clock::ManualClock;

    /// The tests' first instant; admission only compares instants.
    fn start() -> Instant {
        ManualClock::new(Timestamp::UNIX_EPOCH).instant()
    }

    fn asks(prompt_tokens: usize) -> Applicant {
        Applicant { prompt_tokens, priority: Priority::Live, time_left: None, now: start() }
    }

    fn line(waiting_max: usize, prompt_tokens_max: usize) -> AdmissionLimits {
        AdmissionLimits {
            waiting_max,
            prompt_tokens_max,
            delay_max: Some(Duration::MAX),
            sequences_max: 5,
        }
    }

    /// The counts are changed by plain arithmetic only, so a poisoned lock is harmless.
    fn measured(admission: &Admission) {
        let mut step_cost = StepCostModel::default();
        let prompts = StepWork { prompt_rows: 10, ..StepWork::default() };
        step_cost.learn(prompts, Duration::from_millis(10), &admission.estimates);
        let decode = StepWork { decode_rows: 5, output_tokens: 5, ..StepWork::default() };
        step_cost.learn(decode, Duration::from_millis(10), &admission.estimates);
        admission.estimates.learn_output(10);
    }

    #[test]
    fn full_queue_is_refused_with_its_numbers() {
        let admission = Admission::new(line(2, 100));
        let first = admission.enter(asks(60)).unwrap();
        let refused = admission.enter(asks(41)).unwrap_err();
        assert!(matches!(
            refused,
            EngineError::Full {
                waiting: 1,
                waiting_max: 2,
                prompt_tokens_waiting: 60,
                prompt_tokens_waiting_max: 100,
                retry_after: Duration::ZERO,
            }
        ));
        let _second = admission.enter(asks(40)).unwrap();
        assert!(matches!(admission.enter(asks(0)), Err(EngineError::Full { waiting: 2, .. })));
        drop(first);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (1, 40));
        assert!(admission.enter(asks(60)).is_ok());
    }

    #[test]
    fn empty_queue_accepts_any_prompt() {
        let admission = Admission::new(line(2, 100));
        let permit = admission.enter(asks(5_000)).unwrap();
        assert!(admission.enter(asks(1)).is_err());
        drop(permit);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (0, 0));
    }

    #[test]
    fn refusal_estimates_when_the_queue_will_be_empty() {
        let admission = Admission::new(line(5, 500));
        measured(&admission);
        let mut permits = [300, 200, 0, 0, 0].map(|tokens| admission.enter(asks(tokens)).unwrap());
        permits[2..].iter_mut().for_each(AdmissionPermit::start);
        let refused = admission.enter(asks(10)).unwrap_err();
        // 500 prompt tokens of 1 ms, then two waiting and three running answers of 20 ms each.
        let EngineError::Full { retry_after, .. } = refused else { panic!("{refused}") };
        assert_eq!(retry_after, Duration::from_millis(600));
    }

    #[test]
    fn queue_load_is_bounded_by_its_estimated_delay() {
        let delay_max = Some(Duration::from_millis(70));
        let admission = Admission::new(AdmissionLimits { delay_max, ..line(99, 9_999) });
        measured(&admission);
        let mut permits = Vec::new();
        let mut enter = |asked| admission.enter(asked).map(|permit| permits.push(permit));
        // Each answer takes 20 ms, a prompt of one token 1 ms.
        (0..4).for_each(|_| enter(asks(1)).unwrap());
        let refused = enter(asks(1)).unwrap_err();
        let text = "2 running and 2 waiting requests would delay this one by 84ms, limit is 70ms";
        assert!(matches!(refused, EngineError::Overloaded { running: 0, waiting: 4, .. }));
        // Outreach may wait, and does not count against live requests until it runs.
        let outreach = Applicant { priority: Priority::Outreach, ..asks(500) };
        enter(outreach).unwrap();
        permits[0].start();
        permits[1].start();
        admission.estimates.learn_prompt(1, 1);
        assert_eq!(admission.enter(asks(1)).unwrap_err().to_string(), text);
        permits.remove(0);
        assert!(admission.enter(asks(1)).is_ok());
        // With nothing ahead of it, a request is admitted however long answers take.
        permits.clear();
        admission.estimates.learn_output(100_000);
        assert!(admission.enter(asks(1)).is_ok());
    }

    /// By default: no bound of its own, 5 slots.
    fn default_line() -> Arc<Admission> {
        Admission::new(AdmissionLimits { delay_max: None, ..line(999, 99_999) })
    }

    #[test]
    fn burst_on_an_idle_engine_is_served_however_long_its_answers_take() {
        let admission = default_line();
        measured(&admission);
        admission.estimates.learn_output(10_000);
        let _burst: Vec<AdmissionPermit> =
            (0..256).map(|_| admission.enter(asks(100)).expect("nothing waits for long")).collect();
    }

    #[test]
    fn request_without_deadline_is_refused_only_behind_a_queue_that_stands() {
        let admission = default_line();
        measured(&admission);
        let began = start();
        let at = |milliseconds| Applicant {
            now: began + Duration::from_millis(milliseconds),
            ..asks(0)
        };
        // Each answer takes 20 ms: 54 requests beyond the five slots wait for 1.08 s.
        let mut permits: Vec<AdmissionPermit> =
            (0..58).map(|_| admission.enter(at(0)).unwrap()).collect();
        permits[..5].iter_mut().for_each(AdmissionPermit::start);
        permits.push(admission.enter(at(999)).unwrap());
        let refused = admission.enter(at(1_000)).unwrap_err();
        let text = "5 running and 54 waiting requests would delay this one by 1.1s, limit is 1s";
        assert_eq!(refused.to_string(), text);
        // A queue that stands but is short admits.
        permits.truncate(53);
        permits.push(admission.enter(at(2_000)).unwrap());
        // Once every request has begun, the queue has not stood any more.
        permits.iter_mut().for_each(AdmissionPermit::start);
        let _more: Vec<AdmissionPermit> =
            (0..99).map(|_| admission.enter(at(2_100)).unwrap()).collect();
    }

    #[test]
    fn request_may_be_delayed_by_half_of_the_time_to_its_deadline() {
        let admission = default_line();
        measured(&admission);
        let within = |milliseconds| Applicant {
            time_left: Some(Duration::from_millis(milliseconds)),
            ..asks(0)
        };
        let _ahead: Vec<AdmissionPermit> =
            (0..10).map(|_| admission.enter(asks(0)).unwrap()).collect();
        // Ten answers of 20 ms are ahead.
        assert!(admission.enter(within(400)).is_ok());
        let refused = admission.enter(within(399)).unwrap_err();
        let text = "0 running and 10 waiting requests would delay this one by 200ms, limit is \
                    199.5ms";
        assert_eq!(refused.to_string(), text);
    }

    /// Five slots, each with one token in 10 ms, serve 50 answers of ten tokens a second; 100 are
    /// asked for, each due after a second.
    #[test]
    fn at_twice_the_sustainable_rate_accepted_answers_keep_their_deadlines() {
        const DEADLINE_MS: u64 = 1_000;
        let admission = default_line();
        measured(&admission);
        let began = start();
        let (mut waiting, mut running) = (VecDeque::new(), Vec::new());
        let (mut answered, mut refused) = (0, 0);
        for now in (0..20_000).step_by(10) {
            let due = now + DEADLINE_MS;
            let asked = Applicant {
                time_left: Some(Duration::from_millis(DEADLINE_MS)),
                now: began + Duration::from_millis(now),
                ..asks(0)
            };
            match admission.enter(asked) {
                Ok(permit) => waiting.push_back((permit, due, 10)),
                Err(EngineError::Overloaded { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            while running.len() < 5
                && let Some((mut permit, due, tokens)) = waiting.pop_front()
            {
                permit.start();
                running.push((permit, due, tokens));
            }
            running.iter_mut().for_each(|(_, _, tokens)| *tokens -= 1);
            running.retain(|(_, due, tokens)| {
                assert!(*tokens > 0 || now + 10 <= *due, "late by {} ms", now + 10 - due);
                answered += u32::from(*tokens == 0);
                *tokens > 0
            });
        }
        assert!(answered > 950 && refused > 900, "{answered} answered, {refused} refused");
    }

    #[test]
    fn unmeasured_engine_refuses_no_deadline() {
        let admission = default_line();
        let hurried = Applicant { time_left: Some(Duration::from_millis(1)), ..asks(500) };
        let _burst: Vec<AdmissionPermit> =
            (0..100).map(|_| admission.enter(hurried).expect("nothing is measured")).collect();
    }

    #[test]
    fn unreachable_deadline_is_refused_and_a_doubtful_one_is_not() {
        let admission = Admission::new(line(8, 10_000));
        let within = |milliseconds, priority| Applicant {
            time_left: Some(Duration::from_millis(milliseconds)),
            priority,
            ..asks(50)
        };
        let _unmeasured = admission.enter(within(0, Priority::Live)).unwrap();
        measured(&admission);
        let outreach = Applicant { priority: Priority::Outreach, ..asks(450) };
        let _place = admission.enter(outreach).unwrap();
        // 500 ms of prompts are ahead of outreach, 50 ms ahead of a live request.
        assert!(admission.enter(within(250, Priority::Outreach)).is_ok());
        let late = admission.enter(within(200, Priority::Outreach)).unwrap_err();
        assert_eq!(late.to_string(), "deadline is in 200ms, the waiting queue takes 500ms");
        assert!(admission.enter(within(200, Priority::Live)).is_ok());
    }
}
