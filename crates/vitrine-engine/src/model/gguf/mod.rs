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
//! Invariants
//! - A tensor's bytes are inside its file and begin at a multiple of the file's alignment; no two
//!   tensors share a byte.
//!
//! Source: `docs/gguf.md` of ggml, versions 2 and 3, little-endian.

mod reader;
mod shards;
mod tensor_type;

use crate::model::error::ModelError;
use crate::model::gguf::reader::Reader;
use crate::model::weights::MappedFile;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::metadata::Metadata;

pub use tensor_type::TensorType;

const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
/// Supported versions, which have 64-bit counts; version 1 was used for a few weeks of 2023.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// Largest number of metadata entries; published files have fewer than 100.
const METADATA_ENTRIES_MAX: u64 = 65_536;
/// Largest number of tensors; the largest published models have a few thousand.
const TENSORS_MAX: u64 = 65_536;
/// Largest number of dimensions of a tensor: the format's own limit.
const DIMENSIONS_MAX: u32 = 4;
/// Alignment of tensors in bytes, if the file sets none.
const ALIGNMENT_DEFAULT: u64 = 32;
/// Smallest alignment accepted, in bytes: tensors are read as 32-bit words without copying.
const ALIGNMENT_MIN: u64 = 4;
/// Largest alignment accepted, in bytes; more than a memory page only wastes space.
const ALIGNMENT_MAX: u64 = 65_536;

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

/// Type, shape and location of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// Element type.
    pub tensor_type: TensorType,
    /// Dimensions, outermost first: `[rows, row elements]` for a matrix.
    pub dims: Vec<usize>,
    /// Index of the file or buffer that holds the tensor.
    pub part: usize,
    /// Byte range of the tensor in that file or buffer.
    pub range: Range<usize>,
}

/// Metadata and tensor table of a GGUF file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GgufContents {
    pub(crate) metadata: Metadata,
    pub(crate) tensors: BTreeMap<String, TensorEntry>,
}

/// Storage of tensor bytes.
#[derive(Debug)]
pub(crate) enum TensorStorage {
    /// A memory-mapped file.
    Mapped(MappedFile),
    /// A buffer in memory, for tensors that were converted when the model was opened.
    Owned(Vec<u8>),
}

impl TensorStorage {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(file) => file.bytes(),
            Self::Owned(bytes) => bytes,
        }
    }
}

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
            Some(count) => shards::open(path, count),
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
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Path of the first file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Size of all mapped files together, in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        let mapped = self.parts.iter().filter(|part| matches!(part, TensorStorage::Mapped(_)));
        mapped.map(|part| part.bytes().len() as u64).sum()
    }

    /// Keys and values of the header.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.contents.metadata
    }

    /// Keys and values of the header; drops the map.
    #[must_use]
    pub fn into_metadata(self) -> Metadata {
        self.contents.metadata
    }

    /// All tensors, by ascending name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorEntry)> {
        self.contents.tensors.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// The tensor's entry; `None` if the model has no such tensor.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.contents.tensors.get(name)
    }

    /// The tensor's entry and bytes; `None` if the model has no such tensor.
    #[must_use]
    pub fn tensor_bytes(&self, name: &str) -> Option<(&TensorEntry, &[u8])> {
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

fn open_one(path: &Path) -> Result<(MappedFile, GgufContents), ModelError> {
    let file = MappedFile::open(path)?;
    let contents =
        parse(file.bytes()).map_err(|cause| ModelError::Gguf { path: path.to_owned(), cause })?;
    Ok((file, contents))
}

/// Parses the header, metadata and tensor table of a whole file.
pub(crate) fn parse(bytes: &[u8]) -> Result<GgufContents, GgufError> {
    let mut reader = Reader::new(bytes);
    let magic = reader.u32()?;
    if magic != MAGIC {
        return Err(GgufError::Magic { found: magic });
    }
    let version = reader.u32()?;
    if !VERSIONS.contains(&version) {
        return Err(GgufError::Version { found: version });
    }
    let tensor_count = reader.count("tensors", TENSORS_MAX)?;
    let entry_count = reader.count("metadata entries", METADATA_ENTRIES_MAX)?;
    let metadata = read_metadata(&mut reader, entry_count)?;
    let alignment = match metadata.unsigned("general.alignment") {
        None => ALIGNMENT_DEFAULT,
        Some(found)
            if found.is_power_of_two() && (ALIGNMENT_MIN..=ALIGNMENT_MAX).contains(&found) =>
        {
            found
        }
        Some(found) => return Err(GgufError::Alignment { found }),
    };
    let mut placed = Vec::new();
    for _ in 0..tensor_count {
        placed.push(read_tensor(&mut reader, alignment)?);
    }
    let start = (reader.at() as u64).next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    for tensor in placed {
        let (name, entry) = tensor.locate(start, bytes.len() as u64)?;
        if tensors.insert(name.clone(), entry).is_some() {
            return Err(GgufError::TensorTwice { name });
        }
    }
    check_no_overlap(&tensors)?;
    Ok(GgufContents { metadata, tensors })
}

/// Refuses tensors that share bytes: no writer produces them, and they would be counted twice.
fn check_no_overlap(tensors: &BTreeMap<String, TensorEntry>) -> Result<(), GgufError> {
    let mut in_order: Vec<(&String, &Range<usize>)> =
        tensors.iter().map(|(name, entry)| (name, &entry.range)).collect();
    in_order.sort_by_key(|(_, range)| (range.start, range.end));
    match in_order.windows(2).find(|pair| pair[0].1.end > pair[1].1.start) {
        None => Ok(()),
        Some(pair) => {
            Err(GgufError::Overlap { first: pair[0].0.clone(), second: pair[1].0.clone() })
        }
    }
}

fn read_metadata(reader: &mut Reader<'_>, entry_count: usize) -> Result<Metadata, GgufError> {
    let mut metadata = Metadata::default();
    for _ in 0..entry_count {
        let key = reader.key()?;
        let value = reader.value()?;
        if metadata.get(&key).is_some() {
            return Err(GgufError::KeyTwice { key });
        }
        metadata.insert(key, value);
    }
    Ok(metadata)
}

/// A tensor as listed in the table, with its offset relative to the start of the tensor section.
struct ListedTensor {
    name: String,
    tensor_type: TensorType,
    dims: Vec<usize>,
    offset: u64,
    bytes: u64,
}

fn read_tensor(reader: &mut Reader<'_>, alignment: u64) -> Result<ListedTensor, GgufError> {
    let name = reader.key()?;
    let dimensions = reader.u32()?;
    if !(1..=DIMENSIONS_MAX).contains(&dimensions) {
        return Err(GgufError::Dimensions { name, found: dimensions });
    }
    let mut innermost_first = Vec::new();
    for _ in 0..dimensions {
        innermost_first.push(reader.u64()?);
    }
    let code = reader.u32()?;
    let offset = reader.u64()?;
    let Some(tensor_type) = TensorType::from_code(code) else {
        return Err(GgufError::TensorType { name, code });
    };
    let (row_elements, unit_elements) = (innermost_first[0], tensor_type.unit_elements());
    if !row_elements.is_multiple_of(unit_elements) {
        return Err(GgufError::RowLength { name, row_elements, unit_elements });
    }
    if !offset.is_multiple_of(alignment) {
        return Err(GgufError::Misaligned { name, offset, alignment });
    }
    let elements = innermost_first
        .iter()
        .try_fold(1_u64, |product, &dim| product.checked_mul(dim))
        .filter(|elements| *elements > 0);
    let bytes = elements
        .and_then(|elements| (elements / unit_elements).checked_mul(tensor_type.unit_bytes()));
    let dims: Option<Vec<usize>> =
        innermost_first.iter().rev().map(|&dim| usize::try_from(dim).ok()).collect();
    match (bytes, dims) {
        (Some(bytes), Some(dims)) => Ok(ListedTensor { name, tensor_type, dims, offset, bytes }),
        _ => Err(GgufError::Elements { name }),
    }
}

impl ListedTensor {
    fn locate(self, start: u64, file_bytes: u64) -> Result<(String, TensorEntry), GgufError> {
        let first = start.saturating_add(self.offset);
        let end = first.saturating_add(self.bytes);
        let range = usize::try_from(first).ok().zip(usize::try_from(end).ok());
        match range {
            Some((first, end)) if end as u64 <= file_bytes => {
                let entry = TensorEntry {
                    tensor_type: self.tensor_type,
                    dims: self.dims,
                    part: 0,
                    range: first..end,
                };
                Ok((self.name, entry))
            }
            _ => Err(GgufError::OutOfFile { name: self.name, end, file_bytes }),
        }
    }
}

#[cfg(test)]
mod tests;
