//! Inner products of one 16-bit vector with many rows of bytes: similarity to stored examples.

use crate::specification::for_each_tier;

for_each_tier! {
    /// `sums[row] = rows[row] · x`, exact in integers.
    ///
    /// `rows` is `[sums.len()][x.len()]`, row-major. The caller sees to it that the sums fit: up to
    /// 16,384 values of at most 11 bits each do.
    ///
    /// # Panics
    /// If the shapes disagree: a bug in the caller.
    pub fn dot_bytes(sums: &mut [i32], rows: &[i8], x: &[i16]) = of_rows;
}

#[inline(always)]
fn of_rows(sums: &mut [i32], rows: &[i8], x: &[i16]) {
    assert_eq!(rows.len(), sums.len() * x.len(), "rows · x");
    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(x.len().max(1))) {
        *sum = row.iter().zip(x).map(|(byte, value)| i32::from(*byte) * i32::from(*value)).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::tiers;

    #[test]
    fn every_tier_equals_sums_in_i64_at_every_width() {
        for width in (1..70).chain([255, 256, 384, 1_000]) {
            let byte = |at: usize| i8::try_from(at * 37 % 128).unwrap() - 64;
            let value = |at: usize| i16::try_from(at * 911 % 2_047).unwrap() - 1_023;
            let rows: Vec<i8> = (0..5 * width).map(byte).collect();
            let x: Vec<i16> = (0..width).map(value).collect();
            let expected: Vec<i64> = rows
                .chunks_exact(width)
                .map(|row| row.iter().zip(&x).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum())
                .collect();
            for tier in tiers() {
                let mut sums = [0; 5];
                dot_bytes(tier, &mut sums, &rows, &x);
                assert_eq!(sums.map(i64::from).to_vec(), expected, "{tier:?}, width {width}");
            }
        }
    }
}
