//! AVX2, FMA and F16C: panels of 8 rows, a 32-byte line is one register.
//!
//! `maddubs` multiplies unsigned codes with signed activations and adds neighbours to i16. Codes
//! are small enough to add several groups before anything is widened: 8 groups of 4-bit codes
//! (8 · 2 · 15 · 127 = 30,480), 4 of 5 bits (31,496), 2 of 6 bits (32,004). `Q8_0` is widened to i16
//! instead, for its products would saturate.
//!
//! Source: the instruction's use for block formats follows llama.cpp's `ggml-cpu/arch/x86`; chains
//! without widening are bounded above.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]
#![expect(
    clippy::needless_range_loop,
    reason = "counted loops over arrays of registers, in step with lines and words"
)]

mod decode;
mod dense;
mod tiles;
mod wide;

use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::drive::Engine;
use crate::kernels::matmul::drive::Shape;
use crate::kernels::matmul::layout::Layout;
use crate::kernels::matmul::rows::RowUnit;
use crate::kernels::matmul::weight_type::Format;
use crate::kernels::matmul::weight_type::RowForm;
use crate::kernels::tier::Tier;

/// Rows of a panel: f32 of one register.
const ROWS: usize = 8;

/// Bytes of a line.
const LINE: usize = 32;

/// Proof that this machine has AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// # Panics
    /// If the machine lacks the tier: matrices are only packed for a tier that it has.
    pub(super) fn proven() -> Self {
        assert!(Tier::Avx2.is_available(), "the avx2 tier on a machine without it");
        Self(())
    }
}

impl Engine for Avx2 {
    fn decode(self, format: Format, layout: &Layout, record: &[u8], panel: &mut DecodedPanel) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe { decode::decode(format, layout, record, panel) }
    }

    fn tile(self, shape: Shape, panels: &[DecodedPanel], units: &[RowUnit], sums: &mut [f32]) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe {
            if shape.format == Format::Q8_0 {
                wide::tile(shape, panels, units, sums);
            } else {
                tiles::tile(shape, panels, units, sums);
            }
        }
    }

    fn tile_dense(self, shape: Shape, panels: &[DecodedPanel], rows: &[&[f32]], sums: &mut [f32]) {
        // SAFETY: `self` proves that the machine has the instructions.
        unsafe { dense::tile(shape, panels, rows, sums) }
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
