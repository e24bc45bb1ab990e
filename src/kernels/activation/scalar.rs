//! The specification of the activations.

use crate::kernels::exponential::exponential;

/// Twice the root of 2/π, for `tanh(u) = 2 · sigmoid(2u) - 1`.
const GELU_SLOPE: f32 = 1.595_769;
const GELU_CUBE: f32 = 0.044_715;

#[inline(always)]
pub(super) fn silu_times(out: &mut [f32], gate: &[f32]) {
    assert!(out.len() == gate.len(), "gate and up have one width");
    for (out, gate) in out.iter_mut().zip(gate) {
        *out *= gate / (1.0 + exponential(-gate));
    }
}

#[inline(always)]
pub(super) fn gelu_times(out: &mut [f32], gate: &[f32]) {
    assert!(out.len() == gate.len(), "gate and up have one width");
    for (out, gate) in out.iter_mut().zip(gate) {
        let twice = GELU_SLOPE * (GELU_CUBE * gate * gate).mul_add(*gate, *gate);
        *out *= gate / (1.0 + exponential(-twice));
    }
}

#[inline(always)]
pub(in crate::kernels) fn soft_cap(values: &mut [f32], cap: f32) {
    for value in values {
        // tanh(u) = 1 - 2 / (1 + e^2u), and minus infinity must stay what it is.
        let bent = cap * (1.0 - 2.0 / (1.0 + exponential(2.0 * *value / cap)));
        *value = if *value == f32::NEG_INFINITY { *value } else { bent };
    }
}
