//! Opens safetensors checkpoints as published on Hugging Face: a folder with `config.json` and
//! weight files.
//!
//! A checkpoint is presented as the GGUF file that llama.cpp's conversion would make of it, with
//! the same metadata keys, tensor names and layouts, so the rest of the program needs only one
//! format. The differences are converted in memory: rows of query and key heads are reordered for
//! families that rotate neighbouring elements, 1 is added to Gemma's norm gains, and vectors become
//! f32. All other tensors stay in the map.
//!
//! Refuses, by name, unknown tensors and settings that it cannot convert.
//!
//! Source: `convert_hf_to_gguf.py` of llama.cpp; the safetensors format description.

mod config;
pub(in crate::model) mod error;
mod header;
mod names;
mod scaling;

use crate::model::checkpoint::config::CheckpointConfig;
use crate::model::checkpoint::header::read_header;
use crate::model::checkpoint::names::GgufTarget;
use crate::model::checkpoint::names::gguf_target;
use crate::model::error::ModelError;
use crate::model::gguf::GgufContents;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorEntry;
use crate::model::gguf::TensorStorage;
use crate::model::gguf::TensorType;
use crate::model::quantize::to_floats;
use crate::model::shape::DecoderShape;
use crate::model::weights::MappedFile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

pub use error::SafetensorsError;

/// Largest JSON file read, in bytes; index files of the largest published models have about 10 MiB.
const JSON_BYTES_MAX: u64 = 64 << 20;
/// Largest number of weight files; the largest published models have fewer than 200.
const FILES_MAX: usize = 1024;
const CONFIG: &str = "config.json";
const WHOLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// Opens the checkpoint in `folder`.
///
/// # Errors
/// If a file is missing or malformed, the family or a setting is not supported, or the family does
/// not use one of the tensors.
pub(crate) fn open(folder: &Path) -> Result<GgufFile, ModelError> {
    let config = CheckpointConfig::new(read_json(&folder.join(CONFIG))?)?;
    let mut metadata = config.metadata()?;
    scaling::add(&config, &mut metadata)?;
    let shape = DecoderShape::from_metadata(&metadata)?;
    let files = weight_files(folder)?;
    let mut import = CheckpointImport {
        shape: &shape,
        tied: config.tied(),
        parts: Vec::new(),
        contents: GgufContents { metadata, tensors: BTreeMap::new() },
    };
    for path in &files {
        import.file(path)?;
    }
    for (name, divisors) in scaling::divisors(&config, &shape)? {
        import.own(name, vec![divisors.len()], TensorType::F32, to_bytes(&divisors))?;
    }
    if import.tied == Some(false) && !import.contents.tensors.contains_key("output.weight") {
        return Err(ModelError::TensorMissing { name: "lm_head.weight".to_owned() });
    }
    let CheckpointImport { parts, contents, .. } = import;
    Ok(GgufFile::assemble(files, parts, contents))
}

fn read_json(path: &Path) -> Result<Value, ModelError> {
    let read = |cause| ModelError::Read { path: path.to_owned(), cause };
    let found = std::fs::metadata(path).map_err(read)?.len();
    if found > JSON_BYTES_MAX {
        let path = path.to_owned();
        return Err(ModelError::FileTooLarge { path, found, max: JSON_BYTES_MAX });
    }
    let bytes = std::fs::read(path).map_err(read)?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| ModelError::Json { path: path.to_owned(), cause })
}

/// The weight files: those named by the index if there is one, else the single weight file.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let index = folder.join(INDEX);
    if !index.exists() {
        return Ok(vec![folder.join(WHOLE)]);
    }
    let value = read_json(&index)?;
    let unusable = || ModelError::Index { path: index.clone() };
    let map = value.get("weight_map").and_then(Value::as_object).ok_or_else(unusable)?;
    let mut names = BTreeSet::new();
    for name in map.values() {
        let name = name.as_str().ok_or_else(unusable)?;
        // Refuse names with a folder: they could point outside the checkpoint.
        let is_plain = Path::new(name).file_name().is_some_and(|own| own == name);
        if !is_plain || !name.ends_with(".safetensors") {
            return Err(unusable());
        }
        names.insert(name);
    }
    if names.is_empty() || names.len() > FILES_MAX {
        return Err(unusable());
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

struct CheckpointImport<'a> {
    shape: &'a DecoderShape,
    /// Whether the embedding doubles as the output matrix; `None` if the presence of an output
    /// matrix decides.
    tied: Option<bool>,
    parts: Vec<TensorStorage>,
    contents: GgufContents,
}

/// A tensor as stored in the checkpoint.
struct SourceTensor<'a> {
    name: &'a str,
    tensor_type: TensorType,
    dims: Vec<usize>,
    bytes: &'a [u8],
}

impl CheckpointImport<'_> {
    fn file(&mut self, path: &Path) -> Result<(), ModelError> {
        let file = MappedFile::open(path)?;
        let header = read_header(file.bytes())
            .map_err(|cause| ModelError::Safetensors { path: path.to_owned(), cause })?;
        // The map becomes part `part`; buffers of converted tensors follow it.
        let part = self.parts.len();
        let mut owned = Vec::new();
        for tensor in header {
            let Some(gguf_target) = gguf_target(&tensor.name, self.shape, self.tied == Some(true))?
            else {
                continue;
            };
            let bytes = file.bytes().get(tensor.range.clone()).unwrap_or_default();
            let found = SourceTensor {
                name: &tensor.name,
                tensor_type: tensor.tensor_type,
                dims: tensor.dims.clone(),
                bytes,
            };
            match converted(&found, &gguf_target, self.shape)? {
                Some((tensor_type, bytes)) => {
                    owned.push((gguf_target, tensor.dims, tensor_type, bytes))
                }
                None => {
                    let entry = TensorEntry {
                        tensor_type: tensor.tensor_type,
                        dims: tensor.dims,
                        part,
                        range: tensor.range,
                    };
                    self.add(gguf_target.name, entry)?;
                }
            }
        }
        self.parts.push(TensorStorage::Mapped(file));
        for (gguf_target, dims, tensor_type, bytes) in owned {
            self.own(gguf_target.name, dims, tensor_type, bytes)?;
        }
        Ok(())
    }

    fn own(
        &mut self,
        name: String,
        dims: Vec<usize>,
        tensor_type: TensorType,
        bytes: Vec<u8>,
    ) -> Result<(), ModelError> {
        let entry =
            TensorEntry { tensor_type, dims, part: self.parts.len(), range: 0..bytes.len() };
        self.parts.push(TensorStorage::Owned(bytes));
        self.add(name, entry)
    }

    fn add(&mut self, name: String, entry: TensorEntry) -> Result<(), ModelError> {
        match self.contents.tensors.insert(name.clone(), entry) {
            None => Ok(()),
            Some(_) => Err(ModelError::TensorTwice { name }),
        }
    }
}

/// The tensor in GGUF's type and layout; `None` if the file's bytes can be used unchanged.
fn converted(
    found: &SourceTensor<'_>,
    gguf_target: &GgufTarget,
    shape: &DecoderShape,
) -> Result<Option<(TensorType, Vec<u8>)>, ModelError> {
    // A misaligned tensor must be copied.
    let misaligned = found.bytes.as_ptr().align_offset(align_of::<f32>()) != 0;
    let is_vector = found.dims.len() == 1;
    if !is_vector && !misaligned && gguf_target.heads.is_none() {
        return Ok(None);
    }
    let (tensor_type, mut bytes) = if is_vector {
        let mut values = to_floats(found.tensor_type, found.bytes);
        if gguf_target.adds_one {
            values.iter_mut().for_each(|value| *value += 1.0);
        }
        (TensorType::F32, to_bytes(&values))
    } else {
        (found.tensor_type, found.bytes.to_vec())
    };
    if let Some(heads) = gguf_target.heads {
        let rows = found.dims.first().copied().unwrap_or(0);
        if rows != heads * shape.head_width {
            return Err(ModelError::TensorShape {
                name: found.name.to_owned(),
                found: found.dims.clone(),
                expected: vec![heads * shape.head_width],
            });
        }
        bytes = interleave_rows(&bytes, rows, shape.head_width);
    }
    Ok(Some((tensor_type, bytes)))
}

/// Interleaves the two halves of each head's rows: rows `i` and `i + width / 2` become rows `2i`
/// and `2i + 1`, the pairs that rotary embedding rotates in Llama's GGUF files.
fn interleave_rows(bytes: &[u8], rows: usize, head_width: usize) -> Vec<u8> {
    let row_bytes = bytes.len() / rows.max(1);
    let mut out = Vec::with_capacity(bytes.len());
    for row in 0..rows {
        let (head, at) = (row / head_width, row % head_width);
        let from = head * head_width + at % 2 * (head_width / 2) + at / 2;
        out.extend_from_slice(&bytes[from * row_bytes..(from + 1) * row_bytes]);
    }
    out
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests;
