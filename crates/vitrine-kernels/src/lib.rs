//! Numeric kernels: the operations in which a forward pass spends its time. Slices in, slices out.
//!
//! One folder per operation. Its `mod.rs` is the entry point: it checks shapes and dispatches to a
//! tier (an instruction set). `scalar` is the specification; every other tier computes the same
//! bits. Unsafe compute code stays in this module.
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
