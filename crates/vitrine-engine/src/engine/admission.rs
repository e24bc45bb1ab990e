//! Admission control: bounds the waiting queue by requests, prompt tokens and estimated delay.
//!
//! Invariants
//! - A request gets its permit before it enters the work channel. It counts as waiting until its
//!   first step and as running until its end. So the channel, whose capacity is `waiting_max`, is
//!   never full.
//! - An empty queue accepts any prompt, however long, and an empty engine any request, so none is
//!   refused for ever.
//! - A refusal only takes a lock; it never waits for the engine thread.
//!
//! Sources: bounds on requests and on queued prefill tokens as in vLLM (`--max-num-queued-reqs`,
//! `--max-num-queued-tokens`). The bound on delay limits the requests beyond those that the machine
//! serves without delay, as TCP Vegas does for segments (Brakmo & Peterson 1995) and Netflix's
//! `concurrency-limits` for requests.

use crate::engine::error::EngineError;
use crate::engine::pace::Crowd;
use crate::engine::pace::Rates;
use crate::engine::request::Priority;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// A deadline is unreachable if the estimated queueing time exceeds the remaining time by this
/// factor. Estimates are rough and queued prompts may be found in the prefix cache; refusing a
/// request that could have been served is worse than serving one late.
const LATE_FACTOR: u32 = 2;

/// Default bound on the delay of a live request, in average answers.
///
/// At 80 % load a machine holds more than twenty requests for 1 % of the time (0.8^20; M/M/1 with
/// processor sharing). The bound must admit that many, but hardly more, or requests accepted under
/// overload would wait half as long again. Measured by `scripts/bench-overload`.
const DELAY_ANSWERS: u32 = 24;

/// Limits of admission control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineLimits {
    /// Most requests that wait for their first step.
    pub(crate) waiting_max: usize,
    /// Most prompt tokens of the waiting requests together.
    pub(crate) prompt_tokens_max: usize,
    /// Maximum estimated delay of a live request; `None` means the time of [`DELAY_ANSWERS`].
    pub(crate) delay_max: Option<Duration>,
    /// Most sequences that run at once.
    pub(crate) seats: usize,
}

#[derive(Debug, Default)]
struct Line {
    waiting: usize,
    prompt_tokens: usize,
    /// Live requests among `waiting`.
    live_waiting: usize,
    /// Their share of `prompt_tokens`.
    live_prompt_tokens: usize,
    running: usize,
}

/// Admits or refuses requests; shared by the handles and the engine thread.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: LineLimits,
    line: Mutex<Line>,
    /// Cost estimates published by the engine thread.
    pub(crate) rates: Rates,
}

/// A request that asks for admission.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant {
    pub(crate) prompt_tokens: usize,
    pub(crate) priority: Priority,
    /// Time until its deadline; `None` if it has none.
    pub(crate) time_left: Option<Duration>,
}

/// An admission permit. Counts its request as waiting, then as running, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    prompt_tokens: usize,
    priority: Priority,
    runs: bool,
}

impl Admission {
    /// Creates an empty queue.
    pub(crate) fn new(limits: LineLimits) -> Arc<Self> {
        Arc::new(Self { limits, line: Mutex::default(), rates: Rates::default() })
    }

    /// Admits a request or refuses it at once.
    ///
    /// # Errors
    /// [`EngineError::Full`] if the queue has no room for it. [`EngineError::Crowded`] if the
    /// requests ahead would delay it too long. [`EngineError::Late`] if even half of
    /// the estimated queueing time exceeds the time until its deadline.
    pub(crate) fn enter(self: &Arc<Self>, asked: Applicant) -> Result<Place, EngineError> {
        let Applicant { prompt_tokens, priority, .. } = asked;
        let mut line = self.lock();
        let tokens = line.prompt_tokens.saturating_add(prompt_tokens);
        let too_many_tokens = line.waiting > 0 && tokens > self.limits.prompt_tokens_max;
        if line.waiting >= self.limits.waiting_max || too_many_tokens {
            let everybody = Crowd {
                running: line.running,
                waiting: line.waiting,
                prompt_tokens: line.prompt_tokens,
                seats: self.limits.seats,
            };
            return Err(EngineError::Full {
                waiting: line.waiting,
                waiting_max: self.limits.waiting_max,
                prompt_tokens_waiting: line.prompt_tokens,
                prompt_tokens_waiting_max: self.limits.prompt_tokens_max,
                retry_after: self.rates.time_for(everybody),
            });
        }
        if priority == Priority::Live {
            self.check_delay(&line)?;
        }
        if let Some(left) = asked.time_left {
            let ahead = match priority {
                Priority::Live => line.live_prompt_tokens,
                Priority::Outreach => line.prompt_tokens,
            };
            let takes = self.rates.prompts(ahead);
            if takes > left.saturating_mul(LATE_FACTOR) {
                return Err(EngineError::Late { left, line: takes });
            }
        }
        line.waiting += 1;
        line.prompt_tokens = tokens;
        if priority == Priority::Live {
            line.live_waiting += 1;
            line.live_prompt_tokens += prompt_tokens;
        }
        Ok(Place { admission: Arc::clone(self), prompt_tokens, priority, runs: false })
    }

    /// Checks the estimated delay of a live request. Waiting outreach is not counted, as it comes
    /// after.
    fn check_delay(&self, line: &Line) -> Result<(), EngineError> {
        let ahead = Crowd {
            running: line.running,
            waiting: line.live_waiting,
            prompt_tokens: line.live_prompt_tokens,
            seats: self.limits.seats,
        };
        if ahead.running + ahead.waiting == 0 {
            return Ok(());
        }
        let delay = self.rates.delay_behind(ahead);
        let usual = || self.rates.share_behind(ahead).saturating_mul(DELAY_ANSWERS);
        let delay_max = self.limits.delay_max.unwrap_or_else(usual);
        if delay > delay_max {
            let Crowd { running, waiting, .. } = ahead;
            return Err(EngineError::Crowded { running, waiting, delay, delay_max });
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

    fn lock(&self) -> MutexGuard<'_, Line> {
        // The counts are updated without any call that could panic half way, so poisoning is
        // harmless.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts the request as running from now on.
    pub(crate) fn start(&mut self) {
        if !std::mem::replace(&mut self.runs, true) {
            let mut line = self.admission.lock();
            self.leave(&mut line);
            line.running += 1;
        }
    }

    fn leave(&self, line: &mut Line) {
        line.waiting -= 1;
        line.prompt_tokens -= self.prompt_tokens;
        if self.priority == Priority::Live {
            line.live_waiting -= 1;
            line.live_prompt_tokens -= self.prompt_tokens;
        }
    }
}

impl Drop for Place {
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
    use crate::engine::pace::Pace;
    use crate::engine::pace::StepWork;

    fn asks(prompt_tokens: usize) -> Applicant {
        Applicant { prompt_tokens, priority: Priority::Live, time_left: None }
    }

    fn line(waiting_max: usize, prompt_tokens_max: usize) -> LineLimits {
        LineLimits { waiting_max, prompt_tokens_max, delay_max: Some(Duration::MAX), seats: 5 }
    }

    /// The counts are changed by plain arithmetic only, so a poisoned lock is harmless.
    fn measured(admission: &Admission) {
        let mut pace = Pace::default();
        let prompts = StepWork { prompt_rows: 10, ..StepWork::default() };
        pace.learn(prompts, Duration::from_millis(10), &admission.rates);
        let decode = StepWork { decode_rows: 5, output_tokens: 5, ..StepWork::default() };
        pace.learn(decode, Duration::from_millis(10), &admission.rates);
        admission.rates.learn_output(10);
    }

    #[test]
    fn full_line_is_refused_with_its_numbers() {
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
    fn empty_line_takes_any_prompt() {
        let admission = Admission::new(line(2, 100));
        let place = admission.enter(asks(5_000)).unwrap();
        assert!(admission.enter(asks(1)).is_err());
        drop(place);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (0, 0));
    }

    #[test]
    fn refusal_says_when_the_line_will_be_empty() {
        let admission = Admission::new(line(5, 500));
        measured(&admission);
        let mut places = [300, 200, 0, 0, 0].map(|tokens| admission.enter(asks(tokens)).unwrap());
        places[2..].iter_mut().for_each(Place::start);
        let refused = admission.enter(asks(10)).unwrap_err();
        // 500 prompt tokens of 1 ms, then two waiting and three running answers of 20 ms each.
        let EngineError::Full { retry_after, .. } = refused else { panic!("{refused}") };
        assert_eq!(retry_after, Duration::from_millis(600));
    }

    #[test]
    fn crowd_is_bounded_by_the_time_that_it_costs() {
        let delay_max = Some(Duration::from_millis(70));
        let admission = Admission::new(LineLimits { delay_max, ..line(99, 9_999) });
        measured(&admission);
        let mut places = Vec::new();
        let mut enter = |asked| admission.enter(asked).map(|place| places.push(place));
        // Each answer takes 20 ms, a prompt of one token 1 ms.
        (0..4).for_each(|_| enter(asks(1)).unwrap());
        let refused = enter(asks(1)).unwrap_err();
        let text = "2 running and 2 waiting requests would delay this one by 84ms, limit is 70ms";
        assert!(matches!(refused, EngineError::Crowded { running: 0, waiting: 4, .. }));
        // Outreach may wait, and does not count against live requests until it runs.
        let outreach = Applicant { priority: Priority::Outreach, ..asks(500) };
        enter(outreach).unwrap();
        places[0].start();
        places[1].start();
        admission.rates.learn_prompt(1, 1);
        assert_eq!(admission.enter(asks(1)).unwrap_err().to_string(), text);
        places.remove(0);
        assert!(admission.enter(asks(1)).is_ok());
        // With nothing ahead of it, a request is admitted however long answers take.
        places.clear();
        admission.rates.learn_output(100_000);
        assert!(admission.enter(asks(1)).is_ok());
    }

    #[test]
    fn without_a_named_time_the_crowd_is_as_large_as_its_usual_answers() {
        let admission = Admission::new(LineLimits { delay_max: None, ..line(999, 9_999) });
        let mut places: Vec<Place> =
            (0..100).map(|_| admission.enter(asks(1)).expect("nothing is measured")).collect();
        measured(&admission);
        assert!(admission.enter(asks(1)).is_err());
        places.truncate(DELAY_ANSWERS as usize);
        places.iter_mut().for_each(Place::start);
        assert!(admission.enter(asks(1)).is_ok());
        let _more = admission.enter(asks(1)).unwrap();
        assert!(admission.enter(asks(1)).is_err());
    }

    #[test]
    fn hopeless_deadline_is_refused_and_a_doubtful_one_is_not() {
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
