//! Sizes of a strip, and loads and stores of its registers.

use std::arch::aarch64::*;
use std::arch::asm;

/// Rows per strip: the f32 lanes of two registers.
pub(super) const ROWS: usize = 8;

/// Bytes per line.
pub(super) const LINE: usize = 32;

/// Loads a line: the first four rows and the last four rows.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_line(bytes: &[u8]) -> [uint8x16_t; 2] {
    assert!(bytes.len() >= LINE);
    // SAFETY: the slice has 32 bytes; the loads need no alignment.
    unsafe { [vld1q_u8(bytes.as_ptr()), vld1q_u8(bytes.as_ptr().add(16))] }
}

/// Loads eight bytes for a widening instruction.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_bytes(bytes: &[u8]) -> uint8x8_t {
    assert!(bytes.len() >= ROWS);
    // SAFETY: the slice has 8 bytes; the load needs no alignment.
    unsafe { vld1_u8(bytes.as_ptr()) }
}

/// Loads eight f16 as f32. Inline assembly, because the intrinsic needs the `f16` type, which the
/// minimum supported compiler lacks.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_halves(bytes: &[u8]) -> [float32x4_t; 2] {
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
pub(super) unsafe fn load_sums(slot: *const f32) -> [float32x4_t; 2] {
    // SAFETY: guaranteed by the caller; the loads need no alignment.
    unsafe { [vld1q_f32(slot), vld1q_f32(slot.add(4))] }
}

/// # Safety
/// `slot` must point to eight writable values.
#[inline]
#[target_feature(enable = "neon")]
pub(super) unsafe fn store_sums(slot: *mut f32, sums: [float32x4_t; 2]) {
    // SAFETY: guaranteed by the caller; the stores need no alignment.
    unsafe {
        vst1q_f32(slot, sums[0]);
        vst1q_f32(slot.add(4), sums[1]);
    }
}
