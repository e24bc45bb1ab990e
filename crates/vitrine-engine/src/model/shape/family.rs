//! The table of decoder families: properties of each family that its files' metadata does not
//! contain.
//!
//! Source: `src/models/*.cpp` of llama.cpp, whose conversion writes these files.

use crate::model::rope::RopeStyle;

/// The activation function of the feed-forward gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateActivation {
    /// `x * sigmoid(x)` (SwiGLU).
    Silu,
    /// The tanh approximation of `x * Φ(x)` (GeGLU).
    GeluTanh,
}

/// Source of the factors on embeddings, residuals, attention scores and logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScaleSource {
    /// No factors except the usual `1 / sqrt(head width)` on scores.
    Plain,
    /// Embeddings are scaled by `sqrt(width)`. Models with `largest_layers` layers, the largest of
    /// their generation, scale scores by `1 / sqrt(width / heads)`.
    Gemma { largest_layers: usize },
    /// Each factor has a metadata key of its own.
    Keys,
}

/// Which layers use sliding-window attention, if the file sets a window but no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WindowLayers {
    /// All layers.
    All,
    /// All layers except the last of every `period`. `window_default` is the window, in tokens, of
    /// files that name none; 0 means that such files have no window.
    AllButLastOf { period: usize, window_default: u64 },
}

/// Which layers apply rotary position embedding, and with which parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RopeLayers {
    /// All layers, with the same parameters.
    Uniform,
    /// All layers except the last of every `period`.
    AllButLastOf { period: usize },
    /// All layers; windowed layers have a frequency base of their own in the file.
    ///
    /// With `Some`, the value is the base for files that lack it, and windowed layers ignore
    /// position scaling. With `None`, such files use the same base for all layers, and all layers
    /// scale positions alike.
    ByWindow { base_default: Option<f64> },
    /// All layers, or none if `rope.scaling.finetuned` is false.
    ByFinetunedFlag,
}

/// Properties of a supported family.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) rope_style: RopeStyle,
    pub(super) qkv_bias: bool,
    pub(super) qk_norm: bool,
    pub(super) post_norms: bool,
    pub(super) activation: GateActivation,
    pub(super) scales: ScaleSource,
    pub(super) windows: WindowLayers,
    pub(super) rope_layers: RopeLayers,
}

/// Llama, the base of all other entries.
const LLAMA: Family = Family {
    name: "llama",
    rope_style: RopeStyle::Interleaved,
    qkv_bias: false,
    qk_norm: false,
    post_norms: false,
    activation: GateActivation::Silu,
    scales: ScaleSource::Plain,
    windows: WindowLayers::All,
    rope_layers: RopeLayers::Uniform,
};

/// Layer counts of the 27 B models of Gemma 2 and Gemma 3.
const GEMMA2_LARGEST_LAYERS: usize = 46;
const GEMMA3_LARGEST_LAYERS: usize = 62;

/// All families that the executors compute.
pub(super) const FAMILIES: [Family; 9] = [
    LLAMA,
    Family { name: "mistral3", ..LLAMA },
    Family { name: "smollm3", rope_layers: RopeLayers::AllButLastOf { period: 4 }, ..LLAMA },
    Family {
        name: "granite",
        scales: ScaleSource::Keys,
        rope_layers: RopeLayers::ByFinetunedFlag,
        ..LLAMA
    },
    Family { name: "qwen2", rope_style: RopeStyle::Halves, qkv_bias: true, ..LLAMA },
    Family { name: "qwen3", rope_style: RopeStyle::Halves, qk_norm: true, ..LLAMA },
    Family { name: "phi3", rope_style: RopeStyle::Halves, ..LLAMA },
    Family {
        name: "gemma2",
        rope_style: RopeStyle::Halves,
        post_norms: true,
        activation: GateActivation::GeluTanh,
        scales: ScaleSource::Gemma { largest_layers: GEMMA2_LARGEST_LAYERS },
        windows: WindowLayers::AllButLastOf { period: 2, window_default: 4096 },
        rope_layers: RopeLayers::ByWindow { base_default: None },
        ..LLAMA
    },
    Family {
        name: "gemma3",
        rope_style: RopeStyle::Halves,
        qk_norm: true,
        post_norms: true,
        activation: GateActivation::GeluTanh,
        scales: ScaleSource::Gemma { largest_layers: GEMMA3_LARGEST_LAYERS },
        windows: WindowLayers::AllButLastOf { period: 6, window_default: 0 },
        rope_layers: RopeLayers::ByWindow { base_default: Some(10_000.0) },
        ..LLAMA
    },
];

/// The names in [`FAMILIES`], for error messages.
pub(super) const FAMILY_NAMES: &str =
    "llama, mistral3, smollm3, granite, qwen2, qwen3, phi3, gemma2, gemma3";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_names_are_the_tables() {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        assert_eq!(names.join(", "), FAMILY_NAMES);
    }
}
