//! Reads GGUF files: a memory map, the metadata, and the location of each tensor.
//!
//! The parser is our own for two reasons. A library that fails on the first unknown tensor type
//! refuses files that could be served in part. And a hostile file must end in an error: it must not
//! cause a panic, or an allocation larger than the file itself justifies.
//!
//! A model may be split into shards, `NAME-00001-of-00003.gguf`: the first shard carries the
//! metadata, every shard its own tensors, and together they form one [`GgufFile`]. A checkpoint in
//! another format is converted to a [`GgufFile`] too; its converted tensors are in memory instead
//! of in a map.
//!
//! `contents` states which tensor tables are refused.
//!
//! Source: `docs/gguf.md` of ggml, versions 2 and 3, little-endian.

mod contents;
pub(in crate::model) mod error;
mod reader;
mod shards;
mod storage;
mod tensor_type;

use crate::model::error::ModelError;
use crate::model::gguf::storage::open_one;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::metadata::Metadata;

pub(crate) use contents::GgufContents;
pub(crate) use contents::TensorEntry;
#[cfg(test)]
pub(crate) use contents::parse;
pub use error::GgufError;
pub(crate) use storage::TensorStorage;
pub(crate) use tensor_type::TensorType;

/// A model's metadata and tensors under their GGUF names.
#[derive(Debug)]
pub struct GgufFile {
    files: Vec<PathBuf>,
    parts: Vec<TensorStorage>,
    contents: GgufContents,
}

impl GgufFile {
    /// Maps and parses the file at `path`, and its other shards if the model is split.
    ///
    /// # Errors
    /// If a file cannot be read or is not a well-formed GGUF file, or a shard is missing or belongs
    /// to another model.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let (file, contents) = open_one(path)?;
        match contents.metadata.unsigned(shards::COUNT).filter(|count| *count > 1) {
            Some(count) => {
                let (files, parts, contents) = shards::open(path, count)?;
                Ok(Self::assemble(files, parts, contents))
            }
            None => Ok(Self::assemble(
                vec![path.to_owned()],
                vec![TensorStorage::Mapped(file)],
                contents,
            )),
        }
    }

    /// Assembles a model from mapped or converted parts.
    pub(crate) fn assemble(
        files: Vec<PathBuf>,
        parts: Vec<TensorStorage>,
        contents: GgufContents,
    ) -> Self {
        Self { files, parts, contents }
    }

    /// Splits the model into files, parts and contents, the reverse of [`Self::assemble`].
    pub(crate) fn into_parts(self) -> (Vec<PathBuf>, Vec<TensorStorage>, GgufContents) {
        (self.files, self.parts, self.contents)
    }

    /// The files of the model in shard order; the first one carries the metadata.
    #[must_use]
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Path of the first file.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Size of all mapped files together, in bytes.
    #[must_use]
    pub(crate) fn file_bytes(&self) -> u64 {
        let mapped = self.parts.iter().filter(|part| matches!(part, TensorStorage::Mapped(_)));
        mapped.map(|part| part.bytes().len() as u64).sum()
    }

    /// Keys and values of the header.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.contents.metadata
    }

    /// All tensors, by ascending name.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&str, &TensorEntry)> {
        self.contents.tensors.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The tensor's entry; `None` if the model has no such tensor.
    #[must_use]
    pub(crate) fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.contents.tensors.get(name)
    }

    /// The tensor's entry and bytes; `None` if the model has no such tensor.
    #[must_use]
    pub(crate) fn tensor_bytes(&self, name: &str) -> Option<(&TensorEntry, &[u8])> {
        let entry = self.tensor(name)?;
        // The parser accepts only ranges inside the file.
        Some((entry, self.parts.get(entry.part)?.bytes().get(entry.range.clone())?))
    }

    /// Releases the memory behind a mapped tensor's bytes. The bytes stay readable: they are loaded
    /// from the file again on access.
    pub(crate) fn release(&self, name: &str) {
        let Some(entry) = self.tensor(name) else { return };
        if let Some(TensorStorage::Mapped(file)) = self.parts.get(entry.part) {
            file.release(entry.range.clone());
        }
    }

    /// Copies an f32 vector of `count` elements.
    ///
    /// # Errors
    /// If it is missing, has another shape or has another type.
    pub(crate) fn floats(&self, name: &str, count: usize) -> Result<Vec<f32>, ModelError> {
        let (entry, bytes) = self
            .tensor_bytes(name)
            .ok_or_else(|| ModelError::TensorMissing { name: name.to_owned() })?;
        if entry.dims != [count] {
            return Err(ModelError::TensorShape {
                name: name.to_owned(),
                found: entry.dims.clone(),
                expected: vec![count],
            });
        }
        if entry.tensor_type != TensorType::F32 {
            return Err(ModelError::TensorTypeUnsupported {
                name: name.to_owned(),
                found: entry.tensor_type.name(),
                supported: TensorType::F32.name(),
            });
        }
        let words = bytes.chunks_exact(4);
        Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }
}

#[cfg(test)]
mod tests;
