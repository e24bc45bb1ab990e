//! Memory layout of packed weights: *lines*, *records*, *strips* and *panels*.
//!
//! A *strip* is a group of adjacent matrix rows, one per f32 lane of a register; a *panel* is four
//! strips. A *line* holds four consecutive weights of every row of a strip, row by row: one vector
//! register, to be multiplied with a broadcast word of four activations. A *record* holds one unit
//! of a strip, up to 256 consecutive weights (dense: 64), scales before codes, and begins at a
//! multiple of 32 bytes. A panel holds the records of its strips' first units, then those of their
//! second units, and so on, so that a product reads memory in one ascending stream. The size is
//! within 3 % of the file's.
//!
//! - 4-bit codes: two groups of four weights share a line, the first in the low nibbles.
//! - 5-bit codes: low nibbles as above; one line per 32 weights holds the fifth bits: bit `g` of a
//!   row's byte `j` belongs to weight `4 g + j`.
//! - 6-bit codes: low nibbles as above; one line per 16 weights holds the two high bits: bits `2 g`
//!   and `2 g + 1` of a row's byte `j` belong to weight `4 g + j`.
//!
//! Source: interleaved rows as in ik_llama.cpp's `_R4`/`_R8` and llama.cpp's repacked types; the
//! broadcast operand as in oneDNN's int8 kernels.

use crate::matmul::blocks::RowUnitCodes;
use crate::matmul::blocks::UNIT_WEIGHTS;
use crate::matmul::weight_type::Format;
use crate::matmul::weight_type::RowForm;
use half::bf16;
use half::f16;

/// Alignment of records, in bytes.
const ALIGNMENT: usize = 32;

/// Weights per row in a record of a dense matrix: their f32 values fill as many bytes as 256 codes.
const DENSE_UNIT_WEIGHTS: usize = 64;

/// Strips per panel. They are multiplied one after the other while the activations of a unit stay
/// in the first-level cache.
pub(super) const PANEL_STRIPS: usize = 4;

/// Byte offsets of the parts of a record with `weights` weights for each of `strip_rows` rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordLayout {
    pub(super) strip_rows: usize,
    pub(super) weights: usize,
    /// Minima as f16: `[group or 1][row]`. The scales before them start at offset 0.
    pub(super) m: usize,
    /// Integer scales as bytes: `[sub-block][row]`.
    pub(super) scale: usize,
    /// Integer minima as bytes: `[sub-block][row]`.
    pub(super) min: usize,
    /// High bits of codes.
    pub(super) high: usize,
    /// Low nibbles, 8-bit codes or dense weights.
    pub(super) codes: usize,
    /// Size of the record, padded to the alignment.
    pub(super) bytes: usize,
}

/// Weights per row in a full record.
pub(super) const fn unit_weights(format: Format) -> usize {
    match format.row_form() {
        RowForm::Float => DENSE_UNIT_WEIGHTS,
        RowForm::Group32 | RowForm::Group256 => UNIT_WEIGHTS,
    }
}

impl RecordLayout {
    pub(super) fn of(format: Format, strip_rows: usize, weights: usize) -> Self {
        let scales = match format.row_form() {
            RowForm::Float => 0,
            RowForm::Group32 => 2 * strip_rows * (weights / 32),
            RowForm::Group256 => 2 * strip_rows,
        };
        let with_min = format.has_added_min() || matches!(format, Format::Q4K | Format::Q5K);
        let m = scales;
        let scale = m + if with_min { scales } else { 0 };
        let sub_blocks = weights.checked_div(format.scaled_weights()).unwrap_or(0);
        let min = scale + strip_rows * sub_blocks;
        let integer_mins = matches!(format, Format::Q4K | Format::Q5K);
        let high = min + if integer_mins { strip_rows * sub_blocks } else { 0 };
        let (low_bits, high_bits) = match format.bits() {
            bits @ (5 | 6) => (4, bits - 4),
            bits => (bits, 0),
        };
        let codes = high + strip_rows * weights * high_bits / 8;
        let end = codes + strip_rows * weights * low_bits / 8;
        let bytes = end.next_multiple_of(ALIGNMENT);
        Self { strip_rows, weights, m, scale, min, high, codes, bytes }
    }

    /// Writes row `row` of a record; the record must be zero where that row is stored.
    pub(super) fn write(&self, format: Format, row: usize, unit: &RowUnitCodes, record: &mut [u8]) {
        if format.row_form() == RowForm::Float {
            self.write_dense(format, row, unit, record);
            return;
        }
        let rows = self.strip_rows;
        let groups = (self.m / (2 * rows)).max(1);
        let with_min = self.scale > self.m;
        for group in 0..groups {
            let at = 2 * (group * rows + row);
            record[at..at + 2].copy_from_slice(&unit.d[group].to_le_bytes());
            if with_min {
                record[self.m + at..self.m + at + 2].copy_from_slice(&unit.m[group].to_le_bytes());
            }
        }
        for sub in 0..(self.min - self.scale) / rows {
            record[self.scale + sub * rows + row] = unit.scale[sub].cast_unsigned();
            if self.high > self.min {
                record[self.min + sub * rows + row] = unit.min[sub];
            }
        }
        for (k, &code) in unit.codes[..self.weights].iter().enumerate() {
            let (group, byte) = (k / 4, 4 * row + k % 4);
            if format.bits() == 8 {
                record[self.codes + group * 4 * rows + byte] = code;
                continue;
            }
            let low = self.codes + group / 2 * 4 * rows + byte;
            record[low] |= (code & 15) << (4 * (group % 2));
            match format.bits() {
                5 => record[self.high + group / 8 * 4 * rows + byte] |= (code >> 4) << (group % 8),
                6 => {
                    record[self.high + group / 4 * 4 * rows + byte] |=
                        (code >> 4) << (2 * (group % 4));
                }
                _ => {}
            }
        }
    }

    fn write_dense(&self, format: Format, row: usize, unit: &RowUnitCodes, record: &mut [u8]) {
        let size = format.bits() / 8;
        for (k, &weight) in unit.dense[..self.weights].iter().enumerate() {
            let at = size * (k * self.strip_rows + row);
            let target = &mut record[at..at + size];
            match format {
                Format::F16 => target.copy_from_slice(&f16::from_f32(weight).to_le_bytes()),
                Format::Bf16 => target.copy_from_slice(&bf16::from_f32(weight).to_le_bytes()),
                _ => target.copy_from_slice(&weight.to_le_bytes()),
            }
        }
    }
}
