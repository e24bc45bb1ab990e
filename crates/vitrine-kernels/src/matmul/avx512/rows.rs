//! Quantisation of activations: [`RowUnit::quantize_plain`], with the sums and maxima of all groups
//! of a unit computed in parallel.
//!
//! Horizontal reductions interleave two registers and reduce both at once, so that the results of
//! eight groups end in the eight lanes of one register.
//!
//! Loops are written out: a closure that contains vector instructions is not inlined into `map` or
//! `fold`, which are compiled without the target features, and every register would then be
//! spilled.

use crate::matmul::rows::MAGNITUDE_MIN;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::RowForm;
use std::arch::x86_64::*;

/// f32 lanes per register.
const LANES: usize = 16;

/// Largest magnitude of a code.
const CODE_MAX: f32 = 127.0;

/// [`RowUnit::quantize_plain`] with AVX-512. The caller must have detected the tier.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
pub(super) fn quantize(unit: &mut RowUnit, form: RowForm, values: &[f32]) {
    let mut registers = [_mm512_setzero_ps(); 16];
    for (register, values) in registers.iter_mut().zip(values.chunks_exact(LANES)) {
        // SAFETY: the chunk has 16 values; the load needs no alignment.
        *register = unsafe { _mm512_loadu_ps(values.as_ptr()) };
    }
    let infinity = _mm512_set1_ps(f32::INFINITY);
    let mut finite = u16::MAX;
    // The largest magnitudes of each group of 32 values, in 16 lanes.
    let mut magnitudes = [_mm512_setzero_ps(); 8];
    for (magnitude, pair) in magnitudes.iter_mut().zip(registers.chunks_exact(2)) {
        let (first, second) = (_mm512_abs_ps(pair[0]), _mm512_abs_ps(pair[1]));
        finite &= _mm512_cmp_ps_mask::<_CMP_LT_OQ>(first, infinity);
        finite &= _mm512_cmp_ps_mask::<_CMP_LT_OQ>(second, infinity);
        *magnitude = _mm512_max_ps(first, second);
    }
    if finite != u16::MAX {
        // NaN or infinity: rare, and the specification defines which NaN bits result.
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
    // SAFETY: `inverses` has 8 floats and `words` 16 words; stores need no alignment.
    unsafe {
        _mm256_storeu_ps(inverses.as_mut_ptr(), _mm256_maskz_div_ps(kept, code_max, largest));
        _mm256_storeu_ps(unit.words.as_mut_ptr().cast(), scales);
    }
    write_codes(unit, &registers, &inverses);
    let ones = _mm256_set1_epi8(1);
    let mut sums = [_mm256_setzero_ps(); 8];
    for (sum, codes) in sums.iter_mut().zip(unit.codes.chunks_exact(32)) {
        // SAFETY: the chunk has 32 codes; the load needs no alignment.
        let codes = unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) };
        *sum = _mm256_castsi256_ps(_mm256_dpbusd_epi32(_mm256_setzero_si256(), ones, codes));
    }
    let sums = fold(sums, |a, b| {
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)))
    });
    // SAFETY: `words` has 16 words, 8 of them from word 8 on; the store needs no alignment.
    unsafe { _mm256_storeu_ps(unit.words.as_mut_ptr().add(8).cast(), sums) };
}

/// Reduces the eight lanes of each of eight registers with `with`. Lane `g` of the result belongs
/// to register `g`.
#[inline(always)]
fn fold(registers: [__m256; 8], with: impl Fn(__m256, __m256) -> __m256) -> __m256 {
    // SAFETY: called only from `quantize`, whose target features include AVX2.
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

/// Rounds to nearest, ties to even: the same result as adding and subtracting 1.5 · 2²³ in the
/// specification.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn write_codes(unit: &mut RowUnit, registers: &[__m512; 16], inverses: &[f32; 8]) {
    for (at, register) in registers.iter().enumerate() {
        let scaled = _mm512_mul_ps(*register, _mm512_set1_ps(inverses[at / 2]));
        let codes = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(scaled));
        // SAFETY: the unit has 256 codes, including these 16; the store needs no alignment.
        unsafe { _mm_storeu_si128(unit.codes.as_mut_ptr().add(LANES * at).cast(), codes) };
    }
}

/// Writes the sums of 32 codes and the negated sums of 16 codes, as pairs of i16.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn write_sums_of_16(unit: &mut RowUnit) {
    let ones = _mm512_set1_epi8(1);
    let mut quarters = [_mm512_setzero_si512(); 4];
    for (quarter, codes) in quarters.iter_mut().zip(unit.codes.chunks_exact(64)) {
        // SAFETY: the chunk has 64 codes; the load needs no alignment.
        let codes = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
        *quarter = _mm512_dpbusd_epi32(_mm512_setzero_si512(), ones, codes);
    }
    let pair = |a: __m512i, b: __m512i| {
        _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b))
    };
    let [a, b, c, d] = quarters;
    let (low, high) = (pair(a, b), pair(c, d));
    let sums = _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
    // Each 128-bit lane holds one sum of each quarter; reorder them so that the sums of a quarter
    // are consecutive.
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let sums = _mm512_cvtepi32_epi16(_mm512_permutexvar_epi32(order, sums));
    let twice = _mm256_cvtepi32_epi16(_mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
    let negated = _mm256_sub_epi16(_mm256_setzero_si256(), sums);
    // SAFETY: of the 16 words, 4 are written from word 4 on and 8 from word 8 on; the stores need
    // no alignment.
    unsafe {
        _mm_storeu_si128(unit.words.as_mut_ptr().add(4).cast(), twice);
        _mm256_storeu_si256(unit.words.as_mut_ptr().add(8).cast(), negated);
    }
}
