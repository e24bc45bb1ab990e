//! Why a safetensors file is refused.

/// Largest number of dimensions of a tensor, as in GGUF.
pub(super) const DIMENSIONS_MAX: usize = 4;

/// Why a safetensors file was refused.
#[expect(missing_docs, reason = "the messages explain the fields")]
#[derive(Debug, thiserror::Error)]
pub enum SafetensorsError {
    #[error("file has {file_bytes} bytes, too few for its header of {header_bytes} bytes")]
    Truncated { file_bytes: usize, header_bytes: u64 },
    #[error("header is not a valid table of tensors")]
    Header(#[source] serde_json::Error),
    #[error("tensors take {found} bytes, the file has {expected} for them")]
    Length { found: usize, expected: usize },
    #[error("tensor `{name}` has type {found}, supported: F32, F16, BF16")]
    TensorType { name: String, found: String },
    #[error(
        "tensor `{name}` has {found} dimensions, allowed are 1 to {DIMENSIONS_MAX}, none of them 0"
    )]
    Dimensions { name: String, found: usize },
}
