//! Weight matrices in 10-bit codes, packed into panels.

use crate::tier::Tier;
use crate::tier::TierError;

/// Outputs per panel: two registers of eight i32 sums.
pub const PANEL_OUTPUTS: usize = 16;

/// Largest magnitude of a weight code: 10 bits with the sign.
pub(super) const WEIGHT_MAX: u16 = 511;

/// Maximum inputs of a matrix. Activation codes of such rows still range over ±64.
pub(crate) const INPUTS_MAX: usize = 1 << 16;

/// Largest magnitude of an activation code such that an inner product over `inputs` weights fits
/// i32.
pub fn code_max(inputs: usize) -> i16 {
    let largest = i32::MAX as usize / (usize::from(WEIGHT_MAX) * inputs.max(1));
    i16::try_from(largest).unwrap_or(i16::MAX)
}

/// A quantised and packed `[outputs, inputs]` weight matrix with a bias.
pub struct Int16Matrix {
    pub(super) tier: Tier,
    pub(super) outputs: usize,
    pub(super) inputs: usize,
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
    /// If the lengths disagree or a row is wider than 65,536 inputs; the caller checks both.
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

    /// The codes, scales and bias of panel `panel`.
    #[inline]
    pub(super) fn panel(&self, panel: usize) -> Panel<'_> {
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
pub(super) struct Panel<'a> {
    pub(super) codes: &'a [i16],
    pub(super) scales: &'a [f32],
    pub(super) bias: &'a [f32],
}
