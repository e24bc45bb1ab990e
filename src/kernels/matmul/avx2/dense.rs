//! Tiles of dense weights: one fused multiply-add a weight, in the order of the inner index.

use crate::kernels::matmul::avx2::ROWS;
use crate::kernels::matmul::avx2::tiles::load_floats;
use crate::kernels::matmul::avx2::tiles::store_floats;
use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::drive::GROUP_PANELS;
use crate::kernels::matmul::drive::Shape;
use std::arch::x86_64::*;

/// f32 from one row's sums to the next row's.
const SUMS: usize = GROUP_PANELS * ROWS;

/// Adds the products of `rows` with `panels` to `sums`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn tile(shape: Shape, panels: &[DecodedPanel], rows: &[&[f32]], sums: &mut [f32]) {
    for (panels, at) in panels.chunks(2).zip([0, 2 * ROWS]) {
        let sums = &mut sums[at..];
        match (panels.len(), rows.len()) {
            (2, 4) => products::<4, 2>(shape.weights, panels, rows, sums),
            (2, 3) => products::<3, 2>(shape.weights, panels, rows, sums),
            (2, 2) => products::<2, 2>(shape.weights, panels, rows, sums),
            (2, _) => products::<1, 2>(shape.weights, panels, rows, sums),
            (_, 4) => products::<4, 1>(shape.weights, panels, rows, sums),
            (_, 3) => products::<3, 1>(shape.weights, panels, rows, sums),
            (_, 2) => products::<2, 1>(shape.weights, panels, rows, sums),
            _ => products::<1, 1>(shape.weights, panels, rows, sums),
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn products<const M: usize, const P: usize>(
    weights: usize,
    panels: &[DecodedPanel],
    rows: &[&[f32]],
    sums: &mut [f32],
) {
    let panels = &panels[..P];
    let mut values = [&[][..]; M];
    for m in 0..M {
        values[m] = &rows[m][..weights];
    }
    let mut total = [[_mm256_setzero_ps(); P]; M];
    for m in 0..M {
        for p in 0..P {
            total[m][p] = load_floats(&sums[m * SUMS + p * ROWS..]);
        }
    }
    for k in 0..weights {
        let mut column = [_mm256_setzero_ps(); P];
        for p in 0..P {
            column[p] = load_floats(&panels[p].dense[k * ROWS..]);
        }
        for m in 0..M {
            let value = _mm256_set1_ps(values[m][k]);
            for p in 0..P {
                total[m][p] = _mm256_fmadd_ps(column[p], value, total[m][p]);
            }
        }
    }
    for m in 0..M {
        for p in 0..P {
            store_floats(&mut sums[m * SUMS + p * ROWS..], total[m][p]);
        }
    }
}
