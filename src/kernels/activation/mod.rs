//! Gated activations: what stands between the two halves of a feed-forward part.

mod scalar;

use crate::kernels::specification::for_each_tier;

for_each_tier! {
    /// `out = gate · sigmoid(gate) · up`, element by element; `out` holds `up` before.
    ///
    /// # Panics
    /// If the widths disagree: our bug.
    ///
    /// Source: Shazeer 2020, arXiv:2002.05202 (SwiGLU).
    pub(crate) fn silu_times(out: &mut [f32], gate: &[f32]) = scalar::silu_times;
}

for_each_tier! {
    /// `out = gelu(gate) · up` with the tangent approximation; `out` holds `up` before.
    ///
    /// # Panics
    /// If the widths disagree: our bug.
    ///
    /// Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    pub(crate) fn gelu_times(out: &mut [f32], gate: &[f32]) = scalar::gelu_times;
}

for_each_tier! {
    /// Bends every value to stay below `cap`: `cap · tanh(value / cap)`.
    ///
    /// Source: Gemma Team 2024, arXiv:2408.00118, section 2.
    pub(crate) fn soft_cap(values: &mut [f32], cap: f32) = scalar::soft_cap;
}

pub(in crate::kernels) use scalar::soft_cap as soft_cap_plain;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::specification::tests::random_floats;
    use crate::kernels::specification::tests::same_bits;
    use crate::kernels::specification::tests::tiers;

    #[test]
    fn every_tier_equals_scalar_at_every_width() {
        for width in 0..70 {
            let gate: Vec<f32> = random_floats(width, 10).iter().map(|x| x * 40.0).collect();
            let up = random_floats(width, 11);
            let mut expected = up.clone();
            scalar::silu_times(&mut expected, &gate);
            for tier in tiers() {
                let mut found = up.clone();
                silu_times(tier, &mut found, &gate);
                same_bits(&found, &expected);
            }
            let mut expected = up.clone();
            scalar::gelu_times(&mut expected, &gate);
            for tier in tiers() {
                let mut found = up.clone();
                gelu_times(tier, &mut found, &gate);
                same_bits(&found, &expected);
            }
        }
    }

    #[test]
    fn activations_are_close_to_f64() {
        for step in -2000..2000_i16 {
            let x = f32::from(step) / 100.0;
            let wide = f64::from(x);
            let (mut silu, mut gelu) = ([1.0], [1.0]);
            scalar::silu_times(&mut silu, &[x]);
            scalar::gelu_times(&mut gelu, &[x]);
            let exact = wide / (1.0 + (-wide).exp());
            assert!((f64::from(silu[0]) - exact).abs() < 1e-6 * exact.abs().max(1.0));
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044_715 * wide.powi(3));
            let exact = 0.5 * wide * (1.0 + inner.tanh());
            assert!((f64::from(gelu[0]) - exact).abs() < 2e-6 * exact.abs().max(1.0), "{x}");
        }
    }
}
