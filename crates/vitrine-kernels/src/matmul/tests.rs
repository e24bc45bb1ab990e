//! Goal: every tier computes the specification's bits, and the specification is correct.
//!
//! Method: random and extreme weights as bytes of the file formats. An f64 product of the
//! dequantised operands is the reference for the specification; the specification on the same
//! panels is the reference for every other tier.

use super::*;
use crate::matmul::packed::PackTarget;
use half::f16;
use proptest::prelude::*;

/// SplitMix64: Steele et al. 2014, "Fast splittable pseudorandom number generators".
pub(super) struct SplitMix64(pub(super) u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Uniform in −1..1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// Approximately normal.
    fn normal(&mut self) -> f32 {
        (0..6).map(|_| self.unit()).sum::<f32>() * 0.7
    }
}

/// The range of test weights and values.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Extent {
    Usual,
    /// All codes at an end of their range; scales zero, denormal or large.
    Extreme,
}

/// Weights in the byte format of a model file.
fn file_bytes(
    weight_type: WeightType,
    count: usize,
    random: &mut SplitMix64,
    extent: Extent,
) -> Vec<u8> {
    let (weights, unit_bytes) = weight_type.unit();
    let mut bytes = Vec::new();
    for _ in 0..count / weights {
        let end = [0x00, 0xff, 0x80, 0x7f][random.below(4)];
        let mut unit: Vec<u8> = (0..unit_bytes)
            .map(|_| if extent == Extent::Usual { random.byte() } else { end })
            .collect();
        let scale = match (extent, random.below(4)) {
            (Extent::Usual, _) => random.unit() * 0.01,
            (_, 0) => 0.0,
            (_, 1) => 6e-8,
            (_, 2) => -1e-3,
            _ => 2.0,
        };
        let half = f16::from_f32(scale).to_le_bytes();
        let min = f16::from_f32(scale * 3.0).to_le_bytes();
        match weight_type {
            WeightType::F32 => unit = random.normal().to_le_bytes().to_vec(),
            WeightType::F16 => unit = f16::from_f32(random.normal()).to_le_bytes().to_vec(),
            WeightType::Bf16 => unit = half::bf16::from_f32(random.normal()).to_le_bytes().to_vec(),
            WeightType::Q4_0 | WeightType::Q5_0 | WeightType::Q8_0 => {
                unit[..2].copy_from_slice(&half);
            }
            WeightType::Q4_1 | WeightType::Q5_1 | WeightType::Q4K | WeightType::Q5K => {
                unit[..2].copy_from_slice(&half);
                unit[2..4].copy_from_slice(&min);
            }
            WeightType::Q2K => {
                unit[80..82].copy_from_slice(&half);
                unit[82..84].copy_from_slice(&min);
            }
            WeightType::Q3K => unit[108..110].copy_from_slice(&half),
            WeightType::Q6K => unit[208..210].copy_from_slice(&half),
        }
        bytes.extend_from_slice(&unit);
    }
    bytes
}

fn activations(count: usize, random: &mut SplitMix64, extent: Extent) -> Vec<f32> {
    let value = |random: &mut SplitMix64| match (extent, random.below(8)) {
        (Extent::Usual, _) => random.normal(),
        (_, 0) => 0.0,
        (_, 1) => 1e-38,
        (_, 2) => 3e4,
        (_, at) => {
            if at % 2 == 0 {
                127.0
            } else {
                -127.0
            }
        }
    };
    (0..count).map(|_| value(random)).collect()
}

/// A left operand in the form that the matrix needs.
struct TestOperand {
    quantized: QuantizedRows,
    values: Vec<f32>,
    form: RowForm,
}

impl TestOperand {
    fn of(matrix: &PackedMatrix, values: Vec<f32>) -> Self {
        let (rows, columns) = (values.len() / matrix.columns(), matrix.columns());
        let mut quantized = QuantizedRows::with_room(rows, columns, matrix.tier());
        let form = matrix.row_form();
        if form != RowForm::Float {
            quantized.reshape(form, rows, columns);
            quantized.quantize(&values);
        }
        Self { quantized, values, form }
    }

    fn rows(&self) -> MatmulRows<'_> {
        if self.form == RowForm::Float {
            MatmulRows::Float(&self.values)
        } else {
            MatmulRows::Quantized(&self.quantized)
        }
    }

    /// The value that the kernel multiplies with, after quantisation.
    fn value(&self, row: usize, k: usize, columns: usize) -> f64 {
        if self.form == RowForm::Float {
            return f64::from(self.values[row * columns + k]);
        }
        self.quantized.tile(k / 256, row..row + 1)[0].value(self.form, k % 256)
    }
}

/// The product, computed in ranges of `panels_a_call` panels. Checks that every element is passed
/// exactly once.
fn product(matrix: &PackedMatrix, operand: &TestOperand, panels_a_call: usize) -> Vec<f32> {
    let rows = operand.values.len() / matrix.columns();
    let mut out = vec![f32::NAN; rows * matrix.rows()];
    let mut written = vec![0_u8; out.len()];
    let mut scratch = MatmulScratch::default();
    for first in (0..matrix.panel_count()).step_by(panels_a_call) {
        let panels = first..(first + panels_a_call).min(matrix.panel_count());
        matmul(matrix, operand.rows(), panels, &mut scratch, &mut |row, column, sums| {
            let at = row * matrix.rows() + column;
            out[at..at + sums.len()].copy_from_slice(sums);
            written[at..at + sums.len()].iter_mut().for_each(|count| *count += 1);
        });
    }
    assert!(written.iter().all(|&count| count == 1), "every element is computed once");
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// A weight type, a shape `[m, n, k]` and a seed.
fn cases() -> impl Strategy<Value = (WeightType, [usize; 3], u64)> {
    let weight_type = prop::sample::select(WeightType::ALL.to_vec());
    (weight_type, 1..=130_usize, 1..=70_usize, any::<u64>(), 0..10_usize).prop_map(
        |(weight_type, m, n, seed, inner)| {
            let super_block = weight_type.unit().0 == 256;
            let k = if super_block {
                [256, 512, 1024][inner % 3]
            } else {
                [32, 64, 96, 224, 256, 288, 576, 896, 960, 1056][inner]
            };
            (weight_type, [m, n, k], seed)
        },
    )
}

fn fixed_cases() -> Vec<(WeightType, [usize; 3], u64)> {
    let mut cases = Vec::new();
    if cfg!(miri) {
        let small = |weight_type: WeightType| {
            (weight_type, [2, 9, 256 + if weight_type.unit().0 < 256 { 32 } else { 0 }], 1)
        };
        return WeightType::ALL.map(small).to_vec();
    }
    for weight_type in WeightType::ALL {
        let wide = if weight_type.unit().0 == 256 { 512 } else { 864 };
        for (at, m) in [1, 2, 3, 4, 5, 8, 63, 64, 65, 130].into_iter().enumerate() {
            cases.push((weight_type, [m, [1, 7, 8, 9, 31, 32, 33, 64][at % 8], wide], at as u64));
        }
    }
    cases.push((WeightType::Q5_0, [3, 17, 4864], 1));
    cases.push((WeightType::Q4K, [3, 17, 4864], 2));
    cases
}

/// Matrix rows and columns.
type MatrixShape = [usize; 2];

fn pack(
    weight_type: WeightType,
    shape: MatrixShape,
    seed: u64,
    extent: Extent,
    tier: Tier,
) -> PackedMatrix {
    let [n, k] = shape;
    let bytes = file_bytes(weight_type, n * k, &mut SplitMix64(seed), extent);
    PackedMatrix::pack(weight_type, &bytes, [n, k], tier).unwrap()
}

/// Checks |Δ| ≤ 4 · steps · 2⁻²⁴ · Σ|terms| for every element: the error bound of a chain of
/// roundings.
fn assert_close_to_f64(weight_type: WeightType, [m, n, k]: [usize; 3], seed: u64) {
    let matrix = pack(weight_type, [n, k], seed, Extent::Usual, Tier::Scalar);
    let values = activations(m * k, &mut SplitMix64(seed ^ 1), Extent::Usual);
    let operand = TestOperand::of(&matrix, values);
    let out = product(&matrix, &operand, 5);
    let mut weights = vec![0.0; k];
    for column in 0..n {
        matrix.row_to_f32(column, &mut weights);
        for row in 0..m {
            let terms = (0..k).map(|at| f64::from(weights[at]) * operand.value(row, at, k));
            let (truth, sizes) =
                terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            // Minima and scaled codes nearly cancel, so the rounded intermediates are larger than
            // the terms.
            let steps = if operand.form == RowForm::Float { k } else { k / 32 + 8 };
            let spread = if weight_type.unit().0 > 1 { 16.0 } else { 1.0 };
            let bound = 4.0 * steps as f64 * 2.0_f64.powi(-24) * (sizes * spread + 1e-30);
            let delta = (f64::from(out[row * n + column]) - truth).abs();
            assert!(delta <= bound, "{weight_type:?} {m}x{n}x{k}: {delta:e} over {bound:e}");
        }
    }
}

fn assert_tiers_agree(weight_type: WeightType, [m, n, k]: [usize; 3], seed: u64) {
    for tier in Tier::available().into_iter().filter(|&tier| tier != Tier::Scalar) {
        for extent in [Extent::Usual, Extent::Extreme] {
            let matrix = pack(weight_type, [n, k], seed, extent, tier);
            let values = activations(m * k, &mut SplitMix64(seed ^ 2), extent);
            let fast = product(&matrix, &TestOperand::of(&matrix, values.clone()), 3);
            let plain = matrix.into_scalar();
            let expected = product(&plain, &TestOperand::of(&plain, values), 8);
            assert_eq!(
                bits(&fast),
                bits(&expected),
                "{weight_type:?} {m}x{n}x{k} {tier:?} {extent:?}"
            );
        }
    }
}

#[test]
fn specification_is_within_the_rounding_bound_of_an_f64_product() {
    for (weight_type, [m, n, k], seed) in fixed_cases() {
        assert_close_to_f64(weight_type, [m.min(5), n, k], seed);
    }
}

#[test]
fn strips_of_16_rows_give_the_bits_of_strips_of_8() {
    for (weight_type, [m, n, k], seed) in fixed_cases() {
        let bytes = file_bytes(weight_type, n * k, &mut SplitMix64(seed), Extent::Usual);
        let pack = |strip_rows| {
            let target = PackTarget { tier: Tier::Scalar, strip_rows };
            PackedMatrix::pack_strips(weight_type, &bytes, [n, k], target).unwrap()
        };
        let values = activations(m.min(9) * k, &mut SplitMix64(seed ^ 3), Extent::Usual);
        let (narrow, wide) = (pack(8), pack(16));
        let expected = product(&narrow, &TestOperand::of(&narrow, values.clone()), 1);
        let found = product(&wide, &TestOperand::of(&wide, values), 1);
        assert_eq!(bits(&found), bits(&expected), "{weight_type:?} {m}x{n}x{k}");
    }
}

#[test]
fn every_tier_computes_the_bits_of_the_specification() {
    for tier in Tier::ALL.into_iter().filter(|tier| !tier.is_available()) {
        eprintln!("not compared: this processor lacks tier {}", tier.name());
    }
    for (weight_type, shape, seed) in fixed_cases() {
        assert_tiers_agree(weight_type, shape, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
    fn tiers_agree_on_any_shape((weight_type, shape, seed) in cases()) {
        assert_tiers_agree(weight_type, shape, seed);
    }

    #[test]
    #[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
    fn products_of_any_shape_are_within_the_bound((weight_type, [m, n, k], seed) in cases()) {
        assert_close_to_f64(weight_type, [m.min(4), n.min(20), k], seed);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn row_has_the_same_bits_in_every_batch_and_panel_split() {
    for weight_type in WeightType::ALL {
        for tier in Tier::available() {
            let (m, n, k) = (70, 50, 512);
            let matrix = pack(weight_type, [n, k], 3, Extent::Usual, tier);
            let values = activations(m * k, &mut SplitMix64(4), Extent::Usual);
            let together = product(&matrix, &TestOperand::of(&matrix, values.clone()), 7);
            for (first, count) in [(0, 1), (69, 1), (3, 2), (10, 7), (1, 66)] {
                let some = values[first * k..(first + count) * k].to_vec();
                let alone = product(&matrix, &TestOperand::of(&matrix, some), 2);
                let expected = &together[first * n..(first + count) * n];
                assert_eq!(
                    bits(&alone),
                    bits(expected),
                    "{weight_type:?} {tier:?} {first} {count}"
                );
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "Miri randomises the bits of a NaN")]
fn every_tier_quantizes_to_the_same_units() {
    for extent in [Extent::Usual, Extent::Extreme] {
        for form in [RowForm::Group32, RowForm::Group256] {
            // 384 leaves a last unit of only four groups, which `Group256` does not allow.
            let columns = if form == RowForm::Group32 { 384 } else { 512 };
            let mut values = activations(5 * columns, &mut SplitMix64(8), extent);
            values[columns + 7] = f32::NAN;
            values[2 * columns + 40] = f32::NEG_INFINITY;
            values[3 * columns..3 * columns + 32].fill(-0.0);
            let units = |tier| {
                let mut rows = QuantizedRows::with_room(5, columns, tier);
                rows.reshape(form, 5, columns);
                rows.quantize(&values);
                let units = rows.units_mut().to_vec();
                units.iter().map(|unit| (unit.codes, unit.words)).collect::<Vec<_>>()
            };
            for tier in Tier::available() {
                assert_eq!(units(tier), units(Tier::Scalar), "{tier:?} {form:?}");
            }
        }
    }
}

#[test]
fn values_are_rounded_to_the_nearest_of_255_steps_and_sums_are_those_of_the_codes() {
    let values = activations(256, &mut SplitMix64(5), Extent::Usual);
    for form in [RowForm::Group32, RowForm::Group256] {
        let mut unit = RowUnit::ZERO;
        unit.quantize(form, &values, Tier::detect());
        for (k, &value) in values.iter().enumerate() {
            let step = unit.scale(if form == RowForm::Group32 { k / 32 } else { 0 });
            let delta = (unit.value(form, k) - f64::from(value)).abs();
            assert!(delta <= f64::from(step) * 0.500_01, "{k}: {delta} with a step of {step}");
        }
        let sum = |codes: &[i8]| codes.iter().map(|&code| i32::from(code)).sum::<i32>();
        for at in 0..8 {
            let expected = sum(&unit.codes[32 * at..32 * (at + 1)]);
            if form == RowForm::Group32 {
                assert_eq!(unit.sum(at), expected);
            } else {
                assert_eq!(i32::from(unit.sum_pair(32, at / 2)[at % 2]), expected);
                let sixteen = unit.sum_pair(16, at).map(|sum| -i32::from(sum));
                assert_eq!(sixteen[0], sum(&unit.codes[32 * at..32 * at + 16]));
                assert_eq!(sixteen[0] + sixteen[1], expected);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn non_finite_value_makes_only_its_own_row_non_finite() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for tier in Tier::available() {
            for weight_type in [WeightType::Q8_0, WeightType::Q4K, WeightType::Q6K, WeightType::F16]
            {
                let (m, n, k) = (3, 20, 256);
                let matrix = pack(weight_type, [n, k], 6, Extent::Usual, tier);
                let mut values = activations(m * k, &mut SplitMix64(7), Extent::Usual);
                values[k + 77] = bad;
                let out = product(&matrix, &TestOperand::of(&matrix, values), 8);
                for (at, value) in out.iter().enumerate() {
                    let expected = (n..2 * n).contains(&at);
                    assert_eq!(!value.is_finite(), expected, "{weight_type:?} {tier:?} {at}");
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn largest_sums_match_the_product_for_any_panel_split() {
    let (m, n, k) = (66, 203, 256);
    let matrix = pack(WeightType::Q6K, [n, k], 9, Extent::Usual, Tier::detect());
    let mut values = activations(m * k, &mut SplitMix64(10), Extent::Usual);
    // All sums of this row are zero, so the first column must win.
    values[k..2 * k].fill(0.0);
    let operand = TestOperand::of(&matrix, values);
    let out = product(&matrix, &operand, 5);
    let mut scratch = MatmulScratch::default();
    let (mut low, mut high) = (vec![Largest::NONE; m], vec![Largest::NONE; m]);
    let half = matrix.panel_count() / 2;
    let mut look = |panels, largest: &mut [Largest]| {
        matmul(&matrix, operand.rows(), panels, &mut scratch, &mut |row, first, sums| {
            largest[row].include(first, sums);
        });
    };
    look(half..matrix.panel_count(), &mut high);
    look(0..half, &mut low);
    for (row, sums) in out.chunks_exact(n).enumerate() {
        let best = sums.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let column = sums.iter().position(|&sum| sum == best).unwrap();
        assert_eq!(low[row].or(high[row]), Largest { value: best, column });
        assert_eq!(high[row].or(low[row]), Largest { value: best, column });
    }
    assert_eq!(low[1].column, 0);
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; smaller products cover the same code")]
fn panels_are_as_dense_as_the_file() {
    for weight_type in WeightType::ALL {
        for tier in Tier::available() {
            let (n, k) = (64, 1024);
            let file = n * k / weight_type.unit().0 * weight_type.unit().1;
            let bytes = pack(weight_type, [n, k], 1, Extent::Usual, tier).bytes() as f64;
            // Two types are widened: `Q2_K` from 2 bits to 8, `Q3_K` from 3 bits to 6.
            let allowed = match weight_type {
                WeightType::Q2K => 3.25,
                WeightType::Q3K => 1.95,
                _ => 1.03,
            };
            assert!(bytes <= file as f64 * allowed + 128.0, "{weight_type:?} {bytes} of {file}");
        }
    }
}

#[test]
fn shapes_that_are_not_whole_units_are_refused() {
    let error = PackedMatrix::pack(WeightType::Q4K, &[], [8, 288], Tier::Scalar).unwrap_err();
    assert!(error.to_string().contains("multiple of 256"), "{error}");
    let error = PackedMatrix::pack(WeightType::Q8_0, &[0; 33], [1, 32], Tier::Scalar).unwrap_err();
    assert_eq!(error, MatmulError::Bytes { found: 33, rows: 1, row_bytes: 34 });
    let missing = Tier::ALL.into_iter().find(|tier| !tier.is_available()).unwrap();
    let error = PackedMatrix::pack(WeightType::Q8_0, &[0; 34], [1, 32], missing).unwrap_err();
    assert!(matches!(error, MatmulError::Tier(_)), "{error}");
}
