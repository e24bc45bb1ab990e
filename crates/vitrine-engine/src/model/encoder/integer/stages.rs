//! The stages of a pass. Each is one parallel region over one matrix of the arena.

use crate::model::encoder::integer::linear::Bits;
use crate::model::encoder::integer::linear::EncoderOperand;
use crate::model::encoder::integer::linear::IntegerLinear;
use crate::model::encoder::integer::linear::PANEL_OUTPUTS;
use crate::model::encoder::integer::shape::EncoderScratch;
use crate::model::encoder::integer::shape::EncoderShape;
use crate::model::encoder::integer::shape::PAGE_TOKENS;
use crate::model::encoder::integer::shape::TILE_TOKENS;
use crate::model::encoder::integer::weights::EmbeddingTables;
use crate::model::encoder::integer::weights::NormWeights;
use vitrine_base::ids::PageId;
use vitrine_kernels::attention;
use vitrine_kernels::attention::AttentionMask;
use vitrine_kernels::attention::HeadPages;
use vitrine_kernels::attention::QueryTile;
use vitrine_kernels::attention::Scoring;
use vitrine_kernels::attention::SequenceRows;
use vitrine_kernels::attention::TokenSlot;
use vitrine_kernels::grid::Cut;
use vitrine_kernels::grid::Edges;
use vitrine_kernels::int16;
use vitrine_kernels::matmul;
use vitrine_kernels::matmul::RowForm;
use vitrine_kernels::norm;
use vitrine_kernels::pool::Pool;
use vitrine_kernels::pool::TaskPanic;
use vitrine_kernels::tier::Tier;

/// Resources of a stage: the thread pool, scratch memory per thread, and a buffer for task edges.
pub(super) struct EncoderResources<'a> {
    pub(super) pool: &'a mut Pool,
    pub(super) workers: &'a mut [EncoderScratch],
    pub(super) edges: &'a mut Edges,
    pub(super) tier: Tier,
}

/// The rows of a pass as token ids, with the position of each in its sequence.
#[derive(Clone, Copy)]
pub(super) struct TokenRows<'a> {
    pub(super) ids: &'a [u32],
    pub(super) positions: &'a [usize],
}

/// A row-major `[rows, columns]` matrix to be quantised.
#[derive(Clone, Copy)]
pub(super) struct SourceRows<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
}

impl<'a> SourceRows<'a> {
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns }
    }
}

/// A row-major matrix of `rows` rows that a stage writes; the stage knows the width.
pub(super) struct OutputRows<'a> {
    pub(super) values: &'a mut [f32],
    pub(super) rows: usize,
}

/// The input of attention.
#[derive(Clone, Copy)]
pub(super) struct AttentionInput<'a> {
    /// `[rows, 3 width]`: queries, keys and values.
    pub(super) projections: &'a [f32],
    /// First row of each sequence, followed by the number of rows.
    pub(super) sequences: &'a [usize],
    /// Ids of all scratch pages of a worker, in order.
    pub(super) pages: &'a [PageId],
}

impl EncoderResources<'_> {
    /// Writes the normalised sum of word, position and segment embeddings of each row to `hidden`.
    pub(super) fn embed(
        &mut self,
        hidden: &mut [f32],
        tokens: TokenRows<'_>,
        tables: &EmbeddingTables,
        shape: EncoderShape,
    ) -> Result<(), TaskPanic> {
        let TokenRows { ids, positions } = tokens;
        let (width, tier) = (shape.width, self.tier);
        let rows = self.edges.rows(ids.len(), width, self.pool.threads());
        let cut = Cut { width, rows, columns: &[0, width] };
        self.pool.grid(hidden, cut, self.workers, |_, mut part| {
            for row in part.rows() {
                let position = tables.first_position + positions[row];
                // Ids are `u32` and were checked against the vocabulary.
                let word = &tables.words[ids[row] as usize * width..][..width];
                let position = &tables.positions[position * width..][..width];
                let out = part.row(row);
                let sums = out.iter_mut().zip(word).zip(position);
                sums.for_each(|((out, word), position)| *out = word + position);
                if let Some(segment) = &tables.segment {
                    out.iter_mut().zip(segment).for_each(|(out, x)| *out += x);
                }
                norm::layer_norm(tier, out, &tables.norm.gain, &tables.norm.bias, shape.epsilon);
            }
        })
    }

    /// Quantises `source` into each format that `linears` need.
    ///
    /// # Errors
    /// If a task panicked.
    pub(super) fn fill(
        &mut self,
        operand: &mut EncoderOperand,
        linears: &[&IntegerLinear],
        source: SourceRows<'_>,
    ) -> Result<(), TaskPanic> {
        let SourceRows { values, rows, columns } = source;
        let tier = self.tier;
        let edges = self.edges.rows(rows, columns, self.pool.threads());
        let wanted = |bits| linears.iter().any(|linear| linear.bits() == bits);
        let row_values = |row: usize| &values[row * columns..(row + 1) * columns];
        if wanted(Bits::Sixteen) {
            let width = int16::row_codes(columns);
            let cut = Cut { width, rows: edges, columns: &[0, width] };
            self.pool.grid(&mut operand.sixteen, cut, self.workers, |_, mut part| {
                for row in part.rows() {
                    int16::quantize(tier, part.row(row), row_values(row));
                }
            })?;
        }
        if wanted(Bits::Eight) {
            operand.eight.reshape(RowForm::Group32, rows, columns);
            let units = operand.eight.unit_count();
            let cut = Cut { width: rows, rows: &[0, units], columns: edges };
            self.pool.grid(operand.eight.units_mut(), cut, self.workers, |_, mut part| {
                for (at, row) in part.columns().enumerate() {
                    let values = row_values(row);
                    matmul::quantize_row((&mut part, at), RowForm::Group32, values, tier);
                }
            })?;
        }
        Ok(())
    }

    /// Multiplies the operand with each of `linears`; the products are adjacent columns of `out`.
    /// Calls `then` on every piece of a row of the result.
    pub(super) fn multiply(
        &mut self,
        operand: &EncoderOperand,
        linears: &[&IntegerLinear],
        out: OutputRows<'_>,
        then: impl Fn(&mut [f32]) + Sync,
    ) -> Result<(), TaskPanic> {
        let widths = linears.iter().map(|linear| linear.outputs());
        let width = widths.clone().sum();
        let threads = self.pool.threads();
        let columns = self.edges.columns(widths, PANEL_OUTPUTS, threads);
        let cut = Cut { width, rows: &[0, out.rows], columns };
        self.pool.grid(out.values, cut, self.workers, |worker, mut part| {
            let mut first = 0;
            for linear in linears {
                if part.columns().start < first + linear.outputs() {
                    linear.multiply(operand, (&mut part, first), &mut worker.matmul);
                    break;
                }
                first += linear.outputs();
            }
            part.rows().for_each(|row| then(part.row(row)));
        })
    }

    /// Attention within each sequence, head by head; writes `[rows, width]` to `mixed`.
    pub(super) fn attend(
        &mut self,
        mixed: &mut [f32],
        input: AttentionInput<'_>,
        shape: EncoderShape,
    ) -> Result<(), TaskPanic> {
        let AttentionInput { projections, sequences, pages } = input;
        let (tier, width, head_width) = (self.tier, shape.width, shape.head_width());
        let columns = self.edges.every(width, head_width);
        let cut = Cut { width, rows: sequences, columns };
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^16")]
        let scale = 1.0 / (head_width as f32).sqrt();
        let layout = shape.layout();
        let part_of =
            |row: usize, from: usize| &projections[row * 3 * width + from..][..head_width];
        self.pool.grid(mixed, cut, self.workers, |worker, mut part| {
            let (rows, first) = (part.rows(), part.columns().start);
            for (at, row) in rows.clone().enumerate() {
                let slot = TokenSlot { page: pages[at / PAGE_TOKENS], slot: at % PAGE_TOKENS };
                let (key, value) = (part_of(row, width + first), part_of(row, 2 * width + first));
                layout.store(&mut worker.pages, slot, key, value);
            }
            let head = HeadPages { elements: &worker.pages, layout };
            for from in rows.clone().step_by(TILE_TOKENS) {
                let tile = from..(from + TILE_TOKENS).min(rows.end);
                let query = worker.attention.query(tile.len(), layout);
                for (row, query) in tile.clone().zip(query.chunks_exact_mut(head_width)) {
                    let scaled = query.iter_mut().zip(part_of(row, first));
                    scaled.for_each(|(scaled, x)| *scaled = x * scale);
                }
                let sequence = SequenceRows {
                    rows: tile,
                    first_position: from - rows.start,
                    pages: 0..pages.len(),
                };
                let tile = QueryTile {
                    group: 1,
                    sequences: &[sequence],
                    shared_pages: 0,
                    mask: AttentionMask::Full(rows.len()),
                    pages,
                    scoring: Scoring { soft_cap: None, window: None },
                };
                attention::attend(tier, &mut worker.attention, &mut part, head, &tile);
            }
        })
    }

    /// Adds `sums` to the hidden state and normalises it.
    pub(super) fn add_and_norm(
        &mut self,
        hidden: OutputRows<'_>,
        sums: &[f32],
        norm: &NormWeights,
        shape: EncoderShape,
    ) -> Result<(), TaskPanic> {
        let (width, tier) = (shape.width, self.tier);
        let rows = self.edges.rows(hidden.rows, width, self.pool.threads());
        let cut = Cut { width, rows, columns: &[0, width] };
        self.pool.grid(hidden.values, cut, self.workers, |_, mut part| {
            for row in part.rows() {
                let sums = &sums[row * width..(row + 1) * width];
                let hidden = part.row(row);
                hidden.iter_mut().zip(sums).for_each(|(hidden, sum)| *hidden += sum);
                norm::layer_norm(tier, hidden, &norm.gain, &norm.bias, shape.epsilon);
            }
        })
    }
}
