//! Slices in, slices out: the operations that a forward pass spends its time in.
//!
//! One folder an operation. Its `mod` is the door: it checks shapes and picks the tier; `scalar` is
//! the specification, and every other tier computes the same bits. `unsafe` stays in here.
//!
//! The NEON tier has code of its own for `matmul` alone. Elsewhere it runs the specification, whose
//! loops the compiler turns into vector code as they stand: on aarch64 NEON and fused
//! multiplications are always there.

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for instructions that are looked for first")
)]
pub mod activation;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for instructions that are looked for first")
)]
pub mod attention;
mod exponential;
#[expect(unsafe_code, reason = "threads write disjoint rectangles of one slice")]
pub mod grid;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for instructions that are looked for first")
)]
pub mod int16;
pub mod matmul;
mod memory;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for instructions that are looked for first")
)]
pub mod norm;
#[expect(unsafe_code, reason = "threads borrow a closure of the thread that waits for them")]
pub mod pool;
#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "code compiled for instructions that are looked for first")
)]
pub mod rope;
mod specification;
pub mod tier;
