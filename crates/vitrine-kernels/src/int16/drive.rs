//! The loop nest of a product (blocks of rows, panels, register tiles) and the register tile that
//! each tier implements.

use crate::grid::Rectangle;
use crate::int16::matrix::Int16Matrix;
use crate::int16::matrix::PANEL_OUTPUTS;
use crate::int16::matrix::Panel;
use crate::int16::rows;
use crate::int16::rows::row_codes;
use std::ops::Range;

/// Rows multiplied with one panel before moving to the next. Their codes (200 KB for 1,536 inputs)
/// stay in the second-level cache.
const BLOCK_ROWS: usize = 60;

/// Integer sums of `ROWS` rows with one panel.
pub(super) type TileSums<const ROWS: usize> = [[i32; PANEL_OUTPUTS]; ROWS];

/// The register tile of one tier.
pub(super) trait Int16Tile {
    /// Maximum rows of one register tile, at most 12.
    const ROWS: usize;

    /// Exact inner products of `ROWS` rows, `stride` codes apart, with the codes of a panel.
    fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS>;
}

/// Quantised rows, `stride` codes apart.
#[derive(Clone, Copy)]
struct CodeRows<'a> {
    codes: &'a [i16],
    stride: usize,
}

/// The columns of a rectangle, from `first_column` on, that one panel writes.
struct PanelOutput<'a, 'b> {
    out: &'a mut Rectangle<'b, f32>,
    first_column: usize,
}

/// [`Int16Matrix::multiply`] with the register tile of tier `T`.
#[inline(always)]
pub(super) fn multiply_with<T: Int16Tile>(
    matrix: &Int16Matrix,
    rows: &[i16],
    out: &mut Rectangle<'_, f32>,
    first: usize,
) {
    let stride = row_codes(matrix.inputs);
    let (whole, all) = (out.columns(), out.rows());
    assert!(first <= whole.start, "the product begins at column {first}, not at {whole:?}");
    let columns = whole.start - first..whole.end - first;
    assert!(columns.start.is_multiple_of(PANEL_OUTPUTS), "column {} in a panel", columns.start);
    assert!(columns.end <= matrix.outputs, "outputs {columns:?} of {}", matrix.outputs);
    assert!(all.end * stride <= rows.len(), "rows {all:?} of {}", rows.len() / stride);
    for first in all.clone().step_by(BLOCK_ROWS) {
        let block = first..(first + BLOCK_ROWS).min(all.end);
        for panel in columns.start / PANEL_OUTPUTS..columns.end.div_ceil(PANEL_OUTPUTS) {
            let column = panel * PANEL_OUTPUTS - columns.start;
            let output = PanelOutput { out: &mut *out, first_column: column };
            let rows = CodeRows { codes: rows, stride };
            pass_panel::<T>(matrix.panel(panel), rows, block.clone(), output);
        }
    }
}

/// Multiplies a block of rows with one panel, in register tiles of nearly equal height.
#[inline(always)]
fn pass_panel<T: Int16Tile>(
    panel: Panel<'_>,
    rows: CodeRows<'_>,
    block: Range<usize>,
    mut output: PanelOutput<'_, '_>,
) {
    let height = block.len().div_ceil(block.len().div_ceil(T::ROWS));
    for first in block.clone().step_by(height) {
        let tile = first..(first + height).min(block.end);
        match tile.len() {
            1 => pass_tile::<T, 1>(panel, rows, first, &mut output),
            2 => pass_tile::<T, 2>(panel, rows, first, &mut output),
            3 => pass_tile::<T, 3>(panel, rows, first, &mut output),
            4 => pass_tile::<T, 4>(panel, rows, first, &mut output),
            5 => pass_tile::<T, 5>(panel, rows, first, &mut output),
            6 => pass_tile::<T, 6>(panel, rows, first, &mut output),
            7 => pass_tile::<T, 7>(panel, rows, first, &mut output),
            8 => pass_tile::<T, 8>(panel, rows, first, &mut output),
            9 => pass_tile::<T, 9>(panel, rows, first, &mut output),
            10 => pass_tile::<T, 10>(panel, rows, first, &mut output),
            11 => pass_tile::<T, 11>(panel, rows, first, &mut output),
            _ => pass_tile::<T, 12>(panel, rows, first, &mut output),
        }
    }
}

#[inline(always)]
fn pass_tile<T: Int16Tile, const ROWS: usize>(
    panel: Panel<'_>,
    rows: CodeRows<'_>,
    first: usize,
    output: &mut PanelOutput<'_, '_>,
) {
    let CodeRows { codes, stride } = rows;
    let tile = &codes[first * stride..(first + ROWS) * stride];
    let sums = T::sums::<ROWS>(panel.codes, tile, stride);
    for (at, sums) in sums.iter().enumerate() {
        let row_scale = rows::scale(&tile[at * stride..(at + 1) * stride]);
        let mut outputs = [0.0; PANEL_OUTPUTS];
        for lane in 0..PANEL_OUTPUTS {
            #[expect(clippy::cast_precision_loss, reason = "rounded once, the same in every tier")]
            let sum = sums[lane] as f32;
            outputs[lane] = sum.mul_add(row_scale * panel.scales[lane], panel.bias[lane]);
        }
        let row = &mut output.out.row(first + at)[output.first_column..];
        if let Some(row) = row.first_chunk_mut::<PANEL_OUTPUTS>() {
            *row = outputs;
        } else {
            row.copy_from_slice(&outputs[..row.len()]);
        }
    }
}
