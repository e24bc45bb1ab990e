//! Why a matrix cannot be packed.

use crate::matmul::weight_type::WeightType;
use crate::tier::TierError;

/// Why a matrix cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatmulError {
    /// The row length is not a multiple of the type's unit.
    #[error("{weight_type:?} rows have {found} weights, must be a multiple of {multiple}")]
    Columns {
        /// The weight type.
        weight_type: WeightType,
        /// Weights per row.
        found: usize,
        /// The required multiple, in weights.
        multiple: usize,
    },
    /// The byte count does not match the shape.
    #[error("found {found} bytes, {rows} rows of {row_bytes} bytes were expected")]
    Bytes {
        /// Bytes found.
        found: usize,
        /// Matrix rows.
        rows: usize,
        /// Bytes per row.
        row_bytes: usize,
    },
    /// This machine does not support the tier.
    #[error(transparent)]
    Tier(#[from] TierError),
}
