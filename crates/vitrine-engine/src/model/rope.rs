//! Rotary position embedding as parameters: which elements of a head rotate, and by which angle per
//! position.
//!
//! Executors call [`Rope::frequencies`] once at load; each step multiplies the result by its
//! positions.
//!
//! Sources: Su et al. 2021, arXiv:2104.09864 (the embedding); Peng et al. 2023, arXiv:2309.00071
//! (YaRN); Ding et al. 2024, arXiv:2402.13753 (LongRoPE); `ggml_rope_cache_init` of llama.cpp.

use crate::model::error::ModelError;
use crate::model::gguf::GgufFile;
use std::f64::consts::TAU;

/// Frequency divisors for every context length (Llama 3 scaling).
const DIVISORS: &str = "rope_freqs.weight";
/// Frequency divisors for contexts longer than the trained one.
const DIVISORS_LONG: &str = "rope_factors_long.weight";
/// Frequency divisors for contexts up to the trained one.
const DIVISORS_SHORT: &str = "rope_factors_short.weight";
/// Tensors that hold frequency divisors. They are not weights, and a family uses at most one of
/// them.
pub(crate) const DIVISOR_TENSORS: [&str; 3] = [DIVISORS, DIVISORS_LONG, DIVISORS_SHORT];

/// Which pairs of elements of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RopeStyle {
    /// Neighbours `(2i, 2i + 1)`, as in the original paper and in Llama GGUF files.
    Interleaved,
    /// Halves `(i, i + width / 2)`, as in GPT-NeoX and Qwen.
    Halves,
}

/// YaRN: interpolates long wavelengths, keeps short ones and blends those in between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Yarn {
    /// Rotations within the trained context above which a wavelength is kept.
    pub beta_fast: f64,
    /// Rotations within the trained context below which a wavelength is interpolated.
    pub beta_slow: f64,
}

/// Parameters of a rotary position embedding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rope {
    /// Which pairs of elements rotate together.
    pub style: RopeStyle,
    /// Leading elements of a head that rotate; the rest pass unchanged.
    pub width: usize,
    /// Base of the geometric series of wavelengths.
    pub frequency_base: f64,
    /// Divisor of positions, for linear scaling and the interpolated part of YaRN; 1 if the file
    /// has none.
    pub position_divisor: f64,
    /// YaRN's blend of kept and interpolated wavelengths; `None` without YaRN.
    pub yarn: Option<Yarn>,
    /// Factor on cosines and sines: the attention factor of YaRN and LongRoPE.
    pub amplitude: f32,
    /// Context before any extension, in tokens; LongRoPE switches to its other divisors above it.
    pub trained_tokens: usize,
}

impl Rope {
    /// Angle per position for each rotated pair, in radians, with all scaling applied.
    ///
    /// `divisors` has one entry per pair, or is empty.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "heads are narrow and contexts below 2^28")]
    pub(crate) fn frequencies(&self, divisors: &[f32]) -> Vec<f64> {
        let pairs = self.width / 2;
        let bounds = self.yarn.map(|yarn| self.kept_bounds(yarn));
        (0..pairs)
            .map(|pair| {
                let divisor = divisors.get(pair).map_or(1.0, |&divisor| f64::from(divisor));
                let kept = self.frequency_base.powf(-(pair as f64) / pairs as f64) / divisor;
                let interpolated = kept / self.position_divisor;
                match bounds {
                    None => interpolated,
                    Some((low, high)) => {
                        let ramp = (pair as f64 - low) / (high - low).max(0.001);
                        let mix = 1.0 - ramp.clamp(0.0, 1.0);
                        interpolated * (1.0 - mix) + kept * mix
                    }
                }
            })
            .collect()
    }

    /// The pair indices between which YaRN blends from kept to interpolated wavelengths.
    #[expect(clippy::cast_precision_loss, reason = "heads are narrow and contexts below 2^28")]
    fn kept_bounds(&self, yarn: Yarn) -> (f64, f64) {
        let width = self.width as f64;
        let pair_of = |turns: f64| {
            let wavelengths = (self.trained_tokens as f64 / (turns * TAU)).ln();
            width * wavelengths / (2.0 * self.frequency_base.ln())
        };
        (pair_of(yarn.beta_fast).floor().max(0.0), pair_of(yarn.beta_slow).ceil().min(width - 1.0))
    }

    /// [`Self::frequencies`] with the divisors from `file`, for a model that serves contexts of up
    /// to `context_tokens` tokens. All sequences use the same divisors, so a row never depends on
    /// the length of other sequences.
    ///
    /// # Errors
    /// If the divisors are not f32, not one per pair, or not finite and above 0.
    pub(crate) fn load_frequencies(
        &self,
        file: &GgufFile,
        context_tokens: usize,
    ) -> Result<Vec<f64>, ModelError> {
        let by_length =
            if context_tokens > self.trained_tokens { DIVISORS_LONG } else { DIVISORS_SHORT };
        let name = [DIVISORS, by_length].into_iter().find(|name| file.tensor(name).is_some());
        let Some(name) = name else { return Ok(self.frequencies(&[])) };
        let divisors = file.floats(name, self.width / 2)?;
        if !divisors.iter().all(|divisor| divisor.is_finite() && *divisor > 0.0) {
            return Err(ModelError::RopeDivisors { name: name.to_owned() });
        }
        Ok(self.frequencies(&divisors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Rope {
        Rope {
            style: RopeStyle::Halves,
            width: 16,
            frequency_base: 10_000.0,
            position_divisor: 1.0,
            yarn: None,
            amplitude: 1.0,
            trained_tokens: 4096,
        }
    }

    #[test]
    fn linear_scaling_divides_every_frequency() {
        let scaled = Rope { position_divisor: 4.0, ..plain() };
        for (whole, quarter) in plain().frequencies(&[]).iter().zip(scaled.frequencies(&[])) {
            assert!((whole / 4.0 - quarter).abs() < 1e-15);
        }
    }

    #[test]
    fn yarn_keeps_short_wavelengths_and_interpolates_long_ones() {
        let yarn = Some(Yarn { beta_fast: 32.0, beta_slow: 1.0 });
        let scaled = Rope { position_divisor: 4.0, yarn, ..plain() }.frequencies(&[]);
        let whole = plain().frequencies(&[]);
        assert!((scaled[0] - whole[0]).abs() < 1e-15);
        assert!((scaled[7] - whole[7] / 4.0).abs() < 1e-15);
        assert!(scaled.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(scaled.iter().zip(&whole).any(|(s, w)| s < w && *s > w / 4.0));
    }

    #[test]
    fn divisors_divide_their_own_pair() {
        let divided = plain().frequencies(&[1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 8.0]);
        let whole = plain().frequencies(&[]);
        assert!((divided[1] * 2.0 - whole[1]).abs() < 1e-15);
        assert!((divided[7] * 8.0 - whole[7]).abs() < 1e-15);
        assert!((divided[2] - whole[2]).abs() < 1e-15);
    }
}
