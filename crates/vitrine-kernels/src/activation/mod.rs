//! Activation functions of feed-forward layers, gated and plain, and the soft cap for logits.

mod scalar;

use crate::specification::for_each_tier;

for_each_tier! {
    /// `out = gate · sigmoid(gate) · up`, element by element.
    ///
    /// # Panics
    /// If the widths disagree: a bug in the caller.
    ///
    /// Source: Shazeer 2020, arXiv:2002.05202 (SwiGLU).
    pub fn silu_times(out: &mut [f32], gate: &[f32], up: &[f32]) = scalar::silu_times;
}

for_each_tier! {
    /// `out = gelu(gate) · up`, element by element, with the tanh approximation of GELU.
    ///
    /// # Panics
    /// If the widths disagree: a bug in the caller.
    ///
    /// Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    pub fn gelu_times(out: &mut [f32], gate: &[f32], up: &[f32]) = scalar::gelu_times;
}

for_each_tier! {
    /// Exact GELU in place: `x Φ(x)`, computed with the error function. Absolute error at most 2e-7
    /// · |x|.
    ///
    /// Source: Hendrycks & Gimpel 2016, arXiv:1606.08415; the error function is formula 7.1.26 of
    /// Abramowitz & Stegun 1964.
    pub fn gelu_erf(values: &mut [f32]) = scalar::gelu_erf;
}

for_each_tier! {
    /// GELU in place with the tanh approximation.
    pub fn gelu_tanh(values: &mut [f32]) = scalar::gelu_tanh;
}

for_each_tier! {
    /// `max(x, 0)` in place; NaN is kept.
    pub fn relu(values: &mut [f32]) = scalar::relu;
}

for_each_tier! {
    /// Limits every value smoothly to ±`cap`, in place: `cap · tanh(value / cap)`. Minus infinity
    /// is kept, so that masked scores stay masked.
    ///
    /// Source: Gemma Team 2024, arXiv:2408.00118, section 2.
    pub fn soft_cap(values: &mut [f32], cap: f32) = scalar::soft_cap;
}

pub(crate) use scalar::soft_cap as soft_cap_plain;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::random_floats;
    use crate::specification::tests::same_bits;
    use crate::specification::tests::tiers;
    use crate::tier::Tier;

    type Specification = fn(&mut [f32]);
    type Function = fn(Tier, &mut [f32]);

    #[test]
    fn every_tier_equals_scalar_at_every_width() {
        for width in 0..70 {
            let gate: Vec<f32> = random_floats(width, 10).iter().map(|x| x * 40.0).collect();
            let up = random_floats(width, 11);
            let (mut found, mut expected) = (vec![0.0; width], vec![0.0; width]);
            scalar::silu_times(&mut expected, &gate, &up);
            for tier in tiers() {
                silu_times(tier, &mut found, &gate, &up);
                same_bits(&found, &expected);
            }
            scalar::gelu_times(&mut expected, &gate, &up);
            for tier in tiers() {
                gelu_times(tier, &mut found, &gate, &up);
                same_bits(&found, &expected);
            }
        }
    }

    #[test]
    fn activations_are_close_to_f64() {
        for step in -2000..2000_i16 {
            let x = f32::from(step) / 100.0;
            let wide = f64::from(x);
            let (mut silu, mut gelu) = ([0.0], [0.0]);
            scalar::silu_times(&mut silu, &[x], &[1.0]);
            scalar::gelu_times(&mut gelu, &[x], &[1.0]);
            let exact = wide / (1.0 + (-wide).exp());
            assert!((f64::from(silu[0]) - exact).abs() < 1e-6 * exact.abs().max(1.0));
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044_715 * wide.powi(3));
            let exact = 0.5 * wide * (1.0 + inner.tanh());
            assert!((f64::from(gelu[0]) - exact).abs() < 2e-6 * exact.abs().max(1.0), "{x}");
        }
    }

    #[test]
    fn plain_activations_are_close_to_f64_and_the_same_in_every_tier() {
        let erf = |x: f64| {
            // Taylor series; the arguments are small enough for it to converge.
            let mut term = x;
            let mut sum = x;
            for n in 1..200 {
                term *= -x * x / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            sum * 2.0 / std::f64::consts::PI.sqrt()
        };
        let values: Vec<f32> = (-400..400_i16).map(|step| f32::from(step) / 100.0).collect();
        let plain: [(Specification, Function); 3] =
            [(scalar::gelu_erf, gelu_erf), (scalar::gelu_tanh, gelu_tanh), (scalar::relu, relu)];
        for (at, (specification, function)) in plain.into_iter().enumerate() {
            let mut expected = values.clone();
            specification(&mut expected);
            for tier in tiers() {
                let mut found = values.clone();
                function(tier, &mut found);
                same_bits(&found, &expected);
            }
            for (x, found) in values.iter().zip(&expected) {
                let x = f64::from(*x);
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                let exact = match at {
                    0 => 0.5 * x * (1.0 + erf(x / 2.0_f64.sqrt())),
                    1 => 0.5 * x * (1.0 + inner.tanh()),
                    _ => x.max(0.0),
                };
                let off = (f64::from(*found) - exact).abs();
                assert!(off <= 3e-7 * x.abs().max(1.0), "{at} of {x}: {found} is not {exact}");
            }
        }
        let mut edges = [f32::NAN, 40.0, -40.0];
        scalar::gelu_erf(&mut edges);
        assert!(edges[0].is_nan() && edges[1] == 40.0 && edges[2] == 0.0);
    }
}
