//! Decides how many speculative tokens a sequence may propose: as many as pay for their rows.
//!
//! An accepted token saves its sequence one token of a later step: the step's time divided by the
//! number of its sequences. The cost of a speculative row is the extra time of steps that have
//! them. So speculation happens in steps of few rows, where another row costs little because the
//! weights are read once for all rows, and stops by itself as the load grows.
//!
//! Invariants
//! - Stale estimates decay towards their priors, so speculation is retried: the row cost towards
//!   zero, the acceptance rates towards [`PRIOR`].

use crate::engine::step_cost::average::blended;

/// Most speculative tokens of one sequence in a step; each position has its own acceptance rate.
const POSITIONS: usize = 8;

/// Probability 1 in fixed point.
const ONE: u64 = 1 << 20;

/// Prior acceptance rates by position: the probability that the token and all before it are
/// chosen by the model. Measured on 200 drafts of the built-in drafter.
const PRIOR: [u64; POSITIONS] = [
    per_cent(75),
    per_cent(50),
    per_cent(30),
    per_cent(25),
    per_cent(12),
    per_cent(12),
    per_cent(6),
    per_cent(6),
];

/// Speculative tokens proposed while their cost is unmeasured.
const UNMEASURED_TOKENS: usize = 2;

/// Binary logarithm of the averaging window of acceptance rates, in outcomes.
const WINDOW_LOG2: u32 = 6;

/// Binary logarithm of the decay time of stale estimates, in steps.
const DECAY_LOG2: u32 = 9;

const fn per_cent(number: u64) -> u64 {
    number * ONE / 100
}

/// Measured cost and acceptance rates of speculative tokens.
#[derive(Debug)]
pub(super) struct SpeculationCost {
    /// Nanoseconds of a speculative row; `None` if never measured.
    row: Option<u64>,
    /// Acceptance rates by position, in units of [`ONE`].
    accepted: [u64; POSITIONS],
}

impl Default for SpeculationCost {
    fn default() -> Self {
        Self { row: None, accepted: PRIOR }
    }
}

impl SpeculationCost {
    /// Number of tokens that each of `decode_rows` sequences should propose, when a decode-only
    /// step takes `decode_nanos`. Decays the estimates that the coming step will not update.
    pub(super) fn tokens_to_propose(&mut self, decode_rows: usize, decode_nanos: u64) -> usize {
        let count = match self.row {
            None => UNMEASURED_TOKENS,
            Some(row) => {
                let (step, rows) = (u128::from(decode_nanos), decode_rows.max(1) as u128);
                let costs = u128::from(row) * u128::from(ONE) * rows;
                let pays = |accepted: &&u64| u128::from(**accepted) * step > costs;
                self.accepted.iter().take_while(pays).count()
            }
        };
        if count == 0 {
            self.row = self.row.map(|row| row - (row >> DECAY_LOG2));
        }
        for (accepted, expected) in self.accepted.iter_mut().zip(PRIOR).skip(count) {
            *accepted = *accepted - (*accepted >> DECAY_LOG2) + (expected >> DECAY_LOG2);
        }
        count
    }

    /// Records that `rows` speculative rows lengthened a step by `extra_nanos`.
    pub(super) fn learn_cost(&mut self, extra_nanos: u64, rows: usize) {
        let sample = extra_nanos / rows.max(1) as u64;
        self.row = Some(self.row.map_or(sample, |known| blended(known, sample)));
    }

    /// Records that the first `accepted` of a sequence's `proposed` tokens were accepted.
    pub(super) fn learn_outcome(&mut self, proposed: usize, accepted: usize) {
        for (position, share) in self.accepted.iter_mut().enumerate().take(proposed) {
            let found = if position < accepted { ONE } else { 0 };
            *share = *share - (*share >> WINDOW_LOG2) + (found >> WINDOW_LOG2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speculation_goes_as_far_as_it_pays() {
        let mut speculation = SpeculationCost::default();
        assert_eq!(
            speculation.tokens_to_propose(1, 1_000),
            UNMEASURED_TOKENS,
            "the cost of a row is not measured"
        );
        // A row costs a tenth of a step, so positions with an acceptance rate of 12 % pay and those
        // with 6 % do not.
        speculation.learn_cost(400, 4);
        assert_eq!(speculation.tokens_to_propose(1, 1_000), 6);
        // With four sequences an accepted token saves a quarter of a step.
        assert_eq!(speculation.tokens_to_propose(4, 1_000), 2);
        assert_eq!(speculation.tokens_to_propose(4, 2_000), 4);
        assert_eq!(speculation.tokens_to_propose(32, 2_000), 0);
    }

    #[test]
    fn rejection_ends_speculation_and_acceptance_extends_it() {
        let mut speculation = SpeculationCost::default();
        speculation.learn_cost(100, 1);
        (0..500).for_each(|_| speculation.learn_outcome(8, 8));
        assert_eq!(speculation.tokens_to_propose(1, 1_000), POSITIONS);
        (0..500).for_each(|_| speculation.learn_outcome(2, 1));
        assert_eq!(speculation.tokens_to_propose(1, 1_000), 1);
        (0..500).for_each(|_| speculation.learn_outcome(1, 0));
        assert_eq!(speculation.tokens_to_propose(1, 1_000), 0);
    }

    #[test]
    fn stopped_speculation_is_retried() {
        let mut speculation = SpeculationCost::default();
        speculation.learn_cost(1_000_000, 1);
        let dear = (0..).take_while(|_| speculation.tokens_to_propose(1, 1_000) == 0).count();
        assert!((100..10_000).contains(&dear), "after {dear} steps");
        let mut speculation = SpeculationCost::default();
        speculation.learn_cost(100, 1);
        (0..500).for_each(|_| speculation.learn_outcome(8, 0));
        let wrong = (0..).take_while(|_| speculation.tokens_to_propose(1, 1_000) == 0).count();
        assert!((50..5_000).contains(&wrong), "after {wrong} steps");
    }
}
