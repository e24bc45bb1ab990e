//! The table of decoder families: what each does that its file's metadata does not say.
//!
//! Source: `src/models/*.cpp` of llama.cpp, whose conversion writes these files.

use crate::model::rope::RopeStyle;
use crate::model::shape::Activation;

/// Where the factors on embeddings, residuals, scores and logits come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scales {
    /// None but the usual `1 / sqrt(head width)` on scores.
    Plain,
    /// Embeddings by `sqrt(width)`; scores by `1 / sqrt(width / heads)` in models of this many
    /// layers, the largest of its generation.
    Gemma { largest_layers: usize },
    /// Each from a key of its own.
    Keys,
}

/// Which layers see a window only, where the file names a window but no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Windows {
    /// All.
    All,
    /// All but the last of every `period`; `window_default` is the window of files that name none,
    /// and 0 means that such a file has none.
    AllButLastOf { period: usize, window_default: u64 },
}

/// Which layers turn queries and keys, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Turning {
    /// All alike.
    Alike,
    /// All but the last of every `period`.
    AllButLastOf { period: usize },
    /// Windowed layers have a base of their own; without scaling where `base_default` is given,
    /// else as the other layers.
    ByWindow { base_default: Option<f64> },
    /// None where `rope.scaling.finetuned` is false.
    Switched,
}

/// What distinguishes a supported family.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) rope_style: RopeStyle,
    pub(super) qkv_bias: bool,
    pub(super) qk_norm: bool,
    pub(super) post_norms: bool,
    pub(super) activation: Activation,
    pub(super) scales: Scales,
    pub(super) windows: Windows,
    pub(super) turning: Turning,
}

/// Llama, which every other family is described against.
const LLAMA: Family = Family {
    name: "llama",
    rope_style: RopeStyle::Interleaved,
    qkv_bias: false,
    qk_norm: false,
    post_norms: false,
    activation: Activation::Silu,
    scales: Scales::Plain,
    windows: Windows::All,
    turning: Turning::Alike,
};

/// Layers of the 27 B models of Gemma 2 and Gemma 3.
const GEMMA2_LARGEST_LAYERS: usize = 46;
const GEMMA3_LARGEST_LAYERS: usize = 62;

/// Every family that the executors compute.
pub(super) const FAMILIES: [Family; 9] = [
    LLAMA,
    Family { name: "mistral3", ..LLAMA },
    Family { name: "smollm3", turning: Turning::AllButLastOf { period: 4 }, ..LLAMA },
    Family { name: "granite", scales: Scales::Keys, turning: Turning::Switched, ..LLAMA },
    Family { name: "qwen2", rope_style: RopeStyle::Halves, qkv_bias: true, ..LLAMA },
    Family { name: "qwen3", rope_style: RopeStyle::Halves, qk_norm: true, ..LLAMA },
    Family { name: "phi3", rope_style: RopeStyle::Halves, ..LLAMA },
    Family {
        name: "gemma2",
        rope_style: RopeStyle::Halves,
        post_norms: true,
        activation: Activation::GeluTanh,
        scales: Scales::Gemma { largest_layers: GEMMA2_LARGEST_LAYERS },
        windows: Windows::AllButLastOf { period: 2, window_default: 4096 },
        turning: Turning::ByWindow { base_default: None },
        ..LLAMA
    },
    Family {
        name: "gemma3",
        rope_style: RopeStyle::Halves,
        qk_norm: true,
        post_norms: true,
        activation: Activation::GeluTanh,
        scales: Scales::Gemma { largest_layers: GEMMA3_LARGEST_LAYERS },
        windows: Windows::AllButLastOf { period: 6, window_default: 0 },
        turning: Turning::ByWindow { base_default: Some(10_000.0) },
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
