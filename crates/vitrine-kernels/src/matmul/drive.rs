//! The loop nest of a product (blocks of rows, panels, units, strips) and the interface that each
//! tier implements. `matmul` chooses the tier.

use crate::matmul::decode::DecodedStrip;
use crate::matmul::layout::PANEL_STRIPS;
use crate::matmul::layout::RecordLayout;
use crate::matmul::layout::unit_weights;
use crate::matmul::packed::PackedMatrix;
use crate::matmul::rows::QuantizedRows;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::Format;
use crate::memory::prefetch_l1;
use crate::memory::prefetch_l2;
use std::ops::Range;

/// Maximum rows that share one unpacking of the weights. Their units (20 KiB) and sums (8 KiB) stay
/// in the first two cache levels beside the weights.
pub const BLOCK_ROWS: usize = 64;

/// Matrix rows of the widest strip (AVX-512).
const STRIP_ROWS_MAX: usize = 16;

/// The left operand, in the form given by [`PackedMatrix::row_form`].
#[derive(Debug, Clone, Copy)]
pub enum MatmulRows<'a> {
    /// Bytes with scales, for quantised matrices.
    Quantized(&'a QuantizedRows),
    /// Row-major `[rows, columns]` f32, for dense matrices.
    Float(&'a [f32]),
}

/// Receives the sums of one row: row index, first column, and the sums from that column on.
pub type SumsSink<'a> = dyn FnMut(usize, usize, &[f32]) + 'a;

/// Working memory of one thread for a product.
#[derive(Debug, Clone)]
pub struct MatmulScratch {
    sums: Box<[f32; BLOCK_ROWS * PANEL_STRIPS * STRIP_ROWS_MAX]>,
    strip: Box<StripScratch>,
}

/// Working memory of a strip kernel.
#[derive(Debug, Clone)]
pub(super) struct StripScratch {
    /// Integer sums, one entry per row of the block.
    pub(super) exact: [IntegerSums; BLOCK_ROWS],
    /// The unpacked strip of the scalar tier.
    pub(super) plain: DecodedStrip,
}

/// Integer sums of one row with the rows of a strip, aligned for any register.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub(super) struct IntegerSums(pub(super) [i32; STRIP_ROWS_MAX]);

impl Default for MatmulScratch {
    fn default() -> Self {
        let exact = [IntegerSums([0; STRIP_ROWS_MAX]); BLOCK_ROWS];
        Self {
            sums: Box::new([0.0; BLOCK_ROWS * PANEL_STRIPS * STRIP_ROWS_MAX]),
            strip: Box::new(StripScratch { exact, plain: DecodedStrip::zeroed() }),
        }
    }
}

/// One unit of a strip: its record and how to read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strip<'a> {
    pub(super) format: Format,
    pub(super) layout: &'a RecordLayout,
    pub(super) record: &'a [u8],
    /// The bytes read one unit later. They are prefetched piece by piece while this record is
    /// multiplied. Prefetching them at once fills the line-fill buffers and stalls everything:
    /// memory time was then measured to add to compute time instead of overlapping.
    pub(super) ahead: &'a [u8],
}

/// Row counts at which a product is limited by memory and by computation alike.
const L2_PREFETCH_ROWS: Range<usize> = 3..24;

impl<'a> Strip<'a> {
    /// The lines of `LINE` bytes that hold block `block` of 32 weights of `BITS` bits: low bits,
    /// high bits.
    #[inline(always)]
    pub(super) fn lines<const BITS: usize, const LINE: usize>(
        &self,
        block: usize,
    ) -> (&'a [u8], &'a [u8]) {
        let low_bytes = if BITS == 8 { 8 * LINE } else { 4 * LINE };
        let high_bytes = match BITS {
            5 => LINE,
            6 => 2 * LINE,
            _ => 0,
        };
        let low = self.layout.codes + block * low_bytes;
        let high = self.layout.high + block * high_bytes;
        (&self.record[low..low + low_bytes], &self.record[high..high + high_bytes])
    }

    /// Prefetches part `part` of `parts` of [`Self::ahead`], in whole cache lines.
    ///
    /// For [`L2_PREFETCH_ROWS`] the data goes to the second-level cache, otherwise to the first.
    /// Memory and arithmetic are then equally busy, and a pending first-level prefetch delays every
    /// other miss. Measured: 8 rows of 8-bit weights take 20 % less time with the second level, 64
    /// rows 1 % more.
    #[inline(always)]
    pub(super) fn prefetch_ahead(&self, (part, parts): (usize, usize), rows: usize) {
        let step = self.ahead.len().div_ceil(parts).next_multiple_of(64);
        let start = (part * step).min(self.ahead.len());
        let ahead = &self.ahead[start..(start + step).min(self.ahead.len())];
        if L2_PREFETCH_ROWS.contains(&rows) { prefetch_l2(ahead) } else { prefetch_l1(ahead) }
    }
}

/// The sums of a block of rows with a strip or a panel, `stride` elements between rows.
#[derive(Debug)]
pub(super) struct Sums<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) stride: usize,
}

impl Sums<'_> {
    /// Whether `rows` rows of `columns` sums are in bounds.
    pub(super) fn reaches(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || (rows - 1) * self.stride + columns <= self.values.len()
    }
}

/// One unit of a block of f32 rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatRows<'a> {
    /// Values from the first row's first value of the unit on; rows are `stride` elements apart.
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    weights: usize,
    pub(super) count: usize,
}

impl<'a> FloatRows<'a> {
    /// Whether the unit's values are in bounds for every row.
    pub(super) fn is_whole(&self) -> bool {
        self.count == 0 || (self.count - 1) * self.stride + self.weights <= self.values.len()
    }

    /// The unit's values of row `row`.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.stride..row * self.stride + self.weights]
    }
}

/// The strip products of one tier.
pub(super) trait StripKernel: Copy {
    /// Adds the products of a block's quantised units with one strip to `sums`.
    fn strip(self, strip: Strip<'_>, units: &[RowUnit], sums: Sums<'_>, scratch: &mut StripScratch);

    /// Adds the products of f32 rows with the strips of a panel, whose columns are adjacent in
    /// `sums`.
    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    );
}

/// A product of rows with some panels of a matrix.
#[derive(Clone, Copy)]
pub(super) struct Product<'a> {
    pub(super) matrix: &'a PackedMatrix,
    pub(super) rows: MatmulRows<'a>,
}

/// Computes the columns of `panels` with the strip kernel of one tier; see
/// [`matmul`](crate::matmul::matmul).
pub(super) fn drive<E: StripKernel>(
    kernel: E,
    product: Product<'_>,
    panels: Range<usize>,
    scratch: &mut MatmulScratch,
    take: &mut SumsSink<'_>,
) {
    let Product { matrix, rows } = product;
    let row_count = match rows {
        MatmulRows::Quantized(rows) => rows.rows(),
        MatmulRows::Float(values) => values.len() / matrix.columns(),
    };
    let width = matrix.panel_rows();
    for first_row in (0..row_count).step_by(BLOCK_ROWS) {
        let block = first_row..(first_row + BLOCK_ROWS).min(row_count);
        for panel in panels.clone() {
            let sums = &mut scratch.sums[..block.len() * width];
            sums.fill(0.0);
            for unit in 0..matrix.unit_count() {
                let at = PanelUnit { block: &block, panel, unit };
                multiply(kernel, product, at, sums, &mut scratch.strip);
            }
            let column = panel * width;
            let columns = width.min(matrix.rows() - column);
            for (row, sums) in block.clone().zip(sums.chunks_exact(width)) {
                take(row, column, &sums[..columns]);
            }
        }
    }
}

/// One unit of a panel, and the block of rows that it is multiplied with.
#[derive(Clone, Copy)]
struct PanelUnit<'a> {
    block: &'a Range<usize>,
    panel: usize,
    unit: usize,
}

/// Multiplies one unit of a block of rows with a panel.
fn multiply<E: StripKernel>(
    kernel: E,
    product: Product<'_>,
    at: PanelUnit<'_>,
    sums: &mut [f32],
    scratch: &mut StripScratch,
) {
    let Product { matrix, rows } = product;
    let PanelUnit { block, panel, unit } = at;
    let (layout, strips) = (matrix.layout(unit), matrix.strips(panel));
    let format = matrix.format();
    let stride = matrix.panel_rows();
    let strip = |at| Strip {
        format,
        layout,
        record: matrix.strip_record(panel, unit, at),
        ahead: matrix.ahead(panel, unit, at),
    };
    match rows {
        MatmulRows::Quantized(rows) => {
            let units = rows.tile(unit, block.clone());
            for at in 0..strips {
                let values = &mut sums[at * layout.strip_rows..];
                kernel.strip(strip(at), units, Sums { values, stride }, scratch);
            }
        }
        MatmulRows::Float(values) => {
            let columns = matrix.columns();
            let first = block.start * columns + unit * unit_weights(format);
            let rows = FloatRows {
                values: &values[first..],
                stride: columns,
                weights: layout.weights,
                count: block.len(),
            };
            let all: [Strip<'_>; PANEL_STRIPS] =
                std::array::from_fn(|at| strip(at.min(strips - 1)));
            kernel.dense(&all[..strips], rows, Sums { values: sums, stride }, scratch);
        }
    }
}
