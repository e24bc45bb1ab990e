//! Where a decoder's matrices lie in its file: names, and which rows of a fused tensor.
//!
//! Some families store query, key and value, or gate and up, as one tensor; executors ask here and
//! see three matrices, or two, whatever the file holds.
//!
//! Invariants
//! - Rows of a matrix are contiguous in the file: a part of a fused tensor is a range of its bytes.

use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorType;
use crate::model::shape::DecoderShape;
use std::ops::Range;

/// One matrix: rows of a tensor, often all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The tensor's name without `.weight` or `.bias`.
    pub(crate) name: String,
    /// Its rows that belong to this matrix.
    pub(crate) rows: Range<usize>,
    /// Rows and columns of the whole tensor.
    pub(crate) dims: [usize; 2],
}

/// A matrix in the file's packing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackedRows<'a> {
    pub(crate) tensor_type: TensorType,
    /// Rows and columns.
    pub(crate) dims: [usize; 2],
    pub(crate) bytes: &'a [u8],
}

/// The matrices of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerParts {
    pub(crate) query: Part,
    pub(crate) key: Part,
    pub(crate) value: Part,
    pub(crate) attention_out: Part,
    pub(crate) gate: Part,
    pub(crate) up: Part,
    pub(crate) down: Part,
}

impl Part {
    /// A whole tensor.
    pub(crate) fn whole(name: impl Into<String>, rows: usize, columns: usize) -> Self {
        Self { name: name.into(), rows: 0..rows, dims: [rows, columns] }
    }

    /// Neighbouring parts of one tensor, in order.
    fn fused<const N: usize>(name: &str, heights: [usize; N], columns: usize) -> [Self; N] {
        let dims = [heights.iter().sum(), columns];
        let mut end = 0;
        heights.map(|height| {
            end += height;
            Self { name: name.to_owned(), rows: end - height..end, dims }
        })
    }

    /// The tensor that holds the matrix.
    pub(crate) fn weight(&self) -> String {
        format!("{}.weight", self.name)
    }

    /// The tensor that holds what is added to its products, if the file has one.
    pub(crate) fn bias(&self) -> String {
        format!("{}.bias", self.name)
    }

    /// The matrix' bytes in `file`.
    ///
    /// # Errors
    /// If the tensor is missing or of another shape.
    pub(crate) fn packed<'a>(&self, file: &'a GgufFile) -> Result<PackedRows<'a>, ModelError> {
        let name = self.weight();
        let (entry, bytes) = file
            .tensor_bytes(&name)
            .ok_or_else(|| ModelError::TensorMissing { name: name.clone() })?;
        if entry.dims != self.dims {
            let expected = self.dims.to_vec();
            return Err(ModelError::TensorShape { name, found: entry.dims.clone(), expected });
        }
        // The file's parser checked that rows are whole packing units and fill the bytes.
        let row_bytes = bytes.len() / self.dims[0];
        Ok(PackedRows {
            tensor_type: entry.tensor_type,
            dims: [self.rows.len(), self.dims[1]],
            bytes: &bytes[self.rows.start * row_bytes..self.rows.end * row_bytes],
        })
    }
}

/// Where the matrices of layer `index` lie.
pub(crate) fn layer_parts(file: &GgufFile, shape: &DecoderShape, index: usize) -> LayerParts {
    let name = |part: &str| format!("blk.{index}.{part}");
    let holds = |part: &str| file.tensor(&format!("{}.weight", name(part))).is_some();
    let (width, inner) = (shape.width, shape.feed_forward);
    let heights = [shape.query_width(), shape.kv_width(), shape.kv_width()];
    let [query, key, value] = if holds("attn_qkv") {
        Part::fused(&name("attn_qkv"), heights, width)
    } else {
        let whole = |part: &str, rows| Part::whole(name(part), rows, width);
        [whole("attn_q", heights[0]), whole("attn_k", heights[1]), whole("attn_v", heights[2])]
    };
    let [gate, up] = if holds("ffn_gate") {
        [Part::whole(name("ffn_gate"), inner, width), Part::whole(name("ffn_up"), inner, width)]
    } else {
        Part::fused(&name("ffn_up"), [inner, inner], width)
    };
    LayerParts {
        query,
        key,
        value,
        attention_out: Part::whole(name("attn_output"), width, shape.query_width()),
        gate,
        up,
        down: Part::whole(name("ffn_down"), width, inner),
    }
}
