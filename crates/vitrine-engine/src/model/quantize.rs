//! Quantises float matrices when a model is opened, so that published checkpoints need no separate
//! conversion tool.
//!
//! Source: the formats are candle's, which follow ggml's reference quantisers.

use crate::model::error::ModelError;
use crate::model::executor::library_type;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorEntry;
use crate::model::gguf::TensorStorage;
use crate::model::gguf::TensorType;
use crate::model::rope::DIVISOR_TENSORS;
use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::QTensor;
use rayon::prelude::*;

/// Elements that each thread widens to f32 at a time: 4 MiB.
const CHUNK_ELEMENTS: usize = 1 << 20;

/// Target type for quantising float matrices when a model is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantization {
    tensor_type: TensorType,
}

/// (name in configurations, type).
const TARGETS: [(&str, TensorType); 5] = [
    ("q8_0", TensorType::Q8_0),
    ("q6_k", TensorType::Q6K),
    ("q5_k", TensorType::Q5K),
    ("q4_k", TensorType::Q4K),
    ("q4_0", TensorType::Q4_0),
];

impl Quantization {
    /// The names that [`Self::from_name`] accepts, for error messages.
    pub const NAMES: &'static str = "q8_0, q6_k, q5_k, q4_k, q4_0";

    /// The target with this configuration name: `q8_0`, `q6_k`, `q5_k`, `q4_k` or `q4_0`; `None`
    /// for any other name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let target = TARGETS.iter().find(|(known, _)| *known == name)?;
        Some(Self { tensor_type: target.1 })
    }

    /// Type for rows of `row_elements` elements: the target if its unit divides them, else `Q8_0`
    /// if that does, else `None`.
    fn fitting(self, row_elements: usize) -> Option<TensorType> {
        [self.tensor_type, TensorType::Q8_0]
            .into_iter()
            .find(|kind| (row_elements as u64).is_multiple_of(kind.unit_elements()))
    }
}

/// Quantises every float matrix of `file`. Vectors, matrices that are already quantised, and rows
/// whose length fits no type stay unchanged.
///
/// # Errors
/// If candle fails.
pub(crate) fn quantized(file: GgufFile, target: Quantization) -> Result<GgufFile, ModelError> {
    let mut packed = Vec::new();
    for (name, entry) in file.tensors() {
        let is_float =
            matches!(entry.tensor_type, TensorType::F32 | TensorType::F16 | TensorType::Bf16);
        let [_, columns] = *entry.dims.as_slice() else { continue };
        let Some(kind) = target.fitting(columns) else { continue };
        if !is_float || DIVISOR_TENSORS.contains(&name) {
            continue;
        }
        let Some((entry, bytes)) = file.tensor_bytes(name) else { continue };
        packed.push((name.to_owned(), kind, pack(entry, bytes, columns, kind)?));
    }
    let (files, mut parts, mut contents) = file.into_parts();
    for (name, kind, bytes) in packed {
        if let Some(entry) = contents.tensors.get_mut(&name) {
            if let Some(replaced @ TensorStorage::Owned(_)) = parts.get_mut(entry.part) {
                // A converted tensor is the only one in its part, so its old bytes can be freed.
                *replaced = TensorStorage::Owned(Vec::new());
            }
            entry.tensor_type = kind;
            entry.part = parts.len();
            entry.range = 0..bytes.len();
            parts.push(TensorStorage::Owned(bytes));
        }
    }
    Ok(GgufFile::assemble(files, parts, contents))
}

fn pack(
    entry: &TensorEntry,
    bytes: &[u8],
    columns: usize,
    kind: TensorType,
) -> Result<Vec<u8>, ModelError> {
    let library_kind = library_type(kind).ok_or_else(|| ModelError::TensorTypeUnsupported {
        name: "quantize".to_owned(),
        found: kind.name(),
        supported: Quantization::NAMES,
    })?;
    let element_bytes = if entry.tensor_type == TensorType::F32 { 4 } else { 2 };
    let chunk_bytes = (CHUNK_ELEMENTS / columns).max(1) * columns * element_bytes;
    let chunks = bytes
        .par_chunks(chunk_bytes)
        .map(|chunk| -> Result<Vec<u8>, ModelError> {
            let values = to_floats(entry.tensor_type, chunk);
            let dims = (values.len() / columns, columns);
            let tensor = Tensor::from_vec(values, dims, &Device::Cpu)?;
            Ok(QTensor::quantize(&tensor, library_kind)?.data()?.to_vec())
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(chunks.concat())
}

/// Decodes little-endian F32, F16 or BF16 values to f32; returns an empty vector for other types.
pub(crate) fn to_floats(tensor_type: TensorType, bytes: &[u8]) -> Vec<f32> {
    let halves = bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    match tensor_type {
        TensorType::F32 => bytes
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect(),
        TensorType::F16 => halves.map(|pair| half::f16::from_le_bytes(pair).to_f32()).collect(),
        TensorType::Bf16 => halves.map(|pair| half::bf16::from_le_bytes(pair).to_f32()).collect(),
        _ => Vec::new(),
    }
}
