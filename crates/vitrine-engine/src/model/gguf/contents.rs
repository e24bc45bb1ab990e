//! Parses the header of a GGUF file: the metadata and the location of each tensor.
//!
//! Invariants
//! - A tensor's bytes are inside its file and begin at a multiple of the file's alignment; no two
//!   tensors share a byte.

use crate::model::gguf::error::ALIGNMENT_MAX;
use crate::model::gguf::error::ALIGNMENT_MIN;
use crate::model::gguf::error::DIMENSIONS_MAX;
use crate::model::gguf::error::GgufError;
use crate::model::gguf::error::MAGIC;
use crate::model::gguf::reader::Reader;
use crate::model::gguf::tensor_type::TensorType;
use std::collections::BTreeMap;
use std::ops::Range;
use vitrine_base::metadata::Metadata;

/// Supported versions, which have 64-bit counts; version 1 was used for a few weeks of 2023.
const VERSIONS: std::ops::RangeInclusive<u32> = 2..=3;

/// Largest number of metadata entries; published files have fewer than 100.
const METADATA_ENTRIES_MAX: u64 = 65_536;

/// Largest number of tensors; the largest published models have a few thousand.
const TENSORS_MAX: u64 = 65_536;

/// Alignment of tensors in bytes, if the file sets none.
const ALIGNMENT_DEFAULT: u64 = 32;

/// Type, shape and location of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorEntry {
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
