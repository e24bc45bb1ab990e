//! Specification of the norms, in plain Rust. Sums are kept in [`LANES`] interleaved partial sums,
//! a fixed order that every tier reproduces.

/// Partial sums per row: two vectors of eight, to hide the latency of an addition.
const LANES: usize = 16;

#[inline(always)]
pub(super) fn rms_norm(out: &mut [f32], x: &[f32], gain: &[f32], epsilon: f32) {
    assert!(out.len() == x.len() && gain.len() == x.len(), "widths differ");
    let scale = scale(x, epsilon);
    for ((out, x), gain) in out.iter_mut().zip(x).zip(gain) {
        *out = x * scale * gain;
    }
}

#[inline(always)]
pub(super) fn rms_norm_in_place(row: &mut [f32], gain: &[f32], epsilon: f32) {
    assert!(gain.len() == row.len(), "widths differ");
    let scale = scale(row, epsilon);
    for (x, gain) in row.iter_mut().zip(gain) {
        *x = *x * scale * gain;
    }
}

/// 1 / √(mean square + `epsilon`).
#[inline(always)]
fn scale(x: &[f32], epsilon: f32) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let whole = x.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for lane in 0..LANES {
            sums[lane] = part[lane].mul_add(part[lane], sums[lane]);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum = x.mul_add(*x, *sum);
    }
    #[expect(clippy::cast_precision_loss, reason = "a row is narrower than 2^24")]
    let mean = folded(sums) / x.len() as f32;
    1.0 / (mean + epsilon).sqrt()
}

#[inline(always)]
pub(super) fn layer_norm(row: &mut [f32], gain: &[f32], bias: &[f32], epsilon: f32) {
    assert!(gain.len() == row.len() && bias.len() == row.len(), "widths differ");
    #[expect(clippy::cast_precision_loss, reason = "a row is narrower than 2^24")]
    let width = row.len() as f32;
    let mean = sum_of(row, |x| x) / width;
    let variance = sum_of(row, |x| (x - mean) * (x - mean)) / width;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((x, gain), bias) in row.iter_mut().zip(gain).zip(bias) {
        *x = ((*x - mean) * scale).mul_add(*gain, *bias);
    }
}

/// Sum of `term(x)` over a row.
#[inline(always)]
fn sum_of(row: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let whole = row.chunks_exact(LANES);
    let rest = whole.remainder();
    for part in whole {
        for lane in 0..LANES {
            sums[lane] += term(part[lane]);
        }
    }
    for (sum, x) in sums.iter_mut().zip(rest) {
        *sum += term(*x);
    }
    folded(sums)
}

/// Sum of all lanes by pairwise halving.
#[inline(always)]
fn folded(mut sums: [f32; LANES]) -> f32 {
    let mut lanes = LANES / 2;
    while lanes > 0 {
        for lane in 0..lanes {
            sums[lane] += sums[lane + lanes];
        }
        lanes /= 2;
    }
    sums[0]
}
