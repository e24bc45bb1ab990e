//! Converts `rope_scaling` (or `rope_parameters`) of `config.json` to GGUF keys and divisor
//! tensors.
//!
//! Source: `modeling_rope_utils.py` of Hugging Face transformers.

use crate::model::checkpoint::config::CheckpointConfig;
use crate::model::checkpoint::config::unusable;
use crate::model::error::ModelError;
use crate::model::shape::DecoderShape;
use serde_json::Value;
use std::f64::consts::TAU;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue as Entry;

const KINDS: &str = "default, linear, llama3, yarn, longrope";

/// Supported kinds of position scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScalingKind {
    None,
    Linear,
    Llama3,
    Yarn,
    LongRope,
}

/// The position scaling section of `config.json`.
struct RopeScaling<'a> {
    kind: ScalingKind,
    value: &'a Value,
}

impl RopeScaling<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    fn float(&self, key: &'static str) -> Result<Option<f64>, ModelError> {
        let float = |value: &Value| value.as_f64().ok_or_else(|| unusable(key, "a number"));
        self.get(key).map(float).transpose()
    }

    fn required(&self, key: &'static str) -> Result<f64, ModelError> {
        self.float(key)?.filter(|found| *found > 0.0).ok_or_else(|| unusable(key, "above 0"))
    }
}

fn scaling(config: &CheckpointConfig) -> Result<Option<RopeScaling<'_>>, ModelError> {
    let Some(value) = config.get("rope_scaling").or_else(|| config.get("rope_parameters")) else {
        return Ok(None);
    };
    // In newer files, families with windowed layers have one section per kind of layer.
    let value = value.get("full_attention").unwrap_or(value);
    let name = value.get("rope_type").or_else(|| value.get("type")).and_then(Value::as_str);
    let kind = match name.unwrap_or("default") {
        "default" => ScalingKind::None,
        "linear" => ScalingKind::Linear,
        "llama3" => ScalingKind::Llama3,
        "yarn" => ScalingKind::Yarn,
        "longrope" | "su" => ScalingKind::LongRope,
        found => {
            return Err(ModelError::Unsupported {
                what: "rope_type",
                found: found.to_owned(),
                supported: KINDS,
            });
        }
    };
    Ok(Some(RopeScaling { kind, value }))
}

/// Adds the GGUF keys of the position scaling to `metadata`.
///
/// # Errors
/// If the scaling is not supported, or a setting is missing or malformed.
pub(super) fn add(config: &CheckpointConfig, metadata: &mut Metadata) -> Result<(), ModelError> {
    let both = config.get("rope_parameters");
    let local = both.and_then(|both| both.get("sliding_attention"));
    let base = local.and_then(|local| local.get("rope_theta")).and_then(Value::as_f64);
    if let Some(base) = base {
        metadata.insert(config.key("rope.freq_base_swa"), Entry::Float(base));
    }
    let Some(scaling) = scaling(config)? else { return Ok(()) };
    let key = |name: &str| config.key(&format!("rope.scaling.{name}"));
    if let Some(base) = scaling.float("rope_theta")? {
        metadata.insert(config.key("rope.freq_base"), Entry::Float(base));
    }
    match scaling.kind {
        ScalingKind::None | ScalingKind::Llama3 => {}
        ScalingKind::Linear => {
            metadata.insert(key("type"), Entry::Text("linear".to_owned()));
            metadata.insert(key("factor"), Entry::Float(scaling.required("factor")?));
        }
        ScalingKind::Yarn => {
            let factor = scaling.required("factor")?;
            metadata.insert(key("type"), Entry::Text("yarn".to_owned()));
            metadata.insert(key("factor"), Entry::Float(factor));
            for (from, to) in [("beta_fast", "yarn_beta_fast"), ("beta_slow", "yarn_beta_slow")] {
                if let Some(beta) = scaling.float(from)? {
                    metadata.insert(key(to), Entry::Float(beta));
                }
            }
            let usual = strength(factor, 1.0);
            let all = scaling.float("mscale_all_dim")?.unwrap_or(0.0);
            let own = scaling.float("mscale")?.unwrap_or(1.0);
            let asked = match scaling.float("attention_factor")? {
                Some(asked) => asked,
                None => strength(factor, own) / strength(factor, all),
            };
            metadata.insert(key("attn_factor"), Entry::Float(asked / usual));
        }
        ScalingKind::LongRope => {
            let (original, longest) = (original(config, &scaling)?, longest(config)?);
            let factor = scaling.float("factor")?.unwrap_or(longest / original);
            let usual =
                if factor <= 1.0 { 1.0 } else { (1.0 + factor.ln() / original.ln()).sqrt() };
            let asked = scaling.float("attention_factor")?.unwrap_or(usual);
            metadata.insert(key("attn_factor"), Entry::Float(asked));
        }
    }
    if scaling.kind == ScalingKind::LongRope || scaling.get(ORIGINAL).is_some() {
        let tokens = original(config, &scaling)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and the shape refuses lengths out of range"
        )]
        metadata.insert(key("original_context_length"), Entry::Unsigned(tokens as u64));
    }
    Ok(())
}

const ORIGINAL: &str = "original_max_position_embeddings";

/// Context before the extension, in tokens; set in the scaling section or beside it.
fn original(config: &CheckpointConfig, scaling: &RopeScaling<'_>) -> Result<f64, ModelError> {
    let found = match scaling.float(ORIGINAL)? {
        Some(found) => Some(found),
        None => config.float(ORIGINAL)?,
    };
    found.filter(|found| *found > 1.0).ok_or_else(|| unusable(ORIGINAL, "above 1"))
}

fn longest(config: &CheckpointConfig) -> Result<f64, ModelError> {
    let key = "max_position_embeddings";
    config.float(key)?.filter(|found| *found > 0.0).ok_or_else(|| unusable(key, "above 0"))
}

fn strength(factor: f64, multiplier: f64) -> f64 {
    if factor <= 1.0 { 1.0 } else { 1.0 + 0.1 * multiplier * factor.ln() }
}

/// The divisor tensors of the scaling, by GGUF name; empty if it needs none.
pub(super) fn divisors(
    config: &CheckpointConfig,
    shape: &DecoderShape,
) -> Result<Vec<(String, Vec<f32>)>, ModelError> {
    let Some(scaling) = scaling(config)? else { return Ok(Vec::new()) };
    match scaling.kind {
        ScalingKind::None | ScalingKind::Linear | ScalingKind::Yarn => Ok(Vec::new()),
        ScalingKind::Llama3 => {
            Ok(vec![("rope_freqs.weight".to_owned(), llama3(config, &scaling, shape)?)])
        }
        ScalingKind::LongRope => [("long_factor", "long"), ("short_factor", "short")]
            .into_iter()
            .map(|(key, name)| {
                let list = scaling.get(key).and_then(Value::as_array);
                let list = list.ok_or_else(|| unusable(key, "a list of numbers"))?;
                let number = |value: &Value| value.as_f64().map(narrow);
                let factors: Option<Vec<f32>> = list.iter().map(number).collect();
                let factors = factors.ok_or_else(|| unusable(key, "a list of numbers"))?;
                Ok((format!("rope_factors_{name}.weight"), factors))
            })
            .collect(),
    }
}

/// Llama 3 scaling: wavelengths long against the original context are divided by the factor, short
/// ones are kept, those in between are blended. Returns one frequency divisor per rotated pair.
fn llama3(
    config: &CheckpointConfig,
    scaling: &RopeScaling<'_>,
    shape: &DecoderShape,
) -> Result<Vec<f32>, ModelError> {
    let factor = scaling.required("factor")?;
    let low = scaling.required("low_freq_factor")?;
    let high = scaling.required("high_freq_factor")?;
    let tokens = original(config, scaling)?;
    if high <= low {
        return Err(unusable("high_freq_factor", "above low_freq_factor"));
    }
    let divisor = |frequency: f64| {
        let turns = tokens * frequency / TAU;
        let kept = ((turns - low) / (high - low)).clamp(0.0, 1.0);
        narrow(1.0 / ((1.0 - kept) / factor + kept))
    };
    Ok(shape.rope.frequencies(&[]).into_iter().map(divisor).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "divisors are stored as f32")]
fn narrow(value: f64) -> f32 {
    value as f32
}
