//! Converts the `config.json` of a causal language model to GGUF metadata.
//!
//! Does not check sizes: `DecoderShape::from_metadata` does.

use crate::model::error::ModelError;
use serde_json::Value;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue as Entry;

/// (`model_type`, family in GGUF, activation function).
const MODELS: [(&str, &str, &str); 9] = [
    ("llama", "llama", "silu"),
    ("mistral", "llama", "silu"),
    ("smollm3", "smollm3", "silu"),
    ("granite", "granite", "silu"),
    ("qwen2", "qwen2", "silu"),
    ("qwen3", "qwen3", "silu"),
    ("phi3", "phi3", "silu"),
    ("gemma2", "gemma2", "gelu_pytorch_tanh"),
    ("gemma3_text", "gemma3", "gelu_pytorch_tanh"),
];
const MODEL_TYPES: &str =
    "llama, mistral, smollm3, granite, qwen2, qwen3, phi3, gemma2, gemma3_text";

/// (key in `config.json`, key under the family's prefix), for integers.
const SIZES: [(&str, &str); 8] = [
    ("num_hidden_layers", "block_count"),
    ("hidden_size", "embedding_length"),
    ("intermediate_size", "feed_forward_length"),
    ("max_position_embeddings", "context_length"),
    ("num_attention_heads", "attention.head_count"),
    ("num_key_value_heads", "attention.head_count_kv"),
    ("head_dim", "attention.key_length"),
    ("head_dim", "attention.value_length"),
];
/// (key in `config.json`, key under the family's prefix), for floats.
const FACTORS: [(&str, &str); 9] = [
    ("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
    ("rope_theta", "rope.freq_base"),
    ("rope_local_base_freq", "rope.freq_base_swa"),
    ("attn_logit_softcapping", "attn_logit_softcapping"),
    ("final_logit_softcapping", "final_logit_softcapping"),
    ("embedding_multiplier", "embedding_scale"),
    ("residual_multiplier", "residual_scale"),
    ("attention_multiplier", "attention.scale"),
    ("logits_scaling", "logit_scale"),
];

/// A checkpoint's `config.json`.
#[derive(Debug)]
pub(super) struct CheckpointConfig {
    value: Value,
    family: &'static str,
}

impl CheckpointConfig {
    /// Recognises the family.
    ///
    /// # Errors
    /// If the family is not supported, or its activation function is not the family's usual one.
    pub(super) fn new(value: Value) -> Result<Self, ModelError> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let model_type = text("model_type").unwrap_or_default();
        let known = MODELS.iter().find(|(known, _, _)| *known == model_type);
        let &(_, family, activation) = known.ok_or_else(|| ModelError::Unsupported {
            what: "model_type",
            found: model_type.to_owned(),
            supported: MODEL_TYPES,
        })?;
        let found = text("hidden_activation").or_else(|| text("hidden_act")).unwrap_or(activation);
        if found != activation {
            return Err(ModelError::Unsupported {
                what: "hidden_act",
                found: found.to_owned(),
                supported: activation,
            });
        }
        Ok(Self { value, family })
    }

    /// Whether the embedding doubles as the output matrix. `None` if the file leaves it out:
    /// defaults differ by model class, so the presence of an output matrix decides.
    pub(super) fn tied(&self) -> Option<bool> {
        self.get("tie_word_embeddings").and_then(Value::as_bool)
    }

    /// The metadata of the equivalent GGUF file, without the keys of position scaling, which
    /// `scaling` adds.
    ///
    /// # Errors
    /// If a setting is not supported or has the wrong type.
    pub(super) fn metadata(&self) -> Result<Metadata, ModelError> {
        let mut metadata = Metadata::default();
        metadata.insert("general.architecture", Entry::Text(self.family.to_owned()));
        for (from, to) in SIZES {
            if let Some(value) = self.get(from) {
                let size = value.as_u64().ok_or_else(|| unusable(from, "one integer"))?;
                metadata.insert(self.key(to), Entry::Unsigned(size));
            }
        }
        for (from, to) in FACTORS {
            if let Some(factor) = self.float(from)? {
                metadata.insert(self.key(to), Entry::Float(factor));
            }
        }
        if let Some(scalar) = self.float("query_pre_attn_scalar")? {
            metadata.insert(self.key("attention.scale"), Entry::Float(1.0 / scalar.sqrt()));
        }
        self.add_rotary_width(&mut metadata)?;
        self.add_windows(&mut metadata)?;
        self.check_rope_layers()?;
        Ok(metadata)
    }

    /// A setting; `None` if it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn float(&self, key: &'static str) -> Result<Option<f64>, ModelError> {
        let float = |value: &Value| value.as_f64().ok_or_else(|| unusable(key, "a number"));
        self.get(key).map(float).transpose()
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    fn size(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(Value::as_u64)
    }

    fn add_rotary_width(&self, metadata: &mut Metadata) -> Result<(), ModelError> {
        let Some(share) = self.float("partial_rotary_factor")? else { return Ok(()) };
        let heads = self.size("num_attention_heads").filter(|heads| *heads > 0);
        let shared = self.size("hidden_size").zip(heads).map(|(width, heads)| width / heads);
        let head_width = self.size("head_dim").or(shared).unwrap_or(0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the cast saturates, and the shape refuses widths out of range"
        )]
        let turned = (head_width as f64 * share) as u64;
        metadata.insert(self.key("rope.dimension_count"), Entry::Unsigned(turned));
        Ok(())
    }

    fn add_windows(&self, metadata: &mut Metadata) -> Result<(), ModelError> {
        let used = self.get("use_sliding_window").and_then(Value::as_bool).unwrap_or(true);
        let Some(window) = self.size("sliding_window").filter(|_| used) else { return Ok(()) };
        metadata.insert(self.key("attention.sliding_window"), Entry::Unsigned(window));
        let name = self.key("attention.sliding_window_pattern");
        if let Some(kinds) = self.get("layer_types") {
            let is_windowed = |kind: &Value| match kind.as_str() {
                Some("sliding_attention") => Ok(1),
                Some("full_attention") => Ok(0),
                _ => Err(unusable("layer_types", "a list of sliding_attention and full_attention")),
            };
            let kinds = kinds.as_array().map(Vec::as_slice).unwrap_or_default();
            let flags = kinds.iter().map(is_windowed).collect::<Result<_, _>>()?;
            metadata.insert(name, Entry::Integers(flags));
        } else if let Some(period) = self.size("sliding_window_pattern") {
            metadata.insert(name, Entry::Unsigned(period));
        } else if self.size("max_window_layers").is_some() {
            // Releases of the library disagree on which layers this setting selects.
            return Err(ModelError::Unsupported {
                what: "use_sliding_window with max_window_layers",
                found: "no layer_types".to_owned(),
                supported: "layer_types",
            });
        }
        Ok(())
    }

    /// Refuses rotary patterns other than the families' own: SmolLM3 skips every fourth layer, all
    /// other families none.
    fn check_rope_layers(&self) -> Result<(), ModelError> {
        let Some(list) = self.get("no_rope_layers").and_then(Value::as_array) else {
            return Ok(());
        };
        let expected = |at: usize| self.family != "smollm3" || !(at + 1).is_multiple_of(4);
        let turned = |value: &Value| value.as_u64().is_some_and(|flag| flag != 0);
        if list.iter().enumerate().all(|(at, value)| turned(value) == expected(at)) {
            return Ok(());
        }
        Err(ModelError::Unsupported {
            what: "no_rope_layers",
            found: "another pattern".to_owned(),
            supported: "every fourth layer of smollm3",
        })
    }
}

/// The error for a setting of the wrong type or range.
pub(super) fn unusable(key: &str, expected: &'static str) -> ModelError {
    ModelError::KeyType { key: key.to_owned(), expected }
}
