//! The left operand: rows of activations as signed bytes with scales and sums.
//!
//! Each group of values is scaled so that its largest magnitude becomes 127, then rounded to
//! nearest, ties to even. The sums of the codes are stored with them: zero points and minima of the
//! weights are then corrected with one multiplication per group instead of one per code.
//!
//! Invariants
//! - Codes are within −127..=127.
//! - A group that contains a NaN or an infinity has a NaN scale, so its products are NaN and never
//!   a plausible number.
//! - A group whose largest magnitude is below [`MAGNITUDE_MIN`] is quantised to zero.

use crate::matmul::blocks::UNIT_WEIGHTS;
use crate::matmul::decode::halves_of;
use crate::matmul::decode::pair;
use crate::matmul::weight_type::RowForm;
use crate::tier::Tier;

/// Smallest magnitude that is quantised: below it the inverse of the scale would overflow.
pub const MAGNITUDE_MIN: f32 = 1e-30;

/// Up to 256 consecutive quantised values of one row. A shorter last unit is padded with zeros.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub struct RowUnit {
    pub(super) codes: [i8; UNIT_WEIGHTS],
    /// - [`RowForm::Group32`]: 8 scales (f32 bits), then 8 sums of 32 codes.
    /// - [`RowForm::Group256`]: 1 scale, 3 unused words, 8 sums of 32 codes as i16 pairs, then 16
    ///   negated sums of 16 codes as i16 pairs. They are negated so that an accumulator can start
    ///   at the zero-point correction.
    pub(super) words: [i32; 16],
}

impl RowUnit {
    /// A unit whose codes, scales and sums are all zero.
    pub(crate) const ZERO: Self = Self { codes: [0; UNIT_WEIGHTS], words: [0; 16] };

    /// Specification of [`Self::quantize`].
    #[inline(always)]
    pub(super) fn quantize_plain(&mut self, form: RowForm, values: &[f32]) {
        if form == RowForm::Group256 {
            let (scale, inverse) = scale_of(values, 127.0);
            self.words[0] = scale.to_bits().cast_signed();
            quantize_group(values, inverse, &mut self.codes);
            let mut sums = [0_i16; 16];
            for (sum, codes) in sums.iter_mut().zip(self.codes.chunks_exact(16)) {
                *sum = codes.iter().map(|&code| i16::from(code)).sum();
            }
            for at in 0..8 {
                self.words[8 + at] = pair(-sums[2 * at], -sums[2 * at + 1]);
            }
            for at in 0..4 {
                let four = &sums[4 * at..4 * at + 4];
                self.words[4 + at] = pair(four[0] + four[1], four[2] + four[3]);
            }
            return;
        }
        let groups = values.len() / 32;
        for (at, group) in values.chunks_exact(32).enumerate() {
            let (scale, inverse) = scale_of(group, 127.0);
            let codes = &mut self.codes[32 * at..32 * (at + 1)];
            quantize_group(group, inverse, codes);
            self.words[at] = scale.to_bits().cast_signed();
            self.words[8 + at] = codes.iter().map(|&code| i32::from(code)).sum();
        }
        self.codes[32 * groups..].fill(0);
        self.words[groups..8].fill(0);
        self.words[8 + groups..].fill(0);
    }

    /// The scale of group `group`; group 0 for the whole unit of [`RowForm::Group256`].
    pub(super) fn scale(&self, group: usize) -> f32 {
        f32::from_bits(self.words[group].cast_unsigned())
    }

    /// Sum of the 32 codes of group `group`; only for [`RowForm::Group32`].
    pub(super) fn sum(&self, group: usize) -> i32 {
        self.words[8 + group]
    }

    /// Sums of the sub-blocks `2 at` and `2 at + 1`, only for [`RowForm::Group256`]: sums of 32
    /// codes if `shared` is 32, else negated sums of 16 codes.
    pub(super) fn sum_pair(&self, shared: usize, at: usize) -> [i16; 2] {
        halves_of(self.words[if shared == 32 { 4 + at } else { 8 + at }])
    }

    /// The dequantised value `k`.
    #[cfg(test)]
    pub(super) fn value(&self, form: RowForm, k: usize) -> f64 {
        let group = if form == RowForm::Group32 { k / 32 } else { 0 };
        f64::from(self.codes[k]) * f64::from(self.scale(group))
    }
}

/// Returns `(scale, inverse)` for quantising `values` to codes of at most `code_max`: a code is
/// `value · inverse`, a value `code · scale`.
///
/// Returns `(0, 0)` if every magnitude is below [`MAGNITUDE_MIN`], and `(NaN, 0)` if a value is NaN
/// or infinite.
#[inline(always)]
pub(crate) fn scale_of(values: &[f32], code_max: f32) -> (f32, f32) {
    let mut largest = [0.0_f32; 8];
    let mut poison = [0.0_f32; 8];
    let mut see = |lane: usize, value: f32| {
        let magnitude = value.abs();
        largest[lane] = if magnitude > largest[lane] { magnitude } else { largest[lane] };
        // Zero for every finite number, NaN otherwise.
        poison[lane] += value * 0.0;
    };
    let eights = values.chunks_exact(8);
    let rest = eights.remainder();
    for eight in eights {
        eight.iter().enumerate().for_each(|(lane, &value)| see(lane, value));
    }
    rest.iter().enumerate().for_each(|(lane, &value)| see(lane, value));
    let largest = largest.into_iter().fold(0.0, |a, b| if b > a { b } else { a });
    let poison: f32 = poison.into_iter().sum();
    if largest < MAGNITUDE_MIN || poison.is_nan() {
        return (poison, 0.0);
    }
    (largest / code_max, code_max / largest)
}

#[inline(always)]
fn quantize_group(values: &[f32], inverse: f32, codes: &mut [i8]) {
    /// 1.5 · 2²³: adding it leaves the nearest integer, ties to even, in the low mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    for (code, &value) in codes.iter_mut().zip(values) {
        let bits = (value * inverse + ROUND).to_bits().cast_signed();
        let rounded = bits.wrapping_sub(ROUND.to_bits().cast_signed()).clamp(-127, 127);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to -127..=127")]
        let byte = rounded as i8;
        *code = byte;
    }
}

/// Quantised rows, stored as `[unit][row]` so that one unit of adjacent rows is contiguous.
#[derive(Debug, Clone)]
pub struct QuantizedRows {
    pub(super) form: RowForm,
    pub(super) tier: Tier,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) units: Vec<RowUnit>,
}

impl QuantizedRows {
    /// Allocates room for `rows_max` rows of at most `columns_max` values. The buffer never grows.
    #[must_use]
    pub fn with_room(rows_max: usize, columns_max: usize, tier: Tier) -> Self {
        let units = rows_max * columns_max.div_ceil(UNIT_WEIGHTS);
        let units = vec![RowUnit::ZERO; units];
        Self { form: RowForm::Group32, tier, columns: 0, rows: 0, units }
    }

    /// Sets the form and shape of the next operand. The contents are unspecified until written.
    ///
    /// # Panics
    /// If the buffer is too small: a bug in the caller.
    pub fn reshape(&mut self, form: RowForm, rows: usize, columns: usize) {
        (self.form, self.rows, self.columns) = (form, rows, columns);
        let needed = self.unit_count() * rows;
        assert!(
            needed <= self.units.len(),
            "{needed} units needed, the buffer holds {}",
            self.units.len()
        );
    }

    /// The units as a row-major matrix: [`Self::unit_count`] rows, one column per row of the
    /// operand. Several threads may fill disjoint columns with
    /// [`quantize_row`](crate::matmul::quantize_row).
    pub fn units_mut(&mut self) -> &mut [RowUnit] {
        let units = self.unit_count() * self.rows;
        &mut self.units[..units]
    }

    /// The form set by [`reshape`](Self::reshape).
    #[must_use]
    pub(crate) fn form(&self) -> RowForm {
        self.form
    }

    /// The tier whose instructions quantise.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Rows of the operand.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Values per row.
    #[must_use]
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Units per row.
    #[must_use]
    pub fn unit_count(&self) -> usize {
        self.columns.div_ceil(UNIT_WEIGHTS)
    }

    /// Unit `unit` of each row in `rows`.
    pub(super) fn tile(&self, unit: usize, rows: std::ops::Range<usize>) -> &[RowUnit] {
        let start = unit * self.rows;
        &self.units[start + rows.start..start + rows.end]
    }

    /// Memory of the buffer, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.units.len() * size_of::<RowUnit>()) as u64
    }
}
