//! NEON with the byte dot product `sdot`: strips of 8 rows; a 32-byte line is two registers.
//!
//! As in the other tiers, the codes of 32 weights stay in registers (16 of the 32) while all rows
//! of the block are multiplied. One `sdot` multiplies, widens and adds, with one word of a register
//! of four as its activations. Both operands are signed. Codes of up to six bits fit a signed byte,
//! and their accumulators start at the zero-point correction; 8-bit codes become signed when they
//! are loaded.
//!
//! This tier is tested under emulation (`scripts/test-aarch64`) and its speed has never been
//! measured. Rows are quantised by the specification, whose plain loops the compiler vectorises for
//! aarch64.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]
#![expect(
    clippy::needless_range_loop,
    reason = "counted loops over register arrays that are indexed in step with lines and words"
)]

mod codes;
mod dense;
mod registers;
mod strips;

use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripKernel;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::tier::Tier;

/// Proof that this machine has NEON and the byte dot product.
#[derive(Debug, Clone, Copy)]
pub(super) struct NeonMatmul(());

impl NeonMatmul {
    /// # Panics
    /// If this machine does not support the tier. Matrices are packed only for supported tiers.
    pub(super) fn detected() -> Self {
        assert!(Tier::Neon.is_available(), "the neon tier on a machine without it");
        Self(())
    }
}

impl StripKernel for NeonMatmul {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that this machine supports the instructions.
        unsafe { strips::strip(strip, units, sums, scratch) }
    }

    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        _: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that this machine supports the instructions.
        unsafe { dense::panel(strips, rows, sums) }
    }
}
