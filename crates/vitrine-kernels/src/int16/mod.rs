//! Matrix products with both operands in 16-bit integers: `rows × matrixᵀ + bias`.
//!
//! A matrix has one scale per output and a row of activations has one scale, so an inner product is
//! summed in integers and scaled once. Weights have 10 bits. Activation codes use the range that
//! then remains for an i32 sum ([`code_max`]): ±10,943 for 384 inputs, ±2,736 for 1,536. One
//! instruction multiplies two adjacent codes by two adjacent weights, as fast as a byte product
//! that has to widen its results, and with almost no loss: the worst cosine error of MiniLM over
//! 2,000 sentences is 0.0002, against 0.0046 for 8-bit weights with one scale per output.
//!
//! Weights are stored in *panels* of 16 outputs: `[pair of inputs][output][2]`.
//!
//! Invariants
//! - Batch invariance: the output bits of a row are the same whatever other rows are computed, in
//!   every tier and on any number of threads. Integer sums are exact, and the f32 steps after them
//!   use explicit fused multiply-adds.
//! - A product never allocates.
//!
//! Source: scales per output and per row as in Dettmers et al. 2022, arXiv:2208.07339; the register
//! tile follows Goto & van de Geijn 2008.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;

pub use rows::quantize;
pub use rows::row_codes;

use crate::grid::Rectangle;
use crate::tier::Tier;
use crate::tier::TierError;
use std::ops::Range;

/// Outputs per panel: two registers of eight i32 sums.
pub const PANEL_OUTPUTS: usize = 16;

/// Largest magnitude of a weight code: 10 bits with the sign.
const WEIGHT_MAX: u16 = 511;

/// Rows multiplied with one panel before moving to the next. Their codes (200 KB for 1,536 inputs)
/// stay in the second-level cache.
const BLOCK_ROWS: usize = 60;

/// Maximum inputs of a matrix. Activation codes of such rows still range over ±64.
pub const INPUTS_MAX: usize = 1 << 16;

/// Largest magnitude of an activation code such that an inner product over `inputs` weights fits
/// i32.
pub fn code_max(inputs: usize) -> i16 {
    let largest = i32::MAX as usize / (usize::from(WEIGHT_MAX) * inputs.max(1));
    i16::try_from(largest).unwrap_or(i16::MAX)
}

/// A quantised and packed `[outputs, inputs]` weight matrix with a bias.
pub struct Int16Matrix {
    tier: Tier,
    outputs: usize,
    inputs: usize,
    /// `[panel][pair of inputs][output][2]`.
    codes: Vec<i16>,
    /// One scale per output, padded to whole panels; `bias` likewise.
    scales: Vec<f32>,
    bias: Vec<f32>,
}

impl std::fmt::Debug for Int16Matrix {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Int16Matrix")
            .field("tier", &self.tier)
            .field("outputs", &self.outputs)
            .field("inputs", &self.inputs)
            .finish_non_exhaustive()
    }
}

impl Int16Matrix {
    /// Quantises row-major f32 weights of shape `[outputs, inputs]`; `outputs` is the length of
    /// `bias`. Each output is scaled so that its largest magnitude becomes code 511.
    ///
    /// # Errors
    /// If this machine does not support the tier.
    ///
    /// # Panics
    /// If the lengths disagree or a row is wider than [`INPUTS_MAX`]; the caller checks both.
    pub fn pack(weights: &[f32], bias: &[f32], tier: Tier) -> Result<Self, TierError> {
        let tier = tier.checked()?;
        let outputs = bias.len();
        let inputs = weights.len() / outputs.max(1);
        assert!(outputs > 0 && inputs > 0 && outputs * inputs == weights.len(), "bias mismatch");
        assert!(inputs <= INPUTS_MAX, "{inputs} inputs, limit is {INPUTS_MAX}");
        let panels = outputs.div_ceil(PANEL_OUTPUTS);
        let panel_codes = inputs.next_multiple_of(2) * PANEL_OUTPUTS;
        let mut codes = vec![0_i16; panels * panel_codes];
        let mut scales = vec![0.0; panels * PANEL_OUTPUTS];
        for (output, row) in weights.chunks_exact(inputs).enumerate() {
            let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
            let code_max = f32::from(WEIGHT_MAX);
            let scale = largest / code_max;
            scales[output] = scale;
            let inverse = if scale > 0.0 { scale.recip() } else { 0.0 };
            let panel = &mut codes[output / PANEL_OUTPUTS * panel_codes..][..panel_codes];
            for (input, weight) in row.iter().enumerate() {
                let code = (weight * inverse).round_ties_even().clamp(-code_max, code_max);
                #[expect(clippy::cast_possible_truncation, reason = "clamped to 10 bits")]
                let code = code as i16;
                panel[(input / 2 * PANEL_OUTPUTS + output % PANEL_OUTPUTS) * 2 + input % 2] = code;
            }
        }
        let mut padded = bias.to_vec();
        padded.resize(panels * PANEL_OUTPUTS, 0.0);
        Ok(Self { tier, outputs, inputs, codes, scales, bias: padded })
    }

    /// Outputs: columns of the product.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Memory of codes, scales and bias, in bytes.
    pub fn bytes(&self) -> u64 {
        (2 * self.codes.len() + 4 * (self.scales.len() + self.bias.len())) as u64
    }

    /// Writes the rectangle `out` of `rows × matrixᵀ + bias`.
    ///
    /// `rows` holds rows quantised by [`quantize`], [`row_codes`] codes apart, for all rows of the
    /// rectangle's matrix. The product begins at column `first` of that matrix.
    ///
    /// # Panics
    /// If the rectangle does not begin at a panel, or rows or outputs are out of range: a bug in
    /// the caller.
    pub fn multiply(&self, rows: &[i16], out: &mut Rectangle<'_, f32>, first: usize) {
        #[cfg(target_arch = "x86_64")]
        match self.tier {
            Tier::Avx512Vnni => return avx512::multiply(self, rows, out, first),
            Tier::Avx2 | Tier::AvxVnni => return avx2::multiply(self, rows, out, first),
            Tier::Scalar | Tier::Neon => {}
        }
        multiply_with::<scalar::ScalarInt16>(self, rows, out, first);
    }

    fn panel(&self, panel: usize) -> Panel<'_> {
        let codes = self.inputs.next_multiple_of(2) * PANEL_OUTPUTS;
        let outputs = panel * PANEL_OUTPUTS..(panel + 1) * PANEL_OUTPUTS;
        Panel {
            codes: &self.codes[panel * codes..(panel + 1) * codes],
            scales: &self.scales[outputs.clone()],
            bias: &self.bias[outputs],
        }
    }
}

/// The codes, scales and bias of one panel of 16 outputs.
#[derive(Clone, Copy)]
struct Panel<'a> {
    codes: &'a [i16],
    scales: &'a [f32],
    bias: &'a [f32],
}

/// Integer sums of `ROWS` rows with one panel.
type TileSums<const ROWS: usize> = [[i32; PANEL_OUTPUTS]; ROWS];

/// The register tile of one tier.
trait Int16Tile {
    /// Maximum rows of one register tile, at most 12.
    const ROWS: usize;

    /// Exact inner products of `ROWS` rows, `stride` codes apart, with the codes of a panel.
    fn sums<const ROWS: usize>(codes: &[i16], rows: &[i16], stride: usize) -> TileSums<ROWS>;
}

/// [`Int16Matrix::multiply`] with the register tile of tier `T`.
#[inline(always)]
fn multiply_with<T: Int16Tile>(
    matrix: &Int16Matrix,
    rows: &[i16],
    out: &mut Rectangle<'_, f32>,
    first: usize,
) {
    let stride = row_codes(matrix.inputs);
    let (whole, all) = (out.columns(), out.rows());
    assert!(first <= whole.start, "the product begins at column {first}, not at {whole:?}");
    let columns = whole.start - first..whole.end - first;
    assert!(columns.start.is_multiple_of(PANEL_OUTPUTS), "column {} in a panel", columns.start);
    assert!(columns.end <= matrix.outputs, "outputs {columns:?} of {}", matrix.outputs);
    assert!(all.end * stride <= rows.len(), "rows {all:?} of {}", rows.len() / stride);
    for first in all.clone().step_by(BLOCK_ROWS) {
        let block = first..(first + BLOCK_ROWS).min(all.end);
        for panel in columns.start / PANEL_OUTPUTS..columns.end.div_ceil(PANEL_OUTPUTS) {
            let column = panel * PANEL_OUTPUTS - columns.start;
            pass_panel::<T>(matrix.panel(panel), (rows, stride), block.clone(), (out, column));
        }
    }
}

/// Multiplies a block of rows with one panel, in register tiles of nearly equal height.
#[inline(always)]
fn pass_panel<T: Int16Tile>(
    panel: Panel<'_>,
    (rows, stride): (&[i16], usize),
    block: Range<usize>,
    (out, first_column): (&mut Rectangle<'_, f32>, usize),
) {
    let height = block.len().div_ceil(block.len().div_ceil(T::ROWS));
    for first in block.clone().step_by(height) {
        let tile = first..(first + height).min(block.end);
        match tile.len() {
            1 => pass_tile::<T, 1>(panel, (rows, stride), first, (out, first_column)),
            2 => pass_tile::<T, 2>(panel, (rows, stride), first, (out, first_column)),
            3 => pass_tile::<T, 3>(panel, (rows, stride), first, (out, first_column)),
            4 => pass_tile::<T, 4>(panel, (rows, stride), first, (out, first_column)),
            5 => pass_tile::<T, 5>(panel, (rows, stride), first, (out, first_column)),
            6 => pass_tile::<T, 6>(panel, (rows, stride), first, (out, first_column)),
            7 => pass_tile::<T, 7>(panel, (rows, stride), first, (out, first_column)),
            8 => pass_tile::<T, 8>(panel, (rows, stride), first, (out, first_column)),
            9 => pass_tile::<T, 9>(panel, (rows, stride), first, (out, first_column)),
            10 => pass_tile::<T, 10>(panel, (rows, stride), first, (out, first_column)),
            11 => pass_tile::<T, 11>(panel, (rows, stride), first, (out, first_column)),
            _ => pass_tile::<T, 12>(panel, (rows, stride), first, (out, first_column)),
        }
    }
}

#[inline(always)]
fn pass_tile<T: Int16Tile, const ROWS: usize>(
    panel: Panel<'_>,
    (rows, stride): (&[i16], usize),
    first: usize,
    (out, first_column): (&mut Rectangle<'_, f32>, usize),
) {
    let tile = &rows[first * stride..(first + ROWS) * stride];
    let sums = T::sums::<ROWS>(panel.codes, tile, stride);
    for (at, sums) in sums.iter().enumerate() {
        let row_scale = rows::scale(&tile[at * stride..(at + 1) * stride]);
        let mut outputs = [0.0; PANEL_OUTPUTS];
        for lane in 0..PANEL_OUTPUTS {
            #[expect(clippy::cast_precision_loss, reason = "rounded once, the same in every tier")]
            let sum = sums[lane] as f32;
            outputs[lane] = sum.mul_add(row_scale * panel.scales[lane], panel.bias[lane]);
        }
        let row = &mut out.row(first + at)[first_column..];
        if let Some(row) = row.first_chunk_mut::<PANEL_OUTPUTS>() {
            *row = outputs;
        } else {
            row.copy_from_slice(&outputs[..row.len()]);
        }
    }
}
