//! The likeliest token of a row of logits: what greedy decoding asks for.

/// The greatest of the logits seen so far and the lowest token that has it. NaN and minus infinity
/// never count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeliest {
    logit: f32,
    token_id: u32,
}

impl Likeliest {
    /// Before any logit was seen.
    pub const NONE: Self = Self { logit: f32::NEG_INFINITY, token_id: u32::MAX };

    /// Of a whole row.
    #[must_use]
    pub fn of(logits: &[f32]) -> Self {
        let mut likeliest = Self::NONE;
        likeliest.see(0, logits);
        likeliest
    }

    /// Looks at logits of the tokens from `first` on: once at all of them in lanes, which becomes
    /// vector code, and for the place only if they hold the greatest. A row has as many as 150,000.
    #[inline]
    pub fn see(&mut self, first: u32, logits: &[f32]) {
        const LANES: usize = 16;
        const BLOCK: usize = 512;
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let blocks = logits.chunks_exact(LANES);
        let rest = blocks.remainder();
        for block in blocks.chain(std::iter::once(rest)) {
            for (lane, logit) in lanes.iter_mut().zip(block) {
                // False for NaN and for minus infinity.
                *lane = if *logit > *lane { *logit } else { *lane };
            }
        }
        let logit = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
        if logit < self.logit || logit == f32::NEG_INFINITY {
            return;
        }
        let holds = |block: &[f32]| block.iter().fold(false, |holds, x| holds | (*x == logit));
        let Some(block) = logits.chunks(BLOCK).position(holds) else { return };
        let from = block * BLOCK;
        let place = logits[from..].iter().position(|x| *x == logit).map(|at| from + at);
        let Some(place) = place.and_then(|at| u32::try_from(at).ok()) else { return };
        self.meet(Self { logit, token_id: first.saturating_add(place) });
    }

    /// Takes the other's token if it is likelier, or as likely and lower.
    #[inline]
    pub fn meet(&mut self, other: Self) {
        let lower = other.logit == self.logit && other.token_id < self.token_id;
        if other.logit > self.logit || lower {
            *self = other;
        }
    }

    /// The token; `None` if no logit was usable.
    #[must_use]
    pub fn token_id(self) -> Option<u32> {
        (self.logit > f32::NEG_INFINITY).then_some(self.token_id)
    }

    /// Its logit; minus infinity if there is none.
    #[must_use]
    pub fn logit(self) -> f32 {
        self.logit
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
        fn likeliest_is_the_first_of_the_greatest_in_whatever_pieces_it_is_seen(
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
                let first = u32::try_from(at * width).unwrap();
                seen.see(first, piece);
                let mut own = Likeliest::NONE;
                own.see(first, piece);
                met.meet(own);
            }
            prop_assert_eq!(seen.token_id(), expected);
            prop_assert_eq!(met.token_id(), expected);
        }
    }
}
