//! Matrix products with both operands in 16-bit integers: `rows × matrixᵀ + bias`.
//!
//! A matrix has one scale per output and a row of activations has one scale, so an inner product is
//! summed in integers and scaled once. Weights have 10 bits. Activation codes use the range that
//! then remains for an i32 sum ([`code_max`]): ±10,943 for 384 inputs, ±2,736 for 1,536. One
//! instruction multiplies two adjacent codes by two adjacent weights, as fast as a byte product
//! that has to widen its results, and with almost no loss: the worst cosine error of MiniLM over
//! 2,000 sentences is 0.0002, against 0.0046 for 8-bit weights with one scale per output.
//!
//! Weights are stored in *panels* of 16 outputs: `[pair of inputs][output][2]`.
//!
//! Invariants
//! - Batch invariance: the output bits of a row are the same whatever other rows are computed, in
//!   every tier and on any number of threads. Integer sums are exact, and the f32 steps after them
//!   use explicit fused multiply-adds.
//! - A product never allocates.
//!
//! Source: scales per output and per row as in Dettmers et al. 2022, arXiv:2208.07339; the register
//! tile follows Goto & van de Geijn 2008.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod drive;
mod matrix;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;

pub use matrix::Int16Matrix;
pub use matrix::PANEL_OUTPUTS;
pub use matrix::code_max;
pub use rows::quantize;
pub use rows::row_codes;

use crate::grid::Rectangle;
use crate::int16::drive::multiply_with;
use crate::int16::scalar::ScalarInt16;
#[cfg(target_arch = "x86_64")]
use crate::tier::Tier;

impl Int16Matrix {
    /// Writes the rectangle `out` of `rows × matrixᵀ + bias`.
    ///
    /// `rows` holds rows quantised by [`quantize`], [`row_codes`] codes apart, for all rows of the
    /// rectangle's matrix. The product begins at column `first` of that matrix.
    ///
    /// # Panics
    /// If the rectangle does not begin at a panel, or rows or outputs are out of range: a bug in
    /// the caller.
    pub fn multiply(&self, rows: &[i16], out: &mut Rectangle<'_, f32>, first: usize) {
        #[cfg(target_arch = "x86_64")]
        match self.tier {
            Tier::Avx512Vnni => return avx512::multiply(self, rows, out, first),
            Tier::Avx2 | Tier::AvxVnni => return avx2::multiply(self, rows, out, first),
            Tier::Scalar | Tier::Neon => {}
        }
        multiply_with::<ScalarInt16>(self, rows, out, first);
    }
}
