//! Encoder adaptation: the differences that training adds to an encoder's weights, by tensor name.
//!
//! Serialised as a plain safetensors file of f16 tensors, not in a format of our own.

use crate::model::error::ModelError;
use candle_core::DType;
use candle_core::Device;
use candle_core::Tensor;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Differences to add to an encoder's weights.
#[derive(Debug, Clone)]
pub struct Adaptation {
    /// By the checkpoint's tensor names; f16, on the CPU.
    differences: BTreeMap<String, Tensor>,
}

impl PartialEq for Adaptation {
    fn eq(&self, other: &Self) -> bool {
        // The serialised form contains names, shapes and exact values.
        matches!((self.to_bytes(), other.to_bytes()), (Ok(one), Ok(other)) if one == other)
    }
}

impl Adaptation {
    /// Creates an adaptation from differences by tensor name, rounded to f16.
    ///
    /// # Errors
    /// If candle fails.
    pub(super) fn new(differences: BTreeMap<String, Tensor>) -> Result<Self, ModelError> {
        let rounded = |(name, tensor): (String, Tensor)| Ok((name, tensor.to_dtype(DType::F16)?));
        let differences =
            differences.into_iter().map(rounded).collect::<Result<_, ModelError>>()?;
        Ok(Self { differences })
    }

    /// Serialises the adaptation as a safetensors file.
    ///
    /// # Errors
    /// If serialisation fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        Ok(safetensors::serialize(self.differences.iter(), None)
            .map_err(candle_core::Error::wrap)?)
    }

    /// Reads a safetensors file of finite f16 tensors.
    ///
    /// # Errors
    /// If the file is damaged, or contains a tensor of another type or a value that is not finite.
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
    /// If the checkpoint lacks a tensor of that name, or has it in another shape.
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
