//! A decoder's weights as candle tensors, taken from its file.
//!
//! Invariants
//! - Every tensor of the file is taken: one that no call uses would mean computing another model.

use crate::model::error::ModelError;
use crate::model::executor::linear::Linear;
use crate::model::executor::linear::Matrix;
use crate::model::executor::linear::load_vector;
use crate::model::gguf::GgufFile;
use crate::model::layout::Part;
use crate::model::layout::layer_parts;
use crate::model::rope::DIVISOR_TENSORS;
use crate::model::shape::DecoderShape;
use candle_core::Device;
use candle_core::Tensor;
use std::collections::BTreeSet;

/// Weights of one layer.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) attention_norm: Tensor,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) query_norm: Option<Tensor>,
    pub(super) key_norm: Option<Tensor>,
    pub(super) attention_out: Linear,
    pub(super) attention_post_norm: Option<Tensor>,
    pub(super) feed_forward_norm: Tensor,
    pub(super) gate: Linear,
    pub(super) up: Linear,
    pub(super) down: Linear,
    pub(super) feed_forward_post_norm: Option<Tensor>,
}

/// All weights of a decoder.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) embedding: Matrix,
    pub(super) layers: Vec<Layer>,
    pub(super) output_norm: Tensor,
    pub(super) output: Linear,
    pub(super) bytes: u64,
}

/// Takes tensors from the file and remembers which.
struct Loader<'a> {
    file: &'a GgufFile,
    shape: &'a DecoderShape,
    device: &'a Device,
    taken: BTreeSet<String>,
    bytes: u64,
}

impl Weights {
    /// Copies the weights to the device.
    pub(super) fn load(
        file: &GgufFile,
        shape: &DecoderShape,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let taken = DIVISOR_TENSORS.map(str::to_owned).into();
        let mut loader = Loader { file, shape, device, taken, bytes: 0 };
        let vocabulary = match file.tensor("token_embd.weight").map(|entry| &*entry.dims) {
            Some([rows, _]) if *rows <= DecoderShape::vocabulary_max() => *rows,
            _ => return Err(ModelError::TensorMissing { name: "token_embd.weight".to_owned() }),
        };
        let embedding = loader.matrix(&Part::whole("token_embd", vocabulary, shape.width))?;
        let layers =
            (0..shape.layers).map(|index| loader.layer(index)).collect::<Result<Vec<_>, _>>()?;
        let output_norm = loader.vector("output_norm.weight", shape.width)?;
        // Without an output matrix the embedding serves as one.
        let output = match file.tensor("output.weight") {
            Some(_) => loader.linear(&Part::whole("output", vocabulary, shape.width), false)?,
            None => Linear { matrix: embedding.clone(), bias: None },
        };
        loader.check_all_taken()?;
        Ok(Self { embedding, layers, output_norm, output, bytes: loader.bytes })
    }
}

impl Loader<'_> {
    fn matrix(&mut self, part: &Part) -> Result<Matrix, ModelError> {
        let matrix = Matrix::load(self.file, part, self.device)?;
        self.bytes += matrix.bytes();
        self.taken.insert(part.weight());
        Ok(matrix)
    }

    /// A matrix and its bias, which files of any family may hold.
    fn linear(&mut self, part: &Part, bias_required: bool) -> Result<Linear, ModelError> {
        let matrix = self.matrix(part)?;
        let bias = if bias_required || self.file.tensor(&part.bias()).is_some() {
            let whole = self.vector(&part.bias(), part.dims[0])?;
            Some(whole.narrow(0, part.rows.start, part.rows.len())?)
        } else {
            None
        };
        Ok(Linear { matrix, bias })
    }

    fn vector(&mut self, name: &str, width: usize) -> Result<Tensor, ModelError> {
        let vector = load_vector(self.file, name, width, self.device)?;
        self.bytes += 4 * width as u64;
        self.taken.insert(name.to_owned());
        Ok(vector)
    }

    fn vector_if(
        &mut self,
        has: bool,
        name: &str,
        width: usize,
    ) -> Result<Option<Tensor>, ModelError> {
        if has { self.vector(name, width).map(Some) } else { Ok(None) }
    }

    fn layer(&mut self, index: usize) -> Result<Layer, ModelError> {
        let shape = self.shape;
        let parts = layer_parts(self.file, shape, index);
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let (width, head_width) = (shape.width, shape.head_width);
        Ok(Layer {
            attention_norm: self.vector(&name("attn_norm"), width)?,
            query: self.linear(&parts.query, shape.qkv_bias)?,
            key: self.linear(&parts.key, shape.qkv_bias)?,
            value: self.linear(&parts.value, shape.qkv_bias)?,
            query_norm: self.vector_if(shape.qk_norm, &name("attn_q_norm"), head_width)?,
            key_norm: self.vector_if(shape.qk_norm, &name("attn_k_norm"), head_width)?,
            attention_out: self.linear(&parts.attention_out, false)?,
            attention_post_norm: self.vector_if(
                shape.post_norms,
                &name("post_attention_norm"),
                width,
            )?,
            feed_forward_norm: self.vector(&name("ffn_norm"), width)?,
            gate: self.linear(&parts.gate, false)?,
            up: self.linear(&parts.up, false)?,
            down: self.linear(&parts.down, false)?,
            feed_forward_post_norm: self.vector_if(
                shape.post_norms,
                &name("post_ffw_norm"),
                width,
            )?,
        })
    }

    fn check_all_taken(&self) -> Result<(), ModelError> {
        match self.file.tensors().find(|(name, _)| !self.taken.contains(*name)) {
            None => Ok(()),
            Some((name, _)) => Err(ModelError::TensorUnknown { name: name.to_owned() }),
        }
    }
}
