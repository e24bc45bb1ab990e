//! Maps Hugging Face tensor names to GGUF names.

use crate::model::error::ModelError;
use crate::model::rope::RopeStyle;
use crate::model::shape::DecoderShape;

/// Target of a tensor: its GGUF name and the conversions it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GgufTarget {
    /// The GGUF name.
    pub(super) name: String,
    /// Number of heads whose rows must be interleaved; `None` if rows keep their order.
    pub(super) heads: Option<usize>,
    /// Whether 1 is added to every element.
    pub(super) adds_one: bool,
}

/// (Hugging Face name within a layer, GGUF name, GGUF name in families with post-norms).
const IN_LAYER: [(&str, &str, &str); 15] = [
    ("self_attn.q_proj", "attn_q", "attn_q"),
    ("self_attn.k_proj", "attn_k", "attn_k"),
    ("self_attn.v_proj", "attn_v", "attn_v"),
    ("self_attn.qkv_proj", "attn_qkv", "attn_qkv"),
    ("self_attn.o_proj", "attn_output", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm", "attn_k_norm"),
    ("mlp.gate_proj", "ffn_gate", "ffn_gate"),
    ("mlp.up_proj", "ffn_up", "ffn_up"),
    ("mlp.gate_up_proj", "ffn_up", "ffn_up"),
    ("mlp.down_proj", "ffn_down", "ffn_down"),
    ("input_layernorm", "attn_norm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm", "post_attention_norm"),
    ("pre_feedforward_layernorm", "ffn_norm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm", "post_ffw_norm"),
];

/// The GGUF target of tensor `name`; `None` if the model does not need the tensor.
///
/// # Errors
/// If the family has no such tensor.
pub(super) fn gguf_target(
    name: &str,
    shape: &DecoderShape,
    tied: bool,
) -> Result<Option<GgufTarget>, ModelError> {
    // Old checkpoints contain the rotary frequencies, which are computed from the configuration.
    if name.ends_with(".rotary_emb.inv_freq") || (tied && name == "lm_head.weight") {
        return Ok(None);
    }
    let unknown = || ModelError::TensorUnknown { name: name.to_owned() };
    let (stem, kind) = name.rsplit_once('.').ok_or_else(unknown)?;
    if kind != "weight" && kind != "bias" {
        return Err(unknown());
    }
    let own = match stem {
        "model.embed_tokens" => "token_embd".to_owned(),
        "model.norm" => "output_norm".to_owned(),
        "lm_head" => "output".to_owned(),
        _ => in_layer(stem, shape).ok_or_else(unknown)?,
    };
    let heads = match (own.rsplit('.').next(), shape.rope.style) {
        (Some("attn_q"), RopeStyle::Interleaved) => Some(shape.heads),
        (Some("attn_k"), RopeStyle::Interleaved) => Some(shape.kv_heads),
        _ => None,
    };
    // Gemma's norms multiply by the stored gain plus 1; its GGUF files store the sum.
    let adds_one = shape.post_norms && own.ends_with("norm");
    Ok(Some(GgufTarget { name: format!("{own}.{kind}"), heads, adds_one }))
}

fn in_layer(stem: &str, shape: &DecoderShape) -> Option<String> {
    let (layer, part) = stem.strip_prefix("model.layers.")?.split_once('.')?;
    let layer: usize = layer.parse().ok().filter(|layer| *layer < shape.layers)?;
    let (_, plain, post) = IN_LAYER.iter().find(|(own, _, _)| *own == part)?;
    Some(format!("blk.{layer}.{}", if shape.post_norms { post } else { plain }))
}
