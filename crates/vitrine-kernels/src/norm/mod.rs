//! Normalisation of one row: RMSNorm and LayerNorm.

mod scalar;

use crate::specification::for_each_tier;

for_each_tier! {
    /// Scales `x` to unit root mean square, then multiplies by `gain`.
    ///
    /// All slices have the row's width. `epsilon` is added to the mean square.
    ///
    /// # Panics
    /// If the widths disagree. Shapes come from checked weights, so that is a bug.
    ///
    /// Source: Zhang & Sennrich 2019, arXiv:1910.07467.
    pub fn rms_norm(out: &mut [f32], x: &[f32], gain: &[f32], epsilon: f32) =
        scalar::rms_norm;
}

for_each_tier! {
    /// [`rms_norm`] in place.
    pub fn rms_norm_in_place(row: &mut [f32], gain: &[f32], epsilon: f32) =
        scalar::rms_norm_in_place;
}

for_each_tier! {
    /// Scales `row` to mean 0 and variance 1, then multiplies by `gain` and adds `bias`.
    ///
    /// All slices have the row's width. `epsilon` is added to the variance.
    ///
    /// # Panics
    /// If the widths disagree. Shapes come from checked weights, so that is a bug.
    ///
    /// Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.
    pub fn layer_norm(row: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) =
        scalar::layer_norm;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::random_floats;
    use crate::specification::tests::same_bits;
    use crate::specification::tests::tiers;

    #[test]
    fn every_tier_equals_scalar_at_every_width() {
        for width in (1..70).chain([255, 256, 896, 1000]) {
            let x = random_floats(width, 3);
            let gain = random_floats(width, 4);
            let mut expected = vec![0.0; width];
            scalar::rms_norm(&mut expected, &x, &gain, 1e-5);
            for tier in tiers() {
                let mut found = vec![0.0; width];
                rms_norm(tier, &mut found, &x, &gain, 1e-5);
                same_bits(&found, &expected);
                let mut found = x.clone();
                rms_norm_in_place(tier, &mut found, &gain, 1e-5);
                same_bits(&found, &expected);
            }
            let bias = random_floats(width, 7);
            let mut expected = x.clone();
            scalar::layer_norm(&mut expected, &gain, &bias, 1e-5);
            for tier in tiers() {
                let mut found = x.clone();
                layer_norm(tier, &mut found, &gain, &bias, 1e-5);
                same_bits(&found, &expected);
            }
        }
    }

    #[test]
    fn norm_is_within_rounding_of_f64() {
        let (x, gain) = (random_floats(1024, 5), random_floats(1024, 6));
        let mut found = vec![0.0; 1024];
        scalar::rms_norm(&mut found, &x, &gain, 1e-6);
        let squares: f64 = x.iter().map(|&x| f64::from(x).powi(2)).sum();
        let scale = 1.0 / (squares / 1024.0 + 1e-6).sqrt();
        for ((found, x), gain) in found.iter().zip(&x).zip(&gain) {
            let exact = f64::from(*x) * scale * f64::from(*gain);
            assert!((f64::from(*found) - exact).abs() <= 1e-6 * exact.abs().max(1e-3));
        }
    }

    #[test]
    fn layer_norm_is_within_rounding_of_f64() {
        let (gain, bias) = (random_floats(384, 8), random_floats(384, 9));
        let x: Vec<f32> = random_floats(384, 10).iter().map(|x| 3.0 * x + 20.0).collect();
        let mut found = x.clone();
        scalar::layer_norm(&mut found, &gain, &bias, 1e-6);
        let mean: f64 = x.iter().map(|&x| f64::from(x)).sum::<f64>() / 384.0;
        let squares: f64 = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum();
        let scale = 1.0 / (squares / 384.0 + 1e-6).sqrt();
        for (at, found) in found.iter().enumerate() {
            let exact =
                (f64::from(x[at]) - mean) * scale * f64::from(gain[at]) + f64::from(bias[at]);
            assert!((f64::from(*found) - exact).abs() <= 1e-5, "{found} is not {exact}");
        }
    }
}
