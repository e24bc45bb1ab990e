//! How many tokens a sequence may guess ahead: as many as are worth their rows.
//!
//! A right guess spares its sequence one token of a later step; of a step of so many sequences that
//! is their share of its time. A guessed row costs what steps with guesses took beyond those
//! without. So guesses are made where steps are few rows and rows cost little beside the first
//! (weights are read once for all of them), and end by themselves as the house fills.
//!
//! Invariants
//! - What was too dear or too often wrong is tried again: of estimates that nothing renews the cost
//!   goes slowly to nothing, the shares to where they began.

use crate::engine::pace::blended;

/// Guesses of one sequence in a step that are told apart; more are never made.
const PLACES: usize = 8;

/// What always happens, as a share.
const ALWAYS: u64 = 1 << 20;

/// How often guesses are right before anything is known, with all before them: as in 200 drafts of
/// the house drafter.
const EXPECTED: [u64; PLACES] = [
    per_cent(75),
    per_cent(50),
    per_cent(30),
    per_cent(25),
    per_cent(12),
    per_cent(12),
    per_cent(6),
    per_cent(6),
];

/// Guesses while nothing is known of their cost.
const FIRST: usize = 2;

/// Binary logarithm of the outcomes that an estimate remembers.
const OUTCOMES_LOG: u32 = 6;

/// Binary logarithm of the steps in which an estimate that nothing renews loses itself.
const FORGETTING_LOG: u32 = 9;

const fn per_cent(number: u64) -> u64 {
    number * ALWAYS / 100
}

/// What guesses cost and how often they are right.
#[derive(Debug)]
pub(super) struct Guesses {
    /// Nanoseconds of a guessed row; `None`: never seen.
    row: Option<u64>,
    /// Share of guesses that are right with all before them, by their place.
    right: [u64; PLACES],
}

impl Default for Guesses {
    fn default() -> Self {
        Self { row: None, right: EXPECTED }
    }
}

impl Guesses {
    /// How many tokens each of `decode_rows` sequences may guess where a step of theirs alone takes
    /// `decode_nanos`.
    pub(super) fn worth(&mut self, decode_rows: usize, decode_nanos: u64) -> usize {
        let count = match self.row {
            None => FIRST,
            Some(row) => {
                let (step, rows) = (u128::from(decode_nanos), decode_rows.max(1) as u128);
                let costs = u128::from(row) * u128::from(ALWAYS) * rows;
                let pays = |right: &&u64| u128::from(**right) * step > costs;
                self.right.iter().take_while(pays).count()
            }
        };
        if count == 0 {
            self.row = self.row.map(|row| row - (row >> FORGETTING_LOG));
        }
        for (right, expected) in self.right.iter_mut().zip(EXPECTED).skip(count) {
            *right = *right - (*right >> FORGETTING_LOG) + (expected >> FORGETTING_LOG);
        }
        count
    }

    /// Learns that `rows` guessed rows made a step so much longer.
    pub(super) fn learn_cost(&mut self, extra_nanos: u64, rows: usize) {
        let sample = extra_nanos / rows.max(1) as u64;
        self.row = Some(self.row.map_or(sample, |known| blended(known, sample)));
    }

    /// Learns how many of a sequence's guesses were right.
    pub(super) fn learn_outcome(&mut self, guessed: usize, right: usize) {
        for (place, share) in self.right.iter_mut().enumerate().take(guessed) {
            let found = if place < right { ALWAYS } else { 0 };
            *share = *share - (*share >> OUTCOMES_LOG) + (found >> OUTCOMES_LOG);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_are_made_as_far_as_they_pay() {
        let mut guesses = Guesses::default();
        assert_eq!(guesses.worth(1, 1_000), FIRST, "nothing is known of their cost");
        // A row costs a tenth of a step: who is right one time in eight pays, who is less often
        // does not.
        guesses.learn_cost(400, 4);
        assert_eq!(guesses.worth(1, 1_000), 6);
        // Of four sequences a right guess spares a fourth of a step.
        assert_eq!(guesses.worth(4, 1_000), 2);
        assert_eq!(guesses.worth(4, 2_000), 4);
        assert_eq!(guesses.worth(32, 2_000), 0);
    }

    #[test]
    fn wrong_guesses_end_and_right_ones_grow_longer() {
        let mut guesses = Guesses::default();
        guesses.learn_cost(100, 1);
        (0..500).for_each(|_| guesses.learn_outcome(8, 8));
        assert_eq!(guesses.worth(1, 1_000), PLACES);
        (0..500).for_each(|_| guesses.learn_outcome(2, 1));
        assert_eq!(guesses.worth(1, 1_000), 1);
        (0..500).for_each(|_| guesses.learn_outcome(1, 0));
        assert_eq!(guesses.worth(1, 1_000), 0);
    }

    #[test]
    fn what_was_given_up_is_tried_again() {
        let mut guesses = Guesses::default();
        guesses.learn_cost(1_000_000, 1);
        let dear = (0..).take_while(|_| guesses.worth(1, 1_000) == 0).count();
        assert!((100..10_000).contains(&dear), "after {dear} steps");
        let mut guesses = Guesses::default();
        guesses.learn_cost(100, 1);
        (0..500).for_each(|_| guesses.learn_outcome(8, 0));
        let wrong = (0..).take_while(|_| guesses.worth(1, 1_000) == 0).count();
        assert!((50..5_000).contains(&wrong), "after {wrong} steps");
    }
}
