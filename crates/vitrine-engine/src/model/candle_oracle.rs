//! Comparison with candle as an independent oracle: its own decoder of every block format, and its
//! own product.

use candle_core::Device;
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::QTensor;
use vitrine_kernels::matmul::MatmulRows;
use vitrine_kernels::matmul::MatmulScratch;
use vitrine_kernels::matmul::PackedMatrix;
use vitrine_kernels::matmul::QuantizedRows;
use vitrine_kernels::matmul::RowForm;
use vitrine_kernels::matmul::WeightType;
use vitrine_kernels::matmul::matmul;
use vitrine_kernels::tier::Tier;

const TYPES: [(WeightType, GgmlDType); 13] = [
    (WeightType::F32, GgmlDType::F32),
    (WeightType::F16, GgmlDType::F16),
    (WeightType::Bf16, GgmlDType::BF16),
    (WeightType::Q4_0, GgmlDType::Q4_0),
    (WeightType::Q4_1, GgmlDType::Q4_1),
    (WeightType::Q5_0, GgmlDType::Q5_0),
    (WeightType::Q5_1, GgmlDType::Q5_1),
    (WeightType::Q8_0, GgmlDType::Q8_0),
    (WeightType::Q2K, GgmlDType::Q2K),
    (WeightType::Q3K, GgmlDType::Q3K),
    (WeightType::Q4K, GgmlDType::Q4K),
    (WeightType::Q5K, GgmlDType::Q5K),
    (WeightType::Q6K, GgmlDType::Q6K),
];

const ROWS: usize = 40;
const COLUMNS: usize = 512;

/// A matrix quantised by candle, and its dequantised values.
fn matrix(kind: GgmlDType) -> (QTensor, Vec<f32>) {
    let weights = Tensor::randn(0.0_f32, 0.05, (ROWS, COLUMNS), &Device::Cpu).unwrap();
    let quantized = QTensor::quantize(&weights, kind).unwrap();
    let dequantized = quantized.dequantize(&Device::Cpu).unwrap();
    let dequantized = dequantized.flatten_all().unwrap().to_vec1().unwrap();
    (quantized, dequantized)
}

#[test]
fn rows_of_every_type_are_what_candle_reads() {
    for (weight_type, kind) in TYPES {
        let (quantized, expected) = matrix(kind);
        let bytes = quantized.data().unwrap();
        for tier in Tier::available() {
            let packed = PackedMatrix::pack(weight_type, &bytes, [ROWS, COLUMNS], tier).unwrap();
            let mut row = vec![0.0; COLUMNS];
            for (at, expected) in expected.chunks_exact(COLUMNS).enumerate() {
                packed.row_to_f32(at, &mut row);
                for (found, expected) in row.iter().zip(expected) {
                    // `Q2_K` is requantised: half a step of 1/127 of the largest weight, plus the
                    // f16 rounding of the scale.
                    let allowed = if weight_type == WeightType::Q2K { 1.5e-3 } else { 1e-7 };
                    let delta = (found - expected).abs();
                    assert!(delta <= allowed, "{weight_type:?}: {found} for {expected}");
                }
            }
        }
    }
}

#[test]
fn products_of_every_type_are_near_those_of_the_dequantized_weights() {
    let (m, tier) = (7, Tier::detect());
    for (weight_type, kind) in TYPES {
        let (quantized, dequantized) = matrix(kind);
        let bytes = quantized.data().unwrap();
        let packed = PackedMatrix::pack(weight_type, &bytes, [ROWS, COLUMNS], tier).unwrap();
        let left = Tensor::randn(0.0_f32, 1.0, (m, COLUMNS), &Device::Cpu).unwrap();
        let right = Tensor::from_vec(dequantized, (ROWS, COLUMNS), &Device::Cpu).unwrap();
        let expected = left.matmul(&right.t().unwrap()).unwrap();
        let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
        let values: Vec<f32> = left.flatten_all().unwrap().to_vec1().unwrap();
        let mut rows = QuantizedRows::with_room(m, COLUMNS, tier);
        let form = packed.row_form();
        if form != RowForm::Float {
            rows.reshape(form, m, COLUMNS);
            rows.quantize(&values);
        }
        let operand = if form == RowForm::Float {
            MatmulRows::Float(&values)
        } else {
            MatmulRows::Quantized(&rows)
        };
        let mut error = 0.0;
        let mut size = 0.0;
        let mut scratch = MatmulScratch::default();
        matmul(&packed, operand, 0..packed.panel_count(), &mut scratch, &mut |row, first, sums| {
            for (at, &sum) in sums.iter().enumerate() {
                let truth = f64::from(expected[row * ROWS + first + at]);
                error += (f64::from(sum) - truth).powi(2);
                size += truth * truth;
            }
        });
        // Rounding normally distributed activations to bytes gives a relative squared error of
        // 2.4e-5 (groups of 32) or 4.3e-5 (groups of 256).
        let allowed = match weight_type {
            WeightType::Q2K => 5e-4,
            _ if form == RowForm::Float => 1e-10,
            _ => 1e-4,
        };
        assert!(error <= allowed * size, "{weight_type:?}: {}", error / size);
    }
}
