//! The codes of 32 weights of 8 rows in registers, and their products with 32 activations.

use crate::matmul::neon::registers::LINE;
use crate::matmul::neon::registers::load_line;
use crate::matmul::rows::RowUnit;
use std::arch::aarch64::*;
use std::arch::asm;

/// Eight lines of codes: line `g` holds weights `4 g ..` of the first four and the last four rows.
pub(super) type NeonCodes = [[int8x16_t; 2]; 8];

/// Integer sums of the first four and the last four rows.
pub(super) type Exact = [int32x4_t; 2];

/// Unpacks 32 weights. `low` has 4 lines of nibbles or 8 lines of bytes; `high` has the high bits
/// of 5-bit and 6-bit codes. 8-bit codes, which are stored with an offset of 128, become signed
/// weights.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn unpack<const BITS: usize>(low: &[u8], high: &[u8]) -> NeonCodes {
    let mut codes = [[vdupq_n_u8(0); 2]; 8];
    if BITS == 8 {
        let sign = vdupq_n_u8(128);
        for line in 0..8 {
            codes[line] = load_line(&low[line * LINE..]).map(|bytes| veorq_u8(bytes, sign));
        }
        return signed(codes);
    }
    let nibble = vdupq_n_u8(15);
    for line in 0..4 {
        let both = load_line(&low[line * LINE..]);
        codes[2 * line] = both.map(|bytes| vandq_u8(bytes, nibble));
        codes[2 * line + 1] = both.map(|bytes| vshrq_n_u8::<4>(bytes));
    }
    if BITS == 5 {
        let bit = vdupq_n_u8(16);
        // Move bit `g` of each byte to bit 4: up for the first four lines, down for the rest.
        let bits = load_line(high);
        let mut shifted = [bits.map(|bits| vshlq_n_u8::<4>(bits)), bits];
        for line in 0..8 {
            let half = line / 4;
            for four in 0..2 {
                let high = vandq_u8(shifted[half][four], bit);
                codes[line][four] = vorrq_u8(codes[line][four], high);
            }
            shifted[half] = shifted[half].map(|bits| vshrq_n_u8::<1>(bits));
        }
    }
    if BITS == 6 {
        let mask = vdupq_n_u8(48);
        for half in 0..2 {
            let bits = load_line(&high[half * LINE..]);
            for four in 0..2 {
                let bits = bits[four];
                let shifted =
                    [vshlq_n_u8::<4>(bits), vshlq_n_u8::<2>(bits), bits, vshrq_n_u8::<2>(bits)];
                for line in 0..4 {
                    let code = &mut codes[4 * half + line][four];
                    *code = vorrq_u8(*code, vandq_u8(shifted[line], mask));
                }
            }
        }
    }
    signed(codes)
}

/// Reinterprets the bytes as signed.
#[inline]
#[target_feature(enable = "neon")]
fn signed(codes: [[uint8x16_t; 2]; 8]) -> NeonCodes {
    codes.map(|line| line.map(|bytes| vreinterpretq_s8_u8(bytes)))
}

/// Adds Σ code · activation per row to `halves`: one sum for the first 16 weights of block `block`,
/// one for the last 16.
#[inline]
#[target_feature(enable = "neon,dotprod")]
pub(super) fn dot(
    codes: &NeonCodes,
    unit: &RowUnit,
    block: usize,
    halves: [Exact; 2],
) -> [Exact; 2] {
    assert!(block < 8);
    // SAFETY: a unit has 256 codes, which include these 32; the loads need no alignment.
    let [first, last] = unsafe {
        let words = unit.codes.as_ptr().add(32 * block);
        [vld1q_s8(words), vld1q_s8(words.add(16))]
    };
    let mut halves = halves;
    for four in 0..2 {
        let [low, high] = [halves[0][four], halves[1][four]];
        let [low, high] = [
            add_products::<0>(low, codes[0][four], first),
            add_products::<0>(high, codes[4][four], last),
        ];
        let [low, high] = [
            add_products::<1>(low, codes[1][four], first),
            add_products::<1>(high, codes[5][four], last),
        ];
        let [low, high] = [
            add_products::<2>(low, codes[2][four], first),
            add_products::<2>(high, codes[6][four], last),
        ];
        halves[0][four] = add_products::<3>(low, codes[3][four], first);
        halves[1][four] = add_products::<3>(high, codes[7][four], last);
    }
    halves
}

/// Adds the products of four adjacent codes with word `WORD` of the activations to each lane:
/// `sdot`, as inline assembly because its intrinsic is unstable.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_products<const WORD: u8>(
    sums: int32x4_t,
    codes: int8x16_t,
    activations: int8x16_t,
) -> int32x4_t {
    const { assert!(WORD < 4) };
    let mut total = sums;
    // SAFETY: the target features of this function include the byte dot product; the instruction
    // accesses registers only.
    unsafe {
        asm!(
            "sdot {total:v}.4s, {codes:v}.16b, {activations:v}.4b[{word}]",
            total = inout(vreg) total,
            codes = in(vreg) codes,
            activations = in(vreg) activations,
            word = const WORD,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    total
}
