//! A decoder's weights: one list of tensor names for all executors, generic over how they store
//! tensors.
//!
//! Invariants
//! - Every tensor of the file is used: a tensor that no call uses means that the file describes
//!   another model.

use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use crate::model::layout::TensorRows;
use crate::model::layout::layer_matrices;
use crate::model::rope::DIVISOR_TENSORS;
use crate::model::shape::DecoderShape;
use std::collections::BTreeSet;
use std::ops::Range;

/// Loads tensors into an executor's own storage.
pub(super) trait TensorLoader {
    /// A `[output, input]` matrix; clones share its memory.
    type Matrix: Clone;
    /// An f32 vector.
    type Vector;

    /// Loads one matrix.
    fn matrix(&mut self, file: &GgufFile, part: &TensorRows) -> Result<Self::Matrix, ModelError>;

    /// Loads elements `range` of the vector `name`, which must have `width` elements.
    fn vector(
        &mut self,
        file: &GgufFile,
        name: &str,
        width: usize,
        range: Range<usize>,
    ) -> Result<Self::Vector, ModelError>;
}

/// A matrix and its optional bias.
#[derive(Debug, Clone)]
pub(super) struct LinearWeights<M, V> {
    pub(super) matrix: M,
    pub(super) bias: Option<V>,
}

/// The weights of one layer.
#[derive(Debug)]
pub(super) struct LayerWeights<M, V> {
    pub(super) attention_norm: V,
    pub(super) query: LinearWeights<M, V>,
    pub(super) key: LinearWeights<M, V>,
    pub(super) value: LinearWeights<M, V>,
    pub(super) query_norm: Option<V>,
    pub(super) key_norm: Option<V>,
    pub(super) attention_out: LinearWeights<M, V>,
    pub(super) attention_post_norm: Option<V>,
    pub(super) feed_forward_norm: V,
    pub(super) gate: LinearWeights<M, V>,
    pub(super) up: LinearWeights<M, V>,
    pub(super) down: LinearWeights<M, V>,
    pub(super) feed_forward_post_norm: Option<V>,
}

/// All weights of a decoder.
#[derive(Debug)]
pub(super) struct DecoderWeights<M, V> {
    pub(super) embedding: M,
    pub(super) layers: Vec<LayerWeights<M, V>>,
    pub(super) output_norm: V,
    pub(super) output: LinearWeights<M, V>,
}

/// Loads tensors from a file and records which ones it has used.
struct TrackedLoader<'a, H> {
    file: &'a GgufFile,
    shape: &'a DecoderShape,
    tensor_loader: &'a mut H,
    taken: BTreeSet<String>,
}

impl<M: Clone, V> DecoderWeights<M, V> {
    /// Loads every tensor of `file`.
    ///
    /// # Errors
    /// If a tensor is missing, has another shape or an unsupported type, or is not used by the
    /// family.
    pub(super) fn load(
        file: &GgufFile,
        shape: &DecoderShape,
        tensor_loader: &mut impl TensorLoader<Matrix = M, Vector = V>,
    ) -> Result<Self, ModelError> {
        let taken = DIVISOR_TENSORS.map(str::to_owned).into();
        let mut loader = TrackedLoader { file, shape, tensor_loader, taken };
        let vocabulary = match file.tensor("token_embd.weight").map(|entry| &*entry.dims) {
            Some([rows, _]) if *rows <= DecoderShape::vocabulary_max() => *rows,
            _ => return Err(ModelError::TensorMissing { name: "token_embd.weight".to_owned() }),
        };
        let embedding = loader.matrix(&TensorRows::whole("token_embd", vocabulary, shape.width))?;
        let layers =
            (0..shape.layers).map(|index| loader.layer(index)).collect::<Result<Vec<_>, _>>()?;
        let output_norm = loader.vector("output_norm.weight", shape.width)?;
        // Without an output matrix, the embedding doubles as one.
        let output = match file.tensor("output.weight") {
            Some(_) => {
                loader.linear(&TensorRows::whole("output", vocabulary, shape.width), false)?
            }
            None => LinearWeights { matrix: embedding.clone(), bias: None },
        };
        loader.check_all_taken()?;
        Ok(Self { embedding, layers, output_norm, output })
    }
}

impl<H: TensorLoader> TrackedLoader<'_, H> {
    fn matrix(&mut self, part: &TensorRows) -> Result<H::Matrix, ModelError> {
        let matrix = self.tensor_loader.matrix(self.file, part)?;
        self.taken.insert(part.weight());
        Ok(matrix)
    }

    /// A matrix and its bias; the bias is loaded whenever the file has one, whatever the family.
    fn linear(
        &mut self,
        part: &TensorRows,
        bias_required: bool,
    ) -> Result<LinearWeights<H::Matrix, H::Vector>, ModelError> {
        let matrix = self.matrix(part)?;
        let bias = if bias_required || self.file.tensor(&part.bias()).is_some() {
            Some(self.range(&part.bias(), part.dims[0], part.rows.clone())?)
        } else {
            None
        };
        Ok(LinearWeights { matrix, bias })
    }

    fn vector(&mut self, name: &str, width: usize) -> Result<H::Vector, ModelError> {
        self.range(name, width, 0..width)
    }

    fn range(
        &mut self,
        name: &str,
        width: usize,
        range: Range<usize>,
    ) -> Result<H::Vector, ModelError> {
        let vector = self.tensor_loader.vector(self.file, name, width, range)?;
        self.taken.insert(name.to_owned());
        Ok(vector)
    }

    fn vector_if(
        &mut self,
        has: bool,
        name: &str,
        width: usize,
    ) -> Result<Option<H::Vector>, ModelError> {
        if has { self.vector(name, width).map(Some) } else { Ok(None) }
    }

    fn layer(&mut self, index: usize) -> Result<LayerWeights<H::Matrix, H::Vector>, ModelError> {
        let shape = self.shape;
        let parts = layer_matrices(self.file, shape, index);
        let name = |part: &str| format!("blk.{index}.{part}.weight");
        let (width, head_width) = (shape.width, shape.head_width);
        Ok(LayerWeights {
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
