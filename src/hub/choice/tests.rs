//! Choices from file lists as repositories publish them.

use super::*;

const GIB: u64 = 1 << 30;

fn remote(names: &[&str]) -> Vec<RemoteFile> {
    let sized: Vec<(&str, u64)> = names.iter().map(|name| (*name, 5)).collect();
    remote_sized(&sized)
}

fn remote_sized(files: &[(&str, u64)]) -> Vec<RemoteFile> {
    files
        .iter()
        .map(|(name, bytes)| RemoteFile {
            name: (*name).to_owned(),
            bytes: Some(*bytes),
            sha256: None,
        })
        .collect()
}

fn pick(source: &str, files: &[RemoteFile], bytes_max: u64) -> Result<FileChoice, String> {
    let source = PullSource::parse(source).map_err(|error| error.to_string())?;
    choose(&source, files, Bytes(bytes_max)).map_err(|error| error.to_string())
}

fn chosen(source: &str, names: &[&str]) -> Result<Vec<String>, String> {
    let choice = pick(source, &remote(names), 64 * GIB)?;
    Ok(choice.files.into_iter().map(|file| file.remote.name).collect())
}

#[test]
fn an_encoder_is_fetched_whole_and_without_its_pickles() {
    let names = [
        "README.md",
        "config.json",
        "model.safetensors",
        "pytorch_model.bin",
        "tokenizer.json",
        "1_Pooling/config.json",
        "onnx/config.json",
        "onnx/model.onnx",
        "rust_model.ot",
    ];
    let expected = ["config.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"];
    assert_eq!(chosen("a/b", &names).unwrap(), expected);
}

#[test]
fn a_model_in_parts_is_fetched_whole_or_not_at_all() {
    let parts = [
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "model.safetensors.index.json",
        "model-00002-of-00002.safetensors",
        "model-00001-of-00002.safetensors",
    ];
    let expected = [
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ];
    assert_eq!(chosen("a/b", &parts).unwrap(), expected);
    assert!(chosen("a/b", &parts[..5]).unwrap_err().contains("parts"));

    let gguf = ["q8/x-Q8_0-00002-of-00002.gguf", "q8/x-Q8_0-00001-of-00002.gguf", "x-F16.gguf"];
    let choice = pick("a/b:q8/x-Q8_0-00002-of-00002.gguf", &remote(&gguf), GIB).unwrap();
    let local: Vec<&str> = choice.files.iter().map(|file| file.local.as_str()).collect();
    assert_eq!(local, ["x-Q8_0-00001-of-00002.gguf", "x-Q8_0-00002-of-00002.gguf"]);
    assert_eq!(chosen("a/b:q8_0", &gguf).unwrap().len(), 2);
    // An incomplete model is not a candidate.
    assert_eq!(chosen("a/b", &gguf[1..]).unwrap(), ["x-F16.gguf"]);
}

#[test]
fn small_models_come_as_q8_large_ones_as_q4_k_m_and_the_reason_says_so() {
    let small = remote_sized(&[
        ("m-Q4_K_M.gguf", GIB / 4),
        ("m-Q8_0.gguf", GIB / 2),
        ("m-F16.gguf", GIB),
        ("mmproj-F16.gguf", 5),
    ]);
    let choice = pick("a/b", &small, 8 * GIB).unwrap();
    assert_eq!(choice.files[0].remote.name, "m-Q8_0.gguf");
    let reason = choice.reason.unwrap();
    assert!(reason.contains("small enough") && reason.contains("of 3 models"), "{reason}");
    assert!(reason.contains("Q4_K_M, Q8_0") || reason.contains("F16, Q4_K_M, Q8_0"), "{reason}");

    let large = remote_sized(&[
        ("m.Q2_K.gguf", 3 * GIB),
        ("m.IQ4_XS.gguf", 4 * GIB),
        ("m.Q4_K_M.gguf", 5 * GIB),
        ("m.Q6_K.gguf", 7 * GIB),
        ("m.Q8_0.gguf", 9 * GIB),
    ]);
    let pick_of = |bytes_max: u64| {
        let choice = pick("a/b", &large, bytes_max)?;
        Ok::<_, String>((choice.files[0].remote.name.clone(), choice.reason.unwrap()))
    };
    let (name, reason) = pick_of(20 * GIB).unwrap();
    assert_eq!(name, "m.Q4_K_M.gguf");
    assert!(reason.contains("third of its size") && reason.contains("20.0 GiB"), "{reason}");
    let (name, reason) = pick_of(4 * GIB).unwrap();
    assert_eq!(name, "m.Q2_K.gguf");
    assert!(reason.contains("the best supported quantisation that fits"), "{reason}");
    let refusal = pick_of(GIB).unwrap_err();
    assert!(refusal.contains("3.0 GiB") && refusal.contains("models.max_bytes"), "{refusal}");
}

#[test]
fn a_single_gguf_is_chosen_and_several_unranked_ones_are_ambiguous() {
    assert_eq!(chosen("a/b", &["x.gguf", "README.md"]).unwrap(), ["x.gguf"]);
    let refusal = chosen("a/b", &["x.gguf", "y.gguf"]).unwrap_err();
    assert!(refusal.contains("x.gguf, y.gguf"), "{refusal}");
    assert_eq!(chosen("a/b:y.gguf", &["x.gguf", "y.gguf"]).unwrap(), ["y.gguf"]);
    let refusal = chosen("a/b:z.gguf", &["x-Q8_0.gguf"]).unwrap_err();
    assert!(refusal.contains("z.gguf") && refusal.contains("Q8_0"), "{refusal}");
    assert!(chosen("a/b", &["../../x.gguf"]).is_err());
    assert!(chosen("a/b", &["README.md"]).unwrap_err().contains("holds 1 files"));
}

#[test]
fn a_repository_of_pickles_is_refused_with_the_reason() {
    let refusal =
        chosen("a/b", &["config.json", "pytorch_model.bin", "model.pt", "x.pkl"]).unwrap_err();
    assert!(refusal.contains("pytorch_model.bin") && refusal.contains("runs code"), "{refusal}");
}

/// A repository as publishers fill it: a model, its heads that draft tokens, and its projector.
const WITH_HELPERS: [&str; 4] =
    ["m-UD-Q4_K_XL.gguf", "MTP/m-mtp-Q8_0.gguf", "mmproj-F16.gguf", "imatrix_unsloth.gguf"];

#[test]
fn a_helper_is_never_taken_for_the_model() {
    assert_eq!(chosen("o/m", &WITH_HELPERS).unwrap(), ["m-UD-Q4_K_XL.gguf"]);
    for tag in ["UD-Q4_K_XL", "ud-q4_k_xl", "Q4_K_XL", "q4_k_xl", "m-UD-Q4_K_XL.gguf"] {
        let source = format!("o/m:{tag}");
        assert_eq!(chosen(&source, &WITH_HELPERS).unwrap(), ["m-UD-Q4_K_XL.gguf"], "{tag}");
    }
    for tag in ["Q8_0", "F16", "IQ4_XS"] {
        let refusal = chosen(&format!("o/m:{tag}"), &WITH_HELPERS).unwrap_err();
        assert!(refusal.contains(&format!("holds no `{tag}`")), "{refusal}");
        assert!(refusal.ends_with("available: UD-Q4_K_XL"), "{refusal}");
    }
    let helpers = &WITH_HELPERS[1..];
    assert!(chosen("o/m", helpers).unwrap_err().contains("but no model"));
}

#[test]
fn a_tag_is_found_whatever_its_prefix_case_and_folder() {
    let names = [
        "m.i1-IQ4_XS.gguf",
        "m-q8_0.gguf",
        "UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf",
        "UD-Q2_K_XL/m-UD-Q2_K_XL-00002-of-00002.gguf",
        "m-TQ1_0.gguf",
        "m-MXFP4_MOE.gguf",
        "m-fp16.gguf",
        "m-Q6_K_L.gguf",
        "m-Q4_K_M.gguf",
        "m-UD-Q4_K_M.gguf",
    ];
    for (tag, file) in [
        ("IQ4_XS", "m.i1-IQ4_XS.gguf"),
        ("iq4_xs", "m.i1-IQ4_XS.gguf"),
        ("Q8_0", "m-q8_0.gguf"),
        ("ud-q2_k_xl", "UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf"),
        ("Q2_K_XL", "UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf"),
        ("TQ1_0", "m-TQ1_0.gguf"),
        ("mxfp4_moe", "m-MXFP4_MOE.gguf"),
        ("F16", "m-fp16.gguf"),
        ("FP16", "m-fp16.gguf"),
        ("Q6_K_L", "m-Q6_K_L.gguf"),
        ("Q4_K_M", "m-Q4_K_M.gguf"),
        ("UD-Q4_K_M", "m-UD-Q4_K_M.gguf"),
        ("m-ud-q2_k_xl-00002-of-00002.gguf", "UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf"),
    ] {
        assert_eq!(chosen(&format!("a/m:{tag}"), &names).unwrap()[0], file, "{tag}");
    }
    let refusal = chosen("a/m:Q5_K_M", &names).unwrap_err();
    assert!(refusal.contains("UD-Q2_K_XL") && refusal.contains("MXFP4_MOE"), "{refusal}");
}

#[test]
fn different_models_in_one_repository_are_listed_instead_of_chosen() {
    let names = ["m-7b-Q4_K_M.gguf", "m-13b-Q4_K_M.gguf", "m-7b-Q8_0.gguf"];
    for source in ["a/b", "a/b:Q4_K_M"] {
        let refusal = chosen(source, &names).unwrap_err();
        assert!(refusal.contains("m-7b-Q4_K_M.gguf"), "{refusal}");
        assert!(refusal.contains("m-13b-Q4_K_M.gguf"), "{refusal}");
        assert!(refusal.contains("REPO:FILE"), "{refusal}");
    }
    assert_eq!(chosen("a/b:Q8_0", &names).unwrap(), ["m-7b-Q8_0.gguf"]);
    // A head under a name that is not known as one makes the choice unsafe.
    for model in ["m-UD-Q4_K_XL.gguf", "m.gguf", "m-IQ4_XS.gguf"] {
        let refusal = chosen("a/b", &[model, "m-head-Q8_0.gguf"]).unwrap_err();
        assert!(refusal.contains("holds several models") && refusal.contains("Q8_0"), "{refusal}");
    }
}

#[test]
fn a_model_of_unknown_size_is_taken_by_name_only() {
    let unknown = |names: &[&str]| {
        let unsized_file = |file| RemoteFile { bytes: None, ..file };
        remote(names).into_iter().map(unsized_file).collect::<Vec<_>>()
    };
    let names = ["m-Q4_K_M.gguf", "m-Q8_0.gguf"];
    let refusal = pick("a/b", &unknown(&names), 64 * GIB).unwrap_err();
    assert!(refusal.contains("Q4_K_M, Q8_0"), "{refusal}");
    assert!(pick("a/b:Q8_0", &unknown(&names), 64 * GIB).is_ok());
    assert!(pick("a/b", &unknown(&names[..1]), 64 * GIB).is_ok());
    let mut mixed = unknown(&names[..1]);
    mixed.extend(remote_sized(&[("m-F16.gguf", 3 * GIB)]));
    let choice = pick("a/b", &mixed, 64 * GIB).unwrap();
    assert_eq!(choice.files[0].remote.name, "m-F16.gguf");
}
