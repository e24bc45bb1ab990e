//! Products with dense weights: one fused multiply-add per weight, in the order of the inner index.

use crate::matmul::avx2::registers::ROWS;
use crate::matmul::avx2::registers::load_bytes;
use crate::matmul::avx2::registers::load_floats;
use crate::matmul::avx2::registers::load_halves;
use crate::matmul::avx2::registers::store_floats;
use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::Sums;
use crate::matmul::layout::PANEL_STRIPS;
use crate::matmul::weight_type::Format;
use std::arch::x86_64::*;

const F32: u8 = 0;
const F16: u8 = 1;
const BF16: u8 = 2;

/// Adds the products of `rows` with one unit of a panel's strips to `sums`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn panel(strips: &[Strip<'_>], rows: FloatRows<'_>, sums: Sums<'_>) {
    match strips.first().map(|strip| strip.format) {
        Some(Format::F16) => of_kind::<F16>(strips, rows, sums),
        Some(Format::Bf16) => of_kind::<BF16>(strips, rows, sums),
        _ => of_kind::<F32>(strips, rows, sums),
    }
}

#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn of_kind<const KIND: u8>(strips: &[Strip<'_>], rows: FloatRows<'_>, sums: Sums<'_>) {
    let stride = sums.stride;
    if rows.count <= 2 && strips.len() == PANEL_STRIPS {
        for (row, sums) in sums.values.chunks_mut(stride).take(rows.count).enumerate() {
            one_row::<KIND>(strips, rows.row(row), sums);
        }
        return;
    }
    // Checked once here, for the reason given in `blocks` of the quantised strips.
    assert!(rows.is_whole() && sums.reaches(rows.count, strips.len() * ROWS));
    for (at, strip) in strips.iter().enumerate() {
        for first in (0..strip.layout.weights).step_by(8) {
            strip.prefetch_ahead((first / 8, strip.layout.weights / 8), rows.count);
            let mut columns = [_mm256_setzero_ps(); 8];
            for k in 0..8 {
                columns[k] = column::<KIND>(strip.record, first + k);
            }
            for row in 0..rows.count {
                // SAFETY: `is_whole` holds, and a unit's weights are a multiple of 8.
                let values = unsafe { rows.values.as_ptr().add(row * rows.stride + first) };
                // SAFETY: in bounds by the assertion above.
                let slot = unsafe { sums.values.as_mut_ptr().add(row * stride + at * ROWS) };
                // SAFETY: `slot` is in bounds; the load needs no alignment.
                let mut sum = unsafe { _mm256_loadu_ps(slot) };
                for k in 0..8 {
                    // SAFETY: `values` has eight elements from here on.
                    let value = unsafe { values.add(k).read() };
                    sum = _mm256_fmadd_ps(columns[k], _mm256_set1_ps(value), sum);
                }
                // SAFETY: `slot` is in bounds; the store needs no alignment.
                unsafe { _mm256_storeu_ps(slot, sum) };
            }
        }
    }
}

/// Processes four strips in parallel, so that their dependent additions overlap.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn one_row<const KIND: u8>(strips: &[Strip<'_>], values: &[f32], sums: &mut [f32]) {
    strips.iter().for_each(|strip| strip.prefetch_ahead((0, 1), 1));
    let mut total = [_mm256_setzero_ps(); PANEL_STRIPS];
    for at in 0..PANEL_STRIPS {
        total[at] = load_floats(&sums[at * ROWS..]);
    }
    for (k, &value) in values.iter().enumerate() {
        let value = _mm256_set1_ps(value);
        for at in 0..PANEL_STRIPS {
            total[at] = _mm256_fmadd_ps(column::<KIND>(strips[at].record, k), value, total[at]);
        }
    }
    for at in 0..PANEL_STRIPS {
        store_floats(&mut sums[at * ROWS..], total[at]);
    }
}

/// Weight `k` of every row, as f32.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn column<const KIND: u8>(record: &[u8], k: usize) -> __m256 {
    match KIND {
        F16 => load_halves(&record[2 * ROWS * k..]),
        BF16 => {
            let bytes = &record[2 * ROWS * k..2 * ROWS * (k + 1)];
            let halves = _mm_unpacklo_epi64(load_bytes(bytes), load_bytes(&bytes[ROWS..]));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
        }
        _ => {
            let bytes = &record[4 * ROWS * k..4 * ROWS * (k + 1)];
            // SAFETY: the slice has 32 bytes; the load needs no alignment.
            unsafe { _mm256_loadu_ps(bytes.as_ptr().cast()) }
        }
    }
}
