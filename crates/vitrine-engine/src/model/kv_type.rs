//! The number format of stored keys and values.

use candle_core::DType;

/// Number format of stored keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvType {
    /// 32-bit floats: no rounding on the CPU executor.
    F32,
    /// 16-bit floats: half the memory.
    F16,
}

impl KvType {
    /// Candle's name for the format.
    pub(crate) fn library_type(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
        }
    }

    /// Bytes per number.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}
