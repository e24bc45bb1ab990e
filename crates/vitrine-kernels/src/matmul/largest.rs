//! The largest sum of a row, for greedy decoding.

/// The largest sum of a row so far and its column. NaN and minus infinity are ignored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// The largest sum.
    pub value: f32,
    /// The column of that sum.
    pub column: usize,
}

impl Largest {
    /// The initial value: smaller than every sum.
    pub const NONE: Self = Self { value: f32::NEG_INFINITY, column: usize::MAX };

    /// Includes the values of the columns from `first` on. Of equal values the first column wins.
    ///
    /// A first pass finds the maximum in vectorised lanes; the column is searched only if the
    /// maximum improves on the current one. A vocabulary row has up to 150,000 values.
    #[inline]
    pub fn include(&mut self, first: usize, values: &[f32]) {
        const LANES: usize = 16;
        const BLOCK: usize = 512;
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let blocks = values.chunks_exact(LANES);
        let rest = blocks.remainder();
        for block in blocks.chain(std::iter::once(rest)) {
            for (lane, value) in lanes.iter_mut().zip(block) {
                // The comparison is false for NaN and minus infinity.
                *lane = if *value > *lane { *value } else { *lane };
            }
        }
        let value = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
        if value < self.value || value == f32::NEG_INFINITY {
            return;
        }
        let holds = |block: &[f32]| block.iter().fold(false, |holds, x| holds | (*x == value));
        let Some(block) = values.chunks(BLOCK).position(holds) else { return };
        let from = block * BLOCK;
        let Some(at) = values[from..].iter().position(|x| *x == value) else { return };
        *self = self.or(Self { value, column: first + from + at });
    }

    /// The larger of two results. Ties go to the smaller column, so that the order of threads does
    /// not matter. A NaN never wins.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let equal = other.value == self.value && other.column < self.column;
        if other.value > self.value || equal { other } else { self }
    }
}
