//! Opens a model file or folder, whatever format it was published in.

use crate::model::checkpoint;
use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use crate::model::quantize::Quantization;
use crate::model::quantize::quantized;
use std::path::Path;

/// Opens the GGUF file at `path`, or the safetensors checkpoint if `path` is a folder. If
/// `quantize` is set, quantises its float matrices in memory.
///
/// # Errors
/// If the model cannot be read, is damaged, or uses an unsupported family, setting or tensor type.
pub(crate) fn open_model(
    path: &Path,
    quantize: Option<Quantization>,
) -> Result<GgufFile, ModelError> {
    let file = if path.is_dir() { checkpoint::open(path)? } else { GgufFile::open(path)? };
    match quantize {
        Some(target) => quantized(file, target),
        None => Ok(file),
    }
}
