//! Stages of a layer that take more than one kernel call: products with several matrices, storing
//! keys and values, and attention over all tiles.

use crate::model::executor::cpu::arena::DecoderOperand;
use crate::model::executor::cpu::arena::DecoderResources;
use crate::model::executor::cpu::plan::CpuStep;
use crate::model::executor::cpu::plan::RopeAngles;
use crate::model::executor::weights;
use crate::model::likeliest::Likeliest;
use crate::model::rope::RopeStyle;
use std::ops::Range;
use std::sync::Arc;
use vitrine_kernels::attention;
use vitrine_kernels::attention::AttentionMask;
use vitrine_kernels::attention::Element;
use vitrine_kernels::attention::HeadPages;
use vitrine_kernels::attention::PageLayout;
use vitrine_kernels::attention::QueryTile;
use vitrine_kernels::attention::Scoring;
use vitrine_kernels::grid::Cut;
use vitrine_kernels::grid::Edges;
use vitrine_kernels::grid::Rectangle;
use vitrine_kernels::matmul::PackedMatrix;
use vitrine_kernels::matmul::matmul;
use vitrine_kernels::norm;
use vitrine_kernels::pool::TaskPanic;
use vitrine_kernels::rope;
use vitrine_kernels::tier::Tier;

pub(super) type PackedLinear = weights::LinearWeights<Arc<PackedMatrix>, Vec<f32>>;

/// Largest number of sums that the kernels pass to a callback at once.
const SUMS_MAX: usize = 64;

/// A row-major matrix of `rows` rows that a stage writes; its width follows from the weights.
pub(super) struct OutputRows<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) rows: usize,
}

/// The panels that hold `columns`, which must begin at a panel.
fn panels(matrix: &PackedMatrix, columns: Range<usize>) -> Range<usize> {
    columns.start / matrix.panel_rows()..columns.end.div_ceil(matrix.panel_rows())
}

/// Multiplies the operand with each of `linears`. The products are adjacent columns of `out`, which
/// is row-major `[rows, sum of matrix rows]`. Calls `take` with a piece of a row of `out` and the
/// sums for it, biases added.
///
/// # Errors
/// If a task panicked.
pub(super) fn project(
    resources: &mut DecoderResources<'_>,
    operand: &DecoderOperand,
    linears: &[&PackedLinear],
    out: OutputRows<'_>,
    take: impl Fn(&mut [f32], &[f32]) + Sync,
) -> Result<(), TaskPanic> {
    let OutputRows { values: out, rows } = out;
    let heights = linears.iter().map(|linear| linear.matrix.rows());
    let width = heights.clone().sum();
    let panel_columns = linears.first().map_or(1, |linear| linear.matrix.panel_rows());
    let edges = resources.edges.columns(heights, panel_columns, resources.pool.threads());
    let cut = Cut { width, rows: &[0, rows], columns: edges };
    resources.pool.grid(out, cut, resources.workers, |worker, mut part: Rectangle<'_, f32>| {
        let columns = part.columns();
        let Some((linear, first)) = find(linears, columns.start) else { return };
        let own = columns.start - first..columns.end - first;
        let run = panels(&linear.matrix, own.clone());
        let left = operand.rows(linear.matrix.row_form());
        matmul(&linear.matrix, left, run, &mut worker.matmul, &mut |row, column, sums| {
            let from = column - own.start;
            let piece = &mut part.row(row)[from..from + sums.len()];
            biased(linear, (column, sums), |sums| take(piece, sums));
        });
    })
}

/// The product of the final hidden states with the output matrix.
#[derive(Clone, Copy)]
pub(super) struct HeadProduct<'a> {
    pub(super) operand: &'a DecoderOperand,
    pub(super) rows: usize,
    pub(super) output: &'a PackedLinear,
}

/// Multiplies the operand's rows with the output matrix and keeps only the most likely token
/// of each row, so that rows of 150,000 logits are neither written nor read back.
///
/// Resizes `found` to `[rows, tasks]` and cuts it with `cells`. `to_logits` converts pieces of a row's sums to logits.
///
/// # Errors
/// If a task panicked.
pub(super) fn likeliest(
    resources: &mut DecoderResources<'_>,
    product: HeadProduct<'_>,
    found: &mut Vec<Likeliest>,
    cells: &mut Edges,
    to_logits: impl Fn(&mut [f32]) + Sync,
) -> Result<(), TaskPanic> {
    let HeadProduct { operand, rows, output } = product;
    let (height, panel_columns) = (output.matrix.rows(), output.matrix.panel_rows());
    let threads = resources.pool.threads();
    let edges = resources.edges.columns(std::iter::once(height), panel_columns, threads);
    let tasks = edges.len() - 1;
    found.clear();
    found.resize(rows * tasks, Likeliest::NONE);
    let cut = Cut { width: tasks, rows: &[0, rows], columns: cells.every(tasks, 1) };
    resources.pool.grid(
        found,
        cut,
        resources.workers,
        |worker, mut part: Rectangle<'_, Likeliest>| {
            let task = part.columns().start;
            let run = panels(&output.matrix, edges[task]..edges[task + 1]);
            let left = operand.rows(output.matrix.row_form());
            matmul(&output.matrix, left, run, &mut worker.matmul, &mut |row, column, sums| {
                biased(output, (column, sums), |sums| {
                    let mut logits = [0.0; SUMS_MAX];
                    let logits = &mut logits[..sums.len()];
                    logits.copy_from_slice(sums);
                    to_logits(logits);
                    part.row(row)[0].include(column, logits);
                });
            });
        },
    )
}

/// The linear layer that computes output column `column`, and its first column.
fn find<'a>(linears: &[&'a PackedLinear], column: usize) -> Option<(&'a PackedLinear, usize)> {
    let mut first = 0;
    for linear in linears {
        let height = linear.matrix.rows();
        if column < first + height {
            return Some((linear, first));
        }
        first += height;
    }
    None
}

/// The gate and up projections of a feed-forward part.
#[derive(Clone, Copy)]
pub(super) struct GatedLinears<'a> {
    pub(super) gate: &'a PackedLinear,
    pub(super) up: &'a PackedLinear,
}

/// Computes `activation(gate) · up` into `inner`, `[rows, feed forward]`. Calls `combine` with a
/// piece of `inner` and the matching gate and up values.
///
/// # Errors
/// If a task panicked.
pub(super) fn gate_up(
    resources: &mut DecoderResources<'_>,
    operand: &DecoderOperand,
    linears: GatedLinears<'_>,
    inner: OutputRows<'_>,
    combine: impl Fn(&mut [f32], &[f32], &[f32]) + Sync,
) -> Result<(), TaskPanic> {
    let (GatedLinears { gate, up }, OutputRows { values: inner, rows }) = (linears, inner);
    let width = gate.matrix.rows();
    let panel_columns = gate.matrix.panel_rows();
    let edges =
        resources.edges.columns(std::iter::once(width), panel_columns, resources.pool.threads());
    let cut = Cut { width, rows: &[0, rows], columns: edges };
    resources.pool.grid(inner, cut, resources.workers, |worker, mut part: Rectangle<'_, f32>| {
        let columns = part.columns();
        // Panel by panel, so that gate values are still in the L1 or L2 cache when they are
        // combined.
        for first in columns.clone().step_by(panel_columns) {
            let some = first..(first + panel_columns).min(columns.end);
            let gates = &mut worker.gate;
            let left = operand.rows(gate.matrix.row_form());
            let run = panels(&gate.matrix, some.clone());
            matmul(&gate.matrix, left, run, &mut worker.matmul, &mut |row, column, sums| {
                let at = row * panel_columns + column - first;
                let gates = &mut gates[at..at + sums.len()];
                biased(gate, (column, sums), |sums| gates.copy_from_slice(sums));
            });
            let left = operand.rows(up.matrix.row_form());
            let run = panels(&up.matrix, some);
            matmul(&up.matrix, left, run, &mut worker.matmul, &mut |row, column, sums| {
                let from = column - columns.start;
                let piece = &mut part.row(row)[from..from + sums.len()];
                let at = row * panel_columns + column - first;
                let gates = &gates[at..at + sums.len()];
                biased(up, (column, sums), |up| combine(piece, gates, up));
            });
        }
    })
}

/// Calls `take` with the sums of the columns from `column` on, with the bias added if there is one.
#[inline(always)]
fn biased(linear: &PackedLinear, (column, sums): (usize, &[f32]), take: impl FnOnce(&[f32])) {
    let Some(bias) = &linear.bias else { return take(sums) };
    let mut biased = [0.0; SUMS_MAX];
    let biased = &mut biased[..sums.len()];
    for ((biased, sum), bias) in biased.iter_mut().zip(sums).zip(&bias[column..]) {
        *biased = sum + bias;
    }
    take(biased);
}

/// Processing of a query or key head between projection and attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadStage<'a> {
    pub(super) tier: Tier,
    pub(super) gain: Option<&'a [f32]>,
    pub(super) epsilon: f32,
    pub(super) angles: Option<&'a RopeAngles>,
    pub(super) style: RopeStyle,
    /// Leading elements of a head that rotate.
    pub(super) rotary_width: usize,
}

impl HeadStage<'_> {
    /// Normalises and rotates the head of row `row`.
    fn apply(&self, head: &mut [f32], row: usize) {
        if let Some(gain) = self.gain {
            norm::rms_norm_in_place(self.tier, head, gain, self.epsilon);
        }
        let Some(angles) = self.angles else { return };
        let (cos, sin) = angles.row(row);
        let head = &mut head[..self.rotary_width];
        match self.style {
            RopeStyle::Halves => rope::rotate_halves(self.tier, head, cos, sin),
            RopeStyle::Interleaved => rope::rotate_neighbours(self.tier, head, cos, sin),
        }
    }
}

/// Layout of queries, keys and values in a row of projections, and how heads share keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadShape {
    /// Query heads per key head.
    pub(super) group: usize,
    pub(super) kv_heads: usize,
    pub(super) layout: PageLayout,
    /// Elements of one head in all pages.
    pub(super) head_elements: usize,
}

impl HeadShape {
    pub(super) fn query_width(self) -> usize {
        self.group * self.kv_heads * self.layout.head_width()
    }

    fn row_width(self) -> usize {
        self.query_width() + 2 * self.kv_heads * self.layout.head_width()
    }
}

/// The projections of a step, and how their rows are laid out.
#[derive(Clone, Copy)]
pub(super) struct Projections<'a> {
    /// `[rows, query width + 2 * kv width]`.
    pub(super) qkv: &'a [f32],
    pub(super) plan: &'a CpuStep,
    pub(super) shape: HeadShape,
}

/// How queries are processed and scored.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueryStage<'a> {
    pub(super) head: HeadStage<'a>,
    pub(super) scoring: Scoring,
}

/// Normalises and rotates the keys, and stores keys and values in their pages.
///
/// # Errors
/// If a task panicked.
pub(super) fn store<E: Element>(
    resources: &mut DecoderResources<'_>,
    pages: &mut [E],
    projections: Projections<'_>,
    stage: HeadStage<'_>,
) -> Result<(), TaskPanic> {
    let Projections { qkv, plan, shape } = projections;
    let (layout, kv_heads) = (shape.layout, shape.kv_heads);
    let (width, row_width) = (layout.head_width(), shape.row_width());
    let (keys, values) = (shape.query_width(), shape.query_width() + kv_heads * width);
    // Each head is one row of the cut; the task of a head stores all rows of the step.
    let rows = resources.edges.rows(kv_heads, plan.rows() * width, resources.pool.threads());
    let cut = Cut { width: shape.head_elements, rows, columns: &[0, shape.head_elements] };
    resources.pool.grid(pages, cut, resources.workers, |worker, mut part| {
        for head in part.rows() {
            let pages = part.row(head);
            for (row, &slot) in plan.slots.iter().enumerate() {
                if let Some(&next) = plan.slots.get(row + 1) {
                    layout.prefetch_slot(pages, next);
                }
                let from = &qkv[row * row_width..(row + 1) * row_width];
                let key = &mut worker.head;
                key.copy_from_slice(&from[keys + head * width..][..width]);
                stage.apply(key, row);
                layout.store(pages, slot, key, &from[values + head * width..][..width]);
            }
        }
    })
}

/// Computes attention of all tiles into `mixed`, `[rows, query width]`.
///
/// # Errors
/// If a task panicked.
pub(super) fn attend<E: Element>(
    resources: &mut DecoderResources<'_>,
    pages: &[E],
    projections: Projections<'_>,
    mixed: &mut [f32],
    queries: QueryStage<'_>,
) -> Result<(), TaskPanic> {
    let Projections { qkv, plan, shape } = projections;
    let QueryStage { head: stage, scoring } = queries;
    let (layout, row_width) = (shape.layout, shape.row_width());
    let (head_width, tile_width) = (layout.head_width(), shape.group * layout.head_width());
    let columns = resources.edges.every(shape.query_width(), tile_width);
    let cut = Cut { width: shape.query_width(), rows: &plan.tile_edges, columns };
    resources.pool.grid(mixed, cut, resources.workers, |worker, mut part| {
        let (rows, first) = (part.rows(), part.columns().start);
        let head = first / tile_width;
        let elements = &pages[head * shape.head_elements..(head + 1) * shape.head_elements];
        let pages = HeadPages { elements, layout };
        let (sequences, shared_pages) = plan.tile(rows.start);
        let tile = QueryTile {
            group: shape.group,
            sequences,
            pages: plan.pages(),
            shared_pages,
            mask: AttentionMask::Causal,
            scoring,
        };
        attention::prefetch_keys(pages, &tile);
        let scratch = &mut worker.attention;
        let query = scratch.query(rows.len() * shape.group, layout);
        for (row, query) in rows.zip(query.chunks_exact_mut(tile_width)) {
            query.copy_from_slice(&qkv[row * row_width + first..][..tile_width]);
            let factor = plan.query_factors[row];
            for head in query.chunks_exact_mut(head_width) {
                stage.apply(head, row);
                head.iter_mut().for_each(|x| *x *= factor);
            }
        }
        attention::attend(stage.tier, scratch, &mut part, pages, &tile);
    })
}
