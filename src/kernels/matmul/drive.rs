//! The loops round the tiles: rows in blocks, panels in groups, units in order.

use crate::kernels::matmul::BLOCK_ROWS;
use crate::kernels::matmul::PackedMatrix;
use crate::kernels::matmul::Rows;
use crate::kernels::matmul::Take;
#[cfg(target_arch = "x86_64")]
use crate::kernels::matmul::avx2::Avx2;
use crate::kernels::matmul::decode::DecodedPanel;
use crate::kernels::matmul::layout::Layout;
use crate::kernels::matmul::layout::unit_weights;
use crate::kernels::matmul::rows::RowUnit;
use crate::kernels::matmul::scalar;
use crate::kernels::matmul::weight_type::Format;
use crate::kernels::tier::Tier;
use std::ops::Range;

/// Panels unpacked together, so that a row's codes are read once for all of them.
pub(super) const GROUP_PANELS: usize = 4;

/// Rows of a tile: as many as keep their sums in registers beside two panels.
pub(super) const TILE_ROWS: usize = 4;

/// Matrix rows of a group of the widest panels.
const GROUP_ROWS_MAX: usize = 16 * GROUP_PANELS;

/// One thread's workspace.
#[derive(Debug, Clone)]
pub struct Scratch {
    panels: Box<[DecodedPanel; GROUP_PANELS]>,
    sums: Box<[f32; BLOCK_ROWS * GROUP_ROWS_MAX]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            panels: Box::new(std::array::from_fn(|_| DecodedPanel::zeroed())),
            sums: Box::new([0.0; BLOCK_ROWS * GROUP_ROWS_MAX]),
        }
    }
}

/// What a tier computes.
pub(super) trait Engine: Copy {
    /// Takes one panel's record apart.
    fn decode(self, format: Format, layout: &Layout, record: &[u8], panel: &mut DecodedPanel);

    /// Adds the products of up to [`TILE_ROWS`] units with up to [`GROUP_PANELS`] panels to `sums`,
    /// whose rows are [`GROUP_PANELS`] panels long.
    fn tile(self, shape: Shape, panels: &[DecodedPanel], units: &[RowUnit], sums: &mut [f32]);

    /// The same for dense weights; each of `rows` has the unit's values.
    fn tile_dense(self, shape: Shape, panels: &[DecodedPanel], rows: &[&[f32]], sums: &mut [f32]);
}

/// What the tiles of one unit have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) format: Format,
    /// Weights of the unit.
    pub(super) weights: usize,
    pub(super) panel_rows: usize,
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
        Tier::Scalar | Tier::Neon => drive(Plain, matrix, rows, panels, (scratch, take)),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 | Tier::AvxVnni => {
            drive(Avx2::proven(), matrix, rows, panels, (scratch, take));
        }
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512Vnni => drive(Plain, matrix, rows, panels, (scratch, take)),
        #[cfg(not(target_arch = "x86_64"))]
        Tier::Avx2 | Tier::AvxVnni | Tier::Avx512Vnni => {
            unreachable!("a matrix is packed for a tier of this machine")
        }
    }
}

/// The specification as an engine.
#[derive(Debug, Clone, Copy)]
struct Plain;

impl Engine for Plain {
    fn decode(self, format: Format, layout: &Layout, record: &[u8], panel: &mut DecodedPanel) {
        panel.read(format, layout, record);
    }

    fn tile(self, shape: Shape, panels: &[DecodedPanel], units: &[RowUnit], sums: &mut [f32]) {
        let rows = shape.panel_rows;
        for (unit, sums) in units.iter().zip(sums.chunks_mut(GROUP_PANELS * rows)) {
            for (panel, sums) in panels.iter().zip(sums.chunks_exact_mut(rows)) {
                scalar::accumulate(shape.format, shape.weights, panel, unit, sums);
            }
        }
    }

    fn tile_dense(self, shape: Shape, panels: &[DecodedPanel], rows: &[&[f32]], sums: &mut [f32]) {
        for (values, sums) in rows.iter().zip(sums.chunks_mut(GROUP_PANELS * shape.panel_rows)) {
            for (panel, sums) in panels.iter().zip(sums.chunks_exact_mut(shape.panel_rows)) {
                scalar::accumulate_dense(panel, values, sums);
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
    let width = GROUP_PANELS * matrix.panel_rows();
    for first_row in (0..row_count).step_by(BLOCK_ROWS) {
        let block = first_row..(first_row + BLOCK_ROWS).min(row_count);
        for first in panels.clone().step_by(GROUP_PANELS) {
            let group = first..(first + GROUP_PANELS).min(panels.end);
            let sums = &mut scratch.sums[..block.len() * width];
            sums.fill(0.0);
            for unit in 0..matrix.unit_count() {
                let shape = Shape {
                    format: matrix.format(),
                    weights: matrix.layout(unit).weights,
                    panel_rows: matrix.panel_rows(),
                };
                for (panel, decoded) in group.clone().zip(scratch.panels.iter_mut()) {
                    let record = matrix.panel_record(panel, unit);
                    engine.decode(shape.format, &matrix.layout(unit), record, decoded);
                }
                let panels = &scratch.panels[..group.len()];
                multiply(engine, shape, panels, (rows, unit, matrix.columns()), (&block, sums));
            }
            let column = first * matrix.panel_rows();
            let columns = (group.len() * matrix.panel_rows()).min(matrix.rows() - column);
            for (row, sums) in block.clone().zip(sums.chunks_exact(width)) {
                take(row, column, &sums[..columns]);
            }
        }
    }
}

/// One unit of a block of rows with a group of panels.
fn multiply<E: Engine>(
    engine: E,
    shape: Shape,
    panels: &[DecodedPanel],
    (rows, unit, columns): (Rows<'_>, usize, usize),
    (block, sums): (&Range<usize>, &mut [f32]),
) {
    let width = GROUP_PANELS * shape.panel_rows;
    for (first, sums) in block.clone().step_by(TILE_ROWS).zip(sums.chunks_mut(TILE_ROWS * width)) {
        let tile = first..(first + TILE_ROWS).min(block.end);
        match rows {
            Rows::Quantized(rows) => engine.tile(shape, panels, rows.tile(unit, tile), sums),
            Rows::Float(values) => {
                let mut tile_rows = [&[][..]; TILE_ROWS];
                let start = unit * unit_weights(shape.format);
                for (row, values_of_row) in tile.clone().zip(&mut tile_rows) {
                    let from = row * columns + start;
                    *values_of_row = &values[from..from + shape.weights];
                }
                engine.tile_dense(shape, panels, &tile_rows[..tile.len()], sums);
            }
        }
    }
}
