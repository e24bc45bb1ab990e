//! The decoder in candle operations: the reference executor, on any candle device.
//!
//! Source: Touvron et al. 2023, arXiv:2302.13971 (Llama); grouped-query attention, Ainslie et al.
//! 2023, arXiv:2305.13245.

use crate::model::decoder_options::DecoderOptions;
use crate::model::error::ModelError;
use crate::model::executor::Executor;
use crate::model::executor::linear::CandleLoader;
use crate::model::executor::linear::CandleMatrix;
use crate::model::executor::step_plan::AngleTensors;
use crate::model::executor::step_plan::AttentionGroup;
use crate::model::executor::step_plan::CandleStep;
use crate::model::executor::step_plan::CandleStepSettings;
use crate::model::executor::step_plan::RopeTable;
use crate::model::executor::weights::DecoderWeights;
use crate::model::forward::ForwardLimits;
use crate::model::forward::Logits;
use crate::model::gguf::GgufFile;
use crate::model::kv_pages::KvPages;
use crate::model::rope::RopeStyle;
use crate::model::shape::DecoderShape;
use crate::model::shape::GateActivation;
use crate::model::shape::LayerRope;
use crate::model::step_input::StepInput;
use candle_core::Device;
use candle_core::Tensor;

/// The weights and KV pages on a candle device.
#[derive(Debug)]
pub(crate) struct CandleExecutor {
    shape: DecoderShape,
    weights: DecoderWeights<CandleMatrix, Tensor>,
    weight_bytes: u64,
    rope: RopeTable,
    local_rope: Option<RopeTable>,
    /// The distinct windows of the layers; `window_of_layer` has each layer's index into them.
    windows: Vec<Option<usize>>,
    window_of_layer: Vec<usize>,
    pages: KvPages,
    device: Device,
    context_tokens_max: usize,
}

impl CandleExecutor {
    /// Copies the weights to the device and allocates the KV pool.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or an unsupported type, or the KV memory is too
    /// small.
    pub(crate) fn load(
        file: &GgufFile,
        shape: &DecoderShape,
        options: &DecoderOptions,
    ) -> Result<Self, ModelError> {
        let device = &options.device;
        let context_tokens_max = options.context_tokens_max.min(shape.context_tokens);
        let frequencies = shape.rope.load_frequencies(file, context_tokens_max)?;
        let local_rope = shape.local_rope.map(|rope| RopeTable {
            frequencies: rope.frequencies(&[]),
            amplitude: rope.amplitude,
        });
        let mut windows = Vec::new();
        let mut window_of_layer = Vec::with_capacity(shape.layers);
        for layer in &shape.attention {
            let known = windows.iter().position(|window| *window == layer.window);
            window_of_layer.push(known.unwrap_or(windows.len()));
            if known.is_none() {
                windows.push(layer.window);
            }
        }
        let mut tensor_loader = CandleLoader { device, bytes: 0 };
        Ok(Self {
            shape: shape.clone(),
            weights: DecoderWeights::load(file, shape, &mut tensor_loader)?,
            weight_bytes: tensor_loader.bytes,
            rope: RopeTable { frequencies, amplitude: shape.rope.amplitude },
            local_rope,
            windows,
            window_of_layer,
            pages: KvPages::new(shape, options)?,
            device: device.clone(),
            context_tokens_max,
        })
    }

    fn norm(&self, rows: &Tensor, gain: &Tensor) -> Result<Tensor, ModelError> {
        Ok(candle_nn::ops::rms_norm(&rows.contiguous()?, gain, self.shape.norm_epsilon)?)
    }

    fn norm_if(&self, rows: Tensor, gain: Option<&Tensor>) -> Result<Tensor, ModelError> {
        match gain {
            Some(gain) => self.norm(&rows, gain),
            None => Ok(rows),
        }
    }

    /// Splits `[rows, heads * head width]` into heads, normalises each head if there is a `gain`,
    /// and rotates it if there are `angles`.
    fn norm_and_rotate(
        &self,
        rows: &Tensor,
        heads: usize,
        gain: Option<&Tensor>,
        angles: Option<&AngleTensors>,
    ) -> Result<Tensor, ModelError> {
        let (count, head_width) = (rows.dim(0)?, self.shape.head_width);
        let split = self.norm_if(rows.reshape((count * heads, head_width))?, gain)?;
        let Some(angles) = angles else { return Ok(split.reshape((count, heads * head_width))?) };
        let split = split.reshape((count, heads, 1, head_width))?.contiguous()?;
        let width = self.shape.rope.width;
        let rotated = if width == head_width {
            self.rotate(&split, angles)?
        } else {
            let first = self.rotate(&split.narrow(3, 0, width)?.contiguous()?, angles)?;
            Tensor::cat(&[first, split.narrow(3, width, head_width - width)?], 3)?
        };
        Ok(rotated.reshape((count, heads * head_width))?)
    }

    fn rotate(&self, heads: &Tensor, angles: &AngleTensors) -> Result<Tensor, ModelError> {
        let AngleTensors { cos, sin } = angles;
        Ok(match self.shape.rope.style {
            RopeStyle::Interleaved => candle_nn::rotary_emb::rope_i(heads, cos, sin)?,
            RopeStyle::Halves => candle_nn::rotary_emb::rope(heads, cos, sin)?,
        })
    }

    /// Attention of one group: `[sequences * rows_each, query width]`, in group order.
    fn attend_group(
        &self,
        layer: usize,
        query: &Tensor,
        group: &AttentionGroup,
    ) -> Result<Tensor, ModelError> {
        let (kv_heads, width) = (self.shape.kv_heads, self.shape.head_width);
        let shared = self.shape.heads / kv_heads;
        let (sequences, rows_each, span) = (group.sequences, group.rows_each, group.span);
        let query = match &group.rows {
            Some(rows) => query.index_select(rows, 0)?,
            None => query.clone(),
        };
        let query = (query * f64::from(self.shape.attention_scale))?
            .reshape((sequences, rows_each, kv_heads, shared, width))?
            .permute((0, 2, 3, 1, 4))?
            .contiguous()?
            .reshape((sequences * kv_heads, shared * rows_each, width))?;
        let (keys, values) = self.pages.gather(layer, &group.heads_of_slots)?;
        let keys = keys.reshape((sequences * kv_heads, span, width))?;
        let values = values.reshape((sequences * kv_heads, span, width))?;
        let scores = query.matmul(&keys.transpose(1, 2)?)?;
        let scores = soft_cap(scores, self.shape.attention_soft_cap)?;
        let scores = match &group.mask {
            Some(mask) => scores
                .reshape((sequences, kv_heads, shared, rows_each, span))?
                .broadcast_add(mask)?
                .reshape((sequences * kv_heads, shared * rows_each, span))?,
            None => scores,
        };
        let weights = candle_nn::ops::softmax_last_dim(&scores)?;
        let mixed = weights.matmul(&values)?;
        Ok(mixed
            .reshape((sequences, kv_heads, shared, rows_each, width))?
            .permute((0, 3, 1, 2, 4))?
            .reshape((sequences * rows_each, self.shape.query_width()))?)
    }

    /// Adds the output of attention or feed-forward to the residual, after the post-norm if the
    /// family has one.
    fn add(
        &self,
        computed: Tensor,
        post_norm: Option<&Tensor>,
        residual: Tensor,
    ) -> Result<Tensor, ModelError> {
        let computed = self.norm_if(computed, post_norm)?;
        Ok((scaled(computed, self.shape.residual_scale)? + residual)?)
    }
}

#[expect(clippy::float_cmp, reason = "an unset factor is exactly 1")]
fn scaled(rows: Tensor, factor: f32) -> Result<Tensor, ModelError> {
    if factor == 1.0 { Ok(rows) } else { Ok((rows * f64::from(factor))?) }
}

fn soft_cap(values: Tensor, cap: Option<f32>) -> Result<Tensor, ModelError> {
    let Some(cap) = cap.map(f64::from) else { return Ok(values) };
    Ok(((values / cap)?.tanh()? * cap)?)
}

impl Executor for CandleExecutor {
    type PreparedStep = CandleStep;
    type Activations = Tensor;

    fn limits(&self) -> ForwardLimits {
        ForwardLimits {
            vocabulary_size: self.weights.output.matrix.output(),
            context_tokens_max: self.context_tokens_max,
            page_tokens: self.pages.page_tokens(),
            page_count: self.pages.page_count(),
            weight_bytes: self.weight_bytes,
            kv_bytes: self.pages.bytes(),
        }
    }

    fn begin(&mut self, input: &StepInput) -> Result<CandleStep, ModelError> {
        let source = CandleStepSettings {
            rope: &self.rope,
            local_rope: self.local_rope.as_ref(),
            query_growth: self.shape.query_growth,
            windows: &self.windows,
            kv_width: self.shape.kv_width(),
            pages: &self.pages,
            device: &self.device,
        };
        source.plan(input)
    }

    fn embed(&mut self, step: &CandleStep) -> Result<Tensor, ModelError> {
        scaled(self.weights.embedding.select(&step.tokens)?, self.shape.embedding_scale)
    }

    fn norm_qkv_rope_store(
        &mut self,
        layer: usize,
        rows: &Tensor,
        step: &CandleStep,
    ) -> Result<Tensor, ModelError> {
        let weights = &self.weights.layers[layer];
        let normed = self.norm(rows, &weights.attention_norm)?;
        let query = weights.query.forward(&normed)?;
        let key = weights.key.forward(&normed)?;
        let value = weights.value.forward(&normed)?;
        let angles = match self.shape.attention[layer].rope {
            LayerRope::None => None,
            LayerRope::Global => Some(&step.angles),
            LayerRope::Local => step.local_angles.as_ref(),
        };
        let query =
            self.norm_and_rotate(&query, self.shape.heads, weights.query_norm.as_ref(), angles)?;
        let key =
            self.norm_and_rotate(&key, self.shape.kv_heads, weights.key_norm.as_ref(), angles)?;
        self.pages.store(layer, &step.store_index, &key, &value)?;
        match &step.query_growth {
            Some(factors) => Ok(query.broadcast_mul(factors)?),
            None => Ok(query),
        }
    }

    fn attend(
        &mut self,
        layer: usize,
        query: Tensor,
        step: &CandleStep,
    ) -> Result<Tensor, ModelError> {
        let plan = &step.attention[self.window_of_layer[layer]];
        let parts = plan
            .groups
            .iter()
            .map(|group| self.attend_group(layer, &query, group))
            .collect::<Result<Vec<_>, _>>()?;
        let mixed = match parts.as_slice() {
            [only] => only.clone(),
            many => Tensor::cat(many, 0)?,
        };
        match &plan.inverse_order {
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
        let weights = &self.weights.layers[layer];
        let computed = weights.attention_out.forward(&mixed)?;
        self.add(computed, weights.attention_post_norm.as_ref(), residual)
    }

    fn norm_gate_up(&mut self, layer: usize, rows: &Tensor) -> Result<Tensor, ModelError> {
        let weights = &self.weights.layers[layer];
        let normed = self.norm(rows, &weights.feed_forward_norm)?;
        let gate = weights.gate.forward(&normed)?;
        let gate = match self.shape.activation {
            GateActivation::Silu => candle_nn::ops::silu(&gate)?,
            GateActivation::GeluTanh => gate.gelu()?,
        };
        Ok((gate * weights.up.forward(&normed)?)?)
    }

    fn down_residual(
        &mut self,
        layer: usize,
        inner: Tensor,
        residual: Tensor,
    ) -> Result<Tensor, ModelError> {
        let weights = &self.weights.layers[layer];
        let computed = weights.down.forward(&inner)?;
        self.add(computed, weights.feed_forward_post_norm.as_ref(), residual)
    }

    fn head(&mut self, rows: Tensor, step: &CandleStep) -> Result<Logits, ModelError> {
        let vocabulary_size = self.weights.output.matrix.output();
        let Some(wanted) = &step.wanted else {
            return Ok(Logits::new(Vec::new(), vocabulary_size));
        };
        let rows = rows.index_select(wanted, 0)?;
        let normed = self.norm(&rows, &self.weights.output_norm)?;
        let logits = scaled(self.weights.output.forward(&normed)?, self.shape.logit_scale)?;
        let logits = soft_cap(logits, self.shape.logit_soft_cap)?;
        let logits = Logits::new(logits.flatten_all()?.to_vec1::<f32>()?, vocabulary_size);
        Ok(logits.with_greedy(step.greedy))
    }
}
