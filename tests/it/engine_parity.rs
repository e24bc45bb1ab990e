//! The engine's greedy output equals llama.cpp's, token for token, on the built-in drafter.
//!
//! `scripts/drafter/golden.py` made `tests/golden/drafter.greedy.json` with llama.cpp from the same
//! model file; it leaves out prompts whose two best tokens are nearly tied. The golden file stores
//! the model's checksum, so this test fails if the drafter is retrained without new golden tokens.

use crate::server::root;
use crate::server::vitrine;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

fn generate(prompt: &str, tokens: usize) -> Value {
    let data = tempfile::tempdir().expect("a folder");
    let output = vitrine(&data)
        .args(["--json", "--quiet", "generate", "--model", "drafter", "--raw", "--prompt", prompt])
        .args(["--max-tokens", &tokens.to_string()])
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn built_in_drafter_greedy_tokens_equal_llama_cpp() {
    let golden = std::fs::read(root().join("tests/golden/drafter.greedy.json")).expect("golden");
    let golden: Value = serde_json::from_slice(&golden).expect("JSON");
    let model = std::fs::read(root().join("models/drafter/drafter.gguf")).expect("the drafter");
    let sha256: String = Sha256::digest(model).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(golden["model_sha256"], sha256.as_str(), "run scripts/drafter/golden.py again");
    let cases = golden["cases"].as_array().expect("cases");
    assert!(cases.len() >= 4, "a golden file without cases proves nothing");
    for case in cases {
        let prompt = case["prompt"].as_str().expect("a prompt");
        let wanted = case["token_ids"].as_array().expect("tokens");
        let found = generate(prompt, wanted.len() + 1);
        assert_eq!(found["prompt_token_ids"], case["prompt_token_ids"], "{prompt}");
        assert_eq!(found["token_ids"], case["token_ids"], "{prompt}");
    }
}
