//! AVX2, FMA and F16C, optionally with AVX-VNNI: strips of 8 rows; a 32-byte line is one register.
//!
//! The codes of 32 weights of a strip are unpacked into eight registers and stay there while all
//! rows of the block are multiplied. Each row and line costs one broadcast of four activations, one
//! `vpmaddubsw` (unsigned codes times signed activations, adjacent products added to i16) and one
//! addition. Codes are small enough to add several lines before widening: 8 lines of 4-bit codes (8
//! · 2 · 15 · 127 = 30,480), 4 lines of 5 bits (31,496), 2 lines of 6 bits (32,004). `Q8_0`
//! multiplies magnitudes, with the sign of the weight moved to the activation, and widens every
//! line (at most 32,512). Products of i16 pairs need no sign handling but were measured slower:
//! they take twice the broadcasts.
//!
//! With AVX-VNNI one `vpdpbusd` multiplies, widens and adds, for codes of any width.
//!
//! Source: the use of the instruction for block formats and moving the sign follow llama.cpp's
//! `ggml-cpu/arch/x86`. Keeping the codes in registers over all rows was measured here to reach 85
//! % of the instruction's peak, a register tile of sums 65 %.

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
use crate::matmul::weight_type::RowForm;
use crate::tier::Tier;

/// Proof that this machine has AVX2, FMA and F16C, and AVX-VNNI if `VNNI`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2Matmul<const VNNI: bool>(());

impl<const VNNI: bool> Avx2Matmul<VNNI> {
    /// # Panics
    /// If this machine does not support the tier. Matrices are packed only for supported tiers.
    pub(super) fn detected() -> Self {
        let tier = if VNNI { Tier::AvxVnni } else { Tier::Avx2 };
        assert!(tier.is_available(), "the {} tier on a machine without it", tier.name());
        Self(())
    }
}

impl<const VNNI: bool> StripKernel for Avx2Matmul<VNNI> {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        // SAFETY: `self` proves that this machine supports the instructions.
        unsafe { strips::strip::<VNNI>(strip, units, sums, scratch) }
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

/// [`RowUnit::quantize_plain`] compiled for AVX2 and FMA. The caller must have detected both.
pub(super) fn quantize(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn compiled(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
        unit.quantize_plain(form, values);
    }
    // SAFETY: `RowUnit::quantize` calls this only after `Tier::is_available` has confirmed AVX2 and
    // FMA.
    unsafe { compiled(unit, form, values) }
}
