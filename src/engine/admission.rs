//! Bounds the waiting line: requests and prompt tokens that have not had their first step.
//!
//! Invariants
//! - A place is taken before a request enters the work lane and given back when its first step
//!   begins or it ends: the lane, which has `waiting_max` places, is never full.
//! - An empty line takes any prompt, however many tokens: nobody is refused for ever.
//! - A refusal asks nobody: it takes as long as a lock, whatever the engine is doing.
//!
//! Source: bounds on requests and on queued prefill tokens as in vLLM (`--max-num-queued-reqs`,
//! `--max-num-queued-tokens`).

use crate::engine::error::EngineError;
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

#[derive(Debug, Default)]
struct Line {
    waiting: usize,
    prompt_tokens: usize,
    /// Of these, tokens of live requests.
    live_prompt_tokens: usize,
}

/// The waiting line's door.
#[derive(Debug)]
pub(crate) struct Admission {
    waiting_max: usize,
    prompt_tokens_max: usize,
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
    /// Sequences that run now and whose seats the line waits for.
    pub(crate) running: usize,
}

/// A place in the waiting line; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    prompt_tokens: usize,
    priority: Priority,
}

impl Admission {
    /// A line of `waiting_max` requests with `prompt_tokens_max` prompt tokens together.
    pub(crate) fn new(waiting_max: usize, prompt_tokens_max: usize) -> Arc<Self> {
        let (line, rates) = (Mutex::default(), Rates::default());
        Arc::new(Self { waiting_max, prompt_tokens_max, line, rates })
    }

    /// Takes a place for a prompt.
    ///
    /// # Errors
    /// [`EngineError::Full`] when the line has no room for it, [`EngineError::Late`] when even half
    /// of what the line ahead takes passes the deadline.
    pub(crate) fn enter(self: &Arc<Self>, asked: Applicant) -> Result<Place, EngineError> {
        let Applicant { prompt_tokens, priority, .. } = asked;
        let mut line = self.lock();
        let tokens = line.prompt_tokens.saturating_add(prompt_tokens);
        let too_many_tokens = line.waiting > 0 && tokens > self.prompt_tokens_max;
        if line.waiting >= self.waiting_max || too_many_tokens {
            let ahead = line.waiting.saturating_add(asked.running);
            return Err(EngineError::Full {
                waiting: line.waiting,
                waiting_max: self.waiting_max,
                prompt_tokens_waiting: line.prompt_tokens,
                prompt_tokens_waiting_max: self.prompt_tokens_max,
                retry_after: self.rates.time_for(line.prompt_tokens, ahead),
            });
        }
        if let Some(left) = asked.time_left {
            let ahead = match priority {
                Priority::Live => line.live_prompt_tokens,
                Priority::Outreach => line.prompt_tokens,
            };
            let takes = self.rates.time_for(ahead, 0);
            if takes > left.saturating_mul(LATE_FACTOR) {
                return Err(EngineError::Late { left, line: takes });
            }
        }
        line.waiting += 1;
        line.prompt_tokens = tokens;
        if priority == Priority::Live {
            line.live_prompt_tokens += prompt_tokens;
        }
        Ok(Place { admission: Arc::clone(self), prompt_tokens, priority })
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

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.admission.lock();
        line.waiting -= 1;
        line.prompt_tokens -= self.prompt_tokens;
        if self.priority == Priority::Live {
            line.live_prompt_tokens -= self.prompt_tokens;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::pace::Pace;
    use crate::engine::pace::StepWork;

    fn asks(prompt_tokens: usize) -> Applicant {
        let (priority, time_left) = (Priority::Live, None);
        Applicant { prompt_tokens, priority, time_left, running: 0 }
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
        let admission = Admission::new(2, 100);
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
        let admission = Admission::new(2, 100);
        let place = admission.enter(asks(5_000)).unwrap();
        assert!(admission.enter(asks(1)).is_err());
        drop(place);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (0, 0));
    }

    #[test]
    fn refusal_says_when_the_line_will_be_empty() {
        let admission = Admission::new(2, 1_000);
        measured(&admission);
        let _places = [admission.enter(asks(300)).unwrap(), admission.enter(asks(200)).unwrap()];
        let refused = admission.enter(Applicant { running: 3, ..asks(10) }).unwrap_err();
        // 500 prompt tokens of 1 ms, then two answers that wait and three that run, 20 ms each.
        let EngineError::Full { retry_after, .. } = refused else { panic!("{refused}") };
        assert_eq!(retry_after, Duration::from_millis(600));
    }

    #[test]
    fn hopeless_deadline_is_refused_and_a_doubtful_one_is_not() {
        let admission = Admission::new(8, 10_000);
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
