//! Products of one unit of a strip with a block of quantised rows.

use crate::matmul::drive::IntegerSums;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::neon::codes::Exact;
use crate::matmul::neon::codes::dot;
use crate::matmul::neon::codes::unpack;
use crate::matmul::neon::registers::LINE;
use crate::matmul::neon::registers::ROWS;
use crate::matmul::neon::registers::load_bytes;
use crate::matmul::neon::registers::load_halves;
use crate::matmul::neon::registers::load_sums;
use crate::matmul::neon::registers::store_sums;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::Format;
use std::arch::aarch64::*;

/// Adds the products of `units` with the strip's unit to `sums`.
#[target_feature(enable = "neon,dotprod")]
pub(super) fn strip(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    match strip.format {
        Format::Q4K => super_block::<4>(strip, units, sums, scratch),
        Format::Q5K => super_block::<5>(strip, units, sums, scratch),
        Format::Q6K => super_block::<6>(strip, units, sums, scratch),
        Format::Q4_0 => blocks::<4, 8, false>(strip, units, sums),
        Format::Q5_0 => blocks::<5, 16, false>(strip, units, sums),
        Format::Q4_1 => blocks::<4, 0, true>(strip, units, sums),
        Format::Q5_1 => blocks::<5, 0, true>(strip, units, sums),
        // The unpacked codes are already signed, so there is no zero point.
        Format::Q8_0 => blocks::<8, 0, false>(strip, units, sums),
        Format::F32 | Format::F16 | Format::Bf16 => unreachable!("dense weights have no codes"),
    }
}

/// Products with a super-block of 256 weights and integer scales.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn super_block<const BITS: usize>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    assert!(sums.reaches(units.len(), ROWS));
    let zero = vdupq_n_s32(0);
    let exact = &mut scratch.exact[..units.len()];
    for block in 0..8 {
        strip.prefetch_ahead((block, 8), units.len());
        let (low, high) = strip.lines::<BITS, LINE>(block);
        let codes = unpack::<BITS>(low, high);
        let [first_scale, last_scale] = scales_of::<BITS>(&strip, block);
        for (unit, exact) in units.iter().zip(exact.iter_mut()) {
            let start = if BITS == 6 { offset_of(unit, block) } else { [[zero; 2]; 2] };
            let [first, last] = dot(&codes, unit, block, start);
            let mut total = if block == 0 { [zero; 2] } else { read(exact) };
            for four in 0..2 {
                total[four] = if BITS == 6 {
                    let total = vmlaq_s32(total[four], first[four], first_scale[four]);
                    vmlaq_s32(total, last[four], last_scale[four])
                } else {
                    vmlaq_s32(total[four], vaddq_s32(first[four], last[four]), first_scale[four])
                };
            }
            write(exact, total);
        }
    }
    let d = load_halves(strip.record);
    let mins = if BITS == 6 { [vdupq_n_s16(0); 8] } else { mins_of(&strip) };
    let dmin = if BITS == 6 { d } else { load_halves(&strip.record[strip.layout.m..]) };
    for (row, (unit, exact)) in units.iter().zip(exact).enumerate() {
        let exact = read(exact);
        let scale = vdupq_n_f32(unit.scale(0));
        // SAFETY: `reaches` holds.
        let slot = unsafe { sums.values.as_mut_ptr().add(row * sums.stride) };
        // SAFETY: `reaches` holds.
        let mut sum = unsafe { load_sums(slot) };
        for four in 0..2 {
            let scaled = vmulq_f32(d[four], scale);
            sum[four] = vfmaq_f32(sum[four], vcvtq_f32_s32(exact[four]), scaled);
        }
        if BITS != 6 {
            let offset = offset_of_mins(&mins, unit);
            for four in 0..2 {
                let scaled = vmulq_f32(dmin[four], scale);
                sum[four] = vfmsq_f32(sum[four], vcvtq_f32_s32(offset[four]), scaled);
            }
        }
        // SAFETY: `reaches` holds.
        unsafe { store_sums(slot, sum) };
    }
}

/// Loads the sums stored by [`write`].
#[inline]
#[target_feature(enable = "neon")]
fn read(sums: &IntegerSums) -> Exact {
    let slot = sums.0.as_ptr();
    // SAFETY: an element has 16 sums, of which 8 are accessed.
    unsafe { [vld1q_s32(slot), vld1q_s32(slot.add(4))] }
}

#[inline]
#[target_feature(enable = "neon")]
fn write(sums: &mut IntegerSums, exact: Exact) {
    let slot = sums.0.as_mut_ptr();
    // SAFETY: an element has 16 sums, of which 8 are accessed.
    unsafe {
        vst1q_s32(slot, exact[0]);
        vst1q_s32(slot.add(4), exact[1]);
    }
}

/// The integer scales of both halves of a block of 32.
#[inline]
#[target_feature(enable = "neon")]
fn scales_of<const BITS: usize>(strip: &Strip<'_>, block: usize) -> [Exact; 2] {
    let scale = |at: usize| {
        // Scales of `Q4_K` and `Q5_K` have six bits, so their sign bit is clear.
        let bytes = load_bytes(&strip.record[strip.layout.scale + at * ROWS..]);
        widened(vmovl_s8(vreinterpret_s8_u8(bytes)))
    };
    if BITS == 6 { [scale(2 * block), scale(2 * block + 1)] } else { [scale(block); 2] }
}

#[inline]
#[target_feature(enable = "neon")]
fn widened(halves: int16x8_t) -> Exact {
    [vmovl_s16(vget_low_s16(halves)), vmovl_high_s16(halves)]
}

/// Start values of the integer sums of both halves of block `block`: the zero-point correction of
/// `Q6_K`, -32 · Σ activations.
#[inline]
#[target_feature(enable = "neon")]
fn offset_of(unit: &RowUnit, block: usize) -> [Exact; 2] {
    let negated = vdupq_n_s32(unit.words[8 + block]);
    let first = vshrq_n_s32::<11>(vshlq_n_s32::<16>(negated));
    let last = vshlq_n_s32::<5>(vshrq_n_s32::<16>(negated));
    [[first; 2], [last; 2]]
}

/// Integer minima of the sub-blocks, for eight rows each.
#[inline]
#[target_feature(enable = "neon")]
fn mins_of(strip: &Strip<'_>) -> [int16x8_t; 8] {
    let bytes = &strip.record[strip.layout.min..];
    let mut mins = [vdupq_n_s16(0); 8];
    for at in 0..8 {
        mins[at] = vreinterpretq_s16_u16(vmovl_u8(load_bytes(&bytes[at * ROWS..])));
    }
    mins
}

/// Σ minimum · (sum of 32 activation codes) per row.
#[inline]
#[target_feature(enable = "neon")]
fn offset_of_mins(mins: &[int16x8_t; 8], unit: &RowUnit) -> Exact {
    #[inline]
    #[target_feature(enable = "neon")]
    fn add<const AT: i32>(offset: Exact, min: int16x8_t, sums: int16x8_t) -> Exact {
        [
            vmlal_laneq_s16::<AT>(offset[0], vget_low_s16(min), sums),
            vmlal_high_laneq_s16::<AT>(offset[1], min, sums),
        ]
    }
    // SAFETY: words 4 to 7 hold eight i16 sums; the first of each pair is in the low half, which is
    // little-endian order.
    let sums = unsafe { vld1q_s16(unit.words.as_ptr().add(4).cast()) };
    let offset = [vdupq_n_s32(0); 2];
    let offset = add::<0>(offset, mins[0], sums);
    let offset = add::<1>(offset, mins[1], sums);
    let offset = add::<2>(offset, mins[2], sums);
    let offset = add::<3>(offset, mins[3], sums);
    let offset = add::<4>(offset, mins[4], sums);
    let offset = add::<5>(offset, mins[5], sums);
    let offset = add::<6>(offset, mins[6], sums);
    add::<7>(offset, mins[7], sums)
}

/// Products with blocks of 32 weights, each with a scale of its own, and either a zero point of
/// `ZERO` or a minimum (`MIN`).
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn blocks<const BITS: usize, const ZERO: i32, const MIN: bool>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
) {
    let (layout, zero) = (strip.layout, vdupq_n_s32(0));
    assert!(sums.reaches(units.len(), ROWS));
    for block in 0..(layout.weights / 32).min(8) {
        strip.prefetch_ahead((block, layout.weights / 32), units.len());
        let (low, high) = strip.lines::<BITS, LINE>(block);
        let codes = unpack::<BITS>(low, high);
        let d = load_halves(&strip.record[2 * block * ROWS..]);
        let min = if MIN { load_halves(&strip.record[layout.m + 2 * block * ROWS..]) } else { d };
        for (row, unit) in units.iter().enumerate() {
            let sum_of_codes = unit.words[8 + block];
            let start = if ZERO > 0 { vdupq_n_s32(-ZERO * sum_of_codes) } else { zero };
            let [first, last] = dot(&codes, unit, block, [[start; 2], [zero; 2]]);
            let scale = vdupq_n_f32(unit.scale(block));
            // SAFETY: `reaches` holds.
            let slot = unsafe { sums.values.as_mut_ptr().add(row * sums.stride) };
            // SAFETY: `reaches` holds.
            let mut sum = unsafe { load_sums(slot) };
            for four in 0..2 {
                let exact = vcvtq_f32_s32(vaddq_s32(first[four], last[four]));
                sum[four] = vfmaq_f32(sum[four], exact, vmulq_f32(d[four], scale));
            }
            if MIN {
                let scaled = vmulq_f32(scale, vcvtq_f32_s32(vdupq_n_s32(sum_of_codes)));
                for four in 0..2 {
                    sum[four] = vfmaq_f32(sum[four], min[four], scaled);
                }
            }
            // SAFETY: `reaches` holds.
            unsafe { store_sums(slot, sum) };
        }
    }
}
