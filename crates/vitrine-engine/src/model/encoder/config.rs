//! Reads a sentence encoder's JSON files: the transformer's configuration, and how its output rows
//! become one vector.
//!
//! Refuses, by name, settings that the forward pass does not implement.

use crate::model::error::ModelError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest number of layers, heads or token types accepted; the largest published BERT has 24
/// layers.
const COUNT_MAX: usize = 256;
/// Widest hidden state, feed-forward or position table accepted.
const WIDTH_MAX: usize = 1 << 16;
/// Largest vocabulary accepted.
const VOCABULARY_MAX: usize = 1 << 22;

/// Supported values of `model_type`, for error messages.
const FAMILIES: &str = "bert, xlm-roberta, roberta, camembert";
/// Supported pooling modes, for error messages.
const POOLINGS: &str = "exactly one of cls and mean";
/// Id of the padding token in RoBERTa's vocabularies.
const ROBERTA_PADDING: usize = 1;

/// `config.json` of an encoder checkpoint, as Hugging Face writes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EncoderConfig {
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default)]
    pad_token_id: Option<usize>,
    pub(crate) vocab_size: usize,
    pub(crate) hidden_size: usize,
    pub(crate) num_hidden_layers: usize,
    pub(crate) num_attention_heads: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) max_position_embeddings: usize,
    #[serde(default = "default_type_vocab_size")]
    pub(crate) type_vocab_size: usize,
    #[serde(default = "default_layer_norm_eps")]
    pub(crate) layer_norm_eps: f64,
    hidden_act: String,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

fn default_type_vocab_size() -> usize {
    2
}

fn default_layer_norm_eps() -> f64 {
    1e-12
}

/// The activation function of the feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncoderActivation {
    /// `x Φ(x)` with the exact error function.
    Gelu,
    /// The tanh approximation of `x Φ(x)`.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// How the output rows of a sequence become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The average of all rows.
    Mean,
    /// The first row, of the CLS token.
    First,
}

/// Whether the pooled vector is scaled to unit length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VectorScaling {
    /// Scaled to an L2 norm of 1.
    UnitNorm,
    /// Not scaled.
    None,
}

/// Settings of a sentence encoder outside the transformer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SentenceSettings {
    pub(crate) pooling: Pooling,
    pub(crate) scaling: VectorScaling,
    /// Token limit set by the repository; `None` if it sets none.
    pub(crate) tokens_max: Option<usize>,
    /// Text that the repository prepends to every input; usually empty.
    pub(crate) prompt: String,
}

#[derive(Debug, Deserialize)]
struct ModuleEntry {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The pooling configuration in its two versions: one flag per mode, or the modes by name.
#[derive(Debug, Deserialize)]
struct PoolingEntry {
    #[serde(default)]
    pooling_mode: Option<PoolingModes>,
    #[serde(flatten)]
    flags: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum PoolingModes {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct SentenceEntry {
    #[serde(default)]
    max_seq_length: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct TokenizerEntry {
    /// Without a limit this is a huge number, even beyond 64 bits.
    #[serde(default)]
    model_max_length: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptsEntry {
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    #[serde(default)]
    default_prompt_name: Option<String>,
}

/// Largest configuration file, bytes; published ones have a few kilobytes.
const JSON_BYTES_MAX: u64 = 16 << 20;

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let failed = |cause| ModelError::Read { path: path.to_owned(), cause };
    let found = std::fs::metadata(path).map_err(failed)?.len();
    if found > JSON_BYTES_MAX {
        let path = path.to_owned();
        return Err(ModelError::FileTooLarge { path, found, max: JSON_BYTES_MAX });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    serde_json::from_slice(&bytes)
        .map_err(|cause| ModelError::Json { path: path.to_owned(), cause })
}

fn read_json_if_present<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ModelError> {
    if path.exists() { read_json(path).map(Some) } else { Ok(None) }
}

fn in_range(what: &'static str, found: usize, max: usize) -> Result<(), ModelError> {
    if (1..=max).contains(&found) {
        return Ok(());
    }
    Err(ModelError::OutOfRange { what, found: found as u64, min: 1, max: max as u64 })
}

impl EncoderConfig {
    /// Reads and checks `config.json` in `folder`.
    ///
    /// # Errors
    /// If it cannot be read, or a setting is not supported or out of range.
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        let config: Self = read_json(&folder.join("config.json"))?;
        if let Some(found) = &config.model_type
            && !FAMILIES.split(", ").any(|family| family == found)
        {
            return Err(ModelError::Unsupported {
                what: "encoder family",
                found: found.clone(),
                supported: FAMILIES,
            });
        }
        if let Some(found) =
            config.position_embedding_type.as_ref().filter(|kind| *kind != "absolute")
        {
            return Err(ModelError::Unsupported {
                what: "position embedding",
                found: found.clone(),
                supported: "absolute",
            });
        }
        in_range("vocab_size", config.vocab_size, VOCABULARY_MAX)?;
        in_range("hidden_size", config.hidden_size, WIDTH_MAX)?;
        in_range("num_hidden_layers", config.num_hidden_layers, COUNT_MAX)?;
        in_range("num_attention_heads", config.num_attention_heads, COUNT_MAX)?;
        in_range("intermediate_size", config.intermediate_size, WIDTH_MAX)?;
        in_range("max_position_embeddings", config.max_position_embeddings, WIDTH_MAX)?;
        in_range("type_vocab_size", config.type_vocab_size, COUNT_MAX)?;
        in_range("positions", config.positions(), WIDTH_MAX)?;
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(ModelError::Unsupported {
                what: "hidden_size",
                found: config.hidden_size.to_string(),
                supported: "a multiple of num_attention_heads",
            });
        }
        config.activation()?;
        Ok(config)
    }

    /// The activation function named by `hidden_act`.
    pub(crate) fn activation(&self) -> Result<EncoderActivation, ModelError> {
        match self.hidden_act.as_str() {
            "gelu" => Ok(EncoderActivation::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_fast" => Ok(EncoderActivation::GeluTanh),
            "relu" => Ok(EncoderActivation::Relu),
            other => Err(ModelError::Unsupported {
                what: "hidden_act",
                found: other.to_owned(),
                supported: "gelu, gelu_new, gelu_pytorch_tanh, gelu_fast, relu",
            }),
        }
    }

    /// Row of the position table for the first token. RoBERTa-like models start after the padding
    /// token's row.
    pub(crate) fn first_position(&self) -> usize {
        match self.model_type.as_deref() {
            None | Some("bert") => 0,
            Some(_) => self.pad_token_id.unwrap_or(ROBERTA_PADDING).saturating_add(1),
        }
    }

    /// Longest sequence that the position table covers, in tokens.
    pub(crate) fn positions(&self) -> usize {
        self.max_position_embeddings.saturating_sub(self.first_position())
    }

    /// Width of one attention head.
    pub(crate) fn head_width(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }
}

impl SentenceSettings {
    /// Reads `modules.json` and the files it names. Without `modules.json`, vectors are scaled to
    /// unit length and mean pooling is the default, which matches encoders published without these
    /// files.
    ///
    /// # Errors
    /// If a file cannot be read, or names a module or pooling mode that is not supported.
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        let tokens_max = tokens_max(folder)?;
        let prompts: PromptsEntry =
            read_json_if_present(&folder.join("config_sentence_transformers.json"))?
                .unwrap_or_default();
        let prompt =
            prompts.default_prompt_name.and_then(|name| prompts.prompts.get(&name).cloned());
        let prompt = prompt.unwrap_or_default();
        let modules: Option<Vec<ModuleEntry>> = read_json_if_present(&folder.join("modules.json"))?;
        let Some(modules) = modules else {
            let pooling = Self::pooling(&folder.join("1_Pooling"))?.unwrap_or(Pooling::Mean);
            return Ok(Self { pooling, scaling: VectorScaling::UnitNorm, tokens_max, prompt });
        };
        let mut head =
            Self { pooling: Pooling::Mean, scaling: VectorScaling::None, tokens_max, prompt };
        for module in modules {
            match module.kind.rsplit('.').next().unwrap_or_default() {
                "Transformer" => {}
                "Pooling" => {
                    if let Some(pooling) = Self::pooling(&folder.join(plain_name(&module.path)?))? {
                        head.pooling = pooling;
                    }
                }
                "Normalize" => head.scaling = VectorScaling::UnitNorm,
                other => {
                    return Err(ModelError::Unsupported {
                        what: "sentence encoder module",
                        found: other.to_owned(),
                        supported: "Transformer, Pooling, Normalize",
                    });
                }
            }
        }
        Ok(head)
    }

    fn pooling(folder: &Path) -> Result<Option<Pooling>, ModelError> {
        let entry: Option<PoolingEntry> = read_json_if_present(&folder.join("config.json"))?;
        let Some(entry) = entry else { return Ok(None) };
        let modes = entry.modes();
        match modes.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["mean" | "mean_tokens"] => Ok(Some(Pooling::Mean)),
            ["cls" | "cls_token"] => Ok(Some(Pooling::First)),
            _ => Err(ModelError::Unsupported {
                what: "pooling mode",
                found: modes.join(" and "),
                supported: POOLINGS,
            }),
        }
    }
}

impl PoolingEntry {
    /// The active pooling modes, in either version of the file.
    fn modes(self) -> Vec<String> {
        match self.pooling_mode {
            Some(PoolingModes::One(mode)) => vec![mode],
            Some(PoolingModes::Many(modes)) => modes,
            None => {
                let on = self.flags.into_iter().filter(|(_, on)| *on == true);
                on.filter_map(|(name, _)| Some(name.strip_prefix("pooling_mode_")?.to_owned()))
                    .collect()
            }
        }
    }
}

/// The repository's token limit: from `sentence_bert_config.json`, or else from the tokenizer's
/// configuration, where newer repositories keep it.
fn tokens_max(folder: &Path) -> Result<Option<usize>, ModelError> {
    let sentence: Option<SentenceEntry> =
        read_json_if_present(&folder.join("sentence_bert_config.json"))?;
    if let Some(tokens_max) = sentence.and_then(|entry| entry.max_seq_length) {
        return Ok(Some(tokens_max));
    }
    let tokenizer: Option<TokenizerEntry> =
        read_json_if_present(&folder.join("tokenizer_config.json"))?;
    let limit = tokenizer.and_then(|entry| entry.model_max_length);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 1..=2^16")]
    Ok(limit.filter(|limit| (1.0..=WIDTH_MAX as f64).contains(limit)).map(|limit| limit as usize))
}

/// Accepts a plain folder name from `modules.json`; refuses paths that could leave the model's
/// folder.
fn plain_name(path: &str) -> Result<&str, ModelError> {
    if path.contains(['/', '\\']) || path == ".." {
        return Err(ModelError::Unsupported {
            what: "sentence encoder module path",
            found: path.to_owned(),
            supported: "a plain folder name",
        });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use serde_json::json;

    fn folder(files: &[(&str, Value)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, value.to_string()).unwrap();
        }
        folder
    }

    fn config(family: &str) -> Value {
        json!({"model_type": family, "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 514,
            "hidden_act": "gelu", "pad_token_id": 1})
    }

    #[test]
    fn roberta_positions_begin_after_the_padding_token() {
        for (family, first, positions) in
            [("bert", 0, 514), ("xlm-roberta", 2, 512), ("roberta", 2, 512), ("camembert", 2, 512)]
        {
            let folder = folder(&[("config.json", config(family))]);
            let config = EncoderConfig::read(folder.path()).unwrap();
            assert_eq!((config.first_position(), config.positions()), (first, positions));
        }
        let mut narrow = config("xlm-roberta");
        narrow["max_position_embeddings"] = json!(2);
        let folder = folder(&[("config.json", narrow)]);
        let refusal = EncoderConfig::read(folder.path()).unwrap_err();
        assert!(matches!(refusal, ModelError::OutOfRange { what: "positions", .. }));
    }

    #[test]
    fn config_above_the_limit_is_refused_unread() {
        let folder = folder(&[("config.json", config("bert"))]);
        let path = folder.path().join("config.json");
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(JSON_BYTES_MAX + 1).unwrap();
        let refusal = EncoderConfig::read(folder.path()).unwrap_err().to_string();
        assert!(
            refusal.ends_with("config.json has 16777217 bytes, limit is 16777216"),
            "{refusal}"
        );
    }

    #[test]
    fn another_architecture_is_refused_with_its_name_and_the_list() {
        for family in ["mpnet", "distilbert", "new", "modernbert"] {
            let folder = folder(&[("config.json", config(family))]);
            let refusal = EncoderConfig::read(folder.path()).unwrap_err().to_string();
            assert!(refusal.contains(family) && refusal.contains("xlm-roberta"), "{refusal}");
        }
    }

    #[test]
    fn pooling_is_read_from_old_files_and_new_ones() {
        let old = |cls: bool, mean: bool, max: bool| {
            json!({"word_embedding_dimension": 8, "pooling_mode_cls_token": cls,
                "pooling_mode_mean_tokens": mean, "pooling_mode_max_tokens": max})
        };
        let head = |pooling: Value| {
            let modules = json!([{"path": "", "type": "sentence_transformers.models.Transformer"},
                {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]);
            let files = [("modules.json", modules), ("1_Pooling/config.json", pooling)];
            SentenceSettings::read(folder(&files).path())
        };
        for (pooling, expected) in [
            (old(false, true, false), Pooling::Mean),
            (old(true, false, false), Pooling::First),
            (json!({"embedding_dimension": 8, "pooling_mode": "cls"}), Pooling::First),
            (json!({"embedding_dimension": 8, "pooling_mode": ["mean"]}), Pooling::Mean),
        ] {
            let head = head(pooling.clone()).unwrap();
            assert_eq!((head.pooling, head.scaling), (expected, VectorScaling::None), "{pooling}");
        }
        for (pooling, found) in [
            (old(false, false, true), "max_tokens"),
            (old(true, true, false), "cls_token and mean_tokens"),
            (json!({"pooling_mode": "lasttoken"}), "lasttoken"),
        ] {
            let refusal = head(pooling).unwrap_err().to_string();
            assert!(refusal.contains(found), "{refusal}");
        }
    }

    #[test]
    fn limits_and_prompts_come_from_the_repository() {
        let read = |files: &[(&str, Value)]| SentenceSettings::read(folder(files).path()).unwrap();
        let tokenizer = json!({"model_max_length": 512});
        let sentence = json!({"max_seq_length": 128, "do_lower_case": false});
        let both =
            [("sentence_bert_config.json", sentence), ("tokenizer_config.json", tokenizer.clone())];
        assert_eq!(read(&both).tokens_max, Some(128));
        assert_eq!(read(&[("tokenizer_config.json", tokenizer)]).tokens_max, Some(512));
        let endless = json!({"model_max_length": 1e30});
        assert_eq!(read(&[("tokenizer_config.json", endless)]).tokens_max, None);
        let prompts = json!({"prompts": {"query": "query: "}, "default_prompt_name": "query"});
        let prompts = [("config_sentence_transformers.json", prompts)];
        assert_eq!(read(&prompts).prompt, "query: ");
        assert_eq!(read(&[]).prompt, "");
        assert_eq!(read(&[]).scaling, VectorScaling::UnitNorm);
    }
}
