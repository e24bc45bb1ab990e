//! The left operand: rows of 16-bit activation codes, each followed by its scale.
//!
//! The scale occupies the last two codes of a row, so that a rectangle of rows contains both.
//!
//! Invariants
//! - Codes are within ±[`code_max`] for the row's width.
//! - A row that contains a NaN or an infinity has a NaN scale, so its products are NaN.

use crate::int16::matrix::code_max;
use crate::matmul::scale_of;
use crate::specification::for_each_tier;

/// Codes occupied by the f32 scale.
const SCALE_CODES: usize = 2;

/// Length of a quantised row of `inputs` values, in codes: the values padded to pairs, and the
/// scale.
pub fn row_codes(inputs: usize) -> usize {
    inputs.next_multiple_of(2) + SCALE_CODES
}

for_each_tier! {
    /// Quantises `values` into the row `out`, which is [`row_codes`] codes long.
    ///
    /// # Panics
    /// If the lengths disagree: a bug in the caller.
    pub fn quantize(out: &mut [i16], values: &[f32]) = quantize_plain;
}

#[inline(always)]
pub(super) fn quantize_plain(out: &mut [i16], values: &[f32]) {
    /// 1.5 · 2²³: adding it leaves the nearest integer, ties to even, in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    assert!(out.len() == row_codes(values.len()), "{} codes, {} values", out.len(), values.len());
    let largest = i32::from(code_max(values.len()));
    #[expect(clippy::cast_precision_loss, reason = "below 2^15")]
    let (scale, inverse) = scale_of(values, largest as f32);
    let (codes, rest) = out.split_at_mut(values.len());
    for (code, value) in codes.iter_mut().zip(values) {
        let bits = (value * inverse + ROUND).to_bits().cast_signed();
        let rounded = bits.wrapping_sub(ROUND.to_bits().cast_signed()).clamp(-largest, largest);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
        let rounded = rounded as i16;
        *code = rounded;
    }
    let (padding, last) = rest.split_at_mut(rest.len() - SCALE_CODES);
    padding.fill(0);
    let bits = scale.to_bits();
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are stored separately")]
    last.copy_from_slice(&[(bits as u16).cast_signed(), ((bits >> 16) as u16).cast_signed()]);
}

/// Reads the scale from a quantised row; NaN if the row is too short.
#[inline(always)]
pub(super) fn scale(row: &[i16]) -> f32 {
    let [.., low, high] = row else { return f32::NAN };
    f32::from_bits(u32::from(low.cast_unsigned()) | u32::from(high.cast_unsigned()) << 16)
}
