//! Specification: products of one unpacked strip with rows, in plain Rust.
//!
//! Integer sums are exact, so their order is free. Every f32 step is a fused multiply-add in the
//! order written here. The other tiers keep that order and so compute the same bits.

use crate::matmul::blocks::UNIT_WEIGHTS;
use crate::matmul::decode::DecodedStrip;
use crate::matmul::decode::halves_of;
use crate::matmul::drive::FloatRows;
use crate::matmul::drive::Strip;
use crate::matmul::drive::StripKernel;
use crate::matmul::drive::StripScratch;
use crate::matmul::drive::Sums;
use crate::matmul::rows::RowUnit;
use crate::matmul::weight_type::Format;
use crate::matmul::weight_type::RowForm;

/// The scalar specification as a strip kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScalarMatmul;

impl StripKernel for ScalarMatmul {
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
            accumulate(format, layout.weights, &scratch.plain, unit, sums);
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
                accumulate_dense(&scratch.plain, rows.row(row), sums);
            }
        }
    }
}

/// Adds the products of one unit of a row with `sums.len()` matrix rows to `sums`.
pub(super) fn accumulate(
    format: Format,
    weights: usize,
    strip: &DecodedStrip,
    unit: &RowUnit,
    sums: &mut [f32],
) {
    let rows = sums.len();
    for (r, sum) in sums.iter_mut().enumerate() {
        let row = StripRow { strip, r, rows };
        *sum = match format.row_form() {
            RowForm::Group32 => groups(format, weights, row, unit, *sum),
            _ => super_block(format, row, unit, *sum),
        };
    }
}

/// Adds the products of dense weights with `values` to `sums`.
pub(super) fn accumulate_dense(strip: &DecodedStrip, values: &[f32], sums: &mut [f32]) {
    for (&value, weights) in values.iter().zip(strip.dense.chunks_exact(sums.len())) {
        for (sum, &weight) in sums.iter_mut().zip(weights) {
            *sum = weight.mul_add(value, *sum);
        }
    }
}

/// Row `r` of an unpacked strip of `rows` rows.
#[derive(Clone, Copy)]
struct StripRow<'a> {
    strip: &'a DecodedStrip,
    r: usize,
    rows: usize,
}

/// Σ code · code over `weights` weights from `first`.
fn dot(row: StripRow<'_>, unit: &RowUnit, first: usize, weights: usize) -> i32 {
    let StripRow { strip, r, rows } = row;
    let mut sum = 0;
    for group in first / 4..(first + weights) / 4 {
        for j in 0..4 {
            let code = strip.codes[(group * rows + r) * 4 + j];
            sum += i32::from(code) * i32::from(unit.codes[4 * group + j]);
        }
    }
    sum
}

#[expect(clippy::cast_precision_loss, reason = "rounds as the vector conversion does")]
fn groups(format: Format, weights: usize, row: StripRow<'_>, unit: &RowUnit, mut sum: f32) -> f32 {
    let StripRow { strip, r, rows } = row;
    for group in 0..weights / 32 {
        let exact = dot(row, unit, 32 * group, 32);
        let exact = exact - format.zero() * unit.sum(group);
        let at = group * rows + r;
        sum = (exact as f32).mul_add(strip.d[at] * unit.scale(group), sum);
        if format.has_added_min() {
            sum = strip.m[at].mul_add(unit.scale(group) * unit.sum(group) as f32, sum);
        }
    }
    sum
}

#[expect(clippy::cast_precision_loss, reason = "rounds as the vector conversion does")]
fn super_block(format: Format, row: StripRow<'_>, unit: &RowUnit, sum: f32) -> f32 {
    let StripRow { strip, r, rows } = row;
    let shared = format.scaled_weights();
    let (mut exact, mut mins) = (0, 0);
    for sub in 0..UNIT_WEIGHTS / shared {
        let scale = i32::from(halves_of(strip.scale[sub * rows + r])[0]);
        exact += scale * dot(row, unit, sub * shared, shared);
    }
    for at in 0..UNIT_WEIGHTS / shared / 2 {
        let min = halves_of(strip.min[at * rows + r]);
        let sums = unit.sum_pair(shared, at);
        mins += i32::from(min[0]) * i32::from(sums[0]) + i32::from(min[1]) * i32::from(sums[1]);
    }
    let scale = unit.scale(0);
    if format == Format::Q6K {
        return ((exact + mins) as f32).mul_add(strip.d[r] * scale, sum);
    }
    let sum = (exact as f32).mul_add(strip.d[r] * scale, sum);
    (mins as f32).mul_add(-(strip.m[r] * scale), sum)
}
