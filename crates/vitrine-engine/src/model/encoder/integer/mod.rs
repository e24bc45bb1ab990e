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
//! - A pass allocates nothing but the returned vectors. The arena holds [`ROWS_MAX`] rows, or one
//!   sequence of maximum length if that is more; larger calls are split into passes.

mod linear;
mod stages;

pub(super) use linear::Bits;
pub(super) use linear::GROUP_VALUES;

use crate::model::cores_for;
use crate::model::encoder::config::EncoderActivation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Pooling;
use crate::model::encoder::integer::linear::EncoderOperand;
use crate::model::encoder::integer::linear::IntegerLinear;
use crate::model::encoder::integer::linear::LinearRole;
use crate::model::encoder::integer::stages::EncoderResources;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;
use vitrine_base::ids::PageId;
use vitrine_kernels::activation;
use vitrine_kernels::attention;
use vitrine_kernels::attention::PageLayout;
use vitrine_kernels::grid::Edges;
use vitrine_kernels::matmul;
use vitrine_kernels::pool::Pool;
use vitrine_kernels::pool::TaskPanic;
use vitrine_kernels::tier::Tier;

/// Rows of one pass, unless a single sequence is longer. The intermediate results of MiniLM (1.5 MB
/// for 256 rows) then stay in the last-level caches, and the barriers take less than 1 % of a
/// layer's time.
const ROWS_MAX: usize = 512;

/// Token slots per scratch page of keys and values.
const PAGE_TOKENS: usize = 64;

/// Query rows that share one read of keys and values.
const TILE_TOKENS: usize = 24;

/// Dimensions and settings common to all layers.
#[derive(Debug, Clone, Copy)]
struct EncoderShape {
    width: usize,
    inner: usize,
    heads: usize,
    activation: EncoderActivation,
    epsilon: f32,
    tokens_max: usize,
}

impl EncoderShape {
    fn head_width(self) -> usize {
        self.width / self.heads
    }

    fn rows_max(self) -> usize {
        ROWS_MAX.max(self.tokens_max)
    }

    /// Width of the widest left operand.
    fn widest(self) -> usize {
        self.width.max(self.inner)
    }

    fn layout(self) -> PageLayout {
        PageLayout::new(PAGE_TOKENS, self.head_width())
    }
}

#[derive(Debug)]
struct NormWeights {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct IntegerLayer {
    /// Query and key projections stacked in one matrix.
    query_key: IntegerLinear,
    value: IntegerLinear,
    attention_out: IntegerLinear,
    attention_norm: NormWeights,
    up: IntegerLinear,
    down: IntegerLinear,
    out_norm: NormWeights,
}

/// Embedding tables, and the norm of their sum.
#[derive(Debug)]
struct EmbeddingTables {
    words: Vec<f32>,
    positions: Vec<f32>,
    first_position: usize,
    segment: Option<Vec<f32>>,
    norm: NormWeights,
}

/// Scratch memory of one thread.
#[derive(Debug)]
struct EncoderScratch {
    matmul: matmul::MatmulScratch,
    attention: attention::AttentionScratch,
    /// Keys and values of one head of one sequence.
    pages: Vec<f32>,
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
        (bits, tier, threads): (Bits, Tier, usize),
    ) -> Result<Self, ModelError> {
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
            .map(|index| IntegerLayer::load(source, shape, [index, count], (bits, tier)))
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
        resources.embed(hidden, (ids, positions), &self.tables, shape)?;
        let (narrow, inner) = ([rows, shape.width], [rows, shape.inner]);
        for layer in &self.layers {
            let projections = [&layer.query_key, &layer.value];
            operand.fill(&mut resources, &projections, hidden, narrow)?;
            resources.multiply(operand, &projections, (wide, rows), |_| ())?;
            resources.attend((mixed, wide), sequences, pages, shape)?;
            let out = [&layer.attention_out];
            operand.fill(&mut resources, &out, mixed, narrow)?;
            resources.multiply(operand, &out, (mixed, rows), |_| ())?;
            resources.add_and_norm(hidden, mixed, (&layer.attention_norm, rows), shape)?;
            operand.fill(&mut resources, &[&layer.up], hidden, narrow)?;
            resources
                .multiply(operand, &[&layer.up], (wide, rows), |piece| nonlinear(tier, piece))?;
            operand.fill(&mut resources, &[&layer.down], wide, inner)?;
            resources.multiply(operand, &[&layer.down], (mixed, rows), |_| ())?;
            resources.add_and_norm(hidden, mixed, (&layer.out_norm, rows), shape)?;
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

/// A tensor's values, row-major.
fn values(source: &TensorSource, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
    Ok(source.tensor(name, shape)?.flatten_all()?.to_vec1()?)
}

impl NormWeights {
    fn load(source: &TensorSource, name: &str, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            gain: values(source, &format!("{name}.weight"), &[width])?,
            bias: values(source, &format!("{name}.bias"), &[width])?,
        })
    }
}

impl EmbeddingTables {
    fn load(source: &TensorSource, config: &EncoderConfig) -> Result<Self, ModelError> {
        let width = config.hidden_size;
        let table = |name: &str, rows: usize| {
            values(source, &format!("embeddings.{name}_embeddings.weight"), &[rows, width])
        };
        let types = source.tensor_if_present(
            "embeddings.token_type_embeddings.weight",
            &[config.type_vocab_size, width],
        )?;
        let segment = types.map(|types| types.get(0)?.to_vec1()).transpose()?;
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            first_position: config.first_position(),
            segment,
            norm: NormWeights::load(source, "embeddings.LayerNorm", width)?,
        })
    }
}

impl IntegerLayer {
    fn load(
        source: &TensorSource,
        shape: EncoderShape,
        at: [usize; 2],
        (bits, tier): (Bits, Tier),
    ) -> Result<Self, ModelError> {
        let (width, inner) = (shape.width, shape.inner);
        let prefix = format!("encoder.layer.{}", at[0]);
        let linear = |names: &[&str], [output, input]: [usize; 2], role: LinearRole| {
            let named = |name: &&str| format!("{prefix}.{name}");
            let names: Vec<String> = names.iter().map(named).collect();
            IntegerLinear::load(source, &names, [output, input], (bits.of(role, at), tier))
        };
        let query_key = ["attention.self.query", "attention.self.key"];
        let norm =
            |name: &str| NormWeights::load(source, &format!("{prefix}.{name}.LayerNorm"), width);
        Ok(Self {
            query_key: linear(&query_key, [width, width], LinearRole::Other)?,
            value: linear(&["attention.self.value"], [width, width], LinearRole::Value)?,
            attention_out: linear(&["attention.output.dense"], [width, width], LinearRole::Other)?,
            attention_norm: norm("attention.output")?,
            up: linear(&["intermediate.dense"], [inner, width], LinearRole::Up)?,
            down: linear(&["output.dense"], [width, inner], LinearRole::Other)?,
            out_norm: norm("output")?,
        })
    }
}

impl EncoderScratch {
    fn new(shape: EncoderShape) -> Self {
        let pages = shape.tokens_max.div_ceil(PAGE_TOKENS);
        Self {
            matmul: matmul::MatmulScratch::default(),
            attention: attention::AttentionScratch::new(TILE_TOKENS, shape.layout()),
            pages: vec![0.0; pages * shape.layout().elements()],
        }
    }
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
