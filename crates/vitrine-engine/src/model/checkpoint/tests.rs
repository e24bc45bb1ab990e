//! Tests of checkpoints of every family against GGUF files of the same weights, and of damaged
//! checkpoints.

use super::*;
use crate::model::fixture::TinyDecoder;
use crate::model::fixture::WrittenTensor;
use crate::model::fixture::config_of;
use crate::model::fixture::file_of;
use crate::model::fixture::published;
use crate::model::fixture::write_checkpoint;
use crate::model::open_model;
use crate::model::quantize::Quantization;
use proptest::prelude::*;
use serde_json::json;

fn assert_equal(found: &GgufFile, expected: &GgufFile, what: &str) {
    let names = |file: &GgufFile| -> Vec<String> {
        file.tensors().map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(names(found), names(expected), "{what}");
    for (name, expected_entry) in expected.tensors() {
        let (entry, bytes) = found.tensor_bytes(name).unwrap();
        assert_eq!(entry.dims, expected_entry.dims, "{what} {name}");
        let values = to_floats(entry.tensor_type, bytes);
        let expected =
            to_floats(expected_entry.tensor_type, expected.tensor_bytes(name).unwrap().1);
        // Gemma's gains were rounded by subtracting and adding 1.
        let close = values.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 2e-7);
        assert!(close && values.len() == expected.len(), "{what} {name}");
    }
}

#[test]
fn every_familys_checkpoint_is_read_as_its_gguf_file() {
    for family in ["llama", "smollm3", "granite", "qwen2", "qwen3", "phi3", "gemma2", "gemma3"] {
        let decoder = TinyDecoder { family, ..TinyDecoder::default() };
        let folder = tempfile::tempdir().unwrap();
        write_checkpoint(folder.path(), &config_of(family), &published(&decoder));
        let found = open(folder.path()).unwrap();
        let path = folder.path().join("same.gguf");
        decoder.write(&path);
        let expected = GgufFile::open(&path).unwrap();
        let shape = |file: &GgufFile| DecoderShape::from_metadata(file.metadata()).unwrap();
        assert_eq!(shape(&found), shape(&expected), "{family}");
        assert_equal(&found, &expected, family);
        let options = crate::model::DecoderOptions::for_tests();
        assert!(crate::model::load_decoder(&found, &options).is_ok(), "{family}");
    }
}

#[test]
fn halves_become_neighbours_as_llama_cpp_orders_them() {
    // `reshape(heads, 2, width / 2).swapaxes(1, 2)` of two heads of width 6.
    let rows: Vec<u8> = (0..12).collect();
    assert_eq!(interleave_rows(&rows, 12, 6), [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
}

#[test]
fn scalings_become_keys_and_divisors() {
    let opened = |family: &str, scaling: Value| {
        let decoder = TinyDecoder {
            family: if family == "phi3" { "phi3" } else { "llama" },
            ..TinyDecoder::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_of(family);
        config["rope_scaling"] = scaling;
        write_checkpoint(folder.path(), &config, &published(&decoder));
        open(folder.path())
    };
    let file = opened(
        "llama",
        json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 128}),
    );
    let divisors = file.unwrap().floats("rope_freqs.weight", 8).unwrap();
    assert_eq!((divisors[0], divisors[7]), (1.0, 8.0));
    assert!(divisors.is_sorted() && divisors.iter().any(|divisor| (1.1..7.9).contains(divisor)));
    let file = opened(
        "llama",
        json!({"type": "yarn", "factor": 4.0, "beta_slow": 2.0,
        "original_max_position_embeddings": 128}),
    );
    let shape = DecoderShape::from_metadata(file.unwrap().metadata()).unwrap();
    assert_eq!((shape.rope.position_divisor, shape.rope.trained_tokens), (4.0, 128));
    assert!((shape.rope.amplitude - 1.138_629_4).abs() < 1e-6);
    let factors = |first: f32| (0..6).map(|at| first + at as f32).collect::<Vec<f32>>();
    let long = json!({"type": "longrope", "long_factor": factors(2.0), "short_factor": factors(1.0),
        "original_max_position_embeddings": 64});
    let file = opened("phi3", long).unwrap();
    assert_eq!(file.floats("rope_factors_long.weight", 6).unwrap(), factors(2.0));
    let shape = DecoderShape::from_metadata(file.metadata()).unwrap();
    assert!(
        (f64::from(shape.rope.amplitude) - (1.0_f64 + 8.0_f64.ln() / 64.0_f64.ln()).sqrt()).abs()
            < 1e-6
    );
    assert!(opened("llama", json!({"rope_type": "dynamic", "factor": 2.0})).is_err());
}

#[test]
fn files_of_an_index_are_joined_and_a_missing_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = published(&TinyDecoder::default());
    let mut map = serde_json::Map::new();
    for (at, half) in tensors.chunks(tensors.len().div_ceil(2)).enumerate() {
        let name = format!("model-{:05}-of-00002.safetensors", at + 1);
        std::fs::write(folder.path().join(&name), file_of(half)).unwrap();
        map.extend(half.iter().map(|(tensor, ..)| (tensor.clone(), json!(name))));
    }
    let index = json!({"metadata": {}, "weight_map": map});
    std::fs::write(folder.path().join(CONFIG), config_of("llama").to_string()).unwrap();
    std::fs::write(folder.path().join(INDEX), index.to_string()).unwrap();
    let file = open(folder.path()).unwrap();
    assert_eq!(file.files().len(), 2);
    let path = folder.path().join("same.gguf");
    TinyDecoder::default().write(&path);
    assert_equal(&file, &GgufFile::open(&path).unwrap(), "two files");
    std::fs::remove_file(folder.path().join("model-00002-of-00002.safetensors")).unwrap();
    let message = open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("model-00002-of-00002.safetensors"), "{message}");
    for foreign in ["../other.safetensors", "/etc/hostname", "", "model.bin"] {
        let index = json!({"weight_map": {"a": foreign}});
        std::fs::write(folder.path().join(INDEX), index.to_string()).unwrap();
        assert!(matches!(open(folder.path()), Err(ModelError::Index { .. })), "{foreign}");
    }
}

#[test]
fn half_precision_is_widened_and_matrices_are_packed_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut tensors = published(&TinyDecoder::default());
    for (_, kind, _, bytes) in &mut tensors {
        *kind = "BF16";
        let values = to_floats(TensorType::F32, bytes);
        *bytes = values.iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect();
    }
    write_checkpoint(folder.path(), &config_of("llama"), &tensors);
    let file = open_model(folder.path(), None).unwrap();
    assert_eq!(file.tensor("blk.0.ffn_up.weight").unwrap().tensor_type, TensorType::Bf16);
    assert_eq!(file.tensor("blk.0.ffn_norm.weight").unwrap().tensor_type, TensorType::F32);
    let asked = Quantization::from_name("q4_k").unwrap();
    let packed = open_model(folder.path(), Some(asked)).unwrap();
    // Rows of 64 elements do not divide into units of 256.
    for (name, entry) in packed.tensors() {
        let expected = if entry.dims.len() == 2 { TensorType::Q8_0 } else { TensorType::F32 };
        assert_eq!(entry.tensor_type, expected, "{name}");
    }
    let options = crate::model::DecoderOptions::for_tests();
    assert!(crate::model::load_decoder(&packed, &options).is_ok());
}

#[test]
fn unsupported_settings_and_tensors_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = published(&TinyDecoder::default());
    let refused = |config: &Value, tensors: &[WrittenTensor]| {
        write_checkpoint(folder.path(), config, tensors);
        open(folder.path()).unwrap_err().to_string()
    };
    let with = |key: &str, value: Value| {
        let mut config = config_of("llama");
        config[key] = value;
        config
    };
    assert!(refused(&with("model_type", json!("mamba")), &tensors).contains("`mamba`"));
    assert!(refused(&with("hidden_act", json!("relu")), &tensors).contains("`relu`"));
    assert!(refused(&with("no_rope_layers", json!([1, 0])), &tensors).contains("no_rope_layers"));
    let message = refused(&with("tie_word_embeddings", json!(false)), &tensors);
    assert!(message.contains("lm_head.weight"), "{message}");
    assert!(refused(&with("num_hidden_layers", json!(-1)), &tensors).contains("num_hidden_layers"));
    assert!(
        refused(&with("hidden_size", json!(1_u64 << 60)), &tensors).contains("embedding_length")
    );
    let mut foreign = tensors.clone();
    foreign.push(("model.layers.0.mlp.experts.weight".to_owned(), "F32", vec![1], vec![0; 4]));
    assert!(refused(&config_of("llama"), &foreign).contains("mlp.experts"));
}

#[test]
fn integers_and_false_sizes_are_refused() {
    let header = |tensors: &[WrittenTensor]| read_header(&file_of(tensors));
    let one =
        |kind, dims: &[usize], bytes| vec![("a".to_owned(), kind, dims.to_vec(), vec![0; bytes])];
    assert!(header(&one("F32", &[2, 2], 16)).is_ok());
    assert!(matches!(header(&one("I8", &[4], 4)), Err(SafetensorsError::TensorType { .. })));
    assert!(matches!(header(&one("F32", &[2, 2], 12)), Err(SafetensorsError::Header(_))));
    assert!(matches!(header(&one("F32", &[0], 0)), Err(SafetensorsError::Dimensions { .. })));
    let huge = [usize::MAX / 4, 2, 2];
    assert!(matches!(header(&one("F32", &huge, 4)), Err(SafetensorsError::Header(_))));
    let mut file = file_of(&one("F32", &[4], 16));
    file[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(read_header(&file), Err(SafetensorsError::Truncated { .. })));
    // Two tensors share bytes.
    let one = r#"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    let table = format!(r#"{{"a":{one},"b":{one}}}"#);
    let mut file = (table.len() as u64).to_le_bytes().to_vec();
    file.extend(table.as_bytes());
    file.extend([0; 4]);
    assert!(matches!(read_header(&file), Err(SafetensorsError::Header(_))));
    // The sum of the sizes overflows.
    let huge: Vec<String> = (0..8_u64)
        .map(|at| {
            let (first, end) = (
                at << 61,
                at.wrapping_add(1).wrapping_mul(1 << 61).wrapping_sub(u64::from(at == 7)),
            );
            format!(
                r#""{at}":{{"dtype":"U8","shape":[{}],"data_offsets":[{first},{end}]}}"#,
                end - first
            )
        })
        .collect();
    let table = format!("{{{}}}", huge.join(","));
    let mut file = (table.len() as u64).to_le_bytes().to_vec();
    file.extend(table.as_bytes());
    assert!(read_header(&file).is_err());
}

/// Loads a checkpoint whose weight file has the bytes `file`. Errors are expected; a panic fails
/// the test.
fn load_mutated(file: &[u8], config: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(CONFIG), config).unwrap();
    std::fs::write(folder.path().join(WHOLE), file).unwrap();
    if let Ok(file) = open(folder.path()) {
        let options = crate::model::DecoderOptions::for_tests();
        let _ = crate::model::load_decoder(&file, &options);
    }
}

fn garble(bytes: &mut [u8], edits: &[(prop::sample::Index, u8)], within: usize) {
    for (index, byte) in edits {
        bytes[index.index(within)] = *byte;
    }
}

#[test]
fn every_truncation_of_a_weight_file_is_an_error() {
    let file = file_of(&published(&TinyDecoder::default())[..3]);
    for kept in 0..file.len() {
        assert!(read_header(&file[..kept]).is_err(), "{kept} bytes");
    }
    assert!(read_header(&file).is_ok());
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

fn garbled_checkpoint(
    in_file: &[(prop::sample::Index, u8)],
    in_config: &[(prop::sample::Index, u8)],
) {
    let mut file = file_of(&published(&TinyDecoder::default()));
    let table = 8 + usize::try_from(u64::from_le_bytes(file[..8].try_into().unwrap())).unwrap();
    garble(&mut file, in_file, table);
    let mut config = config_of("llama").to_string().into_bytes();
    let within = config.len();
    garble(&mut config, in_config, within);
    load_mutated(&file, &config_of("llama").to_string().into_bytes());
    load_mutated(&file_of(&published(&TinyDecoder::default())), &config);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn garbled_checkpoints_never_panic(in_file in edits(), in_config in edits()) {
        garbled_checkpoint(&in_file, &in_config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    #[ignore = "minutes: cargo test -p vitrine-engine --lib garbled_checkpoints -- --ignored"]
    fn garbled_checkpoints_never_panic_at_length(in_file in edits(), in_config in edits()) {
        garbled_checkpoint(&in_file, &in_config);
    }
}
