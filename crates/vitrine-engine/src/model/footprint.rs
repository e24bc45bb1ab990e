//! Estimates a decoder's memory from the header of its file, before anything is allocated.
//!
//! Invariants
//! - The estimate is an upper bound. For candle it includes the weights and their repacked copies;
//!   an executor that keeps only one of the two takes less.

use crate::model::decoder::runs_on_kernels;
use crate::model::decoder_options::DecoderOptions;
use crate::model::forward::ForwardLimits;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorEntry;
use crate::model::gguf::TensorType;

/// Memory that a decoder takes, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// The weights as loaded.
    pub weight_bytes: u64,
    /// Candle's repacked copies of matrices, made at the first use of each matrix.
    pub packed_bytes: u64,
    /// The KV pool.
    pub kv_bytes: u64,
}

impl Footprint {
    /// The footprint after loading, with the actual sizes from `limits`.
    ///
    /// If the loaded weights are not as large as estimated, the executor keeps packed weights only
    /// and candle's copies will not follow, so `packed_bytes` becomes 0.
    #[must_use]
    pub(crate) fn settled(self, limits: ForwardLimits) -> Self {
        let copies_follow = limits.weight_bytes == self.weight_bytes;
        Self {
            weight_bytes: limits.weight_bytes,
            packed_bytes: if copies_follow { self.packed_bytes } else { 0 },
            kv_bytes: limits.kv_bytes,
        }
    }
}

/// Memory that `file` will take when loaded with `options`.
#[must_use]
pub fn footprint(file: &GgufFile, options: &DecoderOptions) -> Footprint {
    let mut footprint = Footprint { kv_bytes: options.kv_bytes_max, ..Footprint::default() };
    // For a model that cannot be loaded the estimate does not matter: loading reports the reason.
    if runs_on_kernels(file, options).unwrap_or(false) {
        for (_, entry) in file.tensors() {
            let bytes = panel_bytes(entry);
            footprint.weight_bytes = footprint.weight_bytes.saturating_add(bytes);
        }
        return footprint;
    }
    for (_, entry) in file.tensors() {
        footprint.weight_bytes = footprint.weight_bytes.saturating_add(weight_bytes(entry));
        if options.device.is_cpu() {
            footprint.packed_bytes = footprint.packed_bytes.saturating_add(packed_bytes(entry));
        }
    }
    footprint
}

/// Upper bound of a tensor's size in the CPU kernels' panel format.
///
/// Panels take as much as the file, plus 3 % for the unpacked scales of `Q4_K` and `Q5_K`. `Q2_K`
/// and `Q3_K` are stored in wider types. Padding adds up to 15 rows in the last panel, records end
/// at multiples of 64 bytes, and dense rows at multiples of 32 weights.
fn panel_bytes(entry: &TensorEntry) -> u64 {
    let bytes = entry.range.len() as u64;
    let [rows, columns] = *entry.dims else { return bytes };
    let (rows, row_bytes) = (rows as u64, bytes / rows.max(1) as u64);
    let wide = match entry.tensor_type {
        TensorType::Q2K => bytes.saturating_mul(4),
        TensorType::Q3K => bytes.saturating_mul(2),
        TensorType::F32 | TensorType::F16 | TensorType::Bf16 => {
            bytes / columns.max(1) as u64 * columns.next_multiple_of(32) as u64
        }
        _ => bytes.saturating_add(bytes / 32),
    };
    wide.saturating_add(rows * 8).saturating_add(row_bytes * 16 + 4096)
}

/// Size of a tensor loaded by candle: floats are widened to 32 bits, other types keep their size.
fn weight_bytes(entry: &TensorEntry) -> u64 {
    match entry.tensor_type {
        TensorType::F32 | TensorType::F16 | TensorType::Bf16 => {
            entry.dims.iter().fold(4, |bytes: u64, dim| bytes.saturating_mul(*dim as u64))
        }
        _ => entry.range.len() as u64,
    }
}

/// Size of candle's repacked copy, from the sizes of its structs (candle-core 0.11.1,
/// `quantized/repack_x86.rs`): 192 bytes for 144 of `Q4_K`, 320 for 210 of `Q6_K`, the same size
/// for `Q8_0`. Other types and vectors are never repacked.
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
    use crate::model::ExecutorChoice;
    use crate::model::fixture::TinyDecoder;
    use crate::model::load_decoder;
    use candle_core::Device;

    #[test]
    fn a_load_takes_no_more_than_was_estimated() {
        for matrix_type in [TensorType::F32, TensorType::F16, TensorType::Q8_0, TensorType::Q4K] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tiny.gguf");
            TinyDecoder { matrix_type, width: 256, ..TinyDecoder::default() }.write(&path);
            let file = GgufFile::open(&path).unwrap();
            let executor = ExecutorChoice::Candle;
            let options = DecoderOptions { executor, ..DecoderOptions::for_tests() };
            let estimate = footprint(&file, &options);
            let limits = load_decoder(&file, &options).unwrap().limits();
            let weights_max = estimate.weight_bytes + estimate.packed_bytes;
            let settled = estimate.settled(limits);
            assert!(limits.weight_bytes <= weights_max, "{matrix_type:?}: {limits:?}");
            assert!(estimate.kv_bytes >= limits.kv_bytes, "{matrix_type:?}");
            assert!(settled.weight_bytes + settled.packed_bytes <= weights_max, "{matrix_type:?}");
        }
    }

    #[test]
    fn the_estimate_of_panels_is_no_less_than_they_take() {
        for (matrix_type, width) in [
            (TensorType::F32, 24),
            (TensorType::F16, 64),
            (TensorType::Q4_0, 32),
            (TensorType::Q5_0, 96),
            (TensorType::Q8_0, 288),
            (TensorType::Q2K, 256),
            (TensorType::Q3K, 256),
            (TensorType::Q4K, 512),
            (TensorType::Q5K, 256),
            (TensorType::Q6K, 256),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tiny.gguf");
            TinyDecoder { matrix_type, width, ..TinyDecoder::default() }.write(&path);
            let file = GgufFile::open(&path).unwrap();
            let executor = ExecutorChoice::Cpu;
            let options =
                DecoderOptions { executor, device: Device::Cpu, ..DecoderOptions::for_tests() };
            let estimate = footprint(&file, &options);
            let limits = load_decoder(&file, &options).unwrap().limits();
            let (estimated, taken) = (estimate.weight_bytes, limits.weight_bytes);
            assert!(estimated >= taken, "{matrix_type:?}: {estimated} for {taken}");
            assert!(estimate.kv_bytes >= limits.kv_bytes && estimate.packed_bytes == 0);
        }
    }
}
