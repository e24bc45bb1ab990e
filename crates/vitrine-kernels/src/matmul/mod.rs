//! Products with packed weight matrices: `rows × matrixᵀ`, for any number of rows.
//!
//! Weights are unsigned codes in panels ([`PackedMatrix`]); activations are signed bytes
//! ([`QuantizedRows`]). The records of a panel are unpacked once for up to [`BLOCK_ROWS`] rows and
//! multiplied strip by strip. Threads share a product by panels: each thread computes some of them
//! and passes the sums to its own closure.
//!
//! Invariants
//! - Batch invariance: the sums of a row have the same bits whatever other rows are computed, in
//!   every tier and on any number of threads.
//! - A product never allocates. The caller owns one [`MatmulScratch`] per thread.
//!
//! Source: the blocking is Goto & van de Geijn 2008, "Anatomy of high-performance matrix
//! multiplication", with weights stored in panels instead of packed on the fly.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod decode;
mod drive;
mod error;
mod largest;
mod layout;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod quantize;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;
mod weight_type;

pub use drive::BLOCK_ROWS;
pub use drive::MatmulRows;
pub use drive::MatmulScratch;
pub use drive::SumsSink;
pub use error::MatmulError;
pub use largest::Largest;
pub use packed::PackedMatrix;
pub use quantize::quantize_row;
pub use rows::MAGNITUDE_MIN;
pub use rows::QuantizedRows;
pub use rows::RowUnit;
pub(crate) use rows::scale_of;
pub use weight_type::RowForm;
pub use weight_type::WeightType;

#[cfg(target_arch = "x86_64")]
use crate::matmul::avx2::Avx2Matmul;
#[cfg(target_arch = "x86_64")]
use crate::matmul::avx512::Avx512Matmul;
use crate::matmul::drive::Product;
use crate::matmul::drive::drive;
#[cfg(target_arch = "aarch64")]
use crate::matmul::neon::NeonMatmul;
use crate::matmul::scalar::ScalarMatmul;
use crate::tier::Tier;
use std::ops::Range;

/// Computes columns `panels.start * panel_rows ..` of `rows × matrixᵀ`.
///
/// Calls `take(row, column, sums)` with up to 64 consecutive sums of a row, starting at `column`.
/// Every (row, column) pair is passed exactly once.
///
/// # Panics
/// If the operands do not match or the panels do not exist: a bug in the caller.
pub fn matmul(
    matrix: &PackedMatrix,
    rows: MatmulRows<'_>,
    panels: Range<usize>,
    scratch: &mut MatmulScratch,
    take: &mut SumsSink<'_>,
) {
    assert!(panels.end <= matrix.panel_count(), "panels {panels:?} of {}", matrix.panel_count());
    match rows {
        MatmulRows::Quantized(rows) => {
            assert_eq!(rows.form(), matrix.row_form(), "row form differs from the matrix");
            assert_eq!(rows.columns(), matrix.columns(), "inner lengths differ");
        }
        MatmulRows::Float(values) => {
            assert_eq!(RowForm::Float, matrix.row_form(), "row form differs from the matrix");
            assert!(values.len().is_multiple_of(matrix.columns()), "inner lengths differ");
        }
    }
    run(Product { matrix, rows }, panels, scratch, take);
}

/// Runs the product with the strip kernel of the matrix's tier.
fn run(
    product: Product<'_>,
    panels: Range<usize>,
    scratch: &mut MatmulScratch,
    take: &mut SumsSink<'_>,
) {
    match product.matrix.tier() {
        Tier::Scalar => drive(ScalarMatmul, product, panels, scratch, take),
        #[cfg(target_arch = "aarch64")]
        Tier::Neon => drive(NeonMatmul::detected(), product, panels, scratch, take),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx2 => drive(Avx2Matmul::<false>::detected(), product, panels, scratch, take),
        #[cfg(target_arch = "x86_64")]
        Tier::AvxVnni => drive(Avx2Matmul::<true>::detected(), product, panels, scratch, take),
        #[cfg(target_arch = "x86_64")]
        Tier::Avx512Vnni => drive(Avx512Matmul::detected(), product, panels, scratch, take),
        #[cfg(not(target_arch = "x86_64"))]
        Tier::Avx2 | Tier::AvxVnni | Tier::Avx512Vnni => {
            unreachable!("matrices are packed only for a supported tier")
        }
        #[cfg(not(target_arch = "aarch64"))]
        Tier::Neon => unreachable!("matrices are packed only for a supported tier"),
    }
}
