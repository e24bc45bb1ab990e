//! The loops: rows in blocks, panels, units in order, strips.

use crate::matmul::BLOCK_ROWS;
use crate::matmul::PackedMatrix;
use crate::matmul::Rows;
use crate::matmul::Take;
#[cfg(target_arch = "x86_64")]
use crate::matmul::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use crate::matmul::avx512::Avx512;
use crate::matmul::decode::DecodedStrip;
use crate::matmul::layout::Layout;
use crate::matmul::layout::unit_weights;
#[cfg(target_arch = "aarch64")]
use crate::matmul::neon::Neon;
use crate::matmul::rows::RowUnit;
use crate::matmul::scalar;
use crate::matmul::weight_type::Format;
use crate::memory::ask_for;
use crate::memory::ask_for_later;
use crate::tier::Tier;
use std::ops::Range;

/// Strips of a panel. They are multiplied one after the other while a unit's rows stay in the first
/// cache.
pub(super) const PANEL_STRIPS: usize = 4;

/// Matrix rows of the widest strip.
const STRIP_ROWS_MAX: usize = 16;

/// One thread's workspace.
#[derive(Debug, Clone)]
pub struct Scratch {
    sums: Box<[f32; BLOCK_ROWS * PANEL_STRIPS * STRIP_ROWS_MAX]>,
    strip: Box<StripScratch>,
}

/// What an engine may use while it multiplies a strip.
#[derive(Debug, Clone)]
pub(super) struct StripScratch {
    /// Integer sums of each row of the block.
    pub(super) exact: [IntegerSums; BLOCK_ROWS],
    /// The specification's unpacked strip.
    plain: DecodedStrip,
}

/// Sums of one row with a strip's rows, aligned for any register.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub(super) struct IntegerSums(pub(super) [i32; STRIP_ROWS_MAX]);

impl Default for Scratch {
    fn default() -> Self {
        let exact = [IntegerSums([0; STRIP_ROWS_MAX]); BLOCK_ROWS];
        Self {
            sums: Box::new([0.0; BLOCK_ROWS * PANEL_STRIPS * STRIP_ROWS_MAX]),
            strip: Box::new(StripScratch { exact, plain: DecodedStrip::zeroed() }),
        }
    }
}

/// One unit of a strip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strip<'a> {
    pub(super) format: Format,
    pub(super) layout: &'a Layout,
    pub(super) record: &'a [u8],
    /// What will be read a unit later. It is asked for piece by piece while this record is
    /// multiplied: asked for at once, it fills the queue of misses and everything waits, which was
    /// measured to add memory's time to the products' instead of hiding it.
    pub(super) ahead: &'a [u8],
}

/// Rows for which a product both waits for memory and computes.
const SOME_ROWS: Range<usize> = 3..24;

impl<'a> Strip<'a> {
    /// The lines of `LINE` bytes that hold 32 weights of `BITS` bits: low ones, high ones.
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

    /// Asks for part `part` of `parts` of what will be read later, in whole cache lines. It comes
    /// to the first cache, but for some rows only to the second: they keep memory and products busy
    /// alike, and what waits for the first cache holds up everything else that misses it. 8 rows of
    /// 8-bit weights were measured to take a fifth less time that way, 64 rows 1 % more.
    #[inline(always)]
    pub(super) fn ask_ahead(&self, (part, parts): (usize, usize), rows: usize) {
        let step = self.ahead.len().div_ceil(parts).next_multiple_of(64);
        let start = (part * step).min(self.ahead.len());
        let ahead = &self.ahead[start..(start + step).min(self.ahead.len())];
        if SOME_ROWS.contains(&rows) { ask_for_later(ahead) } else { ask_for(ahead) }
    }
}

/// A block's sums of one strip, or of a panel: row by row, `stride` apart.
#[derive(Debug)]
pub(super) struct Sums<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) stride: usize,
}

impl Sums<'_> {
    /// Whether `rows` rows have `columns` sums each.
    pub(super) fn reaches(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || (rows - 1) * self.stride + columns <= self.values.len()
    }
}

/// One unit of a block of f32 rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct FloatRows<'a> {
    /// From the first row's first value of the unit on.
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    weights: usize,
    pub(super) count: usize,
}

impl<'a> FloatRows<'a> {
    /// Whether every row has all its values.
    pub(super) fn is_whole(&self) -> bool {
        self.count == 0 || (self.count - 1) * self.stride + self.weights <= self.values.len()
    }

    /// Row `row`'s values of the unit.
    #[inline]
    pub(super) fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.stride..row * self.stride + self.weights]
    }
}

/// What a tier computes.
pub(super) trait Engine: Copy {
    /// Adds the products of a block's units with one strip to `sums`.
    fn strip(self, strip: Strip<'_>, units: &[RowUnit], sums: Sums<'_>, scratch: &mut StripScratch);

    /// Adds the products of f32 rows with a panel's strips, which follow each other in `sums`.
    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    );
}

/// Picks the engine of the matrix' tier.
pub(super) fn run(
    matrix: &PackedMatrix,
    rows: Rows<'_>,
    panels: Range<usize>,
    scratch: &mut Scratch,
    take: &mut Take<'_>,
) {
    match matrix.tier() {
        Tier::Scalar => drive(Plain, matrix, rows, panels, (scratch, take)),
        #[cfg(target_arch = "aarch64")]
        Tier::Neon => drive(Neon::proven(), matrix, rows, panels, (scratch, take)),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 => drive(Avx2::<false>::proven(), matrix, rows, panels, (scratch, take)),
        #[cfg(target_arch = "x86_64")]
        Tier::AvxVnni => drive(Avx2::<true>::proven(), matrix, rows, panels, (scratch, take)),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512Vnni => drive(Avx512::proven(), matrix, rows, panels, (scratch, take)),
        #[cfg(not(target_arch = "x86_64"))]
        Tier::Avx2 | Tier::AvxVnni | Tier::Avx512Vnni => {
            unreachable!("a matrix is packed for a tier of this machine")
        }
        #[cfg(not(target_arch = "aarch64"))]
        Tier::Neon => unreachable!("a matrix is packed for a tier of this machine"),
    }
}

/// The specification as an engine.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Engine for Plain {
    fn strip(
        self,
        strip: Strip<'_>,
        units: &[RowUnit],
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        let Strip { format, layout, record, .. } = strip;
        scratch.plain.read(format, layout, record);
        for (unit, sums) in units.iter().zip(sums.values.chunks_mut(sums.stride)) {
            let sums = &mut sums[..layout.strip_rows];
            scalar::accumulate(format, layout.weights, &scratch.plain, unit, sums);
        }
    }

    fn dense(
        self,
        strips: &[Strip<'_>],
        rows: FloatRows<'_>,
        sums: Sums<'_>,
        scratch: &mut StripScratch,
    ) {
        for (at, &Strip { format, layout, record, .. }) in strips.iter().enumerate() {
            scratch.plain.read(format, layout, record);
            let columns = at * layout.strip_rows..(at + 1) * layout.strip_rows;
            for (row, sums) in sums.values.chunks_mut(sums.stride).take(rows.count).enumerate() {
                let sums = &mut sums[columns.clone()];
                scalar::accumulate_dense(&scratch.plain, rows.row(row), sums);
            }
        }
    }
}

fn drive<E: Engine>(
    engine: E,
    matrix: &PackedMatrix,
    rows: Rows<'_>,
    panels: Range<usize>,
    (scratch, take): (&mut Scratch, &mut Take<'_>),
) {
    let row_count = match rows {
        Rows::Quantized(rows) => rows.rows(),
        Rows::Float(values) => values.len() / matrix.columns(),
    };
    let width = matrix.panel_rows();
    for first_row in (0..row_count).step_by(BLOCK_ROWS) {
        let block = first_row..(first_row + BLOCK_ROWS).min(row_count);
        for panel in panels.clone() {
            let sums = &mut scratch.sums[..block.len() * width];
            sums.fill(0.0);
            for unit in 0..matrix.unit_count() {
                let strip_scratch = &mut *scratch.strip;
                multiply(engine, (matrix, panel, unit), rows, (&block, sums, strip_scratch));
            }
            let column = panel * width;
            let columns = width.min(matrix.rows() - column);
            for (row, sums) in block.clone().zip(sums.chunks_exact(width)) {
                take(row, column, &sums[..columns]);
            }
        }
    }
}

/// One unit of a block of rows with a panel.
fn multiply<E: Engine>(
    engine: E,
    (matrix, panel, unit): (&PackedMatrix, usize, usize),
    rows: Rows<'_>,
    (block, sums, scratch): (&Range<usize>, &mut [f32], &mut StripScratch),
) {
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
        Rows::Quantized(rows) => {
            let units = rows.tile(unit, block.clone());
            for at in 0..strips {
                let values = &mut sums[at * layout.strip_rows..];
                engine.strip(strip(at), units, Sums { values, stride }, scratch);
            }
        }
        Rows::Float(values) => {
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
            engine.dense(&all[..strips], rows, Sums { values: sums, stride }, scratch);
        }
    }
}
