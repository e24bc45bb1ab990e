//! Quantises rows of activations with the instructions of a tier.

use crate::grid::Rectangle;
use crate::matmul::blocks::UNIT_WEIGHTS;
use crate::matmul::rows::QuantizedRows;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::RowForm;
use crate::tier::Tier;

impl RowUnit {
    /// Quantises up to 256 values: a multiple of 32, and exactly 256 for [`RowForm::Group256`].
    ///
    /// # Panics
    /// If `values` has another length, or `form` is [`RowForm::Float`]: a bug in the caller.
    pub(crate) fn quantize(&mut self, form: RowForm, values: &[f32], tier: Tier) {
        let whole = values.len() <= UNIT_WEIGHTS && values.len().is_multiple_of(32);
        assert!(whole, "{} values for a unit", values.len());
        match form {
            RowForm::Group32 => {}
            RowForm::Group256 => assert_eq!(values.len(), UNIT_WEIGHTS, "a unit must be full"),
            RowForm::Float => unreachable!("dense matrices take unquantised rows"),
        }
        #[cfg(target_arch = "x86_64")]
        if tier == Tier::Avx512Vnni && tier.is_available() {
            crate::matmul::avx512::quantize(self, form, values);
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if tier >= Tier::Avx2 && Tier::Avx2.is_available() {
            crate::matmul::avx2::quantize(self, form, values);
            return;
        }
        let _ = tier;
        self.quantize_plain(form, values);
    }
}

/// Quantises one row into column `column` of a rectangle of [`QuantizedRows::units_mut`].
pub fn quantize_row(
    (part, column): (&mut Rectangle<'_, RowUnit>, usize),
    form: RowForm,
    values: &[f32],
    tier: Tier,
) {
    for (unit, values) in values.chunks(UNIT_WEIGHTS).enumerate() {
        part.row(unit)[column].quantize(form, values, tier);
    }
}

impl QuantizedRows {
    /// Quantises all rows of a row-major `[rows, columns]` matrix.
    ///
    /// # Panics
    /// If the length does not match the shape set by [`reshape`](Self::reshape): a bug in the
    /// caller.
    pub fn quantize(&mut self, values: &[f32]) {
        assert_eq!(values.len(), self.rows * self.columns, "`reshape` must set the shape first");
        let (form, tier, rows) = (self.form, self.tier, self.rows);
        for (row, values) in values.chunks_exact(self.columns.max(1)).enumerate() {
            for (unit, values) in values.chunks(UNIT_WEIGHTS).enumerate() {
                self.units[unit * rows + row].quantize(form, values, tier);
            }
        }
    }
}
