//! A decoder's architecture, read from GGUF metadata. A model family is a row of a table, not a
//! source file.
//!
//! Refuses settings that the executors do not implement, by name: a model that loads is computed as
//! published.
//!
//! Invariants
//! - Widths are consistent: `heads` is a multiple of `kv_heads`, `head_width` is even, no width is
//!   zero, and every product of two fields fits a `usize`.
//! - `attention` has one entry per layer; a window is shorter than the trained context.

mod family;
mod keys;

use crate::model::error::ModelError;
use crate::model::kv_type::KvType;
use crate::model::rope::Rope;
use crate::model::rope::RopeStyle;
use crate::model::rope::Yarn;
use crate::model::shape::family::FAMILIES;
use crate::model::shape::family::FAMILY_NAMES;
use crate::model::shape::family::Family;
use crate::model::shape::family::RopeLayers;
use crate::model::shape::family::ScaleSource;
use crate::model::shape::family::WindowLayers;
use crate::model::shape::keys::FamilyKeys;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;

pub(crate) use family::GateActivation;

/// Largest number of layers accepted.
const LAYERS_MAX: u64 = 1024;
/// Widest hidden state, feed-forward or sum of all heads accepted.
const WIDTH_MAX: u64 = 1 << 18;
/// Largest vocabulary accepted.
const VOCABULARY_MAX: u64 = 1 << 22;
/// Longest trained context accepted, in tokens; positions are `u32`.
const CONTEXT_TOKENS_MAX: u64 = 1 << 28;

/// Which rotary position embedding a layer uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayerRope {
    /// None.
    None,
    /// [`DecoderShape::rope`].
    Global,
    /// [`DecoderShape::local_rope`].
    Local,
}

/// Attention window and position embedding of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LayerAttention {
    /// Tokens that a row attends to, itself included; `None` for the whole context.
    pub window: Option<usize>,
    /// Its rotary position embedding.
    pub rope: LayerRope,
}

/// Position-dependent query scaling: queries are multiplied by `1 + growth * ln(1 + floor(position
/// / tokens))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct QueryGrowth {
    /// Factor on the logarithm.
    pub growth: f32,
    /// Tokens over which the scale stays constant.
    pub tokens: usize,
}

/// Architecture of a decoder: all parameters in which supported models differ.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DecoderShape {
    /// The family's name in GGUF, such as `llama` or `qwen3`.
    pub family: &'static str,
    /// Number of transformer layers.
    pub layers: usize,
    /// Width of the hidden state.
    pub width: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; each serves `heads / kv_heads` query heads.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Inner width of the feed-forward part.
    pub feed_forward: usize,
    /// Context that the model was trained for, in tokens.
    pub context_tokens: usize,
    /// Added to the mean square in every norm.
    pub norm_epsilon: f32,
    /// Rotary position embedding of layers with [`LayerRope::Global`].
    pub rope: Rope,
    /// Rotary position embedding of layers with [`LayerRope::Local`]; `None` if the family has no
    /// separate one.
    pub local_rope: Option<Rope>,
    /// Window and position embedding of each layer.
    pub attention: Vec<LayerAttention>,
    /// Whether query, key and value projections must have a bias.
    pub qkv_bias: bool,
    /// Whether query and key heads are normalised before rotation.
    pub qk_norm: bool,
    /// Whether the outputs of attention and feed-forward are normalised before the residual is
    /// added.
    pub post_norms: bool,
    /// The activation function of the feed-forward gate.
    pub activation: GateActivation,
    /// Factor on token embeddings.
    pub embedding_scale: f32,
    /// Factor on the outputs of attention and feed-forward before the residual is added.
    pub residual_scale: f32,
    /// Factor on query-key products.
    pub attention_scale: f32,
    /// Factor on logits.
    pub logit_scale: f32,
    /// Soft cap of attention scores, `cap * tanh(score / cap)`; `None` for no cap.
    pub attention_soft_cap: Option<f32>,
    /// Soft cap of logits, applied after `logit_scale`; `None` for no cap.
    pub logit_soft_cap: Option<f32>,
    /// Position-dependent query scaling; `None` if queries are not scaled by position.
    pub query_growth: Option<QueryGrowth>,
}

impl DecoderShape {
    /// Reads the shape of a decoder.
    ///
    /// # Errors
    /// If the family or one of its settings is not supported, or a value is missing or out of
    /// range.
    pub(crate) fn from_metadata(metadata: &Metadata) -> Result<Self, ModelError> {
        let found = metadata.text("general.architecture").unwrap_or_default();
        let family = FAMILIES.iter().find(|family| family.name == found).ok_or_else(|| {
            ModelError::Unsupported {
                what: "model family",
                found: found.to_owned(),
                supported: FAMILY_NAMES,
            }
        })?;
        let keys = FamilyKeys { metadata, family: family.name };
        keys.must_be_absent_or("expert_count", 0.0, "models without experts")?;
        let layers = keys.size("block_count", None, LAYERS_MAX)?;
        let context_tokens = keys.size("context_length", None, CONTEXT_TOKENS_MAX)?;
        let heads = read_heads(&keys)?;
        let rope = read_rope(&keys, family.rope_style, &heads, context_tokens)?;
        let local_rope = read_local_rope(&keys, family, &rope)?;
        let mut shape = Self {
            family: family.name,
            layers,
            width: heads.width,
            heads: heads.heads,
            kv_heads: heads.kv_heads,
            head_width: heads.head_width,
            feed_forward: keys.size("feed_forward_length", None, WIDTH_MAX)?,
            context_tokens,
            norm_epsilon: keys.positive_f32("attention.layer_norm_rms_epsilon", None)?,
            rope,
            local_rope,
            attention: read_attention(&keys, family, layers, context_tokens)?,
            qkv_bias: family.qkv_bias,
            qk_norm: family.qk_norm,
            post_norms: family.post_norms,
            activation: family.activation,
            embedding_scale: 1.0,
            residual_scale: 1.0,
            attention_scale: inverse_root(heads.head_width),
            logit_scale: 1.0,
            attention_soft_cap: None,
            logit_soft_cap: None,
            query_growth: None,
        };
        shape.read_scales(&keys, family.scales)?;
        Ok(shape)
    }

    /// Width of all query heads together.
    #[must_use]
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Width of all key heads, or all value heads, together.
    #[must_use]
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }

    /// Bytes of one token's keys and values in all layers.
    #[must_use]
    pub(crate) fn kv_bytes_per_token(&self, kv_type: KvType) -> u64 {
        2 * kv_type.bytes() * (self.layers as u64) * (self.kv_width() as u64)
    }

    /// Largest vocabulary that an executor accepts.
    #[must_use]
    pub(crate) fn vocabulary_max() -> usize {
        usize::try_from(VOCABULARY_MAX).unwrap_or(usize::MAX)
    }

    fn read_scales(
        &mut self,
        keys: &FamilyKeys<'_>,
        scales: ScaleSource,
    ) -> Result<(), ModelError> {
        match scales {
            ScaleSource::Plain => {}
            ScaleSource::Gemma { largest_layers } => {
                self.embedding_scale = 1.0 / inverse_root(self.width);
                if self.layers == largest_layers {
                    self.attention_scale = inverse_root(self.width / self.heads);
                }
                self.attention_soft_cap =
                    keys.optional_positive("attn_logit_softcapping")?.map(narrow);
                self.logit_soft_cap =
                    keys.optional_positive("final_logit_softcapping")?.map(narrow);
            }
            ScaleSource::Keys => {
                let or_one =
                    |name| keys.optional_positive(name).map(|scale| narrow(scale.unwrap_or(1.0)));
                self.embedding_scale = or_one("embedding_scale")?;
                self.residual_scale = or_one("residual_scale")?;
                self.logit_scale = 1.0 / keys.positive_f32("logit_scale", None)?;
            }
        }
        if let Some(scale) = keys.optional_positive("attention.scale")? {
            self.attention_scale = narrow(scale);
        }
        if let Some(growth) = keys.optional_positive("attention.temperature_scale")? {
            let tokens = self.rope.trained_tokens;
            self.query_growth = Some(QueryGrowth { growth: narrow(growth), tokens });
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "scales need no f64 precision")]
fn narrow(scale: f64) -> f32 {
    scale as f32
}

#[expect(clippy::cast_precision_loss, reason = "widths are below 2^18")]
fn inverse_root(width: usize) -> f32 {
    1.0 / (width.max(1) as f32).sqrt()
}

struct Heads {
    width: usize,
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    rotary_width: usize,
}

fn read_heads(keys: &FamilyKeys<'_>) -> Result<Heads, ModelError> {
    let width = keys.size("embedding_length", None, WIDTH_MAX)?;
    let heads = keys.size("attention.head_count", None, WIDTH_MAX)?;
    let kv_heads = keys.size("attention.head_count_kv", Some(heads as u64), WIDTH_MAX)?;
    let head_width = keys.size("attention.key_length", Some((width / heads) as u64), WIDTH_MAX)?;
    let value_width = keys.size("attention.value_length", Some(head_width as u64), WIDTH_MAX)?;
    let rotary_width = keys.size("rope.dimension_count", Some(head_width as u64), WIDTH_MAX)?;
    let fits = heads.is_multiple_of(kv_heads)
        && head_width.is_multiple_of(2)
        && value_width == head_width
        && rotary_width.is_multiple_of(2)
        && rotary_width <= head_width
        && (heads * head_width) as u64 <= WIDTH_MAX;
    if !fits {
        return Err(ModelError::Heads { heads, kv_heads, head_width, value_width, rotary_width });
    }
    Ok(Heads { width, heads, kv_heads, head_width, rotary_width })
}

fn read_rope(
    keys: &FamilyKeys<'_>,
    style: RopeStyle,
    heads: &Heads,
    context_tokens: usize,
) -> Result<Rope, ModelError> {
    // Files from before `rope.scaling` existed contain only a linear factor.
    let factor = match keys.optional_positive("rope.scaling.factor")? {
        Some(factor) => factor,
        None => keys.optional_positive("rope.scale_linear")?.unwrap_or(1.0),
    };
    let kind = match keys.get("rope.scaling.type") {
        None => "linear",
        Some(MetadataValue::Text(kind)) => kind.as_str(),
        Some(_) => "not a string",
    };
    keys.must_be_absent_or("rope.scaling.alpha", 0.0, "0")?;
    keys.must_be_absent_or("rope.scaling.yarn_ext_factor", 1.0, "1")?;
    keys.must_be_absent_or("rope.scaling.yarn_attn_factor", 1.0, "1")?;
    let mut amplitude = keys.positive("rope.scaling.attn_factor", Some(1.0))?;
    let (position_divisor, yarn) = match kind {
        "none" => (1.0, None),
        "linear" | "longrope" => (factor, None),
        "yarn" => {
            let all = keys.optional_positive("rope.scaling.yarn_log_multiplier")?.unwrap_or(0.0);
            amplitude *= yarn_amplitude(factor, 1.0) / yarn_amplitude(factor, all);
            let beta_fast = keys.positive("rope.scaling.yarn_beta_fast", Some(32.0))?;
            let beta_slow = keys.positive("rope.scaling.yarn_beta_slow", Some(1.0))?;
            (factor, Some(Yarn { beta_fast, beta_slow }))
        }
        found => {
            return Err(ModelError::Unsupported {
                what: "rope.scaling.type",
                found: found.to_owned(),
                supported: "none, linear, yarn, longrope",
            });
        }
    };
    let trained = Some(context_tokens as u64);
    let original = "rope.scaling.original_context_length";
    Ok(Rope {
        style,
        width: heads.rotary_width,
        frequency_base: keys.positive("rope.freq_base", Some(10_000.0))?,
        position_divisor,
        yarn,
        amplitude: narrow(amplitude),
        trained_tokens: keys.size(original, trained, CONTEXT_TOKENS_MAX)?,
    })
}

/// YaRN's attention factor for a context extended by `factor`.
fn yarn_amplitude(factor: f64, multiplier: f64) -> f64 {
    if factor <= 1.0 { 1.0 } else { 1.0 + 0.1 * multiplier * factor.ln() }
}

fn read_local_rope(
    keys: &FamilyKeys<'_>,
    family: &Family,
    rope: &Rope,
) -> Result<Option<Rope>, ModelError> {
    let RopeLayers::ByWindow { base_default } = family.rope_layers else { return Ok(None) };
    let default = Some(base_default.unwrap_or(rope.frequency_base));
    let frequency_base = keys.positive("rope.freq_base_swa", default)?;
    let position_divisor = if base_default.is_some() { 1.0 } else { rope.position_divisor };
    Ok(Some(Rope { frequency_base, position_divisor, ..*rope }))
}

fn read_attention(
    keys: &FamilyKeys<'_>,
    family: &Family,
    layers: usize,
    context_tokens: usize,
) -> Result<Vec<LayerAttention>, ModelError> {
    let window_default = match family.windows {
        WindowLayers::All => 0,
        WindowLayers::AllButLastOf { window_default, .. } => window_default,
    };
    let found = keys.whole("attention.sliding_window")?.unwrap_or(window_default);
    let narrow = |window: &usize| *window > 0;
    let window = usize::try_from(found).ok().filter(narrow);
    let is_windowed = read_pattern(keys, family.windows, layers)?;
    let finetuned = keys.flag("rope.scaling.finetuned", true)?;
    let is_last_of = |layer: usize, period: usize| (layer + 1).is_multiple_of(period);
    let attention = (0..layers).map(|layer| {
        let windowed = window.is_some() && is_windowed[layer];
        let rope = match family.rope_layers {
            RopeLayers::AllButLastOf { period } if is_last_of(layer, period) => LayerRope::None,
            RopeLayers::ByFinetunedFlag if !finetuned => LayerRope::None,
            RopeLayers::ByWindow { .. } if windowed => LayerRope::Local,
            RopeLayers::Uniform
            | RopeLayers::AllButLastOf { .. }
            | RopeLayers::ByFinetunedFlag
            | RopeLayers::ByWindow { .. } => LayerRope::Global,
        };
        // A window as long as the context hides nothing.
        let window = window.filter(|window| windowed && *window < context_tokens);
        LayerAttention { window, rope }
    });
    Ok(attention.collect())
}

/// Which layers are windowed, if there is a window: the file's pattern, or else the family's.
///
/// # Errors
/// If the file's pattern is neither a period nor one flag per layer.
fn read_pattern(
    keys: &FamilyKeys<'_>,
    windows: WindowLayers,
    layers: usize,
) -> Result<Vec<bool>, ModelError> {
    let name = "attention.sliding_window_pattern";
    let unusable =
        || ModelError::KeyType { key: keys.key(name), expected: "a period, or one 0 or 1 a layer" };
    let period = match (keys.get(name), windows) {
        (Some(MetadataValue::Integers(flags)), _) => {
            let flags: Vec<bool> = flags.iter().map(|flag| *flag != 0).collect();
            return if flags.len() == layers { Ok(flags) } else { Err(unusable()) };
        }
        (Some(_), _) => {
            let period = keys.whole(name).ok().flatten().ok_or_else(unusable)?;
            usize::try_from(period).map_err(|_| unusable())?
        }
        (None, WindowLayers::All) => 0,
        (None, WindowLayers::AllButLastOf { period, .. }) => period,
    };
    // A period of 0 windows every layer, a period of 1 none.
    Ok((0..layers).map(|layer| period == 0 || layer % period + 1 < period).collect())
}

#[cfg(test)]
mod tests;
