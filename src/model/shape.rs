//! What a decoder is made of, read from GGUF metadata: a family is a row of a table, never a file.
//!
//! Refuses what the executors do not compute, by name: a model that loads is computed as published.
//!
//! Invariants
//! - Widths are consistent: `heads` is a multiple of `kv_heads`, `head_width` is even, nothing is
//!   zero, and every product of two fields fits a `usize`.

use crate::base::metadata::Metadata;
use crate::base::metadata::Value;
use crate::model::error::ModelError;
use crate::model::kv_pages::KvType;

/// Most layers accepted.
const LAYERS_MAX: u64 = 1024;
/// Widest hidden state, feed-forward or set of heads accepted.
const WIDTH_MAX: u64 = 1 << 18;
/// Largest vocabulary accepted.
const VOCABULARY_MAX: u64 = 1 << 22;
/// Longest trained context accepted; positions are `u32`.
const CONTEXT_TOKENS_MAX: u64 = 1 << 28;

/// Which elements of a head rotary embedding turns together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeStyle {
    /// Neighbours `(2i, 2i + 1)`, as in the original paper and in Llama GGUF files.
    Interleaved,
    /// Halves `(i, i + width / 2)`, as in GPT-NeoX and Qwen.
    Halves,
}

/// Rotary position embedding.
///
/// Source: Su et al. 2021, arXiv:2104.09864.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rope {
    /// Which elements turn together.
    pub style: RopeStyle,
    /// Base of the geometric series of wavelengths.
    pub frequency_base: f64,
    /// Positions are divided by this (linear scaling); 1 where the file names none.
    pub position_divisor: f64,
}

/// Everything that tells one decoder from another.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderShape {
    /// The family's name in GGUF: `llama`, `qwen2`, `qwen3`.
    pub family: &'static str,
    /// Transformer layers.
    pub layers: usize,
    /// Width of the hidden state.
    pub width: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Width inside the feed-forward part.
    pub feed_forward: usize,
    /// Context that the model was trained for, in tokens.
    pub context_tokens: usize,
    /// Added to the mean square in every norm.
    pub norm_epsilon: f32,
    /// Position embedding.
    pub rope: Rope,
    /// Whether query, key and value projections add a bias.
    pub qkv_bias: bool,
    /// Whether query and key heads are normalised before they are turned.
    pub qk_norm: bool,
}

/// What distinguishes the families that are supported.
struct Family {
    name: &'static str,
    rope_style: RopeStyle,
    qkv_bias: bool,
    qk_norm: bool,
}

const FAMILIES: [Family; 3] = [
    Family { name: "llama", rope_style: RopeStyle::Interleaved, qkv_bias: false, qk_norm: false },
    Family { name: "qwen2", rope_style: RopeStyle::Halves, qkv_bias: true, qk_norm: false },
    Family { name: "qwen3", rope_style: RopeStyle::Halves, qkv_bias: false, qk_norm: true },
];

/// The names in [`FAMILIES`], for error messages.
const FAMILY_NAMES: &str = "llama, qwen2, qwen3";

/// Metadata under the family's prefix.
struct FamilyKeys<'a> {
    metadata: &'a Metadata,
    family: &'static str,
}

impl FamilyKeys<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    fn unsigned(&self, name: &str) -> Option<u64> {
        self.metadata.unsigned(&self.key(name))
    }

    /// An integer from 1 to `max`; `otherwise` where the file has no such key.
    fn size(
        &self,
        name: &'static str,
        otherwise: Option<u64>,
        max: u64,
    ) -> Result<usize, ModelError> {
        let key = self.key(name);
        let found = match self.metadata.get(&key) {
            None => otherwise.ok_or_else(|| ModelError::KeyMissing { key: key.clone() })?,
            Some(_) => self
                .metadata
                .unsigned(&key)
                .ok_or_else(|| ModelError::KeyType { key: key.clone(), expected: "one integer" })?,
        };
        let out_of_range = ModelError::OutOfRange { what: name, found, min: 1, max };
        if !(1..=max).contains(&found) {
            return Err(out_of_range);
        }
        usize::try_from(found).map_err(|_| out_of_range)
    }

    /// A finite float above 0; `otherwise` where the file has no such key.
    fn positive(&self, name: &'static str, otherwise: Option<f64>) -> Result<f64, ModelError> {
        let key = self.key(name);
        let found = match self.metadata.get(&key) {
            None => otherwise.ok_or_else(|| ModelError::KeyMissing { key: key.clone() })?,
            Some(_) => self.metadata.float(&key).unwrap_or(f64::NAN),
        };
        if found.is_finite() && found > 0.0 {
            return Ok(found);
        }
        Err(ModelError::KeyType { key, expected: "a finite number above 0" })
    }

    /// Refuses a setting that changes the computation in a way that is not implemented.
    fn must_be_absent_or(
        &self,
        name: &'static str,
        allowed: u64,
        supported: &'static str,
    ) -> Result<(), ModelError> {
        match self.unsigned(name) {
            Some(found) if found != allowed => {
                Err(ModelError::Unsupported { what: name, found: found.to_string(), supported })
            }
            _ => Ok(()),
        }
    }
}

impl DecoderShape {
    /// Reads the shape of a decoder.
    ///
    /// # Errors
    /// If the family or one of its settings is not supported, or a value is missing or absurd.
    pub fn from_metadata(metadata: &Metadata) -> Result<Self, ModelError> {
        let found = metadata.text("general.architecture").unwrap_or_default();
        let family = FAMILIES.iter().find(|family| family.name == found).ok_or_else(|| {
            ModelError::Unsupported {
                what: "model family",
                found: found.to_owned(),
                supported: FAMILY_NAMES,
            }
        })?;
        let keys = FamilyKeys { metadata, family: family.name };
        keys.must_be_absent_or("expert_count", 0, "models without experts")?;
        let width = keys.size("embedding_length", None, WIDTH_MAX)?;
        let heads = keys.size("attention.head_count", None, WIDTH_MAX)?;
        let kv_heads = keys.size("attention.head_count_kv", Some(heads as u64), WIDTH_MAX)?;
        let head_width =
            keys.size("attention.key_length", Some((width / heads) as u64), WIDTH_MAX)?;
        let value_width =
            keys.size("attention.value_length", Some(head_width as u64), WIDTH_MAX)?;
        let turned = keys.size("rope.dimension_count", Some(head_width as u64), WIDTH_MAX)?;
        let fits = heads.is_multiple_of(kv_heads)
            && head_width.is_multiple_of(2)
            && value_width == head_width
            && turned == head_width
            && (heads * head_width) as u64 <= WIDTH_MAX;
        if !fits {
            return Err(ModelError::Heads { heads, kv_heads, head_width, value_width, turned });
        }
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no f64 precision")]
        let norm_epsilon = keys.positive("attention.layer_norm_rms_epsilon", None)? as f32;
        let shape = Self {
            family: family.name,
            layers: keys.size("block_count", None, LAYERS_MAX)?,
            width,
            heads,
            kv_heads,
            head_width,
            feed_forward: keys.size("feed_forward_length", None, WIDTH_MAX)?,
            context_tokens: keys.size("context_length", None, CONTEXT_TOKENS_MAX)?,
            norm_epsilon,
            rope: read_rope(&keys, family.rope_style)?,
            qkv_bias: family.qkv_bias,
            qk_norm: family.qk_norm,
        };
        let window = keys.unsigned("attention.sliding_window");
        let narrow = |window: &u64| *window > 0 && *window < shape.context_tokens as u64;
        if let Some(window) = window.filter(narrow) {
            return Err(ModelError::Unsupported {
                what: "attention.sliding_window",
                found: window.to_string(),
                supported: "full attention",
            });
        }
        Ok(shape)
    }

    /// Width of all query heads together.
    #[must_use]
    pub fn query_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Width of all key heads, or all value heads, together.
    #[must_use]
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }

    /// Bytes that one token's keys and values take in all layers.
    #[must_use]
    pub fn kv_bytes_per_token(&self, kv_type: KvType) -> u64 {
        2 * kv_type.bytes() * (self.layers as u64) * (self.kv_width() as u64)
    }

    /// Largest vocabulary that an executor accepts.
    #[must_use]
    pub fn vocabulary_max() -> usize {
        usize::try_from(VOCABULARY_MAX).unwrap_or(usize::MAX)
    }
}

fn read_rope(keys: &FamilyKeys<'_>, style: RopeStyle) -> Result<Rope, ModelError> {
    let frequency_base = keys.positive("rope.freq_base", Some(10_000.0))?;
    let scaling = keys.metadata.get(&keys.key("rope.scaling.type"));
    let position_divisor = match scaling {
        // Files from before the key existed carry a bare linear factor.
        None => keys.positive("rope.scale_linear", Some(1.0))?,
        Some(Value::Text(kind)) if kind == "none" => 1.0,
        Some(Value::Text(kind)) if kind == "linear" => {
            keys.positive("rope.scaling.factor", Some(1.0))?
        }
        Some(other) => {
            return Err(ModelError::Unsupported {
                what: "rope.scaling.type",
                found: match other {
                    Value::Text(kind) => kind.clone(),
                    _ => "not a string".to_owned(),
                },
                supported: "none, linear",
            });
        }
    };
    Ok(Rope { style, frequency_base, position_divisor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn llama() -> Metadata {
        let mut metadata = Metadata::default();
        metadata.insert("general.architecture", Value::Text("llama".to_owned()));
        for (key, value) in [
            ("block_count", 2),
            ("context_length", 512),
            ("embedding_length", 64),
            ("feed_forward_length", 128),
            ("attention.head_count", 4),
            ("attention.head_count_kv", 2),
        ] {
            metadata.insert(format!("llama.{key}"), Value::Unsigned(value));
        }
        metadata.insert("llama.attention.layer_norm_rms_epsilon", Value::Float(1e-5));
        metadata
    }

    #[test]
    fn llama_metadata_becomes_a_shape() {
        let shape = DecoderShape::from_metadata(&llama()).unwrap();
        assert_eq!((shape.layers, shape.head_width, shape.kv_width()), (2, 16, 32));
        assert_eq!(shape.rope.style, RopeStyle::Interleaved);
    }

    #[test]
    fn foreign_family_is_named_with_the_supported_ones() {
        let mut metadata = llama();
        metadata.insert("general.architecture", Value::Text("mamba".to_owned()));
        let message = DecoderShape::from_metadata(&metadata).unwrap_err().to_string();
        assert!(message.contains("`mamba`") && message.contains("llama, qwen2, qwen3"));
    }

    #[test]
    fn settings_that_change_the_computation_are_refused() {
        for (key, value) in [
            ("llama.expert_count", Value::Unsigned(8)),
            ("llama.rope.scaling.type", Value::Text("yarn".to_owned())),
            ("llama.attention.sliding_window", Value::Unsigned(128)),
            ("llama.attention.head_count_kv", Value::Unsigned(3)),
            ("llama.attention.head_count", Value::Unsigned(0)),
            ("llama.attention.head_count", Value::Integers(vec![4, 4])),
            ("llama.attention.value_length", Value::Unsigned(8)),
            ("llama.rope.dimension_count", Value::Unsigned(8)),
            ("llama.block_count", Value::Unsigned(1 << 40)),
            ("llama.attention.layer_norm_rms_epsilon", Value::Float(f64::NAN)),
        ] {
            let mut metadata = llama();
            metadata.insert(key, value);
            assert!(DecoderShape::from_metadata(&metadata).is_err(), "{key}");
        }
    }
}
