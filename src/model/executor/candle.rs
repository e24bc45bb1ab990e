//! The decoder in candle tensor operations: the reference, on any candle device.
//!
//! Source: Touvron et al. 2023, arXiv:2302.13971 (Llama); grouped-query attention, Ainslie et al.
//! 2023, arXiv:2305.13245.

use crate::model::decoder::DecoderOptions;
use crate::model::error::ModelError;
use crate::model::executor::Executor;
use crate::model::executor::linear::Linear;
use crate::model::executor::linear::Matrix;
use crate::model::executor::linear::load_vector;
use crate::model::executor::step_plan::AttentionGroup;
use crate::model::executor::step_plan::PlanSource;
use crate::model::executor::step_plan::StepPlan;
use crate::model::forward::ForwardLimits;
use crate::model::forward::Logits;
use crate::model::gguf::GgufFile;
use crate::model::kv_pages::KvPages;
use crate::model::shape::DecoderShape;
use crate::model::shape::RopeStyle;
use crate::model::step_input::StepInput;
use candle_core::Device;
use candle_core::Tensor;
use std::collections::BTreeSet;

/// Weights of one layer.
#[derive(Debug)]
struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    query_norm: Option<Tensor>,
    key_norm: Option<Tensor>,
    attention_out: Matrix,
    feed_forward_norm: Tensor,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// Weights and KV pages on a candle device.
#[derive(Debug)]
pub(crate) struct CandleExecutor {
    shape: DecoderShape,
    embedding: Matrix,
    layers: Vec<Layer>,
    output_norm: Tensor,
    output: Matrix,
    frequencies: Vec<f64>,
    pages: KvPages,
    device: Device,
    context_tokens_max: usize,
    weight_bytes: u64,
}

/// Takes tensors from the file and remembers which, so that none is silently ignored.
struct Loader<'a> {
    file: &'a GgufFile,
    device: &'a Device,
    taken: BTreeSet<String>,
    bytes: u64,
}

impl Loader<'_> {
    fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix, ModelError> {
        let name = format!("{name}.weight");
        let matrix = Matrix::load(self.file, &name, [rows, columns], self.device)?;
        self.bytes += matrix.bytes();
        self.taken.insert(name);
        Ok(matrix)
    }

    fn vector(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let vector = load_vector(self.file, name, width, self.device)?;
        self.bytes += 4 * width as u64;
        self.taken.insert(name.to_owned());
        Ok(vector)
    }

    fn layer(&mut self, shape: &DecoderShape, index: usize) -> Result<Layer, ModelError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let (width, inner) = (shape.width, shape.feed_forward);
        let mut projection = |part: &str, rows: usize| -> Result<Linear, ModelError> {
            let matrix = self.matrix(&name(part), rows, width)?;
            let bias = match shape.qkv_bias {
                true => Some(self.vector(&format!("{}.bias", name(part)), rows)?),
                false => None,
            };
            Ok(Linear { matrix, bias })
        };
        let query = projection("attn_q", shape.query_width())?;
        let key = projection("attn_k", shape.kv_width())?;
        let value = projection("attn_v", shape.kv_width())?;
        let (mut query_norm, mut key_norm) = (None, None);
        if shape.qk_norm {
            query_norm = Some(self.vector(&name("attn_q_norm.weight"), shape.head_width)?);
            key_norm = Some(self.vector(&name("attn_k_norm.weight"), shape.head_width)?);
        }
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm.weight"), width)?,
            query,
            key,
            value,
            query_norm,
            key_norm,
            attention_out: self.matrix(&name("attn_output"), width, shape.query_width())?,
            feed_forward_norm: self.vector(&name("ffn_norm.weight"), width)?,
            gate: self.matrix(&name("ffn_gate"), inner, width)?,
            up: self.matrix(&name("ffn_up"), inner, width)?,
            down: self.matrix(&name("ffn_down"), width, inner)?,
        })
    }

    /// Angle a position for each pair of a head; `rope_freqs.weight` divides them where present.
    fn frequencies(&mut self, shape: &DecoderShape) -> Result<Vec<f64>, ModelError> {
        let pairs = shape.head_width / 2;
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^18")]
        let mut frequencies: Vec<f64> = (0..pairs)
            .map(|pair| shape.rope.frequency_base.powf(-(pair as f64) / pairs as f64))
            .collect();
        let name = "rope_freqs.weight";
        if self.file.tensor(name).is_some() {
            let divisors = self.vector(name, pairs)?.to_vec1::<f32>()?;
            for (frequency, divisor) in frequencies.iter_mut().zip(divisors) {
                *frequency /= f64::from(divisor);
            }
        }
        Ok(frequencies)
    }

    /// A tensor that no call uses would mean computing another model than the file holds.
    fn check_all_taken(&self) -> Result<(), ModelError> {
        match self.file.tensors().find(|(name, _)| !self.taken.contains(*name)) {
            None => Ok(()),
            Some((name, _)) => Err(ModelError::TensorUnknown { name: name.to_owned() }),
        }
    }
}

impl CandleExecutor {
    /// Copies the weights to the device and reserves the KV pool.
    pub(crate) fn load(
        file: &GgufFile,
        shape: &DecoderShape,
        options: &DecoderOptions,
    ) -> Result<Self, ModelError> {
        let device = &options.device;
        let mut loader = Loader { file, device, taken: BTreeSet::new(), bytes: 0 };
        let vocabulary = match file.tensor("token_embd.weight").map(|entry| &*entry.dims) {
            Some([rows, _]) if *rows <= DecoderShape::vocabulary_max() => *rows,
            _ => return Err(ModelError::TensorMissing { name: "token_embd.weight".to_owned() }),
        };
        let embedding = loader.matrix("token_embd", vocabulary, shape.width)?;
        let layers = (0..shape.layers)
            .map(|index| loader.layer(shape, index))
            .collect::<Result<Vec<_>, _>>()?;
        let output_norm = loader.vector("output_norm.weight", shape.width)?;
        // Without an output matrix the embedding serves as one.
        let output = match file.tensor("output.weight") {
            Some(_) => loader.matrix("output", vocabulary, shape.width)?,
            None => embedding.clone(),
        };
        let frequencies = loader.frequencies(shape)?;
        loader.check_all_taken()?;
        let weight_bytes = loader.bytes;
        Ok(Self {
            shape: shape.clone(),
            embedding,
            layers,
            output_norm,
            output,
            frequencies,
            pages: KvPages::new(shape, options)?,
            device: device.clone(),
            context_tokens_max: options.context_tokens_max.min(shape.context_tokens),
            weight_bytes,
        })
    }

    fn norm(&self, rows: &Tensor, gain: &Tensor) -> Result<Tensor, ModelError> {
        Ok(candle_nn::ops::rms_norm(&rows.contiguous()?, gain, self.shape.norm_epsilon)?)
    }

    /// Splits `[rows, heads * head width]` into heads, normalises and turns them.
    fn turn(
        &self,
        rows: &Tensor,
        heads: usize,
        gain: Option<&Tensor>,
        step: &StepPlan,
    ) -> Result<Tensor, ModelError> {
        let (count, head_width) = (rows.dim(0)?, self.shape.head_width);
        let mut split = rows.reshape((count * heads, head_width))?;
        if let Some(gain) = gain {
            split = self.norm(&split, gain)?;
        }
        let split = split.reshape((count, heads, 1, head_width))?.contiguous()?;
        let turned = match self.shape.rope.style {
            RopeStyle::Interleaved => candle_nn::rotary_emb::rope_i(&split, &step.cos, &step.sin)?,
            RopeStyle::Halves => candle_nn::rotary_emb::rope(&split, &step.cos, &step.sin)?,
        };
        Ok(turned.reshape((count, heads * head_width))?)
    }

    /// Attention of one group: `[sequences * rows_each, query width]` in group order.
    fn attend_group(
        &self,
        layer: usize,
        query: &Tensor,
        group: &AttentionGroup,
    ) -> Result<Tensor, ModelError> {
        let (kv_heads, width) = (self.shape.kv_heads, self.shape.head_width);
        let shared = self.shape.heads / kv_heads;
        let (sequences, rows_each, context) = (group.sequences, group.rows_each, group.context);
        let query = match &group.rows {
            Some(rows) => query.index_select(rows, 0)?,
            None => query.clone(),
        };
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^18")]
        let scale = 1.0 / (width as f64).sqrt();
        let query = (query * scale)?
            .reshape((sequences, rows_each, kv_heads, shared, width))?
            .permute((0, 2, 3, 1, 4))?
            .contiguous()?
            .reshape((sequences * kv_heads, shared * rows_each, width))?;
        let (keys, values) = self.pages.gather(layer, &group.heads_of_slots)?;
        let keys = keys.reshape((sequences * kv_heads, context, width))?;
        let values = values.reshape((sequences * kv_heads, context, width))?;
        let scores = query.matmul(&keys.transpose(1, 2)?)?;
        let scores = match &group.mask {
            Some(mask) => scores
                .reshape((sequences, kv_heads, shared, rows_each, context))?
                .broadcast_add(mask)?
                .reshape((sequences * kv_heads, shared * rows_each, context))?,
            None => scores,
        };
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let mixed = weights.matmul(&values)?;
        Ok(mixed
            .reshape((sequences, kv_heads, shared, rows_each, width))?
            .permute((0, 3, 1, 2, 4))?
            .reshape((sequences * rows_each, self.shape.query_width()))?)
    }
}

impl Executor for CandleExecutor {
    type Step = StepPlan;
    type Rows = Tensor;

    fn limits(&self) -> ForwardLimits {
        ForwardLimits {
            vocabulary_size: self.output.output(),
            context_tokens_max: self.context_tokens_max,
            page_tokens: self.pages.page_tokens(),
            page_count: self.pages.page_count(),
            weight_bytes: self.weight_bytes,
            kv_bytes: self.pages.bytes(),
        }
    }

    fn begin(&mut self, input: &StepInput) -> Result<StepPlan, ModelError> {
        let source = PlanSource {
            rope: &self.shape.rope,
            frequencies: &self.frequencies,
            kv_width: self.shape.kv_width(),
            pages: &self.pages,
            device: &self.device,
        };
        source.plan(input)
    }

    fn embed(&mut self, step: &StepPlan) -> Result<Tensor, ModelError> {
        self.embedding.select(&step.tokens)
    }

    fn norm_qkv_rope_store(
        &mut self,
        layer: usize,
        rows: &Tensor,
        step: &StepPlan,
    ) -> Result<Tensor, ModelError> {
        let weights = &self.layers[layer];
        let normed = self.norm(rows, &weights.attention_norm)?;
        let query = weights.query.forward(&normed)?;
        let key = weights.key.forward(&normed)?;
        let value = weights.value.forward(&normed)?;
        let query = self.turn(&query, self.shape.heads, weights.query_norm.as_ref(), step)?;
        let key = self.turn(&key, self.shape.kv_heads, weights.key_norm.as_ref(), step)?;
        self.pages.store(layer, &step.store_index, &key, &value)?;
        Ok(query)
    }

    fn attend(
        &mut self,
        layer: usize,
        query: Tensor,
        step: &StepPlan,
    ) -> Result<Tensor, ModelError> {
        let parts = step
            .groups
            .iter()
            .map(|group| self.attend_group(layer, &query, group))
            .collect::<Result<Vec<_>, _>>()?;
        let mixed = match parts.as_slice() {
            [only] => only.clone(),
            many => Tensor::cat(many, 0)?,
        };
        match &step.inverse_order {
            Some(order) => Ok(mixed.index_select(order, 0)?),
            None => Ok(mixed),
        }
    }

    fn out_residual(
        &mut self,
        layer: usize,
        mixed: Tensor,
        residual: Tensor,
    ) -> Result<Tensor, ModelError> {
        Ok((self.layers[layer].attention_out.forward(&mixed)? + residual)?)
    }

    fn norm_gate_up(&mut self, layer: usize, rows: &Tensor) -> Result<Tensor, ModelError> {
        let weights = &self.layers[layer];
        let normed = self.norm(rows, &weights.feed_forward_norm)?;
        let gate = candle_nn::ops::silu(&weights.gate.forward(&normed)?)?;
        Ok((gate * weights.up.forward(&normed)?)?)
    }

    fn down_residual(
        &mut self,
        layer: usize,
        inner: Tensor,
        residual: Tensor,
    ) -> Result<Tensor, ModelError> {
        Ok((self.layers[layer].down.forward(&inner)? + residual)?)
    }

    fn head(&mut self, rows: Tensor, step: &StepPlan) -> Result<Logits, ModelError> {
        let vocabulary_size = self.output.output();
        let Some(wanted) = &step.wanted else {
            return Ok(Logits::new(Vec::new(), vocabulary_size));
        };
        let rows = rows.index_select(wanted, 0)?;
        let normed = self.norm(&rows, &self.output_norm)?;
        let logits = self.output.forward(&normed)?;
        Ok(Logits::new(logits.flatten_all()?.to_vec1::<f32>()?, vocabulary_size))
    }
}
