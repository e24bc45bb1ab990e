//! AVX2 and FMA: register tiles of 6 rows × 16 outputs.
//!
//! For each pair of inputs, two registers of weights are loaded once for all rows of the tile. Each
//! row then costs one broadcast of two codes from memory, two `vpmaddwd` and two additions.

use crate::grid::Rectangle;
use crate::int16::drive::Int16Tile;
use crate::int16::drive::TileSums;
use crate::int16::drive::multiply_with;
use crate::int16::matrix::Int16Matrix;
use crate::int16::matrix::PANEL_OUTPUTS;
use crate::tier::Tier;
use std::arch::x86_64::*;

/// [`Int16Matrix::multiply`] with AVX2.
pub(super) fn multiply(
    matrix: &Int16Matrix,
    rows: &[i16],
    out: &mut Rectangle<'_, f32>,
    first: usize,
) {
    #[target_feature(enable = "avx2,fma")]
    fn compiled(matrix: &Int16Matrix, rows: &[i16], out: &mut Rectangle<'_, f32>, first: usize) {
        multiply_with::<Avx2Int16>(matrix, rows, out, first);
    }
    assert!(Tier::Avx2.is_available(), "matrices are packed only for a supported tier");
    // SAFETY: `is_available` has just confirmed this tier.
    unsafe { compiled(matrix, rows, out, first) }
}

/// The AVX2 tier. Used only inside [`multiply`], which has detected the features.
struct Avx2Int16;

impl Int16Tile for Avx2Int16 {
    /// 6 × 2 sums, two weight registers, a broadcast and a product fill 16 registers.
    const ROWS: usize = 6;

    #[inline(always)]
    fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS> {
        // SAFETY: this type is used only inside `multiply`, so the features are available.
        unsafe { sums(codes, rows, stride) }
    }
}

#[target_feature(enable = "avx2")]
fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS> {
    let pairs = codes.len() / (2 * PANEL_OUTPUTS);
    assert!(rows.len() >= ROWS * stride && stride >= 2 * pairs, "codes of {ROWS} rows are missing");
    let (codes, rows) = (codes.as_ptr(), rows.as_ptr());
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for pair in 0..pairs {
        // SAFETY: `pair < pairs`, so these 32 codes are inside the panel; loads need no alignment.
        let weights = unsafe {
            let line = codes.add(pair * 2 * PANEL_OUTPUTS);
            [_mm256_loadu_si256(line.cast()), _mm256_loadu_si256(line.add(PANEL_OUTPUTS).cast())]
        };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS` and `pair < pairs`: in bounds by the assertion above.
            let two = unsafe { rows.add(row * stride + 2 * pair).cast::<i32>().read_unaligned() };
            let two = _mm256_set1_epi32(two);
            for half in 0..2 {
                sums[half] = _mm256_add_epi32(sums[half], _mm256_madd_epi16(weights[half], two));
            }
        }
    }
    let mut out = [[0; PANEL_OUTPUTS]; ROWS];
    for (out, sums) in out.iter_mut().zip(sums) {
        // SAFETY: 16 sums have room for two registers; stores need no alignment.
        unsafe {
            _mm256_storeu_si256(out.as_mut_ptr().cast(), sums[0]);
            _mm256_storeu_si256(out.as_mut_ptr().add(8).cast(), sums[1]);
        }
    }
    out
}
