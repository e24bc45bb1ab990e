//! Quantising activations: [`RowUnit::quantize_plain`] with the sums and maxima of all groups of a
//! unit in step.
//!
//! What every group adds or compares over its lanes is folded by interleaving two groups and
//! folding both at once, so that eight groups end as the eight lanes of one register.
//!
//! Loops are spelt out: a closure that holds vector instructions is not inlined into `map` or
//! `fold`, which are compiled without them, and then every register goes through memory.

use crate::matmul::MAGNITUDE_MIN;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::RowForm;
use std::arch::x86_64::*;

/// f32 of a register.
const LANES: usize = 16;

/// Largest code.
const CODE_MAX: f32 = 127.0;

/// As [`RowUnit::quantize_plain`]; the caller has asked whether this machine has the tier.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
pub(super) fn quantize(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
    let mut registers = [_mm512_setzero_ps(); 16];
    for (register, values) in registers.iter_mut().zip(values.chunks_exact(LANES)) {
        // SAFETY: 16 values are there; the load needs no alignment.
        *register = unsafe { _mm512_loadu_ps(values.as_ptr()) };
    }
    let infinity = _mm512_set1_ps(f32::INFINITY);
    let mut finite = u16::MAX;
    // Of every group of 32 values the largest magnitudes in 16 lanes.
    let mut magnitudes = [_mm512_setzero_ps(); 8];
    for (magnitude, pair) in magnitudes.iter_mut().zip(registers.chunks_exact(2)) {
        let (first, second) = (_mm512_abs_ps(pair[0]), _mm512_abs_ps(pair[1]));
        finite &= _mm512_cmp_ps_mask::<_CMP_LT_OQ>(first, infinity);
        finite &= _mm512_cmp_ps_mask::<_CMP_LT_OQ>(second, infinity);
        *magnitude = _mm512_max_ps(first, second);
    }
    if finite != u16::MAX {
        // Rare, and the specification decides which bits a NaN has.
        unit.quantize_plain(form, values);
        return;
    }
    if form == RowForm::Group256 {
        let mut largest = _mm512_setzero_ps();
        for magnitude in magnitudes {
            largest = _mm512_max_ps(largest, magnitude);
        }
        let largest = _mm512_reduce_max_ps(largest);
        let (scale, inverse) = if largest < MAGNITUDE_MIN {
            (0.0, 0.0)
        } else {
            (largest / CODE_MAX, CODE_MAX / largest)
        };
        unit.words[0] = scale.to_bits().cast_signed();
        write_codes(unit, &registers, &[inverse; 8]);
        write_sums_of_16(unit);
        return;
    }
    let mut halves = [_mm256_setzero_ps(); 8];
    for (half, magnitude) in halves.iter_mut().zip(magnitudes) {
        let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(magnitude));
        *half = _mm256_max_ps(_mm512_castps512_ps256(magnitude), _mm256_castpd_ps(high));
    }
    let largest = fold(halves, |a, b| _mm256_max_ps(a, b));
    let kept = _mm256_cmp_ps_mask::<_CMP_GE_OQ>(largest, _mm256_set1_ps(MAGNITUDE_MIN));
    let code_max = _mm256_set1_ps(CODE_MAX);
    let scales = _mm256_maskz_div_ps(kept, largest, code_max);
    let mut inverses = [0.0; 8];
    // SAFETY: the array has eight floats, the words have sixteen; stores need no alignment.
    unsafe {
        _mm256_storeu_ps(inverses.as_mut_ptr(), _mm256_maskz_div_ps(kept, code_max, largest));
        _mm256_storeu_ps(unit.words.as_mut_ptr().cast(), scales);
    }
    write_codes(unit, &registers, &inverses);
    let ones = _mm256_set1_epi8(1);
    let mut sums = [_mm256_setzero_ps(); 8];
    for (sum, codes) in sums.iter_mut().zip(unit.codes.chunks_exact(32)) {
        // SAFETY: 32 codes are there; the load needs no alignment.
        let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) };
        *sum = _mm256_castsi256_ps(_mm256_dpbusd_epi32(_mm256_setzero_si256(), ones, codes));
    }
    let sums = fold(sums, |a, b| {
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)))
    });
    // SAFETY: the words have sixteen places; the store needs no alignment.
    unsafe { _mm256_storeu_ps(unit.words.as_mut_ptr().add(8).cast(), sums) };
}

/// Folds the lanes of each of eight registers; lane `g` of the result is register `g`'s.
#[inline(always)]
fn fold(registers: [__m256; 8], with: impl Fn(__m256, __m256) -> __m256) -> __m256 {
    // SAFETY: only called where AVX2 was found.
    unsafe {
        let pair = |a: __m256, b: __m256| with(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let four = |a: __m256, b: __m256| {
            let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            with(_mm256_castpd_ps(low), _mm256_castpd_ps(high))
        };
        let [a, b, c, d, e, f, g, h] = registers;
        let (low, high) = (four(pair(a, b), pair(c, d)), four(pair(e, f), pair(g, h)));
        with(_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
    }
}

/// Rounds to nearest, ties to even: what adding and taking away 1.5 · 2²³ gives as well.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn write_codes(unit: &mut RowUnit, registers: &[__m512; 16], inverses: &[f32; 8]) {
    for (at, register) in registers.iter().enumerate() {
        let scaled = _mm512_mul_ps(*register, _mm512_set1_ps(inverses[at / 2]));
        let codes = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(scaled));
        // SAFETY: the unit has 256 codes, of which these are 16; the store needs no alignment.
        unsafe { _mm_storeu_si128(unit.codes.as_mut_ptr().add(LANES * at).cast(), codes) };
    }
}

/// Sums of 32 codes, and of 16 negated, as pairs of i16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn write_sums_of_16(unit: &mut RowUnit) {
    let ones = _mm512_set1_epi8(1);
    let mut quarters = [_mm512_setzero_si512(); 4];
    for (quarter, codes) in quarters.iter_mut().zip(unit.codes.chunks_exact(64)) {
        // SAFETY: 64 codes are there; the load needs no alignment.
        let codes = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
        *quarter = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, codes);
    }
    let pair = |a: __m512i, b: __m512i| {
        _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b))
    };
    let [a, b, c, d] = quarters;
    let (low, high) = (pair(a, b), pair(c, d));
    let sums = _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
    // Each 128 bits hold the same sixteen of the four quarters; in order, a quarter's come first.
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let sums = _mm512_cvtepi32_epi16(_mm512_permutexvar_epi32(order, sums));
    let twice = _mm256_cvtepi32_epi16(_mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
    let negated = _mm256_sub_epi16(_mm256_setzero_si256(), sums);
    // SAFETY: sixteen words have room for 4 from the fourth on and 8 from the eighth on; the
    // stores need no alignment.
    unsafe {
        _mm_storeu_si128(unit.words.as_mut_ptr().add(4).cast(), twice);
        _mm256_storeu_si256(unit.words.as_mut_ptr().add(8).cast(), negated);
    }
}
