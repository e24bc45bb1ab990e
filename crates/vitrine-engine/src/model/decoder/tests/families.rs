//! Every family and every kind of position scaling, judged by llama.cpp.
//!
//! The files under test are tiny, random and written anew each time; `scripts/families/golden.py`
//! asked llama.cpp for the logarithms of its most probable tokens after prefixes of one text, in
//! f32 throughout, and keeps the answers in `tests/golden/families`. A hash ties an answer to the
//! exact bytes that it was given for.

use super::open;
use crate::model::Forward;
use crate::model::StepInput;
use crate::model::Wanted;
use crate::model::fixture::TINY_FAMILIES;
use crate::model::fixture::TinyDecoder;
use crate::model::fixture::TinyRope;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::PageId;

/// Largest difference of a log-probability. Seen are 0.00002: sums of f32 in another order.
const TOLERANCE_NATS: f64 = 0.0005;
/// The same where a GeLU is computed: llama.cpp looks it up in a table of 16-bit floats, which
/// makes 0.004 after seven layers. With our GeLU rounded likewise it was an eighth of that.
const TOLERANCE_GELU_NATS: f64 = 0.01;

fn cases() -> Vec<TinyDecoder> {
    let plain = TINY_FAMILIES.map(|family| (family, TinyRope::Plain));
    let scaled = [
        ("llama", TinyRope::Linear),
        ("llama", TinyRope::Divisors),
        ("qwen2", TinyRope::Yarn),
        ("mistral3", TinyRope::Yarn),
        ("phi3", TinyRope::Long),
        ("phi3", TinyRope::Short),
        ("gemma3", TinyRope::Linear),
        ("gemma2", TinyRope::Linear),
    ];
    plain
        .into_iter()
        .chain(scaled)
        .map(|(family, rope)| TinyDecoder { family, rope, ..TinyDecoder::default() })
        .collect()
}

fn name(case: &TinyDecoder) -> String {
    format!("{}.{}", case.family, case.rope.name())
}

fn tree(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// Log-probabilities after every prefix of `tokens`.
pub(super) fn log_probabilities(model: &mut dyn Forward, tokens: &[u32]) -> Vec<Vec<f64>> {
    let mut step = StepInput::default();
    let pages: Vec<PageId> = (0..64).map(PageId).collect();
    step.push(tokens, 0, &pages, Wanted::All);
    let logits = model.forward(&step).unwrap();
    let normalised = logits.rows().map(|row| {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
        row.iter().map(|&logit| f64::from(logit - largest) - sum.ln()).collect()
    });
    normalised.collect()
}

#[test]
fn every_family_answers_as_llama_cpp() {
    for case in cases() {
        let name = name(&case);
        let path = tree("tests/golden/families").join(format!("{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} has no golden"));
        let golden: Value = serde_json::from_str(&text).unwrap();
        let file = case.bytes();
        let hash = format!("{:x}", Sha256::digest(&file));
        assert_eq!(golden["file_sha256"], hash, "{name}: run scripts/families/golden.py again");
        let folder = tempfile::tempdir().unwrap();
        let model_path = folder.path().join("tiny.gguf");
        std::fs::write(&model_path, file).unwrap();
        let id = |value: &Value| value.as_u64().unwrap();
        let tokens: Vec<u32> = golden["token_ids"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| u32::try_from(id(value)).unwrap())
            .collect();
        let found = log_probabilities(open(&model_path).as_mut(), &tokens);
        let gelu = case.family.starts_with("gemma");
        let tolerance = if gelu { TOLERANCE_GELU_NATS } else { TOLERANCE_NATS };
        let (mut largest, mut decided) = (0.0_f64, 0);
        for answer in golden["answers"].as_array().unwrap() {
            let row = &found[usize::try_from(id(&answer["tokens"])).unwrap() - 1];
            let top: Vec<(usize, f64)> = answer["top"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| (usize::try_from(id(&pair[0])).unwrap(), pair[1].as_f64().unwrap()))
                .collect();
            for &(token, expected) in &top {
                largest = largest.max((row[token] - expected).abs());
            }
            if top[0].1 - top[1].1 > 2.0 * tolerance {
                decided += 1;
                let best = (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
                assert_eq!(best, top[0].0, "{name} after {} tokens", answer["tokens"]);
            }
        }
        eprintln!("{name}: {decided} decided answers, largest difference {largest:.6} nats");
        assert!(largest <= tolerance, "{name} differs by {largest} nats");
        assert!(decided >= 12, "{name} has only {decided} decided answers");
    }
}

#[test]
#[ignore = "writes the files to judge into target/families; scripts/families/golden.py runs it"]
fn write_family_files() {
    let folder = tree("target/families");
    std::fs::create_dir_all(&folder).unwrap();
    for case in cases() {
        case.write(&folder.join(format!("{}.gguf", name(&case))));
    }
}
