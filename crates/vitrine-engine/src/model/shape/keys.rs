//! Checked access to metadata keys under a family's prefix.

use crate::model::error::ModelError;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;

/// Largest float that is read as a whole number; all whole numbers up to it are floats.
const WHOLE_FLOAT_MAX: f64 = 9_007_199_254_740_992.0;

/// Metadata with the prefix of its family.
#[derive(Debug)]
pub(super) struct FamilyKeys<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) family: &'static str,
}

impl FamilyKeys<'_> {
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    pub(super) fn get(&self, name: &str) -> Option<&MetadataValue> {
        self.metadata.get(&self.key(name))
    }

    /// A whole number from 0, whether it is stored as an integer or as a float; `None` if the file
    /// lacks the key.
    ///
    /// # Errors
    /// If the value is anything else.
    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, ModelError> {
        let key = self.key(name);
        let found = match self.metadata.get(&key) {
            None => return Ok(None),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Some(MetadataValue::Float(float))
                if float.fract() == 0.0 && (0.0..=WHOLE_FLOAT_MAX).contains(float) =>
            {
                Some(*float as u64)
            }
            Some(_) => self.metadata.unsigned(&key),
        };
        found.map(Some).ok_or(ModelError::KeyType { key, expected: "one integer from 0" })
    }

    /// A flag; `default` if the file lacks the key.
    ///
    /// # Errors
    /// If the value is not a boolean.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, ModelError> {
        let key = self.key(name);
        match self.metadata.get(&key) {
            None => Ok(default),
            Some(MetadataValue::Bool(flag)) => Ok(*flag),
            Some(_) => Err(ModelError::KeyType { key, expected: "true or false" }),
        }
    }

    /// An integer from 1 to `max`; `default` if the file lacks the key.
    ///
    /// # Errors
    /// If the value is not an integer or out of range, or both the key and `default` are missing.
    pub(super) fn size(
        &self,
        name: &'static str,
        default: Option<u64>,
        max: u64,
    ) -> Result<usize, ModelError> {
        let missing = || ModelError::KeyMissing { key: self.key(name) };
        let found = self.whole(name)?.or(default).ok_or_else(missing)?;
        let out_of_range = ModelError::OutOfRange { what: name, found, min: 1, max };
        if !(1..=max).contains(&found) {
            return Err(out_of_range);
        }
        usize::try_from(found).map_err(|_| out_of_range)
    }

    /// A finite float above 0; `default` if the file lacks the key.
    ///
    /// # Errors
    /// If the value is not finite and above 0, or both the key and `default` are missing.
    pub(super) fn positive(
        &self,
        name: &'static str,
        default: Option<f64>,
    ) -> Result<f64, ModelError> {
        match self.positive_or_zero(name)? {
            Some(found) if found > 0.0 => Ok(found),
            Some(_) => Err(self.not_positive(name)),
            None => default.ok_or_else(|| ModelError::KeyMissing { key: self.key(name) }),
        }
    }

    /// [`Self::positive`] as f32, the precision of weights and activations.
    #[expect(clippy::cast_possible_truncation, reason = "scales need no f64 precision")]
    pub(super) fn positive_f32(
        &self,
        name: &'static str,
        default: Option<f64>,
    ) -> Result<f32, ModelError> {
        let found = self.positive(name, default)? as f32;
        if found.is_finite() && found > 0.0 { Ok(found) } else { Err(self.not_positive(name)) }
    }

    /// A finite float above 0; `None` if the key is missing or 0, because llama.cpp writes 0 for
    /// "none".
    pub(super) fn optional_positive(&self, name: &'static str) -> Result<Option<f64>, ModelError> {
        Ok(self.positive_or_zero(name)?.filter(|found| *found > 0.0))
    }

    fn positive_or_zero(&self, name: &'static str) -> Result<Option<f64>, ModelError> {
        let key = self.key(name);
        if self.metadata.get(&key).is_none() {
            return Ok(None);
        }
        match self.metadata.float(&key) {
            Some(found) if found.is_finite() && found >= 0.0 => Ok(Some(found)),
            _ => Err(self.not_positive(name)),
        }
    }

    fn not_positive(&self, name: &str) -> ModelError {
        ModelError::KeyType { key: self.key(name), expected: "a finite number above 0" }
    }

    /// Refuses a value other than `allowed`: it would change the computation in a way that is not
    /// implemented.
    pub(super) fn must_be_absent_or(
        &self,
        name: &'static str,
        allowed: f64,
        supported: &'static str,
    ) -> Result<(), ModelError> {
        let key = self.key(name);
        let found = match self.metadata.get(&key) {
            None => return Ok(()),
            #[expect(clippy::cast_precision_loss, reason = "only compared with a small number")]
            Some(MetadataValue::Signed(found)) => Some(*found as f64),
            Some(_) => self.metadata.float(&key),
        };
        match found {
            #[expect(clippy::float_cmp, reason = "files store the default exactly or leave it out")]
            Some(found) if found == allowed => Ok(()),
            Some(found) => {
                Err(ModelError::Unsupported { what: name, found: found.to_string(), supported })
            }
            None => Err(ModelError::KeyType { key, expected: "a number" }),
        }
    }
}
