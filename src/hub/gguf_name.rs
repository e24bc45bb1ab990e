//! What the name of a GGUF file tells: its quantisation, the model that it is a version of, and
//! whether it is no model but a helper of one.
//!
//! Pure. Publishers agree on the names of quantisations (`Q4_K_M`, `IQ4_XS`, `MXFP4`) and on little
//! else: letter case, prefixes (`UD-`, `i1-`), suffixes (`_L`, `_XL`), folders and separators vary.

use crate::hub::part::part_of;

/// Words of files that go beside a model and are none: projectors of images and sound, adapters,
/// heads that draft tokens, vocabularies without weights.
const HELPERS: [&str; 16] = [
    "mmproj",
    "projector",
    "lora",
    "adapter",
    "adapters",
    "eagle",
    "eagle2",
    "eagle3",
    "medusa",
    "hydra",
    "nextn",
    "vocab",
    "clip",
    "speculator",
    "dflash",
    "tokenizer",
];

/// Words that a helper has, but that a model may also be named after: draft models, heads that
/// predict several tokens, calibration data. They count unless the repository is named after them.
const HELPERS_UNLESS_NAMED: [&str; 3] = ["mtp", "draft", "imatrix"];

/// Words of a file's name that say how it was quantised, and not which model it is.
const PREFIXES: [&str; 4] = ["ud", "i1", "imat", "imatrix"];

/// Quantisation names that do not begin with `Q`, `IQ` or `TQ`, with the name that they mean.
const OTHER_QUANTS: [(&str, &str); 10] = [
    ("BF16", "BF16"),
    ("F16", "F16"),
    ("FP16", "F16"),
    ("F32", "F32"),
    ("FP32", "F32"),
    ("MXFP4", "MXFP4"),
    ("MXFP4_MOE", "MXFP4_MOE"),
    ("NVFP4", "NVFP4"),
    ("FP8", "FP8"),
    ("F64", "F64"),
];

/// Parts that may follow `Q4`, `IQ3` and the like, as in `Q4_K_XL`, `IQ2_XXS`, `Q4_0_8_8` and
/// `Q5_K_R4`.
const QUANT_PARTS: [&str; 24] = [
    "0", "1", "2", "4", "8", "K", "KS", "KSS", "KL", "KT", "S", "M", "L", "P", "XL", "XXL", "XS",
    "XXS", "NL", "R4", "R8", "X4", "X8", "MOE",
];

/// A quantisation as a file's name has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quant {
    /// Its name without a prefix, in capitals: `Q4_K_XL`.
    pub(crate) bare: String,
    /// Its name with the prefix `UD-`, if it has that: `UD-Q4_K_XL`.
    pub(crate) full: String,
}

/// What a file's name tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GgufName {
    pub(crate) quant: Option<Quant>,
    /// The rest of the name, folded: equal for the quantisations of one model.
    pub(crate) model: String,
}

/// Reads the name of a GGUF file, with the folders that it is in.
pub(crate) fn read(path: &str) -> GgufName {
    let whole = part_of(path).map_or_else(|| path.to_owned(), |part| part.stem);
    let stem = whole.rsplit_once('.').map_or(whole.as_str(), |(stem, _)| stem);
    let (folders, file) = stem.rsplit_once('/').unwrap_or(("", stem));
    let (mut quant, model) = split(file);
    // Some publishers name the quantisation in the folder only.
    if quant.is_none() {
        quant = folders.rsplit('/').find_map(|folder| split(folder).0);
    }
    GgufName { quant, model }
}

/// Splits a name without folders and extension into its quantisation and the rest.
fn split(name: &str) -> (Option<Quant>, String) {
    let words: Vec<&str> = name.split(['-', '.', ' ', '+']).collect();
    let found = words.iter().enumerate().rev().find_map(|(at, word)| {
        // Some publishers separate words with underscores.
        let starts = std::iter::once(0).chain(word.match_indices('_').map(|(start, _)| start + 1));
        let (start, bare) =
            starts.into_iter().find_map(|start| Some((start, quant_name(&word[start..])?)))?;
        Some((at, start, bare))
    });
    let Some((at, start, bare)) = found else { return (None, folded(words.iter().copied())) };
    let unsloth = at > 0 && start == 0 && words[at - 1].eq_ignore_ascii_case("ud")
        || words[at][..start].to_ascii_lowercase().ends_with("ud_");
    let full = if unsloth { format!("UD-{bare}") } else { bare.clone() };
    let before = words[..at].iter().copied().chain([&words[at][..start]]);
    let rest = before.chain(words[at + 1..].iter().copied());
    (Some(Quant { bare, full }), folded(rest))
}

/// The rest of a name, folded so that spellings of one model are equal.
fn folded<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words = words.flat_map(|word| word.split('_')).map(str::to_ascii_lowercase);
    let words = words.filter(|word| !word.is_empty() && !PREFIXES.contains(&word.as_str()));
    words.collect::<Vec<_>>().join("-")
}

/// The quantisation that a word names, in capitals.
fn quant_name(word: &str) -> Option<String> {
    let word = word.to_ascii_uppercase();
    if let Some((_, meant)) = OTHER_QUANTS.iter().find(|(name, _)| *name == word) {
        return Some((*meant).to_owned());
    }
    let mut parts = word.split('_');
    let base = parts.next()?;
    let bits = base.strip_prefix('I').or(base.strip_prefix('T')).unwrap_or(base);
    let bits = bits.strip_prefix('Q')?;
    let is_base = bits.len() == 1 && matches!(bits.as_bytes()[0], b'1'..=b'8');
    (is_base && parts.all(|part| QUANT_PARTS.contains(&part))).then_some(word)
}

/// Whether a GGUF file goes beside a model and is none. `named` is the name of the repository or
/// folder: what is named after a draft model holds one.
pub(crate) fn is_helper(path: &str, named: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.map(str::to_ascii_lowercase).collect()
    };
    let own = words(named);
    let has_quant = read(path).quant.is_some();
    words(path).iter().any(|word| {
        let word = word.as_str();
        if HELPERS.contains(&word) || word.starts_with("mmproj") {
            return true;
        }
        // `model-imatrix-Q4_K_M.gguf` was quantised with such data; `imatrix.gguf` is the data.
        let quantised_with = word == "imatrix" && has_quant;
        HELPERS_UNLESS_NAMED.contains(&word)
            && !quantised_with
            && !own.iter().any(|own| own == word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quant(path: &str) -> Option<String> {
        read(path).quant.map(|quant| quant.full)
    }

    #[test]
    fn published_quantisation_names_are_found_whatever_their_prefix_and_case() {
        for (path, expected) in [
            ("Qwen3-4B-Q4_K_M.gguf", "Q4_K_M"),
            ("tinyllama-1.1b.q8_0.gguf", "Q8_0"),
            ("model_Q5_K_S.gguf", "Q5_K_S"),
            ("model-Q6_K-00001-of-00003.gguf", "Q6_K"),
            ("m-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
            ("m-ud-iq2_xxs.gguf", "UD-IQ2_XXS"),
            ("m_UD_Q2_K_XL.gguf", "UD-Q2_K_XL"),
            ("UD-Q3_K_XL/m-UD-Q3_K_XL-00002-of-00002.gguf", "UD-Q3_K_XL"),
            ("Q8_0/model-00001-of-00002.gguf", "Q8_0"),
            ("m.i1-IQ3_M.gguf", "IQ3_M"),
            ("m-IQ4_XS.gguf", "IQ4_XS"),
            ("m-IQ4_NL.gguf", "IQ4_NL"),
            ("m-IQ1_S.gguf", "IQ1_S"),
            ("m-IQ5_KS.gguf", "IQ5_KS"),
            ("m-TQ1_0.gguf", "TQ1_0"),
            ("m-Q4_0_8_8.gguf", "Q4_0_8_8"),
            ("m-Q6_K_L.gguf", "Q6_K_L"),
            ("m-Q3_K_XL.gguf", "Q3_K_XL"),
            ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
            ("m-MXFP4_MOE.gguf", "MXFP4_MOE"),
            ("model-BF16.gguf", "BF16"),
            ("qwen2.5-7b-instruct-fp16.gguf", "F16"),
            ("Phi-3-mini-4k-instruct-q4.gguf", "Q4"),
            ("m-f32.GGUF", "F32"),
        ] {
            assert_eq!(quant(path).as_deref(), Some(expected), "{path}");
        }
        for path in
            ["Qwen3-4B.gguf", "model.gguf", "Q-Learning-7B.gguf", "m-Q9_0.gguf", "m-QAT.gguf"]
        {
            assert_eq!(quant(path), None, "{path}");
        }
    }

    #[test]
    fn versions_of_one_model_have_one_name_and_other_models_another() {
        let one = [
            "Qwen3-4B-Q4_K_M.gguf",
            "Qwen3-4B-UD-Q4_K_XL.gguf",
            "BF16/Qwen3-4B-BF16-00001-of-00002.gguf",
            "Qwen3-4B.i1-IQ4_XS.gguf",
            "qwen3_4b_q8_0.gguf",
        ];
        for path in one {
            assert_eq!(read(path).model, "qwen3-4b", "{path}");
        }
        for path in ["Qwen3-8B-Q4_K_M.gguf", "Qwen3-4B-Base-Q4_K_M.gguf"] {
            assert_ne!(read(path).model, "qwen3-4b", "{path}");
        }
    }

    #[test]
    fn helpers_are_told_from_models_by_whole_words() {
        for path in [
            "MTP/m-mtp-Q8_0.gguf",
            "m-MTP.gguf",
            "mmproj-F16.gguf",
            "mmproj-model-f16.gguf",
            "m-mmproj-BF16.gguf",
            "m.mmproj-Q8_0.gguf",
            "imatrix.gguf",
            "m-imatrix.gguf",
            "imatrix_unsloth.gguf",
            "lora/adapter.gguf",
            "m-LoRA-F16.gguf",
            "m-eagle3-Q8_0.gguf",
            "m-draft-Q8_0.gguf",
            "speculative/m-draft.gguf",
            "ggml-vocab-llama.gguf",
            "m-vision-projector.gguf",
            "m-nextn-Q8_0.gguf",
        ] {
            assert!(is_helper(path, "m-GGUF"), "{path}");
        }
        for path in [
            "m-Q8_0.gguf",
            "Hermes-3-lorablated-Q4_K_M.gguf",
            "drafter.gguf",
            "Explora-7B-Q4_K_M.gguf",
            "m-imatrix-Q4_K_M.gguf",
        ] {
            assert!(!is_helper(path, "m-GGUF"), "{path}");
        }
        assert!(!is_helper("DeepSeek-R1-DRAFT-0.6B-Q8_0.gguf", "DeepSeek-R1-DRAFT-0.6B-GGUF"));
        assert!(is_helper("mmproj-F16.gguf", "mmproj-GGUF"));
    }

    proptest! {
        #[test]
        fn any_name_is_read(path in "[A-Za-z0-9_./ é-]{0,40}") {
            let name = read(&path);
            let _ = is_helper(&path, &name.model);
        }
    }
}
