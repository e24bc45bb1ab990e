//! AVX-512 with VNNI: register tiles of 12 rows × 16 outputs.
//!
//! For each pair of inputs, one register of weights is loaded for all rows of the tile. Each row
//! then costs one `vpdpwssd` with two codes broadcast from memory.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use crate::grid::Rectangle;
use crate::int16::drive::Int16Tile;
use crate::int16::drive::TileSums;
use crate::int16::drive::multiply_with;
use crate::int16::matrix::Int16Matrix;
use crate::int16::matrix::PANEL_OUTPUTS;
use crate::tier::Tier;
use std::arch::x86_64::*;

/// [`Int16Matrix::multiply`] with AVX-512.
pub(super) fn multiply(
    matrix: &Int16Matrix,
    rows: &[i16],
    out: &mut Rectangle<'_, f32>,
    first: usize,
) {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
    fn compiled(matrix: &Int16Matrix, rows: &[i16], out: &mut Rectangle<'_, f32>, first: usize) {
        multiply_with::<Avx512Int16>(matrix, rows, out, first);
    }
    assert!(Tier::Avx512Vnni.is_available(), "matrices are packed only for a supported tier");
    // SAFETY: `is_available` has just confirmed this tier.
    unsafe { compiled(matrix, rows, out, first) }
}

/// The AVX-512 tier. Used only inside [`multiply`], which has detected the features.
struct Avx512Int16;

impl Int16Tile for Avx512Int16 {
    const ROWS: usize = 12;

    #[inline(always)]
    fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS> {
        // SAFETY: this type is used only inside `multiply`, so the features are available.
        unsafe { sums(codes, rows, stride) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS> {
    let pairs = codes.len() / (2 * PANEL_OUTPUTS);
    assert!(rows.len() >= ROWS * stride && stride >= 2 * pairs, "codes of {ROWS} rows are missing");
    let (codes, rows) = (codes.as_ptr(), rows.as_ptr());
    let mut sums = [_mm512_setzero_si512(); ROWS];
    for pair in 0..pairs {
        // SAFETY: `pair < pairs`, so these 32 codes are inside the panel; the load needs no
        // alignment.
        let weights = unsafe { _mm512_loadu_si512(codes.add(pair * 2 * PANEL_OUTPUTS).cast()) };
        for (row, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS` and `pair < pairs`: in bounds by the assertion above.
            let two = unsafe { rows.add(row * stride + 2 * pair).cast::<i32>().read_unaligned() };
            *sum = _mm512_dpwssd_epi32(*sum, weights, _mm512_set1_epi32(two));
        }
    }
    let mut out = [[0; PANEL_OUTPUTS]; ROWS];
    for (out, sum) in out.iter_mut().zip(sums) {
        // SAFETY: 16 sums have room for the register; the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sum) };
    }
    out
}
