//! Tests of shapes read from metadata, and of settings that are refused.

use super::*;

fn metadata_of(family: &str) -> Metadata {
    let mut metadata = Metadata::default();
    metadata.insert("general.architecture", MetadataValue::Text(family.to_owned()));
    for (key, value) in [
        ("block_count", 2),
        ("context_length", 512),
        ("embedding_length", 64),
        ("feed_forward_length", 128),
        ("attention.head_count", 4),
        ("attention.head_count_kv", 2),
    ] {
        metadata.insert(format!("{family}.{key}"), MetadataValue::Unsigned(value));
    }
    metadata
        .insert(format!("{family}.attention.layer_norm_rms_epsilon"), MetadataValue::Float(1e-5));
    metadata
}

fn with(family: &str, entries: &[(&str, MetadataValue)]) -> DecoderShape {
    let mut metadata = metadata_of(family);
    for (key, value) in entries {
        metadata.insert(format!("{family}.{key}"), value.clone());
    }
    DecoderShape::from_metadata(&metadata).unwrap()
}

fn windows(shape: &DecoderShape) -> Vec<Option<usize>> {
    shape.attention.iter().map(|layer| layer.window).collect()
}

#[test]
fn llama_metadata_becomes_a_shape() {
    let shape = with("llama", &[]);
    assert_eq!((shape.layers, shape.head_width, shape.kv_width()), (2, 16, 32));
    assert_eq!((shape.rope.style, shape.rope.width), (RopeStyle::Interleaved, 16));
    assert_eq!(windows(&shape), [None, None]);
}

#[test]
fn unsupported_family_is_named_with_the_supported_ones() {
    let message = DecoderShape::from_metadata(&metadata_of("mamba")).unwrap_err().to_string();
    assert!(message.contains("`mamba`") && message.contains("llama, mistral3, smollm3"));
}

#[test]
fn gemma3_has_five_windowed_layers_to_each_full_one() {
    let shape = with(
        "gemma3",
        &[
            ("block_count", MetadataValue::Unsigned(8)),
            ("attention.sliding_window", MetadataValue::Unsigned(32)),
            ("attention.key_length", MetadataValue::Unsigned(32)),
            ("attention.value_length", MetadataValue::Unsigned(32)),
            ("rope.freq_base", MetadataValue::Float(1e6)),
            ("rope.scaling.factor", MetadataValue::Float(8.0)),
            ("final_logit_softcapping", MetadataValue::Float(0.0)),
        ],
    );
    let (near, far) = (Some(32), None);
    assert_eq!(windows(&shape), [near, near, near, near, near, far, near, near]);
    assert_eq!(
        (shape.attention[0].rope, shape.attention[5].rope),
        (LayerRope::Local, LayerRope::Global)
    );
    let local = shape.local_rope.unwrap();
    assert_eq!((local.frequency_base, local.position_divisor), (10_000.0, 1.0));
    assert_eq!((shape.rope.frequency_base, shape.rope.position_divisor), (1e6, 8.0));
    assert_eq!((shape.embedding_scale, shape.logit_soft_cap), (8.0, None));
    assert!((shape.attention_scale - 1.0 / 32.0_f32.sqrt()).abs() < 1e-7);
}

#[test]
fn a_pattern_in_the_file_overrides_the_familys() {
    let window = ("attention.sliding_window", MetadataValue::Unsigned(32));
    let pattern = |value| ("attention.sliding_window_pattern", value);
    let shape = with("gemma3", &[window.clone(), pattern(MetadataValue::Integers(vec![0, 1]))]);
    assert_eq!(windows(&shape), [None, Some(32)]);
    let shape = with("gemma3", &[window.clone(), pattern(MetadataValue::Unsigned(2))]);
    assert_eq!(windows(&shape), [Some(32), None]);
    let shape = with("llama", &[window]);
    assert_eq!(windows(&shape), [Some(32), Some(32)]);
}

#[test]
fn largest_gemmas_scale_scores_by_their_width() {
    let shape = with(
        "gemma2",
        &[
            ("block_count", MetadataValue::Unsigned(46)),
            ("attention.key_length", MetadataValue::Unsigned(32)),
            ("attention.value_length", MetadataValue::Unsigned(32)),
        ],
    );
    assert!((shape.attention_scale - 0.25).abs() < 1e-7);
    assert_eq!(windows(&shape)[0], None, "the default window is longer than this context");
}

#[test]
fn smollm3_rotates_three_layers_of_four() {
    let shape = with("smollm3", &[("block_count", MetadataValue::Unsigned(5))]);
    let turned: Vec<bool> =
        shape.attention.iter().map(|layer| layer.rope == LayerRope::Global).collect();
    assert_eq!(turned, [true, true, true, false, true]);
}

#[test]
fn granite_scales_come_from_their_keys() {
    let scale = |value| MetadataValue::Float(value);
    let shape = with(
        "granite",
        &[
            ("embedding_scale", scale(12.0)),
            ("residual_scale", scale(0.22)),
            ("attention.scale", scale(0.015_625)),
            ("logit_scale", scale(8.0)),
            ("rope.scaling.finetuned", MetadataValue::Bool(false)),
        ],
    );
    assert_eq!((shape.embedding_scale, shape.residual_scale), (12.0, 0.22));
    assert_eq!((shape.attention_scale, shape.logit_scale), (0.015_625, 0.125));
    assert_eq!(shape.attention[0].rope, LayerRope::None);
}

#[test]
fn yarn_strengthens_attention_by_its_logarithm() {
    let yarn = [
        ("rope.scaling.type", MetadataValue::Text("yarn".to_owned())),
        ("rope.scaling.factor", MetadataValue::Float(4.0)),
        ("rope.scaling.original_context_length", MetadataValue::Unsigned(128)),
    ];
    let rope = with("qwen2", &yarn).rope;
    assert!((rope.amplitude - 1.138_629_4).abs() < 1e-6);
    assert_eq!((rope.position_divisor, rope.trained_tokens), (4.0, 128));
    assert_eq!(rope.yarn, Some(Yarn { beta_fast: 32.0, beta_slow: 1.0 }));
    let mut all = yarn.to_vec();
    all.push(("rope.scaling.yarn_log_multiplier", MetadataValue::Float(1.0)));
    all.push(("attention.temperature_scale", MetadataValue::Float(0.1)));
    let shape = with("mistral3", &all);
    assert!((shape.rope.amplitude - 1.0).abs() < 1e-6);
    assert_eq!(shape.query_growth, Some(QueryGrowth { growth: 0.1, tokens: 128 }));
}

#[test]
fn settings_that_change_the_computation_are_refused() {
    for (key, value) in [
        ("llama.expert_count", MetadataValue::Unsigned(8)),
        ("llama.expert_count", MetadataValue::Signed(8)),
        ("llama.expert_count", MetadataValue::Text("8".to_owned())),
        ("llama.rope.scaling.yarn_ext_factor", MetadataValue::Bool(false)),
        ("llama.rope.scaling.finetuned", MetadataValue::Unsigned(1)),
        ("llama.attention.sliding_window", MetadataValue::Text("8".to_owned())),
        ("llama.attention.sliding_window", MetadataValue::Signed(-8)),
        ("llama.attention.sliding_window", MetadataValue::Float(8.5)),
        ("llama.block_count", MetadataValue::Float(2.5)),
        ("llama.block_count", MetadataValue::Float(1e300)),
        ("llama.rope.scaling.type", MetadataValue::Text("ntk".to_owned())),
        ("llama.rope.scaling.type", MetadataValue::Unsigned(1)),
        ("llama.rope.scaling.yarn_ext_factor", MetadataValue::Float(0.5)),
        ("llama.attention.head_count_kv", MetadataValue::Unsigned(3)),
        ("llama.attention.head_count", MetadataValue::Unsigned(0)),
        ("llama.attention.head_count", MetadataValue::Integers(vec![4, 4])),
        ("llama.attention.value_length", MetadataValue::Unsigned(8)),
        ("llama.attention.sliding_window_pattern", MetadataValue::Integers(vec![1])),
        ("llama.attention.sliding_window_pattern", MetadataValue::Float(1.5)),
        ("llama.rope.dimension_count", MetadataValue::Unsigned(7)),
        ("llama.rope.dimension_count", MetadataValue::Unsigned(18)),
        ("llama.rope.scaling.factor", MetadataValue::Float(f64::INFINITY)),
        ("llama.block_count", MetadataValue::Unsigned(1 << 40)),
        ("llama.attention.layer_norm_rms_epsilon", MetadataValue::Float(f64::NAN)),
        ("llama.attention.layer_norm_rms_epsilon", MetadataValue::Float(1e-60)),
    ] {
        let mut metadata = metadata_of("llama");
        metadata.insert(key, value);
        assert!(DecoderShape::from_metadata(&metadata).is_err(), "{key}");
    }
}

#[test]
fn whole_floats_are_read_as_integers() {
    let shape = with("gemma3", &[("attention.sliding_window", MetadataValue::Float(32.0))]);
    let same = with("gemma3", &[("attention.sliding_window", MetadataValue::Unsigned(32))]);
    assert_eq!(windows(&shape), windows(&same));
    let layers = with("gemma3", &[("block_count", MetadataValue::Float(3.0))]);
    assert_eq!(layers.layers, 3);
}
