//! Reads the header of a safetensors file: the table of its tensors.
//!
//! Invariants
//! - A tensor's bytes are inside the file, match its shape in size, and belong to no other tensor
//!   (the library checks that offsets are contiguous).

use crate::model::checkpoint::error::DIMENSIONS_MAX;
use crate::model::checkpoint::error::SafetensorsError;
use crate::model::gguf::TensorType;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::ops::Range;

/// Size of the length field before the header, in bytes.
const SIZE_BYTES: usize = 8;

/// A tensor as listed in the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderEntry {
    pub(super) name: String,
    pub(super) tensor_type: TensorType,
    pub(super) dims: Vec<usize>,
    /// Byte range in the file.
    pub(super) range: Range<usize>,
}

/// Parses the header of a whole file. The tensors are sorted by name.
pub(super) fn read_header(bytes: &[u8]) -> Result<Vec<HeaderEntry>, SafetensorsError> {
    let file_bytes = bytes.len();
    let truncated = |header_bytes| SafetensorsError::Truncated { file_bytes, header_bytes };
    let size: [u8; SIZE_BYTES] = bytes
        .get(..SIZE_BYTES)
        .and_then(|size| size.try_into().ok())
        .ok_or_else(|| truncated(SIZE_BYTES as u64))?;
    let header_bytes = u64::from_le_bytes(size);
    let start = usize::try_from(header_bytes)
        .ok()
        .and_then(|header_bytes| header_bytes.checked_add(SIZE_BYTES))
        .filter(|start| *start <= file_bytes)
        .ok_or_else(|| truncated(header_bytes))?;
    let metadata: Metadata =
        serde_json::from_slice(&bytes[SIZE_BYTES..start]).map_err(SafetensorsError::Header)?;
    let (found, expected) = (metadata.data_len(), file_bytes - start);
    if found != expected {
        return Err(SafetensorsError::Length { found, expected });
    }
    let mut listed = Vec::new();
    for (name, tensor) in metadata.tensors() {
        let tensor_type = match tensor.dtype {
            Dtype::F32 => TensorType::F32,
            Dtype::F16 => TensorType::F16,
            Dtype::BF16 => TensorType::Bf16,
            other => {
                return Err(SafetensorsError::TensorType { name, found: format!("{other:?}") });
            }
        };
        let dims = tensor.shape.clone();
        if !(1..=DIMENSIONS_MAX).contains(&dims.len()) || dims.contains(&0) {
            return Err(SafetensorsError::Dimensions { name, found: dims.len() });
        }
        let (first, end) = tensor.data_offsets;
        listed.push(HeaderEntry { name, tensor_type, dims, range: start + first..start + end });
    }
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(listed)
}
