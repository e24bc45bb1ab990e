//! What a decoder will take in memory, told from its header before anything is allocated.
//!
//! Invariants
//! - An estimate counts weights and their packed copies, as the tensor library keeps both: an
//!   executor that keeps one of them takes less.

use crate::model::decoder::DecoderOptions;
use crate::model::decoder::runs_on_kernels;
use crate::model::forward::ForwardLimits;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorEntry;
use crate::model::gguf::TensorType;

/// Bytes that a decoder takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Weights, as loaded.
    pub weight_bytes: u64,
    /// The tensor library's copies in the order that it reads, made at the first use of a matrix.
    pub packed_bytes: u64,
    /// Pool of keys and values.
    pub kv_bytes: u64,
}

impl Footprint {
    /// The same after the load, whose `limits` say what it came to. An executor whose weights are
    /// not as large as in the file keeps packed ones alone: no copies will follow.
    #[must_use]
    pub fn settled(self, limits: ForwardLimits) -> Self {
        let copies_follow = limits.weight_bytes == self.weight_bytes;
        Self {
            weight_bytes: limits.weight_bytes,
            packed_bytes: if copies_follow { self.packed_bytes } else { 0 },
            kv_bytes: limits.kv_bytes,
        }
    }
}

/// What `file` will take when it is loaded with `options`.
#[must_use]
pub fn footprint(file: &GgufFile, options: &DecoderOptions) -> Footprint {
    let mut footprint = Footprint { kv_bytes: options.kv_bytes_max, ..Footprint::default() };
    // A model that cannot be loaded takes nothing; loading it says why.
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

/// Panels of the CPU kernels hold what the file holds, scales of `Q4_K` and `Q5_K` unpacked (3 %);
/// `Q2_K` and `Q3_K` are held in wider types. The last panel may be short of 15 rows, records end
/// at 64 bytes, and dense rows at 32 weights.
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
