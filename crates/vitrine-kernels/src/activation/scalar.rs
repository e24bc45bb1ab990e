//! Specification of the activation functions, in plain Rust.

use crate::exponential::exponential;

/// 2 · √(2/π): the tanh approximation is evaluated as `tanh(u) = 2 · sigmoid(2u) - 1`.
const GELU_SLOPE: f32 = 1.595_769;
const GELU_CUBE: f32 = 0.044_715;

#[inline(always)]
pub(super) fn silu_times(out: &mut [f32], gate: &[f32], up: &[f32]) {
    assert!(out.len() == gate.len() && out.len() == up.len(), "widths differ");
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        *out = up * (gate / (1.0 + exponential(-gate)));
    }
}

#[inline(always)]
pub(super) fn gelu_times(out: &mut [f32], gate: &[f32], up: &[f32]) {
    assert!(out.len() == gate.len() && out.len() == up.len(), "widths differ");
    for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
        let twice = GELU_SLOPE * (GELU_CUBE * gate * gate).mul_add(*gate, *gate);
        *out = up * (gate / (1.0 + exponential(-twice)));
    }
}

/// `1 / √2`.
const ROOT_HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// The constant `p` of formula 7.1.26: `t = 1 / (1 + p·x)`. [`ERF`] is its polynomial in `t`,
/// highest power first.
const ERF_P: f32 = 0.327_591_1;
const ERF: [f32; 5] = [1.061_405_4, -1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6];

#[inline(always)]
pub(super) fn gelu_erf(values: &mut [f32]) {
    for value in values {
        let x = value.abs() * ROOT_HALF;
        let t = 1.0 / ERF_P.mul_add(x, 1.0);
        let mut sum = ERF[0];
        for coefficient in &ERF[1..] {
            sum = sum.mul_add(t, *coefficient);
        }
        // `tail` is Φ(-|x|): for negative x the factor Φ(x) is `tail`, otherwise `1 - tail`.
        let tail = 0.5 * sum * t * exponential(-x * x);
        let share = if *value < 0.0 { tail } else { 1.0 - tail };
        *value *= share;
    }
}

#[inline(always)]
pub(super) fn gelu_tanh(values: &mut [f32]) {
    for value in values {
        let twice = GELU_SLOPE * (GELU_CUBE * *value * *value).mul_add(*value, *value);
        *value /= 1.0 + exponential(-twice);
    }
}

#[inline(always)]
pub(super) fn relu(values: &mut [f32]) {
    for value in values {
        // Not `max`, which would turn NaN into 0.
        *value = if *value < 0.0 { 0.0 } else { *value };
    }
}

#[inline(always)]
pub(crate) fn soft_cap(values: &mut [f32], cap: f32) {
    for value in values {
        // tanh(u) = 1 - 2 / (1 + e^2u). Minus infinity marks masked scores and must stay.
        let bent = cap * (1.0 - 2.0 / (1.0 + exponential(2.0 * *value / cap)));
        *value = if *value == f32::NEG_INFINITY { *value } else { bent };
    }
}
