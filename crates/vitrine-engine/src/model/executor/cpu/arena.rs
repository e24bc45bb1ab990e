//! Working memory of a step. It grows to the largest step so far and is never shrunk.

use crate::model::executor::cpu::packing::COLUMNS_MULTIPLE;
use crate::model::likeliest::Likeliest;
use crate::model::shape::DecoderShape;
use std::sync::Arc;
use vitrine_kernels::attention;
use vitrine_kernels::attention::PageLayout;
use vitrine_kernels::grid::Cut;
use vitrine_kernels::grid::Edges;
use vitrine_kernels::matmul;
use vitrine_kernels::matmul::MatmulRows;
use vitrine_kernels::matmul::QuantizedRows;
use vitrine_kernels::matmul::RowForm;
use vitrine_kernels::pool::Pool;
use vitrine_kernels::pool::TaskPanic;
use vitrine_kernels::tier::Tier;

/// Capacity in rows grows in multiples of this.
const ROWS_STEP: usize = 64;

/// Scratch memory of one thread.
#[derive(Debug)]
pub(super) struct DecoderScratch {
    pub(super) matmul: matmul::MatmulScratch,
    pub(super) attention: attention::AttentionScratch,
    /// One row of the widest left operand.
    pub(super) row: Vec<f32>,
    /// One attention head.
    pub(super) head: Vec<f32>,
    /// `[rows, columns of one group of panels]`: gate values, until they are multiplied with the up
    /// projection.
    pub(super) gate: Vec<f32>,
}

/// The left operand of a product, in each format that the matrices of a stage need.
#[derive(Debug)]
pub(super) struct DecoderOperand {
    small_groups: QuantizedRows,
    large_groups: QuantizedRows,
    /// Row-major `[rows, columns]`.
    floats: Vec<f32>,
    /// Formats needed by any matrix of the model.
    forms: Vec<RowForm>,
    rows: usize,
    columns: usize,
}

/// Dimensions of an operand, without padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct OperandShape {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Source of an operand's rows.
pub(super) trait RowSource: Sync {
    /// Returns row `row`; may compute it in `room`, which has the width of a row.
    fn row<'a>(&'a self, row: usize, room: &'a mut [f32]) -> &'a [f32];

    /// Writes row `row` to `out`.
    fn write(&self, row: usize, out: &mut [f32]);
}

/// Rows stored one after another.
pub(super) struct StoredRows<'a> {
    pub(super) values: &'a [f32],
    pub(super) columns: usize,
}

/// Rows computed by a function, which gets the row number and the output slice.
pub(super) struct ComputedRows<F>(pub(super) F);

impl RowSource for StoredRows<'_> {
    fn row<'a>(&'a self, row: usize, _: &'a mut [f32]) -> &'a [f32] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    fn write(&self, row: usize, out: &mut [f32]) {
        out.copy_from_slice(&self.values[row * self.columns..(row + 1) * self.columns]);
    }
}

impl<F: Fn(usize, &mut [f32]) + Sync> RowSource for ComputedRows<F> {
    fn row<'a>(&'a self, row: usize, room: &'a mut [f32]) -> &'a [f32] {
        (self.0)(row, room);
        room
    }

    fn write(&self, row: usize, out: &mut [f32]) {
        (self.0)(row, out);
    }
}

/// Buffers of one step, row-major.
#[derive(Debug)]
pub(super) struct DecoderArena {
    rows_max: usize,
    /// `[rows, width]`: the hidden state.
    pub(super) hidden: Vec<f32>,
    /// `[rows, query width + 2 * kv width]`: query, key and value projections.
    pub(super) qkv: Vec<f32>,
    /// `[rows, query width]`: the output of attention.
    pub(super) mixed: Vec<f32>,
    /// `[rows, feed forward]`: the gated inner activation.
    pub(super) inner: Vec<f32>,
    /// `[rows, width]`: the output of attention or feed-forward before its post-norm; empty if the
    /// family has no post-norms.
    pub(super) computed: Vec<f32>,
    /// `[wanted rows, vocabulary]`, shared with the reader of the last step's logits.
    pub(super) logits: Arc<Vec<f32>>,
    /// `[greedy rows, tasks]`: the best token found by each task.
    pub(super) likeliest: Vec<Likeliest>,
    pub(super) operand: DecoderOperand,
    pub(super) edges: Edges,
    /// Edges that give each task one cell of `likeliest`.
    pub(super) cells: Edges,
    pub(super) workers: Vec<DecoderScratch>,
}

impl DecoderScratch {
    pub(super) fn new(widest: usize, tile_heads: usize, layout: PageLayout) -> Self {
        Self {
            matmul: matmul::MatmulScratch::default(),
            attention: attention::AttentionScratch::new(tile_heads, layout),
            row: vec![0.0; widest],
            head: vec![0.0; layout.head_width()],
            gate: Vec::new(),
        }
    }
}

/// Width of the widest left operand, padded to [`COLUMNS_MULTIPLE`].
pub(super) fn widest(shape: &DecoderShape) -> usize {
    let widest = shape.width.max(shape.query_width()).max(shape.feed_forward);
    widest.next_multiple_of(COLUMNS_MULTIPLE)
}

impl DecoderArena {
    /// An arena with capacity for no rows.
    pub(super) fn new(tier: Tier, forms: Vec<RowForm>, workers: Vec<DecoderScratch>) -> Self {
        Self {
            rows_max: 0,
            hidden: Vec::new(),
            qkv: Vec::new(),
            mixed: Vec::new(),
            inner: Vec::new(),
            computed: Vec::new(),
            logits: Arc::default(),
            likeliest: Vec::new(),
            operand: DecoderOperand::new(tier, forms),
            edges: Edges::default(),
            cells: Edges::default(),
            workers,
        }
    }

    /// Addresses and capacities of the operand and edge buffers.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> Vec<(usize, usize)> {
        let DecoderOperand { floats, small_groups, large_groups, .. } = &self.operand;
        let bytes = |rows: &QuantizedRows| (0, usize::try_from(rows.bytes()).unwrap());
        vec![
            (floats.as_ptr() as usize, floats.capacity()),
            bytes(small_groups),
            bytes(large_groups),
            (0, self.edges.capacity()),
            (0, self.cells.capacity()),
            (0, self.likeliest.capacity()),
        ]
    }

    /// Grows the buffers to hold `rows` rows.
    pub(super) fn reserve(&mut self, rows: usize, shape: &DecoderShape, panel_columns: usize) {
        if rows <= self.rows_max {
            return;
        }
        let rows = rows.next_multiple_of(ROWS_STEP);
        self.rows_max = rows;
        let sizes = [
            (&mut self.hidden, shape.width),
            (&mut self.qkv, shape.query_width() + 2 * shape.kv_width()),
            (&mut self.mixed, shape.query_width()),
            (&mut self.inner, shape.feed_forward),
            (&mut self.computed, if shape.post_norms { shape.width } else { 0 }),
        ];
        for (buffer, width) in sizes {
            buffer.resize(rows * width, 0.0);
        }
        for worker in &mut self.workers {
            worker.gate.resize(rows * panel_columns, 0.0);
        }
        self.operand.reserve(rows, widest(shape));
    }
}

impl DecoderOperand {
    fn new(tier: Tier, forms: Vec<RowForm>) -> Self {
        Self {
            small_groups: QuantizedRows::with_room(0, 0, tier),
            large_groups: QuantizedRows::with_room(0, 0, tier),
            floats: Vec::new(),
            forms,
            rows: 0,
            columns: 0,
        }
    }

    fn reserve(&mut self, rows: usize, columns: usize) {
        let tier = self.small_groups.tier();
        for form in &self.forms {
            match form {
                RowForm::Group32 => {
                    self.small_groups = QuantizedRows::with_room(rows, columns, tier);
                }
                RowForm::Group256 => {
                    self.large_groups = QuantizedRows::with_room(rows, columns, tier);
                }
                RowForm::Float => self.floats.resize(rows * columns, 0.0),
            }
        }
    }

    /// The operand in `form`, which must be one of the formats of the last [`Self::fill`].
    pub(super) fn rows(&self, form: RowForm) -> MatmulRows<'_> {
        match form {
            RowForm::Group32 => MatmulRows::Quantized(&self.small_groups),
            RowForm::Group256 => MatmulRows::Quantized(&self.large_groups),
            RowForm::Float => MatmulRows::Float(&self.floats[..self.rows * self.columns]),
        }
    }

    /// Converts the rows of `source` to every format in `forms`, padded with zeros to a multiple of
    /// [`COLUMNS_MULTIPLE`] columns.
    ///
    /// # Errors
    /// If a task panicked.
    pub(super) fn fill(
        &mut self,
        resources: &mut DecoderResources<'_>,
        forms: impl IntoIterator<Item = RowForm>,
        shape: OperandShape,
        source: impl RowSource,
    ) -> Result<(), TaskPanic> {
        let OperandShape { rows, columns } = shape;
        let wide = columns.next_multiple_of(COLUMNS_MULTIPLE);
        (self.rows, self.columns) = (rows, wide);
        let tier = self.small_groups.tier();
        let mut done: [Option<RowForm>; 3] = [None; 3];
        for form in forms {
            if done.contains(&Some(form)) {
                continue;
            }
            done.rotate_right(1);
            done[0] = Some(form);
            let row_edges = resources.edges.rows(rows, columns, resources.pool.threads());
            let quantized = match form {
                RowForm::Group32 => &mut self.small_groups,
                RowForm::Group256 => &mut self.large_groups,
                RowForm::Float => {
                    let matrix = &mut self.floats[..rows * wide];
                    let cut = Cut { width: wide, rows: row_edges, columns: &[0, wide] };
                    resources.pool.grid(matrix, cut, resources.workers, |_, mut part| {
                        for row in part.rows() {
                            let (out, padding) = part.row(row).split_at_mut(columns);
                            source.write(row, out);
                            padding.fill(0.0);
                        }
                    })?;
                    continue;
                }
            };
            quantized.reshape(form, rows, columns);
            let units = quantized.unit_count();
            let cut = Cut { width: rows, rows: &[0, units], columns: row_edges };
            resources.pool.grid(
                quantized.units_mut(),
                cut,
                resources.workers,
                |worker, mut part| {
                    let whole = &mut worker.row[..columns];
                    for (at, row) in part.columns().enumerate() {
                        let values = source.row(row, whole);
                        matmul::quantize_row((&mut part, at), form, values, tier);
                    }
                },
            )?;
        }
        Ok(())
    }
}

/// Resources of a stage: the thread pool, scratch memory per thread, and a buffer for task edges.
#[derive(Debug)]
pub(super) struct DecoderResources<'a> {
    pub(super) pool: &'a mut Pool,
    pub(super) workers: &'a mut [DecoderScratch],
    pub(super) edges: &'a mut Edges,
}
