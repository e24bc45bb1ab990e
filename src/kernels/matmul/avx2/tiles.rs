//! Tiles of unsigned codes of 4, 5 and 6 bits: `M` rows with `P` panels.

use crate::kernels::matmul::avx2::LINE;
use crate::kernels::matmul::avx2::ROWS;
use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::drive::GROUP_PANELS;
use crate::kernels::matmul::drive::Shape;
use crate::kernels::matmul::rows::RowUnit;
use crate::kernels::matmul::weight_type::Format;
use std::arch::x86_64::*;

/// f32 from one row's sums to the next row's.
const SUMS: usize = GROUP_PANELS * ROWS;

/// Codes multiplied before the sums are widened, in groups of four; see the module's bounds.
const CHAIN_4: usize = 8;
const CHAIN_5: usize = 4;
const CHAIN_6: usize = 2;

/// Adds the products of `units` with `panels` to `sums`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn tile(shape: Shape, panels: &[DecodedPanel], units: &[RowUnit], sums: &mut [f32]) {
    for (panels, at) in panels.chunks(2).zip([0, 2 * ROWS]) {
        let sums = &mut sums[at..];
        match (panels.len(), units.len()) {
            (2, 4) => of_format::<4, 2>(shape, panels, units, sums),
            (2, 3) => of_format::<3, 2>(shape, panels, units, sums),
            (2, 2) => of_format::<2, 2>(shape, panels, units, sums),
            (2, _) => of_format::<1, 2>(shape, panels, units, sums),
            (_, 4) => of_format::<4, 1>(shape, panels, units, sums),
            (_, 3) => of_format::<3, 1>(shape, panels, units, sums),
            (_, 2) => of_format::<2, 1>(shape, panels, units, sums),
            _ => of_format::<1, 1>(shape, panels, units, sums),
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn of_format<const M: usize, const P: usize>(
    shape: Shape,
    panels: &[DecodedPanel],
    units: &[RowUnit],
    sums: &mut [f32],
) {
    let (panels, units) = (&panels[..P], &units[..M]);
    assert!(sums.len() >= (M - 1) * SUMS + P * ROWS && shape.weights <= 256);
    let groups = shape.weights / 32;
    match shape.format {
        Format::Q4K => super_block::<M, P, CHAIN_4, 8>(panels, units, sums),
        Format::Q5K => super_block::<M, P, CHAIN_5, 8>(panels, units, sums),
        Format::Q6K => super_block::<M, P, CHAIN_6, 4>(panels, units, sums),
        Format::Q4_0 => blocks::<M, P, CHAIN_4, 3>(groups, panels, units, sums),
        Format::Q5_0 => blocks::<M, P, CHAIN_5, 4>(groups, panels, units, sums),
        Format::Q4_1 => blocks::<M, P, CHAIN_4, 0>(groups, panels, units, sums),
        Format::Q5_1 => blocks::<M, P, CHAIN_5, 0>(groups, panels, units, sums),
        Format::Q8_0 | Format::F32 | Format::F16 | Format::Bf16 => {
            unreachable!("these have tiles of their own")
        }
    }
}

/// i16 sums of neighbouring products over `CHAIN` groups of four, from group `first` on.
///
/// # Safety
/// There are `P` panels and `M` units, and `first + CHAIN` is at most 64.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn chain<const M: usize, const P: usize, const CHAIN: usize>(
    panels: &[DecodedPanel],
    units: &[RowUnit],
    first: usize,
) -> [[__m256i; P]; M] {
    let mut sums = [[_mm256_setzero_si256(); P]; M];
    for group in first..first + CHAIN {
        let mut codes = [_mm256_setzero_si256(); P];
        for p in 0..P {
            // SAFETY: the caller's promise keeps line `group` inside the codes of panel `p`.
            codes[p] = unsafe {
                _mm256_load_si256(panels.get_unchecked(p).codes.as_ptr().add(group * LINE).cast())
            };
        }
        for m in 0..M {
            // SAFETY: the caller's promise keeps word `group` inside the codes of unit `m`.
            let word = unsafe {
                units.get_unchecked(m).codes.as_ptr().cast::<i32>().add(group).read_unaligned()
            };
            let word = _mm256_set1_epi32(word);
            for p in 0..P {
                sums[m][p] = _mm256_add_epi16(sums[m][p], _mm256_maddubs_epi16(codes[p], word));
            }
        }
    }
    sums
}

/// A super-block of 256: `GROUPS` groups share an integer scale, the whole an f32 one.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn super_block<const M: usize, const P: usize, const CHAIN: usize, const GROUPS: usize>(
    panels: &[DecodedPanel],
    units: &[RowUnit],
    sums: &mut [f32],
) {
    let mut exact = [[_mm256_setzero_si256(); P]; M];
    for first in (0..64).step_by(CHAIN) {
        // SAFETY: `of_format` cut the slices to `P` and `M`; 64 is a multiple of `CHAIN`.
        let products = unsafe { chain::<M, P, CHAIN>(panels, units, first) };
        for p in 0..P {
            let scale = load_words(&panels[p].scale[first / GROUPS * ROWS..]);
            for m in 0..M {
                let scaled = _mm256_madd_epi16(products[m][p], scale);
                exact[m][p] = _mm256_add_epi32(exact[m][p], scaled);
            }
        }
    }
    // Sums of 32 codes begin at word 4, sums of 16 at word 8.
    let words = if GROUPS == 8 { 4..8 } else { 8..16 };
    for p in 0..P {
        let (d, dmin) = (load_floats(&panels[p].d), load_floats(&panels[p].m));
        for m in 0..M {
            let mut mins = _mm256_setzero_si256();
            for (at, word) in words.clone().enumerate() {
                let pair = _mm256_set1_epi32(units[m].words[word]);
                let min = load_words(&panels[p].min[at * ROWS..]);
                mins = _mm256_add_epi32(mins, _mm256_madd_epi16(min, pair));
            }
            let scale = _mm256_set1_ps(units[m].scale(0));
            let at = m * SUMS + p * ROWS;
            let mut sum = load_floats(&sums[at..]);
            if GROUPS == 4 {
                let exact = _mm256_cvtepi32_ps(_mm256_sub_epi32(exact[m][p], mins));
                sum = _mm256_fmadd_ps(exact, _mm256_mul_ps(d, scale), sum);
            } else {
                let exact = _mm256_cvtepi32_ps(exact[m][p]);
                sum = _mm256_fmadd_ps(exact, _mm256_mul_ps(d, scale), sum);
                let mins = _mm256_cvtepi32_ps(mins);
                sum = _mm256_fnmadd_ps(mins, _mm256_mul_ps(dmin, scale), sum);
            }
            store_floats(&mut sums[at..], sum);
        }
    }
}

/// Blocks of 32, each with an f32 scale. `ZERO` is the binary logarithm of what codes are too large
/// by; 0 stands for types that have a minimum instead.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn blocks<const M: usize, const P: usize, const CHAIN: usize, const ZERO: i32>(
    groups: usize,
    panels: &[DecodedPanel],
    units: &[RowUnit],
    sums: &mut [f32],
) {
    let ones = _mm256_set1_epi16(1);
    let mut total = [[_mm256_setzero_ps(); P]; M];
    for m in 0..M {
        for p in 0..P {
            total[m][p] = load_floats(&sums[m * SUMS + p * ROWS..]);
        }
    }
    for group in 0..groups.min(8) {
        let mut exact = [[_mm256_setzero_si256(); P]; M];
        for first in (8 * group..8 * (group + 1)).step_by(CHAIN) {
            // SAFETY: `of_format` cut the slices to `P` and `M`; there are at most 8 groups.
            let products = unsafe { chain::<M, P, CHAIN>(panels, units, first) };
            for m in 0..M {
                for p in 0..P {
                    let wide = _mm256_madd_epi16(products[m][p], ones);
                    exact[m][p] = _mm256_add_epi32(exact[m][p], wide);
                }
            }
        }
        for m in 0..M {
            let sum = units[m].words[8 + group];
            let scale = _mm256_set1_ps(units[m].scale(group));
            for p in 0..P {
                let mut exact = exact[m][p];
                if ZERO > 0 {
                    let offset = _mm256_slli_epi32::<ZERO>(_mm256_set1_epi32(sum));
                    exact = _mm256_sub_epi32(exact, offset);
                }
                let d = load_floats(&panels[p].d[group * ROWS..]);
                let exact = _mm256_cvtepi32_ps(exact);
                total[m][p] = _mm256_fmadd_ps(exact, _mm256_mul_ps(d, scale), total[m][p]);
                if ZERO == 0 {
                    let min = load_floats(&panels[p].m[group * ROWS..]);
                    let sum = _mm256_cvtepi32_ps(_mm256_set1_epi32(sum));
                    let scaled = _mm256_mul_ps(scale, sum);
                    total[m][p] = _mm256_fmadd_ps(min, scaled, total[m][p]);
                }
            }
        }
    }
    for m in 0..M {
        for p in 0..P {
            store_floats(&mut sums[m * SUMS + p * ROWS..], total[m][p]);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_words(words: &[i32]) -> __m256i {
    assert!(words.len() >= 8);
    // SAFETY: 8 words are there; the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn load_floats(values: &[f32]) -> __m256 {
    assert!(values.len() >= 8);
    // SAFETY: 8 values are there; the load needs no alignment.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_floats(values: &mut [f32], floats: __m256) {
    assert!(values.len() >= 8);
    // SAFETY: 8 values are there; the store needs no alignment.
    unsafe { _mm256_storeu_ps(values.as_mut_ptr(), floats) }
}
