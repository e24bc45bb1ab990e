//! Sizes of a strip, and loads and stores of its registers.

use std::arch::x86_64::*;

/// Rows per strip: the f32 lanes of one register.
pub(super) const ROWS: usize = 8;

/// Bytes per line.
pub(super) const LINE: usize = 32;

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_line(bytes: &[u8]) -> __m256i {
    assert!(bytes.len() >= LINE);
    // SAFETY: the slice has 32 bytes; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_floats(values: &[f32]) -> __m256 {
    assert!(values.len() >= ROWS);
    // SAFETY: the slice has 8 values; the load needs no alignment.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_floats(values: &mut [f32], floats: __m256) {
    assert!(values.len() >= ROWS);
    // SAFETY: the slice has 8 values; the store needs no alignment.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), floats) }
}

/// Loads eight f16 as f32.
#[inline]
#[target_feature(enable = "avx2,f16c")]
pub(super) fn load_halves(bytes: &[u8]) -> __m256 {
    assert!(bytes.len() >= 2 * ROWS);
    // SAFETY: the slice has 16 bytes; the load needs no alignment.
    unsafe { _mm256_cvtph_ps(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

/// Loads eight bytes for a widening instruction.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_bytes(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= ROWS);
    // SAFETY: the slice has 8 bytes; the load needs no alignment.
    unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) }
}
