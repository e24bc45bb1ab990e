//! The encoder on our own kernels: rows of all sequences in one matrix, weights of one byte.
//!
//! A layer is five regions of all threads (projections, attention, output, up, down), with the
//! row-wise stages between them in regions of their own only where they are long enough. Linear
//! layers multiply 16-bit rows with bytes ([`Int8Matrix`]); embeddings, norms, attention and the
//! nonlinearity are f32.
//!
//! Invariants
//! - A sequence's vector depends on its own tokens only, to the last bit: kernels promise it for
//!   their rows, and attention never leaves a sequence.
//! - Nothing but the vectors is allocated in a pass: the arena holds [`ROWS_MAX`] rows, or one
//!   sequence of the longest kind, and larger calls are cut into passes.

use crate::base::ids::PageId;
use crate::kernels::activation;
use crate::kernels::attention;
use crate::kernels::attention::HeadPages;
use crate::kernels::attention::PageLayout;
use crate::kernels::attention::QueryTile;
use crate::kernels::attention::Scoring;
use crate::kernels::attention::Sight;
use crate::kernels::grid::Cut;
use crate::kernels::grid::Edges;
use crate::kernels::int8;
use crate::kernels::int8::Int8Matrix;
use crate::kernels::int8::PANEL_OUTPUTS;
use crate::kernels::matmul::MatmulError;
use crate::kernels::norm;
use crate::kernels::pool::Pool;
use crate::kernels::pool::TaskPanic;
use crate::kernels::tier::Tier;
use crate::model::encoder::config::Activation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Pooling;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;

/// Rows of one pass, unless one sequence is longer: what stands between two stages of MiniLM (1.5
/// MB for 256 rows) then stays in the last caches, and the barriers of a layer are below 1 % of it.
const ROWS_MAX: usize = 256;

/// Token slots of one scratch page of keys and values.
const PAGE_TOKENS: usize = 64;

/// Query rows that read keys and values together.
const TILE_TOKENS: usize = 24;

/// Sizes of every layer.
#[derive(Debug, Clone, Copy)]
struct Shape {
    width: usize,
    inner: usize,
    heads: usize,
    activation: Activation,
    epsilon: f32,
    tokens_max: usize,
}

impl Shape {
    fn head_width(self) -> usize {
        self.width / self.heads
    }

    fn rows_max(self) -> usize {
        ROWS_MAX.max(self.tokens_max)
    }

    fn layout(self) -> PageLayout {
        PageLayout::new(PAGE_TOKENS, self.head_width())
    }
}

#[derive(Debug)]
struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
    /// Query, key and value one after another.
    qkv: Int8Matrix,
    attention_out: Int8Matrix,
    attention_norm: Norm,
    up: Int8Matrix,
    down: Int8Matrix,
    out_norm: Norm,
}

/// What a token's first state is the sum of.
#[derive(Debug)]
struct Tables {
    words: Vec<f32>,
    positions: Vec<f32>,
    first_position: usize,
    segment: Option<Vec<f32>>,
    norm: Norm,
}

/// Memory of one thread.
#[derive(Debug)]
struct Worker {
    attention: attention::Scratch,
    /// Keys and values of one head of one sequence.
    pages: Vec<f32>,
}

/// Buffers of one pass, row-major.
#[derive(Debug)]
struct Arena {
    /// `[rows, width]`: the hidden state.
    hidden: Vec<f32>,
    /// `[rows, 3 width]` projections, or `[rows, inner]`.
    wide: Vec<f32>,
    /// `[rows, width]`: what attention gives, or what a part adds to the hidden state.
    mixed: Vec<f32>,
    /// The left operand of the next product.
    codes: Vec<i16>,
    ids: Vec<u32>,
    /// Position of every row in its sequence.
    positions: Vec<usize>,
    /// Where sequences begin, and where the last one ends.
    sequences: Vec<usize>,
    /// All scratch pages of a worker in order.
    pages: Vec<PageId>,
    edges: Edges,
}

/// A loaded encoder.
#[derive(Debug)]
pub(crate) struct Int8Encoder {
    shape: Shape,
    tables: Tables,
    layers: Vec<Layer>,
    tier: Tier,
    pool: Pool,
    workers: Vec<Worker>,
    arena: Arena,
}

impl Int8Encoder {
    /// Quantises the checkpoint and starts `threads` threads, the caller included.
    pub(crate) fn load(
        source: &TensorSource,
        config: &EncoderConfig,
        tokens_max: usize,
        (tier, threads): (Tier, usize),
    ) -> Result<Self, ModelError> {
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no f64 precision")]
        let epsilon = config.layer_norm_eps as f32;
        let shape = Shape {
            width: config.hidden_size,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            activation: config.activation()?,
            epsilon,
            tokens_max,
        };
        let layers = (0..config.num_hidden_layers)
            .map(|index| Layer::load(source, shape, index, tier))
            .collect::<Result<_, _>>()?;
        let pool = Pool::start(threads).map_err(|cause| ModelError::Threads { cause })?;
        let workers = (0..pool.threads()).map(|_| Worker::new(shape)).collect();
        Ok(Self {
            shape,
            tables: Tables::load(source, config)?,
            layers,
            tier,
            pool,
            workers,
            arena: Arena::new(shape),
        })
    }

    /// Bytes of its weights, tables and arena.
    pub(crate) fn bytes(&self) -> u64 {
        let matrices = |layer: &Layer| {
            layer.qkv.bytes() + layer.attention_out.bytes() + layer.up.bytes() + layer.down.bytes()
        };
        let Arena { hidden, wide, mixed, codes, .. } = &self.arena;
        let floats = self.tables.words.len()
            + self.tables.positions.len()
            + hidden.len()
            + wide.len()
            + mixed.len();
        let weights: u64 = self.layers.iter().map(matrices).sum();
        weights + (4 * floats + 2 * codes.len()) as u64
    }

    /// One pooled vector a sequence, in order. Sequences and ids were checked.
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

    /// All layers over the rows in the arena.
    fn forward(&mut self) -> Result<(), TaskPanic> {
        let (shape, tier) = (self.shape, self.tier);
        let nonlinear: fn(Tier, &mut [f32]) = match shape.activation {
            Activation::Gelu => activation::gelu_erf,
            Activation::GeluTanh => activation::gelu_tanh,
            Activation::Relu => activation::relu,
        };
        let Arena { hidden, wide, mixed, codes, ids, positions, sequences, pages, edges } =
            &mut self.arena;
        let mut team = Team { pool: &mut self.pool, workers: &mut self.workers, edges, tier };
        let rows = ids.len();
        team.embed(hidden, (ids, positions), &self.tables, shape)?;
        for layer in &self.layers {
            team.quantize(codes, hidden, [rows, shape.width])?;
            team.project(&layer.qkv, codes, (wide, rows), |_| ())?;
            team.attend((mixed, wide), sequences, pages, shape)?;
            team.quantize(codes, mixed, [rows, shape.width])?;
            team.project(&layer.attention_out, codes, (mixed, rows), |_| ())?;
            team.add_and_norm(hidden, mixed, (&layer.attention_norm, rows), shape)?;
            team.quantize(codes, hidden, [rows, shape.width])?;
            team.project(&layer.up, codes, (wide, rows), |piece| nonlinear(tier, piece))?;
            team.quantize(codes, wide, [rows, shape.inner])?;
            team.project(&layer.down, codes, (mixed, rows), |_| ())?;
            team.add_and_norm(hidden, mixed, (&layer.out_norm, rows), shape)?;
        }
        Ok(())
    }
}

/// One vector from a sequence's rows.
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

impl Norm {
    fn load(source: &TensorSource, name: &str, width: usize) -> Result<Self, ModelError> {
        Ok(Self {
            gain: values(source, &format!("{name}.weight"), &[width])?,
            bias: values(source, &format!("{name}.bias"), &[width])?,
        })
    }
}

impl Tables {
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
            norm: Norm::load(source, "embeddings.LayerNorm", width)?,
        })
    }
}

impl Layer {
    fn load(
        source: &TensorSource,
        shape: Shape,
        index: usize,
        tier: Tier,
    ) -> Result<Self, ModelError> {
        let (width, inner) = (shape.width, shape.inner);
        let prefix = format!("encoder.layer.{index}");
        let linear = |names: &[&str], input: usize, output: usize| {
            let mut weights = Vec::with_capacity(names.len() * input * output);
            let mut bias = Vec::with_capacity(names.len() * output);
            for name in names {
                let name = format!("{prefix}.{name}");
                weights.extend(values(source, &format!("{name}.weight"), &[output, input])?);
                bias.extend(values(source, &format!("{name}.bias"), &[output])?);
            }
            Int8Matrix::pack(&weights, &bias, tier).map_err(|cause| ModelError::Packing {
                name: format!("{prefix}.{}", names.join(", ")),
                cause: MatmulError::from(cause),
            })
        };
        let qkv = ["attention.self.query", "attention.self.key", "attention.self.value"];
        let norm = |name: &str| Norm::load(source, &format!("{prefix}.{name}.LayerNorm"), width);
        Ok(Self {
            qkv: linear(&qkv, width, width)?,
            attention_out: linear(&["attention.output.dense"], width, width)?,
            attention_norm: norm("attention.output")?,
            up: linear(&["intermediate.dense"], width, inner)?,
            down: linear(&["output.dense"], inner, width)?,
            out_norm: norm("output")?,
        })
    }
}

impl Worker {
    fn new(shape: Shape) -> Self {
        let pages = shape.tokens_max.div_ceil(PAGE_TOKENS);
        Self {
            attention: attention::Scratch::new(TILE_TOKENS, shape.layout()),
            pages: vec![0.0; pages * shape.layout().elements()],
        }
    }
}

impl Arena {
    fn new(shape: Shape) -> Self {
        let rows = shape.rows_max();
        let page_count = u32::try_from(shape.tokens_max.div_ceil(PAGE_TOKENS)).unwrap_or(u32::MAX);
        Self {
            hidden: vec![0.0; rows * shape.width],
            wide: vec![0.0; rows * shape.inner.max(3 * shape.width)],
            mixed: vec![0.0; rows * shape.width],
            codes: vec![0; rows * int8::row_codes(shape.width.max(shape.inner))],
            ids: Vec::with_capacity(rows),
            positions: Vec::with_capacity(rows),
            sequences: Vec::with_capacity(rows + 1),
            pages: (0..page_count).map(PageId).collect(),
            edges: Edges::default(),
        }
    }

    /// Takes as many of the sequences as fit into `rows_max` rows, one at least; returns how many.
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

/// Threads, their memory, and room for a cut.
struct Team<'a> {
    pool: &'a mut Pool,
    workers: &'a mut [Worker],
    edges: &'a mut Edges,
    tier: Tier,
}

impl Team<'_> {
    /// Sums of word, position and segment embeddings, normalised.
    fn embed(
        &mut self,
        hidden: &mut [f32],
        (ids, positions): (&[u32], &[usize]),
        tables: &Tables,
        shape: Shape,
    ) -> Result<(), TaskPanic> {
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

    /// Turns rows of `columns` values into the next left operand.
    fn quantize(
        &mut self,
        codes: &mut [i16],
        source: &[f32],
        [rows, columns]: [usize; 2],
    ) -> Result<(), TaskPanic> {
        let (width, tier) = (int8::row_codes(columns), self.tier);
        let rows = self.edges.rows(rows, columns, self.pool.threads());
        let cut = Cut { width, rows, columns: &[0, width] };
        self.pool.grid(codes, cut, self.workers, |_, mut part| {
            for row in part.rows() {
                let values = &source[row * columns..(row + 1) * columns];
                int8::quantize(tier, part.row(row), values);
            }
        })
    }

    /// Multiplies the operand with `matrix`; `then` gets every piece of the product.
    fn project(
        &mut self,
        matrix: &Int8Matrix,
        codes: &[i16],
        (out, rows): (&mut [f32], usize),
        then: impl Fn(&mut [f32]) + Sync,
    ) -> Result<(), TaskPanic> {
        let width = matrix.outputs();
        let threads = self.pool.threads();
        let columns = self.edges.columns(std::iter::once(width), PANEL_OUTPUTS, threads);
        let cut = Cut { width, rows: &[0, rows], columns };
        self.pool.grid(out, cut, self.workers, |_, mut part| {
            matrix.multiply(codes, &mut part);
            part.rows().for_each(|row| then(part.row(row)));
        })
    }

    /// Attention inside every sequence: head by head of `wide` into `mixed`.
    fn attend(
        &mut self,
        (mixed, wide): (&mut [f32], &[f32]),
        sequences: &[usize],
        pages: &[PageId],
        shape: Shape,
    ) -> Result<(), TaskPanic> {
        let (tier, width, head_width) = (self.tier, shape.width, shape.head_width());
        let columns = self.edges.every(width, head_width);
        let cut = Cut { width, rows: sequences, columns };
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^16")]
        let scale = 1.0 / (head_width as f32).sqrt();
        let layout = shape.layout();
        let part_of = |row: usize, from: usize| &wide[row * 3 * width + from..][..head_width];
        self.pool.grid(mixed, cut, self.workers, |worker, mut part| {
            let (rows, first) = (part.rows(), part.columns().start);
            for (at, row) in rows.clone().enumerate() {
                let place = (pages[at / PAGE_TOKENS], at % PAGE_TOKENS);
                let (key, value) = (part_of(row, width + first), part_of(row, 2 * width + first));
                layout.store(&mut worker.pages, place, key, value);
            }
            let head = HeadPages { elements: &worker.pages, layout };
            for from in rows.clone().step_by(TILE_TOKENS) {
                let tile = from..(from + TILE_TOKENS).min(rows.end);
                let query = worker.attention.query(tile.len(), layout);
                for (row, query) in tile.clone().zip(query.chunks_exact_mut(head_width)) {
                    let scaled = query.iter_mut().zip(part_of(row, first));
                    scaled.for_each(|(scaled, x)| *scaled = x * scale);
                }
                let tile = QueryTile {
                    group: 1,
                    first_position: from - rows.start,
                    rows: tile,
                    sight: Sight::Whole(rows.len()),
                    pages,
                    scoring: Scoring { soft_cap: None, window: None },
                };
                attention::attend(tier, &mut worker.attention, &mut part, head, &tile);
            }
        })
    }

    /// Adds `sums` to the hidden state and normalises it.
    fn add_and_norm(
        &mut self,
        hidden: &mut [f32],
        sums: &[f32],
        (norm, rows): (&Norm, usize),
        shape: Shape,
    ) -> Result<(), TaskPanic> {
        let (width, tier) = (shape.width, self.tier);
        let rows = self.edges.rows(rows, width, self.pool.threads());
        let cut = Cut { width, rows, columns: &[0, width] };
        self.pool.grid(hidden, cut, self.workers, |_, mut part| {
            for row in part.rows() {
                let sums = &sums[row * width..(row + 1) * width];
                let hidden = part.row(row);
                hidden.iter_mut().zip(sums).for_each(|(hidden, sum)| *hidden += sum);
                norm::layer_norm(tier, hidden, &norm.gain, &norm.bias, shape.epsilon);
            }
        })
    }
}
