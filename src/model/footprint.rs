//! What a decoder will take in memory, told from its header before anything is allocated.
//!
//! Invariants
//! - An estimate is never below what the load takes: whoever grants it is not surprised later.

use crate::model::decoder::DecoderOptions;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorEntry;
use crate::model::gguf::TensorType;

/// Bytes that a decoder takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Weights, as loaded.
    pub weight_bytes: u64,
    /// Copies in the order that the kernels read, made at the first use of a matrix.
    pub packed_bytes: u64,
    /// Pool of keys and values.
    pub kv_bytes: u64,
}

/// What `file` will take when it is loaded with `options`.
#[must_use]
pub fn footprint(file: &GgufFile, options: &DecoderOptions) -> Footprint {
    let mut footprint = Footprint { kv_bytes: options.kv_bytes_max, ..Footprint::default() };
    for (_, entry) in file.tensors() {
        footprint.weight_bytes = footprint.weight_bytes.saturating_add(weight_bytes(entry));
        if options.device.is_cpu() {
            footprint.packed_bytes = footprint.packed_bytes.saturating_add(packed_bytes(entry));
        }
    }
    footprint
}

/// Floats are widened to 32 bits, everything else lies in memory as it does in the file.
fn weight_bytes(entry: &TensorEntry) -> u64 {
    match entry.tensor_type {
        TensorType::F32 | TensorType::F16 | TensorType::Bf16 => {
            entry.dims.iter().fold(4, |bytes: u64, dim| bytes.saturating_mul(*dim as u64))
        }
        _ => entry.range.len() as u64,
    }
}

/// The library's packed copies against the original, from the sizes of its structs (candle-core
/// 0.11.1, `quantized/repack_x86.rs`): 192 for 144 bytes of `Q4_K`, 320 for 210 of `Q6_K`, as many
/// as before for `Q8_0`. Other types, and vectors, are never packed.
fn packed_bytes(entry: &TensorEntry) -> u64 {
    let bytes = entry.range.len() as u64;
    match entry.tensor_type {
        _ if entry.dims.len() < 2 || !cfg!(target_arch = "x86_64") => 0,
        TensorType::Q4K => bytes.saturating_mul(4) / 3,
        TensorType::Q6K => bytes.saturating_mul(32) / 21,
        TensorType::Q8_0 => bytes,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::TinyDecoder;
    use crate::model::load_decoder;

    #[test]
    fn the_estimate_is_what_the_load_takes() {
        for matrix_type in [TensorType::F32, TensorType::F16, TensorType::Q8_0, TensorType::Q4K] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tiny.gguf");
            TinyDecoder { matrix_type, width: 256, ..TinyDecoder::default() }.write(&path);
            let file = GgufFile::open(&path).unwrap();
            let options = DecoderOptions::for_tests();
            let estimate = footprint(&file, &options);
            let limits = load_decoder(&file, &options).unwrap().limits();
            assert_eq!(estimate.weight_bytes, limits.weight_bytes, "{matrix_type:?}");
            assert!(estimate.kv_bytes >= limits.kv_bytes, "{matrix_type:?}");
            assert_eq!(
                estimate.packed_bytes > 0,
                matches!(matrix_type, TensorType::Q8_0 | TensorType::Q4K)
            );
        }
    }
}
