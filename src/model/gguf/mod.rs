//! GGUF files: a memory map, its metadata, and where each tensor lies.
//!
//! The parser is ours because a library that fails on the first unknown tensor type refuses files
//! it could partly serve, and because a hostile file must end in an error: no panic, no allocation
//! that the file's own size does not pay for.
//!
//! Invariants
//! - A tensor's bytes lie inside the file, and begin at a multiple of the file's alignment.
//!
//! Source: `docs/gguf.md` of ggml, versions 2 and 3, little-endian.

mod reader;
mod tensor_type;

use crate::base::metadata::Metadata;
use crate::model::error::ModelError;
use crate::model::gguf::reader::Reader;
use crate::model::weights::MappedFile;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

pub use tensor_type::TensorType;

const MAGIC: u32 = u32::from_le_bytes(*b"GGUF");
/// Versions with 64-bit counts; version 1 was used for a few weeks of 2023.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;
/// Most metadata entries; published files have fewer than 100.
const METADATA_ENTRIES_MAX: u64 = 65_536;
/// Most tensors; the largest published models have some thousands.
const TENSORS_MAX: u64 = 65_536;
/// Most dimensions of a tensor: the format's own limit.
const DIMENSIONS_MAX: u32 = 4;
/// Alignment of tensors where the file names none.
const ALIGNMENT_DEFAULT: u64 = 32;
/// Least alignment accepted: tensors are read in place as 32-bit words.
const ALIGNMENT_MIN: u64 = 4;
/// Largest alignment accepted; beyond a page size it would only waste space.
const ALIGNMENT_MAX: u64 = 65_536;

/// What is wrong with a GGUF file.
#[expect(missing_docs, reason = "the messages say what each number is")]
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
    #[error("value type {code} at byte {at} is unknown or misplaced")]
    ValueType { at: usize, code: u32 },
    #[error("array of arrays at byte {at} is not supported")]
    NestedArray { at: usize },
    #[error("integer at byte {at} does not fit 64 signed bits")]
    IntegerTooLarge { at: usize },
    #[error("key `{key}` stands twice")]
    KeyTwice { key: String },
    #[error("tensor `{name}` stands twice")]
    TensorTwice { name: String },
    #[error("tensor `{name}` has type code {code}, which is unknown")]
    TensorType { name: String, code: u32 },
    #[error("tensor `{name}` has {found} dimensions, allowed are 1 to {DIMENSIONS_MAX}")]
    Dimensions { name: String, found: u32 },
    #[error("tensor `{name}` is empty or too large to address")]
    Elements { name: String },
    #[error("tensor `{name}` has rows of {row_elements}, not a multiple of {unit_elements}")]
    RowLength { name: String, row_elements: u64, unit_elements: u64 },
    #[error("tensor `{name}` begins at {offset}, not a multiple of {alignment}")]
    Misaligned { name: String, offset: u64, alignment: u64 },
    #[error("tensor `{name}` ends at byte {end}, the file has {file_bytes}")]
    OutOfFile { name: String, end: u64, file_bytes: u64 },
    #[error(
        "alignment is {found}, allowed are powers of two from {ALIGNMENT_MIN} to {ALIGNMENT_MAX}"
    )]
    Alignment { found: u64 },
    #[error("file is one of {count} pieces; merge them first")]
    Split { count: u64 },
}

/// Where a tensor lies and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// Element type.
    pub tensor_type: TensorType,
    /// Dimensions, outermost first: `[rows, row elements]` for a matrix.
    pub dims: Vec<usize>,
    /// Its bytes in the file.
    pub range: Range<usize>,
}

/// Metadata and tensor table of a GGUF file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Contents {
    pub(crate) metadata: Metadata,
    pub(crate) tensors: BTreeMap<String, TensorEntry>,
}

/// A memory-mapped GGUF file.
#[derive(Debug)]
pub struct GgufFile {
    path: PathBuf,
    file: MappedFile,
    contents: Contents,
}

impl GgufFile {
    /// Maps and parses the file at `path`.
    ///
    /// # Errors
    /// If it cannot be read or is not a well-formed GGUF file.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let file = MappedFile::open(path)?;
        let contents = parse(file.bytes())
            .map_err(|cause| ModelError::Gguf { path: path.to_owned(), cause })?;
        Ok(Self { path: path.to_owned(), file, contents })
    }

    /// Where the file lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the file, in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.file.bytes().len() as u64
    }

    /// Keys and values of the header.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.contents.metadata
    }

    /// Keys and values of the header; the map is let go.
    #[must_use]
    pub fn into_metadata(self) -> Metadata {
        self.contents.metadata
    }

    /// All tensors by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorEntry)> {
        self.contents.tensors.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    /// One tensor's place.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorEntry> {
        self.contents.tensors.get(name)
    }

    /// One tensor's place and its bytes in the map.
    #[must_use]
    pub fn tensor_bytes(&self, name: &str) -> Option<(&TensorEntry, &[u8])> {
        let entry = self.tensor(name)?;
        // The parser admitted only ranges inside the file.
        Some((entry, self.file.bytes().get(entry.range.clone())?))
    }
}

/// Reads a whole file's tables.
pub(crate) fn parse(bytes: &[u8]) -> Result<Contents, GgufError> {
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
    if let Some(count) = metadata.unsigned("split.count").filter(|count| *count > 1) {
        return Err(GgufError::Split { count });
    }
    let mut placed = Vec::new();
    for _ in 0..tensor_count {
        placed.push(read_tensor(&mut reader, alignment)?);
    }
    let start = (reader.at() as u64).next_multiple_of(alignment);
    let mut tensors = BTreeMap::new();
    for tensor in placed {
        let (name, entry) = tensor.place(start, bytes.len() as u64)?;
        if tensors.insert(name.clone(), entry).is_some() {
            return Err(GgufError::TensorTwice { name });
        }
    }
    Ok(Contents { metadata, tensors })
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

/// A tensor as the table lists it, its offset relative to the tensors' start.
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
    fn place(self, start: u64, file_bytes: u64) -> Result<(String, TensorEntry), GgufError> {
        let first = start.saturating_add(self.offset);
        let end = first.saturating_add(self.bytes);
        let range = usize::try_from(first).ok().zip(usize::try_from(end).ok());
        match range {
            Some((first, end)) if end as u64 <= file_bytes => {
                let entry = TensorEntry {
                    tensor_type: self.tensor_type,
                    dims: self.dims,
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
