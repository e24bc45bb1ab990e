//! Measures the distance to llama.cpp on real models and file types. `scripts/parity/measure.py`
//! records llama.cpp's outputs and then runs this test.

use super::families::log_probabilities;
use super::generate;
use super::open;
use serde_json::Value;
use std::path::Path;

/// Smallest share of positions at which both have the same most likely token.
const AGREEMENT_MIN: f64 = 0.99;
/// Largest mean divergence of our distribution from llama.cpp's, in nats.
const KL_NATS_MAX: f64 = 0.01;
/// Smallest lead of llama.cpp's best token at which an output counts as decided, in nats. With a
/// smaller lead, two tokens are nearly equal and rounding decides.
const MARGIN_NATS: f64 = 0.05;

#[derive(Debug, Default)]
struct Distance {
    positions: usize,
    agreed: usize,
    kl: f64,
    outputs: usize,
    equal: usize,
    decided: usize,
    decided_equal: usize,
}

fn ids(value: &Value) -> Vec<u32> {
    let list = value.as_array().unwrap();
    list.iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
}

fn best(row: &[f64]) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()
}

impl Distance {
    fn add_position(&mut self, own: &[f64], peer: &Value) {
        let top: Vec<(usize, f64)> = peer
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| {
                (usize::try_from(pair[0].as_u64().unwrap()).unwrap(), pair[1].as_f64().unwrap())
            })
            .filter(|(_, log)| log.is_finite())
            .collect();
        self.positions += 1;
        self.agreed += usize::from(best(own) == top[0].0);
        let (mut peer_rest, mut own_rest) = (1.0_f64, 1.0_f64);
        for &(id, log) in &top {
            self.kl += log.exp() * (log - own[id]);
            peer_rest -= log.exp();
            own_rest -= own[id].exp();
        }
        if peer_rest > 1e-6 && own_rest > 1e-12 {
            self.kl += peer_rest * (peer_rest / own_rest).ln();
        }
    }
}

fn measure(path: &Path) -> Distance {
    let text = std::fs::read_to_string(path.with_extension("json")).unwrap();
    let answers: Value = serde_json::from_str(&text).unwrap();
    let mut model = open(path);
    let mut distance = Distance::default();
    for case in answers["texts"].as_array().unwrap() {
        let (prompt, tokens) = (ids(&case["prompt"]), ids(&case["tokens"]));
        let whole = [prompt.as_slice(), &tokens].concat();
        let rows = log_probabilities(model.as_mut(), &whole);
        for (at, peer) in case["top"].as_array().unwrap().iter().enumerate() {
            distance.add_position(&rows[prompt.len() - 1 + at], peer);
        }
    }
    for case in answers["greedy"].as_array().unwrap() {
        let expected = ids(&case["tokens"]);
        let found = generate(model.as_mut(), &[ids(&case["prompt"])], expected.len());
        let decided = case["margin"].as_f64().unwrap() >= MARGIN_NATS;
        distance.outputs += 1;
        distance.equal += usize::from(found[0] == expected);
        distance.decided += usize::from(decided);
        distance.decided_equal += usize::from(decided && found[0] == expected);
    }
    distance
}

#[test]
#[ignore = "needs llama.cpp: scripts/parity/measure.py --bin FOLDER runs it"]
fn logits_stay_close_to_llama_cpp() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("target/parity");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|_| panic!("{}: run scripts/parity/measure.py", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gguf"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let distance = measure(&path);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let agreement = distance.agreed as f64 / distance.positions as f64;
        let kl = distance.kl / distance.positions as f64;
        eprintln!(
            "{name}: {} positions, top-1 agreement {:.2} %, mean KL {kl:.6} nats, greedy outputs \
             equal {} of {}, of the decided ones {} of {}",
            distance.positions,
            100.0 * agreement,
            distance.equal,
            distance.outputs,
            distance.decided_equal,
            distance.decided,
        );
        assert!(agreement >= AGREEMENT_MIN, "{name} agrees at {agreement}");
        assert!(kl <= KL_NATS_MAX, "{name} diverges by {kl}");
        if name.ends_with("F16") {
            assert_eq!(distance.decided_equal, distance.decided, "{name}");
        }
    }
}
