//! Chooses a token from one row of logits. The only place in the engine that reads the model's
//! floats.
//!
//! Invariants
//! - The choice depends on the row, the parameters and the sequence's own random stream, never on
//!   other sequences of the batch. Each token takes one draw, a greedy one none.
//! - Tokens forbidden by a constraint are never chosen and do not count in any filter.
//! - NaN and minus infinity are never chosen. If no logit is usable the result is `None`, not a
//!   panic.
//!
//! Source: top-p, Holtzman et al. 2020, arXiv:1904.09751; min-p, Nguyen et al. 2024,
//! arXiv:2407.01082. Order of the filters as in vLLM: temperature, min-p, top-k, top-p.

use crate::engine::request::Sampling;
use crate::model::Likeliest;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use toktrie::SimpleVob;

/// Tokens that top-p sorts in its first attempt. Each further attempt sorts eight times as many, so
/// the whole vocabulary is rarely sorted.
const TOP_P_SORTED_FIRST: usize = 64;

#[derive(Debug, Clone, Copy)]
struct TokenCandidate {
    token_id: u32,
    logit: f32,
    /// Probability relative to the most likely token, whose weight is 1.
    weight: f32,
}

/// The model's output for one row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowOutput<'a> {
    /// One logit for each vocabulary entry.
    Logits(&'a [f32]),
    /// The most likely token; `None` if no logit was usable.
    Likeliest(Option<u32>),
}

/// Chooses tokens. Reuses its buffers between calls.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    candidates: Vec<TokenCandidate>,
    masked: Vec<f32>,
}

impl Sampler {
    /// Chooses a token from `logits`, one for each vocabulary entry. `None` if no logit is usable.
    pub(crate) fn choose(
        &mut self,
        logits: &[f32],
        sampling: &Sampling,
        random: &mut ChaCha8Rng,
    ) -> Option<u32> {
        let greatest = Likeliest::of(logits);
        let (likeliest, logit_max) = (greatest.token_id()?, greatest.logit());
        if sampling.temperature == 0.0 {
            return Some(likeliest);
        }
        let logit_max = logit_max.min(f32::MAX);
        self.candidates.clear();
        for (token_id, logit) in (0_u32..).zip(logits) {
            // `min` would turn NaN into a number.
            if logit.is_nan() {
                continue;
            }
            let logit = logit.min(f32::MAX);
            let weight = ((logit - logit_max) / sampling.temperature).exp();
            // The most likely token weighs 1, so min-p is a plain threshold.
            if weight > 0.0 && weight >= sampling.min_p {
                self.candidates.push(TokenCandidate { token_id, logit, weight });
            }
        }
        self.keep_top_k(sampling.top_k);
        self.keep_top_p(sampling.top_p);
        Some(self.draw(random).unwrap_or(likeliest))
    }

    /// [`choose`](Self::choose) restricted to the allowed tokens.
    pub(crate) fn choose_allowed(
        &mut self,
        logits: &[f32],
        allowed: &SimpleVob,
        sampling: &Sampling,
        random: &mut ChaCha8Rng,
    ) -> Option<u32> {
        let mut masked = std::mem::take(&mut self.masked);
        masked.clear();
        masked.resize(logits.len(), f32::NEG_INFINITY);
        allowed.iter_set_entries(|token_id| {
            // The model may output more or fewer logits than the mask has tokens.
            if let (Some(logit), Some(place)) = (logits.get(token_id), masked.get_mut(token_id)) {
                *place = *logit;
            }
        });
        let chosen = self.choose(&masked, sampling, random);
        self.masked = masked;
        chosen
    }

    fn keep_top_k(&mut self, top_k: usize) {
        if top_k == 0 || top_k >= self.candidates.len() {
            return;
        }
        self.candidates.select_nth_unstable_by(top_k - 1, likelier_first);
        self.candidates.truncate(top_k);
        self.candidates.sort_unstable_by(likelier_first);
    }

    fn keep_top_p(&mut self, top_p: f32) {
        if top_p >= 1.0 {
            return;
        }
        let target = weight_sum(&self.candidates) * f64::from(top_p);
        let count = self.candidates.len();
        let mut attempt = TOP_P_SORTED_FIRST;
        loop {
            let sorted = attempt.min(count);
            if sorted < count {
                self.candidates.select_nth_unstable_by(sorted, likelier_first);
            }
            self.candidates[..sorted].sort_unstable_by(likelier_first);
            let mut reached = 0.0;
            let enough = self.candidates[..sorted].iter().position(|candidate| {
                reached += f64::from(candidate.weight);
                reached >= target
            });
            if let Some(last) = enough {
                self.candidates.truncate(last + 1);
                return;
            }
            if sorted == count {
                return;
            }
            attempt = attempt.saturating_mul(8);
        }
    }

    fn draw(&self, random: &mut ChaCha8Rng) -> Option<u32> {
        let mut left = unit_interval(random) * weight_sum(&self.candidates);
        for candidate in &self.candidates {
            left -= f64::from(candidate.weight);
            if left < 0.0 {
                return Some(candidate.token_id);
            }
        }
        // Rounding may leave a remainder after the last candidate.
        self.candidates.last().map(|candidate| candidate.token_id)
    }
}

fn likelier_first(left: &TokenCandidate, right: &TokenCandidate) -> std::cmp::Ordering {
    right.logit.total_cmp(&left.logit).then(left.token_id.cmp(&right.token_id))
}

fn weight_sum(candidates: &[TokenCandidate]) -> f64 {
    candidates.iter().map(|candidate| f64::from(candidate.weight)).sum()
}

/// Uniform in `[0, 1)` with 53 random bits.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
fn unit_interval(random: &mut ChaCha8Rng) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (random.next_u64() >> 11) as f64 * STEP
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::rand_core::SeedableRng;
    use std::collections::BTreeSet;

    const PLAIN: Sampling = Sampling { temperature: 1.0, ..Sampling::GREEDY };

    fn random() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(7)
    }

    fn drawn(logits: &[f32], sampling: Sampling) -> BTreeSet<u32> {
        let mut sampler = Sampler::default();
        let mut random = random();
        (0..500).filter_map(|_| sampler.choose(logits, &sampling, &mut random)).collect()
    }

    #[test]
    fn greedy_takes_the_likeliest_and_the_lowest_of_equals() {
        let mut sampler = Sampler::default();
        let mut choose = |logits: &[f32]| sampler.choose(logits, &Sampling::GREEDY, &mut random());
        assert_eq!(choose(&[0.0, 3.0, -1.0, 3.0]), Some(1));
        assert_eq!(choose(&[f32::NAN, -3.0, f32::NAN]), Some(1));
        assert_eq!(choose(&[f32::NEG_INFINITY, f32::INFINITY]), Some(1));
        assert_eq!(choose(&[f32::NAN, f32::NEG_INFINITY]), None);
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn filters_keep_what_they_promise() {
        let logits = [0.0, 2.0, 1.0, -1.0, -9.0];
        assert_eq!(drawn(&logits, Sampling { top_k: 1, ..PLAIN }), BTreeSet::from([1]));
        assert_eq!(drawn(&logits, Sampling { top_k: 2, ..PLAIN }), BTreeSet::from([1, 2]));
        // Probabilities: 0.087, 0.644, 0.237, 0.032, 0.
        assert_eq!(drawn(&logits, Sampling { top_p: 0.6, ..PLAIN }), BTreeSet::from([1]));
        assert_eq!(drawn(&logits, Sampling { top_p: 0.9, ..PLAIN }), BTreeSet::from([0, 1, 2]));
        // Relative to the most likely token: exp(-1) = 0.37, exp(-2) = 0.14.
        assert_eq!(drawn(&logits, Sampling { min_p: 0.3, ..PLAIN }), BTreeSet::from([1, 2]));
        assert_eq!(drawn(&logits, Sampling { min_p: 1.0, ..PLAIN }), BTreeSet::from([1]));
        let cold = Sampling { temperature: 1e-30, ..PLAIN };
        assert_eq!(drawn(&logits, cold), BTreeSet::from([1]));
    }

    #[test]
    fn draws_follow_the_distribution() {
        let logits = [0.0, 2.0_f32.ln(), f32::NAN, 5.0_f32.ln()];
        let mut sampler = Sampler::default();
        let mut random = random();
        let mut counts = [0_u32; 4];
        for _ in 0..8_000 {
            counts[sampler.choose(&logits, &PLAIN, &mut random).unwrap() as usize] += 1;
        }
        for (count, expected) in counts.into_iter().zip([1_000, 2_000, 0, 5_000]) {
            assert!(count.abs_diff(expected) <= 150, "{counts:?}");
        }
    }

    #[test]
    fn wide_nucleus_is_found_beyond_the_first_guess() {
        let logits = vec![0.5_f32; 3_000];
        let mut sampler = Sampler::default();
        sampler.choose(&logits, &Sampling { top_p: 0.5, ..PLAIN }, &mut random());
        assert_eq!(sampler.candidates.len(), 1_500);
        assert!(sampler.candidates.iter().all(|candidate| candidate.token_id < 1_500));
    }

    proptest! {
        #[test]
        fn forbidden_token_is_never_chosen(
            logits in prop::collection::vec(
                prop_oneof![any::<f32>(), Just(f32::NAN), Just(f32::INFINITY)], 1..100),
            allowed in prop::collection::vec(any::<bool>(), 100),
            temperature in 0.0_f32..3.0,
            top_k in 0_usize..5,
            top_p in 0.01_f32..=1.0,
            seed in any::<u64>(),
        ) {
            let sampling = Sampling { temperature, top_k, top_p, min_p: 0.0, seed };
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mask = SimpleVob::from_slice(&allowed);
            let usable = |at: usize| {
                allowed[at] && !logits[at].is_nan() && logits[at] != f32::NEG_INFINITY
            };
            match Sampler::default().choose_allowed(&logits, &mask, &sampling, &mut random) {
                Some(token_id) => prop_assert!(usable(token_id as usize)),
                None => prop_assert!(!(0..logits.len()).any(usable)),
            }
        }

        #[test]
        fn any_logits_give_a_usable_token_or_none(
            logits in prop::collection::vec(
                prop_oneof![any::<f32>(), Just(f32::NAN), Just(f32::INFINITY), Just(f32::MIN)],
                0..200,
            ),
            temperature in 0.0_f32..3.0,
            top_k in 0_usize..20,
            top_p in 0.01_f32..=1.0,
            min_p in 0.0_f32..=1.0,
            seed in any::<u64>(),
        ) {
            let sampling = Sampling { temperature, top_k, top_p, min_p, seed };
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let usable = |logit: &f32| !logit.is_nan() && *logit != f32::NEG_INFINITY;
            match Sampler::default().choose(&logits, &sampling, &mut random) {
                Some(token_id) => prop_assert!(usable(&logits[token_id as usize])),
                None => prop_assert!(!logits.iter().any(usable)),
            }
        }
    }
}
