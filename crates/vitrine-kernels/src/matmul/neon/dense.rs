//! Products of dense weights with f32 rows: one fused multiply-add per weight, in the order of the
//! inner index.

use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::Sums;
use crate::matmul::neon::registers::ROWS;
use crate::matmul::neon::registers::load_halves;
use crate::matmul::neon::registers::load_line;
use crate::matmul::neon::registers::load_sums;
use crate::matmul::neon::registers::store_sums;
use crate::matmul::weight_type::Format;
use std::arch::aarch64::*;

/// Adds the products of `rows` with one unit of a panel's strips to `sums`. Eight weights of every
/// strip row stay in registers while all rows of the block are multiplied.
#[target_feature(enable = "neon")]
pub(super) fn panel(strips: &[Strip<'_>], rows: FloatRows<'_>, sums: Sums<'_>) {
    assert!(rows.is_whole() && sums.reaches(rows.count, strips.len() * ROWS));
    for (at, strip) in strips.iter().enumerate() {
        for first in (0..strip.layout.weights).step_by(8) {
            strip.prefetch_ahead((first / 8, strip.layout.weights / 8), rows.count);
            let mut columns = [[vdupq_n_f32(0.0); 2]; 8];
            for k in 0..8 {
                columns[k] = column(strip.format, strip.record, first + k);
            }
            for row in 0..rows.count {
                // SAFETY: `is_whole` holds, and a unit's weights are a multiple of 8.
                let values = unsafe {
                    let values = rows.values.as_ptr().add(row * rows.stride + first);
                    [vld1q_f32(values), vld1q_f32(values.add(4))]
                };
                // SAFETY: in bounds by the assertion above.
                let slot = unsafe { sums.values.as_mut_ptr().add(row * sums.stride + at * ROWS) };
                // SAFETY: `slot` is in bounds.
                let mut sum = unsafe { load_sums(slot) };
                for half in 0..2 {
                    let columns = &columns[4 * half..4 * half + 4];
                    sum = add::<0>(sum, columns[0], values[half]);
                    sum = add::<1>(sum, columns[1], values[half]);
                    sum = add::<2>(sum, columns[2], values[half]);
                    sum = add::<3>(sum, columns[3], values[half]);
                }
                // SAFETY: `slot` is in bounds.
                unsafe { store_sums(slot, sum) };
            }
        }
    }
}

/// Adds the products of one weight of every strip row with value `AT` of `values`.
#[inline]
#[target_feature(enable = "neon")]
fn add<const AT: i32>(
    sum: [float32x4_t; 2],
    column: [float32x4_t; 2],
    values: float32x4_t,
) -> [float32x4_t; 2] {
    [
        vfmaq_laneq_f32::<AT>(sum[0], column[0], values),
        vfmaq_laneq_f32::<AT>(sum[1], column[1], values),
    ]
}

/// Weight `k` of every row, as f32.
#[inline]
#[target_feature(enable = "neon")]
fn column(format: Format, record: &[u8], k: usize) -> [float32x4_t; 2] {
    match format {
        Format::F16 => load_halves(&record[2 * ROWS * k..]),
        Format::Bf16 => {
            let bytes = &record[2 * ROWS * k..2 * ROWS * (k + 1)];
            // SAFETY: the slice has 16 bytes; the load needs no alignment.
            let halves = unsafe { vreinterpretq_u16_u8(vld1q_u8(bytes.as_ptr())) };
            [
                vreinterpretq_f32_u32(vshll_n_u16::<16>(vget_low_u16(halves))),
                vreinterpretq_f32_u32(vshll_high_n_u16::<16>(halves)),
            ]
        }
        _ => load_line(&record[4 * ROWS * k..]).map(|bytes| vreinterpretq_f32_u8(bytes)),
    }
}
