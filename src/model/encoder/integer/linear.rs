//! A linear layer in integers, and the left operand that it is multiplied with.
//!
//! - 16 bits: one scale an output and one a row ([`int16`]). Nearly without loss, and as fast as
//!   bytes where a processor has no dot product of bytes.
//! - 8 bits: one scale for 32 weights and one for 32 values, the format that model files call
//!   `Q8_0` ([`matmul`]). Twice as many products an instruction where there is one.

use crate::kernels::grid::Cut;
use crate::kernels::grid::Rectangle;
use crate::kernels::int16;
use crate::kernels::int16::Int16Matrix;
use crate::kernels::matmul;
use crate::kernels::matmul::MatmulError;
use crate::kernels::matmul::PackedMatrix;
use crate::kernels::matmul::QuantizedRows;
use crate::kernels::matmul::RowForm;
use crate::kernels::matmul::Rows;
use crate::kernels::matmul::WeightType;
use crate::kernels::matmul::matmul;
use crate::kernels::pool::TaskPanic;
use crate::kernels::tier::Tier;
use crate::model::encoder::integer::stages::Team;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;
use candle_core::Tensor;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::QTensor;

/// Values that share a scale in 8 bits: rows of 8-bit layers are multiples of it.
pub(in crate::model::encoder) const GROUP_VALUES: usize = 32;

/// Values of one unit of 8-bit rows.
const UNIT_VALUES: usize = 256;

/// Bits of a weight and of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::model::encoder) enum Bits {
    Eight,
    Sixteen,
}

/// A `[outputs, inputs]` weight matrix and its bias.
#[derive(Debug)]
pub(super) enum Linear {
    Int8 { matrix: PackedMatrix, bias: Vec<f32> },
    Int16(Int16Matrix),
}

/// Rows in the form that the layers are multiplied with.
#[derive(Debug)]
pub(super) enum Operand {
    Int8(QuantizedRows),
    Int16(Vec<i16>),
}

impl Linear {
    /// Quantises the layers of these names, `[output, input]` each, one below the other.
    pub(super) fn load(
        source: &TensorSource,
        names: &[String],
        [output, input]: [usize; 2],
        (bits, tier): (Bits, Tier),
    ) -> Result<Self, ModelError> {
        let tensor = |kind: &str, shape: &[usize]| {
            let each = names.iter().map(|name| source.tensor(&format!("{name}.{kind}"), shape));
            Ok::<_, ModelError>(Tensor::cat(&each.collect::<Result<Vec<_>, _>>()?, 0)?)
        };
        let weights = tensor("weight", &[output, input])?;
        let bias: Vec<f32> = tensor("bias", &[output])?.to_vec1()?;
        let packed = match bits {
            Bits::Sixteen => {
                let weights: Vec<f32> = weights.flatten_all()?.to_vec1()?;
                Int16Matrix::pack(&weights, &bias, tier).map(Self::Int16).map_err(MatmulError::from)
            }
            Bits::Eight => {
                let quantized = QTensor::quantize(&weights, GgmlDType::Q8_0)?;
                let (bytes, shape) = (quantized.data()?, [bias.len(), input]);
                PackedMatrix::pack(WeightType::Q8_0, &bytes, shape, tier)
                    .map(|matrix| Self::Int8 { matrix, bias })
            }
        };
        packed.map_err(|cause| ModelError::Packing { name: names.join(", "), cause })
    }

    /// Columns of the product.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Int8 { matrix, .. } => matrix.rows(),
            Self::Int16(matrix) => matrix.outputs(),
        }
    }

    /// Outputs that are computed together: rectangles begin at multiples of it.
    pub(super) fn panel_outputs(&self) -> usize {
        match self {
            Self::Int8 { matrix, .. } => matrix.panel_rows(),
            Self::Int16(_) => int16::PANEL_OUTPUTS,
        }
    }

    /// Bytes that it occupies.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Int8 { matrix, bias } => matrix.bytes() + 4 * bias.len() as u64,
            Self::Int16(matrix) => matrix.bytes(),
        }
    }

    /// Writes the rectangle `out` of `operand × matrixᵀ + bias`.
    ///
    /// # Panics
    /// If the operand has another form: our bug.
    pub(super) fn multiply(
        &self,
        operand: &Operand,
        out: &mut Rectangle<'_, f32>,
        scratch: &mut matmul::Scratch,
    ) {
        match (self, operand) {
            (Self::Int16(matrix), Operand::Int16(codes)) => matrix.multiply(codes, out),
            (Self::Int8 { matrix, bias }, Operand::Int8(rows)) => {
                let (columns, panel) = (out.columns(), matrix.panel_rows());
                let panels = columns.start / panel..columns.end.div_ceil(panel);
                matmul(matrix, Rows::Quantized(rows), panels, scratch, &mut |row, column, sums| {
                    let from = column - columns.start;
                    let piece = &mut out.row(row)[from..from + sums.len()];
                    let terms = sums.iter().zip(&bias[column..]);
                    piece.iter_mut().zip(terms).for_each(|(out, (sum, bias))| *out = sum + bias);
                });
            }
            _ => unreachable!("layers and rows of an encoder have the same bits"),
        }
    }
}

impl Operand {
    /// Room for `rows` rows of at most `widest` values.
    pub(super) fn new(bits: Bits, rows: usize, widest: usize, tier: Tier) -> Self {
        match bits {
            Bits::Eight => Self::Int8(QuantizedRows::with_room(rows, widest, tier)),
            Bits::Sixteen => Self::Int16(vec![0; rows * int16::row_codes(widest)]),
        }
    }

    /// Bytes that it occupies.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Int8(rows) => rows.bytes(),
            Self::Int16(codes) => 2 * codes.len() as u64,
        }
    }

    /// Takes the row-major `[rows, columns]` matrix `source`.
    pub(super) fn fill(
        &mut self,
        team: &mut Team<'_>,
        source: &[f32],
        [rows, columns]: [usize; 2],
    ) -> Result<(), TaskPanic> {
        let tier = team.tier;
        let edges = team.edges.rows(rows, columns, team.pool.threads());
        match self {
            Self::Int16(codes) => {
                let width = int16::row_codes(columns);
                let cut = Cut { width, rows: edges, columns: &[0, width] };
                team.pool.grid(codes, cut, team.workers, |_, mut part| {
                    for row in part.rows() {
                        let values = &source[row * columns..(row + 1) * columns];
                        int16::quantize(tier, part.row(row), values);
                    }
                })
            }
            Self::Int8(quantized) => {
                quantized.reshape(RowForm::Group32, rows, columns);
                let units = quantized.unit_count();
                let cut = Cut { width: rows, rows: &[0, units], columns: edges };
                team.pool.grid(quantized.units_mut(), cut, team.workers, |_, mut part| {
                    for (at, row) in part.columns().enumerate() {
                        let values = &source[row * columns..(row + 1) * columns];
                        for (unit, values) in values.chunks(UNIT_VALUES).enumerate() {
                            part.row(unit)[at].quantize(RowForm::Group32, values, tier);
                        }
                    }
                })
            }
        }
    }
}
