//! Products of one unit of a strip with a block of quantised rows.

use crate::matmul::avx2::codes::Avx2Codes;
use crate::matmul::avx2::codes::products;
use crate::matmul::avx2::codes::signed_products;
use crate::matmul::avx2::codes::unpack;
use crate::matmul::avx2::registers::LINE;
use crate::matmul::avx2::registers::ROWS;
use crate::matmul::avx2::registers::load_bytes;
use crate::matmul::avx2::registers::load_halves;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::Format;
use std::arch::x86_64::*;
use std::sync::atomic::Ordering;
use std::sync::atomic::compiler_fence;

/// Adds the products of `units` with the strip's unit to `sums`.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn strip<const VNNI: bool>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    match strip.format {
        Format::Q4K => super_block::<4, VNNI>(strip, units, sums, scratch),
        Format::Q5K => super_block::<5, VNNI>(strip, units, sums, scratch),
        Format::Q6K => super_block::<6, VNNI>(strip, units, sums, scratch),
        Format::Q4_0 => blocks::<4, 3, VNNI>(strip, units, sums),
        Format::Q5_0 => blocks::<5, 4, VNNI>(strip, units, sums),
        Format::Q4_1 => blocks::<4, 0, VNNI>(strip, units, sums),
        Format::Q5_1 => blocks::<5, 0, VNNI>(strip, units, sums),
        Format::Q8_0 if VNNI => blocks::<8, 7, VNNI>(strip, units, sums),
        Format::Q8_0 => signed_blocks(strip, units, sums),
        Format::F32 | Format::F16 | Format::Bf16 => unreachable!("dense weights have no codes"),
    }
}

/// Calls `work(row, unit)` for every row. The fence keeps the compiler from moving memory accesses
/// from one row to another.
#[inline(always)]
pub(super) fn each_row<'a>(units: &'a [RowUnit], mut work: impl FnMut(usize, &'a RowUnit)) {
    for (row, unit) in units.iter().enumerate() {
        work(row, unit);
        compiler_fence(Ordering::SeqCst);
    }
}

/// [`products`] with the activations of block `block`.
#[inline]
#[target_feature(enable = "avx2")]
fn dot<const BITS: usize, const VNNI: bool>(
    codes: &Avx2Codes,
    unit: &RowUnit,
    block: usize,
    scales: [__m256i; 2],
) -> __m256i {
    assert!(block < 8);
    // SAFETY: a unit starts with its 256 codes, which include this block, and is aligned to 64
    // bytes.
    unsafe {
        products::<BITS, VNNI>(codes, (&raw const unit.codes).cast::<i32>().add(8 * block), scales)
    }
}

/// Products with a super-block of 256 weights and integer scales.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn super_block<const BITS: usize, const VNNI: bool>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
    scratch: &mut StripScratch,
) {
    assert!(sums.reaches(units.len(), ROWS));
    let exact = &mut scratch.exact[..units.len()];
    let exact = exact.as_mut_ptr();
    for block in 0..8 {
        strip.prefetch_ahead((block, 8), units.len());
        let (low, high) = strip.lines::<BITS, LINE>(block);
        let codes = unpack::<BITS>(low, high);
        let scales = scales_of::<BITS>(&strip, block);
        // SAFETY: `row` is below `units.len()`, the length of `exact`; an element is 64 bytes long
        // and aligned to 64 bytes.
        let slot = |row: usize| unsafe { exact.add(row).cast::<__m256i>() };
        if block == 0 {
            each_row(units, |row, unit| {
                let total = dot::<BITS, VNNI>(&codes, unit, 0, scales);
                // SAFETY: as above.
                unsafe { slot(row).write(total) };
            });
            continue;
        }
        each_row(units, |row, unit| {
            let total = dot::<BITS, VNNI>(&codes, unit, block, scales);
            // SAFETY: as above.
            unsafe { slot(row).write(_mm256_add_epi32(total, slot(row).read())) };
        });
    }
    let (d, dmin) = if BITS == 6 {
        let d = load_halves(strip.record);
        (d, d)
    } else {
        (load_halves(strip.record), load_halves(&strip.record[strip.layout.m..]))
    };
    let mins = mins_of::<BITS>(&strip);
    // The sums of 32 codes start at word 4, the negated sums of 16 at word 8.
    let (first_word, words) = if BITS == 6 { (8, 8) } else { (4, 4) };
    each_row(units, |row, unit| {
        let mut offset = _mm256_setzero_si256();
        for at in 0..words {
            let pair = _mm256_set1_epi32(unit.words[first_word + at]);
            offset = _mm256_add_epi32(offset, _mm256_madd_epi16(mins[at], pair));
        }
        // SAFETY: as above.
        let exact = unsafe { exact.add(row).cast::<__m256i>().read() };
        let scale = _mm256_set1_ps(unit.scale(0));
        let scaled_d = _mm256_mul_ps(d, scale);
        // SAFETY: `reaches` holds.
        let mut sum = unsafe { _mm256_loadu_ps(sums.values.as_ptr().add(row * sums.stride)) };
        if BITS == 6 {
            let exact = _mm256_cvtepi32_ps(_mm256_add_epi32(exact, offset));
            sum = _mm256_fmadd_ps(exact, scaled_d, sum);
        } else {
            sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(exact), scaled_d, sum);
            let offset = _mm256_cvtepi32_ps(offset);
            sum = _mm256_fnmadd_ps(offset, _mm256_mul_ps(dmin, scale), sum);
        }
        // SAFETY: `reaches` holds.
        unsafe { _mm256_storeu_ps(sums.values.as_mut_ptr().add(row * sums.stride), sum) };
    });
}

/// The integer scales of both halves of a block of 32, in the form that [`products`] takes.
#[inline]
#[target_feature(enable = "avx2")]
fn scales_of<const BITS: usize>(strip: &Strip<'_>, block: usize) -> [__m256i; 2] {
    let scales = &strip.record[strip.layout.scale..];
    if BITS == 6 {
        let scale = |at: usize| _mm256_cvtepi8_epi32(load_bytes(&scales[at * ROWS..]));
        let (first, second) = (scale(2 * block), scale(2 * block + 1));
        [low_halves(first, first), low_halves(second, second)]
    } else {
        let scale = _mm256_cvtepu8_epi32(load_bytes(&scales[block * ROWS..]));
        [low_halves(scale, scale); 2]
    }
}

/// Integer minima of adjacent sub-blocks as pairs, to be multiplied with pairs of sums. The zero
/// point of `Q6_K` is a minimum of 32 scales.
#[inline]
#[target_feature(enable = "avx2")]
fn mins_of<const BITS: usize>(strip: &Strip<'_>) -> [__m256i; 8] {
    let mut mins = [_mm256_setzero_si256(); 8];
    if BITS == 6 {
        let scales = &strip.record[strip.layout.scale..];
        for at in 0..8 {
            let first = _mm256_cvtepi8_epi32(load_bytes(&scales[2 * at * ROWS..]));
            let second = _mm256_cvtepi8_epi32(load_bytes(&scales[(2 * at + 1) * ROWS..]));
            mins[at] = _mm256_slli_epi16::<5>(low_halves(first, second));
        }
    } else {
        let bytes = &strip.record[strip.layout.min..];
        for at in 0..4 {
            let first = _mm256_cvtepu8_epi32(load_bytes(&bytes[2 * at * ROWS..]));
            let second = _mm256_cvtepu8_epi32(load_bytes(&bytes[(2 * at + 1) * ROWS..]));
            mins[at] = low_halves(first, second);
        }
    }
    mins
}

/// Combines the low 16 bits of each lane: `first` in the low half, `second` in the high half.
#[inline]
#[target_feature(enable = "avx2")]
fn low_halves(first: __m256i, second: __m256i) -> __m256i {
    _mm256_blend_epi16::<0b1010_1010>(first, _mm256_slli_epi32::<16>(second))
}

/// Products with blocks of 32 weights, each with a scale of its own. `ZERO` is the binary logarithm
/// of the zero point; 0 selects formats with a minimum instead.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn blocks<const BITS: usize, const ZERO: i32, const VNNI: bool>(
    strip: Strip<'_>,
    units: &[RowUnit],
    sums: Sums<'_>,
) {
    let ones = _mm256_set1_epi16(1);
    let layout = strip.layout;
    // Checked once here: a check between a load and its use would prevent the compiler from
    // broadcasting from memory and halve the speed.
    assert!(sums.reaches(units.len(), ROWS));
    for block in 0..(layout.weights / 32).min(8) {
        strip.prefetch_ahead((block, layout.weights / 32), units.len());
        let (low, high) = strip.lines::<BITS, LINE>(block);
        let codes = unpack::<BITS>(low, high);
        let d = load_halves(&strip.record[2 * block * ROWS..]);
        let min =
            if ZERO == 0 { load_halves(&strip.record[layout.m + 2 * block * ROWS..]) } else { d };
        each_row(units, |row, unit| {
            let mut exact = dot::<BITS, VNNI>(&codes, unit, block, [ones; 2]);
            let sum_of_codes = _mm256_set1_epi32(unit.words[8 + block]);
            if ZERO > 0 {
                exact = _mm256_sub_epi32(exact, _mm256_slli_epi32::<ZERO>(sum_of_codes));
            }
            let scale = _mm256_set1_ps(unit.scale(block));
            let exact = _mm256_cvtepi32_ps(exact);
            // SAFETY: `reaches` holds.
            let at = unsafe { sums.values.as_mut_ptr().add(row * sums.stride) };
            // SAFETY: `reaches` holds; the load needs no alignment.
            let mut sum = unsafe { _mm256_loadu_ps(at) };
            sum = _mm256_fmadd_ps(exact, _mm256_mul_ps(d, scale), sum);
            if ZERO == 0 {
                let scaled = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(sum_of_codes));
                sum = _mm256_fmadd_ps(min, scaled, sum);
            }
            // SAFETY: `reaches` holds; the store needs no alignment.
            unsafe { _mm256_storeu_ps(at, sum) };
        });
    }
}

/// Products with blocks of 32 signed bytes (`Q8_0`), each with a scale of its own. The magnitudes
/// fill half of the registers; the signed weights are memory operands.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn signed_blocks(strip: Strip<'_>, units: &[RowUnit], sums: Sums<'_>) {
    assert!(sums.reaches(units.len(), ROWS));
    let sign = _mm256_set1_epi8(i8::MIN);
    for block in 0..(strip.layout.weights / 32).min(8) {
        strip.prefetch_ahead((block, strip.layout.weights / 32), units.len());
        let (low, high) = strip.lines::<8, LINE>(block);
        let mut weights = unpack::<8>(low, high);
        let mut magnitudes = weights;
        for line in 0..8 {
            weights[line] = _mm256_xor_si256(weights[line], sign);
            magnitudes[line] = _mm256_abs_epi8(weights[line]);
        }
        let d = load_halves(&strip.record[2 * block * ROWS..]);
        each_row(units, |row, unit| {
            // SAFETY: a unit starts with its 256 codes, which include this block, and is aligned to
            // 64 bytes.
            let exact = unsafe {
                let words = (&raw const unit.codes).cast::<i32>().add(8 * block);
                signed_products(&weights, &magnitudes, words)
            };
            let scale = _mm256_mul_ps(d, _mm256_set1_ps(unit.scale(block)));
            let exact = _mm256_cvtepi32_ps(exact);
            // SAFETY: `reaches` holds; neither access needs alignment.
            unsafe {
                let at = sums.values.as_mut_ptr().add(row * sums.stride);
                _mm256_storeu_ps(at, _mm256_fmadd_ps(exact, scale, _mm256_loadu_ps(at)));
            }
        });
    }
}
