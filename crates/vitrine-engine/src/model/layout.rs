//! Maps a decoder's matrices to tensors of its file: tensor names, and row ranges of fused tensors.
//!
//! Some families store query, key and value, or gate and up, as one fused tensor. Executors always
//! get separate matrices.
//!
//! Invariants
//! - The rows of a matrix are contiguous in the file, so a part of a fused tensor is one byte
//!   range.

use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorType;
use crate::model::shape::DecoderShape;
use std::ops::Range;

/// A matrix as a row range of a tensor, usually the whole tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorRows {
    /// The tensor's name without `.weight` or `.bias`.
    pub(crate) name: String,
    /// The tensor's rows that belong to this matrix.
    pub(crate) rows: Range<usize>,
    /// Rows and columns of the whole tensor.
    pub(crate) dims: [usize; 2],
}

/// A matrix in the file's encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedRows<'a> {
    pub(crate) tensor_type: TensorType,
    /// Rows and columns.
    pub(crate) dims: [usize; 2],
    pub(crate) bytes: &'a [u8],
}

/// The matrices of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerMatrices {
    pub(crate) query: TensorRows,
    pub(crate) key: TensorRows,
    pub(crate) value: TensorRows,
    pub(crate) attention_out: TensorRows,
    pub(crate) gate: TensorRows,
    pub(crate) up: TensorRows,
    pub(crate) down: TensorRows,
}

impl TensorRows {
    /// A matrix that is a whole tensor.
    pub(crate) fn whole(name: impl Into<String>, rows: usize, columns: usize) -> Self {
        Self { name: name.into(), rows: 0..rows, dims: [rows, columns] }
    }

    /// Splits a tensor of `columns` columns into consecutive matrices of the given row counts.
    fn fused<const N: usize>(name: &str, heights: [usize; N], columns: usize) -> [Self; N] {
        let dims = [heights.iter().sum(), columns];
        let mut end = 0;
        heights.map(|height| {
            end += height;
            Self { name: name.to_owned(), rows: end - height..end, dims }
        })
    }

    /// Name of the tensor that holds the matrix.
    pub(crate) fn weight(&self) -> String {
        format!("{}.weight", self.name)
    }

    /// Name of the tensor that holds the bias; the file may lack it.
    pub(crate) fn bias(&self) -> String {
        format!("{}.bias", self.name)
    }

    /// The bytes of the matrix in `file`.
    ///
    /// # Errors
    /// If the tensor is missing or has another shape.
    pub(crate) fn packed<'a>(&self, file: &'a GgufFile) -> Result<PackedRows<'a>, ModelError> {
        let name = self.weight();
        let (entry, bytes) = file
            .tensor_bytes(&name)
            .ok_or_else(|| ModelError::TensorMissing { name: name.clone() })?;
        if entry.dims != self.dims {
            let expected = self.dims.to_vec();
            return Err(ModelError::TensorShape { name, found: entry.dims.clone(), expected });
        }
        // The parser has checked that rows are whole packing units and that they fill the tensor's
        // bytes.
        let row_bytes = bytes.len() / self.dims[0];
        Ok(PackedRows {
            tensor_type: entry.tensor_type,
            dims: [self.rows.len(), self.dims[1]],
            bytes: &bytes[self.rows.start * row_bytes..self.rows.end * row_bytes],
        })
    }
}

/// Locates the matrices of layer `index`.
pub(crate) fn layer_matrices(file: &GgufFile, shape: &DecoderShape, index: usize) -> LayerMatrices {
    let name = |part: &str| format!("blk.{index}.{part}");
    let holds = |part: &str| file.tensor(&format!("{}.weight", name(part))).is_some();
    let (width, inner) = (shape.width, shape.feed_forward);
    let heights = [shape.query_width(), shape.kv_width(), shape.kv_width()];
    let [query, key, value] = if holds("attn_qkv") {
        TensorRows::fused(&name("attn_qkv"), heights, width)
    } else {
        let whole = |part: &str, rows| TensorRows::whole(name(part), rows, width);
        [whole("attn_q", heights[0]), whole("attn_k", heights[1]), whole("attn_v", heights[2])]
    };
    let [gate, up] = if holds("ffn_gate") {
        [
            TensorRows::whole(name("ffn_gate"), inner, width),
            TensorRows::whole(name("ffn_up"), inner, width),
        ]
    } else {
        TensorRows::fused(&name("ffn_up"), [inner, inner], width)
    };
    LayerMatrices {
        query,
        key,
        value,
        attention_out: TensorRows::whole(name("attn_output"), width, shape.query_width()),
        gate,
        up,
        down: TensorRows::whole(name("ffn_down"), width, inner),
    }
}
