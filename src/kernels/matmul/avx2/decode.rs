//! Takes a record of 8 rows apart, a line at a time.

use crate::kernels::matmul::avx2::LINE;
use crate::kernels::matmul::avx2::ROWS;
use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::layout::Layout;
use crate::kernels::matmul::weight_type::Format;
use crate::kernels::matmul::weight_type::RowForm;
use std::arch::x86_64::*;

/// As [`DecodedPanel::read`], except that `Q8_0` becomes i16: see [`DecodedPanel::codes`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn decode(format: Format, layout: &Layout, record: &[u8], panel: &mut DecodedPanel) {
    if format.row_form() == RowForm::Float {
        dense(format, &record[..layout.bytes], &mut panel.dense[..layout.weights * ROWS]);
        return;
    }
    let codes = &record[layout.codes..];
    let high = &record[layout.high..layout.codes];
    match format.bits() {
        4 => nibbles(&codes[..layout.weights / 8 * LINE], &mut panel.codes),
        5 => five_bits(&codes[..layout.weights / 8 * LINE], high, &mut panel.codes),
        6 => six_bits(&codes[..layout.weights / 8 * LINE], high, &mut panel.codes),
        _ => words(&codes[..layout.weights / 4 * LINE], &mut panel.codes),
    }
    halves(&record[..layout.m], &mut panel.d);
    halves(&record[layout.m..layout.scale], &mut panel.m);
    let scales = &record[layout.scale..layout.min];
    let mins = &record[layout.min..layout.high];
    match format {
        Format::Q4K | Format::Q5K => {
            for (wide, scales) in panel.scale.chunks_exact_mut(ROWS).zip(scales.chunks_exact(ROWS))
            {
                let scale = _mm256_cvtepu8_epi32(load8(scales));
                store(wide, _mm256_or_si256(scale, _mm256_slli_epi32::<16>(scale)));
            }
            for (wide, mins) in panel.min.chunks_exact_mut(ROWS).zip(mins.chunks_exact(2 * ROWS)) {
                let second = _mm256_cvtepu8_epi32(load8(&mins[ROWS..]));
                let first = _mm256_cvtepu8_epi32(load8(mins));
                store(wide, _mm256_or_si256(first, _mm256_slli_epi32::<16>(second)));
            }
        }
        Format::Q6K => {
            for (wide, scales) in panel.scale.chunks_exact_mut(ROWS).zip(scales.chunks_exact(ROWS))
            {
                let scale = _mm256_cvtepi8_epi32(load8(scales));
                store(wide, pair(scale, scale));
            }
            for (wide, two) in panel.min.chunks_exact_mut(ROWS).zip(scales.chunks_exact(2 * ROWS)) {
                let first = _mm256_slli_epi32::<5>(_mm256_cvtepi8_epi32(load8(two)));
                let second = _mm256_slli_epi32::<5>(_mm256_cvtepi8_epi32(load8(&two[ROWS..])));
                store(wide, pair(first, second));
            }
        }
        _ => {}
    }
}

/// The low halves of two words in one.
#[target_feature(enable = "avx2")]
fn pair(first: __m256i, second: __m256i) -> __m256i {
    _mm256_blend_epi16::<0b1010_1010>(first, _mm256_slli_epi32::<16>(second))
}

/// Two groups of codes from each line: low nibbles, high nibbles.
#[target_feature(enable = "avx2")]
fn nibbles(lines: &[u8], codes: &mut [u8]) {
    let mask = _mm256_set1_epi8(15);
    for (line, codes) in lines.chunks_exact(LINE).zip(codes.chunks_exact_mut(2 * LINE)) {
        let line = load(line);
        store_bytes(codes, _mm256_and_si256(line, mask));
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(line), mask);
        store_bytes(&mut codes[LINE..], high);
    }
}

#[target_feature(enable = "avx2")]
fn five_bits(lines: &[u8], high: &[u8], codes: &mut [u8]) {
    let (mask, bit) = (_mm256_set1_epi8(15), _mm256_set1_epi8(16));
    let blocks = lines.chunks_exact(4 * LINE).zip(codes.chunks_exact_mut(8 * LINE));
    for ((lines, codes), high) in blocks.zip(high.chunks_exact(LINE)) {
        let high = load(high);
        // Bit `g` of a byte must come to bit 4: up for the first four groups, down for the rest.
        let mut shifted = [_mm256_slli_epi16::<4>(high), high];
        for (line, half) in [0, 1, 2, 3].into_iter().zip([0, 0, 1, 1]) {
            let nibbles = load(&lines[line * LINE..]);
            let codes = &mut codes[2 * line * LINE..];
            let fifth = _mm256_and_si256(shifted[half], bit);
            store_bytes(codes, _mm256_or_si256(_mm256_and_si256(nibbles, mask), fifth));
            let fifth = _mm256_and_si256(_mm256_srli_epi16::<1>(shifted[half]), bit);
            let nibbles = _mm256_and_si256(_mm256_srli_epi16::<4>(nibbles), mask);
            store_bytes(&mut codes[LINE..], _mm256_or_si256(nibbles, fifth));
            shifted[half] = _mm256_srli_epi16::<2>(shifted[half]);
        }
    }
}

#[target_feature(enable = "avx2")]
fn six_bits(lines: &[u8], high: &[u8], codes: &mut [u8]) {
    let (mask, bits) = (_mm256_set1_epi8(15), _mm256_set1_epi8(48));
    let blocks = lines.chunks_exact(2 * LINE).zip(codes.chunks_exact_mut(4 * LINE));
    for ((lines, codes), high) in blocks.zip(high.chunks_exact(LINE)) {
        let (first, second, high) = (load(lines), load(&lines[LINE..]), load(high));
        let parts = [
            (first, _mm256_slli_epi16::<4>(high)),
            (_mm256_srli_epi16::<4>(first), _mm256_slli_epi16::<2>(high)),
            (second, high),
            (_mm256_srli_epi16::<4>(second), _mm256_srli_epi16::<2>(high)),
        ];
        for ((low, high), codes) in parts.into_iter().zip(codes.chunks_exact_mut(LINE)) {
            let (low, high) = (_mm256_and_si256(low, mask), _mm256_and_si256(high, bits));
            store_bytes(codes, _mm256_or_si256(low, high));
        }
    }
}

/// Codes of 8 bits as i16 weights: of each group of four the even ones, then the odd ones.
#[target_feature(enable = "avx2")]
fn words(lines: &[u8], codes: &mut [u8]) {
    let sign = _mm256_set1_epi8(i8::MIN);
    for (line, words) in lines.chunks_exact(LINE).zip(codes.chunks_exact_mut(2 * LINE)) {
        let [even, odd] = even_and_odd(_mm256_xor_si256(load(line), sign));
        store_bytes(words, even);
        store_bytes(&mut words[LINE..], odd);
    }
}

/// The even bytes and the odd bytes, widened to i16.
#[target_feature(enable = "avx2")]
pub(super) fn even_and_odd(bytes: __m256i) -> [__m256i; 2] {
    let even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes));
    [even, _mm256_srai_epi16::<8>(bytes)]
}

/// f16 to f32.
#[target_feature(enable = "avx2,f16c")]
fn halves(raw: &[u8], values: &mut [f32]) {
    for (raw, values) in raw.chunks_exact(16).zip(values.chunks_exact_mut(8)) {
        // SAFETY: the chunks are 16 bytes and 8 floats long; neither access needs alignment.
        unsafe {
            let half = _mm_loadu_si128(raw.as_ptr().cast());
            _mm256_storeu_ps(values.as_mut_ptr(), _mm256_cvtph_ps(half));
        }
    }
}

#[target_feature(enable = "avx2,f16c")]
fn dense(format: Format, raw: &[u8], weights: &mut [f32]) {
    match format {
        Format::F16 => halves(raw, weights),
        Format::Bf16 => {
            for (raw, weights) in raw.chunks_exact(16).zip(weights.chunks_exact_mut(8)) {
                // SAFETY: the chunks are 16 bytes and 8 floats long; neither access needs alignment.
                unsafe {
                    let high = _mm256_cvtepu16_epi32(_mm_loadu_si128(raw.as_ptr().cast()));
                    let wide = _mm256_castsi256_ps(_mm256_slli_epi32::<16>(high));
                    _mm256_storeu_ps(weights.as_mut_ptr(), wide);
                }
            }
        }
        _ => {
            for (raw, weight) in raw.chunks_exact(4).zip(weights) {
                *weight = f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn load(bytes: &[u8]) -> __m256i {
    assert!(bytes.len() >= LINE);
    // SAFETY: 32 bytes are there; the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn load8(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= 8);
    // SAFETY: 8 bytes are there; the load needs no alignment.
    unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store_bytes(bytes: &mut [u8], value: __m256i) {
    assert!(bytes.len() >= LINE);
    // SAFETY: 32 bytes are there; the store needs no alignment.
    unsafe { _mm256_storeu_si256(bytes.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx2")]
pub(super) fn store(words: &mut [i32], value: __m256i) {
    assert!(words.len() >= 8);
    // SAFETY: 8 words are there; the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}
