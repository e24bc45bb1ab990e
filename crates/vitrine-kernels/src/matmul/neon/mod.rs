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
mod strips;

use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripKernel;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::tier::Tier;
use std::arch::aarch64::*;
use std::arch::asm;

/// Rows per strip: the f32 lanes of two registers.
const ROWS: usize = 8;

/// Bytes per line.
const LINE: usize = 32;

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

/// Loads a line: the first four rows and the last four rows.
#[inline]
#[target_feature(enable = "neon")]
fn load_line(bytes: &[u8]) -> [uint8x16_t; 2] {
    assert!(bytes.len() >= LINE);
    // SAFETY: the slice has 32 bytes; the loads need no alignment.
    unsafe { [vld1q_u8(bytes.as_ptr()), vld1q_u8(bytes.as_ptr().add(16))] }
}

/// Loads eight bytes for a widening instruction.
#[inline]
#[target_feature(enable = "neon")]
fn load_bytes(bytes: &[u8]) -> uint8x8_t {
    assert!(bytes.len() >= ROWS);
    // SAFETY: the slice has 8 bytes; the load needs no alignment.
    unsafe { vld1_u8(bytes.as_ptr()) }
}

/// Loads eight f16 as f32. Inline assembly, because the intrinsic needs the `f16` type, which the
/// minimum supported compiler lacks.
#[inline]
#[target_feature(enable = "neon")]
fn load_halves(bytes: &[u8]) -> [float32x4_t; 2] {
    assert!(bytes.len() >= 2 * ROWS);
    // SAFETY: the slice has 16 bytes; the load needs no alignment.
    let halves = unsafe { vld1q_u8(bytes.as_ptr()) };
    let (first, last): (float32x4_t, float32x4_t);
    // SAFETY: every aarch64 processor with NEON has these instructions; they access registers only.
    unsafe {
        asm!(
            "fcvtl {first:v}.4s, {halves:v}.4h",
            "fcvtl2 {last:v}.4s, {halves:v}.8h",
            first = out(vreg) first,
            last = lateout(vreg) last,
            halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    [first, last]
}

/// # Safety
/// `slot` must point to eight readable values.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_sums(slot: *const f32) -> [float32x4_t; 2] {
    // SAFETY: guaranteed by the caller; the loads need no alignment.
    unsafe { [vld1q_f32(slot), vld1q_f32(slot.add(4))] }
}

/// # Safety
/// `slot` must point to eight writable values.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn store_sums(slot: *mut f32, sums: [float32x4_t; 2]) {
    // SAFETY: guaranteed by the caller; the stores need no alignment.
    unsafe {
        vst1q_f32(slot, sums[0]);
        vst1q_f32(slot.add(4), sums[1]);
    }
}
