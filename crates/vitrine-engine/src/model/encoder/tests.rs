//! Tests of both encoder implementations against each other, and of refused inputs.

use super::*;
use candle_core::Tensor;
use std::collections::HashMap;

const CONFIG: &str = r#"{"model_type": "bert", "vocab_size": 50, "hidden_size": 32,
    "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 24, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    "hidden_act": "gelu"}"#;

/// Writes a random two-layer BERT to `folder`.
fn write_tiny_bert(folder: &Path) {
    let mut tensors = HashMap::new();
    let mut seed = 1_u64;
    let mut add = |name: String, dims: &[usize]| {
        let count = dims.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((seed >> 40) as f32 / 8_388_608.0 - 1.0) * 0.3
            })
            .collect();
        tensors.insert(name, Tensor::from_vec(values, dims, &Device::Cpu).unwrap());
    };
    add("embeddings.word_embeddings.weight".into(), &[50, 32]);
    add("embeddings.position_embeddings.weight".into(), &[24, 32]);
    add("embeddings.token_type_embeddings.weight".into(), &[2, 32]);
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..2 {
        let prefix = format!("encoder.layer.{layer}");
        for (name, input, output) in [
            ("attention.self.query", 32, 32),
            ("attention.self.key", 32, 32),
            ("attention.self.value", 32, 32),
            ("attention.output.dense", 32, 32),
            ("intermediate.dense", 32, 64),
            ("output.dense", 64, 32),
        ] {
            add(format!("{prefix}.{name}.weight"), &[output, input]);
            add(format!("{prefix}.{name}.bias"), &[output]);
        }
        norms.push(format!("{prefix}.attention.output.LayerNorm"));
        norms.push(format!("{prefix}.output.LayerNorm"));
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[32]);
        add(format!("{norm}.bias"), &[32]);
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
    std::fs::write(folder.join("config.json"), CONFIG).unwrap();
}

const ALL: [EncoderPrecision; 3] =
    [EncoderPrecision::Int8, EncoderPrecision::Int16, EncoderPrecision::F32];

fn tiny(precision: EncoderPrecision) -> Encoder {
    let folder = tempfile::tempdir().unwrap();
    write_tiny_bert(folder.path());
    load(folder.path(), precision).unwrap()
}

fn load(folder: &Path, precision: EncoderPrecision) -> Result<Encoder, ModelError> {
    let options = EncoderOptions { precision, tier: Tier::detect(), threads: 2 };
    Encoder::load(folder, &Device::Cpu, &options)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Sequences of every length up to the limit.
fn batch() -> Vec<Vec<u32>> {
    let sequence = |tokens: u32| (0..tokens).map(|at| (at * 11 + tokens * 3) % 50).collect();
    (1..25).chain([3, 24, 7]).map(sequence).collect()
}

#[test]
fn batched_vectors_equal_single_ones() {
    for (precision, allowed) in ALL.into_iter().zip([0.0, 0.0, 1e-5]) {
        let encoder = tiny(precision);
        assert_eq!(encoder.precision(), precision);
        // Twice the batch exceeds one pass, so the kernels split it between sequences.
        let batch = [batch(), batch()].concat();
        let together = encoder.encode(&batch).unwrap();
        for (sequence, vector) in batch.iter().zip(&together) {
            let alone = encoder.encode(std::slice::from_ref(sequence)).unwrap();
            assert!(largest_difference(&alone[0], vector) <= allowed);
            let norm: f32 = vector.iter().map(|x| x * x).sum();
            assert!((norm - 1.0).abs() < 1e-5);
        }
        assert!(largest_difference(&together[0], &together[1]) > 1e-3);
    }
}

#[test]
fn kernels_stay_close_to_f32() {
    let [eight, sixteen, full] = ALL.map(|precision| tiny(precision).encode(&batch()).unwrap());
    for (found, expected) in eight.iter().chain(&sixteen).zip(full.iter().cycle()) {
        assert!(cosine(found, expected) > 0.999, "{}", cosine(found, expected));
    }
}

#[test]
fn every_number_of_threads_and_every_tier_gives_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    write_tiny_bert(folder.path());
    for precision in [EncoderPrecision::Int8, EncoderPrecision::Int16] {
        let mut expected: Option<Vec<Vec<f32>>> = None;
        for (tier, threads) in Tier::available()
            .into_iter()
            .flat_map(|tier| (1..4).map(move |threads| (tier, threads)))
        {
            let options = EncoderOptions { precision, tier, threads };
            let encoder = Encoder::load(folder.path(), &Device::Cpu, &options).unwrap();
            let found = encoder.encode(&batch()).unwrap();
            assert_eq!(&found, expected.get_or_insert_with(|| found.clone()));
        }
    }
}

/// The accuracy criterion under which `auto` may choose integers, on the held-out messages.
///
/// Measured with 8 bits: at least 0.99923 here, 0.99908 on 2,000 sentences of CLINC150, and 0.99886
/// on the 3,097 English training messages, three of which, of one or two words, are below 0.999.
#[test]
fn the_default_encoder_in_integers_keeps_a_cosine_of_0_999_on_held_out_messages() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let folder = root.join("models/multilingual-e5-small");
    let weights = folder.join("model.safetensors");
    assert!(weights.is_file(), "{} is missing: run scripts/fetch-encoder", weights.display());
    let tokenizer = tokenizers::Tokenizer::from_file(folder.join("tokenizer.json")).unwrap();
    let mut sequences = Vec::new();
    for name in ["heldout.en.jsonl", "heldout.fr.jsonl"] {
        let path = root.join("models/intents/examples").join(name);
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let encoding = tokenizer.encode(line["text"].as_str().unwrap(), true).unwrap();
            let used = encoding.get_attention_mask().iter().filter(|&&used| used == 1).count();
            sequences.push(encoding.get_ids()[..used].to_vec());
        }
    }
    assert!(sequences.len() > 1_000, "only {} messages", sequences.len());
    let [eight, sixteen, full] = ALL.map(|precision| load(&folder, precision).unwrap());
    let mut least = [1.0_f32; 2];
    for sequences in sequences.chunks(100) {
        let expected = full.encode(sequences).unwrap();
        for (least, small) in least.iter_mut().zip([&eight, &sixteen]) {
            let found = small.encode(sequences).unwrap();
            *least = found.iter().zip(&expected).map(|(a, b)| cosine(a, b)).fold(*least, f32::min);
        }
    }
    assert!(least.iter().all(|least| *least >= 0.999), "{least:?}");
}

#[test]
fn too_long_empty_and_foreign_sequences_are_refused() {
    for encoder in ALL.map(tiny) {
        assert!(encoder.encode(&[]).unwrap().is_empty());
        assert!(encoder.encode(&[vec![1; 24]]).is_ok());
        for (sequence, tokens) in [(vec![1; 25], 25), (vec![], 0)] {
            let error = encoder.encode(&[vec![1], sequence]).unwrap_err();
            assert!(matches!(error, ModelError::SequenceLength { index: 1, tokens: found, .. }
                if found == tokens));
        }
        let error = encoder.encode(&[vec![50]]).unwrap_err();
        assert!(matches!(error, ModelError::Token { token: 50, vocabulary_size: 50 }));
    }
}

#[test]
fn wrong_shapes_and_unknown_modules_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_tiny_bert(folder.path());
    let wide = CONFIG.replace("\"vocab_size\": 50", "\"vocab_size\": 51");
    std::fs::write(folder.path().join("config.json"), wide).unwrap();
    let error = load(folder.path(), EncoderPrecision::Int16).unwrap_err();
    assert!(matches!(error, ModelError::TensorShape { .. }));
    std::fs::write(folder.path().join("config.json"), CONFIG).unwrap();
    let modules = r#"[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]"#;
    std::fs::write(folder.path().join("modules.json"), modules).unwrap();
    let error = load(folder.path(), EncoderPrecision::Int16).unwrap_err();
    assert!(matches!(error, ModelError::Unsupported { .. }));
}
