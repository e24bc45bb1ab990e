//! Unpacking of one strip record by the specification.

use crate::matmul::layout::RecordLayout;
use crate::matmul::weight_type::Format;
use crate::matmul::weight_type::RowForm;
use half::bf16;
use half::f16;

/// Codes of the largest record: 256 weights of 16 rows.
pub(super) const CODE_BYTES: usize = 4096;

/// An unpacked record: one byte per unsigned code, everything else widened.
///
/// In the shapes below `r` is a row of the strip.
#[repr(C, align(64))]
#[derive(Debug, Clone)]
pub(super) struct DecodedStrip {
    /// `[group of 4][r][4]` unsigned codes.
    pub(super) codes: [u8; CODE_BYTES],
    /// `[k][r]` dense weights.
    pub(super) dense: [f32; CODE_BYTES / 4],
    /// `[group or 1][r]` scales.
    pub(super) d: [f32; 128],
    /// `[group or 1][r]` minima.
    pub(super) m: [f32; 128],
    /// `[sub-block][r]` integer scales, each as two equal i16.
    pub(super) scale: [i32; 256],
    /// `[pair of sub-blocks][r]` integer minima as two i16, the first in the low half. The zero
    /// point of `Q6_K` (32) is stored here as a minimum of `32 · scale`.
    pub(super) min: [i32; 128],
}

impl DecodedStrip {
    pub(super) fn zeroed() -> Self {
        Self {
            codes: [0; CODE_BYTES],
            dense: [0.0; CODE_BYTES / 4],
            d: [0.0; 128],
            m: [0.0; 128],
            scale: [0; 256],
            min: [0; 128],
        }
    }

    /// Unpacks a record.
    pub(super) fn read(&mut self, format: Format, layout: &RecordLayout, record: &[u8]) {
        if format.row_form() == RowForm::Float {
            self.read_dense(format, layout, record);
            return;
        }
        self.read_codes(format, layout, record);
        self.read_scales(format, layout, record, |raw, values| {
            for (value, raw) in values.iter_mut().zip(raw.chunks_exact(2)) {
                *value = f16::from_le_bytes([raw[0], raw[1]]).to_f32();
            }
        });
    }

    fn read_dense(&mut self, format: Format, layout: &RecordLayout, record: &[u8]) {
        let size = format.bits() / 8;
        let weights = &mut self.dense[..layout.weights * layout.strip_rows];
        for (weight, raw) in weights.iter_mut().zip(record.chunks_exact(size)) {
            *weight = match format {
                Format::F16 => f16::from_le_bytes([raw[0], raw[1]]).to_f32(),
                Format::Bf16 => bf16::from_le_bytes([raw[0], raw[1]]).to_f32(),
                _ => f32::from_le_bytes([raw[0], raw[1], raw[2], raw[3]]),
            };
        }
    }

    fn read_codes(&mut self, format: Format, layout: &RecordLayout, record: &[u8]) {
        let line = 4 * layout.strip_rows;
        let codes = &mut self.codes[..layout.weights * layout.strip_rows];
        if format.bits() == 8 {
            codes.copy_from_slice(&record[layout.codes..layout.codes + codes.len()]);
            return;
        }
        for (group, codes) in codes.chunks_exact_mut(line).enumerate() {
            let low = &record[layout.codes + group / 2 * line..];
            for (code, &byte) in codes.iter_mut().zip(low) {
                *code = byte >> (4 * (group % 2)) & 15;
            }
            let (groups, bits) = match format.bits() {
                5 => (8, 1),
                6 => (4, 2),
                _ => continue,
            };
            let high = &record[layout.high + group / groups * line..];
            for (code, &byte) in codes.iter_mut().zip(high) {
                *code |= (byte >> (bits * (group % groups)) & ((1 << bits) - 1)) << 4;
            }
        }
    }

    /// Widens scales and minima. `halves` converts f16 bytes to f32; tiers pass their own.
    #[inline(always)]
    pub(super) fn read_scales(
        &mut self,
        format: Format,
        layout: &RecordLayout,
        record: &[u8],
        halves: impl Fn(&[u8], &mut [f32]),
    ) {
        let rows = layout.strip_rows;
        halves(&record[..layout.m], &mut self.d[..layout.m / 2]);
        halves(&record[layout.m..layout.scale], &mut self.m[..(layout.scale - layout.m) / 2]);
        let scales = &record[layout.scale..layout.min];
        for (wide, &scale) in self.scale.iter_mut().zip(scales) {
            *wide = pair(i16::from(scale.cast_signed()), i16::from(scale.cast_signed()));
        }
        if format == Format::Q6K {
            let offset = |scale: u8| 32 * i16::from(scale.cast_signed());
            for (wide, two) in self.min.chunks_exact_mut(rows).zip(scales.chunks_exact(2 * rows)) {
                for (r, wide) in wide.iter_mut().enumerate() {
                    *wide = pair(offset(two[r]), offset(two[rows + r]));
                }
            }
        } else {
            let mins = &record[layout.min..layout.high];
            for (wide, two) in self.min.chunks_exact_mut(rows).zip(mins.chunks_exact(2 * rows)) {
                for (r, wide) in wide.iter_mut().enumerate() {
                    *wide = pair(i16::from(two[r]), i16::from(two[rows + r]));
                }
            }
        }
    }

    /// Dequantises row `row` of a strip that [`Self::read`] unpacked.
    pub(super) fn row_to_f32(&self, format: Format, rows: usize, row: usize, out: &mut [f32]) {
        for (k, weight) in out.iter_mut().enumerate() {
            if format.row_form() == RowForm::Float {
                *weight = self.dense[k * rows + row];
                continue;
            }
            let code = i32::from(self.codes[(k / 4 * rows + row) * 4 + k % 4]) - format.zero();
            #[expect(clippy::cast_precision_loss, reason = "magnitude of at most 255")]
            let code = code as f32;
            *weight = match format.scaled_weights() {
                0 => {
                    let at = k / 32 * rows + row;
                    let min = if format.has_added_min() { self.m[at] } else { 0.0 };
                    self.d[at] * code + min
                }
                shared => {
                    let sub = k / shared;
                    let scale = f32::from(halves_of(self.scale[sub * rows + row])[0]);
                    let min = if format == Format::Q6K {
                        0.0
                    } else {
                        let pair = halves_of(self.min[sub / 2 * rows + row]);
                        self.m[row] * f32::from(pair[sub % 2])
                    };
                    self.d[row] * scale * code - min
                }
            };
        }
    }
}

/// Packs two i16 into one word, the first in the low half.
#[inline(always)]
pub(super) const fn pair(low: i16, high: i16) -> i32 {
    (low.cast_unsigned() as u32 | (high.cast_unsigned() as u32) << 16).cast_signed()
}

/// Unpacks the two i16 of a word, the low half first.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the two halves are returned separately")]
pub(super) const fn halves_of(word: i32) -> [i16; 2] {
    [word as i16, (word >> 16) as i16]
}
