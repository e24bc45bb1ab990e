//! Specification of the register tile, in plain Rust.

use crate::int16::drive::Int16Tile;
use crate::int16::drive::TileSums;
use crate::int16::matrix::PANEL_OUTPUTS;

/// The scalar tier.
pub(super) struct ScalarInt16;

impl Int16Tile for ScalarInt16 {
    const ROWS: usize = 6;

    #[inline(always)]
    fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS> {
        let mut sums = [[0; PANEL_OUTPUTS]; ROWS];
        for (row, sums) in rows.chunks_exact(stride).zip(&mut sums) {
            for (line, pair) in codes.chunks_exact(2 * PANEL_OUTPUTS).zip(row.chunks_exact(2)) {
                for (sum, weights) in sums.iter_mut().zip(line.chunks_exact(2)) {
                    *sum += i32::from(weights[0]) * i32::from(pair[0])
                        + i32::from(weights[1]) * i32::from(pair[1]);
                }
            }
        }
        sums
    }
}
