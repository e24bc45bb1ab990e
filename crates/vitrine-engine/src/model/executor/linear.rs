//! Matrices loaded into candle, with products that do not depend on the number of rows.
//!
//! Candle selects kernels by row count, and different kernels may round differently, so a
//! sequence's output could depend on the other sequences in its step. On the CPU, each matrix
//! therefore has a row rule that makes every call use the same kernel:
//! - dense f32: `gemm` has special paths for few rows → always tiles of exactly 8 rows;
//! - `Q6_K`: one row takes the unpacked path, more rows the packed one → at least 2 rows;
//! - `Q4_K`: 32 rows and more take the AMX path on CPUs that have it → at most 28 rows;
//! - other types: candle computes one dot product per row and column for any row count.

use crate::model::error::ModelError;
use crate::model::executor::LIBRARY_TYPES;
use crate::model::executor::library_type;
use crate::model::executor::weights::LinearWeights;
use crate::model::executor::weights::TensorLoader;
use crate::model::gguf::GgufFile;
use crate::model::gguf::TensorType;
use crate::model::layout::TensorRows;
use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::QStorage;
use candle_core::quantized::QTensor;
use std::ops::Range;
use std::sync::Arc;

/// Number of rows allowed in one call of a matrix product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RowRule {
    /// Fewer rows are padded with zero rows.
    min: usize,
    /// More rows are split over several calls.
    max: usize,
}

impl RowRule {
    fn of(kind: GgmlDType, device: &Device) -> Self {
        let any = Self { min: 1, max: usize::MAX };
        if !device.is_cpu() {
            return any;
        }
        match kind {
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => Self { min: 8, max: 8 },
            GgmlDType::Q6K => Self { min: 2, max: usize::MAX },
            GgmlDType::Q4K => Self { min: 1, max: 28 },
            GgmlDType::Q4_0
            | GgmlDType::Q4_1
            | GgmlDType::Q5_0
            | GgmlDType::Q5_1
            | GgmlDType::Q8_0
            | GgmlDType::Q8_1
            | GgmlDType::Q2K
            | GgmlDType::Q3K
            | GgmlDType::Q5K
            | GgmlDType::Q8K => any,
        }
    }
}

#[derive(Debug, Clone)]
enum MatrixStorage {
    /// `[output, input]`, packed as in the file.
    Packed(Arc<QTensor>),
    /// `[output, input]` in f32.
    Dense(Tensor),
}

/// A matrix of the model: `[output, input]`.
#[derive(Debug, Clone)]
pub(crate) struct CandleMatrix {
    weights: MatrixStorage,
    rule: RowRule,
    output: usize,
}

impl CandleMatrix {
    /// Copies a matrix from the file to the device.
    ///
    /// # Errors
    /// If the tensor is missing, has another shape or an unsupported type.
    pub(crate) fn load(
        file: &GgufFile,
        part: &TensorRows,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let packed = part.packed(file)?;
        let kind = computable(packed.tensor_type, &part.weight())?;
        let storage = QStorage::from_data(packed.bytes.into(), device, kind)?;
        let tensor = QTensor::new(storage, &packed.dims[..])?;
        let rule = RowRule::of(kind, device);
        let weights = match kind {
            GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16 => {
                MatrixStorage::Dense(tensor.dequantize(device)?)
            }
            _ => MatrixStorage::Packed(Arc::new(tensor)),
        };
        Ok(Self { weights, rule, output: packed.dims[0] })
    }

    /// Bytes of the matrix on its device.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.weights {
            MatrixStorage::Packed(tensor) => tensor.storage_size_in_bytes() as u64,
            MatrixStorage::Dense(tensor) => 4 * tensor.elem_count() as u64,
        }
    }

    /// Rows `ids` of the matrix, as f32: `[ids, input]`.
    pub(crate) fn select(&self, ids: &Tensor) -> Result<Tensor, ModelError> {
        match &self.weights {
            MatrixStorage::Packed(tensor) => Ok(tensor.embedding(ids)?),
            MatrixStorage::Dense(tensor) => Ok(tensor.index_select(ids, 0)?),
        }
    }

    /// Computes `rows × selfᵀ`: `[rows, input]` to `[rows, output]`.
    pub(crate) fn forward(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        let (count, _) = rows.dims2()?;
        if (self.rule.min..=self.rule.max).contains(&count) {
            return self.multiply(&rows.contiguous()?);
        }
        let mut parts = Vec::new();
        let mut first = 0;
        while first < count {
            let taken = self.rule.max.min(count - first);
            let part = rows.narrow(0, first, taken)?;
            let missing = self.rule.min.saturating_sub(taken);
            let part = if missing > 0 { part.pad_with_zeros(0, 0, missing)? } else { part };
            let product = self.multiply(&part.contiguous()?)?;
            parts.push(product.narrow(0, 0, taken)?);
            first += taken;
        }
        match parts.as_slice() {
            [only] => Ok(only.contiguous()?),
            many => Ok(Tensor::cat(many, 0)?),
        }
    }

    fn multiply(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        match &self.weights {
            MatrixStorage::Packed(tensor) => Ok(rows.apply_op1_no_bwd(tensor.as_ref())?),
            MatrixStorage::Dense(tensor) => Ok(rows.matmul(&tensor.t()?)?),
        }
    }

    /// Number of matrix rows, which is the width of its products.
    pub(crate) fn output(&self) -> usize {
        self.output
    }
}

impl LinearWeights<CandleMatrix, Tensor> {
    /// Computes `rows × matrixᵀ + bias`: `[rows, input]` to `[rows, output]`.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor, ModelError> {
        let product = self.matrix.forward(rows)?;
        match &self.bias {
            Some(bias) => Ok(product.broadcast_add(bias)?),
            None => Ok(product),
        }
    }
}

/// Copies tensors to a candle device and counts their bytes.
#[derive(Debug)]
pub(super) struct CandleLoader<'a> {
    pub(super) device: &'a Device,
    pub(super) bytes: u64,
}

impl TensorLoader for CandleLoader<'_> {
    type Matrix = CandleMatrix;
    type Vector = Tensor;

    fn matrix(&mut self, file: &GgufFile, part: &TensorRows) -> Result<CandleMatrix, ModelError> {
        let matrix = CandleMatrix::load(file, part, self.device)?;
        self.bytes += matrix.bytes();
        Ok(matrix)
    }

    fn vector(
        &mut self,
        file: &GgufFile,
        name: &str,
        width: usize,
        range: Range<usize>,
    ) -> Result<Tensor, ModelError> {
        let vector = load_vector(file, name, width, self.device)?;
        self.bytes += 4 * range.len() as u64;
        Ok(vector.narrow(0, range.start, range.len())?)
    }
}

/// Loads a vector, such as a norm's gain, as f32.
fn load_vector(
    file: &GgufFile,
    name: &str,
    width: usize,
    device: &Device,
) -> Result<Tensor, ModelError> {
    let (entry, bytes) = file
        .tensor_bytes(name)
        .ok_or_else(|| ModelError::TensorMissing { name: name.to_owned() })?;
    if entry.dims != [width] {
        return Err(ModelError::TensorShape {
            name: name.to_owned(),
            found: entry.dims.clone(),
            expected: vec![width],
        });
    }
    let kind = computable(entry.tensor_type, name)?;
    let storage = QStorage::from_data(bytes.into(), device, kind)?;
    Ok(QTensor::new(storage, &[width][..])?.dequantize(device)?)
}

/// Candle's name for a tensor type.
///
/// # Errors
/// If candle does not support the type; `name` is the tensor named in the error.
fn computable(found: TensorType, name: &str) -> Result<GgmlDType, ModelError> {
    library_type(found).ok_or_else(|| ModelError::TensorTypeUnsupported {
        name: name.to_owned(),
        found: found.name(),
        supported: LIBRARY_TYPES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::TinyDecoder;

    /// Each row's product must be identical, bit for bit, for any number of other rows in the call.
    #[test]
    fn a_row_has_the_same_product_in_any_batch() {
        for matrix_type in [
            TensorType::F32,
            TensorType::F16,
            TensorType::Q4_0,
            TensorType::Q5_0,
            TensorType::Q8_0,
            TensorType::Q4K,
            TensorType::Q5K,
            TensorType::Q6K,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tiny.gguf");
            TinyDecoder { matrix_type, width: 256, ..TinyDecoder::default() }.write(&path);
            let file = GgufFile::open(&path).unwrap();
            let part = TensorRows::whole("blk.0.ffn_gate", 512, 256);
            let matrix = CandleMatrix::load(&file, &part, &Device::Cpu).unwrap();
            let rows = Tensor::randn(0.0_f32, 1.0, (45, 256), &Device::Cpu).unwrap();
            let together: Vec<Vec<f32>> = matrix.forward(&rows).unwrap().to_vec2().unwrap();
            for (at, expected) in together.iter().enumerate() {
                for batch in [1, 2, 7, 33] {
                    let first = at.min(45 - batch);
                    let some = rows.narrow(0, first, batch).unwrap();
                    let some: Vec<Vec<f32>> = matrix.forward(&some).unwrap().to_vec2().unwrap();
                    assert_eq!(&some[at - first], expected, "{matrix_type:?} {at} of {batch}");
                }
            }
        }
    }
}
