//! A weight matrix packed into panels: the only copy in memory once the pages of the model file are
//! released.

use crate::matmul::blocks::RowUnitCodes;
use crate::matmul::decode::DecodedStrip;
use crate::matmul::error::MatmulError;
use crate::matmul::layout::PANEL_STRIPS;
use crate::matmul::layout::RecordLayout;
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

/// Matrix rows per strip with 64-byte lines (AVX-512).
const WIDE_STRIP_ROWS: usize = 16;
/// Matrix rows per strip with 32-byte lines (all other tiers).
const STRIP_ROWS: usize = 8;

/// What a matrix is packed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackTarget {
    pub(super) tier: Tier,
    /// Matrix rows per strip.
    pub(super) strip_rows: usize,
}

/// A `[rows, columns]` weight matrix, packed for one tier.
pub struct PackedMatrix {
    weight_type: WeightType,
    tier: Tier,
    rows: usize,
    columns: usize,
    strip_rows: usize,
    /// Records of a panel.
    units: usize,
    /// Layouts of a full record and of a strip's last record, cached because a product looks them
    /// up for every strip.
    layouts: [RecordLayout; 2],
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
    /// Packs a matrix whose `bytes` are stored row by row as in a GGUF file. `shape` is `[rows,
    /// columns]`; `columns` is the number of weights per row, the length of the inner products.
    ///
    /// # Errors
    /// If the columns are not a multiple of 32 and of the type's unit, the byte count does not
    /// match the shape, or this machine does not support the tier.
    pub fn pack(
        weight_type: WeightType,
        bytes: &[u8],
        shape: [usize; 2],
        tier: Tier,
    ) -> Result<Self, MatmulError> {
        let tier = tier.checked()?;
        let strip_rows = if tier == Tier::Avx512Vnni { WIDE_STRIP_ROWS } else { STRIP_ROWS };
        Self::pack_strips(weight_type, bytes, shape, PackTarget { tier, strip_rows })
    }

    /// [`Self::pack`] into the strips of `target`.
    pub(super) fn pack_strips(
        weight_type: WeightType,
        bytes: &[u8],
        [rows, columns]: [usize; 2],
        target: PackTarget,
    ) -> Result<Self, MatmulError> {
        let PackTarget { tier, strip_rows } = target;
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
            .map(|weights| RecordLayout::of(format, strip_rows, weights));
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
        // Miri reports errors in rayon's queues, so pack sequentially.
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

    /// The form of the rows that the matrix is multiplied with.
    #[must_use]
    pub fn row_form(&self) -> RowForm {
        self.weight_type.row_form()
    }

    /// The tier that the matrix is packed for.
    #[must_use]
    pub(crate) fn tier(&self) -> Tier {
        self.tier
    }

    /// Matrix rows, which are the columns of the product.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Weights per row, the length of the inner products.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Matrix rows per panel; the last panel may have fewer. Threads share a product by panels.
    #[must_use]
    pub fn panel_rows(&self) -> usize {
        PANEL_STRIPS * self.strip_rows
    }

    /// Number of panels.
    #[must_use]
    pub fn panel_count(&self) -> usize {
        self.rows.div_ceil(self.panel_rows())
    }

    /// Memory of the packed weights, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.panels.occupied()
    }

    /// Dequantises row `row` into `out`.
    ///
    /// # Panics
    /// If the row does not exist or `out` is not [`columns`](Self::columns) long: a bug in the
    /// caller, which checks token ids first.
    pub fn row_to_f32(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of a matrix of {}", self.rows);
        assert_eq!(out.len(), self.columns, "the output must have one element per column");
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

    /// Strips in panel `panel`; the last panel may have fewer than [`PANEL_STRIPS`].
    pub(super) fn strips(&self, panel: usize) -> usize {
        let strips = self.rows.div_ceil(self.strip_rows);
        (strips - panel * PANEL_STRIPS).min(PANEL_STRIPS)
    }

    /// The layout of record `unit` of a strip.
    pub(super) fn layout(&self, unit: usize) -> &RecordLayout {
        &self.layouts[usize::from(unit + 1 == self.units)]
    }

    /// Bytes of record `unit` of a strip.
    pub(super) fn strip_record(&self, panel: usize, unit: usize, strip: usize) -> &[u8] {
        let record = self.record(panel, unit, strip);
        let start = panel * PANEL_STRIPS * self.strip_bytes;
        &self.panels.as_slice()[start + record.start..start + record.end]
    }

    /// The bytes that a product reads one panel unit after record `unit` of a strip, to be
    /// prefetched; empty at the end of the matrix.
    pub(super) fn ahead(&self, panel: usize, unit: usize, strip: usize) -> &[u8] {
        let record = self.record(panel, unit, strip);
        let all = self.panels.as_slice();
        let unit_bytes = self.strips(panel) * record.len();
        let start = panel * PANEL_STRIPS * self.strip_bytes + record.start + unit_bytes;
        let start = start.min(all.len());
        &all[start..(start + record.len()).min(all.len())]
    }

    /// Byte range of record `unit` of a strip, relative to its panel.
    fn record(&self, panel: usize, unit: usize, strip: usize) -> Range<usize> {
        let (full, bytes) = (self.layouts[0].bytes, self.layout(unit).bytes);
        let start = unit * full * self.strips(panel) + strip * bytes;
        start..start + bytes
    }

    /// The same panels, multiplied by the scalar specification.
    #[cfg(test)]
    pub(super) fn into_scalar(mut self) -> Self {
        self.tier = Tier::Scalar;
        self
    }
}
