//! Bounds the waiting line: requests and prompt tokens that have not had their first step, and the
//! time that a live request may lose to those who are there before it.
//!
//! Invariants
//! - A place is taken before a request enters the work lane; it is in the line until the first step
//!   begins and among those that run until the end: the lane, which has `waiting_max` places, is
//!   never full, and nobody is missing from the count.
//! - An empty line takes any prompt, however many tokens, and an empty engine any request: nobody
//!   is refused for ever.
//! - A refusal asks nobody: it takes as long as a lock, whatever the engine is doing.
//!
//! Sources: bounds on requests and on queued prefill tokens as in vLLM (`--max-num-queued-reqs`,
//! `--max-num-queued-tokens`); the bound on time counts requests beyond those that the machine
//! serves without delay, as TCP Vegas counts segments (Brakmo & Peterson 1995) and Netflix's
//! `concurrency-limits` requests.

use crate::engine::error::EngineError;
use crate::engine::pace::Crowd;
use crate::engine::pace::Rates;
use crate::engine::request::Priority;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// A deadline is hopeless when the line ahead takes this many times longer: rates are measured,
/// prompts ahead may be found computed, and a request refused for nothing is worse than a late one.
const LATE_FACTOR: u32 = 2;

/// Usual answers whose time a live request may lose unless configuration names a time.
///
/// A machine at 80 % of what it sustains holds more than twenty requests for 1 % of the time
/// (0.8^20; M/M/1 with processor sharing): as many must get in, and hardly more, if those who are
/// accepted under overload shall not wait half as long again. `scripts/bench-overload` measures it.
const DELAY_ANSWERS: u32 = 24;

/// What bounds the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineLimits {
    /// Requests without a first step.
    pub(crate) waiting_max: usize,
    /// Tokens of their prompts.
    pub(crate) prompt_tokens_max: usize,
    /// Longest time that a live request may lose to others; `None`: that of [`DELAY_ANSWERS`].
    pub(crate) delay_max: Option<Duration>,
    /// Sequences that run at once.
    pub(crate) seats: usize,
}

#[derive(Debug, Default)]
struct Line {
    waiting: usize,
    prompt_tokens: usize,
    /// Of these, live requests.
    live_waiting: usize,
    /// Of the tokens, those of live requests.
    live_prompt_tokens: usize,
    running: usize,
}

/// The waiting line's door.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: LineLimits,
    line: Mutex<Line>,
    /// What the line will take.
    pub(crate) rates: Rates,
}

/// Who asks for a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant {
    /// Tokens of its prompt.
    pub(crate) prompt_tokens: usize,
    /// Its class.
    pub(crate) priority: Priority,
    /// Time until its deadline.
    pub(crate) time_left: Option<Duration>,
}

/// A place in the waiting line, then among those that run; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    prompt_tokens: usize,
    priority: Priority,
    runs: bool,
}

impl Admission {
    /// A line of nobody.
    pub(crate) fn new(limits: LineLimits) -> Arc<Self> {
        Arc::new(Self { limits, line: Mutex::default(), rates: Rates::default() })
    }

    /// Takes a place for a prompt.
    ///
    /// # Errors
    /// [`EngineError::Full`] when the line has no room for it, [`EngineError::Crowded`] when those
    /// before it would delay it too long, [`EngineError::Late`] when even half of what the line
    /// ahead takes passes the deadline.
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

    /// Whether a live request would be served in time. Outreach in the line stands behind it.
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

    /// Requests in the line.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    /// Prompt tokens in the line.
    pub(crate) fn prompt_tokens(&self) -> usize {
        self.lock().prompt_tokens
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        // Numbers that change together cannot be left half changed.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Leaves the line for those that run.
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

    /// A prompt token takes a millisecond, an output token two, an answer ten of these.
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
        // 500 prompt tokens of 1 ms, then two answers that wait and three that run, 20 ms each.
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
        let text = "2 requests run and 2 wait: they would delay this one by 84ms, allowed are 70ms";
        assert!(matches!(refused, EngineError::Crowded { running: 0, waiting: 4, .. }));
        // Outreach stands behind and may wait; it takes no live request's place until it runs.
        let outreach = Applicant { priority: Priority::Outreach, ..asks(500) };
        enter(outreach).unwrap();
        places[0].start();
        places[1].start();
        admission.rates.learn_prompt(1, 1);
        assert_eq!(admission.enter(asks(1)).unwrap_err().to_string(), text);
        places.remove(0);
        assert!(admission.enter(asks(1)).is_ok());
        // A crowd of one that takes longer than allowed delays nobody but itself.
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
        // 500 ms of prompts stand before outreach, 50 ms before a live turn.
        assert!(admission.enter(within(250, Priority::Outreach)).is_ok());
        let late = admission.enter(within(200, Priority::Outreach)).unwrap_err();
        assert_eq!(late.to_string(), "deadline is in 200ms, the waiting line takes 500ms");
        assert!(admission.enter(within(200, Priority::Live)).is_ok());
    }
}
