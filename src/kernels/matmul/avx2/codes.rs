//! The codes of 32 weights of 8 rows in registers, and their products with 32 activations.

use crate::kernels::matmul::avx2::LINE;
use crate::kernels::matmul::avx2::load_line;
use std::arch::x86_64::*;

/// Eight lines: line `g` holds the codes of weights `4 g ..` of every row.
pub(super) type Codes = [__m256i; 8];

/// Unpacks 32 weights from their low lines (4 of nibbles, or 8 of bytes) and high lines.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn unpack<const BITS: usize>(low: &[u8], high: &[u8]) -> Codes {
    let mut codes = [_mm256_setzero_si256(); 8];
    if BITS == 8 {
        let sign = _mm256_set1_epi8(i8::MIN);
        for line in 0..8 {
            codes[line] = _mm256_xor_si256(load_line(&low[line * LINE..]), sign);
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
        // Bit `g` of a byte must come to bit 4: up for the first four lines, down for the rest.
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

/// Σ code · activation per row in i32, the first 16 weights times `scales[0]` and the others times
/// `scales[1]`: each lane holds its i16 factor twice.
///
/// # Safety
/// `words` points to the 32 activations, aligned as words.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn products<const BITS: usize>(
    codes: &Codes,
    words: *const i32,
    scales: [__m256i; 2],
) -> __m256i {
    // SAFETY: the caller's promise; lines are below 8.
    let broadcast = |line: usize| _mm256_set1_epi32(unsafe { words.add(line).read() });
    let mut total = _mm256_setzero_si256();
    if BITS == 8 {
        for line in 0..8 {
            let signed = _mm256_sign_epi8(broadcast(line), codes[line]);
            let product = _mm256_maddubs_epi16(_mm256_abs_epi8(codes[line]), signed);
            let wide = _mm256_madd_epi16(product, scales[0]);
            total = if line == 0 { wide } else { _mm256_add_epi32(total, wide) };
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
