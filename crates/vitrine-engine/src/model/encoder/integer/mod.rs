//! The encoder on our CPU kernels: the rows of all sequences in one matrix, products in integers.
//!
//! A layer has five parallel regions (projections, attention, output, up, down). Row-wise stages
//! between them get regions of their own only if they are long enough. Products of linear layers
//! are computed in 8-bit or 16-bit integers ([`IntegerLinear`]); embeddings, norms, attention and
//! the activation function are f32.
//!
//! Invariants
//! - A sequence's vector depends on its own tokens only, bit for bit: the kernels guarantee it for
//!   their rows, and attention stays within a sequence.
//! - A pass allocates nothing but the returned vectors. The arena holds `ROWS_MAX` rows, or one
//!   sequence of maximum length if that is more; larger calls are split into passes.

mod linear;
mod shape;
mod stages;
mod weights;

pub(super) use linear::Bits;
pub(super) use linear::GROUP_VALUES;

use crate::model::cores::cores_for;
use crate::model::encoder::config::EncoderActivation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Pooling;
use crate::model::encoder::integer::linear::EncoderOperand;
use crate::model::encoder::integer::linear::IntegerLinear;
use crate::model::encoder::integer::linear::LayerPosition;
use crate::model::encoder::integer::linear::LinearFormat;
use crate::model::encoder::integer::shape::EncoderScratch;
use crate::model::encoder::integer::shape::EncoderShape;
use crate::model::encoder::integer::shape::PAGE_TOKENS;
use crate::model::encoder::integer::stages::AttentionInput;
use crate::model::encoder::integer::stages::EncoderResources;
use crate::model::encoder::integer::stages::OutputRows;
use crate::model::encoder::integer::stages::SourceRows;
use crate::model::encoder::integer::stages::TokenRows;
use crate::model::encoder::integer::weights::EmbeddingTables;
use crate::model::encoder::integer::weights::IntegerLayer;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;
use vitrine_base::ids::PageId;
use vitrine_kernels::activation;
use vitrine_kernels::grid::Edges;
use vitrine_kernels::pool::Pool;
use vitrine_kernels::pool::TaskPanic;
use vitrine_kernels::tier::Tier;

/// How an integer encoder computes.
#[derive(Debug, Clone, Copy)]
pub(super) struct IntegerCompute {
    pub(super) bits: Bits,
    pub(super) tier: Tier,
    /// Threads, the calling one included.
    pub(super) threads: usize,
}

/// Buffers of one pass, row-major.
#[derive(Debug)]
struct EncoderArena {
    /// `[rows, width]`: the hidden state.
    hidden: Vec<f32>,
    /// `[rows, 3 width]` projections, or `[rows, inner]`.
    wide: Vec<f32>,
    /// `[rows, width]`: the output of attention, or an addend of the hidden state.
    mixed: Vec<f32>,
    /// Left operand of the next product.
    operand: EncoderOperand,
    ids: Vec<u32>,
    /// Position of each row in its sequence.
    positions: Vec<usize>,
    /// First row of each sequence, followed by the number of rows.
    sequences: Vec<usize>,
    /// Ids of all scratch pages of a worker, in order.
    pages: Vec<PageId>,
    edges: Edges,
}

/// A loaded encoder.
#[derive(Debug)]
pub(crate) struct IntegerEncoder {
    shape: EncoderShape,
    tables: EmbeddingTables,
    layers: Vec<IntegerLayer>,
    tier: Tier,
    pool: Pool,
    workers: Vec<EncoderScratch>,
    arena: EncoderArena,
}

impl IntegerEncoder {
    /// Quantises the checkpoint's weights and starts `threads` threads, the calling thread
    /// included.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or cannot be packed, or a thread cannot be
    /// started.
    pub(crate) fn load(
        source: &TensorSource,
        config: &EncoderConfig,
        tokens_max: usize,
        compute: IntegerCompute,
    ) -> Result<Self, ModelError> {
        let IntegerCompute { bits, tier, threads } = compute;
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no f64 precision")]
        let epsilon = config.layer_norm_eps as f32;
        let shape = EncoderShape {
            width: config.hidden_size,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            activation: config.activation()?,
            epsilon,
            tokens_max,
        };
        let count = config.num_hidden_layers;
        let layers = (0..count)
            .map(|index| {
                let position = LayerPosition { index, layers: count };
                IntegerLayer::load(source, shape, position, LinearFormat { bits, tier })
            })
            .collect::<Result<_, _>>()?;
        let pool =
            Pool::start_on(cores_for(threads)).map_err(|cause| ModelError::Threads { cause })?;
        let workers = (0..pool.threads()).map(|_| EncoderScratch::new(shape)).collect();
        Ok(Self {
            shape,
            tables: EmbeddingTables::load(source, config)?,
            layers,
            tier,
            pool,
            workers,
            arena: EncoderArena::new(
                shape,
                EncoderOperand::new(bits, shape.rows_max(), shape.widest(), tier),
            ),
        })
    }

    /// Bytes of the weights, tables and arena.
    pub(crate) fn bytes(&self) -> u64 {
        let matrices = |layer: &IntegerLayer| {
            let attention = [&layer.query_key, &layer.value, &layer.attention_out];
            attention
                .into_iter()
                .chain([&layer.up, &layer.down])
                .map(IntegerLinear::bytes)
                .sum::<u64>()
        };
        let EncoderArena { hidden, wide, mixed, operand, .. } = &self.arena;
        let floats = self.tables.words.len()
            + self.tables.positions.len()
            + hidden.len()
            + wide.len()
            + mixed.len();
        let weights: u64 = self.layers.iter().map(matrices).sum();
        weights + 4 * floats as u64 + operand.bytes()
    }

    /// One pooled vector per sequence, in order. The caller has checked lengths and token ids.
    pub(crate) fn encode(
        &mut self,
        sequences: &[Vec<u32>],
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, TaskPanic> {
        let mut vectors = Vec::with_capacity(sequences.len());
        let mut rest = sequences;
        while !rest.is_empty() {
            let taken = self.arena.take(rest, self.shape.rows_max());
            self.forward()?;
            let edges = &self.arena.sequences;
            for pair in edges.windows(2) {
                let rows = &self.arena.hidden[pair[0] * self.shape.width..]
                    [..(pair[1] - pair[0]) * self.shape.width];
                vectors.push(pooled(rows, self.shape.width, pooling));
            }
            rest = &rest[taken..];
        }
        Ok(vectors)
    }

    /// Computes all layers over the rows in the arena.
    fn forward(&mut self) -> Result<(), TaskPanic> {
        let (shape, tier) = (self.shape, self.tier);
        let nonlinear: fn(Tier, &mut [f32]) = match shape.activation {
            EncoderActivation::Gelu => activation::gelu_erf,
            EncoderActivation::GeluTanh => activation::gelu_tanh,
            EncoderActivation::Relu => activation::relu,
        };
        let EncoderArena { hidden, wide, mixed, operand, ids, positions, sequences, pages, edges } =
            &mut self.arena;
        let mut resources =
            EncoderResources { pool: &mut self.pool, workers: &mut self.workers, edges, tier };
        let rows = ids.len();
        resources.embed(hidden, TokenRows { ids, positions }, &self.tables, shape)?;
        for layer in &self.layers {
            let projections = [&layer.query_key, &layer.value];
            resources.fill(operand, &projections, SourceRows::new(hidden, rows, shape.width))?;
            resources.multiply(operand, &projections, OutputRows { values: wide, rows }, |_| ())?;
            let input = AttentionInput { projections: wide, sequences, pages };
            resources.attend(mixed, input, shape)?;
            let out = [&layer.attention_out];
            resources.fill(operand, &out, SourceRows::new(mixed, rows, shape.width))?;
            resources.multiply(operand, &out, OutputRows { values: mixed, rows }, |_| ())?;
            let rows_of_hidden = OutputRows { values: hidden, rows };
            resources.add_and_norm(rows_of_hidden, mixed, &layer.attention_norm, shape)?;
            resources.fill(operand, &[&layer.up], SourceRows::new(hidden, rows, shape.width))?;
            let rows_of_wide = OutputRows { values: wide, rows };
            resources
                .multiply(operand, &[&layer.up], rows_of_wide, |piece| nonlinear(tier, piece))?;
            resources.fill(operand, &[&layer.down], SourceRows::new(wide, rows, shape.inner))?;
            let rows_of_mixed = OutputRows { values: mixed, rows };
            resources.multiply(operand, &[&layer.down], rows_of_mixed, |_| ())?;
            let rows_of_hidden = OutputRows { values: hidden, rows };
            resources.add_and_norm(rows_of_hidden, mixed, &layer.out_norm, shape)?;
        }
        Ok(())
    }
}

/// Pools the rows of one sequence to a vector.
fn pooled(rows: &[f32], width: usize, pooling: Pooling) -> Vec<f32> {
    let mut vector = rows[..width].to_vec();
    if pooling == Pooling::Mean {
        for row in rows.chunks_exact(width).skip(1) {
            vector.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        #[expect(clippy::cast_precision_loss, reason = "a sequence is shorter than 2^16")]
        let tokens = (rows.len() / width) as f32;
        vector.iter_mut().for_each(|x| *x /= tokens);
    }
    vector
}

impl EncoderArena {
    fn new(shape: EncoderShape, operand: EncoderOperand) -> Self {
        let rows = shape.rows_max();
        let page_count = u32::try_from(shape.tokens_max.div_ceil(PAGE_TOKENS)).unwrap_or(u32::MAX);
        Self {
            hidden: vec![0.0; rows * shape.width],
            wide: vec![0.0; rows * shape.inner.max(3 * shape.width)],
            mixed: vec![0.0; rows * shape.width],
            operand,
            ids: Vec::with_capacity(rows),
            positions: Vec::with_capacity(rows),
            sequences: Vec::with_capacity(rows + 1),
            pages: (0..page_count).map(PageId).collect(),
            edges: Edges::default(),
        }
    }

    /// Loads the next sequences into the arena, as many as fit into `rows_max` rows, and returns
    /// their number. It is at least 1, because `rows_max` covers the longest sequence.
    fn take(&mut self, sequences: &[Vec<u32>], rows_max: usize) -> usize {
        self.ids.clear();
        self.positions.clear();
        self.sequences.clear();
        self.sequences.push(0);
        for sequence in sequences {
            if self.ids.len() + sequence.len() > rows_max {
                break;
            }
            self.ids.extend_from_slice(sequence);
            self.positions.extend(0..sequence.len());
            self.sequences.push(self.ids.len());
        }
        self.sequences.len() - 1
    }
}
