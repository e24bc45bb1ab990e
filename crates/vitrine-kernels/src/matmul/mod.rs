//! Products with packed weight matrices: `rows × matrixᵀ`, for any number of rows.
//!
//! Weights are unsigned codes in panels ([`PackedMatrix`]); activations are signed bytes
//! ([`QuantizedRows`]). The records of a panel are unpacked once for up to [`BLOCK_ROWS`] rows and
//! multiplied strip by strip. Threads share a product by panels: each thread computes some of them
//! and passes the sums to its own closure.
//!
//! Invariants
//! - Batch invariance: the sums of a row have the same bits whatever other rows are computed, in
//!   every tier and on any number of threads.
//! - A product never allocates. The caller owns one [`MatmulScratch`] per thread.
//!
//! Source: the blocking is Goto & van de Geijn 2008, "Anatomy of high-performance matrix
//! multiplication", with weights stored in panels instead of packed on the fly.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod decode;
mod drive;
mod layout;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;
mod weight_type;

pub use drive::MatmulScratch;
pub use packed::PackedMatrix;
pub use rows::MAGNITUDE_MIN;
pub use rows::QuantizedRows;
pub use rows::RowUnit;
pub use rows::quantize_row;
pub(crate) use rows::scale_of;
pub use weight_type::RowForm;
pub use weight_type::WeightType;

use crate::tier::TierError;
use std::ops::Range;

/// Maximum rows that share one unpacking of the weights. Their units (20 KiB) and sums (8 KiB) stay
/// in the first two cache levels beside the weights.
pub const BLOCK_ROWS: usize = 64;

/// Why a matrix cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatmulError {
    /// The row length is not a multiple of the type's unit.
    #[error("{weight_type:?} rows have {found} weights, must be a multiple of {multiple}")]
    Columns {
        /// The weight type.
        weight_type: WeightType,
        /// Weights per row.
        found: usize,
        /// The required multiple, in weights.
        multiple: usize,
    },
    /// The byte count does not match the shape.
    #[error("found {found} bytes, {rows} rows of {row_bytes} bytes were expected")]
    Bytes {
        /// Bytes found.
        found: usize,
        /// Matrix rows.
        rows: usize,
        /// Bytes per row.
        row_bytes: usize,
    },
    /// This machine does not support the tier.
    #[error(transparent)]
    Tier(#[from] TierError),
}

/// The left operand, in the form given by [`PackedMatrix::row_form`].
#[derive(Debug, Clone, Copy)]
pub enum MatmulRows<'a> {
    /// Bytes with scales, for quantised matrices.
    Quantized(&'a QuantizedRows),
    /// Row-major `[rows, columns]` f32, for dense matrices.
    Float(&'a [f32]),
}

/// Receives the sums of one row: row index, first column, and the sums from that column on.
pub type SumsSink<'a> = dyn FnMut(usize, usize, &[f32]) + 'a;

/// Computes columns `panels.start * panel_rows ..` of `rows × matrixᵀ`.
///
/// Calls `take(row, column, sums)` with up to 64 consecutive sums of a row, starting at `column`.
/// Every (row, column) pair is passed exactly once.
///
/// # Panics
/// If the operands do not match or the panels do not exist: a bug in the caller.
pub fn matmul(
    matrix: &PackedMatrix,
    rows: MatmulRows<'_>,
    panels: Range<usize>,
    scratch: &mut MatmulScratch,
    take: &mut SumsSink<'_>,
) {
    assert!(panels.end <= matrix.panel_count(), "panels {panels:?} of {}", matrix.panel_count());
    match rows {
        MatmulRows::Quantized(rows) => {
            assert_eq!(rows.form(), matrix.row_form(), "row form differs from the matrix");
            assert_eq!(rows.columns(), matrix.columns(), "inner lengths differ");
        }
        MatmulRows::Float(values) => {
            assert_eq!(RowForm::Float, matrix.row_form(), "row form differs from the matrix");
            assert!(values.len().is_multiple_of(matrix.columns()), "inner lengths differ");
        }
    }
    drive::run(matrix, rows, panels, scratch, take);
}

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
