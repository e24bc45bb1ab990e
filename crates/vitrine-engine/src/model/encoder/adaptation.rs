//! What training changed in an encoder: differences to its weights, by tensor name.
//!
//! The bytes are a safetensors document of f16 tensors, so a reader needs no format of ours.

use crate::model::error::ModelError;
use candle_core::DType;
use candle_core::Device;
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Differences to add to an encoder's weights.
#[derive(Debug, Clone)]
pub struct Adaptation {
    /// By the checkpoint's tensor names, f16, on the CPU.
    differences: BTreeMap<String, Tensor>,
}

impl PartialEq for Adaptation {
    fn eq(&self, other: &Self) -> bool {
        // Names, shapes and bits all show in the bytes.
        matches!((self.to_bytes(), other.to_bytes()), (Ok(one), Ok(other)) if one == other)
    }
}

impl Adaptation {
    /// Differences by tensor name, rounded to f16.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub(super) fn new(differences: BTreeMap<String, Tensor>) -> Result<Self, ModelError> {
        let rounded = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_dtype(DType::F16)?));
        let differences =
            differences.into_iter().map(rounded).collect::<Result<_, ModelError>>()?;
        Ok(Self { differences })
    }

    /// How many tensors it changes.
    #[must_use]
    pub fn tensors(&self) -> usize {
        self.differences.len()
    }

    /// As a safetensors document.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        Ok(safetensors::serialize(self.differences.iter(), None)
            .map_err(candle_core::Error::wrap)?)
    }

    /// Reads a safetensors document of finite f16 tensors.
    ///
    /// # Errors
    /// If it is damaged, or holds anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let tensors: HashMap<String, Tensor> =
            candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        for (name, tensor) in &tensors {
            let sum = tensor.to_dtype(DType::F32)?.abs()?.sum_all()?.to_scalar::<f32>()?;
            if tensor.dtype() != DType::F16 || !sum.is_finite() {
                return Err(ModelError::Adaptation { name: name.clone() });
            }
        }
        Ok(Self { differences: tensors.into_iter().collect() })
    }

    /// Adds the differences to the checkpoint's tensors.
    ///
    /// # Errors
    /// If a tensor is not there, or has another shape.
    pub(super) fn apply(&self, tensors: &mut HashMap<String, Tensor>) -> Result<(), ModelError> {
        for (name, difference) in &self.differences {
            let tensor = tensors
                .get_mut(name)
                .ok_or_else(|| ModelError::TensorMissing { name: name.clone() })?;
            if tensor.dims() != difference.dims() {
                return Err(ModelError::TensorShape {
                    name: name.clone(),
                    found: difference.dims().to_vec(),
                    expected: tensor.dims().to_vec(),
                });
            }
            let difference = difference.to_device(tensor.device())?.to_dtype(tensor.dtype())?;
            *tensor = (&*tensor + difference)?;
        }
        Ok(())
    }
}
