//! Why a GGUF file is refused, and the bounds of the format that the messages name.

use std::path::PathBuf;

/// The first word of a file.
pub(super) const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");

/// Largest number of dimensions of a tensor: the format's own limit.
pub(super) const DIMENSIONS_MAX: u32 = 4;

/// Smallest alignment accepted, in bytes: tensors are read as 32-bit words without copying.
pub(super) const ALIGNMENT_MIN: u64 = 4;

/// Largest alignment accepted, in bytes; more than a memory page only wastes space.
pub(super) const ALIGNMENT_MAX: u64 = 65_536;

/// Why a GGUF file was refused.
#[expect(missing_docs, reason = "the messages explain the fields")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GgufError {
    #[error("file begins with {found:#010x}, a GGUF file begins with {MAGIC:#010x}")]
    Magic { found: u32 },
    #[error("version is {found}, supported are 2 and 3, little-endian")]
    Version { found: u32 },
    #[error("file ends inside the item at byte {at}; it has {file_bytes} bytes")]
    Truncated { at: usize, file_bytes: usize },
    #[error("{found} {what}, limit is {max}")]
    TooMany { what: &'static str, found: u64, max: u64 },
    #[error("text at byte {at} is not UTF-8")]
    NotUtf8 { at: usize },
    #[error("boolean at byte {at} is {found}, allowed are 0 and 1")]
    NotBool { at: usize, found: u8 },
    #[error("value type {code} at byte {at} is unknown or not allowed there")]
    ValueType { at: usize, code: u32 },
    #[error("array at byte {at} contains arrays, which is not supported")]
    NestedArray { at: usize },
    #[error("integer at byte {at} does not fit a signed 64-bit integer")]
    IntegerTooLarge { at: usize },
    #[error("key `{key}` appears twice")]
    KeyTwice { key: String },
    #[error("tensor `{name}` appears twice")]
    TensorTwice { name: String },
    #[error("tensor `{name}` has type code {code}, which is unknown")]
    TensorType { name: String, code: u32 },
    #[error("tensor `{name}` has {found} dimensions, allowed are 1 to {DIMENSIONS_MAX}")]
    Dimensions { name: String, found: u32 },
    #[error("tensor `{name}` is empty or too large to address")]
    Elements { name: String },
    #[error(
        "tensor `{name}` has rows of {row_elements} elements, not a multiple of {unit_elements}"
    )]
    RowLength { name: String, row_elements: u64, unit_elements: u64 },
    #[error("tensor `{name}` has offset {offset}, not a multiple of {alignment}")]
    Misaligned { name: String, offset: u64, alignment: u64 },
    #[error("tensor `{name}` ends at byte {end}, the file has {file_bytes} bytes")]
    OutOfFile { name: String, end: u64, file_bytes: u64 },
    #[error(
        "alignment is {found}, allowed are powers of two from {ALIGNMENT_MIN} to {ALIGNMENT_MAX}"
    )]
    Alignment { found: u64 },
    #[error("tensors `{first}` and `{second}` share bytes of the file")]
    Overlap { first: String, second: String },
    #[error("model has {count} shards, allowed are 1 to {max}")]
    ShardCount { count: u64, max: u64 },
    #[error("file is one of {count} shards, so it must be named NAME-00001-of-{count:05}.gguf")]
    ShardName { count: u64 },
    #[error("{} is missing; put all {count} shards of the model into one folder", path.display())]
    ShardMissing { path: PathBuf, count: u64 },
    #[error("metadata names shard {found} of {found_count}, expected shard {expected} of {count}")]
    ShardForeign { found: u64, found_count: u64, expected: u64, count: u64 },
    #[error("the shards contain {found} tensors, the first one announces {announced}")]
    ShardTensors { found: u64, announced: u64 },
}
