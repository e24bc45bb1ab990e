//! NEON with the dot product of bytes (SDOT): strips of 8 rows, a 32-byte line is two registers.
//!
//! As in the other tiers the codes of 32 weights stay in registers, here sixteen of the 32, while
//! all rows pass; one `sdot` multiplies, widens and adds, its activations one word of a register
//! that holds four. Both operands are signed: codes of up to six bits fit as they are and what they
//! are too large by is where the sums begin; 8-bit codes get their sign back when they are loaded.
//!
//! It is tested under emulation (`scripts/test-aarch64`) and has never been timed. Quantising of
//! rows stays the specification's: plain loops that the compiler vectorises for aarch64 as they
//! stand.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]
#![expect(
    clippy::needless_range_loop,
    reason = "counted loops over arrays of registers, in step with lines and words"
)]

mod codes;
mod dense;
mod strips;

use crate::matmul::drive::Engine;
use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::tier::Tier;
use std::arch::aarch64::*;
use std::arch::asm;

/// Rows of a strip: f32 of two registers.
const ROWS: usize = 8;

/// Bytes of a line.
const LINE: usize = 32;

/// Proof that this machine has NEON and its dot product of bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    /// # Panics
    /// If the machine lacks the tier: matrices are only packed for a tier that it has.
    pub(super) fn proven() -> Self {
        assert!(Tier::Neon.is_available(), "the neon tier on a machine without it");
        Self(())
    }
}

impl Engine for Neon {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe { strips::strip(strip, units, sums, scratch) }
    }

    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        _: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe { dense::panel(strips, rows, sums) }
    }
}

/// The first four and the last four rows of a line.
#[inline]
#[target_feature(enable = "neon")]
fn load_line(bytes: &[u8]) -> [uint8x16_t; 2] {
    assert!(bytes.len() >= LINE);
    // SAFETY: 32 bytes are there; the loads need no alignment.
    unsafe { [vld1q_u8(bytes.as_ptr()), vld1q_u8(bytes.as_ptr().add(16))] }
}

/// Eight bytes for a widening instruction.
#[inline]
#[target_feature(enable = "neon")]
fn load_bytes(bytes: &[u8]) -> uint8x8_t {
    assert!(bytes.len() >= ROWS);
    // SAFETY: 8 bytes are there; the load needs no alignment.
    unsafe { vld1_u8(bytes.as_ptr()) }
}

/// Eight f16 as f32. The conversion is spelt out: its intrinsic wants a type that the oldest
/// compiler we build with lacks.
#[inline]
#[target_feature(enable = "neon")]
fn load_halves(bytes: &[u8]) -> [float32x4_t; 2] {
    assert!(bytes.len() >= 2 * ROWS);
    // SAFETY: 16 bytes are there; the load needs no alignment.
    let halves = unsafe { vld1q_u8(bytes.as_ptr()) };
    let (first, last): (float32x4_t, float32x4_t);
    // SAFETY: every aarch64 processor with NEON has these; they touch registers only.
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
/// Eight values are at `place`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn load_sums(place: *const f32) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise; the loads need no alignment.
    unsafe { [vld1q_f32(place), vld1q_f32(place.add(4))] }
}

/// # Safety
/// Eight values are at `place`, which may be written.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn store_sums(place: *mut f32, sums: [float32x4_t; 2]) {
    // SAFETY: the caller's promise; the stores need no alignment.
    unsafe {
        vst1q_f32(place, sums[0]);
        vst1q_f32(place.add(4), sums[1]);
    }
}
