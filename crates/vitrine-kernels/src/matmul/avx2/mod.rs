//! AVX2, FMA and F16C, also with AVX-VNNI: strips of 8 rows, a 32-byte line is one register.
//!
//! The codes of 32 weights of a strip are unpacked into eight registers and stay there while all
//! rows of the block pass: per row and line one broadcast of four activations, one `maddubs`
//! (unsigned codes times signed activations, neighbours added to i16) and one addition. Codes are
//! small enough to add several lines before anything is widened: 8 lines of 4-bit codes
//! (8 · 2 · 15 · 127 = 30,480), 4 of 5 bits (31,496), 2 of 6 bits (32,004). `Q8_0` multiplies
//! magnitudes, the weight's sign moved to the activation, and widens every line (32,512 at most).
//! Pairs of i16 instead, which need no sign, were measured slower: twice the broadcasts.
//!
//! With AVX-VNNI one `vpdpbusd` multiplies, widens and adds, whatever the codes' bits.
//!
//! Source: the instruction's use for block formats, and moving the sign, follow llama.cpp's
//! `ggml-cpu/arch/x86`; keeping the codes in registers over all rows instead of a tile of sums was
//! measured here to reach 85 % of the instruction's peak, the tile 65 %.

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
use crate::matmul::weight_type::RowForm;
use crate::tier::Tier;
use std::arch::x86_64::*;

/// Rows of a strip: f32 of one register.
const ROWS: usize = 8;

/// Bytes of a line.
const LINE: usize = 32;

/// Proof that this machine has AVX2, FMA and F16C, and AVX-VNNI if so said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// # Panics
    /// If the machine lacks the tier: matrices are only packed for a tier that it has.
    pub(super) fn proven() -> Self {
        let tier = if VNNI { Tier::AvxVnni } else { Tier::Avx2 };
        assert!(tier.is_available(), "the {} tier on a machine without it", tier.name());
        Self(())
    }
}

impl<const VNNI: bool> Engine for Avx2<VNNI> {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe { strips::strip::<VNNI>(strip, units, sums, scratch) }
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

/// As [`RowUnit::quantize_plain`]; the caller has asked whether this machine has AVX2.
pub(super) fn quantize(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn compiled(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
        unit.quantize_plain(form, values);
    }
    // SAFETY: `RowUnit::quantize` calls this where `Tier::is_available` found AVX2 and FMA.
    unsafe { compiled(unit, form, values) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_line(bytes: &[u8]) -> __m256i {
    assert!(bytes.len() >= LINE);
    // SAFETY: 32 bytes are there; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_floats(values: &[f32]) -> __m256 {
    assert!(values.len() >= ROWS);
    // SAFETY: 8 values are there; the load needs no alignment.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_floats(values: &mut [f32], floats: __m256) {
    assert!(values.len() >= ROWS);
    // SAFETY: 8 values are there; the store needs no alignment.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), floats) }
}

/// Eight f16 as f32.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn load_halves(bytes: &[u8]) -> __m256 {
    assert!(bytes.len() >= 2 * ROWS);
    // SAFETY: 16 bytes are there; the load needs no alignment.
    unsafe { _mm256_cvtph_ps(_mm_loadu_si128(bytes.as_ptr().cast())) }
}

/// Eight bytes for a widening instruction.
#[inline]
#[target_feature(enable = "avx2")]
fn load_bytes(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= ROWS);
    // SAFETY: 8 bytes are there; the load needs no alignment.
    unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) }
}
