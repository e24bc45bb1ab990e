//! The encoder's checkpoint tensors, and one transformer layer in candle operations on any device.

use crate::model::encoder::adaptation::Adaptation;
use crate::model::encoder::config::EncoderActivation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::error::ModelError;
use candle_core::DType;
use candle_core::Tensor;
use std::collections::HashMap;

/// Sequences of equal length that are adjacent in the packed rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LengthGroup {
    /// First packed row of the first sequence.
    pub(crate) first_row: usize,
    /// Number of sequences.
    pub(crate) sequences: usize,
    /// Tokens per sequence.
    pub(crate) tokens: usize,
}

/// Tensor name prefixes in checkpoints that were saved together with a task head.
const PREFIXES: [&str; 2] = ["bert.", "roberta."];

/// The checkpoint's float tensors by name, converted to f32, without [`PREFIXES`].
#[derive(Debug)]
pub(crate) struct TensorSource {
    tensors: HashMap<String, Tensor>,
}

impl TensorSource {
    pub(crate) fn new(tensors: HashMap<String, Tensor>) -> Result<Self, ModelError> {
        let tensors = tensors
            .into_iter()
            .filter(|(_, tensor)| tensor.dtype().is_float())
            .map(|(name, tensor)| {
                let bare = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
                let name = bare.unwrap_or(&name).to_owned();
                Ok((name, tensor.to_dtype(DType::F32)?))
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Self { tensors })
    }

    /// The tensor `name`.
    ///
    /// # Errors
    /// If it is missing or its shape is not `expected`.
    pub(crate) fn tensor(&self, name: &str, expected: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| ModelError::TensorMissing { name: name.to_owned() })?;
        if tensor.dims() != expected {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                found: tensor.dims().to_vec(),
                expected: expected.to_vec(),
            });
        }
        Ok(tensor.clone())
    }

    /// The tensor `name`; `None` if the checkpoint lacks it.
    ///
    /// # Errors
    /// If its shape is not `expected`.
    pub(crate) fn tensor_if_present(
        &self,
        name: &str,
        expected: &[usize],
    ) -> Result<Option<Tensor>, ModelError> {
        if self.tensors.contains_key(name) {
            self.tensor(name, expected).map(Some)
        } else {
            Ok(None)
        }
    }

    /// All tensors by name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&String, &Tensor)> {
        self.tensors.iter()
    }

    /// Replaces the tensor `name`.
    pub(super) fn replace(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_owned(), tensor);
    }

    /// Adds the differences of `adaptation` to the tensors.
    pub(super) fn adapt(&mut self, adaptation: &Adaptation) -> Result<(), ModelError> {
        adaptation.apply(&mut self.tensors)
    }

    fn linear(&self, name: &str, input: usize, output: usize) -> Result<TensorLinear, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[output, input])?;
        let bias = self.tensor(&format!("{name}.bias"), &[output])?;
        Ok(TensorLinear { transposed: weight.t()?, bias })
    }

    /// The layer norm `name`; `epsilon` is added to the variance.
    pub(crate) fn norm(
        &self,
        name: &str,
        width: usize,
        epsilon: f64,
    ) -> Result<TensorNorm, ModelError> {
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no f64 precision")]
        let epsilon = epsilon as f32;
        Ok(TensorNorm {
            gain: self.tensor(&format!("{name}.weight"), &[width])?,
            bias: self.tensor(&format!("{name}.bias"), &[width])?,
            epsilon,
        })
    }
}

#[derive(Debug)]
struct TensorLinear {
    /// `[input, output]`, a view of the checkpoint's `[output, input]`.
    transposed: Tensor,
    bias: Tensor,
}

impl TensorLinear {
    fn forward(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        Ok(rows.matmul(&self.transposed)?.broadcast_add(&self.bias)?)
    }
}

/// Layer normalisation.
#[derive(Debug)]
pub(crate) struct TensorNorm {
    gain: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl TensorNorm {
    /// Normalises each row of `[rows, width]`.
    pub(crate) fn forward(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        // Candle's fused operation has no gradient.
        if rows.track_op() || self.gain.track_op() {
            return Ok(candle_nn::ops::layer_norm_slow(
                rows,
                &self.gain,
                &self.bias,
                self.epsilon,
            )?);
        }
        Ok(candle_nn::ops::layer_norm(rows, &self.gain, &self.bias, self.epsilon)?)
    }
}

/// A post-norm transformer layer: self-attention and feed-forward, each followed by its residual
/// and norm.
#[derive(Debug)]
pub(crate) struct EncoderLayer {
    query: TensorLinear,
    key: TensorLinear,
    value: TensorLinear,
    attention_out: TensorLinear,
    attention_norm: TensorNorm,
    up: TensorLinear,
    down: TensorLinear,
    out_norm: TensorNorm,
    activation: EncoderActivation,
    heads: usize,
    head_width: usize,
}

impl EncoderLayer {
    /// Reads layer `index` from the checkpoint.
    pub(crate) fn load(
        source: &TensorSource,
        config: &EncoderConfig,
        index: usize,
    ) -> Result<Self, ModelError> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let prefix = format!("encoder.layer.{index}");
        let attention = format!("{prefix}.attention");
        let epsilon = config.layer_norm_eps;
        Ok(Self {
            query: source.linear(&format!("{attention}.self.query"), width, width)?,
            key: source.linear(&format!("{attention}.self.key"), width, width)?,
            value: source.linear(&format!("{attention}.self.value"), width, width)?,
            attention_out: source.linear(&format!("{attention}.output.dense"), width, width)?,
            attention_norm: source.norm(
                &format!("{attention}.output.LayerNorm"),
                width,
                epsilon,
            )?,
            up: source.linear(&format!("{prefix}.intermediate.dense"), width, inner)?,
            down: source.linear(&format!("{prefix}.output.dense"), inner, width)?,
            out_norm: source.norm(&format!("{prefix}.output.LayerNorm"), width, epsilon)?,
            activation: config.activation()?,
            heads: config.num_attention_heads,
            head_width: config.head_width(),
        })
    }

    /// Computes the layer; input and output are `[rows, width]`.
    pub(crate) fn forward(
        &self,
        rows: &Tensor,
        groups: &[LengthGroup],
    ) -> Result<Tensor, ModelError> {
        let query = self.query.forward(rows)?;
        let key = self.key.forward(rows)?;
        let value = self.value.forward(rows)?;
        let mut attended = Vec::with_capacity(groups.len());
        for group in groups {
            attended.push(self.attend(group, &query, &key, &value)?);
        }
        let attended = match attended.as_slice() {
            [only] => only.clone(),
            many => Tensor::cat(many, 0)?,
        };
        let residual = (self.attention_out.forward(&attended)? + rows)?;
        let rows = self.attention_norm.forward(&residual)?;
        let inner = self.up.forward(&rows)?;
        let inner = match self.activation {
            EncoderActivation::Gelu => inner.gelu_erf()?,
            EncoderActivation::GeluTanh => inner.gelu()?,
            EncoderActivation::Relu => inner.relu()?,
        };
        let residual = (self.down.forward(&inner)? + &rows)?;
        self.out_norm.forward(&residual)
    }

    /// Bidirectional attention within each sequence of one group: `[sequences * tokens, width]`.
    fn attend(
        &self,
        group: &LengthGroup,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
    ) -> Result<Tensor, ModelError> {
        let (sequences, tokens) = (group.sequences, group.tokens);
        let split = |rows: &Tensor| -> Result<Tensor, ModelError> {
            Ok(rows
                .narrow(0, group.first_row, sequences * tokens)?
                .reshape((sequences, tokens, self.heads, self.head_width))?
                .transpose(1, 2)?
                .contiguous()?)
        };
        #[expect(clippy::cast_precision_loss, reason = "a head is narrower than 2^16")]
        let scale = 1.0 / (self.head_width as f64).sqrt();
        let query = (split(query)? * scale)?;
        let scores = query.matmul(&split(key)?.transpose(2, 3)?)?;
        let weights = if scores.track_op() {
            candle_nn::ops::softmax(&scores, 3)?
        } else {
            candle_nn::ops::softmax_last_dim(&scores)?
        };
        let mixed = weights.matmul(&split(value)?)?;
        Ok(mixed.transpose(1, 2)?.reshape((sequences * tokens, self.heads * self.head_width))?)
    }
}
