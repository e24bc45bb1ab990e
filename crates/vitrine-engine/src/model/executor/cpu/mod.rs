//! The decoder on our CPU kernels: packed weights and reused buffers instead of tensors.
//!
//! All intermediate results are in the executor's own buffers; calls pass only the marker
//! [`InArena`]. A layer has five parallel regions (projections, attention, output, gate and up,
//! down). Row-wise stages between them get regions of their own only if they are long enough.
//!
//! Invariants
//! - A row's result depends on its own sequence only, bit for bit: the kernels guarantee it for
//!   their rows, and keys and values are always read back from the pages, whether they were stored
//!   in this step or in an earlier one.
//! - A step no larger than an earlier one allocates nothing, once the logits of the last step have
//!   been dropped.
//!
//! Source: stages are fused as in the CPU paths of `ggml` and vLLM, and further; the calls are
//! those of [`Executor`].

mod arena;
mod packing;
mod pages;
mod plan;
mod stages;

pub(crate) use pages::page_bytes;

use crate::model::decoder_options::DecoderOptions;
use crate::model::error::ModelError;
use crate::model::executor::Executor;
use crate::model::executor::cpu::arena::ComputedRows;
use crate::model::executor::cpu::arena::DecoderArena;
use crate::model::executor::cpu::arena::DecoderResources;
use crate::model::executor::cpu::arena::DecoderScratch;
use crate::model::executor::cpu::arena::OperandShape;
use crate::model::executor::cpu::arena::StoredRows;
use crate::model::executor::cpu::arena::widest;
use crate::model::executor::cpu::packing::PackingLoader;
use crate::model::executor::cpu::pages::Elements;
use crate::model::executor::cpu::pages::KvPool;
use crate::model::executor::cpu::plan::CpuStep;
use crate::model::executor::cpu::plan::CpuStepSettings;
use crate::model::executor::cpu::plan::RopeAngles;
use crate::model::executor::cpu::stages::GatedLinears;
use crate::model::executor::cpu::stages::HeadProduct;
use crate::model::executor::cpu::stages::HeadShape;
use crate::model::executor::cpu::stages::HeadStage;
use crate::model::executor::cpu::stages::OutputRows;
use crate::model::executor::cpu::stages::PackedLinear;
use crate::model::executor::cpu::stages::Projections;
use crate::model::executor::cpu::stages::QueryStage;
use crate::model::executor::weights::DecoderWeights;
use crate::model::forward::ForwardLimits;
use crate::model::forward::Logits;
use crate::model::gguf::GgufFile;
use crate::model::likeliest::Likeliest;
use crate::model::shape::DecoderShape;
use crate::model::shape::GateActivation;
use crate::model::shape::LayerRope;
use crate::model::step_input::StepInput;
use std::sync::Arc;
use vitrine_kernels::activation;
use vitrine_kernels::attention::Scoring;
use vitrine_kernels::grid::Cut;
use vitrine_kernels::matmul::PackedMatrix;
use vitrine_kernels::matmul::RowForm;
use vitrine_kernels::norm;
use vitrine_kernels::pool::Pool;
use vitrine_kernels::tier::Tier;

/// Attention tasks per thread to aim for, so that no thread waits long for the last one.
const TASKS_OF_A_THREAD: usize = 2;

/// Marker for results that are in the executor's arena.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InArena;

/// The weights, KV pages, thread pool and buffers.
#[derive(Debug)]
pub(crate) struct CpuExecutor {
    shape: DecoderShape,
    weights: DecoderWeights<Arc<PackedMatrix>, Vec<f32>>,
    weight_bytes: u64,
    tier: Tier,
    pool: Pool,
    pages: KvPool,
    plan: CpuStep,
    arena: DecoderArena,
    context_tokens_max: usize,
}

/// Why the CPU kernels cannot run the model in `file`; `None` if they can.
pub(crate) fn obstacle(file: &GgufFile) -> Option<String> {
    file.tensors()
        .find(|(_, entry)| packing::weight_type(entry.tensor_type).is_none())
        .map(|(name, entry)| format!("tensor `{name}` has type {}", entry.tensor_type.name()))
}

impl CpuExecutor {
    /// Packs the weights, allocates the KV pool and starts the threads.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or an unsupported type, the KV memory is too
    /// small, or a thread cannot be started.
    pub(crate) fn load(
        file: &GgufFile,
        shape: &DecoderShape,
        options: &DecoderOptions,
    ) -> Result<Self, ModelError> {
        let tier = options.tier;
        let mut packing = PackingLoader { tier, bytes: 0 };
        let weights = DecoderWeights::load(file, shape, &mut packing)?;
        let pool = Pool::start_on(Arc::clone(&options.cores))
            .map_err(|cause| ModelError::Threads { cause })?;
        let pages = KvPool::new(shape, options)?;
        let context_tokens_max = options.context_tokens_max.min(shape.context_tokens);
        let frequencies = shape.rope.load_frequencies(file, context_tokens_max)?;
        let group = shape.heads / shape.kv_heads;
        let plan = CpuStep::new(CpuStepSettings {
            global: RopeAngles::new(frequencies, &shape.rope),
            local: shape.local_rope.map(|rope| RopeAngles::new(rope.frequencies(&[]), &rope)),
            group,
            tiles_min: (TASKS_OF_A_THREAD * pool.threads()).div_ceil(shape.kv_heads),
            page_tokens: options.page_tokens,
            attention_scale: shape.attention_scale,
            growth: shape.query_growth,
        });
        let tile_heads = plan.tile_rows() * group;
        let worker = || DecoderScratch::new(widest(shape), tile_heads, pages.layout);
        let workers = (0..pool.threads()).map(|_| worker()).collect();
        Ok(Self {
            shape: shape.clone(),
            arena: DecoderArena::new(tier, forms(&weights), workers),
            weights,
            weight_bytes: packing.bytes,
            tier,
            pool,
            pages,
            plan,
            context_tokens_max,
        })
    }

    fn head_shape(&self) -> HeadShape {
        HeadShape {
            group: self.shape.heads / self.shape.kv_heads,
            kv_heads: self.shape.kv_heads,
            layout: self.pages.layout,
            head_elements: self.pages.head_elements(),
        }
    }

    /// Adds `operand × linear` of one part of a layer to the hidden state, after the post-norm if
    /// the family has one.
    fn add(&mut self, layer: usize, part: Sublayer) -> Result<(), ModelError> {
        let (rows, tier) = (self.plan.rows(), self.tier);
        let weights = &self.weights.layers[layer];
        let (linear, post_norm) = match part {
            Sublayer::Attention => (&weights.attention_out, &weights.attention_post_norm),
            Sublayer::FeedForward => (&weights.down, &weights.feed_forward_post_norm),
        };
        let DecoderArena { hidden, mixed, inner, computed, operand, edges, workers, .. } =
            &mut self.arena;
        let source: &[f32] = if part == Sublayer::Attention { mixed } else { inner };
        // The source's own width; the matrix may be padded.
        let columns = match part {
            Sublayer::Attention => self.shape.query_width(),
            Sublayer::FeedForward => self.shape.feed_forward,
        };
        let mut resources = DecoderResources { pool: &mut self.pool, workers, edges };
        let form = linear.matrix.row_form();
        let source = &source[..rows * columns];
        operand.fill(
            &mut resources,
            [form],
            OperandShape { rows, columns },
            StoredRows { values: source, columns },
        )?;
        let (width, scale) = (self.shape.width, self.shape.residual_scale);
        let Some(gain) = post_norm else {
            let target = OutputRows { values: hidden, rows };
            stages::project(&mut resources, operand, &[linear], target, |hidden, sums| {
                hidden.iter_mut().zip(sums).for_each(|(hidden, sum)| *hidden += scale * sum);
            })?;
            return Ok(());
        };
        stages::project(
            &mut resources,
            operand,
            &[linear],
            OutputRows { values: computed, rows },
            |to, sums| {
                to.copy_from_slice(sums);
            },
        )?;
        let (computed, epsilon) = (&computed[..], self.shape.norm_epsilon);
        let cut_rows = resources.edges.rows(rows, width, resources.pool.threads());
        let cut = Cut { width, rows: cut_rows, columns: &[0, width] };
        resources.pool.grid(hidden, cut, resources.workers, |worker, mut part| {
            for row in part.rows() {
                let normed = &mut worker.row[..width];
                let computed = &computed[row * width..(row + 1) * width];
                norm::rms_norm(tier, normed, computed, gain, epsilon);
                let hidden = part.row(row).iter_mut().zip(normed);
                hidden.for_each(|(hidden, x)| *hidden += scale * *x);
            }
        })?;
        Ok(())
    }
}

/// The two parts of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sublayer {
    Attention,
    FeedForward,
}

/// The row formats that the model's matrices need, without duplicates.
fn forms(weights: &DecoderWeights<Arc<PackedMatrix>, Vec<f32>>) -> Vec<RowForm> {
    let layers = weights.layers.iter().flat_map(|layer| {
        let linears = [&layer.query, &layer.key, &layer.value, &layer.attention_out];
        linears.into_iter().chain([&layer.gate, &layer.up, &layer.down])
    });
    let mut forms = Vec::new();
    for linear in layers.chain([&weights.output]) {
        let form = linear.matrix.row_form();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn row_forms<const N: usize>(linears: [&PackedLinear; N]) -> [RowForm; N] {
    linears.map(|linear| linear.matrix.row_form())
}

impl Executor for CpuExecutor {
    type PreparedStep = InArena;
    type Activations = InArena;

    fn limits(&self) -> ForwardLimits {
        ForwardLimits {
            vocabulary_size: self.weights.output.matrix.rows(),
            context_tokens_max: self.context_tokens_max,
            page_tokens: self.pages.layout.page_tokens(),
            page_count: self.pages.page_count(),
            weight_bytes: self.weight_bytes,
            kv_bytes: self.pages.bytes(),
        }
    }

    fn begin(&mut self, input: &StepInput) -> Result<InArena, ModelError> {
        self.plan.fill(input);
        let panel_columns = self.weights.output.matrix.panel_rows();
        self.arena.reserve(self.plan.rows(), &self.shape, panel_columns);
        Ok(InArena)
    }

    fn embed(&mut self, _: &InArena) -> Result<InArena, ModelError> {
        let (width, scale) = (self.shape.width, self.shape.embedding_scale);
        let (embedding, tokens) = (&self.weights.embedding, &self.plan.tokens);
        let DecoderArena { hidden, edges, workers, .. } = &mut self.arena;
        let rows = edges.rows(tokens.len(), width, self.pool.threads());
        let cut = Cut { width, rows, columns: &[0, width] };
        self.pool.grid(hidden, cut, workers, |worker, mut part| {
            for row in part.rows() {
                let embedded = &mut worker.row[..embedding.columns()];
                // Ids are `u32` and were checked against the vocabulary.
                embedding.row_to_f32(tokens[row] as usize, embedded);
                let hidden = part.row(row).iter_mut().zip(embedded);
                hidden.for_each(|(hidden, x)| *hidden = scale * *x);
            }
        })?;
        Ok(InArena)
    }

    fn norm_qkv_rope_store(
        &mut self,
        layer: usize,
        _: &InArena,
        _: &InArena,
    ) -> Result<InArena, ModelError> {
        let (rows, shape) = (self.plan.rows(), self.head_shape());
        let weights = &self.weights.layers[layer];
        let stage =
            head_stage((&self.shape, self.tier), &self.plan, layer, weights.key_norm.as_deref());
        let linears = [&weights.query, &weights.key, &weights.value];
        let (tier, width, epsilon) = (self.tier, self.shape.width, self.shape.norm_epsilon);
        let DecoderArena { hidden, qkv, operand, edges, workers, .. } = &mut self.arena;
        let mut resources = DecoderResources { pool: &mut self.pool, workers, edges };
        operand.fill(
            &mut resources,
            row_forms(linears),
            OperandShape { rows, columns: width },
            ComputedRows(|row, out: &mut [f32]| {
                let hidden = &hidden[row * width..(row + 1) * width];
                norm::rms_norm(tier, out, hidden, &weights.attention_norm, epsilon);
            }),
        )?;
        let target = OutputRows { values: qkv, rows };
        stages::project(&mut resources, operand, &linears, target, <[f32]>::copy_from_slice)?;
        let source = Projections { qkv, plan: &self.plan, shape };
        match &mut self.pages.elements {
            Elements::F32(layers) => {
                stages::store(&mut resources, &mut layers[layer], source, stage)?;
            }
            Elements::F16(layers) => {
                stages::store(&mut resources, &mut layers[layer], source, stage)?;
            }
        }
        Ok(InArena)
    }

    fn attend(&mut self, layer: usize, _: InArena, _: &InArena) -> Result<InArena, ModelError> {
        let shape = self.head_shape();
        let gain = self.weights.layers[layer].query_norm.as_deref();
        let head = head_stage((&self.shape, self.tier), &self.plan, layer, gain);
        let scoring = Scoring {
            soft_cap: self.shape.attention_soft_cap,
            window: self.shape.attention[layer].window,
        };
        let DecoderArena { qkv, mixed, edges, workers, .. } = &mut self.arena;
        let mut resources = DecoderResources { pool: &mut self.pool, workers, edges };
        let source = Projections { qkv, plan: &self.plan, shape };
        let queries = QueryStage { head, scoring };
        match &self.pages.elements {
            Elements::F32(layers) => {
                stages::attend(&mut resources, &layers[layer], source, mixed, queries)?;
            }
            Elements::F16(layers) => {
                stages::attend(&mut resources, &layers[layer], source, mixed, queries)?;
            }
        }
        Ok(InArena)
    }

    fn out_residual(
        &mut self,
        layer: usize,
        _: InArena,
        _: InArena,
    ) -> Result<InArena, ModelError> {
        self.add(layer, Sublayer::Attention)?;
        Ok(InArena)
    }

    fn norm_gate_up(&mut self, layer: usize, _: &InArena) -> Result<InArena, ModelError> {
        let (rows, tier) = (self.plan.rows(), self.tier);
        let weights = &self.weights.layers[layer];
        let (gate, up) = (&weights.gate, &weights.up);
        let (width, epsilon) = (self.shape.width, self.shape.norm_epsilon);
        let DecoderArena { hidden, inner, operand, edges, workers, .. } = &mut self.arena;
        let mut resources = DecoderResources { pool: &mut self.pool, workers, edges };
        operand.fill(
            &mut resources,
            row_forms([gate, up]),
            OperandShape { rows, columns: width },
            ComputedRows(|row, out: &mut [f32]| {
                let hidden = &hidden[row * width..(row + 1) * width];
                norm::rms_norm(tier, out, hidden, &weights.feed_forward_norm, epsilon);
            }),
        )?;
        let combine: fn(Tier, &mut [f32], &[f32], &[f32]) = match self.shape.activation {
            GateActivation::Silu => activation::silu_times,
            GateActivation::GeluTanh => activation::gelu_times,
        };
        stages::gate_up(
            &mut resources,
            operand,
            GatedLinears { gate, up },
            OutputRows { values: inner, rows },
            |out, gate, up| {
                combine(tier, out, gate, up);
            },
        )?;
        Ok(InArena)
    }

    fn down_residual(
        &mut self,
        layer: usize,
        _: InArena,
        _: InArena,
    ) -> Result<InArena, ModelError> {
        self.add(layer, Sublayer::FeedForward)?;
        Ok(InArena)
    }

    fn head(&mut self, _: InArena, _: &InArena) -> Result<Logits, ModelError> {
        let output = &self.weights.output;
        let (wanted, vocabulary_size) = (&self.plan.wanted, output.matrix.rows());
        if wanted.is_empty() {
            return Ok(Logits::new(Vec::new(), vocabulary_size));
        }
        let (tier, width, epsilon) = (self.tier, self.shape.width, self.shape.norm_epsilon);
        let gain = &self.weights.output_norm;
        let DecoderArena {
            hidden, logits: kept, likeliest, operand, edges, cells, workers, ..
        } = &mut self.arena;
        let mut resources = DecoderResources { pool: &mut self.pool, workers, edges };
        let (rows, greedy) = (wanted.len(), self.plan.greedy);
        operand.fill(
            &mut resources,
            row_forms([output]),
            OperandShape { rows, columns: width },
            ComputedRows(|row, out: &mut [f32]| {
                let from = wanted[row] as usize * width;
                norm::rms_norm(tier, out, &hidden[from..from + width], gain, epsilon);
            }),
        )?;
        let (scale, cap) = (self.shape.logit_scale, self.shape.logit_soft_cap);
        let to_logits = |logits: &mut [f32]| {
            logits.iter_mut().for_each(|logit| *logit *= scale);
            if let Some(cap) = cap {
                activation::soft_cap(tier, logits, cap);
            }
        };
        if greedy == rows {
            stages::likeliest(
                &mut resources,
                HeadProduct { operand, rows, output },
                likeliest,
                cells,
                to_logits,
            )?;
            let tasks = likeliest.len() / rows;
            let merged = likeliest.chunks_exact(tasks).map(|found| {
                let mut row = Likeliest::NONE;
                found.iter().for_each(|found| row.merge(*found));
                row.token_id()
            });
            return Ok(Logits::greedy(merged.collect()));
        }
        // Reuse the last step's memory unless its logits are still in use.
        if Arc::get_mut(kept).is_none() {
            *kept = Arc::default();
        }
        let logits = Arc::make_mut(kept);
        logits.resize(rows * vocabulary_size, 0.0);
        let target = OutputRows { values: logits, rows };
        stages::project(&mut resources, operand, &[output], target, |logits, sums| {
            logits.copy_from_slice(sums);
            to_logits(logits);
        })?;
        Ok(Logits::new(Arc::clone(kept), vocabulary_size).with_greedy(greedy))
    }
}

/// Processing of the query or key heads of a layer; `gain` belongs to their norm, if the family has
/// one.
fn head_stage<'a>(
    (shape, tier): (&DecoderShape, Tier),
    plan: &'a CpuStep,
    layer: usize,
    gain: Option<&'a [f32]>,
) -> HeadStage<'a> {
    HeadStage {
        tier,
        gain,
        epsilon: shape.norm_epsilon,
        angles: match shape.attention[layer].rope {
            LayerRope::None => None,
            LayerRope::Global => Some(&plan.global),
            LayerRope::Local => plan.local.as_ref(),
        },
        style: shape.rope.style,
        rotary_width: shape.rope.width,
    }
}

#[cfg(test)]
mod tests;
