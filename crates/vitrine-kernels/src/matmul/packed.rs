//! A weight matrix in panels: the one copy that stays in memory once the file's pages are released.

use crate::matmul::MatmulError;
use crate::matmul::blocks::RowUnitCodes;
use crate::matmul::decode::DecodedStrip;
use crate::matmul::drive::PANEL_STRIPS;
use crate::matmul::layout::Layout;
use crate::matmul::layout::unit_weights;
use crate::matmul::weight_type::Format;
use crate::matmul::weight_type::RowForm;
use crate::matmul::weight_type::WeightType;
use crate::memory::LineBytes;
use crate::tier::Tier;
#[cfg(not(miri))]
use rayon::iter::IndexedParallelIterator;
#[cfg(not(miri))]
use rayon::iter::ParallelIterator;
#[cfg(not(miri))]
use rayon::slice::ParallelSliceMut;
use std::ops::Range;

/// Matrix rows side by side in a strip of AVX-512's 64-byte lines.
const WIDE_STRIP_ROWS: usize = 16;
/// Matrix rows side by side in a strip of 32-byte lines.
const STRIP_ROWS: usize = 8;

/// A `[rows, columns]` weight matrix, packed for one tier.
pub struct PackedMatrix {
    weight_type: WeightType,
    tier: Tier,
    rows: usize,
    columns: usize,
    strip_rows: usize,
    /// Records of a panel.
    units: usize,
    /// Of every record but the last, and of the last: a product looks them up for every strip.
    layouts: [Layout; 2],
    strip_bytes: usize,
    panels: LineBytes,
}

impl std::fmt::Debug for PackedMatrix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PackedMatrix")
            .field("weight_type", &self.weight_type)
            .field("tier", &self.tier)
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl PackedMatrix {
    /// Packs a matrix that `bytes` hold row by row as in a GGUF file. `columns` are the weights of
    /// one row, the length of the inner products.
    ///
    /// # Errors
    /// If the columns are not whole units of the type and multiples of 32, the bytes are not
    /// exactly the matrix, or this machine lacks the tier.
    pub fn pack(
        weight_type: WeightType,
        bytes: &[u8],
        shape: [usize; 2],
        tier: Tier,
    ) -> Result<Self, MatmulError> {
        let tier = tier.checked()?;
        let strip_rows = if tier == Tier::Avx512Vnni { WIDE_STRIP_ROWS } else { STRIP_ROWS };
        Self::pack_strips(weight_type, bytes, shape, (tier, strip_rows))
    }

    /// [`Self::pack`] into strips of `strip_rows` rows.
    pub(super) fn pack_strips(
        weight_type: WeightType,
        bytes: &[u8],
        [rows, columns]: [usize; 2],
        (tier, strip_rows): (Tier, usize),
    ) -> Result<Self, MatmulError> {
        let (weights, unit_bytes) = weight_type.unit();
        let multiple = weights.max(32);
        if columns == 0 || !columns.is_multiple_of(multiple) {
            return Err(MatmulError::Columns { weight_type, found: columns, multiple });
        }
        let row_bytes = columns / weights * unit_bytes;
        if rows.checked_mul(row_bytes) != Some(bytes.len()) {
            return Err(MatmulError::Bytes { found: bytes.len(), rows, row_bytes });
        }
        let format = weight_type.format();
        let full = unit_weights(format);
        let units = columns.div_ceil(full);
        let layouts = [full, columns - (units - 1) * full]
            .map(|weights| Layout::of(format, strip_rows, weights));
        let strip_bytes = (units - 1) * layouts[0].bytes + layouts[1].bytes;
        let panels = LineBytes::zeroed(0);
        let mut matrix = Self {
            weight_type,
            tier,
            rows,
            columns,
            strip_rows,
            units,
            layouts,
            strip_bytes,
            panels,
        };
        let mut panels = LineBytes::zeroed(rows.div_ceil(strip_rows) * strip_bytes);
        let panel_bytes = PANEL_STRIPS * matrix.strip_bytes;
        #[cfg(not(miri))]
        let each = panels.as_mut_slice().par_chunks_mut(panel_bytes);
        // Miri would stop in the queues of rayon's threads.
        #[cfg(miri)]
        let each = panels.as_mut_slice().chunks_mut(panel_bytes);
        each.enumerate().for_each(|(panel, packed)| {
            let first = panel * matrix.panel_rows();
            let last = (first + matrix.panel_rows()).min(rows);
            matrix.pack_panel(panel, &bytes[first * row_bytes..last * row_bytes], packed);
        });
        matrix.panels = panels;
        Ok(matrix)
    }

    fn pack_panel(&self, panel: usize, file: &[u8], packed: &mut [u8]) {
        let (weights, unit_bytes) = self.weight_type.unit();
        let row_bytes = self.columns / weights * unit_bytes;
        let full_bytes = unit_weights(self.format()) / weights * unit_bytes;
        let mut codes = RowUnitCodes::zeroed();
        for (row, bytes) in file.chunks_exact(row_bytes).enumerate() {
            let (strip, row) = (row / self.strip_rows, row % self.strip_rows);
            for (unit, bytes) in bytes.chunks(full_bytes).enumerate() {
                codes.read(self.weight_type, bytes);
                let record = &mut packed[self.record(panel, unit, strip)];
                self.layout(unit).write(self.format(), row, &codes, record);
            }
        }
    }

    /// The type in the file.
    #[must_use]
    pub fn weight_type(&self) -> WeightType {
        self.weight_type
    }

    /// The rows that it is multiplied with.
    #[must_use]
    pub fn row_form(&self) -> RowForm {
        self.weight_type.row_form()
    }

    /// The tier whose instructions multiply it.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Rows: columns of the product.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Weights of a row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of one panel, the unit in which threads share a product; the last one may have fewer.
    #[must_use]
    pub fn panel_rows(&self) -> usize {
        PANEL_STRIPS * self.strip_rows
    }

    /// Panels of the matrix.
    #[must_use]
    pub fn panel_count(&self) -> usize {
        self.rows.div_ceil(self.panel_rows())
    }

    /// Bytes that it occupies.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.panels.occupied()
    }

    /// Writes row `row` as f32.
    ///
    /// # Panics
    /// If there is no such row or `out` is not a row long: our bug, ids are checked before.
    pub fn row_to_f32(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of a matrix of {}", self.rows);
        assert_eq!(out.len(), self.columns, "a row has as many weights as the matrix columns");
        let mut decoded = DecodedStrip::zeroed();
        let format = self.format();
        for (unit, weights) in out.chunks_mut(unit_weights(format)).enumerate() {
            let strip = row % self.panel_rows() / self.strip_rows;
            let record = self.strip_record(row / self.panel_rows(), unit, strip);
            decoded.read(format, self.layout(unit), record);
            decoded.row_to_f32(format, self.strip_rows, row % self.strip_rows, weights);
        }
    }

    pub(super) fn format(&self) -> Format {
        self.weight_type.format()
    }

    /// Records of a panel.
    pub(super) fn unit_count(&self) -> usize {
        self.units
    }

    /// Strips of panel `panel`.
    pub(super) fn strips(&self, panel: usize) -> usize {
        let strips = self.rows.div_ceil(self.strip_rows);
        (strips - panel * PANEL_STRIPS).min(PANEL_STRIPS)
    }

    /// The layout of a strip's record `unit`.
    pub(super) fn layout(&self, unit: usize) -> &Layout {
        &self.layouts[usize::from(unit + 1 == self.units)]
    }

    /// Record `unit` of a panel's strip.
    pub(super) fn strip_record(&self, panel: usize, unit: usize, strip: usize) -> &[u8] {
        let record = self.record(panel, unit, strip);
        let start = panel * PANEL_STRIPS * self.strip_bytes;
        &self.panels.as_slice()[start + record.start..start + record.end]
    }

    /// What a product reads one unit of the panel after record `unit` of a strip; empty at the end.
    pub(super) fn ahead(&self, panel: usize, unit: usize, strip: usize) -> &[u8] {
        let record = self.record(panel, unit, strip);
        let all = self.panels.as_slice();
        let unit_bytes = self.strips(panel) * record.len();
        let start = panel * PANEL_STRIPS * self.strip_bytes + record.start + unit_bytes;
        let start = start.min(all.len());
        &all[start..(start + record.len()).min(all.len())]
    }

    /// Where record `unit` of a strip lies in its panel.
    fn record(&self, panel: usize, unit: usize, strip: usize) -> Range<usize> {
        let (full, bytes) = (self.layouts[0].bytes, self.layout(unit).bytes);
        let start = unit * full * self.strips(panel) + strip * bytes;
        start..start + bytes
    }

    /// The same panels multiplied by the specification.
    #[cfg(test)]
    pub(super) fn into_scalar(mut self) -> Self {
        self.tier = Tier::Scalar;
        self
    }
}
