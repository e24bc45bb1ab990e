//! Slices in, slices out: the operations that a forward pass spends its time in.
//!
//! One folder an operation. Its `mod` is the door: it checks shapes and picks the tier; `scalar` is
//! the specification, and every other tier computes the same bits. `unsafe` stays in here.

pub mod matmul;
pub mod tier;
