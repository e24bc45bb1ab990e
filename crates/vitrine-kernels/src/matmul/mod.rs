//! Products with packed weight matrices: `rows × matrixᵀ`, any number of rows.
//!
//! Weights are unsigned codes in panels ([`PackedMatrix`]), activations signed bytes
//! ([`QuantizedRows`]). A panel's record is taken apart once for up to [`BLOCK_ROWS`] rows, then
//! multiplied tile by tile. Threads share a product by panels: each computes some of them and hands
//! the sums to a closure of its own.
//!
//! Invariants
//! - A row's sums have the same bits in every company, in every tier and on any number of threads.
//! - Nothing is allocated in a product; [`Scratch`] belongs to the caller, one a thread.
//!
//! Source: the blocking is Goto & van de Geijn 2008, "Anatomy of high-performance matrix
//! multiplication", with weights in panels instead of packed on the fly.

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

pub use drive::Scratch;
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

/// Rows that share one unpacking of the weights: their units (20 KiB) and sums (8 KiB) stay in the
/// first two caches beside the weights.
pub const BLOCK_ROWS: usize = 64;

/// Why a matrix cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatmulError {
    /// Rows are not whole units.
    #[error("{weight_type:?} rows of {found} weights, must be a multiple of {multiple}")]
    Columns {
        /// The type.
        weight_type: WeightType,
        /// Weights of a row.
        found: usize,
        /// What they must be a multiple of.
        multiple: usize,
    },
    /// The bytes are not the matrix.
    #[error("{found} bytes for {rows} rows of {row_bytes}")]
    Bytes {
        /// Bytes given.
        found: usize,
        /// Rows of the matrix.
        rows: usize,
        /// Bytes of a row.
        row_bytes: usize,
    },
    /// This machine lacks the tier.
    #[error(transparent)]
    Tier(#[from] TierError),
}

/// The left operand, in the form that the matrix wants ([`PackedMatrix::row_form`]).
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Bytes with scales.
    Quantized(&'a QuantizedRows),
    /// Row-major `[rows, columns]` f32, for dense matrices.
    Float(&'a [f32]),
}

/// Takes sums of a row: its number, the first column, the sums from there on.
pub type Take<'a> = dyn FnMut(usize, usize, &[f32]) + 'a;

/// Computes columns `panels.start * panel_rows ..` of `rows × matrixᵀ`.
///
/// `take(row, column, sums)` gets each row's sums for up to 64 columns at a time, from `column` on;
/// every (row, column) once.
///
/// # Panics
/// If the operands do not fit together or there are no such panels: our bug.
pub fn matmul(
    matrix: &PackedMatrix,
    rows: Rows<'_>,
    panels: Range<usize>,
    scratch: &mut Scratch,
    take: &mut Take<'_>,
) {
    assert!(panels.end <= matrix.panel_count(), "panels {panels:?} of {}", matrix.panel_count());
    match rows {
        Rows::Quantized(rows) => {
            assert_eq!(rows.form(), matrix.row_form(), "the rows' form is not the matrix'");
            assert_eq!(rows.columns(), matrix.columns(), "inner lengths differ");
        }
        Rows::Float(values) => {
            assert_eq!(RowForm::Float, matrix.row_form(), "the rows' form is not the matrix'");
            assert!(values.len().is_multiple_of(matrix.columns()), "inner lengths differ");
        }
    }
    drive::run(matrix, rows, panels, scratch, take);
}

/// The largest sum of a row so far and its column. NaN and minus infinity never count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// The sum.
    pub value: f32,
    /// Its column.
    pub column: usize,
}

impl Largest {
    /// Smaller than every sum.
    pub const NONE: Self = Self { value: f32::NEG_INFINITY, column: usize::MAX };

    /// Looks at the values of the columns from `first` on: once at all of them in lanes, which
    /// becomes vector code, and for the place only if they hold the largest. A row has as many as
    /// 150,000.
    #[inline]
    pub fn see(&mut self, first: usize, values: &[f32]) {
        const LANES: usize = 16;
        const BLOCK: usize = 512;
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let blocks = values.chunks_exact(LANES);
        let rest = blocks.remainder();
        for block in blocks.chain(std::iter::once(rest)) {
            for (lane, value) in lanes.iter_mut().zip(block) {
                // False for NaN and for minus infinity.
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

    /// The larger of two; of equals the one with the smaller column, so that the order of threads
    /// does not matter. A NaN is never the larger.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let equal = other.value == self.value && other.column < self.column;
        if other.value > self.value || equal { other } else { self }
    }
}
