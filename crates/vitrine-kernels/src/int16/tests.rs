//! Products against an f64 reference, every tier against the specification, and batch invariance.

use super::*;
use crate::grid::Cut;
use crate::int16::matrix::INPUTS_MAX;
use crate::int16::matrix::WEIGHT_MAX;
use crate::pool::Pool;
use crate::specification::tests::random_floats;
use crate::specification::tests::same_bits;
use crate::specification::tests::tiers;
use crate::specification::tests::unless_miri;

fn quantized(values: &[f32], inputs: usize) -> Vec<i16> {
    let stride = row_codes(inputs);
    let mut rows = vec![0; values.len() / inputs * stride];
    for (row, values) in rows.chunks_exact_mut(stride).zip(values.chunks_exact(inputs)) {
        rows::quantize_plain(row, values);
    }
    rows
}

/// The whole product, in tasks of `columns` outputs. Checks that elements beyond the outputs are
/// not written.
fn product(matrix: &Int16Matrix, rows: &[i16], columns: usize) -> Vec<f32> {
    const CANARY: f32 = -7.25;
    let (count, width) = (rows.len() / row_codes(matrix.inputs), matrix.outputs() + 3);
    let mut out = vec![CANARY; count * width];
    let mut edges: Vec<usize> = (0..matrix.outputs()).step_by(columns).collect();
    edges.push(matrix.outputs());
    let cut = Cut { width, rows: &[0, count], columns: &edges };
    let mut pool = Pool::start(2).unwrap();
    pool.grid(&mut out, cut, &mut [(), ()], |(), mut part| matrix.multiply(rows, &mut part, 0))
        .unwrap();
    let rows = out.chunks_exact(width);
    rows.flat_map(|row| {
        assert!(row[matrix.outputs()..].iter().all(|&x| x == CANARY));
        row[..matrix.outputs()].to_vec()
    })
    .collect()
}

#[test]
fn every_tier_equals_scalar_on_every_height_and_tail() {
    let shapes = [(1, 1), (2, 16), (7, 17), (32, 40), (384, 48), (385, 33)];
    for (inputs, outputs) in shapes.into_iter().take(unless_miri(6, 3)) {
        let weights = random_floats(inputs * outputs, 1);
        let bias = random_floats(outputs, 2);
        for count in (1..20).chain([60, 61, 66]).take(unless_miri(22, 3)) {
            let rows = quantized(&random_floats(inputs * count, 3), inputs);
            let expected =
                product(&Int16Matrix::pack(&weights, &bias, Tier::Scalar).unwrap(), &rows, 16);
            for tier in tiers() {
                let matrix = Int16Matrix::pack(&weights, &bias, tier).unwrap();
                same_bits(&product(&matrix, &rows, 32), &expected);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn row_has_the_same_bits_in_every_batch() {
    let (inputs, outputs) = (96, 80);
    let matrix = Int16Matrix::pack(
        &random_floats(inputs * outputs, 4),
        &random_floats(outputs, 5),
        Tier::detect(),
    )
    .unwrap();
    let rows = quantized(&random_floats(inputs * 67, 6), inputs);
    let together = product(&matrix, &rows, 48);
    for (row, together) in rows.chunks_exact(row_codes(inputs)).zip(together.chunks_exact(outputs))
    {
        same_bits(&product(&matrix, row, 16), together);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn product_is_that_of_the_rounded_operands() {
    for inputs in [64, 1536, 4096] {
        let (weights, values) = (random_floats(inputs * 16, 7), random_floats(inputs * 5, 8));
        let rows = quantized(&values, inputs);
        let matrix = Int16Matrix::pack(&weights, &[0.5; 16], Tier::detect()).unwrap();
        let found = product(&matrix, &rows, 16);
        for (row, found) in values.chunks_exact(inputs).zip(found.chunks_exact(16)) {
            for (weights, &found) in weights.chunks_exact(inputs).zip(found) {
                let largest = weights.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
                let step = f64::from(largest / f32::from(WEIGHT_MAX));
                let terms = row
                    .iter()
                    .zip(weights)
                    .map(|(x, w)| f64::from(*x) * (f64::from(*w) / step).round_ties_even() * step);
                let exact = 0.5 + terms.sum::<f64>();
                // Each activation is off by up to half a step; the errors add up as noise. Allow
                // six times that.
                let noise = 0.3 / f64::from(code_max(inputs)) * (inputs as f64 / 3.0).sqrt();
                assert!((f64::from(found) - exact).abs() < 6.0 * noise, "{found} is not {exact}");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn extreme_operands_do_not_overflow() {
    for inputs in [2, 384, 1536, 4096, INPUTS_MAX] {
        let largest = vec![-3.0; inputs];
        let matrix = Int16Matrix::pack(&largest, &[0.0], Tier::detect()).unwrap();
        let found = product(&matrix, &quantized(&largest, inputs), 16)[0];
        let exact = 9.0 * inputs as f32;
        assert!((found - exact).abs() <= 1e-5 * exact, "{found} is not {exact}");
    }
}

#[test]
fn row_with_a_nan_or_an_infinity_is_nan_and_zeros_are_the_bias() {
    let matrix = Int16Matrix::pack(&[1.0; 20], &[0.25], Tier::detect()).unwrap();
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for at in [0, 9, 19] {
            let mut values = [1.0; 20];
            values[at] = poison;
            assert!(product(&matrix, &quantized(&values, 20), 16)[0].is_nan());
        }
    }
    assert_eq!(product(&matrix, &quantized(&[0.0; 20], 20), 16), [0.25]);
    let silent = Int16Matrix::pack(&[0.0; 20], &[0.25], Tier::detect()).unwrap();
    assert_eq!(product(&silent, &quantized(&[4.0; 20], 20), 16), [0.25]);
}
