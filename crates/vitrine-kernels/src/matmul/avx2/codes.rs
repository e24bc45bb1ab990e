//! The codes of 32 weights of 8 rows in registers, and their products with 32 activations.

use crate::matmul::avx2::registers::LINE;
use crate::matmul::avx2::registers::load_line;
use std::arch::x86_64::*;

/// Eight lines of codes: line `g` holds weights `4 g ..` of every row.
pub(super) type Avx2Codes = [__m256i; 8];

/// Unpacks 32 weights. `low` has 4 lines of nibbles or 8 lines of bytes; `high` has the high bits
/// of 5-bit and 6-bit codes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn unpack<const BITS: usize>(low: &[u8], high: &[u8]) -> Avx2Codes {
    let mut codes = [_mm256_setzero_si256(); 8];
    if BITS == 8 {
        for line in 0..8 {
            codes[line] = load_line(&low[line * LINE..]);
        }
        return codes;
    }
    let nibble = _mm256_set1_epi8(15);
    for line in 0..4 {
        let both = load_line(&low[line * LINE..]);
        codes[2 * line] = _mm256_and_si256(both, nibble);
        codes[2 * line + 1] = _mm256_and_si256(_mm256_srli_epi16::<4>(both), nibble);
    }
    if BITS == 5 {
        let bit = _mm256_set1_epi8(16);
        // Move bit `g` of each byte to bit 4: up for the first four lines, down for the rest.
        let bits = load_line(high);
        let mut shifted = [_mm256_slli_epi16::<4>(bits), bits];
        for line in 0..8 {
            let half = line / 4;
            codes[line] = _mm256_or_si256(codes[line], _mm256_and_si256(shifted[half], bit));
            shifted[half] = _mm256_srli_epi16::<1>(shifted[half]);
        }
    }
    if BITS == 6 {
        let mask = _mm256_set1_epi8(48);
        for half in 0..2 {
            let bits = load_line(&high[half * LINE..]);
            let shifted = [
                _mm256_slli_epi16::<4>(bits),
                _mm256_slli_epi16::<2>(bits),
                bits,
                _mm256_srli_epi16::<2>(bits),
            ];
            for line in 0..4 {
                let high = _mm256_and_si256(shifted[line], mask);
                codes[4 * half + line] = _mm256_or_si256(codes[4 * half + line], high);
            }
        }
    }
    codes
}

/// Σ code · activation per row in i32. The first 16 weights are multiplied by `scales[0]`, the
/// others by `scales[1]`; each lane holds its i16 factor twice. 8-bit codes require `VNNI`.
///
/// # Safety
/// `words` must point to 32 readable activations, aligned to 4 bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn products<const BITS: usize, const VNNI: bool>(
    codes: &Avx2Codes,
    words: *const i32,
    scales: [__m256i; 2],
) -> __m256i {
    // SAFETY: guaranteed by the caller; `line` is below 8.
    let broadcast = |line: usize| _mm256_set1_epi32(unsafe { words.add(line).read() });
    let mut total = _mm256_setzero_si256();
    if VNNI {
        let mut halves = [total; 2];
        for line in 0..8 {
            halves[line / 4] = add_products(halves[line / 4], codes[line], broadcast(line));
        }
        // 8-bit codes come with scales of one.
        if BITS == 8 {
            return _mm256_add_epi32(halves[0], halves[1]);
        }
        for half in 0..2 {
            // Shifting the pair right by 16 leaves the factor, sign-extended.
            let scale = _mm256_srai_epi32::<16>(scales[half]);
            total = _mm256_add_epi32(total, _mm256_mullo_epi32(halves[half], scale));
        }
        return total;
    }
    let lines_a_chain = match BITS {
        4 => 8,
        5 => 4,
        _ => 2,
    };
    for first in (0..8).step_by(lines_a_chain) {
        let mut chain = _mm256_maddubs_epi16(codes[first], broadcast(first));
        for line in first + 1..first + lines_a_chain {
            let product = _mm256_maddubs_epi16(codes[line], broadcast(line));
            chain = _mm256_add_epi16(chain, product);
        }
        let scaled = _mm256_madd_epi16(chain, scales[first / 4]);
        total = if first == 0 { scaled } else { _mm256_add_epi32(total, scaled) };
    }
    total
}

/// Σ weight · activation per row in i32, over eight lines of signed weights and their `magnitudes`.
///
/// # Safety
/// `words` must point to 32 readable activations, aligned to 4 bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn signed_products(
    weights: &Avx2Codes,
    magnitudes: &Avx2Codes,
    words: *const i32,
) -> __m256i {
    let ones = _mm256_set1_epi16(1);
    let mut total = _mm256_setzero_si256();
    for line in 0..8 {
        // SAFETY: guaranteed by the caller; `line` is below 8.
        let word = _mm256_set1_epi32(unsafe { words.add(line).read() });
        let signed = _mm256_sign_epi8(word, weights[line]);
        let wide = _mm256_madd_epi16(_mm256_maddubs_epi16(magnitudes[line], signed), ones);
        total = if line == 0 { wide } else { _mm256_add_epi32(total, wide) };
    }
    total
}

/// Adds the products of four adjacent codes to each lane: `vpdpbusd` in its VEX encoding. Inline
/// assembly, because the intrinsic can be inlined only into functions that require AVX-VNNI, and
/// these are shared with plain AVX2.
#[inline]
#[target_feature(enable = "avx2")]
fn add_products(sums: __m256i, codes: __m256i, activations: __m256i) -> __m256i {
    let mut total = sums;
    // SAFETY: reached only with `VNNI`, for which construction of the tier type has checked the
    // instruction; it accesses registers only.
    unsafe {
        std::arch::asm!(
            "{{vex}} vpdpbusd {total}, {codes}, {activations}",
            total = inout(ymm_reg) total,
            codes = in(ymm_reg) codes,
            activations = in(ymm_reg) activations,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    total
}
