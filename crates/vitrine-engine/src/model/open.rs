//! Opens a model, whatever it is published as.

use crate::model::checkpoint;
use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use crate::model::quantize::Quantization;
use crate::model::quantize::quantized;
use std::path::Path;

/// Opens the GGUF file at `path`, or the safetensors checkpoint if `path` is a folder, and packs
/// its float matrices if `quantize` says so.
///
/// # Errors
/// If it cannot be read, is damaged, or holds what is not supported.
pub fn open_model(path: &Path, quantize: Option<Quantization>) -> Result<GgufFile, ModelError> {
    let file = if path.is_dir() { checkpoint::open(path)? } else { GgufFile::open(path)? };
    match quantize {
        Some(target) => quantized(file, target),
        None => Ok(file),
    }
}
