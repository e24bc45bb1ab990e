//! The most likely token of a row of logits (argmax), for greedy decoding.
//!
//! Invariants
//! - The result does not depend on the order in which parts of a row are added: ties go to the
//!   lowest token id, and NaN and minus infinity never win.

use vitrine_kernels::matmul::Largest;

/// Running argmax: the largest logit seen so far and the lowest token id that has it. Ignores NaN
/// and minus infinity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likeliest(Largest);

impl Likeliest {
    /// The state before any logit was seen.
    pub(crate) const NONE: Self = Self(Largest::NONE);

    /// The most likely token of a whole row of logits.
    #[must_use]
    pub(crate) fn of(logits: &[f32]) -> Self {
        let mut likeliest = Self::NONE;
        likeliest.include(0, logits);
        likeliest
    }

    /// Adds the logits of consecutive tokens, the first of which has id `first`.
    #[inline]
    pub(crate) fn include(&mut self, first: usize, logits: &[f32]) {
        self.0.include(first, logits);
    }

    /// Merges another part of the same row; the larger logit wins, and the lower token id on a tie.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0 = self.0.or(other.0);
    }

    /// The token id; `None` if every logit seen was NaN or minus infinity.
    #[must_use]
    pub(crate) fn token_id(self) -> Option<u32> {
        u32::try_from(self.0.column).ok()
    }

    /// The token's logit; minus infinity if there is no token.
    #[must_use]
    pub(crate) fn logit(self) -> f32 {
        self.0.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn logit() -> impl Strategy<Value = f32> {
        prop_oneof![
            8 => (-3..4_i8).prop_map(f32::from),
            1 => Just(f32::NAN),
            1 => Just(f32::NEG_INFINITY),
            1 => Just(-0.0),
        ]
    }

    proptest! {
        #[test]
        fn likeliest_is_the_first_maximum_however_the_row_is_split(
            logits in prop::collection::vec(logit(), 0..1100),
            width in 1..700_usize,
            backwards in any::<bool>(),
        ) {
            let mut expected = None;
            let mut logit_max = f32::NEG_INFINITY;
            for (token_id, logit) in (0_u32..).zip(&logits) {
                if *logit > logit_max {
                    (expected, logit_max) = (Some(token_id), *logit);
                }
            }
            prop_assert_eq!(Likeliest::of(&logits).token_id(), expected);
            let mut pieces: Vec<(usize, &[f32])> = logits.chunks(width).enumerate().collect();
            if backwards {
                pieces.reverse();
            }
            let (mut seen, mut met) = (Likeliest::NONE, Likeliest::NONE);
            for (at, piece) in pieces {
                let first = at * width;
                seen.include(first, piece);
                let mut own = Likeliest::NONE;
                own.include(first, piece);
                met.merge(own);
            }
            prop_assert_eq!(seen.token_id(), expected);
            prop_assert_eq!(met.token_id(), expected);
        }
    }
}
