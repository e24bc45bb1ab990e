//! Numeric kernels: the operations in which a forward pass spends its time. Slices in, slices out.
//!
//! A weight matrix is packed once and then multiplied with any number of rows:
//!
//! ```
//! use vitrine_kernels::matmul::MatmulRows;
//! use vitrine_kernels::matmul::MatmulScratch;
//! use vitrine_kernels::matmul::PackedMatrix;
//! use vitrine_kernels::matmul::WeightType;
//! use vitrine_kernels::matmul::matmul;
//! use vitrine_kernels::tier::Tier;
//!
//! // Two matrix rows of 32 weights, as a model file stores them.
//! let weights: Vec<u8> = (0..64_u8).flat_map(|k| f32::from(k).to_le_bytes()).collect();
//! let matrix = PackedMatrix::pack(WeightType::F32, &weights, [2, 32], Tier::detect())?;
//! let mut sums = [0.0; 2];
//! let rows = MatmulRows::Float(&[1.0; 32]);
//! let mut scratch = MatmulScratch::default();
//! matmul(&matrix, rows, 0..matrix.panel_count(), &mut scratch, &mut |_, column, found| {
//!     sums[column..column + found.len()].copy_from_slice(found);
//! });
//! assert_eq!(sums, [496.0, 1520.0]);
//! # Ok::<(), vitrine_kernels::matmul::MatmulError>(())
//! ```
//!
//! One module per operation: [`matmul`] and [`int16`] (quantised products), [`attention`] over
//! paged keys and values, [`norm`], [`rope`], [`activation`], [`dot`] (similarity to examples).
//! [`pool`] and [`grid`] share an operation between threads. `benches/kernels.rs` of the workspace
//! measures the products.
//!
//! Each operation's `mod.rs` is its entry point: it checks shapes and dispatches to a [`tier`] (an
//! instruction set). `scalar` is the specification; every other tier computes the same bits. Unsafe
//! code stays in this crate's kernels, pool and grid, each with the reason why it is sound.
//!
//! The NEON tier has hand-written code for `matmul` only. Every other operation runs the
//! specification there, which the compiler auto-vectorises: NEON and fused multiply-add are always
//! available on aarch64.

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod activation;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod attention;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod dot;
mod exponential;
#[expect(unsafe_code, reason = "threads write disjoint rectangles of one slice")]
pub mod grid;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod int16;
pub mod matmul;
mod memory;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod norm;
#[expect(unsafe_code, reason = "workers borrow a closure from the caller, which waits for them")]
pub mod pool;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "runs code compiled for instruction sets detected first")
)]
pub mod rope;
mod specification;
pub mod tier;
