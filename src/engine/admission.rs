//! Bounds the waiting line: requests and prompt tokens that have not had their first step.
//!
//! Invariants
//! - A place is taken before a request enters the work lane and given back when its first step
//!   begins or it ends: the lane, which has `waiting_max` places, is never full.
//! - An empty line takes any prompt, however many tokens: nobody is refused for ever.

use crate::engine::error::EngineError;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

#[derive(Debug, Default)]
struct Line {
    waiting: usize,
    prompt_tokens: usize,
}

/// The waiting line's door.
#[derive(Debug)]
pub(crate) struct Admission {
    waiting_max: usize,
    prompt_tokens_max: usize,
    line: Mutex<Line>,
}

/// A place in the waiting line; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    prompt_tokens: usize,
}

impl Admission {
    /// A line of `waiting_max` requests with `prompt_tokens_max` prompt tokens together.
    pub(crate) fn new(waiting_max: usize, prompt_tokens_max: usize) -> Arc<Self> {
        Arc::new(Self { waiting_max, prompt_tokens_max, line: Mutex::default() })
    }

    /// Takes a place for a prompt.
    ///
    /// # Errors
    /// [`EngineError::Full`] when the line has no room for it.
    pub(crate) fn enter(self: &Arc<Self>, prompt_tokens: usize) -> Result<Place, EngineError> {
        let mut line = self.lock();
        let tokens = line.prompt_tokens.saturating_add(prompt_tokens);
        let too_many_tokens = line.waiting > 0 && tokens > self.prompt_tokens_max;
        if line.waiting >= self.waiting_max || too_many_tokens {
            return Err(EngineError::Full {
                waiting: line.waiting,
                waiting_max: self.waiting_max,
                prompt_tokens_waiting: line.prompt_tokens,
                prompt_tokens_waiting_max: self.prompt_tokens_max,
            });
        }
        line.waiting += 1;
        line.prompt_tokens = tokens;
        Ok(Place { admission: Arc::clone(self), prompt_tokens })
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
        // Two numbers that change together cannot be left half changed.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut line = self.admission.lock();
        line.waiting -= 1;
        line.prompt_tokens -= self.prompt_tokens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_line_is_refused_with_its_numbers() {
        let admission = Admission::new(2, 100);
        let first = admission.enter(60).unwrap();
        let refused = admission.enter(41).unwrap_err();
        assert!(matches!(
            refused,
            EngineError::Full {
                waiting: 1,
                waiting_max: 2,
                prompt_tokens_waiting: 60,
                prompt_tokens_waiting_max: 100,
            }
        ));
        let _second = admission.enter(40).unwrap();
        assert!(matches!(admission.enter(0), Err(EngineError::Full { waiting: 2, .. })));
        drop(first);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (1, 40));
        assert!(admission.enter(60).is_ok());
    }

    #[test]
    fn empty_line_takes_any_prompt() {
        let admission = Admission::new(2, 100);
        let place = admission.enter(5_000).unwrap();
        assert!(admission.enter(1).is_err());
        drop(place);
        assert_eq!((admission.waiting(), admission.prompt_tokens()), (0, 0));
    }
}
