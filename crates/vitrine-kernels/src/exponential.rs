//! The exponential function used by softmax and the gated activations. It is branch-free, so that
//! loops over it auto-vectorise.

/// Below this argument the result is 0, because `exp` would be denormal.
const ARGUMENT_MIN: f32 = -87.336_54;
/// Above this argument the result saturates, because `exp` would overflow.
const ARGUMENT_MAX: f32 = 88.02;
/// 1.5 · 2²³: adding it rounds to the nearest integer and leaves that integer in the lowest
/// mantissa bits.
const ROUND: f32 = 12_582_912.0;
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
const POLYNOMIAL: [f32; 5] = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];
const POLYNOMIAL_FIRST: f32 = 1.987_569_1e-4;

/// `e` to the power `x`: within 2 units in the last place for -87..88, exactly 0 below, finite
/// above. NaN gives NaN.
#[inline(always)]
pub(crate) fn exponential(x: f32) -> f32 {
    let clamped = x.clamp(ARGUMENT_MIN, ARGUMENT_MAX);
    let rounded = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let power = rounded - ROUND;
    let rest = power.mul_add(-LN2_LOW, power.mul_add(-LN2_HIGH, clamped));
    let mut sum = POLYNOMIAL_FIRST;
    for coefficient in POLYNOMIAL {
        sum = sum.mul_add(rest, coefficient);
    }
    let mantissa = sum.mul_add(rest * rest, rest) + 1.0;
    let scale = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    if x < ARGUMENT_MIN { 0.0 } else { mantissa * scale }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_is_within_2_units_in_the_last_place() {
        let mut x = -87.0_f32;
        while x < 88.0 {
            let exact = f64::from(x).exp();
            let unit = f64::from(f32::EPSILON) * exact;
            let found = f64::from(exponential(x));
            assert!((found - exact).abs() <= 2.0 * unit, "{x}: {found} is not {exact}");
            x += 0.003_7;
        }
        assert_eq!(exponential(0.0), 1.0);
        assert_eq!(exponential(f32::NEG_INFINITY), 0.0);
        assert_eq!(exponential(-1e30), 0.0);
        assert!(exponential(1e30).is_finite());
    }
}
