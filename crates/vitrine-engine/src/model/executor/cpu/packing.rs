//! Packs a file's matrices for the CPU kernels one at a time, and releases the file's memory pages
//! behind each.

use crate::model::error::ModelError;
use crate::model::executor::weights::TensorLoader;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorType;
use crate::model::layout::TensorRows;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use vitrine_kernels::matmul::PackedMatrix;
use vitrine_kernels::matmul::WeightType;
use vitrine_kernels::tier::Tier;

/// Packs matrices for the CPU kernels and counts their bytes.
#[derive(Debug)]
pub(super) struct PackingLoader {
    pub(super) tier: Tier,
    pub(super) bytes: u64,
}

impl TensorLoader for PackingLoader {
    type Matrix = Arc<PackedMatrix>;
    type Vector = Vec<f32>;

    fn matrix(
        &mut self,
        file: &GgufFile,
        part: &TensorRows,
    ) -> Result<Arc<PackedMatrix>, ModelError> {
        let packed = part.packed(file)?;
        let name = part.weight();
        let weight_type = weight_type(packed.tensor_type).ok_or_else(|| {
            let found = packed.tensor_type.name();
            ModelError::TensorTypeUnsupported { name: name.clone(), found, supported: PACKED_TYPES }
        })?;
        let (bytes, dims) = padded(weight_type, packed.bytes, packed.dims);
        let matrix = PackedMatrix::pack(weight_type, &bytes, dims, self.tier)
            .map_err(|cause| ModelError::Packing { name: name.clone(), cause })?;
        file.release(&name);
        self.bytes += matrix.bytes();
        Ok(Arc::new(matrix))
    }

    fn vector(
        &mut self,
        file: &GgufFile,
        name: &str,
        width: usize,
        range: Range<usize>,
    ) -> Result<Vec<f32>, ModelError> {
        let mut vector = file.floats(name, width)?;
        vector.truncate(range.end);
        vector.drain(..range.start);
        self.bytes += 4 * vector.len() as u64;
        Ok(vector)
    }
}

/// The kernels multiply rows whose width is a multiple of this.
pub(super) const COLUMNS_MULTIPLE: usize = 32;

/// Pads rows of dense weights with zeros to a multiple of [`COLUMNS_MULTIPLE`], which does not
/// change their products. Rows of all other types are whole units of 32 weights or more already.
fn padded(
    weight_type: WeightType,
    bytes: &[u8],
    [rows, columns]: [usize; 2],
) -> (Cow<'_, [u8]>, [usize; 2]) {
    let (unit_weights, unit_bytes) = weight_type.unit();
    let wide = columns.next_multiple_of(COLUMNS_MULTIPLE);
    if wide == columns || unit_weights > 1 {
        return (Cow::Borrowed(bytes), [rows, columns]);
    }
    let mut padded = vec![0; rows * wide * unit_bytes];
    let to = padded.chunks_exact_mut(wide * unit_bytes);
    for (to, from) in to.zip(bytes.chunks_exact(columns * unit_bytes)) {
        to[..from.len()].copy_from_slice(from);
    }
    (Cow::Owned(padded), [rows, wide])
}

/// The types that [`weight_type`] supports, for error messages.
const PACKED_TYPES: &str =
    "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K";

/// The kernels' name for a tensor type; `None` if they do not support it.
pub(super) fn weight_type(tensor_type: TensorType) -> Option<WeightType> {
    match tensor_type {
        TensorType::F32 => Some(WeightType::F32),
        TensorType::F16 => Some(WeightType::F16),
        TensorType::Bf16 => Some(WeightType::Bf16),
        TensorType::Q4_0 => Some(WeightType::Q4_0),
        TensorType::Q4_1 => Some(WeightType::Q4_1),
        TensorType::Q5_0 => Some(WeightType::Q5_0),
        TensorType::Q5_1 => Some(WeightType::Q5_1),
        TensorType::Q8_0 => Some(WeightType::Q8_0),
        TensorType::Q2K => Some(WeightType::Q2K),
        TensorType::Q3K => Some(WeightType::Q3K),
        TensorType::Q4K => Some(WeightType::Q4K),
        TensorType::Q5K => Some(WeightType::Q5K),
        TensorType::Q6K => Some(WeightType::Q6K),
        TensorType::F64
        | TensorType::I8
        | TensorType::I16
        | TensorType::I32
        | TensorType::I64
        | TensorType::Q8_1
        | TensorType::Q8K
        | TensorType::Iq1S
        | TensorType::Iq1M
        | TensorType::Iq2Xxs
        | TensorType::Iq2Xs
        | TensorType::Iq2S
        | TensorType::Iq3Xxs
        | TensorType::Iq3S
        | TensorType::Iq4Nl
        | TensorType::Iq4Xs
        | TensorType::Tq1_0
        | TensorType::Tq2_0
        | TensorType::Mxfp4
        | TensorType::Nvfp4 => None,
    }
}
