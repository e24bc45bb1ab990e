//! Tiles of `Q8_0`: weights and activations widened to i16, for `madd` adds their products exactly.

use crate::kernels::matmul::avx2::LINE;
use crate::kernels::matmul::avx2::ROWS;
use crate::kernels::matmul::avx2::decode::even_and_odd;
use crate::kernels::matmul::avx2::decode::store;
use crate::kernels::matmul::avx2::tiles::load_floats;
use crate::kernels::matmul::avx2::tiles::store_floats;
use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::drive::GROUP_PANELS;
use crate::kernels::matmul::drive::Shape;
use crate::kernels::matmul::drive::TILE_ROWS;
use crate::kernels::matmul::rows::RowUnit;
use std::arch::x86_64::*;

/// f32 from one row's sums to the next row's.
const SUMS: usize = GROUP_PANELS * ROWS;

/// A unit's codes in i16 pairs: of 32 codes the 8 even pairs, then the 8 odd ones.
#[repr(align(32))]
#[derive(Clone, Copy)]
struct WideUnit([i32; 128]);

/// Adds the products of `units` with `panels` to `sums`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn tile(shape: Shape, panels: &[DecodedPanel], units: &[RowUnit], sums: &mut [f32]) {
    let mut wide = [WideUnit([0; 128]); TILE_ROWS];
    let groups = shape.weights / 32;
    for (wide, unit) in wide.iter_mut().zip(units) {
        for (pairs, codes) in
            wide.0.chunks_exact_mut(16).zip(unit.codes.chunks_exact(32)).take(groups)
        {
            // SAFETY: the chunk is 32 bytes long; the load needs no alignment.
            let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) };
            let [even, odd] = even_and_odd(codes);
            store(pairs, even);
            store(&mut pairs[8..], odd);
        }
    }
    for (panels, at) in panels.chunks(2).zip([0, 2 * ROWS]) {
        let sums = &mut sums[at..];
        match (panels.len(), units.len()) {
            (2, 4) => blocks::<4, 2>(groups, panels, (units, &wide), sums),
            (2, 3) => blocks::<3, 2>(groups, panels, (units, &wide), sums),
            (2, 2) => blocks::<2, 2>(groups, panels, (units, &wide), sums),
            (2, _) => blocks::<1, 2>(groups, panels, (units, &wide), sums),
            (_, 4) => blocks::<4, 1>(groups, panels, (units, &wide), sums),
            (_, 3) => blocks::<3, 1>(groups, panels, (units, &wide), sums),
            (_, 2) => blocks::<2, 1>(groups, panels, (units, &wide), sums),
            _ => blocks::<1, 1>(groups, panels, (units, &wide), sums),
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn blocks<const M: usize, const P: usize>(
    groups: usize,
    panels: &[DecodedPanel],
    (units, wide): (&[RowUnit], &[WideUnit; TILE_ROWS]),
    sums: &mut [f32],
) {
    let (panels, units) = (&panels[..P], &units[..M]);
    let mut total = [[_mm256_setzero_ps(); P]; M];
    for m in 0..M {
        for p in 0..P {
            total[m][p] = load_floats(&sums[m * SUMS + p * ROWS..]);
        }
    }
    for group in 0..groups.min(8) {
        let mut exact = [[_mm256_setzero_si256(); P]; M];
        for pair in 0..16 {
            let mut weights = [_mm256_setzero_si256(); P];
            for p in 0..P {
                // Four codes of 8 rows are an even line, then an odd one.
                let line = 16 * group + 2 * (pair % 8) + pair / 8;
                // SAFETY: `line` is below 128, and a panel's codes are 128 lines.
                weights[p] =
                    unsafe { _mm256_load_si256(panels[p].codes.as_ptr().add(line * LINE).cast()) };
            }
            for m in 0..M {
                let word = _mm256_set1_epi32(wide[m].0[16 * group + pair]);
                for p in 0..P {
                    let products = _mm256_madd_epi16(weights[p], word);
                    exact[m][p] = _mm256_add_epi32(exact[m][p], products);
                }
            }
        }
        for m in 0..M {
            let scale = _mm256_set1_ps(units[m].scale(group));
            for p in 0..P {
                let d = load_floats(&panels[p].d[group * ROWS..]);
                let exact = _mm256_cvtepi32_ps(exact[m][p]);
                total[m][p] = _mm256_fmadd_ps(exact, _mm256_mul_ps(d, scale), total[m][p]);
            }
        }
    }
    for m in 0..M {
        for p in 0..P {
            store_floats(&mut sums[m * SUMS + p * ROWS..], total[m][p]);
        }
    }
}
