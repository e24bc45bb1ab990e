//! Storage of tensor bytes: memory-mapped files, and buffers for converted tensors.

use crate::model::error::ModelError;
use crate::model::gguf::contents::GgufContents;
use crate::model::gguf::contents::parse;
use crate::model::weights::MappedFile;
use std::path::Path;

/// Storage of tensor bytes.
#[derive(Debug)]
pub(crate) enum TensorStorage {
    /// A memory-mapped file.
    Mapped(MappedFile),
    /// A buffer in memory, for tensors that were converted when the model was opened.
    Owned(Vec<u8>),
}

impl TensorStorage {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(file) => file.bytes(),
            Self::Owned(bytes) => bytes,
        }
    }
}

/// Maps and parses one file.
pub(super) fn open_one(path: &Path) -> Result<(MappedFile, GgufContents), ModelError> {
    let file = MappedFile::open(path)?;
    let contents =
        parse(file.bytes()).map_err(|cause| ModelError::Gguf { path: path.to_owned(), cause })?;
    Ok((file, contents))
}
